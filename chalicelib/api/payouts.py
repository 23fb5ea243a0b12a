"""Payouts, which people call deposits: the list, and one payout with its lines."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.csv_reply import csv_reply
from chalicelib.api.http.media_types import prefers_csv
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.payout_lines import PayoutDetail, payout_detail
from chalicelib.api.models.payouts import PayoutList, payout_list
from chalicelib.api.models.payouts_csv import payout_lines_csv, payouts_csv
from chalicelib.api.models.queries import CSV_ROWS, ROWS, PayoutQuery, RowsQuery, payout_filter_from
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force
from chalicelib.usecases.payouts import show_payouts
from chalicelib.usecases.payouts.related import related_payouts

PATH = "/payouts"

router = Router(__name__, "Payouts")


@router.route(
    "GET",
    PATH,
    Role.MEMBER,
    takes=PayoutQuery,
    responses={200: PayoutList},
    refuses=("period_invalid",),
    offers_csv=True,
)
def list_payouts(call: Call[PayoutQuery]) -> Reply:
    """List payouts, which people call deposits, with the sums of their lines, the latest first, as JSON or as CSV.

    Payouts of a Stripe account that was connected before stay in the list. `message` and `accountConnected` say so.

    A page has 25 rows unless `first` says otherwise, and at most 1,000. With `Accept: text/csv` the response is a
    table of 1,000 rows unless `first` says otherwise, and the header `Link` has the address of the next page with
    `rel="next"`. A text that a spreadsheet would take for a formula begins with an apostrophe.

    The sum of `bankAmount`, or of the column `Bank amount`, is what the bank account received. The sum of `amount`
    counts money twice that came back and was paid out again.
    """
    query, csv = call.input, prefers_csv(call.headers.get("accept"))
    first = query.first or (CSV_ROWS if csv else ROWS)
    payout_filter = payout_filter_from(query)
    ports, organization_id = bootstrap.ports(), call.caller.organization_id
    page = show_payouts.list_payouts(organization_id, payout_filter, first, query.after, ports)
    context = related_payouts(page.items, organization_id, ports)
    return (
        csv_reply(payouts_csv(page.items, context), PATH, query, page) if csv else Reply(payout_list(page, context))
    )


@router.route(
    "GET",
    f"{PATH}/{{payoutId}}",
    Role.MEMBER,
    takes=RowsQuery,
    responses={200: PayoutDetail},
    refuses=("payout_not_found",),
    offers_csv=True,
)
def get_payout(call: Call[RowsQuery]) -> Reply:
    """Retrieve a payout with a page of its lines, the newest first, as JSON or as CSV.

    Each line names the invoice that it belongs to. With `Accept: text/csv` the response is a table of the lines,
    paged like that of `GET /payouts`. Its column `Net` adds up to the payout's `amount`. If the lines do not add up
    to it, the last row is `unexplained` and has the remainder.

    A payout has no lines until POM has read them. A manual or an instant payout never has lines, because Stripe
    cannot list them. Its table is one row `not itemized`. The row of a payout that reverses another is `reversal`.
    """
    ports, organization_id, payout_id = bootstrap.ports(), call.caller.organization_id, call.path["payoutId"]
    query, csv = call.input, prefers_csv(call.headers.get("accept"))
    first = query.first or (CSV_ROWS if csv else ROWS)
    payout, page = show_payouts.show_payout(organization_id, payout_id, first, query.after, ports)
    context = related_payouts([payout], organization_id, ports)
    owners = (line.owner for line in page.items)
    names = names_of(organization_id, (owner.customer_id for owner in owners if owner is not None), ports)
    if csv:
        table = payout_lines_csv(payout, page, time_zone_in_force(organization_id, ports), context, names)
        return csv_reply(table, f"{PATH}/{payout.id}", query, page)
    return Reply(payout_detail(payout, page, context, names))
