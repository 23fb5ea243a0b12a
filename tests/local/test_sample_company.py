"""The sample companies: the API accepts their data, and they contain the cases that screens are tested with."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.http.decoding import body_as
from chalicelib.api.models.customer_imports import ImportedCustomer
from chalicelib.api.models.new_invoices import NewLineItem
from chalicelib.api.models.saved_customers import save_from
from infra.demo import sample
from infra.local import company_records
from infra.local.double_config import OTHER_STRIPE_ACCOUNT, STRIPE_ACCOUNT
from infra.local.sample_company.companies import COMPANIES
from infra.local.sample_company.in_stripe import FORMER
from infra.local.sample_people import BLUE_LAGOON, PEOPLE
from infra.local.summary import INVOICE

TODAY = dt.date(2026, 11, 29)


def services(organization: str = BLUE_LAGOON, today: dt.date = TODAY) -> list[dict[str, Any]]:
    return company_records.services(organization, today, Path("missing.db"))


def customers() -> list[dict[str, Any]]:
    return company_records.customers(BLUE_LAGOON, Path("missing.db"))


def test_a_day_gives_the_same_services_every_time_and_they_move_with_the_day() -> None:
    today, tomorrow = services(), services(today=TODAY + dt.timedelta(days=1))

    assert today == services()
    assert [each["id"] for each in today] == [each["id"] for each in tomorrow]
    assert today != tomorrow


def test_the_services_are_those_of_the_last_45_days_and_the_latest_comes_first() -> None:
    days = [dt.date.fromisoformat(each["serviceDate"]) for each in services()]

    assert days == sorted(days, reverse=True)
    assert days[0] == TODAY - dt.timedelta(days=1)
    assert days[-1] >= TODAY - dt.timedelta(days=45)


@pytest.mark.parametrize("organization", COMPANIES)
def test_the_api_accepts_each_customer_and_each_service(organization: str) -> None:
    ids = set()
    for customer in company_records.customers(organization, Path("missing.db")):
        save_from(body_as(ImportedCustomer, json.dumps(customer).encode()))
        ids.add(customer["id"])
    for service in services(organization):
        line = {"serviceId": service["id"], "serviceDate": service["serviceDate"]}
        line |= {name: service[name] for name in ("description", "quantity", "unitPrice", "currency", "taxable")}
        body_as(NewLineItem, json.dumps(line).encode())
        assert service["customerId"] in ids

    assert len(ids) == len(COMPANIES[organization].customers)
    assert len({service["id"] for service in services(organization)}) == len(services(organization))


def test_blue_lagoon_has_eighty_customers_with_difficult_names_and_values() -> None:
    all_customers = customers()
    names = [each.name for each in COMPANIES[BLUE_LAGOON].customers]
    emails = Counter(each["email"] for each in all_customers)
    currencies = {(each["customerId"], each["currency"]) for each in services()}

    assert len(all_customers) == 80
    assert max(map(len, names)) > 120
    assert any(unicodedata.bidirectional(letter) == "AL" for name in names for letter in name)
    assert any("É" in name for name in names)
    assert emails.pop(None) == 1
    assert [count for count in emails.values() if count > 1] == [2]
    assert Counter(currency for _, currency in currencies) == {"usd": 77, "cad": 2, "eur": 1}
    assert {each["customerId"] for each in services()} == {each["id"] for each in all_customers}


def test_the_demo_and_the_printed_commands_bill_services_that_the_office_shows() -> None:
    services_by_id = {each["id"]: each for each in services()}
    billed_services = [(each.id, service.line) for each in sample.CUSTOMERS for service in sample.services_of(each)]
    services_of_commands = [(INVOICE["customerId"], line) for line in INVOICE["lineItems"]]

    for customer_id, line in (*billed_services, *services_of_commands):
        service = services_by_id[line["serviceId"]]
        assert service["customerId"] == customer_id
        assert {name: service[name] for name in ("description", "quantity", "unitPrice")} == {
            name: line[name] for name in ("description", "quantity", "unitPrice")
        }


def test_a_customer_who_was_in_stripe_before_is_one_of_poms_customers_too() -> None:
    in_stripe = Counter(email for _, email in FORMER)

    assert sorted(in_stripe.values()) == [1, 2], "one customer is linked, and a user has to choose between two"
    assert in_stripe.keys() <= {each["email"] for each in customers()}


def test_each_company_can_connect_a_stripe_account_of_its_own() -> None:
    accounts = {each["business_name"] for each in (STRIPE_ACCOUNT, OTHER_STRIPE_ACCOUNT)}

    assert {COMPANIES[person.organization].name for person in PEOPLE.values()} == accounts
