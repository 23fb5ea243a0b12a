"""The actions of a payer, by API: pays an invoice, a part of it, or without an invoice."""

from __future__ import annotations

from typing import Any

import stripe

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice

RETURN_URL = "https://example.com/paid"
"""The URL to which a payer would return from the bank's page. It is never opened."""
MANDATE = {
    "customer_acceptance": {
        "type": "online",
        "online": {"ip_address": "127.0.0.1", "user_agent": "POM-Stripe sandbox"},
    }
}
"""The payer's consent to a bank debit, as the hosted page collects it
(https://docs.stripe.com/api/payment_intents/confirm#confirm_payment_intent-mandate_data).
"""


def pay(session: Session, sent: SentInvoice, method: str, **more: Any) -> None:
    """Pays the remaining amount of an invoice with one of Stripe's test payment methods, such as `pm_card_visa`.

    Confirms the payment intent of the invoice's default payment, as the hosted page does. Stripe's staff confirms
    that this works from a server (https://github.com/stripe/stripe-js/issues/539). The documentation only says that
    the intent cannot be edited (https://docs.stripe.com/invoicing/partial-payments).

    If Stripe refuses the first confirmation, the method is attached to the customer, and this and all later invoices
    of the run are paid with the attached method. Most declined cards cannot be attached
    (https://docs.stripe.com/testing#declined-payments), so attaching them is declined instead.

    Raises stripe.CardError if the payment is declined, and stripe.InvalidRequestError if it is refused.
    """
    if session.confirms_invoices is not False:
        try:
            _confirm(session, sent, {"payment_method": method, **more})
            return
        except stripe.InvalidRequestError:
            if session.confirms_invoices:
                raise  # this payment was refused, not the way of paying
    _attach_and_pay(session, sent, method, off_session=more.get("off_session", False))


def _confirm(session: Session, sent: SentInvoice, confirmation: dict[str, Any]) -> None:
    if not confirmation.get("off_session"):
        confirmation = {**confirmation, "return_url": RETURN_URL}
    try:
        session.v1.payment_intents.confirm(sent.intent, confirmation, session.on_account())
    except stripe.CardError:
        session.confirms_invoices = True
        raise
    session.confirms_invoices = True


def _attach_and_pay(session: Session, sent: SentInvoice, method: str, *, off_session: bool) -> None:
    try:
        payment_method = session.v1.payment_methods.attach(method, {"customer": sent.customer}, session.on_account())
        payment = {"payment_method": payment_method.id, "off_session": off_session}
        session.v1.invoices.pay(sent.invoice, payment, session.on_account())
    except stripe.CardError:
        session.confirms_invoices = False
        raise
    session.confirms_invoices = False


def debit(session: Session, sent: SentInvoice, account: str) -> None:
    """Pays the remaining amount of an invoice from a bank account, such as `pm_usBankAccount_success`.

    A test token needs no verification: in a test of another company against Stripe, `pm_usBankAccount_success` with
    this mandate was `processing` at once. Raises the errors of `pay`.
    """
    pay(session, sent, account, mandate_data=MANDATE)


def pay_part(session: Session, sent: SentInvoice, amount: int, method: str) -> str:
    """Pays a part of an invoice, and returns the id of the payment intent.

    A separate payment intent is attached to the invoice (https://docs.stripe.com/invoicing/partial-payments). Raises
    stripe.CardError if the payment is declined.
    """
    intent = pay_apart(session, amount, method, customer=sent.customer)
    session.v1.invoices.attach_payment(sent.invoice, {"payment_intent": intent}, session.on_account())
    return intent


def pay_apart(session: Session, amount: int, method: str, **more: Any) -> str:
    """Pays without an invoice, as customers of the company's other business do. Returns the payment intent's id."""
    payment: dict[str, Any] = {
        "amount": amount,
        "currency": "usd",
        "confirm": True,
        "payment_method": method,
        "metadata": session.marks,
        **more,
    }
    if "allowed_payment_method_types" not in more:
        # Without redirects Stripe asks for no `return_url`.
        payment["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    return str(session.v1.payment_intents.create(payment, session.on_account()).id)
