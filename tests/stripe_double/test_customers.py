"""Customers through the SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe


def test_a_customer_is_created_updated_and_listed_by_exact_email(company: Any) -> None:
    customer = company.customer(email="Ann@Example.com", metadata={"pom_customer": "cust_1"})
    company.v1.customers.update(
        customer.id, {"phone": "+1 602 555 0100", "address": {"city": "Phoenix"}}, company.opts
    )

    page = company.v1.customers.list({"email": "Ann@Example.com"}, company.opts)
    other_case = company.v1.customers.list({"email": "ann@example.com"}, company.opts)

    assert [c.id for c in page.data] == [customer.id]
    assert page.data[0].address.city == "Phoenix"
    assert other_case.data == []


def test_two_customers_may_have_the_same_email(company: Any) -> None:
    first, second = company.customer(), company.customer()

    page = company.v1.customers.list({"email": "ann@example.com"}, company.opts)

    assert [c.id for c in page.data] == [second.id, first.id]


def test_a_deleted_customer_is_returned_as_a_stub_and_cannot_be_billed(company: Any) -> None:
    customer = company.customer()

    company.v1.customers.delete(customer.id, None, company.opts)

    assert company.v1.customers.retrieve(customer.id, None, company.opts).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.draft(customer=customer.id)
    assert error.value.code == "resource_missing"
    assert error.value.param == "customer"


def test_an_update_emits_the_changed_fields_and_no_event_if_nothing_changed(company: Any) -> None:
    customer = company.customer(metadata={"a": "1", "b": "2"})

    company.v1.customers.update(customer.id, {"metadata": {"a": "9"}, "name": "Bob"}, company.opts)
    company.v1.customers.update(customer.id, {"name": "Bob"}, company.opts)

    (event,) = company.events("customer.updated")
    previous = event.data.previous_attributes
    assert (previous["metadata"].to_dict(), previous["name"]) == ({"a": "1"}, "Ann Diver")
    assert event.data.object.metadata.to_dict() == {"a": "9", "b": "2"}


def test_metadata_is_unset_by_an_empty_value(company: Any) -> None:
    customer = company.customer(metadata={"a": "1", "b": "2"})

    after = company.v1.customers.update(customer.id, {"metadata": {"a": ""}}, company.opts)
    none = company.v1.customers.update(customer.id, {"metadata": ""}, company.opts)

    assert after.metadata.to_dict() == {"b": "2"}
    assert none.metadata.to_dict() == {}


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"email": "not an address"}, "email", "email_invalid"),
        ({"email": f"{'a' * 510}@x.co"}, "email", "email_invalid"),
        ({"metadata": {"k" * 41: "v"}}, f"metadata[{'k' * 41}]", None),
        ({"metadata": {"k": "v" * 501}}, "metadata[k]", None),
        ({"metadata": {f"k{i}": "v" for i in range(51)}}, "metadata", None),
        ({"phone": "1" * 21}, "phone", None),
        ({"adress": {"city": "Phoenix"}}, "adress", "parameter_unknown"),
        ({"address": {"town": "Phoenix"}}, "address[town]", "parameter_unknown"),
        ({"tax_exempt": "maybe"}, "tax_exempt", None),
        ({"balance": "ten"}, "balance", "parameter_invalid_integer"),
        ({"source": "tok_visa"}, "source", "double_not_modelled"),
    ],
)
def test_bad_customer_parameters_are_refused(company: Any, params: Any, param: str, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.customer(**params)

    assert (error.value.param, error.value.code) == (param, code)
    assert company.v1.customers.list(None, company.opts).data == []


def test_a_search_finds_an_address_in_any_spelling_a_minute_later(alone: Any) -> None:
    customer = alone.customer(email="O'Ann@Example.com")
    alone.customer(email="joann@example.com")

    def page(query: str) -> list[str]:
        return [c.id for c in alone.v1.customers.search({"query": query}, alone.opts).data]

    assert page("email:'o\\'ann@example.com'") == [], "the index is behind"
    alone.double.advance(60)
    assert page("email:'o\\'ann@example.com'") == [customer.id]
    assert page('email:"o\'ANN@example.com"') == [customer.id]

    alone.v1.customers.update(customer.id, {"email": "new@example.com"}, alone.opts)
    assert page("email:'o\\'ann@example.com'") == [customer.id], "the index is behind"
    alone.double.advance(60)
    assert (page("email:'o\\'ann@example.com'"), page("email:'NEW@example.com'")) == ([], [customer.id])

    alone.v1.customers.delete(customer.id, None, alone.opts)
    assert page("email:'new@example.com'") == []


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({}, "query", "parameter_missing"),
        ({"query": "name:'Ann'"}, "query", "double_not_modelled"),
        ({"query": "email:'a' AND name:'b'"}, "query", "double_not_modelled"),
        ({"query": "email:'a'", "starting_after": "cus_1"}, "starting_after", "parameter_unknown"),
    ],
)
def test_unsupported_searches_are_refused(company: Any, params: Any, param: str, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.customers.search(params, company.opts)
    assert (error.value.param, error.value.code) == (param, code)


def test_a_page_has_one_to_a_hundred_entries_whatever_the_limit(alone: Any) -> None:
    for number in range(2):
        alone.customer(email=f"{number}@example.com")

    def listed(limit: int) -> int:
        return len(alone.v1.customers.list({"limit": limit}, alone.opts).data)

    assert (listed(0), listed(101)) == (1, 2)


def test_accounts_in_india_have_no_search(alone: Any) -> None:
    india = {"stripe_account": alone.double.create_account(country="IN")["id"]}
    with pytest.raises(stripe.InvalidRequestError):
        alone.v1.customers.search({"query": "email:'a'"}, india)


def test_lists_page_in_both_directions(company: Any) -> None:
    ids = [company.customer().id for _ in range(7)]

    forward = [c.id for c in company.v1.customers.list({"limit": 3}, company.opts).auto_paging_iter()]
    page = company.v1.customers.list({"limit": 2, "ending_before": ids[0]}, company.opts)

    assert forward == ids[::-1]
    assert [c.id for c in page.data] == [ids[2], ids[1]]
    assert page.has_more is True


def test_gte_and_lte_include_their_bound_and_gt_and_lt_exclude_it(company: Any) -> None:
    early = company.customer()
    company.double.advance(10)
    late = company.customer()

    def ids(**created: int) -> list[str]:
        return [c.id for c in company.v1.customers.list({"created": created}, company.opts).data]

    assert ids(gte=late.created) == [late.id]
    assert ids(lt=late.created) == [early.id]
    assert ids(gt=early.created, lte=late.created) == [late.id]


def test_an_account_cannot_read_another_accounts_customers(company: Any) -> None:
    mine = company.customer()
    other = {"stripe_account": company.double.create_account()["id"]}

    assert company.v1.customers.list(None, other).data == []
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.customers.retrieve(mine.id, None, other)
    assert (error.value.http_status, error.value.code) == (404, "resource_missing")
