"""Credit notes (https://docs.stripe.com/invoicing/integration/programmatic-credit-notes)."""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import another_of, open_invoice
from infra.sandbox.stories.payer import pay
from infra.sandbox.stories.story import Story


def _play(lab: Laboratory) -> None:
    customer = another_of(lab).id  # not the payer, because a credit would pay the payer's next invoice
    with lab.step("an invoice"):
        sent = open_invoice(lab, 9000, customer=customer)
    with lab.step("while it is open"):
        note = _note(lab, sent.invoice, 1500, reason="order_change")
    with lab.step("voided"):
        lab.v1.credit_notes.void_credit_note(note, None, lab.on_account())
    with lab.step("while it is open, again"):
        _note(lab, sent.invoice, 1000)
    with lab.step("paid by debit card"):
        pay(lab, sent, "pm_card_visa_debit")
    with lab.step("with a refund"):
        _note(lab, sent.invoice, 2000, refund_amount=2000, reason="product_unsatisfactory")
    with lab.step("to the customer's balance"):
        _note(lab, sent.invoice, 1200, credit_amount=1200)
    with lab.step("outside Stripe"):
        _note(lab, sent.invoice, 800, out_of_band_amount=800)
    with lab.step("listed"):
        list(lab.gateway.credit_notes(lab.account, lab.began))


def _note(lab: Laboratory, invoice: str, amount: int, **more: object) -> str:
    note = {"invoice": invoice, "amount": amount, "metadata": lab.marks, **more}
    return str(lab.v1.credit_notes.create(note, lab.on_account()).id)


CREDIT_NOTES = Story(
    "credit notes", "Credit notes of an open invoice, one of them voided, and of a paid one in three ways.", _play
)
