"""Attempts to pay an invoice: payment intents, charges, what they become, and the events they leave.

The order of events is Stripe's usual one; receivers must not rely on it. A bank debit stays `processing` until
`ach_days` have passed (https://docs.stripe.com/payments/ach-direct-debit).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..clock import DAY
from ..errors import CardDeclined, InvalidState
from ..state.ledger import JSON, Ledger, public
from ..state.world import World
from . import captures, payment_shapes
from .cards import Method
from .customer_balance import overpaid
from .disputes import open_dispute
from .invoice_payments import follow_remaining, intent_of
from .invoice_status import become_paid

_AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: `succeeded`, `processing`, `requires_action`, or `failed` with the error."""

    status: str
    error: JSON | None = None


def attempt(
    world: World,
    ledger: Ledger,
    payment: JSON,
    method: Method,
    *,
    off_session: bool = False,
    passed: bool | None = None,
) -> Outcome:
    """Tries to pay. `passed` is True if the payer passed 3-D Secure, and None if they were not asked yet.

    Raises InvalidState when the payment is not waiting for a method.
    """
    invoice, intent = ledger.get("invoice", payment["invoice"]), intent_of(ledger, payment)
    if intent["status"] not in ("requires_payment_method", "requires_action"):
        raise InvalidState(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    if method.kind not in intent["payment_method_types"]:
        raise InvalidState(
            f"The payment method type {method.kind} is not allowed for this invoice.",
            code="payment_intent_incompatible_payment_method",
        )
    before = world.snapshot(ledger, invoice)
    invoice["attempted"] = True
    invoice["attempt_count"] = max(1, invoice["attempt_count"])  # later manual attempts do not count
    intent["_method"] = method
    intent["payment_method"] = payment_shapes.payment_method(world, ledger, invoice, method)["id"]
    if method.authenticate and passed is None:
        if off_session:
            return _fail(world, ledger, payment, method, before, "authentication_required", "authentication_required")
        return _ask(world, ledger, invoice, intent, before)
    intent["next_action"] = None
    if method.authenticate and passed is False:
        return _fail(
            world, ledger, payment, method, before, "payment_intent_authentication_failure", "", charged=False
        )
    if method.kind == "us_bank_account":
        return _debit(world, ledger, payment, method, before)
    if method.code:
        charged = not method.without_charge
        return _fail(world, ledger, payment, method, before, method.code, method.decline_code, charged=charged)
    charge = payment_shapes.charge(world, ledger, invoice, intent, method, "succeeded")
    succeed(world, ledger, payment, charge, before)
    return Outcome("succeeded")


def succeed(world: World, ledger: Ledger, payment: JSON, charge: JSON, invoice_before: JSON) -> None:
    """Records that money has arrived, on the charge, the intent, the payment and the invoice."""
    invoice, intent = ledger.get("invoice", payment["invoice"]), intent_of(ledger, payment)
    now = world.now()
    charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    charge["receipt_url"] = f"{world.config.public_url}/receipts/{ledger.id}/{charge['id']}"
    intent.update(
        status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"], last_payment_error=None,
        next_action=None,
    )  # fmt: skip
    payment.update(status="paid", amount_paid=intent["amount"])
    payment["status_transitions"] = {**payment["status_transitions"], "paid_at": now}
    captures.begin(world, ledger, charge)
    events = [("charge.succeeded", charge), ("payment_intent.succeeded", intent)]
    events.insert(2 if world.order.usual() else 0, ("invoice_payment.paid", payment))  # recordings have both
    for type_, obj in events:
        world.emit(ledger, type_, obj)
    _credit(world, ledger, invoice, payment, invoice_before)
    if intent["_method"].dispute:
        open_dispute(world, ledger, charge, intent["_method"].dispute)


def settle(world: World, ledger: Ledger, intent_id: str, *, fail: Method | None = None) -> None:
    """Lets a bank debit arrive, or fail as `fail` says. Raises InvalidState if it is not processing."""
    intent = ledger.get("payment_intent", intent_id)
    if intent["status"] != "processing":
        raise InvalidState(f"The payment intent is {intent['status']}, not processing.")
    world.scheduler.cancel(intent_id)
    payment = ledger.get("invoice_payment", intent["_payment"])
    invoice = ledger.get("invoice", payment["invoice"])
    before = world.snapshot(ledger, invoice)
    method: Method = fail or intent["_method"]
    charge = ledger.get("charge", intent["latest_charge"])
    if method.code:
        _fail(world, ledger, payment, method, before, method.code, method.decline_code, charge=charge)
    else:
        succeed(world, ledger, payment, charge, before)


def as_card_error(intent: JSON, error: JSON) -> CardDeclined:
    """Returns the 402 for a failed attempt."""
    fields = {k: v for k, v in error.items() if k not in ("message", "type")}
    return CardDeclined(error["message"], **fields, payment_intent=public(intent))


def _credit(world: World, ledger: Ledger, invoice: JSON, payment: JSON, before: JSON) -> None:
    surplus_before = invoice["amount_overpaid"]
    invoice["amount_paid"] += payment["amount_paid"]
    invoice["amount_remaining"] = max(0, invoice["amount_due"] - invoice["amount_paid"])
    invoice["amount_overpaid"] = max(0, invoice["amount_paid"] - invoice["amount_due"])
    overpaid(world, ledger, invoice, invoice["amount_overpaid"] - surplus_before)
    if invoice["amount_remaining"] == 0 and invoice["status"] in ("open", "uncollectible"):
        become_paid(world, ledger, invoice, before, collected=True)
        return
    follow_remaining(ledger, invoice)
    world.updated(ledger, invoice, before)
    if invoice["amount_overpaid"]:
        world.emit(ledger, "invoice.overpaid", invoice)


def _ask(world: World, ledger: Ledger, invoice: JSON, intent: JSON, before: JSON) -> Outcome:
    url = f"{invoice['hosted_invoice_url']}"
    intent.update(
        status="requires_action",
        last_payment_error=None,  # that of the previous confirmation (https://docs.stripe.com/api/payment_intents/object)
        next_action={"type": "redirect_to_url", "redirect_to_url": {"return_url": url, "url": url}},
    )
    world.emit(ledger, "payment_intent.requires_action", intent)
    world.emit(ledger, "invoice.payment_action_required", invoice)
    world.updated(ledger, invoice, before)
    return Outcome("requires_action")


def _debit(world: World, ledger: Ledger, payment: JSON, method: Method, before: JSON) -> Outcome:
    invoice, intent = ledger.get("invoice", payment["invoice"]), intent_of(ledger, payment)
    charge = payment_shapes.charge(world, ledger, invoice, intent, method, "pending")
    intent.update(status="processing", latest_charge=charge["id"], last_payment_error=None)
    world.emit(ledger, "charge.pending", charge)
    world.emit(ledger, "payment_intent.processing", intent)
    world.updated(ledger, invoice, before)
    if not method.never_settles:
        later = world.config.ach_days * DAY
        world.scheduler.after(later, "settle", intent["id"], lambda: settle(world, ledger, intent["id"]))
    return Outcome("processing")


def _fail(
    world: World,
    ledger: Ledger,
    payment: JSON,
    method: Method,
    before: JSON,
    code: str,
    decline_code: str,
    *,
    charge: JSON | None = None,
    charged: bool = True,
) -> Outcome:
    invoice, intent = ledger.get("invoice", payment["invoice"]), intent_of(ledger, payment)
    message = method.message or "Your card was declined. This transaction requires authentication."
    if code == "payment_intent_authentication_failure":
        message = _AUTHENTICATION_FAILED
    if charge is None and charged:
        charge = payment_shapes.charge(world, ledger, invoice, intent, method, "failed")
    if charge is not None:
        charge.update(status="failed", failure_code=code, failure_message=message, paid=False)
        charge["outcome"] = payment_shapes.outcome(method, code, decline_code, message)
        world.emit(ledger, "charge.failed", charge)
    used = ledger.get("payment_method", intent["payment_method"])
    error: JSON = {
        "type": "invalid_request_error" if code == "payment_intent_authentication_failure" else "card_error",
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": message,
        "payment_method": public(used),
    }
    if decline_code:
        error["decline_code"] = decline_code
    if advice := payment_shapes.advice(decline_code):
        error["advice_code"] = advice
    if charge is not None:
        error["charge"] = charge["id"]
        intent["latest_charge"] = charge["id"]
    intent.update(status="requires_payment_method", last_payment_error=error, payment_method=None, next_action=None)
    world.emit(ledger, "payment_intent.payment_failed", intent)
    world.updated(ledger, invoice, before)
    world.emit(ledger, "invoice.payment_failed", invoice)
    if code == "authentication_required":
        world.emit(ledger, "invoice.payment_action_required", invoice)
    follow_remaining(ledger, invoice)
    return Outcome("failed", error)
