"""The payments of an invoice: payment intents, and the InvoicePayments that link them to the invoice."""

from __future__ import annotations

from ..errors import InvalidState
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import payment_shapes


def open_payment(world: World, ledger: Ledger, invoice: JSON, amount: int, *, default: bool) -> JSON:
    """Creates a payment intent and the InvoicePayment that links it to the invoice. Returns the InvoicePayment."""
    intent = payment_shapes.intent(world, ledger, invoice, amount)
    payment = payment_shapes.invoice_payment(world, ledger, invoice, intent, default=default)
    world.emit(ledger, "payment_intent.created", intent)
    return payment


def default_payment(ledger: Ledger, invoice: JSON) -> JSON:
    """Returns the invoice's default payment while it is open. Raises InvalidState if there is none."""
    for payment in ledger.all("invoice_payment", invoice=invoice["id"], is_default=True, status="open"):
        return payment
    raise InvalidState("This invoice has no open payment.")


def intent_of(ledger: Ledger, payment: JSON) -> JSON:
    """Returns the payment intent of an InvoicePayment."""
    return ledger.get("payment_intent", payment["payment"]["payment_intent"])


def cancel_open(world: World, ledger: Ledger, invoice: JSON, reason: str) -> None:
    """Cancels the open payments of an invoice that needs no more money."""
    for payment in list(ledger.all("invoice_payment", invoice=invoice["id"], status="open")):
        intent = intent_of(ledger, payment)
        if intent["status"] == "processing":
            continue  # a debit that is processing cannot be canceled, so its money becomes a surplus
        cancel(world, ledger, intent, payment, reason)


def cancel(world: World, ledger: Ledger, intent: JSON, payment: JSON | None, reason: str | None) -> None:
    """Cancels an intent, and the InvoicePayment that links it to an invoice if there is one."""
    if payment is not None:
        payment["status"] = "canceled"
        payment["status_transitions"] = {**payment["status_transitions"], "canceled_at": world.now()}
    intent.update(status="canceled", canceled_at=world.now(), cancellation_reason=reason, next_action=None)
    world.emit(ledger, "payment_intent.canceled", intent)


def require_idle(ledger: Ledger, invoice: JSON) -> None:
    """Raises InvalidState while a bank debit is processing."""
    for payment in ledger.all("invoice_payment", invoice=invoice["id"], status="open"):
        if intent_of(ledger, payment)["status"] == "processing":
            raise InvalidState(
                "This invoice has a payment in progress; wait until it succeeds or fails.",
                code="payment_intent_unexpected_state",
            )


def require_unattached(ledger: Ledger, invoice: JSON) -> None:
    """Raises InvalidState while an attached payment is open (https://docs.stripe.com/invoicing/partial-payments)."""
    for _ in ledger.all("invoice_payment", invoice=invoice["id"], status="open", is_default=False):
        raise InvalidState("This invoice has an open payment; cancel its PaymentIntent first.")


def update_default_amount(ledger: Ledger, invoice: JSON) -> None:
    """Sets the amount of the default payment to the amount that remains."""
    for payment in ledger.all("invoice_payment", invoice=invoice["id"], is_default=True, status="open"):
        intent = intent_of(ledger, payment)
        if intent["status"] != "processing" and invoice["amount_remaining"] > 0:
            payment["amount_requested"] = intent["amount"] = invoice["amount_remaining"]
