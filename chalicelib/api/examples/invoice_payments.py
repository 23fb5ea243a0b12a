"""Examples of the payments of an invoice: declined at first, then paid, and refunded in part."""

from __future__ import annotations

from typing import Any

from chalicelib.api.examples.common import DASHBOARD
from chalicelib.api.examples.deposits import PAYMENT_ID, PAYMENT_SETTLED, REFUND_ID, REFUND_SETTLED
from chalicelib.api.examples.payments import MASTERCARD_WITH_EXPIRY
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason

CARD_DECLINED, PAID_AT, REFUNDED_AT = "2026-11-24T08:00:11Z", "2026-11-25T17:12:40Z", "2026-11-26T02:30:00Z"

FAILURE = {
    "reason": "insufficient_funds",
    "message": FAILURE_TEXTS[FailureReason.INSUFFICIENT_FUNDS].message,
    "nextStep": FAILURE_TEXTS[FailureReason.INSUFFICIENT_FUNDS].next_step,
    "at": "2026-11-25T08:00:11Z",
}

VISA = {"type": "card", "brand": "visa", "last4": "9995", "expires": "2027-04"}

PAYMENTS = [
    {
        **PAYMENT_SETTLED,
        "id": PAYMENT_ID,
        "status": "succeeded",
        "at": PAID_AT,
        "amount": "121.50",
        "currency": "usd",
        "method": MASTERCARD_WITH_EXPIRY,
        "receiptUrl": "https://pay.stripe.com/receipts/invoices/CAcaFwoVYWNjdF8xUGdjNnRKOXFMMnBvb2w",
        "dashboardUrl": f"{DASHBOARD}/payments/{PAYMENT_ID}",
        "failure": None,
        "outside": None,
        "refundable": "101.50",
        "refunds": [
            {
                **REFUND_SETTLED,
                "id": REFUND_ID,
                "status": "succeeded",
                "at": REFUNDED_AT,
                "amount": "20.00",
                "reason": "requested_by_customer",
                "failureReason": None,
                "source": "pom",
                "actor": "user_1",
            }
        ],
        "disputes": list[Any](),
    }
]
