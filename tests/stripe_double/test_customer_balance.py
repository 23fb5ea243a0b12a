"""The customer's balance, moved by API (https://docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from typing import Any

import pytest
import stripe


def move(company: Any, customer: Any, amount: int, **params: Any) -> Any:
    adjustment = {"amount": amount, "currency": "usd", **params}
    return company.v1.customers.balance_transactions.create(customer.id, adjustment, company.opts)


def test_a_credit_pays_the_next_invoice_as_far_as_it_goes(company: Any) -> None:
    customer = company.customer()
    moved = move(company, customer, -3_000, description="Goodwill", metadata={"a": "b"})
    assert (moved.type, moved.amount, moved.ending_balance) == ("adjustment", -3_000, -3_000)
    assert (moved.description, moved.metadata.to_dict(), moved.invoice) == ("Goodwill", {"a": "b"}, None)

    invoice = company.open(10_000, customer=customer.id)

    assert (invoice.total, invoice.amount_due) == (10_000, 7_000)
    assert (invoice.starting_balance, invoice.ending_balance) == (-3_000, 0)


def test_a_debt_is_asked_for_with_the_next_invoice(company: Any) -> None:
    customer = company.customer()
    move(company, customer, 500)

    assert company.open(10_000, customer=customer.id).amount_due == 10_500


def test_an_adjustment_is_an_update_of_the_customer(company: Any) -> None:
    customer = company.customer()

    move(company, customer, -3_000)

    last = company.events()[-1]
    assert (last.type, last.data.object.balance) == ("customer.updated", -3_000)
    assert last.data.previous_attributes.to_dict() == {"balance": 0, "currency": None}


def test_the_transactions_are_listed_newest_first_and_by_invoice(company: Any) -> None:
    customer = company.customer()
    move(company, customer, -3_000)
    invoice = company.open(10_000, customer=customer.id)
    listing = company.v1.customers.balance_transactions.list

    transactions = listing(customer.id, None, company.opts).data
    of_invoice = listing(customer.id, {"invoice": invoice.id}, company.opts).data

    assert [each.type for each in transactions] == ["applied_to_invoice", "adjustment"]
    assert [each.amount for each in of_invoice] == [3_000]


def test_another_currency_and_a_deleted_customer_are_refused(company: Any) -> None:
    customer = company.customer()
    move(company, customer, -3_000)

    with pytest.raises(stripe.InvalidRequestError) as error:
        move(company, customer, -3_000, currency="eur")
    assert error.value.code == "double_not_modelled"
    company.v1.customers.delete(customer.id, None, company.opts)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        move(company, customer, -3_000)
