"""Examples of previewing and editing a draft, and of a correction, which creates one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import (
    COPY_ID,
    COPY_STRIPE_INVOICE_ID,
    DASHBOARD,
    INVOICE_ID,
    ResponseExamples,
)
from chalicelib.api.examples.invoices import CREATING, DRAFT
from chalicelib.api.models.corrections import Correction
from chalicelib.api.models.invoice_preview import NOTICE, InvoicePreview
from chalicelib.api.models.new_invoices import DraftOrder

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

NEW_ORDER = {
    "lineItems": [
        {
            "serviceId": "svc_001",
            "description": "Weekly pool cleaning",
            "quantity": 1.5,
            "unitPrice": "75.00",
            "taxable": True,
            "serviceDate": "2026-11-21",
        }
    ],
    "deductions": [{"kind": "credit", "description": "Visit that was missed", "amount": "20.00"}],
    "paymentTerms": "net_15",
    "tax": "9.00",
}

EDITED: dict[str, Any] = {
    **DRAFT,
    "lineItems": DRAFT["lineItems"][:1],
    "deductions": NEW_ORDER["deductions"],
    "subtotal": "112.50",
    "total": "101.50",
    "balance": "101.50",
    "memo": None,
    "updatedAt": "2026-11-23T15:20:31Z",
}
"""The draft after `NEW_ORDER` replaced its order."""

BEING_EDITED = {**DRAFT, "status": "creating", "updatedAt": "2026-11-23T15:20:29Z"}
"""The draft while POM waits for Stripe. It still has its former order."""

COPY_BEING_MADE: dict[str, Any] = {
    **CREATING,
    "id": COPY_ID,
    "correctsInvoiceId": INVOICE_ID,
    "createdAt": "2026-11-24T09:00:00Z",
    "updatedAt": "2026-11-24T09:00:00Z",
}
COPY = {
    **COPY_BEING_MADE,
    "status": "draft",
    "stripeInvoiceId": COPY_STRIPE_INVOICE_ID,
    "dashboardUrl": f"{DASHBOARD}/invoices/{COPY_STRIPE_INVOICE_ID}",
    "updatedAt": "2026-11-24T09:00:02Z",
}
"""The draft copy that replaces the corrected invoice."""

DRAFT_EXAMPLES: Mapping[type, Any] = {
    Correction: {"confirmed": True},
    DraftOrder: NEW_ORDER,
    InvoicePreview: PREVIEW,
}

DRAFT_RESPONSES: ResponseExamples = {
    ("edit_invoice", 200): {"edited": EDITED},
    ("edit_invoice", 202): {"being edited": BEING_EDITED},
    ("correct_invoice", 201): {"copy": COPY},
    ("correct_invoice", 202): {"copy being made": COPY_BEING_MADE},
}
