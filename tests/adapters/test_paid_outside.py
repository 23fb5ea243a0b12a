"""What was paid outside Stripe, as invoices tell it, or as their payments show it where invoices do not."""

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
    made = {"id": "inpay_1", "invoice": "in_1", "currency": "usd", "status": status}
    return {**made, "amount_paid": amount, "payment": payment}


def outside(*payments: dict[str, Any], has_more: bool = False, **told: Any) -> int | None:
    """What an invoice over 100.00 with these payments says that was paid outside."""
    body = {"id": "in_1", "status": "paid", "amount_paid": 10_000, "total": 10_000, **told}
    body.setdefault("payments", {"data": list(payments), "has_more": has_more})
    return msgspec.json.decode(msgspec.json.encode(body), type=Invoice).paid_outside


def test_what_the_invoice_says_is_believed() -> None:
    assert outside(amount_paid_off_stripe=4_000, payments=None) == 4_000
    assert outside(payment(10_000), amount_paid_off_stripe=10_000) == 10_000


def test_an_unpaid_invoice_was_not_paid_outside() -> None:
    assert outside(amount_paid=0, payments=None) == 0


@pytest.mark.parametrize("said", [{}, {"amount_paid_off_stripe": None}])
def test_a_paid_invoice_without_its_payments_does_not_tell(said: Any) -> None:
    assert outside(payments=None, **said) is None
    assert outside(payment(2_500), has_more=True, **said) is None


def test_what_payments_through_stripe_leave_was_paid_outside() -> None:
    assert outside(payment(None, status="canceled")) == 10_000
    assert outside(payment(2_500), payment(None, status="open")) == 7_500
    assert outside(payment(2_500), payment(7_500, CHARGE)) == 0
    assert outside(payment(2_500), payment(7_500, RECORD)) == 7_500


def test_a_surplus_is_no_money_outside_whether_payments_contain_it_or_not() -> None:
    assert outside(payment(7_500), payment(7_500), amount_paid=15_000, amount_overpaid=5_000) == 0
    assert outside(payment(7_500), payment(2_500), amount_paid=15_000, amount_overpaid=5_000) == 0
    assert outside(payment(7_500), payment(7_500), amount_paid=10_000, amount_overpaid=5_000) == 0


class Company:
    """An account with an invoice over 130.00: 120.00 came in by many cards, and 10.00 in cash."""

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


def test_payments_that_an_expansion_does_not_hold_are_listed(company: Company) -> None:
    gateway, account = company.gateway, company.account

    assert amounts(*gateway.pay_outside(account, company.invoice, "cash")) == [1_000]

    assert amounts(gateway.fetch(account, "invoice", company.invoice)) == [1_000]
    assert amounts(*gateway.everything(account, company.invoice)) == [1_000]
    [listed] = gateway.invoices_of_status(account, "paid", 0, None)
    assert (amounts(listed.invoice), len(listed.payments)) == ([1_000], PARTS + 1)


def test_an_answer_without_payments_is_asked_for_again_if_something_was_paid(company: Company) -> None:
    assert amounts(*company.gateway.mark_uncollectible(company.account, company.invoice, "given-up")) == [0]
