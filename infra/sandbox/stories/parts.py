"""An invoice that is paid in parts, each by a card of another kind (https://docs.stripe.com/invoicing/partial-payments)."""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice
from infra.sandbox.stories.payer import pay, pay_part
from infra.sandbox.stories.story import Story


def _play(lab: Laboratory) -> None:
    with lab.step("an invoice"):
        sent = open_invoice(lab, 9000)
    with lab.step("a part by amex"):
        pay_part(lab, sent, 2000, "pm_card_amex")
    with lab.step("a part by debit card"):
        pay_part(lab, sent, 3000, "pm_card_visa_debit")
    with lab.step("the rest by prepaid card"):
        pay(lab, sent, "pm_card_mastercard_prepaid")


PARTS = Story("parts", "One invoice is paid by three cards: American Express, debit and prepaid.", _play)
