"""Examples of one invoice from the order to the refund, and of the summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import (
    CUSTOMER_ID,
    DASHBOARD,
    FAILED_INVOICE_ID,
    FAILED_NUMBER,
    FAILED_STRIPE_INVOICE_ID,
    INVOICE_ID,
    LAST_PAGE,
    NUMBER,
    OFFICE,
    STRIPE_INVOICE_ID,
    WHOLE_LIST,
    ResponseExamples,
)
from chalicelib.api.examples.deposits import PAYMENT_ID, REFUND_ID
from chalicelib.api.examples.invoice_payments import CARD_DECLINED, FAILURE, PAID_AT, PAYMENTS, REFUNDED_AT, VISA
from chalicelib.api.examples.payments import MASTERCARD_WITH_EXPIRY
from chalicelib.api.models.event_log import KEPT_DAYS, InvoiceEvents
from chalicelib.api.models.history import InvoiceHistory
from chalicelib.api.models.invoice_details import InvoiceDetail
from chalicelib.api.models.invoice_lists import InvoiceList
from chalicelib.api.models.invoices import InvoiceView
from chalicelib.api.models.new_invoices import NewInvoice
from chalicelib.api.models.outside_payment import OutsidePayment
from chalicelib.api.models.summary import SummaryView

CREATED_AT, SENT_AT = "2026-11-23T15:04:05Z", "2026-11-23T15:04:09Z"
CHARGE_DECLINED, CHARGE_PAID = "ch_3MtwBwLkdIwHu7ix0NMSUhA2", "ch_3MtwBwLkdIwHu7ix0qVKd1Xn"

NEW_INVOICE = {
    "customerId": CUSTOMER_ID,
    "lineItems": [
        {
            "serviceId": "svc_001",
            "description": "Weekly pool cleaning",
            "quantity": 1.5,
            "unitPrice": "75.00",
            "taxable": True,
            "serviceDate": "2026-11-21",
        },
        {"serviceId": "svc_002", "description": "Chlorine tablets", "quantity": 1, "unitPrice": "10.00"},
    ],
    "deductions": [{"kind": "discount", "description": "For a good customer", "amount": "10.00"}],
    "paymentTerms": "net_30",
    "tax": "9.00",
    "memo": "Thank you.",
    "send": True,
}

ORDERED: dict[str, Any] = {
    "currency": "usd",
    "lineItems": [
        {
            "serviceId": "svc_001",
            "description": "Weekly pool cleaning",
            "quantity": "1.5",
            "unitPrice": "75.00",
            "amount": "112.50",
            "taxable": True,
            "serviceDate": "2026-11-21",
        },
        {
            "serviceId": "svc_002",
            "description": "Chlorine tablets",
            "quantity": "1",
            "unitPrice": "10.00",
            "amount": "10.00",
            "taxable": False,
            "serviceDate": None,
        },
    ],
    "deductions": [{"kind": "discount", "description": "For a good customer", "amount": "10.00"}],
    "subtotal": "122.50",
    "tax": "9.00",
    "memo": "Thank you.",
}
"""The ordered amounts: 112.50 and 10.00, less 10.00, plus 9.00 of tax."""

NOTHING_HAPPENED: dict[str, Any] = {
    "totalDifference": "0.00",
    "discountAmount": "0.00",
    "paidAmount": "0.00",
    "refundedAmount": "0.00",
    "lostAmount": "0.00",
    "receivedAmount": "0.00",
    "balanceAppliedAmount": "0.00",
    "creditedAmount": "0.00",
    "creditedBeforePaymentAmount": "0.00",
    "overpaidAmount": "0.00",
    "paidAt": None,
    "paidOn": None,
    "failure": None,
    "replacedNumbers": list[str](),
    "beingRevised": False,
    "correctsInvoiceId": None,
    "correctedByInvoiceId": None,
    "partiallyRefunded": False,
    "disputed": False,
    "overdue": False,
    "overdueSince": None,
    "erasedAt": None,
}

CREATING: dict[str, Any] = {
    **NOTHING_HAPPENED,
    **ORDERED,
    "id": INVOICE_ID,
    "stripeInvoiceId": None,
    "number": None,
    "status": "creating",
    "customerId": CUSTOMER_ID,
    "customerName": "Dana Reyes",
    "customerEmail": None,
    "total": "121.50",
    "balance": "121.50",
    "dueDate": None,
    "createdAt": CREATED_AT,
    "updatedAt": CREATED_AT,
    "sentAt": None,
    "paymentUrl": None,
    "paymentUrlExpired": False,
    "pdfUrl": None,
    "dashboardUrl": None,
}
"""An invoice that POM is creating in Stripe. Terms count from the day of sending, so it has no due date yet."""

DRAFT = {
    **CREATING,
    "status": "draft",
    "stripeInvoiceId": STRIPE_INVOICE_ID,
    "updatedAt": "2026-11-23T15:04:07Z",
    "dashboardUrl": f"{DASHBOARD}/invoices/{STRIPE_INVOICE_ID}",
}
"""A draft, which has not been sent."""

PENDING = {
    **DRAFT,
    "status": "pending",
    "number": NUMBER,
    "customerEmail": "dana.reyes@example.com",
    "dueDate": "2026-12-23",
    "updatedAt": SENT_AT,
    "sentAt": SENT_AT,
    "paymentUrl": "https://invoice.stripe.com/i/acct_1Pgc6tJ9qL2pool/test_YWNjdA",
    "pdfUrl": "https://pay.stripe.com/invoice/acct_1Pgc6tJ9qL2pool/test_YWNjdA/pdf",
}
"""An invoice that was created and sent."""

REMINDED = {**PENDING, "updatedAt": "2026-12-20T16:00:02Z"}

PAID = {
    **PENDING,
    "status": "paid",
    "paidAmount": "121.50",
    "receivedAmount": "121.50",
    "balance": "0.00",
    "updatedAt": "2026-11-25T17:12:42Z",
    "paidAt": PAID_AT,
    "paidOn": "2026-11-25",
}

REFUNDED_IN_PART = {
    **PAID,
    "refundedAmount": "20.00",
    "receivedAmount": "101.50",
    "updatedAt": "2026-11-26T02:30:02Z",
    "partiallyRefunded": True,
}
"""A paid invoice of which 20.00 was refunded."""

MARKED_PAID = {**PAID, "updatedAt": "2026-11-26T16:00:02Z", "paidAt": "2026-11-26T16:00:01Z", "paidOn": "2026-11-25"}
"""An invoice that was paid by check on 25 November, as the office recorded one day later."""

VOID = {**PENDING, "status": "void", "balance": "0.00", "updatedAt": "2026-11-24T16:00:02Z"}

FAILED = {
    **PENDING,
    "id": FAILED_INVOICE_ID,
    "stripeInvoiceId": FAILED_STRIPE_INVOICE_ID,
    "number": FAILED_NUMBER,
    "status": "failed",
    "customerId": "cust_457",
    "customerEmail": "sam.ortiz@example.com",
    "lineItems": [
        {
            "serviceId": "svc_003",
            "description": "Filter cleaning",
            "quantity": "1",
            "unitPrice": "120.00",
            "amount": "120.00",
            "taxable": False,
            "serviceDate": None,
        }
    ],
    "deductions": list[Any](),
    "subtotal": "120.00",
    "tax": "0.00",
    "total": "120.00",
    "balance": "120.00",
    "memo": None,
    "dueDate": "2026-12-24",
    "createdAt": "2026-11-24T16:20:00Z",
    "updatedAt": "2026-11-25T08:00:12Z",
    "sentAt": "2026-11-24T16:20:04Z",
    "paymentUrl": "https://invoice.stripe.com/i/acct_1Pgc6tJ9qL2pool/test_ZmFpbA",
    "pdfUrl": "https://pay.stripe.com/invoice/acct_1Pgc6tJ9qL2pool/test_ZmFpbA/pdf",
    "dashboardUrl": f"{DASHBOARD}/invoices/{FAILED_STRIPE_INVOICE_ID}",
    "failure": FAILURE,
}

NO_MORE = {
    "actor": None,
    "amount": None,
    "currency": None,
    "method": None,
    "reason": None,
    "to": None,
    "dueBy": None,
    "paymentId": None,
    "stripeId": None,
    "dashboardUrl": None,
}
"""The fields of a timeline entry that do not apply are null."""

HISTORY = [
    {**NO_MORE, "at": CREATED_AT, "kind": "created", "source": "pom", "actor": OFFICE},
    {
        **NO_MORE,
        "at": SENT_AT,
        "kind": "sent",
        "source": "pom",
        "actor": OFFICE,
        "to": "dana.reyes@example.com",
        "stripeId": STRIPE_INVOICE_ID,
        "dashboardUrl": f"{DASHBOARD}/invoices/{STRIPE_INVOICE_ID}",
    },
    {
        **NO_MORE,
        "at": CARD_DECLINED,
        "kind": "payment_failed",
        "source": "stripe",
        "amount": "121.50",
        "currency": "usd",
        "method": VISA,
        "reason": "insufficient_funds",
        "paymentId": PAYMENT_ID,
        "stripeId": CHARGE_DECLINED,
        "dashboardUrl": f"{DASHBOARD}/payments/{CHARGE_DECLINED}",
    },
    {
        **NO_MORE,
        "at": PAID_AT,
        "kind": "paid",
        "source": "stripe",
        "amount": "121.50",
        "currency": "usd",
        "method": MASTERCARD_WITH_EXPIRY,
        "paymentId": PAYMENT_ID,
        "stripeId": CHARGE_PAID,
        "dashboardUrl": f"{DASHBOARD}/payments/{CHARGE_PAID}",
    },
    {
        **NO_MORE,
        "at": REFUNDED_AT,
        "kind": "refunded",
        "source": "pom",
        "actor": "user_1",
        "amount": "20.00",
        "currency": "usd",
        "method": MASTERCARD_WITH_EXPIRY,
        "reason": "requested_by_customer",
        "paymentId": PAYMENT_ID,
        "stripeId": REFUND_ID,
    },
]

EVENTS = [
    {
        "id": "evt_1PgcX9B7WZ01zgkWnsq2Fz0A",
        "type": "charge.failed",
        "outcome": "applied",
        "source": "webhook",
        "createdAt": CARD_DECLINED,
        "arrivedAt": "2026-11-24T08:00:12Z",
        "lagSeconds": 1,
        "objectId": CHARGE_DECLINED,
        "dashboardUrl": f"{DASHBOARD}/payments/{CHARGE_DECLINED}",
        "repeated": 0,
        "error": None,
        "reason": None,
    },
    {
        "id": "evt_1PgagQB7WZ01zgkWd5oXcV8u",
        "type": "invoice.finalized",
        "outcome": "nothing_new",
        "source": "webhook",
        "createdAt": "2026-11-23T15:04:08Z",
        "arrivedAt": "2026-11-23T15:04:10Z",
        "lagSeconds": 2,
        "objectId": STRIPE_INVOICE_ID,
        "dashboardUrl": f"{DASHBOARD}/invoices/{STRIPE_INVOICE_ID}",
        "repeated": 1,
        "error": None,
        "reason": None,
    },
]

EXPLANATION = (
    "Paid on 25 November 2026 by card. 20.00 USD of it was refunded on 25 November 2026. "
    "The payment of 121.50 USD: In the deposit of 1 December 2026. "
    "The refund of 20.00 USD: In the deposit of 1 December 2026."
)

NONE = {"count": 0, "total": "0.00", "balance": "0.00"}

SUMMARY = {
    "today": "2026-11-23",
    "timeZone": "America/Phoenix",
    "data": [
        {
            "currency": "usd",
            "byStatus": {
                "creating": NONE,
                "draft": NONE,
                "pending": {"count": 12, "total": "1458.00", "balance": "1458.00"},
                "paid": {"count": 240, "total": "29160.00", "balance": "0.00"},
                "failed": {"count": 1, "total": "121.50", "balance": "121.50"},
                "refunded": {"count": 2, "total": "243.00", "balance": "0.00"},
                "void": NONE,
                "uncollectible": NONE,
            },
            "overdue": {"count": 3, "balance": "364.50"},
            "paidInPeriod": {"from": "2026-11-01", "to": "2026-11-30", "count": 31, "amount": "3766.50"},
            "refunded": {"count": 3, "amount": "255.00"},
            "disputed": {"count": 1, "amount": "121.50"},
            "lost": {"count": 0, "amount": "0.00"},
        }
    ],
}

INVOICE_EXAMPLES: Mapping[type, Any] = {
    InvoiceDetail: {
        **REFUNDED_IN_PART,
        "order": None,
        "explanation": EXPLANATION,
        "payments": PAYMENTS,
        "history": HISTORY,
    },
    InvoiceEvents: {"data": EVENTS, "keptDays": KEPT_DAYS, "pageInfo": LAST_PAGE},
    InvoiceHistory: {"data": HISTORY, "pageInfo": WHOLE_LIST},
    InvoiceList: {"data": [FAILED, REFUNDED_IN_PART], "totals": None, "pageInfo": LAST_PAGE},
    InvoiceView: PENDING,
    NewInvoice: NEW_INVOICE,
    OutsidePayment: {"method": "check", "reference": "No. 1042", "paidOn": "2026-11-25", "amount": "121.50"},
    SummaryView: SUMMARY,
}

DRAFT_DETAIL = {
    **DRAFT,
    "order": {
        "lineItems": [
            {name: value for name, value in line.items() if name != "amount"} for line in ORDERED["lineItems"]
        ],
        "deductions": ORDERED["deductions"],
        "paymentTerms": "net_30",
        "dueDate": None,
        "tax": "9.00",
        "memo": "Thank you.",
        "footer": "",
        "paymentMethods": ["card", "us_bank_account"],
    },
    "explanation": "It is a draft: the customer has not been asked to pay. Review and send it. "
    "It is due 30 days after it is sent.",
    "payments": list[Any](),
    "history": HISTORY[:1],
}
"""A draft as the office loads it to change it."""

INVOICE_RESPONSES: ResponseExamples = {
    ("get_invoice", 200): {"paid": INVOICE_EXAMPLES[InvoiceDetail], "draft": DRAFT_DETAIL},
    ("create_invoice", 201): {"sent": PENDING, "draft": DRAFT},
    ("create_invoice", 202): {"creating": CREATING},
    ("send_invoice", 202): {"draft": DRAFT},
    ("refresh_invoice", 200): {"paid": PAID},
    ("refresh_invoice", 202): {"creating": CREATING},
    ("remind_invoice", 200): {"reminded": REMINDED},
    ("mark_invoice_paid", 200): {"paid": MARKED_PAID},
    ("void_invoice", 200): {"void": VOID},
}
