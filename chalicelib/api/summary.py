"""The summary of an organization's invoices."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.summary import SummaryQuery, SummaryView, summary_view
from chalicelib.usecases.invoicing import summary

router = Router(__name__, "Invoices")


@router.route(
    "GET", "/summary", Role.MEMBER, takes=SummaryQuery, responses={200: SummaryView}, refuses=("period_invalid",)
)
def get_summary(call: Call[SummaryQuery]) -> Reply:
    """Retrieve sums of the invoices, by currency: each status, overdue, paid, refunded, disputed and lost.

    Every sum except `paidInPeriod` is as of now, whatever the period. The sums are current, because each change of an
    invoice updates them. A period has 366 days at most.
    """
    query = call.input
    return Reply(
        summary_view(summary.get_summary(call.caller.organization_id, query.first, query.last, bootstrap.ports()))
    )
