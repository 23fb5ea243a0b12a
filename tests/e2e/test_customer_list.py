"""The list of customers on the whole stack: its filters return the company's own customers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from infra.local.stack import LocalStack
from tests.e2e.company import Company, eventually, refused


@pytest.fixture(scope="module")
def companies(stack: LocalStack) -> tuple[Company, Company]:
    """Two companies whose customers have the same ids, names and addresses."""
    both = Company(stack).connect(), Company(stack).connect()
    for company in both:
        for customer_id in ("cust_1", "cust_2", "cust_3"):
            company.customer(customer_id)
        company.customer("cust_4", email=None)
    stack.wait_until_idle()
    return both


def ids(company: Company, query: str) -> list[str]:
    return [each["id"] for each in listed(company, query)["data"]]


def listed(company: Company, query: str) -> Any:
    return company.office.get(f"/customers?{query}")


def test_each_filter_returns_the_companys_own_customers(companies: tuple[Company, Company]) -> None:
    for company in companies:
        synced = listed(company, "syncStatus=synced")["data"]
        assert [each["id"] for each in synced] == ["cust_1", "cust_2", "cust_3"]
        in_stripe = {each["id"] for each in company.in_stripe("customer")}
        assert {each["stripeCustomerId"] for each in synced} == in_stripe
        assert ids(company, "syncStatus=failed") == ["cust_4"], "it has no address"
        assert ids(company, "email=ANN%40example.com") == ["cust_1", "cust_2", "cust_3"]
        assert ids(company, f"name={quote('ánn L')}") == ["cust_1", "cust_2", "cust_3", "cust_4"]
        assert ids(company, "name=lee") == []


def test_each_page_of_a_filtered_list_continues_after_the_page_before(companies: tuple[Company, Company]) -> None:
    company, other = companies
    first = listed(company, "name=ann&first=3")
    assert first["pageInfo"]["hasNextPage"]
    cursor = first["pageInfo"]["endCursor"]
    assert ids(company, f"name=ANN&first=3&after={cursor}") == ["cust_4"]
    refused(other.office.call("GET", f"/customers?name=ann&after={cursor}"), 422, "cursor_invalid", "after")
    refused(company.office.call("GET", f"/customers?name=an&after={cursor}"), 422, "cursor_invalid", "after")


def test_a_saved_customer_moves_between_the_filtered_lists(company: Company) -> None:
    company.customer("cust_moving", email="before@example.com")
    company.customer("cust_moving", email="after@example.com")
    eventually(lambda: ids(company, "email=after%40example.com"), ["cust_moving"].__eq__, "the new address")
    assert ids(company, "email=before%40example.com") == []
    eventually(lambda: "cust_moving" in ids(company, "syncStatus=synced"), bool, "the sync")
    assert "cust_moving" not in ids(company, "syncStatus=pending")


def test_other_combinations_of_filters_are_refused_and_members_read_no_customers(company: Company) -> None:
    both = company.office.call("GET", "/customers?name=ann&syncStatus=synced")
    error = refused(both, 422, "filters_not_offered", "syncStatus")
    assert all(f"`{name}`" in error["message"] for name in ("syncStatus", "email", "name"))
    refused(company.member.call("GET", "/customers?name=ann"), 403, "role_missing")
