"""Why a payment attempt failed, in words an office worker can act on.

Stripe's decline codes (https://docs.stripe.com/declines/codes) are grouped into the reasons the users' guide
names. Codes that reveal suspicion of fraud are told as a plain decline: the payer must not learn more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureReason(StrEnum):
    """The reason a payment attempt failed, as POM shows it."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_DECLINED = "card_declined"
    EXPIRED_CARD = "expired_card"
    INCORRECT_DETAILS = "incorrect_details"
    AUTHENTICATION_REQUIRED = "authentication_required"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FailureText:
    """What POM shows beside the reason."""

    message: str
    next_step: str


FAILURE_TEXTS: dict[FailureReason, FailureText] = {
    FailureReason.INSUFFICIENT_FUNDS: FailureText(
        "The payment was declined: insufficient funds.",
        "Ask the customer to try again later or with another payment method, using the same invoice link.",
    ),
    FailureReason.CARD_DECLINED: FailureText(
        "The customer's bank declined the payment.",
        "Ask the customer to contact their bank or use another payment method, using the same invoice link.",
    ),
    FailureReason.EXPIRED_CARD: FailureText(
        "The card has expired.",
        "Ask the customer to pay with a current card, using the same invoice link.",
    ),
    FailureReason.INCORRECT_DETAILS: FailureText(
        "The payment details were entered incorrectly.",
        "Ask the customer to enter the details again, using the same invoice link.",
    ),
    FailureReason.AUTHENTICATION_REQUIRED: FailureText(
        "The customer's bank asked to confirm the payment, and it was not confirmed.",
        "Ask the customer to pay again with the same invoice link and to confirm the payment with their bank.",
    ),
    FailureReason.OTHER: FailureText(
        "The payment attempt did not go through.",
        "Ask the customer to try again with the same invoice link; if it fails again, look at it in Stripe.",
    ),
}

_BY_CODE: dict[str, FailureReason] = {
    code: reason
    for reason, codes in {
        FailureReason.INSUFFICIENT_FUNDS: (
            "insufficient_funds withdrawal_count_limit_exceeded card_velocity_exceeded payment_limit_exceeded"
        ),
        FailureReason.EXPIRED_CARD: "expired_card expired_payment_information",
        FailureReason.INCORRECT_DETAILS: (
            "incorrect_number incorrect_cvc incorrect_zip incorrect_address incorrect_pin invalid_number invalid_cvc "
            "invalid_expiry_month invalid_expiry_year invalid_pin invalid_account invalid_customer_account "
            "invalid_payment_information no_account account_number_invalid routing_number_invalid"
        ),
        FailureReason.AUTHENTICATION_REQUIRED: (
            "authentication_required payment_intent_authentication_failure authentication_not_handled"
        ),
        FailureReason.CARD_DECLINED: (
            "card_declined generic_decline do_not_honor call_issuer card_not_supported currency_not_supported "
            "fraudulent lost_card stolen_card pickup_card restricted_card merchant_blacklist security_violation "
            "service_not_allowed transaction_not_allowed not_permitted no_action_taken revocation_of_authorization "
            "revocation_of_all_authorizations stop_payment_order pin_try_exceeded partner_generic_decline "
            "debit_not_authorized account_closed bank_account_restricted new_account_information_available "
            "do_not_try_again highest_risk_level previously_declined_do_not_retry"
        ),
    }.items()
    for code in codes.split()
}


def failure_reason(code: str | None, decline_code: str | None) -> FailureReason:
    """Group Stripe's codes; the decline code is the more precise of the two, so it is looked at first."""
    for candidate in (decline_code, code):
        if candidate and candidate in _BY_CODE:
            return _BY_CODE[candidate]
    return FailureReason.OTHER
