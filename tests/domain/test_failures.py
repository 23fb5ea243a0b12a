"""Every failure code that Stripe publishes has a reason in words that an office worker can act on."""

from __future__ import annotations

import msgspec
import pytest
import stripe

from chalicelib.domain.failures import (
    FAILURE_TEXTS,
    NOT_ABOUT_AN_ATTEMPT,
    REASON_BY_CODE,
    FailureReason,
    failure_reason,
)
from tests.literals import literals

TABLE = {
    "insufficient_funds": """
        insufficient_funds withdrawal_count_limit_exceeded card_velocity_exceeded payment_limit_exceeded""",
    "expired_card": "expired_card expired_payment_information expired_payment_method",
    "incorrect_details": """
        incorrect_number incorrect_cvc incorrect_zip incorrect_postal_code incorrect_address incorrect_pin
        invalid_number invalid_cvc invalid_expiry_month invalid_expiry_year invalid_pin invalid_account
        invalid_customer_account invalid_payment_information no_account account_number_invalid
        routing_number_invalid postal_code_invalid incorrect_account_holder_name""",
    "authentication_required": """
        authentication_required payment_intent_authentication_failure mobile_device_authentication_required""",
    "bank_declined": """
        bank_account_declined account_closed bank_account_closed debit_not_authorized bank_account_restricted
        bank_ownership_changed bank_account_unusable payment_method_bank_account_blocked invalid_currency
        refer_to_customer""",
    "card_declined": """
        card_declined generic_decline do_not_honor call_issuer card_not_supported currency_not_supported fraudulent
        lost_card stolen_card pickup_card restricted_card merchant_blacklist security_violation service_not_allowed
        transaction_not_allowed not_permitted no_action_taken revocation_of_authorization
        revocation_of_all_authorizations stop_payment_order pin_try_exceeded partner_generic_decline
        partner_high_risk_customer highest_risk_level rule card_decline_rate_limit_exceeded
        payment_method_provider_decline""",
    "other": """
        processing_error issuer_not_available reenter_transaction try_again_later duplicate_transaction
        invalid_amount approve_with_id account_invalid api_key_expired parameter_missing a_code_of_tomorrow""",
}
CODES = [(code, FailureReason(reason)) for reason, codes in TABLE.items() for code in codes.split()]

DECLINE_CODES = """
    authentication_required authentication_not_handled approve_with_id call_issuer card_not_supported
    card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card
    fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
    insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year
    invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist new_account_information_available
    no_action_taken not_permitted offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded
    processing_error reenter_transaction restricted_card revocation_of_all_authorizations
    revocation_of_authorization security_violation service_not_allowed stolen_card stop_payment_order
    testmode_decline transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
    mobile_device_authentication_required

    partner_generic_decline invalid_customer_account payment_limit_exceeded invalid_billing_agreement
    partner_expired_card partner_processing_error partner_insufficient_funds partner_invalid_currency
    partner_invalid_amount invalid_business_account partner_high_risk_customer compliance_violation
    payment_disputed invalid_authorization invalid_payment_information partner_payment_not_found
    expired_payment_information partner_duplicate_transaction
""".split()
"""https://docs.stripe.com/declines/codes as of April 2026: cards, then local payment methods."""

BANK_DEBIT_CODES = """
    insufficient_funds bank_account_closed bank_account_invalid_details debit_not_authorized

    account_closed bank_ownership_changed invalid_account_number generic_could_not_process

    refer_to_customer debit_disputed authorization_revoked bank_account_restricted debit_authorization_not_match
    recipient_deceased branch_does_not_exist incorrect_account_holder_name

    no_account account_frozen incorrect_account_holder_address incorrect_account_holder_tax_id invalid_currency
""".split()
"""The failure codes of bank debits.

The sources are ACH (https://docs.stripe.com/declines/network-codes), Bacs
(https://docs.stripe.com/payments/payment-methods/bacs-debit), SEPA (https://docs.stripe.com/payments/sepa-debit), and
the additional codes of Treasury's debits (https://docs.stripe.com/api/treasury/inbound_transfers/object).
"""

OUTCOME_REASONS = ("highest_risk_level", "elevated_risk_level", "low_probability_of_authorization", "rule")
"""https://docs.stripe.com/api/charges/object#charge_object-outcome-reason"""

SUSPICIONS = """
    fraudulent lost_card stolen_card lost_or_stolen_card pickup_card restricted_card merchant_blacklist
    security_violation compliance_violation partner_high_risk_customer
""".split()

