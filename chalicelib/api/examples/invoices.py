"""Examples of invoices, the settings of invoicing, and the summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import INVOICE_ID, LAST_PAGE, MORE_PAGES, WHOLE_LIST
from chalicelib.api.examples.deposits import NOT_SETTLED
from chalicelib.api.models.event_log import KEPT_DAYS, InvoiceEvents
from chalicelib.api.models.history import InvoiceHistory
from chalicelib.api.models.invoice_details import InvoiceDetail
from chalicelib.api.models.invoice_lists import InvoiceList
from chalicelib.api.models.invoices import InvoiceView
from chalicelib.api.models.invoicing_settings import InvoicingSettingsModel
from chalicelib.api.models.new_invoices import NewInvoice
from chalicelib.api.models.outside_payment import OutsidePayment
from chalicelib.api.models.summary import SummaryView
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason

DASHBOARD = "https://dashboard.stripe.com/acct_1Pgc6tJ9qL2pool/test"

FAILURE = {
    "reason": "insufficient_funds",
    "message": "The payment was declined: insufficient funds.",
    "nextStep": FAILURE_TEXTS[FailureReason.INSUFFICIENT_FUNDS].next_step,
    "at": "2026-11-24T08:00:11Z",
}

INVOICE = {
    "id": INVOICE_ID,
    "stripeInvoiceId": "in_1PgafmB7WZ01zgkW",
    "number": "A1B2C3D4-0001",
    "status": "failed",
    "customerId": "cust_456",
    "customerName": "Dana Reyes",
    "customerEmail": "dana.reyes@example.com",
    "currency": "usd",
    "lineItems": [
        {
            "serviceId": "svc_001",
            "description": "Weekly pool cleaning",
            "quantity": "1.5",
            "unitPrice": "75.00",
            "amount": "112.50",
            "taxable": True,
        }
    ],
    "subtotal": "112.50",
    "tax": "9.00",
    "total": "121.50",
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
    "balance": "121.50",
    "dueDate": "2026-12-23",
    "createdAt": "2026-11-23T15:04:05Z",
    "updatedAt": "2026-11-24T08:00:12Z",
    "sentAt": "2026-11-23T15:04:09Z",
    "paidAt": None,
    "paidOn": None,
    "memo": "Thank you.",
    "paymentUrl": "https://invoice.stripe.com/i/acct_1Pgc6tJ9qL2pool/test_YWNjdA",
    "paymentUrlExpired": False,
    "pdfUrl": "https://pay.stripe.com/invoice/acct_1Pgc6tJ9qL2pool/test_YWNjdA/pdf",
    "dashboardUrl": f"{DASHBOARD}/invoices/in_1PgafmB7WZ01zgkW",
    "failure": FAILURE,
    "replacedNumbers": [],
    "beingRevised": False,
    "partiallyRefunded": False,
    "disputed": False,
    "overdue": False,
    "overdueSince": None,
}

NO_MONEY_MOVED = {"refundable": "0.00", "refunds": list[dict[str, Any]](), "disputes": list[dict[str, Any]]()}

VISA = {"type": "card", "brand": "visa", "last4": "9995", "expires": "2027-04"}

PAYMENTS = [
    {
        "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "status": "failed",
        "at": "2026-11-24T08:00:11Z",
        "amount": "121.50",
        "currency": "usd",
        "method": VISA,
        "receiptUrl": None,
        "dashboardUrl": f"{DASHBOARD}/payments/pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "failure": FAILURE,
        "outside": None,
        **NOT_SETTLED,
        **NO_MONEY_MOVED,
    }
]

HISTORY = [
    {"at": "2026-11-23T15:04:05Z", "kind": "created", "source": "pom", "actor": "user_7"},
    {
        "at": "2026-11-23T15:04:09Z",
        "kind": "sent",
        "source": "pom",
        "actor": "user_7",
        "to": "dana.reyes@example.com",
        "stripeId": "in_1PgafmB7WZ01zgkW",
        "dashboardUrl": f"{DASHBOARD}/invoices/in_1PgafmB7WZ01zgkW",
    },
    {
        "at": "2026-11-24T08:00:11Z",
        "kind": "payment_failed",
        "source": "stripe",
        "amount": "121.50",
        "currency": "usd",
        "method": VISA,
        "reason": "insufficient_funds",
        "paymentId": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "stripeId": "ch_3MtwBwLkdIwHu7ix0NMSUhA2",
        "dashboardUrl": f"{DASHBOARD}/payments/ch_3MtwBwLkdIwHu7ix0NMSUhA2",
    },
]

EVENTS = [
    {
        "id": "evt_1PgcX9B7WZ01zgkWnsq2Fz0A",
        "type": "charge.failed",
        "outcome": "applied",
        "source": "webhook",
        "createdAt": "2026-11-24T08:00:11Z",
        "arrivedAt": "2026-11-24T08:00:12Z",
        "lagSeconds": 1,
        "objectId": "ch_3MtwBwLkdIwHu7ix0NMSUhA2",
        "dashboardUrl": f"{DASHBOARD}/payments/ch_3MtwBwLkdIwHu7ix0NMSUhA2",
        "repeated": 0,
        "error": None,
    },
    {
        "id": "evt_1PgagQB7WZ01zgkWd5oXcV8u",
        "type": "invoice.finalized",
        "outcome": "nothing_new",
        "source": "webhook",
        "createdAt": "2026-11-23T15:04:08Z",
        "arrivedAt": "2026-11-23T15:04:10Z",
        "lagSeconds": 2,
        "objectId": "in_1PgafmB7WZ01zgkW",
        "dashboardUrl": f"{DASHBOARD}/invoices/in_1PgafmB7WZ01zgkW",
        "repeated": 1,
        "error": None,
    },
]

EXPLANATION = (
    "The latest attempt to pay, on 24 November 2026, failed. The payment was declined: insufficient funds. "
    "Ask the customer to try again later or with another payment method, using the same invoice link. "
    "It is due on 23 December 2026."
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

TOTALS = [{"currency": "usd", "invoices": 3, "total": "364.50", "balance": "364.50", "disputedAmount": None}]

INVOICE_EXAMPLES: Mapping[type, Any] = {
    InvoiceDetail: {**INVOICE, "explanation": EXPLANATION, "payments": PAYMENTS, "history": HISTORY},
    InvoiceEvents: {"data": EVENTS, "keptDays": KEPT_DAYS, "pageInfo": LAST_PAGE},
    InvoiceHistory: {"data": HISTORY, "pageInfo": WHOLE_LIST},
    InvoiceList: {"data": [INVOICE], "totals": TOTALS, "pageInfo": MORE_PAGES},
    InvoiceView: INVOICE,
    InvoicingSettingsModel: {
        "invoiceType": "stripe",
        "paymentTerms": "net_15",
        "paymentWindow": 14,
        "paymentMethods": ["card", "us_bank_account"],
        "memo": "Thank you for your business.",
        "footer": None,
        "reminders": {"enabled": True, "daysBeforeDue": [3], "onDueDate": True, "daysAfterDue": [3, 7]},
        "currency": "usd",
        "timeZone": "America/Phoenix",
        "note": {
            "message": "POM sends the payment reminders. If reminders are also switched on in Stripe, customers are "
            "reminded twice.",
            "nextStep": "In the Stripe dashboard, under Settings, Billing, Invoices, switch Stripe's own reminders "
            "off.",
            "link": "https://dashboard.stripe.com/settings/billing/invoice",
        },
        "reminderTime": {"from": "09:00", "until": "18:00", "timeZone": "America/Phoenix"},
    },
    NewInvoice: {
        "customerId": "cust_456",
        "lineItems": [
            {
                "serviceId": "svc_001",
                "description": "Weekly pool cleaning",
                "quantity": 1.5,
                "unitPrice": "75.00",
                "taxable": True,
            }
        ],
        "paymentTerms": "net_30",
        "tax": "9.00",
        "memo": "Thank you.",
        "send": True,
    },
    OutsidePayment: {"method": "check", "reference": "No. 1042", "paidOn": "2026-11-20", "amount": "121.50"},
    SummaryView: SUMMARY,
}
