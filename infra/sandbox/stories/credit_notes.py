"""Credit notes (https://docs.stripe.com/invoicing/integration/programmatic-credit-notes)."""

from __future__ import annotations

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import issue_invoice, second_customer
from infra.sandbox.stories.payer import pay
from infra.sandbox.stories.story import Story


def _play(session: Session) -> None:
    customer = second_customer(session).id  # not the payer, because a credit would pay the payer's next invoice
    with session.step("an invoice"):
        sent = issue_invoice(session, 9000, customer=customer)
    with session.step("while it is open"):
        note = _note(session, sent.invoice, 1500, reason="order_change")
    with session.step("voided"):
        session.v1.credit_notes.void_credit_note(note, None, session.on_account())
    with session.step("while it is open, again"):
        _note(session, sent.invoice, 1000)
    with session.step("paid by debit card"):
        pay(session, sent, "pm_card_visa_debit")
    with session.step("with a refund"):
        _note(session, sent.invoice, 2000, refund_amount=2000, reason="product_unsatisfactory")
    with session.step("to the customer's balance"):
        _note(session, sent.invoice, 1200, credit_amount=1200)
    with session.step("outside Stripe"):
        _note(session, sent.invoice, 800, out_of_band_amount=800)
    with session.step("listed"):
        list(session.gateway.credit_notes(session.account, session.began))


def _note(session: Session, invoice: str, amount: int, **more: object) -> str:
    note = {"invoice": invoice, "amount": amount, "metadata": session.marks, **more}
    return str(session.v1.credit_notes.create(note, session.on_account()).id)


CREDIT_NOTES = Story(
    "credit notes", "Credit notes of an open invoice, one of them voided, and of a paid one in three ways.", _play
)
