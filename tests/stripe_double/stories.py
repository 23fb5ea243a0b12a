"""Stories for the tests of recordings: most of an invoice's life, by requests alone."""

from __future__ import annotations

import contextlib

import stripe

from infra.stripe_double.recordings.recording import Recording
from tests.stripe_double.scribe import RecordedCompany


def billed(account: RecordedCompany) -> str:
    """Pays an invoice by card after a decline, and refunds a part. Returns the id of the payment intent."""
    account.scribe.step = "billing: paid and refunded"
    invoice, on_account = account.sent(7_500, 2_500), account.on_account
    with contextlib.suppress(stripe.CardError):
        account.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_chargeDeclined"}, account.keyed)
    account.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"}, account.keyed)
    intent = str(invoice.payments.data[0].payment.payment_intent)
    charge = account.v1.payment_intents.retrieve(intent, None, on_account).latest_charge
    expand = {"expand": ["balance_transaction"]}
    account.until(
        lambda: account.v1.charges.retrieve(charge, expand, on_account),
        balance_transaction__object="balance_transaction",
    )
    refund = account.v1.refunds.create({"payment_intent": intent, "amount": 2_500}, account.keyed)
    account.v1.refunds.list({"payment_intent": intent}, on_account)
    account.v1.balance_transactions.retrieve(refund.balance_transaction, None, on_account)
    account.v1.invoices.retrieve(invoice.id, {"expand": ["payments"]}, on_account)
    return intent


def corrected(account: RecordedCompany) -> None:
    """Creates a credit note and a revision, voids an invoice, and marks another as paid in cash."""
    account.scribe.step = "corrections: credited, revised, voided, paid in cash"
    invoice = account.sent(5_000)
    account.v1.credit_notes.create({"invoice": invoice.id, "amount": 500}, account.keyed)
    revised = account.sent(4_000)
    revision = {"from_invoice": {"invoice": revised.id, "action": "revision"}}
    account.v1.invoices.finalize_invoice(account.v1.invoices.create(revision, account.keyed).id, None, account.keyed)
    account.v1.invoices.retrieve(revised.id, None, account.on_account)
    account.v1.invoices.void_invoice(account.sent(1_500).id, None, account.keyed)
    account.v1.invoices.pay(account.sent(2_500).id, {"paid_out_of_band": True}, account.keyed)


def debited(account: RecordedCompany) -> None:
    """Pays an invoice by a bank debit that takes days."""
    account.scribe.step = "debits: settled"
    invoice = account.sent(9_000)
    account.v1.invoices.pay(invoice.id, {"payment_method": "pm_usBankAccount_success"}, account.keyed)
    account.until(lambda: account.v1.invoices.retrieve(invoice.id, None, account.on_account), status="paid")


def refused(account: RecordedCompany) -> None:
    """Repeats a key with the same and with other parameters, and reads an invoice that does not exist."""
    account.scribe.step = "keys: replayed and refused"
    keyed = account.keyed
    for name in ("Bob", "Bob", "Carl"):
        with contextlib.suppress(stripe.IdempotencyError):
            account.v1.customers.create({"name": name}, keyed)
    with contextlib.suppress(stripe.InvalidRequestError):
        account.v1.invoices.retrieve("in_1NobodyHasThis", None, account.on_account)


def everything(account: RecordedCompany) -> Recording:
    """Plays all stories, each followed by its events, and reads lists and the account. Returns the recording."""
    for story in (billed, corrected, debited, refused):
        since = account.double.clock.now()
        story(account)
        account.double.advance(10)
        account.events(since)
    account.scribe.step = "reads: lists"
    account.v1.balance.retrieve(None, account.on_account)
    account.v1.balance_transactions.list({"limit": 100}, account.on_account)
    account.v1.invoices.list({"limit": 100}, account.on_account)
    account.client.v1.accounts.retrieve(account.account)
    return account.recording()
