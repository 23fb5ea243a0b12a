"""Attempts to pay: the changes of payment intents, charges and invoices, and the events of an attempt.

An intent pays an invoice, or has no invoice. The order of events is Stripe's usual one; receivers must not rely on
it. A bank debit stays `processing` until `ach_days` have passed (https://docs.stripe.com/payments/ach-direct-debit).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ..clock import DAY
from ..errors import CardDeclined, InvalidState
from ..state.ledger import JSON, Ledger, public
from ..state.world import World
from . import captures, payment_shapes
from .cards import Method
from .customer_balance import credit_surplus
from .disputes import open_dispute
from .invoice_payments import update_default_amount
from .invoice_status import become_paid

_AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
_WAITING = ("requires_payment_method", "requires_confirmation", "requires_action")


@dataclass(frozen=True)
class Outcome:
    """The result of an attempt: `succeeded`, `processing`, `requires_action`, or `failed` with the error."""

    status: str
    error: JSON | None = None


@dataclass(frozen=True)
class _Attempt:
    """An attempt to pay an intent. For an invoice, it holds the InvoicePayment and a snapshot of the invoice before
    it.
    """

    world: World
    ledger: Ledger
    intent: JSON
    payment: JSON | None
    before: JSON | None

    @classmethod
    def of(cls, world: World, ledger: Ledger, intent: JSON) -> Self:
        """Returns the attempt, before anything is changed."""
        payment = ledger.find("invoice_payment", intent.get("_payment"))
        invoice = ledger.get("invoice", payment["invoice"]) if payment else None
        return cls(world, ledger, intent, payment, world.snapshot(ledger, invoice) if invoice else None)

    @property
    def invoice(self) -> JSON | None:
        """The invoice that is paid; None if the intent has no invoice."""
        return self.ledger.get("invoice", self.payment["invoice"]) if self.payment else None

    @property
    def billed_to(self) -> JSON:
        """The invoice, or a dict with the same `customer_…` fields for an intent without an invoice."""
        return self.invoice or payment_shapes.payer_details(self.ledger, self.intent["customer"])

    def emit(self, type_: str, obj: JSON) -> None:
        """Records an event."""
        self.world.emit(self.ledger, type_, obj)

    def invoice_updated(self, *types: str) -> None:
        """Emits `invoice.updated` if the intent's invoice changed, and then events of the given types."""
        if self.invoice is not None and self.before is not None:
            self.world.emit_updated(self.ledger, self.invoice, self.before)
            for type_ in types:
                self.emit(type_, self.invoice)


def attempt(
    world: World,
    ledger: Ledger,
    intent: JSON,
    method: Method,
    *,
    saved_method: JSON | None = None,
    off_session: bool = False,
    authenticated: bool | None = None,
    return_url: str | None = None,
) -> Outcome:
    """Tries to pay an intent.

    `authenticated` is True if the payer passed 3-D Secure, False if the payer failed it, and None before the payer
    was asked. `saved_method` is the payment method object if there is one already. After 3-D Secure, the payer is
    redirected to `return_url`, by default the invoice's page.

    Raises InvalidState if the intent is not waiting for a payment.
    """
    if intent["status"] not in _WAITING:
        raise InvalidState(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=public(intent),
        )
    if method.kind not in intent["payment_method_types"]:
        raise InvalidState(
            f"The payment method type {method.kind} is not allowed for this invoice.",
            code="payment_intent_incompatible_payment_method",
        )
    current = _Attempt.of(world, ledger, intent)
    if current.invoice is not None:
        current.invoice["attempted"] = True
        current.invoice["attempt_count"] = max(
            1, current.invoice["attempt_count"]
        )  # later manual attempts do not count
    intent["_method"] = method
    payment_method = saved_method or payment_shapes.payment_method(world, ledger, current.billed_to, method)
    intent["payment_method"] = payment_method["id"]
    if method.authenticate and authenticated is None:
        if off_session:
            return _fail(current, method, "authentication_required", "authentication_required")
        return _require_action(current, return_url)
    intent["next_action"] = None
    if method.authenticate and authenticated is False:
        return _fail(current, method, "payment_intent_authentication_failure", "", creates_charge=False)
    if method.kind == "us_bank_account":
        return _debit(current, method)
    if method.code:
        return _fail(current, method, method.code, method.decline_code, creates_charge=not method.without_charge)
    _succeed(current, payment_shapes.charge(world, ledger, current.billed_to, intent, method, "succeeded"))
    return Outcome("succeeded")


def settle(world: World, ledger: Ledger, intent_id: str, *, fail: Method | None = None) -> None:
    """Makes a bank debit arrive, or fail as the method `fail` does. Raises InvalidState if it is not processing."""
    intent = ledger.get("payment_intent", intent_id)
    if intent["status"] != "processing":
        raise InvalidState(f"The payment intent is {intent['status']}, not processing.")
    world.scheduler.cancel(intent_id)
    current = _Attempt.of(world, ledger, intent)
    method: Method = fail or intent["_method"]
    charge = ledger.get("charge", intent["latest_charge"])
    if method.code:
        _fail(current, method, method.code, method.decline_code, charge=charge)
    else:
        _succeed(current, charge)


def credit(world: World, ledger: Ledger, payment: JSON) -> None:
    """Adds a payment to its invoice, if the intent succeeded before it was linked to the invoice."""
    current = _Attempt.of(world, ledger, ledger.get("payment_intent", payment["payment"]["payment_intent"]))
    _pay(current, payment)
    current.emit("invoice_payment.paid", payment)
    _credit(current, payment)


