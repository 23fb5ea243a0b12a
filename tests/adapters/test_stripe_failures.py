"""What POM shows of a failed attempt, from what Stripe sends of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.adapters.stripe.objects import Charge, PaymentIntent
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.payment_facts import PaymentFailure


def of_intent(error: dict[str, Any] | None) -> PaymentFailure | None:
    """Returns what is read of an intent whose latest attempt failed like this."""
    sent = {"id": "pi_1", "status": "requires_payment_method", "amount": 7500, "currency": "usd"}
    intent = msgspec.json.encode({**sent, "last_payment_error": error})
    return msgspec.json.decode(intent, type=PaymentIntent).fact(as_of=1).failure


def of_charge(code: str | None, outcome: dict[str, Any] | None) -> PaymentFailure | None:
    """Returns what is read of a charge that failed like this."""
    sent = {"id": "ch_1", "status": "failed", "amount": 7500, "currency": "usd", "created": 1}
    charge = msgspec.json.encode({**sent, "failure_code": code, "outcome": outcome})
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
def test_an_intent_tells_why_its_latest_attempt_failed(error: dict[str, Any], reason: FailureReason) -> None:
    assert of_intent(error) == PaymentFailure(reason)


def test_an_intent_without_an_error_tells_of_no_failure() -> None:
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
def test_a_failed_charge_tells_why(code: str | None, outcome: dict[str, Any] | None, reason: FailureReason) -> None:
    assert of_charge(code, outcome) == PaymentFailure(reason)
