"""Discounts, the customer's balance, surpluses and lost disputes, as Stripe documents them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.stripe_double import StripeFault
from infra.stripe_double.objects.money import MINIMUM


def coupon(company: Any, **terms: Any) -> str:
    return str(company.v1.coupons.create({"duration": "once", **terms}, company.opts).id)


def discounted(company: Any, draft: Any, *coupons: str) -> Any:
    wanted = {"discounts": [{"coupon": each} for each in coupons]}
    return company.v1.invoices.update(draft.id, wanted, company.opts)


def balance_of(company: Any, customer: Any) -> int:
    return int(company.v1.customers.retrieve(customer, None, company.opts).balance)


def entries(company: Any, invoice: Any) -> list[tuple[str, int]]:
    """Returns the customer's balance transactions of an invoice, oldest first."""
    transactions = company.double.ledger(company.account)["objects"].get("customer_balance_transaction", [])
    return [(each["type"], each["amount"]) for each in transactions if each["invoice"] == invoice.id]


def test_a_fixed_amount_is_taken_off_a_draft_and_spread_over_its_lines(company: Any) -> None:
    draft = discounted(company, company.draft(7_500, 2_501), coupon(company, amount_off=1_000, currency="usd"))

    shares = [line.discount_amounts[0].amount for line in draft.lines.data]

    assert (draft.subtotal, draft.total, draft.amount_due) == (10_001, 9_001, 9_001)
    assert [each.amount for each in draft.total_discount_amounts] == [1_000]
    assert (sum(shares), len(shares)) == (1_000, 2)


def test_two_discounts_are_taken_off_one_after_the_other(company: Any) -> None:
    fixed, half = coupon(company, amount_off=1_000, currency="usd"), coupon(company, percent_off=50)
    draft = discounted(company, company.draft(10_000), fixed, half)

    assert [each.amount for each in draft.total_discount_amounts] == [1_000, 4_500]
    assert draft.total == 4_500


def test_a_discount_is_at_most_the_subtotal(company: Any) -> None:
    draft = discounted(company, company.draft(700), coupon(company, amount_off=1_000, currency="usd"))
    invoice = company.v1.invoices.finalize_invoice(draft.id, None, company.opts)

    assert (invoice.total, invoice.total_discount_amounts[0].amount, invoice.status) == (0, 700, "paid")


def test_the_discounts_of_a_draft_can_be_removed(company: Any) -> None:
    draft = discounted(company, company.draft(7_500), coupon(company, percent_off=10))

    again = company.v1.invoices.update(draft.id, {"discounts": ""}, company.opts)

    assert (draft.total, again.total, again.discounts) == (6_750, 7_500, [])


def test_a_coupon_in_another_currency_is_refused(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        discounted(company, company.draft(7_500), coupon(company, amount_off=100, currency="eur"))


def test_a_finalized_invoice_takes_no_discount(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        discounted(company, company.open(), coupon(company, percent_off=10))


def test_discounts_together_with_tax_rates_are_not_implemented(company: Any) -> None:
    rate = company.v1.tax_rates.create({"display_name": "T", "percentage": 8, "inclusive": False}, company.opts).id
    draft = company.draft()
    company.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 900, "tax_rates": [rate]}]}, company.opts)

    with pytest.raises(stripe.InvalidRequestError, match="tax rates"):
        discounted(company, draft, coupon(company, percent_off=10))


def test_a_surplus_goes_to_the_customers_credit_balance_and_pays_the_next_invoice(company: Any) -> None:
    invoice = company.open()
    debit = company.pay(invoice, "000123456789")["payment_intent"]
    company.pay(invoice, amount=4_000)
    company.double.settle_debit(company.account, debit)

    assert company.get(invoice).amount_overpaid == 4_000
    assert balance_of(company, invoice.customer) == -4_000
    assert entries(company, invoice) == [("invoice_overpaid", -4_000)]
    next_one = company.open(10_000, customer=invoice.customer)
    assert (next_one.starting_balance, next_one.ending_balance, next_one.amount_due) == (-4_000, 0, 6_000)


def test_a_credit_that_leaves_less_than_the_minimum_pays_its_part_and_the_remainder_becomes_a_debt(
    company: Any,
) -> None:
    invoice = company.open(7_500, customer=company.customer(balance=-7_480).id)

    assert (invoice.status, invoice.starting_balance, invoice.ending_balance) == ("paid", -7_480, 20)
    assert entries(company, invoice) == [("applied_to_invoice", 7_480), ("invoice_too_small", 20)]


def test_voiding_returns_the_applied_balance(company: Any) -> None:
    invoice = company.open(10_000, customer=company.customer(balance=-3_000).id)
    assert balance_of(company, invoice.customer) == 0

    company.v1.invoices.void_invoice(invoice.id, None, company.opts)

    assert balance_of(company, invoice.customer) == -3_000
    assert entries(company, invoice) == [("applied_to_invoice", 3_000), ("unapplied_from_invoice", -3_000)]


@pytest.mark.parametrize(("currency", "least"), sorted(MINIMUM.items()))
def test_a_debt_below_the_minimum_is_not_charged(company: Any, currency: str, least: int) -> None:
    step = 100 if currency == "huf" else 1

    assert company.open(least, currency=currency).amount_due == least
    assert company.open(least - step, currency=currency).amount_due == 0


def test_a_lost_dispute_can_be_appealed_and_won(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice)
    dispute = company.double.open_dispute(company.account, company.charge(invoice).id)["id"]

    statuses = [
        company.double.move_dispute(company.account, dispute, status)["status"]
        for status in ("lost", "appeal_needs_response", "appeal_under_review", "won")
    ]

    assert statuses == ["lost", "appeal_needs_response", "appeal_under_review", "won"]
    assert [e.type for e in company.events("charge.dispute.*")][-2:] == [
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


@pytest.mark.parametrize("closed", ["won", "warning_closed"])
def test_only_a_lost_dispute_can_be_appealed(company: Any, closed: str) -> None:
    invoice = company.open()
    company.pay(invoice)
    dispute = company.double.open_dispute(company.account, company.charge(invoice).id)["id"]
    company.double.move_dispute(company.account, dispute, closed)

    with pytest.raises(StripeFault):
        company.double.move_dispute(company.account, dispute, "appeal_under_review")


def test_a_bank_may_dispute_in_its_own_currency(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice)

    dispute = company.double.open_dispute(company.account, company.charge(invoice).id, amount=9_100, currency="eur")

    assert (dispute["amount"], dispute["currency"]) == (9_100, "eur")
    [taken] = dispute["balance_transactions"]
    assert (taken["currency"], taken["amount"], taken["exchange_rate"]) == ("usd", -10_010, 1.1)
