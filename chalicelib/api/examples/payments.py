"""Examples of money in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, LAST_PAGE
from chalicelib.api.models.movements import MovementList

MASTERCARD = {"type": "card", "brand": "mastercard", "last4": "4444"}

PAYMENT_EXAMPLES: Mapping[type, Any] = {
    MovementList: {
        "data": [
            {
                "id": "re_1Nispe2eZvKYlo2Cd31jOCgZ",
                "kind": "refund",
                "status": "succeeded",
                "at": "2026-11-26T02:30:00Z",
                "amount": "20.00",
                "receivedAmount": "-20.00",
                "currency": "usd",
                "method": MASTERCARD,
                "paymentId": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
                "invoiceId": INVOICE_ID,
                "number": "A1B2C3D4-0001",
                "customerId": "cust_456",
                "reason": "requested_by_customer",
            },
            {
                "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
                "kind": "payment",
                "status": "succeeded",
                "at": "2026-11-25T17:12:40Z",
                "amount": "121.50",
                "receivedAmount": "121.50",
                "currency": "usd",
                "method": MASTERCARD,
                "paymentId": None,
                "invoiceId": INVOICE_ID,
                "number": "A1B2C3D4-0001",
                "customerId": "cust_456",
                "reason": None,
            },
        ],
        "pageInfo": LAST_PAGE,
    },
}

CSV_EXAMPLES: Mapping[type, str] = {
    MovementList: "\r\n".join(
        [
            "Day,Time,Kind,Status,Amount,Received,Currency,Method,Brand,Last 4,Invoice number,Customer,Reason,ID,"
            "Payment ID,Invoice ID",
            "2026-11-25,2026-11-26T02:30:00Z,refund,succeeded,20.00,-20.00,USD,card,mastercard,4444,A1B2C3D4-0001,"
            f"cust_456,requested_by_customer,re_1Nispe2eZvKYlo2Cd31jOCgZ,pi_3MtwBwLkdIwHu7ix28a3tqPa,{INVOICE_ID}",
            "2026-11-25,2026-11-25T17:12:40Z,payment,succeeded,121.50,121.50,USD,card,mastercard,4444,A1B2C3D4-0001,"
            f"cust_456,,pi_3MtwBwLkdIwHu7ix28a3tqPa,,{INVOICE_ID}",
            "",
        ]
    ),
}
"""The same as tables, for a company in Phoenix."""
