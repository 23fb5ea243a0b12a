"""Examples of error answers: what `details` has where several things are wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, NUMBER

ERROR_EXAMPLES: Mapping[int, Sequence[dict[str, Any]]] = {
    400: [
        {
            "code": "invalid_body",
            "message": "Expected a decimal such as 75.00.",
            "field": "lineItems[0].quantity",
            "nextStep": "Compare it with /v1/openapi.json.",
            "invoiceId": None,
            "number": None,
        },
        {
            "code": "invalid_body",
            "message": "This field is missing.",
            "field": "lineItems[2].unitPrice",
            "nextStep": "Compare it with /v1/openapi.json.",
            "invoiceId": None,
            "number": None,
        },
    ],
    409: [
        {
            "code": "service_already_billed",
            "message": f"The service svc_001 is on the invoice {NUMBER} ({INVOICE_ID}) already.",
            "field": "lineItems[0].serviceId",
            "nextStep": f"Leave the service out, or void the invoice {NUMBER} ({INVOICE_ID}) first.",
            "invoiceId": INVOICE_ID,
            "number": NUMBER,
        },
    ],
    422: [
        {
            "code": "quantity_invalid",
            "message": "The quantity must be more than 0 and at most 100000.",
            "field": "lineItems[0].quantity",
            "nextStep": "Correct the quantity, or leave the service out.",
            "invoiceId": None,
            "number": None,
        },
        {
            "code": "payment_terms_unknown",
            "message": "These payment terms are not known.",
            "field": "paymentTerms",
            "nextStep": "Use one of due_on_receipt, net_7, net_15, net_30, net_60, or days_N with N from 0 to 365.",
            "invoiceId": None,
            "number": None,
        },
    ],
}
"""By status: the details of one answer."""
