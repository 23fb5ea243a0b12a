"""An example of the items that need a person's attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import DASHBOARD, FAILED_INVOICE_ID, FAILED_NUMBER, FAILED_STRIPE_INVOICE_ID
from chalicelib.api.models.attention import AttentionList
from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason

_COUNTS = {AttentionKind.PAYMENT_FAILED: 1, AttentionKind.CUSTOMER_WITHOUT_EMAIL: 1}

ATTENTION_EXAMPLES: Mapping[type, Any] = {
    AttentionList: {
        "data": [
            {
                "id": f"payment_failed:{FAILED_INVOICE_ID}",
                "kind": "payment_failed",
                "at": "2026-11-25T08:00:11Z",
                "message": f"The payment of invoice {FAILED_NUMBER} over 120.00 USD failed on 25 November 2026. "
                "The payment was declined: insufficient funds.",
                "nextStep": FAILURE_TEXTS[FailureReason.INSUFFICIENT_FUNDS].next_step,
                "invoiceId": FAILED_INVOICE_ID,
                "number": FAILED_NUMBER,
                "customerId": "cust_457",
                "customerName": "Sam Ortiz",
                "stripeInvoiceId": FAILED_STRIPE_INVOICE_ID,
                "payoutId": None,
                "amount": "120.00",
                "currency": "usd",
                "dueBy": "2026-12-25T06:59:59Z",
                "dashboardUrl": f"{DASHBOARD}/invoices/{FAILED_STRIPE_INVOICE_ID}",
            },
            {
                "id": "customer_without_email:cust_789",
                "kind": "customer_without_email",
                "at": "2026-11-20T15:04:05Z",
                "message": "Ann Lee has no e-mail address, so no invoice can be sent to this customer.",
                "nextStep": "Enter the customer's e-mail address in POM.",
                "invoiceId": None,
                "number": None,
                "customerId": "cust_789",
                "customerName": "Ann Lee",
                "stripeInvoiceId": None,
                "payoutId": None,
                "amount": None,
                "currency": None,
                "dueBy": None,
                "dashboardUrl": None,
            },
        ],
        "counts": [{"kind": kind.value, "count": _COUNTS.get(kind, 0), "atLeast": False} for kind in AttentionKind],
    },
}
