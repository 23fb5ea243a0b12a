"""Bank debits: each way to fail, one that settles, one that is disputed.

https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers. Not every account may take
them: those of another country may not, nor those without the capability.
"""

from __future__ import annotations

from typing import Any

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import Sent, open_invoice, payer_of
from infra.sandbox.stories.payer import MANDATE, debit, pay_apart
from infra.sandbox.stories.refusals import declined
from infra.sandbox.stories.story import Story

FAILURES = {
    "insufficient funds": "pm_usBankAccount_insufficientFunds",
    "account closed": "pm_usBankAccount_accountClosed",
    "no account": "pm_usBankAccount_noAccount",
    "debit not authorized": "pm_usBankAccount_debitNotAuthorized",
}
PATIENCE = 180
"""Seconds. A test debit settles at once, its documentation says."""


def _play(lab: Laboratory) -> None:
    payer_of(lab)  # made outside of what a refusal leaves out of the recording
    sent: Sent | None = None
    with lab.where_allowed("an invoice for bank debits"):
        sent = open_invoice(lab, 8000, payment_methods=("card", "us_bank_account"))
    if sent is None:
        return
    for reason, account in FAILURES.items():
        with lab.where_allowed(f"fails: {reason}"):
            with declined():
                debit(lab, sent, account)
            _awaited(lab, sent.intent, "requires_payment_method")
    with lab.where_allowed("settles"):
        debit(lab, sent, "pm_usBankAccount_success")
        _awaited(lab, sent.intent, "succeeded")
    with lab.where_allowed("disputed"):
        types: Any = ["us_bank_account"]
        disputed = pay_apart(
            lab,
            4000,
            "pm_usBankAccount_dispute",
            customer=sent.customer,
            allowed_payment_method_types=types,
            mandate_data=MANDATE,
        )
        lab.until(
            lambda: lab.v1.disputes.list({"payment_intent": disputed}, lab.on_account()),
            {"data.*.object": "dispute"},
            PATIENCE,
        )


def _awaited(lab: Laboratory, intent: str, status: str) -> None:
    lab.until(lambda: lab.v1.payment_intents.retrieve(intent, None, lab.on_account()), {"status": status}, PATIENCE)


DEBITS = Story("debits", "Bank debits fail for each reason, settle, and are disputed.", _play)
