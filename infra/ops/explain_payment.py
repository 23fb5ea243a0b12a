"""`explain` of a payment, a refund or a dispute: its state, its invoice, and where its money is."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import Movement, MovementKind, movements
from chalicelib.domain.payments import Payment, payment_id, payments_of
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from infra.ops import lookups
from infra.ops.deposit_lines import deposit_line, deposit_rows
from infra.ops.explain_invoice import explanation_of
from infra.ops.invoice_lines import entry_line, entry_row, payment_line, payment_row
from infra.ops.related import show_related
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage
from infra.timeline_words import money, paid_with


def show_payment(stage: Stage, screen: Screen, organization: str, object_id: str, invoice_id: InvoiceId) -> None:
    """Shows the state of a payment, refund or dispute, and everything that POM knows about its money.

    Raises:
        NotFound: its invoice does not exist.
    """
    invoice = lookups.invoice(stage, organization, invoice_id)
    paying_payment_id = paying_id(invoice, object_id)
    payment = next((each for each in payments_of(invoice) if each.id == paying_payment_id), None)
    related_movements = [
        each for each in movements(invoice) if paying_payment_id in (each.id, each.payment_id) or each.id == object_id
    ]
    movement = next((each for each in related_movements if each.id == object_id), None)
    sentence = _sentence(object_id, invoice, movement, payment)
    document = _document(object_id, invoice, movement, payment)
    screen.fact("payment", document, sentence)
    why = explanation_of(invoice, stage.ports)
    screen.fact("explanation", why, f"The invoice: {why}")
    attempts = [payment_row(payment)] if payment is not None else []
    screen.lines("payments", "The payment as a whole (UTC)", attempts, [payment_line(each) for each in attempts])
    ids = {
        object_id,
        paying_payment_id,
        *(each.id for each in related_movements),
        *_charges(invoice, paying_payment_id),
    }
    deposits = list(
        deposit_rows(each for each in deposits_of_invoice(invoice, stage.ports).values() if _is_of(each, ids))
    )
    screen.lines("deposits", "Fees and deposits", deposits, [deposit_line(each) for each in deposits])
    entries = [entry_row(each) for each in timeline(invoice) if each.stripe_id in ids]
    screen.lines("timeline", "Timeline (UTC)", entries, [entry_line(each) for each in entries])
    related = [("invoice", str(invoice.id)), ("customer", str(invoice.order.customer_id))]
    related += [(each.kind.value, each.id) for each in related_movements if each.id != object_id]
    related += [("deposit", payout) for payout in dict.fromkeys(row["payout"] for row in deposits) if payout]
    show_related(screen, organization, related)


def paying_id(invoice: Invoice, object_id: str) -> str:
    """Returns the API's id of the payment that this payment, charge, refund or dispute belongs to."""
    facts = invoice.facts
    fact = facts.charges.get(object_id) or facts.refunds.get(object_id) or facts.disputes.get(object_id)
    return (payment_id(fact) if fact is not None else None) or object_id


def _charges(invoice: Invoice, paying: str) -> list[str]:
    return [each.id for each in invoice.facts.charges.values() if payment_id(each) == paying]


def _is_of(deposits: Any, ids: set[str]) -> bool:
    return deposits.settled.movement.id in ids


def _sentence(object_id: str, invoice: Invoice, movement: Movement | None, payment: Payment | None) -> str:
    """Returns what the object is, its status, and the invoice that it belongs to, as sentences."""
    fact = invoice.facts.invoice
    number = f" {fact.number}" if fact is not None and fact.number else ""
    of = f"of invoice{number} ({invoice.id})"
    if movement is not None and movement.kind is not MovementKind.PAYMENT:
        amount = money(decimal_string(movement.amount, movement.currency), movement.currency)
        reason = f" Its reason is {movement.reason.replace('_', ' ')}." if movement.reason else ""
        status = movement.status.replace("_", " ")
        by = _orderer(invoice, movement.id)
        ordered_by = f" {by[:1].upper()}{by[1:]}." if by else ""
        return f"{object_id} is a {movement.kind.value} of {amount} {of}.{ordered_by}{reason} Its status is {status}."
    if payment is not None:
        amount = money(decimal_string(payment.amount, payment.currency), payment.currency)
        method = payment.method
        by = paid_with(method.type, method.brand, method.last4) if method is not None else ""
        failure = f", because of {payment.failure.replace('_', ' ')}" if payment.failure else ""
        attempt = invoice.facts.charges.get(object_id)
        attempt_sentence = (
            f" {object_id} is an attempt of it, with the status {attempt.status}." if attempt is not None else ""
        )
        status = payment.status.value.replace("_", " ")
        return (
            f"{payment.id} is a payment of {amount}{f' by {by}' if by else ''} {of}. "
            f"Its status is {status}{failure}.{attempt_sentence}"
        )
    return f"{object_id} belongs to a payment {of}. There has been no attempt to pay yet, so no money has moved."


def _orderer(invoice: Invoice, refund_id: str) -> str | None:
    """Returns who ordered a refund and where, in words, or None if the object is not a refund."""
    refund = invoice.facts.refunds.get(refund_id)
    if refund is None:
        return None
    actor = next((each.actor for each in invoice.refund_orders if each.id == refund.order_id), None)
    return f"ordered in POM by {actor}" if actor is not None else "made in Stripe"


def _document(object_id: str, invoice: Invoice, movement: Movement | None, payment: Payment | None) -> dict[str, Any]:
    common_fields: dict[str, Any] = {"id": object_id, "invoice": invoice.id, "customer": invoice.order.customer_id}
    if movement is not None:
        return {
            **common_fields,
            "kind": movement.kind.value,
            "status": movement.status,
            "at": timestamp(movement.at),
            "amount": decimal_string(movement.amount, movement.currency),
            "currency": movement.currency,
            "payment": movement.payment_id,
            "made": _orderer(invoice, movement.id),
            "reason": movement.reason,
        }
    if payment is not None:
        return {
            **common_fields,
            "kind": MovementKind.PAYMENT.value,
            "status": payment.status.value,
            "at": timestamp(payment.at),
            "amount": decimal_string(payment.amount, payment.currency),
            "currency": payment.currency,
            "payment": payment.id,
            "reason": payment.failure,
        }
    return {**common_fields, "kind": MovementKind.PAYMENT.value, "status": None}
