"""An example of what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID
from chalicelib.api.models.attention import AttentionList
from chalicelib.domain.attention import AttentionKind

FOUND = {AttentionKind.DISPUTE_NEEDS_RESPONSE: 1, AttentionKind.CUSTOMER_WITHOUT_EMAIL: 1}

ATTENTION_EXAMPLES: Mapping[type, Any] = {
    AttentionList: {
        "data": [
            {
                "id": "dispute_needs_response:du_1MtJUT2eZvKYlo2CNaw2HvEv",
                "kind": "dispute_needs_response",
                "at": "2026-11-27T09:12:40Z",
                "message": "The customer's bank disputes 121.50 USD of invoice A1B2C3D4-0001. "
                "The evidence is due in 9 days, by 7 December 2026.",
                "nextStep": "Answer the dispute in the Stripe dashboard, or accept it there. "
                "Do not give the money back in another way.",
                "invoiceId": INVOICE_ID,
                "number": "A1B2C3D4-0001",
                "customerId": "cust_456",
                "stripeInvoiceId": "in_1MtHbELkdIwHu7ixl4OzzPMv",
                "payoutId": None,
                "amount": "121.50",
                "currency": "usd",
                "dueBy": "2026-12-07T23:59:59Z",
                "dashboardUrl": "https://dashboard.stripe.com/acct_1032D82eZvKYlo2C/disputes/"
                "du_1MtJUT2eZvKYlo2CNaw2HvEv",
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
                "stripeInvoiceId": None,
                "payoutId": None,
                "amount": None,
                "currency": None,
                "dueBy": None,
                "dashboardUrl": None,
            },
        ],
        "counts": [{"kind": kind.value, "count": FOUND.get(kind, 0), "atLeast": False} for kind in AttentionKind],
    },
}
