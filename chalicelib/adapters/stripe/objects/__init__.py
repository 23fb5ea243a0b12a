"""Stripe's objects as they come over the wire in our API version, and the facts they hold.

Only what we use is declared: unknown fields are passed over, so Stripe may add to its objects. A reference may
be an id or, when expanded, the object itself.
"""

from __future__ import annotations

from chalicelib.adapters.stripe.objects.accounts import Account
from chalicelib.adapters.stripe.objects.customers import Customer
from chalicelib.adapters.stripe.objects.invoices import CreditNote, Invoice
from chalicelib.adapters.stripe.objects.payments import Charge, Dispute, InvoicePayment, PaymentIntent, Refund

__all__ = [
    "OBJECTS",
    "Account",
    "Charge",
    "CreditNote",
    "Customer",
    "Dispute",
    "Invoice",
    "InvoicePayment",
    "PaymentIntent",
    "Refund",
]

StripeObject = Invoice | InvoicePayment | PaymentIntent | Charge | Refund | Dispute | CreditNote | Customer | Account

OBJECTS: dict[str, type[StripeObject]] = {
    "invoice": Invoice,
    "invoice_payment": InvoicePayment,
    "payment_intent": PaymentIntent,
    "charge": Charge,
    "refund": Refund,
    "dispute": Dispute,
    "credit_note": CreditNote,
    "customer": Customer,
    "account": Account,
}
"""Stripe's `object` names to what is read of them."""
