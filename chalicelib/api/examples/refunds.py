"""Examples of refunds that are ordered in POM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, ResponseExamples
from chalicelib.api.models.payments import REQUESTED
from chalicelib.api.models.refunds import NewRefund, OrderedRefundView

REFUND = {
    "id": "re_1Nispe2eZvKYlo2Cd31jOCgZ",
    "status": "succeeded",
    "amount": "20.00",
    "currency": "usd",
    "reason": "requested_by_customer",
    "paymentId": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "invoiceId": INVOICE_ID,
}

REFUND_EXAMPLES: Mapping[type, Any] = {
    NewRefund: {"amount": "20.00", "reason": "requested_by_customer"},
    OrderedRefundView: REFUND,
}

REFUND_RESPONSES: ResponseExamples = {
    ("refund_payment", 202): {"not answered yet": {**REFUND, "id": None, "status": REQUESTED}},
}
