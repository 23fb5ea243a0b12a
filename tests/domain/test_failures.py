"""Every decline code Stripe publishes is told in words an office worker can act on."""

from __future__ import annotations

import pytest

from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason, failure_reason

TABLE = {
    "insufficient_funds": """
        insufficient_funds withdrawal_count_limit_exceeded card_velocity_exceeded payment_limit_exceeded""",
    "expired_card": "expired_card expired_payment_information",
    "incorrect_details": """
        incorrect_number incorrect_cvc incorrect_zip incorrect_address incorrect_pin invalid_number invalid_cvc
        invalid_expiry_month invalid_expiry_year invalid_pin invalid_account invalid_customer_account
        invalid_payment_information no_account""",
    "authentication_required": "authentication_required payment_intent_authentication_failure",
    "card_declined": """
        card_declined generic_decline do_not_honor call_issuer card_not_supported currency_not_supported fraudulent
        lost_card stolen_card pickup_card restricted_card merchant_blacklist security_violation service_not_allowed
        transaction_not_allowed not_permitted no_action_taken revocation_of_authorization
        revocation_of_all_authorizations stop_payment_order pin_try_exceeded partner_generic_decline
        debit_not_authorized account_closed""",
    "other": """
        processing_error issuer_not_available reenter_transaction try_again_later duplicate_transaction
        invalid_amount approve_with_id a_code_of_tomorrow""",
}
CODES = [(code, FailureReason(reason)) for reason, codes in TABLE.items() for code in codes.split()]
SUSPICIONS = ("fraudulent", "lost_card", "stolen_card", "merchant_blacklist", "pickup_card", "restricted_card")


@pytest.mark.parametrize(("code", "reason"), CODES)
def test_a_code_has_its_reason_wherever_stripe_puts_it(code: str, reason: FailureReason) -> None:
    assert failure_reason(code, None) is reason
    assert failure_reason("card_declined", code) in {reason, FailureReason.CARD_DECLINED}
    if reason is not FailureReason.OTHER:
        assert failure_reason("card_declined", code) is reason


def test_the_decline_code_is_the_more_precise() -> None:
    assert failure_reason("card_declined", "insufficient_funds") is FailureReason.INSUFFICIENT_FUNDS
    assert failure_reason("expired_card", "generic_decline") is FailureReason.CARD_DECLINED


def test_an_unknown_decline_code_falls_back_to_the_code() -> None:
    assert failure_reason("expired_card", "something_new") is FailureReason.EXPIRED_CARD


def test_no_code_at_all_is_another_reason() -> None:
    assert failure_reason(None, None) is FailureReason.OTHER
    assert failure_reason("", "") is FailureReason.OTHER


@pytest.mark.parametrize("code", SUSPICIONS)
def test_suspicion_is_told_as_a_plain_decline(code: str) -> None:
    text = FAILURE_TEXTS[failure_reason("card_declined", code)]
    for word in ("fraud", "lost", "stolen", "blacklist"):
        assert word not in f"{text.message} {text.next_step}".lower()


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_has_a_message_and_a_next_step_with_the_link(reason: FailureReason) -> None:
    assert FAILURE_TEXTS[reason].message
    assert "same invoice link" in FAILURE_TEXTS[reason].next_step
