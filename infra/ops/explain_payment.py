"""`explain` of a payment, a refund or a dispute: what it is, how it stands, its invoice, and where its money is."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import Movement, MovementKind, movements
from chalicelib.domain.payments import Payment, payment_id, payments_of
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from infra.ops import books
from infra.ops.deposit_lines import deposit_line, deposit_rows
from infra.ops.explain_invoice import explanation_of
from infra.ops.going_on import go_on
from infra.ops.invoice_lines import entry_line, entry_row, payment_line, payment_row
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage
from infra.timeline_words import money, paid_with


def show_payment(stage: Stage, screen: Screen, organization: str, what: str, invoice_id: InvoiceId) -> None:
    """Tells what a payment, refund or dispute is, and all that is known of its money.

    Raises:
        NotFound: the invoice is gone.
    """
    invoice = books.invoice(stage, organization, invoice_id)
    paying = paying_id(invoice, what)
    payment = next((each for each in payments_of(invoice) if each.id == paying), None)
    moved = [each for each in movements(invoice) if paying in (each.id, each.payment_id) or each.id == what]
    named = next((each for each in moved if each.id == what), None)
    told = _sentence(what, invoice, named, payment)
    document = _document(what, invoice, named, payment)
    screen.fact("payment", document, told)
    why = explanation_of(invoice, stage.ports)
    screen.fact("explanation", why, f"The invoice: {why}")
    attempts = [payment_row(payment)] if payment is not None else []
    screen.lines("payments", "The payment as a whole (UTC)", attempts, [payment_line(each) for each in attempts])
    ids = {what, paying, *(each.id for each in moved), *_charges(invoice, paying)}
    deposits = list(
        deposit_rows(each for each in deposits_of_invoice(invoice, stage.ports).values() if _is_of(each, ids))
    )
    screen.lines("deposits", "Fees and deposits", deposits, [deposit_line(each) for each in deposits])
    entries = [entry_row(each) for each in timeline(invoice) if each.stripe_id in ids]
    screen.lines("timeline", "Timeline (UTC)", entries, [entry_line(each) for each in entries])
    related = [("invoice", str(invoice.id)), ("customer", str(invoice.order.customer_id))]
    related += [(each.kind.value, each.id) for each in moved if each.id != what]
    related += [("deposit", payout) for payout in dict.fromkeys(row["payout"] for row in deposits) if payout]
    go_on(screen, organization, related)


def paying_id(invoice: Invoice, what: str) -> str:
    """Returns the id of the payment, as the API shows it, that this payment, charge, refund or dispute belongs to."""
    facts = invoice.facts
    fact = facts.charges.get(what) or facts.refunds.get(what) or facts.disputes.get(what)
    return (payment_id(fact) if fact is not None else None) or what


def _charges(invoice: Invoice, paying: str) -> list[str]:
    return [each.id for each in invoice.facts.charges.values() if payment_id(each) == paying]


def _is_of(deposited: Any, ids: set[str]) -> bool:
    return deposited.settled.movement.id in ids


def _sentence(what: str, invoice: Invoice, named: Movement | None, payment: Payment | None) -> str:
    """Returns what it is, how it stands, and which invoice it belongs to."""
    fact = invoice.facts.invoice
    number = f" {fact.number}" if fact is not None and fact.number else ""
    of = f"of invoice{number} ({invoice.id})"
    if named is not None and named.kind is not MovementKind.PAYMENT:
        amount = money(decimal_string(named.amount, named.currency), named.currency)
        reason = f" Its reason is {named.reason.replace('_', ' ')}." if named.reason else ""
        status = named.status.replace("_", " ")
        by = _orderer(invoice, named.id)
        made = f" {by[:1].upper()}{by[1:]}." if by else ""
        return f"{what} is a {named.kind.value} of {amount} {of}.{made}{reason} Its status is {status}."
    if payment is not None:
        amount = money(decimal_string(payment.amount, payment.currency), payment.currency)
        method = payment.method
        by = paid_with(method.type, method.brand, method.last4) if method is not None else ""
        failure = f", because of {payment.failure.replace('_', ' ')}" if payment.failure else ""
        attempt = invoice.facts.charges.get(what)
        was = f" {what} is an attempt of it, with the status {attempt.status}." if attempt is not None else ""
        status = payment.status.value.replace("_", " ")
        return (
            f"{payment.id} is a payment of {amount}{f' by {by}' if by else ''} {of}. "
            f"Its status is {status}{failure}.{was}"
        )
    return f"{what} belongs to a payment {of}. Nobody has tried to pay with it yet, so no money has moved."


def _orderer(invoice: Invoice, refund_id: str) -> str | None:
    """Returns where a refund was made, and by whom; None if it is no refund."""
    refund = invoice.facts.refunds.get(refund_id)
    if refund is None:
        return None
    actor = next((each.actor for each in invoice.refund_orders if each.id == refund.order_id), None)
    return f"ordered in POM by {actor}" if actor is not None else "made in Stripe"


def _document(what: str, invoice: Invoice, named: Movement | None, payment: Payment | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": what, "invoice": invoice.id, "customer": invoice.order.customer_id}
    if named is not None:
        return {
            **shown,
            "kind": named.kind.value,
            "status": named.status,
            "at": moment(named.at),
            "amount": decimal_string(named.amount, named.currency),
            "currency": named.currency,
            "payment": named.payment_id,
            "made": _orderer(invoice, named.id),
            "reason": named.reason,
        }
    if payment is not None:
        return {
            **shown,
            "kind": MovementKind.PAYMENT.value,
            "status": payment.status.value,
            "at": moment(payment.at),
            "amount": decimal_string(payment.amount, payment.currency),
            "currency": payment.currency,
            "payment": payment.id,
            "reason": payment.failure,
        }
    return {**shown, "kind": MovementKind.PAYMENT.value, "status": None}
