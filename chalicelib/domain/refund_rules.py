"""How much of a payment can be refunded, and why a refund is refused before Stripe is asked.

POM uses the same codes if Stripe itself refuses, so each reason has one code. Stripe's rules are at
https://docs.stripe.com/refunds.
"""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.errors import Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_conflicts import how_to_give_back
from chalicelib.domain.money import minor_units
from chalicelib.domain.payments import Payment, PaymentStatus, payments_of
from chalicelib.domain.refund_order import REFUND_REASONS
from chalicelib.domain.wording import money


def payment_of(invoice: Invoice, payment_id: str) -> Payment | None:
    """Returns the invoice's payment with this id, or None."""
    return next((payment for payment in payments_of(invoice) if payment.id == payment_id), None)


def require_known_reason(reason: str | None) -> str | None:
    """Returns `reason` if Stripe accepts it, or None if it is None.

    Raises:
        Refused: Stripe does not accept this reason.
    """
    if reason is not None and reason not in REFUND_REASONS:
        raise Refused(
            "refund_reason_unknown",
            "This reason of a refund is not known.",
            field="reason",
            next_step=f"Use one of {', '.join(REFUND_REASONS)}, or leave it out.",
        )
    return reason


def requested_minor_units(value: Decimal | None, currency: str) -> int | None:
    """Returns the requested amount in minor units, or None if the request has no amount.

    Raises:
        Refused: the amount is not above zero, is too large, or has more decimals than the currency.
    """
    if value is None:
        return None
    try:
        amount = minor_units(value, currency, field="amount")
    except Refused as refused:
        refused.next_step = _NEXT_STEPS.get(refused.code, refused.next_step)
        raise
    if amount == 0:
        raise Refused(
            "amount_zero",
            "A refund of nothing cannot be made.",
            field="amount",
            next_step="Give the amount to refund, or leave it out to refund all that is left.",
        )
    return amount


_NEXT_STEPS = {
    "amount_negative": "Give the amount that the customer gets back, without a sign.",
    "amount_too_large": "Give at most what is left of the payment, or leave the amount out to refund all of it.",
}


def left_to_refund(invoice: Invoice, payment: Payment, except_order_id: str | None = None) -> int:
    """Returns how much of a payment can still be refunded, in minor units.

    An order whose outcome is not known counts as refunded, except the order with the id `except_order_id`.
    """
    open_orders = sum(
        order.amount
        for order in invoice.refund_orders
        if order.open and order.payment_id == payment.id and order.id != except_order_id
    )
    return max(0, payment.refundable - open_orders)


def refundable_amount(
    invoice: Invoice, payment: Payment, requested: int | None, except_order_id: str | None = None
) -> int:
    """Returns the amount to refund in minor units: `requested`, or the whole remainder if `requested` is None.

    `except_order_id` is the id of the order that is checked, if that order is stored already.

    Raises:
        Refused: the payment, or this amount of it, cannot be refunded.
    """
    _require_refundable(invoice, payment)
    remaining = left_to_refund(invoice, payment, except_order_id)
    if remaining == 0:
        raise Refused(
            "refund_already_made",
            "Nothing is left of this payment: all of it has been refunded, is being refunded, or was taken back by "
            "the customer's bank.",
            field="paymentId",
            next_step="Load the invoice again: its payment shows the refunds and disputes. Nothing is left to do.",
        )
    if requested is not None and requested > remaining:
        raise Refused(
            "refund_exceeds_payment",
            f"The refund is over {money(invoice, requested)}, "
            f"and {money(invoice, remaining)} is left of this payment.",
            field="amount",
            next_step=f"Refund at most {money(invoice, remaining)}.",
        )
    return remaining if requested is None else requested


def _require_refundable(invoice: Invoice, payment: Payment) -> None:
    if not payment.through_stripe:
        raise Refused(
            "refund_of_outside_payment",
            "This payment did not go through Stripe, so Stripe cannot refund it.",
            field="paymentId",
            next_step=how_to_give_back(invoice),
        )
    if payment.status is not PaymentStatus.SUCCEEDED:
        has_failed = payment.status is PaymentStatus.FAILED
        raise Refused(
            "refund_of_unpaid",
            "This payment has failed, so there is nothing to give back."
            if has_failed
            else "This payment is still on its way, so there is nothing to give back yet.",
            field="paymentId",
            next_step="No refund is needed."
            if has_failed
            else "Wait until the payment has arrived. A bank debit takes up to 5 business days. If it fails, no "
            "refund is needed.",
        )
    if any(dispute.open for dispute in payment.disputes):
        raise Refused(
            "refund_of_disputed_payment",
            "The customer's bank is questioning this payment.",
            field="paymentId",
            next_step="Do not give the money back in another way either, or the customer may get it twice. Answer "
            "the dispute in the Stripe dashboard, or give the money back there: accept the dispute, or refund the "
            "payment if the bank has only asked a question so far.",
        )
