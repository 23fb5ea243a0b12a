"""The amount paid outside Stripe, from the invoice itself or, if the invoice does not say it, from its payments."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import stripe

from chalicelib.adapters.stripe.client import on_account
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.adapters.stripe.objects import Invoice
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.identifiers import StripeAccountId
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble

CARD = {"type": "payment_intent", "payment_intent": "pi_1"}
CHARGE = {"type": "charge", "charge": "ch_1"}
RECORD = {"type": "payment_record", "payment_record": "pr_1"}
PARTS = 12
"""More payments than Stripe expands in an invoice."""


def payment(amount: int | None, payment: Any = CARD, status: str = "paid") -> dict[str, Any]:
    payment_json = {"id": "inpay_1", "invoice": "in_1", "currency": "usd", "status": status}
    return {**payment_json, "amount_paid": amount, "payment": payment}


def paid_outside(*payments: dict[str, Any], has_more: bool = False, **told: Any) -> int | None:
    """Returns the amount paid outside Stripe of an invoice over 100.00 with these payments."""
    body = {"id": "in_1", "status": "paid", "amount_paid": 10_000, "total": 10_000, **told}
    body.setdefault("payments", {"data": list(payments), "has_more": has_more})
    return msgspec.json.decode(msgspec.json.encode(body), type=Invoice).paid_outside


def test_the_invoices_own_amount_is_used() -> None:
    assert paid_outside(amount_paid_off_stripe=4_000, payments=None) == 4_000
    assert paid_outside(payment(10_000), amount_paid_off_stripe=10_000) == 10_000


def test_an_unpaid_invoice_has_nothing_paid_outside_stripe() -> None:
    assert paid_outside(amount_paid=0, payments=None) == 0


@pytest.mark.parametrize("invoice_fields", [{}, {"amount_paid_off_stripe": None}])
def test_a_paid_invoice_without_its_payments_has_an_unknown_amount(invoice_fields: Any) -> None:
    assert paid_outside(payments=None, **invoice_fields) is None
    assert paid_outside(payment(2_500), has_more=True, **invoice_fields) is None


def test_the_amount_not_covered_by_stripe_payments_was_paid_outside() -> None:
    assert paid_outside(payment(None, status="canceled")) == 10_000
    assert paid_outside(payment(2_500), payment(None, status="open")) == 7_500
    assert paid_outside(payment(2_500), payment(7_500, CHARGE)) == 0
    assert paid_outside(payment(2_500), payment(7_500, RECORD)) == 7_500


def test_an_overpayment_is_not_paid_outside_whether_payments_include_it_or_not() -> None:
    assert paid_outside(payment(7_500), payment(7_500), amount_paid=15_000, amount_overpaid=5_000) == 0
    assert paid_outside(payment(7_500), payment(2_500), amount_paid=15_000, amount_overpaid=5_000) == 0
    assert paid_outside(payment(7_500), payment(7_500), amount_paid=10_000, amount_overpaid=5_000) == 0


class Company:
    """An account with an invoice over 130.00, of which 120.00 was paid by many cards and 10.00 in cash."""

    def __init__(self) -> None:
        self.double = StripeDouble(Config(seed=5, date_lag=False), clock=Clock.frozen())
        key = self.double.config.platform_key_test
        v1: Any = stripe.StripeClient(key, http_client=InProcessClient(self.double)).v1
        self.gateway = StripeGateway(stripe.StripeClient(key, http_client=InProcessClient(self.double)), self)
        self.account = StripeAccountId(self.double.create_account()["id"])
        options = on_account(self.account)
        customer = v1.customers.create({"email": "ann@example.com"}, options)
        terms = {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 30}
        self.invoice = str(v1.invoices.create(terms, options).id)
        v1.invoices.add_lines(self.invoice, {"lines": [{"amount": PARTS * 1_000 + 1_000}]}, options)
        v1.invoices.finalize_invoice(self.invoice, None, options)
        for _ in range(PARTS):
            self.double.pay(self.account, self.invoice, "pm_card_visa", amount=1_000)

    def now(self) -> int:
        return self.double.clock.seconds()


@pytest.fixture
def company() -> Company:
    return Company()


def amounts(*facts: StripeFact | Any) -> list[int]:
    return [fact.amount_paid_off_stripe for fact in facts if isinstance(fact, InvoiceFact)]


def test_payments_missing_from_an_expansion_are_listed_separately(company: Company) -> None:
    gateway, account = company.gateway, company.account

    assert amounts(*gateway.pay_outside(account, company.invoice, "cash")) == [1_000]

    assert amounts(gateway.fetch(account, "invoice", company.invoice)) == [1_000]
    assert amounts(*gateway.everything(account, company.invoice)) == [1_000]
    [stripe_invoice] = gateway.invoices_of_status(account, "paid", 0, None)
    assert (amounts(stripe_invoice.invoice), len(stripe_invoice.payments)) == ([1_000], PARTS + 1)


def test_a_response_without_payments_is_requested_again_if_something_was_paid(company: Company) -> None:
    assert amounts(*company.gateway.mark_uncollectible(company.account, company.invoice, "given-up")) == [0]
