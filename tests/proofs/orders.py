"""Requires that an invoice's order, its lines in Stripe, and the claims on its services agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.domain.invoice import Invoice
from tests.fakes import FakeDatabase

LIVE = ("draft", "open", "paid", "uncollectible")


def unclaimed_lines(database: FakeDatabase, account: str, ledger: Any) -> Iterator[str]:
    """Yields each service that has a line in a live invoice in Stripe, and that this invoice has not claimed in POM.

    `ledger` is the double's own. A draft that POM has dropped sends no e-mail, so it may have any lines.
    """
    of_stripe = {stripe_id: each for each in database.invoices.values() for stripe_id in each.stripe_invoice_ids}
    for theirs in ledger.tables.get("invoice", {}).values():
        ours = of_stripe.get(theirs["id"])
        if ours is None or theirs["status"] not in LIVE or not ours.live or ours.stripe_account_id != account:
            continue
        for line in ledger.lines.get(theirs["id"], ()):
            service = line["metadata"].get("pom_service_id")
            holder = database.claims.get((ours.organization_id, service)) if service else ours.id
            if holder != ours.id:
                yield f"{service} is on {theirs['id']} of {ours.id}, and {holder} has claimed it"


def faults_of_orders(invoices: Iterable[Invoice], database: FakeDatabase, ledger: Any) -> Iterator[str]:
    """Yields the faults of invoices whose work has finished: lines in Stripe that are not ordered, and unused claims.

    `ledger` is the double's own. Another check covers the claims of ordered services.
    """
    claims: dict[tuple[Any, Any], set[str]] = {}
    for (organization, service), holder in database.claims.items():
        claims.setdefault((organization, holder), set()).add(service)
    for invoice in invoices:
        if not invoice.live:
            continue
        ordered = {str(line.service_id) for line in invoice.order.line_items}
        order_lines = {str(each) for each in invoice.edit.held} if invoice.edit is not None else set()
        useless = claims.get((invoice.organization_id, invoice.id), set()) - ordered - order_lines
        if useless:
            yield f"{invoice.id} has claimed {sorted(useless)}, which it does not bill"
        theirs = ledger.tables.get("invoice", {}).get(invoice.stripe_invoice_id or "")
        if theirs is None or theirs["from_invoice"] or invoice.edit is not None:
            continue
        lines = ledger.lines.get(theirs["id"], ())
        billed = sorted((line["metadata"].get("pom_service_id", ""), line["amount"]) for line in lines)
        if tuple(billed) != invoice.order.billed and invoice.total_difference == 0:
            yield f"{invoice.id} bills {billed} in Stripe, and {invoice.order.billed} was ordered"
