"""Examples of batches of invoices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import BATCH_INVOICE_ID, LAST_PAGE, ResponseExamples, only_error
from chalicelib.api.models.invoice_batches import InvoiceBatchDetail, InvoiceBatchList, InvoiceBatchView
from chalicelib.api.models.new_invoices import NewInvoiceBatch

BATCH: dict[str, Any] = {
    "id": "bat_7c3m5q2xk4jw6ranfhz3l5e7ta",
    "status": "completed",
    "total": 2,
    "counts": {"queued": 0, "created": 0, "sent": 1, "failed": 1, "heldBack": 0, "cancelled": 0},
    "createdAt": "2026-11-30T17:00:00Z",
    "sendRequestedAt": None,
    "sendCancelledAt": None,
}
BEGUN = {
    **BATCH,
    "status": "running",
    "counts": {"queued": 2, "created": 0, "sent": 0, "failed": 0, "heldBack": 0, "cancelled": 0},
}
TRIED_AGAIN = {
    **BATCH,
    "status": "running",
    "counts": {"queued": 1, "created": 0, "sent": 1, "failed": 0, "heldBack": 0, "cancelled": 0},
}
CANCELLED = {
    **BATCH,
    "status": "cancelling",
    "counts": {"queued": 0, "created": 0, "sent": 1, "failed": 0, "heldBack": 0, "cancelled": 1},
}
BEING_SENT = {
    **BEGUN,
    "sendRequestedAt": "2026-11-30T17:20:00Z",
}
"""A batch whose two reviewed drafts are being sent."""

EMAIL_MISSING = {
    "code": "customer_email_missing",
    "message": "This customer has no e-mail address, so Stripe cannot send an invoice.",
    "next_step": "Add an e-mail address to the customer.",
}

BEING_SENT = {
    **BATCH,
    "status": "running",
    "counts": {"queued": 2, "created": 0, "sent": 0, "failed": 0, "heldBack": 0, "cancelled": 0},
    "sendRequestedAt": "2026-11-30T18:00:00Z",
}
REVIEWED = {
    **BATCH,
    "counts": {"queued": 0, "created": 0, "sent": 1, "failed": 0, "heldBack": 1, "cancelled": 0},
    "sendRequestedAt": "2026-11-30T18:00:00Z",
    "items": [
        {
            "customerId": "cust_456",
            "customerName": "Dana Reyes",
            "status": "sent",
            "invoiceId": BATCH_INVOICE_ID,
            "number": "A1B2C3D4-0003",
            "total": "75.00",
            "currency": "usd",
            "error": None,
        },
        {
            "customerId": "cust_457",
            "customerName": "Sam Ortiz",
            "status": "held_back",
            "invoiceId": "inv_7ranfhz3l5e7ta2m3c5q7xk4j6",
            "number": None,
            "total": "120.00",
            "currency": "usd",
            "error": only_error(**EMAIL_MISSING, field="services[1].customerId"),
        },
    ],
    "pageInfo": LAST_PAGE,
    "invoicingPaused": None,
}
"""A batch that was sent after a review, with one draft held back."""

BATCH_EXAMPLES: Mapping[type, Any] = {
    InvoiceBatchDetail: {
        **BATCH,
        "items": [
            {
                "customerId": "cust_456",
                "customerName": "Dana Reyes",
                "status": "sent",
                "invoiceId": BATCH_INVOICE_ID,
                "number": "A1B2C3D4-0003",
                "total": "75.00",
                "currency": "usd",
                "error": None,
            },
            {
                "customerId": "cust_457",
                "customerName": "Sam Ortiz",
                "status": "failed",
                "invoiceId": None,
                "number": None,
                "total": None,
                "currency": None,
                "error": only_error(**EMAIL_MISSING, field="services[1].customerId"),
            },
        ],
        "pageInfo": LAST_PAGE,
        "invoicingPaused": None,
    },
    InvoiceBatchList: {"data": [BATCH], "pageInfo": LAST_PAGE},
    InvoiceBatchView: BEGUN,
    NewInvoiceBatch: {
        "services": [
            {
                "customerId": "cust_456",
                "serviceId": "svc_101",
                "description": "Weekly pool cleaning",
                "quantity": 1,
                "unitPrice": "75.00",
                "serviceDate": "2026-11-28",
            },
            {
                "customerId": "cust_457",
                "serviceId": "svc_102",
                "description": "Filter cleaning",
                "quantity": 1,
                "unitPrice": "120.00",
            },
        ],
        "paymentTerms": "net_15",
        "send": True,
    },
}

BATCH_RESPONSES: ResponseExamples = {
    ("get_invoice_batch", 200): {"sent at once": BATCH_EXAMPLES[InvoiceBatchDetail], "reviewed and sent": REVIEWED},
    ("send_invoice_batch", 202): {"being sent": BEING_SENT},
    ("retry_invoice_batch", 202): {"tried again": TRIED_AGAIN},
    ("cancel_invoice_batch", 200): {"cancelled": CANCELLED},
}
