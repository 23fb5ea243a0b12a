"""The reasons for which Stripe refuses a refund, in plain words, with the next step for the caller.

Most refusals have a `code` (https://docs.stripe.com/error-codes). Two had no code in the responses that accounts have
received. A refund that is larger than the rest of the payment is refused with the parameter `amount`. A refund that
the account's balance does not cover is refused with a `message_code`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import stripe

from chalicelib.domain.errors import StripeRefused


class Refusal(NamedTuple):
    """The error that the caller gets. `code` is stable."""

    code: str
    message: str
    next_step: str
    field: str | None = None


REFUNDED_ALREADY = Refusal(
    "refund_already_made",
    "Stripe refused: all of this payment has been refunded already.",
    "Load the payment again: it shows the refunds. Nothing is left to do.",
)
MORE_THAN_IS_LEFT = Refusal(
    "refund_exceeds_payment",
    "Stripe refused: the refund is larger than what is left of the payment.",
    "Load the payment again to see what is left, and refund at most that.",
    "amount",
)
TOO_SMALL = Refusal(
    "refund_too_small",
    "Stripe refused: the refund is smaller than the smallest amount that Stripe pays out.",
    "Refund a larger amount, or give the money back in another way.",
    "amount",
)
DISPUTED = Refusal(
    "refund_of_disputed_payment",
    "Stripe refused: the customer's bank is questioning this payment, or has taken the money back.",
    "Do not refund it in another way either, or the customer gets the money twice. Answer the dispute in the Stripe"
    " dashboard, or accept it there, which gives the money back.",
)
BALANCE_TOO_LOW = Refusal(
    "refund_exceeds_balance",
    "Stripe refused: the money in the Stripe account does not cover this refund.",
    "Add money to the balance in the Stripe dashboard, or wait for more payments, and then refund it again.",
)
NOT_SUCCEEDED = Refusal(
    "refund_of_unpaid",
    "Stripe refused: the payment has not succeeded, so there is nothing to give back yet.",
    "Wait until the payment has arrived: a bank debit takes up to 5 business days. One that failed needs no refund.",
)
NOT_REFUNDABLE = Refusal(
    "refund_not_possible",
    "Stripe refused: this payment can no longer be refunded through Stripe. Some payment methods cannot be refunded,"
    " others only for some months.",
    "Give the money back in another way, such as a check, and record it with a credit note in Stripe.",
)
ACCOUNT_MAY_NOT = Refusal(
    "refund_not_allowed",
    "Stripe refused: the Stripe account may not make refunds at present.",
    "Look at the account's status in the Stripe dashboard, or ask Stripe support.",
)

BY_CODE: Mapping[str, Refusal] = {
    "charge_already_refunded": REFUNDED_ALREADY,
    "amount_too_large": MORE_THAN_IS_LEFT,
    "invalid_charge_amount": MORE_THAN_IS_LEFT,
    "amount_too_small": TOO_SMALL,
    "charge_disputed": DISPUTED,
    "refund_disputed_payment": DISPUTED,
    "balance_insufficient": BALANCE_TOO_LOW,
    "insufficient_funds": BALANCE_TOO_LOW,
    "payment_intent_unexpected_state": NOT_SUCCEEDED,
    "charge_not_refundable": NOT_REFUNDABLE,
    "payment_method_not_available": NOT_REFUNDABLE,
    "payment_method_unsupported_type": NOT_REFUNDABLE,
    "action_blocked": ACCOUNT_MAY_NOT,
    "capability_not_active": ACCOUNT_MAY_NOT,
    "not_allowed_on_standard_account": ACCOUNT_MAY_NOT,
    "request_blocked": ACCOUNT_MAY_NOT,
}
"""The refusal for each `code` of Stripe."""

BY_MESSAGE_CODE: Mapping[str, Refusal] = {"insufficient_balance_for_refund": BALANCE_TOO_LOW}
"""The refusal for each `message_code`, which Stripe sends without documenting it
(https://github.com/Automattic/woocommerce-payments/issues/10025)."""


def refund_refusal(error: stripe.InvalidRequestError) -> StripeRefused | None:
    """Returns the error for Stripe's refusal of a refund, or None if the reason is not specific to refunds."""
    body = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    details = body if isinstance(body, dict) else {}
    refusal = BY_CODE.get(error.code or "") or BY_MESSAGE_CODE.get(str(details.get("message_code")))
    if refusal is None and error.code is None and error.param == "amount":
        refusal = MORE_THAN_IS_LEFT
    if refusal is None:
        return None
    return StripeRefused(refusal.code, refusal.message, field=refusal.field, next_step=refusal.next_step)
