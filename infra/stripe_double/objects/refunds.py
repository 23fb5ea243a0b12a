"""Refunds. They may be pending, and may fail weeks after they succeeded (https://docs.stripe.com/refunds)."""

from __future__ import annotations

from ..clock import DAY
from ..errors import InvalidParams, InvalidState, NotModelled
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import balance_transactions, lists, rules
from .call import Call, Route
from .money import format_amount

_MODELLED = {"amount", "charge", "payment_intent", "metadata", "reason", "expand"}
_FINAL = ("failed", "canceled")
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_BANK_DEBIT_DAYS = 180
"""The days for which a bank debit can be refunded
(https://support.stripe.com/questions/refunds-for-ach-direct-debit-payments).
"""


def create(call: Call) -> JSON:
    """Handles POST /v1/refunds: all that remains of a charge, or a part of it."""
    params, ledger = call.params, call.ledger
    for name in params:
        if name not in _MODELLED:
            raise NotModelled(f"the parameter {name} of refunds", name)
    rules.metadata({}, params.get("metadata"))
    if "charge" not in params and "payment_intent" not in params:
        raise InvalidParams(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if params.get("amount", 1) < 1:
        raise InvalidParams(
            "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
        )
    if params.get("reason", _REASONS[0]) not in _REASONS:
        raise InvalidParams(f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
    charge = _charge(ledger, params)
    return make(call.world, ledger, charge, params.get("amount"), params.get("reason"), params.get("metadata"))


def make(
    world: World, ledger: Ledger, charge: JSON, amount: int | None, reason: str | None = None, metadata: object = None
) -> JSON:
    """Refunds a charge, by default all that remains of it, and returns the refund.

    Raises InvalidState if less remains of the charge, if it cannot be refunded, or if the balance does not cover it.
    """
    if charge["status"] != "succeeded":
        raise InvalidState(
            f"Charge {charge['id']} has not succeeded and cannot be refunded.", code="charge_not_refundable"
        )
    if charge["disputed"] and charge.get("_charged_back"):
        raise InvalidState(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    refundable = charge["amount"] - charge["amount_refunded"]
    if refundable == 0:
        raise InvalidState(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    refund_amount = refundable if amount is None else amount
    if refund_amount > refundable:
        raise InvalidState(
            f"Refund amount ({format_amount(refund_amount, charge['currency'])}) is greater than unrefunded amount on"
            f" charge ({format_amount(refundable, charge['currency'])})",
            param="amount",
        )
    method = ledger.get("payment_intent", charge["payment_intent"])["_method"]
    bank = method.kind == "us_bank_account"
    pending = method.refund == "pending" or bank
    now = world.now()
    if bank and now > charge["created"] + _BANK_DEBIT_DAYS * DAY:
        raise InvalidState(f"Charge {charge['id']} is too old to be refunded.", code="charge_not_refundable")
    if not ledger.covers_refunds:
        raise InvalidState(
            "Insufficient funds in your Stripe balance to refund this amount.",
            message_code="insufficient_balance_for_refund",
        )
    refund: JSON = {
        "id": f"{'pyr' if bank else 're'}_3{world.ids.token(23)}",
        "object": "refund",
        "amount": refund_amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "description": None,
        "destination_details": _destination(method.kind),
        "metadata": rules.metadata({}, metadata),
        "next_action": None,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }
    if pending:
        refund["pending_reason"] = "processing"
    refund["balance_transaction"] = balance_transactions.of_refund(world, ledger, charge, refund)["id"]
    ledger.add(refund)
    charge["amount_refunded"] += refund_amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.emit(ledger, "refund.created", refund)
    world.emit(ledger, "charge.refunded", charge)
    later = world.config.refund_days * DAY
    if method.refund == "fail":
        world.scheduler.after(later, "refund_fail", refund["id"], lambda: fail(world, ledger, refund["id"]))
    elif pending:
        world.scheduler.after(later, "refund_settle", refund["id"], lambda: settle(world, ledger, refund["id"]))
    return refund


def settle(world: World, ledger: Ledger, refund_id: str) -> JSON:
    """Makes a pending refund succeed, and returns it. Raises InvalidState if it is not pending."""
    refund = ledger.get("refund", refund_id)
    if refund["status"] not in ("pending", "requires_action"):
        raise InvalidState(f"The refund is {refund['status']}, not pending.")
    _move(world, ledger, refund, "succeeded")
    return refund


def fail(world: World, ledger: Ledger, refund_id: str, reason: str = "expired_or_canceled_card") -> JSON:
    """Makes a refund fail, even one that succeeded, and returns it. Its money returns to the balance."""
    refund = ledger.get("refund", refund_id)
    if refund["status"] in _FINAL:
        raise InvalidState(f"The refund is already {refund['status']}.")
    _return_to_balance(world, ledger, refund)
    refund["failure_reason"] = reason
    _move(world, ledger, refund, "failed")
    world.emit(ledger, "refund.failed", refund)
    return refund


def cancel(call: Call) -> JSON:
    """Handles POST /v1/refunds/{id}/cancel, which is allowed only for a refund that requires action."""
    refund = call.ledger.get("refund", call.id)
    if refund["status"] != "requires_action":
        raise InvalidState("Canceling this refund is unsupported.")
    return cancel_refund(call.world, call.ledger, refund)


def cancel_refund(world: World, ledger: Ledger, refund: JSON) -> JSON:
    """Cancels a refund that has not succeeded, and returns it. Raises InvalidState for any other refund."""
    if refund["status"] in (*_FINAL, "succeeded"):
        raise InvalidState(f"The refund is already {refund['status']}.")
    _return_to_balance(world, ledger, refund)
    _move(world, ledger, refund, "canceled")
    return refund


def update(call: Call) -> JSON:
    """Handles POST /v1/refunds/{id}: changes the metadata."""
    refund = call.ledger.get("refund", call.id)
    before = call.world.snapshot(call.ledger, refund)
    refund["metadata"] = rules.metadata(refund["metadata"], call.params.get("metadata"))
    call.world.emit_updated(call.ledger, refund, before)
    return refund


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/refunds/{id}."""
    return call.ledger.get("refund", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/refunds."""
    refunds = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("refund"), "charge", "payment_intent")
    )
    return lists.page(call, refunds, "/v1/refunds", kind="refund")


def _charge(ledger: Ledger, params: JSON) -> JSON:
    if "charge" in params:
        charge = ledger.get("charge", params["charge"])
        if params.get("payment_intent", charge["payment_intent"]) != charge["payment_intent"]:
            raise InvalidState("The charge does not belong to the payment intent.", param="charge")
        return charge
    intent = ledger.get("payment_intent", params["payment_intent"], "payment_intent", 400)
    if intent["status"] != "succeeded":
        raise InvalidState(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return ledger.get("charge", intent["latest_charge"])


def _destination(kind: str) -> JSON:
    if kind == "card":
        card = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        return {"card": card, "type": "card"}
    return {"type": "us_bank_transfer", "us_bank_transfer": {"reference": None, "reference_status": "pending"}}


def _return_to_balance(world: World, ledger: Ledger, refund: JSON) -> None:
    charge = ledger.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    transaction = balance_transactions.of_failed_refund(world, ledger, refund)
    refund["failure_balance_transaction"] = transaction["id"]


def _move(world: World, ledger: Ledger, refund: JSON, status: str) -> None:
    world.scheduler.cancel(refund["id"])
    before = world.snapshot(ledger, refund)
    refund["status"] = status
    refund.pop("pending_reason", None)
    world.emit_updated(ledger, refund, before)
    world.emit_updated(ledger, refund, before, "charge.refund.updated")


ROUTES = [
    Route("POST", "/v1/refunds", "RefundCreateParams", create),
    Route("GET", "/v1/refunds", "RefundListParams", list_),
    Route("GET", "/v1/refunds/{id}", "RefundRetrieveParams", retrieve),
    Route("POST", "/v1/refunds/{id}", "RefundUpdateParams", update),
    Route("POST", "/v1/refunds/{id}/cancel", "RefundCancelParams", cancel),
]
