"""Examples of batches of invoices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, LAST_PAGE, MORE_PAGES, only_error
from chalicelib.api.models.invoice_batches import InvoiceBatchDetail, InvoiceBatchList, InvoiceBatchView
from chalicelib.api.models.new_invoices import NewInvoiceBatch

BATCH = {
    "id": "bat_7c3m5q2xk4jw6ranfhz3l5e7ta",
    "status": "running",
    "total": 320,
    "counts": {"queued": 118, "created": 0, "sent": 200, "failed": 2, "cancelled": 0},
    "createdAt": "2026-11-30T17:00:00Z",
}

EMAIL_MISSING = {
    "code": "customer_email_missing",
    "message": "This customer has no e-mail address, so Stripe cannot send an invoice.",
    "next_step": "Add an e-mail address to the customer.",
}

BATCH_EXAMPLES: Mapping[type, Any] = {
    InvoiceBatchDetail: {
        **BATCH,
        "items": [
            {"customerId": "cust_456", "status": "sent", "invoiceId": INVOICE_ID, "error": None},
            {
                "customerId": "cust_457",
                "status": "failed",
                "invoiceId": None,
                "error": only_error(**EMAIL_MISSING),
            },
        ],
        "pageInfo": MORE_PAGES,
        "invoicingPaused": {"since": "2026-11-23T15:10:00Z", "reason": "We look into two invoices for one service."},
    },
    InvoiceBatchList: {"data": [BATCH], "pageInfo": LAST_PAGE},
    InvoiceBatchView: BATCH,
    NewInvoiceBatch: {
        "services": [
            {
                "customerId": "cust_456",
                "serviceId": "svc_001",
                "description": "Weekly pool cleaning",
                "quantity": 1,
                "unitPrice": "75.00",
                "taxable": True,
            },
            {
                "customerId": "cust_457",
                "serviceId": "svc_002",
                "description": "Filter cleaning",
                "quantity": 1,
                "unitPrice": "120.00",
            },
        ],
        "paymentTerms": "net_15",
        "send": True,
    },
}
