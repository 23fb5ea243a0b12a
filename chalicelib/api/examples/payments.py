"""Examples of payments, refunds and disputes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, LAST_PAGE
from chalicelib.api.examples.deposits import PAYMENT_ID, PAYMENT_SETTLED, PAYOUT_ID, REFUND_ID, REFUND_SETTLED
from chalicelib.api.models.movements import MovementList

MASTERCARD = {"type": "card", "brand": "mastercard", "last4": "4444"}
MASTERCARD_WITH_EXPIRY = {**MASTERCARD, "expires": "2028-11"}

PAYMENT_EXAMPLES: Mapping[type, Any] = {
    MovementList: {
        "data": [
            {
                **REFUND_SETTLED,
                "id": REFUND_ID,
                "kind": "refund",
                "status": "succeeded",
                "at": "2026-11-26T02:30:00Z",
                "amount": "20.00",
                "receivedAmount": "-20.00",
                "currency": "usd",
                "method": MASTERCARD,
                "paymentId": PAYMENT_ID,
                "invoiceId": INVOICE_ID,
                "number": "A1B2C3D4-0001",
                "customerId": "cust_456",
                "customerName": "Dana Reyes",
                "reason": "requested_by_customer",
            },
            {
                **PAYMENT_SETTLED,
                "id": PAYMENT_ID,
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
                "customerName": "Dana Reyes",
                "reason": None,
            },
        ],
        "pageInfo": LAST_PAGE,
    },
}

PAYMENT_CSV_EXAMPLES: Mapping[type, str] = {
    MovementList: "\r\n".join(
        [
            "Day,Time,Kind,Status,Amount,Received,Currency,Method,Brand,Last 4,Invoice number,Customer,"
            "Customer name,Reason,ID,"
            "Payment ID,Invoice ID,Fee status,Fee,Net,Settlement currency,Exchange rate,"
            "Amount before exchange,Currency before exchange,Deposit,Deposit status,Payout",
            "2026-11-25,2026-11-26T02:30:00Z,refund,succeeded,20.00,-20.00,USD,card,mastercard,4444,A1B2C3D4-0001,"
            f"cust_456,Dana Reyes,requested_by_customer,{REFUND_ID},{PAYMENT_ID},{INVOICE_ID},known,0.00,"
            f"-20.00,USD,,,,2026-12-01,arrived,{PAYOUT_ID}",
            "2026-11-25,2026-11-25T17:12:40Z,payment,succeeded,121.50,121.50,USD,card,mastercard,4444,A1B2C3D4-0001,"
            f"cust_456,Dana Reyes,,{PAYMENT_ID},,{INVOICE_ID},known,3.82,117.68,USD,,,,"
            f"2026-12-01,arrived,{PAYOUT_ID}",
            "",
        ]
    ),
}
"""The same examples as CSV, for a company in Phoenix."""
