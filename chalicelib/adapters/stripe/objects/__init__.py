"""Stripe's objects in our API version, and the facts that they hold.

Only the fields that we use are declared. Unknown fields are ignored, so Stripe may add fields. A reference is an id
or, when expanded, the object itself.
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
"""The model of each kind of object, by Stripe's `object` name."""