def as_card_error(intent: JSON, error: JSON) -> CardDeclined:
    """Returns the 402 response to a failed attempt."""
    fields = {k: v for k, v in error.items() if k not in ("message", "type")}
    return CardDeclined(error["message"], **fields, payment_intent=public(intent))


def _succeed(current: _Attempt, charge: JSON) -> None:
    """Records on the charge, the intent, the payment and the invoice that the money has arrived."""
    world, ledger, intent, payment = current.world, current.ledger, current.intent, current.payment
    charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    charge["receipt_url"] = f"{world.config.public_url}/receipts/{ledger.id}/{charge['id']}"
    intent.update(
        status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"], last_payment_error=None,
        next_action=None,
    )  # fmt: skip
    captures.begin(world, ledger, charge)
    payment_event_first = False
    if payment is not None:
        _pay(current, payment)
        payment_event_first = not world.order.is_usual()  # recordings have both orders
    if payment is not None and payment_event_first:
        current.emit("invoice_payment.paid", payment)
    current.emit("charge.succeeded", charge)
    if intent["_method"].dispute:
        open_dispute(
            world, ledger, charge, intent["_method"].dispute
        )  # recordings have this event before the intent's
    current.emit("payment_intent.succeeded", intent)
    if payment is not None and not payment_event_first:
        current.emit("invoice_payment.paid", payment)
    if payment is not None:
        _credit(current, payment)


def _pay(current: _Attempt, payment: JSON) -> None:
    payment.update(status="paid", amount_paid=current.intent["amount_received"])
    payment["status_transitions"] = {**payment["status_transitions"], "paid_at": current.world.now()}


def _credit(current: _Attempt, payment: JSON) -> None:
    world, ledger, before = current.world, current.ledger, current.before
    invoice = ledger.get("invoice", payment["invoice"])
    assert before is not None, "an intent with a payment has an invoice"
    surplus_before = invoice["amount_overpaid"]
    invoice["amount_paid"] += payment["amount_paid"]
    invoice["amount_remaining"] = max(0, invoice["amount_due"] - invoice["amount_paid"])
    invoice["amount_overpaid"] = max(0, invoice["amount_paid"] - invoice["amount_due"])
    credit_surplus(world, ledger, invoice, invoice["amount_overpaid"] - surplus_before)
    if invoice["amount_remaining"] == 0 and invoice["status"] in ("open", "uncollectible"):
        become_paid(world, ledger, invoice, before, collected=True)
    else:
        update_default_amount(ledger, invoice)
        world.emit_updated(ledger, invoice, before)
    if invoice["amount_overpaid"]:
        world.emit(ledger, "invoice.overpaid", invoice)


def _require_action(current: _Attempt, return_url: str | None) -> Outcome:
    intent, invoice = current.intent, current.invoice
    page = invoice["hosted_invoice_url"] if invoice else None
    return_page = return_url or page
    action: JSON = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    if return_page:
        redirect = {
            "return_url": return_page,
            "url": page or f"https://hooks.stripe.com/3d_secure_2/hosted?intent={intent['id']}",
        }
        action = {"type": "redirect_to_url", "redirect_to_url": redirect}
    intent.update(
        status="requires_action",
        last_payment_error=None,  # that of the previous confirmation (https://docs.stripe.com/api/payment_intents/object)
        next_action=action,
    )
    current.emit("payment_intent.requires_action", intent)
    if invoice is not None:
        current.emit("invoice.payment_action_required", invoice)
    current.invoice_updated()
    return Outcome("requires_action")


def _debit(current: _Attempt, method: Method) -> Outcome:
    world, ledger, intent = current.world, current.ledger, current.intent
    charge = payment_shapes.charge(world, ledger, current.billed_to, intent, method, "pending")
    intent.update(status="processing", latest_charge=charge["id"], last_payment_error=None)
    current.emit("charge.pending", charge)
    current.emit("payment_intent.processing", intent)
    current.invoice_updated()
    if not method.never_settles:
        later = world.config.ach_days * DAY
        world.scheduler.after(later, "settle", intent["id"], lambda: settle(world, ledger, intent["id"]))
    return Outcome("processing")


def _fail(
    current: _Attempt,
    method: Method,
    code: str,
    decline_code: str,
    *,
    charge: JSON | None = None,
    creates_charge: bool = True,
) -> Outcome:
    world, ledger, intent, invoice = current.world, current.ledger, current.intent, current.invoice
    message = method.message or "Your card was declined. This transaction requires authentication."
    if code == "payment_intent_authentication_failure":
        message = _AUTHENTICATION_FAILED
    if charge is None and creates_charge:
        charge = payment_shapes.charge(world, ledger, current.billed_to, intent, method, "failed")
    if charge is not None:
        charge.update(status="failed", failure_code=code, failure_message=message, paid=False)
        charge["outcome"] = payment_shapes.outcome(method, code, decline_code, message)
        current.emit("charge.failed", charge)
    payment_method = ledger.get("payment_method", intent["payment_method"])
    error: JSON = {
        "type": "invalid_request_error" if code == "payment_intent_authentication_failure" else "card_error",
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": message,
        "payment_method": public(payment_method),
    }
    if decline_code:
        error["decline_code"] = decline_code
    if advice := payment_shapes.advice(decline_code):
        error["advice_code"] = advice
    if charge is not None:
        error["charge"] = charge["id"]
        intent["latest_charge"] = charge["id"]
    intent.update(status="requires_payment_method", last_payment_error=error, payment_method=None, next_action=None)
    current.emit("payment_intent.payment_failed", intent)
    action_events = ["invoice.payment_action_required"] if code == "authentication_required" else []
    current.invoice_updated("invoice.payment_failed", *action_events)
    if invoice is not None:
        update_default_amount(ledger, invoice)
    return Outcome("failed", error)
