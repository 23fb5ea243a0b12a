"""The details of cards and bank accounts on a charge, and its receipt."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stripe_double import DAY
from tests.stripe_double.test_hosted_page import card, visit


@pytest.mark.parametrize(
    ("token", "brand", "last4"),
    [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_amex", "amex", "0005"),
        ("pm_card_discover", "discover", "1117"),
        ("pm_card_chargeDeclined", "visa", "0002"),
    ],
)
def test_a_charge_shows_the_test_card_that_stripe_publishes(company: Any, token: str, brand: str, last4: str) -> None:
    invoice = company.open()
    company.pay(invoice, token)

    card = company.charge(invoice).payment_method_details.card

    assert (card.brand, card.last4) == (brand, last4)


def test_a_charge_shows_the_month_that_the_payer_typed(company: Any) -> None:
    invoice = company.open()
    card(invoice.hosted_invoice_url, "4242 4242 4242 4242", exp="4/31")

    card_details = company.charge(invoice).payment_method_details.card

    assert (card_details.exp_month, card_details.exp_year) == (4, 2031)


def test_a_bank_debit_shows_its_bank_and_has_a_receipt_once_it_arrives(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "000123456789")
    pending = company.charge(invoice)
    company.double.settle_debit(company.account, company.intent(invoice).id)

    arrived = company.charge(invoice)

    bank = arrived.payment_method_details.us_bank_account
    assert (bank.bank_name, bank.last4) == ("STRIPE TEST BANK", "6789")
    assert pending.receipt_url is None
    assert "STRIPE TEST BANK - 6789" in visit(arrived.receipt_url)[1]


def test_a_receipt_shows_refunds_and_expires_after_30_days(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice)
    url = company.charge(invoice).receipt_url
    before = visit(url)
    company.v1.refunds.create({"payment_intent": company.intent(invoice).id, "amount": 2_500}, company.opts)
    after = visit(url)
    company.double.advance(31 * DAY)

    assert (before[0], "visa - 4242" in before[1], "Refunded" in before[1]) == (200, True, False)
    assert "Refunded</td><td>$25.00" in after[1]
    assert visit(url)[0] == 410
    assert visit(f"{url}x")[0] == 404


def test_a_declined_card_has_no_receipt_but_a_charge_that_the_intent_names(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "pm_card_chargeDeclinedInsufficientFunds")
    error = company.intent(invoice).last_payment_error

    charge = company.v1.charges.retrieve(error.charge, None, company.opts)

    assert (charge.status, charge.receipt_url) == ("failed", None)
    assert (error.payment_method.type, error.payment_method.card.last4) == ("card", "9995")


def test_a_failed_confirmation_names_no_charge(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "4000002760003184")
    event = company.events("payment_intent.requires_action")[-1]
    company.pay(invoice, "4000002760003184", authenticate=False)
    error = company.intent(invoice).last_payment_error

    assert event.data.object.id == company.intent(invoice).id
    assert "charge" not in error
    assert error.payment_method.type == "card"
