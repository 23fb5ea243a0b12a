"""Examples of what is done with a draft before it is sent, and of the correction that makes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID
from chalicelib.api.models.corrections import Correction
from chalicelib.api.models.invoice_preview import NOTICE, InvoicePreview

PREVIEW = {
    "invoiceId": INVOICE_ID,
    "notice": NOTICE,
    "number": None,
    "company": {
        "name": "Blue Lagoon Pools",
        "supportEmail": "office@bluelagoon.example",
        "supportPhone": "+1 602 555 0123",
    },
    "billTo": {
        "customerId": "cust_456",
        "name": "Dana Reyes",
        "email": None,
        "address": ["12 Palm Drive", "Phoenix, AZ 85001", "US"],
    },
    "date": "2026-11-23",
    "dueDate": "2026-12-23",
    "dueInWords": "Due 30 days after it is sent.",
    "currency": "usd",
    "lineItems": [
        {
            "text": "Weekly pool cleaning (21 November 2026; 1.5 x 75.00)",
            "quantity": "1.5",
            "unitPrice": "75.00",
            "amount": "112.50",
            "serviceDate": "2026-11-21",
        },
        {
            "text": "Chlorine tablets",
            "quantity": "1",
            "unitPrice": "10.00",
            "amount": "10.00",
            "serviceDate": None,
        },
    ],
    "deductions": [{"kind": "discount", "text": "For a good customer", "amount": "10.00"}],
    "subtotal": "122.50",
    "tax": "9.00",
    "total": "121.50",
    "memo": "Thank you.",
    "footer": None,
    "customFields": [],
    "paymentMethods": ["Card", "US bank account"],
    "warnings": [
        {
            "code": "customer_email_missing",
            "message": "This customer has no e-mail address, so Stripe cannot send an invoice.",
            "nextStep": "Add an e-mail address to the customer.",
        }
    ],
}

DRAFT_EXAMPLES: Mapping[type, Any] = {Correction: {"confirmed": True}, InvoicePreview: PREVIEW}
