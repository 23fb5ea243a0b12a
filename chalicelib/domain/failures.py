"""The reason why a payment attempt failed, in words that an office worker can act on.

Stripe reports the reason by codes, which are grouped here into the reasons that POM shows. Codes that reveal a
suspicion of fraud are shown as a plain decline, as Stripe requires (https://docs.stripe.com/declines/codes), because
the payer must not learn more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureReason(StrEnum):
    """The reason a payment attempt failed, as POM shows it."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_DECLINED = "card_declined"
    BANK_DECLINED = "bank_declined"
    EXPIRED_CARD = "expired_card"
    INCORRECT_DETAILS = "incorrect_details"
    AUTHENTICATION_REQUIRED = "authentication_required"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> FailureReason:
        """Returns `other`, because a release must be able to read what the next release has stored."""
        return cls.OTHER


@dataclass(frozen=True, slots=True)
class FailureText:
    """The texts that POM shows with a reason."""

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
    FailureReason.BANK_DECLINED: FailureText(
        "The customer's bank declined the bank debit.",
        "Ask the customer to pay by card or with another bank account, using the same invoice link, "
        "or to ask their bank about the debit.",
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

REASON_BY_CODE: dict[str, FailureReason] = {
    code: reason
    for reason, codes in {
        FailureReason.INSUFFICIENT_FUNDS: """
            insufficient_funds partner_insufficient_funds withdrawal_count_limit_exceeded card_velocity_exceeded
            payment_limit_exceeded
        """,
        FailureReason.EXPIRED_CARD: """
            expired_card partner_expired_card expired_payment_information expired_payment_method
        """,
        FailureReason.INCORRECT_DETAILS: """
            incorrect_number incorrect_cvc incorrect_zip incorrect_postal_code incorrect_address incorrect_pin
            invalid_number invalid_cvc invalid_expiry_month invalid_expiry_year invalid_pin invalid_account
            invalid_customer_account invalid_payment_information postal_code_invalid
            payment_method_billing_details_address_missing payment_intent_konbini_rejected_confirmation_number
            requested_block_on_incorrect_cvc requested_block_on_incorrect_zip

            no_account account_number_invalid routing_number_invalid invalid_account_number branch_does_not_exist
            bank_account_invalid_details bank_account_not_found bank_account_verification_failed
            incorrect_account_holder_address incorrect_account_holder_name incorrect_account_holder_tax_id
            payment_method_microdeposit_failed payment_method_microdeposit_verification_amounts_invalid
            payment_method_microdeposit_verification_amounts_mismatch
            payment_method_microdeposit_verification_descriptor_code_mismatch
        """,
        FailureReason.AUTHENTICATION_REQUIRED: """
            authentication_required authentication_not_handled authentication_failure
            payment_intent_authentication_failure payment_intent_action_required
            invoice_payment_intent_requires_action payment_method_customer_decline
            mobile_device_authentication_required offline_pin_required online_or_offline_pin_required
        """,
        FailureReason.BANK_DECLINED: """
            bank_account_declined bank_account_restricted bank_account_unusable bank_account_bad_routing_numbers
            account_closed bank_account_closed account_frozen bank_account_frozen bank_ownership_changed
            debit_not_authorized bank_debit_not_authorized debit_authorization_not_match authorization_revoked
            debit_disputed refer_to_customer recipient_deceased invalid_currency
            payment_method_bank_account_blocked tokenized_account_number_deactivated
            payment_method_microdeposit_verification_attempts_exceeded
            financial_connections_account_unavailable_account_numbers
        """,
        FailureReason.CARD_DECLINED: """
            card_declined generic_decline do_not_honor call_issuer card_not_supported currency_not_supported
            partner_invalid_currency service_not_allowed transaction_not_allowed not_permitted no_action_taken
            revocation_of_authorization revocation_of_all_authorizations stop_payment_order pin_try_exceeded
            new_account_information_available do_not_try_again testmode_decline card_decline_rate_limit_exceeded
            partner_generic_decline payment_method_provider_decline payment_method_restricted
            invalid_authorization invalid_billing_agreement recurring_not_supported_by_bank

            fraudulent lost_card stolen_card lost_or_stolen_card pickup_card restricted_card merchant_blacklist
            security_violation compliance_violation partner_high_risk_customer highest_risk_level
            elevated_risk_level low_probability_of_authorization rule requested_block
            previously_declined_do_not_retry
        """,
        # Something went wrong, or could not be done at that time: trying again is the next step.
        FailureReason.OTHER: """
            processing_error partner_processing_error issuer_not_available reenter_transaction try_again_later
            approve_with_id duplicate_transaction partner_duplicate_transaction invalid_amount
            partner_invalid_amount partner_payment_not_found partner_action_not_supported payment_disputed
            generic_could_not_process could_not_process bank_debit_could_not_be_processed
            charge_exceeds_source_limit charge_exceeds_transaction_limit acss_debit_session_incomplete
            financial_connections_account_pending_account_numbers payment_method_microdeposit_processing_error
            payment_method_microdeposit_verification_timeout payment_intent_payment_attempt_expired
            payment_intent_payment_attempt_failed payment_method_not_available payment_method_provider_timeout
            payment_method_currency_mismatch three_d_secure_authentication_not_supported
            three_d_secure_authentication_upstream_error billing_invalid_mandate payment_intent_mandate_invalid
            india_recurring_payment_mandate_canceled
        """,
    }.items()
    for code in codes.split()
}
"""Every known code of a failed payment attempt, with its reason.

The codes are Stripe's decline codes for cards and other payment methods (https://docs.stripe.com/declines/codes), the
codes of failed bank debits (https://docs.stripe.com/declines/network-codes,
https://docs.stripe.com/payments/ach-direct-debit/blocked-bank-accounts, https://docs.stripe.com/payments/sepa-debit),
the reasons of a charge's outcome (https://docs.stripe.com/api/charges/object), and the error codes
(https://docs.stripe.com/error-codes).
"""
NOT_ABOUT_AN_ATTEMPT = frozenset(
    """
    account_country_invalid_address account_error_country_change_requires_additional_steps
    account_information_mismatch account_invalid account_token_required_for_v2_account action_blocked
    alipay_upgrade_required amount_too_large amount_too_small anomalous_money_movement_request api_key_expired
    application_fees_not_allowed approval_required balance_insufficient balance_invalid_parameter
    bank_account_exists bank_account_unverified bitcoin_upgrade_required capability_not_active
    capture_charge_authorization_expired capture_unauthorized_payment cardholder_phone_number_required
    charge_already_captured charge_already_refunded charge_disputed charge_expired_for_capture
    charge_invalid_parameter charge_not_refundable clearing_code_unsupported country_code_invalid
    country_unsupported coupon_expired customer_max_payment_methods customer_max_subscriptions
    customer_session_expired customer_tax_location_invalid dispute_evidence_page_limit_exceeded email_invalid
    failed_tax_calculation financial_account_balance_does_not_support_currency
    financial_account_capability_not_enabled financial_account_capability_restricted
    financial_connections_account_inactive financial_connections_consent_locale_invalid
    financial_connections_consent_locale_unsupported financial_connections_no_successful_transaction_refresh
    forwarding_api_inactive forwarding_api_invalid_parameter forwarding_api_retryable_upstream_error
    forwarding_api_upstream_connection_error forwarding_api_upstream_connection_timeout
    forwarding_api_upstream_error idempotency_key_in_use instant_payouts_config_disabled
    instant_payouts_currency_disabled instant_payouts_limit_exceeded instant_payouts_unsupported
    intent_invalid_state intent_verification_method_missing invalid_business_account
    invalid_canceled_subscription_fields invalid_card_type invalid_characters invalid_charge_amount
    invalid_mandate_reference_prefix_format invalid_source_usage invalid_tax_location
    invoice_no_customer_line_items invoice_no_payment_method_types invoice_no_subscription_line_items
    invoice_not_editable invoice_on_behalf_of_not_editable invoice_upcoming_none livemode_mismatch lock_timeout
    missing not_allowed_on_standard_account out_of_inventory ownership_declaration_not_allowed
    parameter_invalid_empty parameter_invalid_integer parameter_invalid_string_blank
    parameter_invalid_string_empty parameter_missing parameter_unknown parameters_exclusive
    payment_evaluation_on_api_version_not_supported payment_intent_incompatible_payment_method
    payment_intent_invalid_parameter payment_intent_rate_limit_exceeded payment_intent_unexpected_state
    payment_method_bank_account_already_verified payment_method_configuration_failures
    payment_method_invalid_parameter payment_method_invalid_parameter_testmode payment_method_unactivated
    payment_method_unexpected_state payment_method_unsupported_type payout_reconciliation_not_ready
    payouts_limit_exceeded payouts_not_allowed platform_account_required platform_api_key_expired
    product_inactive progressive_onboarding_limit_exceeded rate_limit refund_disputed_payment request_blocked
    resource_already_exists resource_missing return_intent_already_processed secret_key_required
    sepa_unsupported_account service_period_coupon_with_metered_tiered_item_unsupported setup_attempt_failed
    setup_intent_authentication_failure setup_intent_invalid_parameter setup_intent_mandate_invalid
    setup_intent_mobile_wallet_unsupported setup_intent_setup_attempt_expired setup_intent_unexpected_state
    shipping_address_invalid shipping_calculation_failed siret_invalid sku_inactive smart_disputes_not_available
    state_unsupported status_transition_invalid storer_capability_missing storer_capability_not_active
    stripe_tax_inactive subscription_update_trial_after_billing_cycle_anchor tax_id_invalid tax_id_prohibited
    taxes_calculation_failed terminal_location_country_unsupported terminal_reader_busy
    terminal_reader_hardware_fault terminal_reader_invalid_location_for_activation
    terminal_reader_invalid_location_for_payment terminal_reader_offline terminal_reader_timeout
    testmode_charges_only tls_version_unsupported token_already_used token_card_network_invalid token_in_use
    transfer_source_balance_parameters_mismatch transfers_not_allowed url_invalid
    """.split()
)
"""Stripe's codes that are about a request, an account or another product, and not about the payer.

An office cannot act on them, so they are shown as `other`.
"""


def failure_reason(code: str | None, decline_code: str | None) -> FailureReason:
    """Returns the reason that the codes stand for.

    The decline code is more precise, because with most declines the code is only `card_declined`. The code counts if
    there is no decline code, or one that Stripe does not list.
    """
    if decline_code in REASON_BY_CODE:
        return REASON_BY_CODE[decline_code]
    return REASON_BY_CODE.get(code or "", FailureReason.OTHER)
