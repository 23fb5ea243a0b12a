"""The reason for a failed payment that POM returns, as read from Stripe's objects."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.adapters.stripe.objects import Charge, PaymentIntent
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.payment_facts import PaymentFailure


def of_intent(error: dict[str, Any] | None) -> PaymentFailure | None:
    """Returns the failure that is read from an intent whose latest attempt has this error."""
    stripe_json = {"id": "pi_1", "status": "requires_payment_method", "amount": 7500, "currency": "usd"}
    intent = msgspec.json.encode({**stripe_json, "last_payment_error": error})
    return msgspec.json.decode(intent, type=PaymentIntent).fact(as_of=1).failure


def of_charge(code: str | None, outcome: dict[str, Any] | None) -> PaymentFailure | None:
    """Returns the failure that is read from a failed charge."""
    stripe_json = {"id": "ch_1", "status": "failed", "amount": 7500, "currency": "usd", "created": 1}
    charge = msgspec.json.encode({**stripe_json, "failure_code": code, "outcome": outcome})
    return msgspec.json.decode(charge, type=Charge).fact(as_of=1).failure


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": "incorrect_postal_code", "type": "card_error"}, FailureReason.INCORRECT_DETAILS),
        ({"code": "bank_account_declined", "decline_code": None}, FailureReason.BANK_DECLINED),
        ({"code": "payment_method_bank_account_blocked"}, FailureReason.BANK_DECLINED),
        ({"code": "expired_payment_method"}, FailureReason.EXPIRED_CARD),
        ({"code": "payment_method_provider_decline"}, FailureReason.CARD_DECLINED),
        ({"code": "payment_method_customer_decline"}, FailureReason.AUTHENTICATION_REQUIRED),
        ({"code": "card_declined", "decline_code": "fraudulent"}, FailureReason.CARD_DECLINED),
        ({"code": "api_key_expired"}, FailureReason.OTHER),
        ({"message": "The payment failed."}, FailureReason.OTHER),
    ],
)
def test_an_intent_has_the_reason_of_its_latest_failure(error: dict[str, Any], reason: FailureReason) -> None:
    assert of_intent(error) == PaymentFailure(reason)


def test_an_intent_without_an_error_has_no_failure() -> None:
    assert of_intent(None) is None


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("card_declined", {"type": "blocked", "reason": "highest_risk_level"}, FailureReason.CARD_DECLINED),
        ("account_closed", None, FailureReason.BANK_DECLINED),
        ("incorrect_postal_code", {"type": "issuer_declined", "reason": None}, FailureReason.INCORRECT_DETAILS),
        (None, None, FailureReason.OTHER),
    ],
)
def test_a_failed_charge_has_its_reason(
    code: str | None, outcome: dict[str, Any] | None, reason: FailureReason
) -> None:
    assert of_charge(code, outcome) == PaymentFailure(reason)