REVEALING_WORDS = ("fraud", "suspic", "risk", "lost", "stolen", "blacklist", "block", "radar", "deceased", "security")


def sdk_codes() -> set[str]:
    """Returns the failure codes that Stripe's own library lists for a payment intent."""
    return set(literals(stripe.PaymentIntent.LastPaymentError.__annotations__["code"]))


def sdk_blocks() -> set[str]:
    """Returns the reasons that Stripe's own library lists for a blocked bank account."""
    return set(literals(stripe.PaymentMethod.UsBankAccount.StatusDetails.Blocked.__annotations__["reason"]))


@pytest.mark.parametrize(("code", "reason"), CODES)
def test_a_code_has_its_reason_wherever_stripe_puts_it(code: str, reason: FailureReason) -> None:
    assert failure_reason(code, None) is reason
    is_error_code = code in REASON_BY_CODE
    assert failure_reason("card_declined", code) is (reason if is_error_code else FailureReason.CARD_DECLINED)


def test_the_decline_code_wins_over_the_error_code() -> None:
    assert failure_reason("card_declined", "insufficient_funds") is FailureReason.INSUFFICIENT_FUNDS
    assert failure_reason("expired_card", "generic_decline") is FailureReason.CARD_DECLINED


def test_an_unknown_decline_code_falls_back_to_the_code() -> None:
    assert failure_reason("expired_card", "something_new") is FailureReason.EXPIRED_CARD


def test_a_failure_without_a_code_has_the_reason_other() -> None:
    assert failure_reason(None, None) is FailureReason.OTHER
    assert failure_reason("", "") is FailureReason.OTHER


def test_every_code_that_stripes_library_lists_for_an_intent_is_classified() -> None:
    published_codes = sdk_codes()
    assert len(published_codes) > 200
    assert published_codes - set(REASON_BY_CODE) - NOT_ABOUT_AN_ATTEMPT == set()


def test_every_block_that_stripes_library_lists_for_a_bank_account_has_a_reason() -> None:
    published_codes = sdk_blocks()
    assert len(published_codes) >= 6
    assert published_codes - set(REASON_BY_CODE) == set()


@pytest.mark.parametrize(
    "published_codes", [DECLINE_CODES, BANK_DEBIT_CODES, OUTCOME_REASONS], ids=["cards", "banks", "radar"]
)
def test_every_code_of_stripes_documentation_is_classified(published_codes: list[str]) -> None:
    assert set(published_codes) - set(REASON_BY_CODE) - NOT_ABOUT_AN_ATTEMPT == set()


def test_no_code_is_classified_twice() -> None:
    assert set(REASON_BY_CODE) & NOT_ABOUT_AN_ATTEMPT == set()


@pytest.mark.parametrize("code", sorted(NOT_ABOUT_AN_ATTEMPT))
def test_a_code_that_is_not_about_an_attempt_has_the_reason_other(code: str) -> None:
    assert failure_reason(code, None) is FailureReason.OTHER


@pytest.mark.parametrize("code", [*SUSPICIONS, *OUTCOME_REASONS])
def test_suspected_fraud_is_shown_as_a_plain_decline(code: str) -> None:
    assert failure_reason("card_declined", code) is FailureReason.CARD_DECLINED
    assert failure_reason(code, None) is FailureReason.CARD_DECLINED


@pytest.mark.parametrize("reason", FailureReason)
def test_no_reason_mentions_fraud(reason: FailureReason) -> None:
    text = FAILURE_TEXTS[reason]
    texts = f"{reason} {text.message} {text.next_step}".lower()
    assert [word for word in REVEALING_WORDS if word in texts] == []


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_has_a_message_and_a_next_step_with_the_link(reason: FailureReason) -> None:
    assert FAILURE_TEXTS[reason].message
    assert "same invoice link" in FAILURE_TEXTS[reason].next_step


def test_a_declined_bank_debit_suggests_another_way_to_pay() -> None:
    text = FAILURE_TEXTS[FailureReason.BANK_DECLINED]
    assert "bank debit" in text.message
    assert all(way in text.next_step for way in ("card", "another bank account", "ask their bank"))


def test_a_reason_stored_by_a_later_release_is_read_as_other() -> None:
    assert msgspec.json.decode(b'"a_reason_of_tomorrow"', type=FailureReason) is FailureReason.OTHER
