"""Bank debits: each failure, a debit that settles, and a debit that is disputed.

The test accounts are at https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers. An
account in another country or without the capability cannot take bank debits.
"""

from __future__ import annotations

from typing import Any

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice, issue_invoice, shared_payer
from infra.sandbox.stories.payer import MANDATE, debit, pay_apart
from infra.sandbox.stories.refusals import allow_decline
from infra.sandbox.stories.story import Story

FAILURES = {
    "insufficient funds": "pm_usBankAccount_insufficientFunds",
    "account closed": "pm_usBankAccount_accountClosed",
    "no account": "pm_usBankAccount_noAccount",
    "debit not authorized": "pm_usBankAccount_debitNotAuthorized",
}
PATIENCE = 180
"""Seconds. Stripe documents that a test debit settles at once."""


def _play(session: Session) -> None:
    shared_payer(session)  # created here, because a refusal removes the block's requests from the recording
    sent: SentInvoice | None = None
    with session.where_allowed("an invoice for bank debits"):
        sent = issue_invoice(session, 8000, payment_methods=("card", "us_bank_account"))
    if sent is None:
        return
    for reason, account in FAILURES.items():
        with session.where_allowed(f"fails: {reason}"):
            with allow_decline():
                debit(session, sent, account)
            _wait_for_status(session, sent.intent, "requires_payment_method")
    with session.where_allowed("settles"):
        debit(session, sent, "pm_usBankAccount_success")
        _wait_for_status(session, sent.intent, "succeeded")
    with session.where_allowed("disputed"):
        types: Any = ["us_bank_account"]
        intent = pay_apart(
            session,
            4000,
            "pm_usBankAccount_dispute",
            customer=sent.customer,
            allowed_payment_method_types=types,
            mandate_data=MANDATE,
        )
        session.until(
            lambda: session.v1.disputes.list({"payment_intent": intent}, session.on_account()),
            {"data.*.object": "dispute"},
            PATIENCE,
        )


def _wait_for_status(session: Session, intent: str, status: str) -> None:
    session.until(
        lambda: session.v1.payment_intents.retrieve(intent, None, session.on_account()), {"status": status}, PATIENCE
    )


DEBITS = Story("debits", "Bank debits fail for each reason, settle, and are disputed.", _play)
