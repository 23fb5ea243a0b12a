"""The books of the company: its money in POM, compared with Stripe's ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.tie_out import Difference
from chalicelib.ports.paging import all_items
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.reconciling.tie_out import tie_out
from chalicelib.usecases.reconciling.tie_out_payouts import tie_out_payouts
from tests.api.client import ApiClient
from tests.bench.stories_stage import Stage
from tests.world import ORGANIZATION

DAYS = 90
"""Days that are compared, today and those before it."""
LONG_AGO = "from=2026-01-01&to=2026-12-31", "from=2027-01-01&to=2027-12-31"


@dataclass(frozen=True)
class Books:
    """The books at one time."""

    summary: list[Any]
    """The answers of GET /summary."""
    money: dict[str, Any]
    """The status of each invoice, and its amounts."""
    movements: list[Any]
    """Each payment, refund and dispute: its kind, amount, status and time."""
    differences: tuple[Difference, ...]
    payouts: list[Any]
    """Each payout, and what differs in it."""


def books_of(stage: Stage, office: ApiClient) -> Books:
    """Returns what the company's books say now."""
    tie_out_report = tie_out(ORGANIZATION, stage.ports, days=DAYS)
    assert tie_out_report.compared, "the books could not be compared"
    payouts = [(each.fact.id, each.differences) for each in tie_out_payouts(ORGANIZATION, stage.ports, days=DAYS)]
    rows = all_items(lambda after: stage.ports.payments.page(ORGANIZATION, MovementFilter(), 100, after))
    return Books(
        summary=[office.get(f"/summary?{period}").json["data"] for period in LONG_AGO],
        money={each.id: _money(each) for each in invoices(stage)},
        movements=sorted((m.id, m.kind, m.amount, m.status, m.at) for m in (each.movement for each in rows)),
        differences=tie_out_report.differences,
        payouts=payouts,
    )


def invoices(stage: Stage) -> list[Invoice]:
    """Returns every invoice of the company."""
    return list(all_items(lambda after: stage.ports.invoices.page(ORGANIZATION, InvoiceFilter(), 100, after)))


def _money(invoice: Invoice) -> Any:
    number = invoice.facts.invoice.number if invoice.facts.invoice else None
    services = [line.service_id for line in invoice.order.line_items]
    return invoice.status, invoice.total, invoice.balance, invoice.amounts, number, services
