"""`explain` of an invoice: the reason for its status, its money, its timeline and its events."""

from __future__ import annotations

from chalicelib.domain.explanation import explain as explained
from chalicelib.domain.explanation_of_deposits import where_money_is
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payments import payments_of
from chalicelib.domain.timeline import timeline
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.successors import beside
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from infra.ops import lookups
from infra.ops.deposit_lines import deposit_line, deposit_rows
from infra.ops.erasure_rows import erasure_in_words
from infra.ops.invoice_lines import (
    entry_line,
    entry_row,
    event_lines,
    event_row,
    fact_line,
    fact_rows,
    invoice_row,
    order_line,
    order_row,
    payment_line,
    payment_row,
)
from infra.ops.related import show_related
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage


def show_invoice(stage: Stage, screen: Screen, organization: str, invoice_id: str) -> None:
    """Shows all of POM's data about an invoice.

    Raises:
        NotFound: the organization has no such invoice.
    """
    invoice = lookups.invoice(stage, organization, invoice_id)
    screen.table("invoice", f"Invoice {invoice.id} of {organization}", [invoice_row(invoice)])
    why = explanation_of(invoice, stage.ports)
    customer = stage.ports.customers.get(invoice.organization_id, invoice.order.customer_id)
    erasure = customer.erasure if customer is not None else None
    if erasure is not None:
        erased_part = "not erased from this invoice yet"
        if invoice.erased_at is not None:
            erased_part = f"erased from this invoice at {timestamp(invoice.erased_at)}"
        screen.fact(
            "erasure", timestamp(invoice.erased_at), f"The person is {erased_part}. {erasure_in_words(erasure)}"
        )
    screen.fact("explanation", why, why)
    orders = [order_row(each, invoice) for each in invoice.refund_orders if each.open]
    orders_title = "Ordered refunds with an unknown outcome (UTC)"
    screen.lines("refundOrders", orders_title, orders, [order_line(each) for each in orders])
    facts = fact_rows(invoice)
    screen.lines("facts", "Stripe's data (UTC)", facts, [fact_line(each) for each in facts])
    payments = [payment_row(each) for each in payments_of(invoice)]
    screen.lines("payments", "Payments (UTC)", payments, [payment_line(each) for each in payments])
    deposits = list(deposit_rows(deposits_of_invoice(invoice, stage.ports).values()))
    screen.lines("deposits", "Fees and deposits", deposits, [deposit_line(each) for each in deposits])
    entries = [entry_row(each) for each in timeline(invoice)]
    screen.lines("timeline", "Timeline (UTC)", entries, [entry_line(each) for each in entries])
    events = [event_row(each) for each in lookups.event_log(stage, invoice.organization_id, invoice.id)]
    heading, lines = event_lines(events)
    screen.lines("events", "Event log (UTC), the latest arrival first", events, lines, heading)
    parked_reasons = {row["id"]: row["reason"] for row in events if row["reason"]}
    screen.lines(
        "parked",
        "Events that could not be applied yet",
        [{"id": event_id, "reason": reason} for event_id, reason in parked_reasons.items()],
        [(f"{event_id}  {reason}",) for event_id, reason in parked_reasons.items()],
    )
    related = [("customer", invoice.order.customer_id), *(("payment", row["id"]) for row in payments)]
    related += [("deposit", payout) for payout in dict.fromkeys(row["payout"] for row in deposits) if payout]
    related += [("correction", each) for each in (invoice.corrects, invoice.corrected_by) if each]
    show_related(screen, organization, related)


def explanation_of(invoice: Invoice, ports: Ports) -> str:
    """Returns the explanation that the API also returns: why the invoice has its status, and where its money is."""
    deposits = deposits_of_invoice(invoice, ports).values()
    where = where_money_is([(each.settled.movement, each.deposits) for each in deposits])
    return " ".join([explained(invoice, ports.clock.now(), beside(invoice, ports)), *where])
