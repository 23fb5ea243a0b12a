"""The list of customers over HTTP: its filters, the combinations that are refused, and its limits by organization."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import quote

import pytest

from chalicelib.api.http.route_table import ROUTES
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.usecases.connecting import connect
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.api.test_limits import DOCUMENT
from tests.world import ADMIN, ORGANIZATION, World

GREEN = OrganizationId(OTHER_ORGANIZATION)


def ids(api: ApiClient, query: str = "") -> list[str]:
    """Returns the customer ids of a whole list, read two a page."""
    customer_ids: list[str] = []
    after = ""
    while True:
        response = api.get(f"/customers?first=2{query and '&'}{query}{after}")
        assert response.status == 200, response.text
        customer_ids += [each["id"].removeprefix("cust_") for each in response.json["data"]]
        if not response.json["pageInfo"]["hasNextPage"]:
            return customer_ids
        after = f"&after={response.json['pageInfo']['endCursor']}"


def test_customers_are_found_by_the_beginning_of_their_listed_name(api: ApiClient, world: World) -> None:
    world.customer("cust_1", first_name="José", last_name="Acme")
    world.customer("cust_2", first_name="Ann", last_name="Lee", company_name="ACMÉ Pools")
    world.customer("cust_3", first_name="acme", last_name=None)
    world.customer("cust_4", first_name=None, last_name="Acmeson")
    assert ids(api, "name=acme") == ids(api, f"name={quote('ACMÉ')}") == ["3", "2", "4"]
    assert ids(api, "name=jose") == ["1"]
    assert ids(api, "name=jose%20a") == ["1"]
    assert ids(api, "name=lee") == []
    world.customer("cust_5", first_name="Ann", last_name="O\N{RIGHT SINGLE QUOTATION MARK}Brien")
    assert (ids(api, "name=ann%20o'br"), ids(api, "name=o'br")) == (["5"], [])
    assert ids(api, f"name={quote(chr(0x301))}") == ids(api, "name=%C2%A8") == [], "no name begins with an accent"


def test_customers_are_found_by_their_whole_email_in_any_case(api: ApiClient, world: World) -> None:
    for customer_id, email in (("cust_1", "Ann+Pool@Example.test"), ("cust_2", "ann+pool@example.test")):
        world.customer(customer_id, email=email)
    world.customer("cust_3", email="joann+pool@example.test")
    world.customer("cust_4", email=None)
    assert ids(api, "email=ANN%2Bpool%40example.test") == ["1", "2"]
    assert ids(api, "email=nobody%40example.test") == []


def customers_by_listed_status(api: ApiClient) -> dict[str, list[str]]:
    customers_by_status = defaultdict(list)
    for each in api.get("/customers?first=100").json["data"]:
        customers_by_status[each["syncStatus"]].append(each["id"].removeprefix("cust_"))
    return customers_by_status


def require_filters_match_the_list(api: ApiClient) -> dict[str, list[str]]:
    customers_by_status = customers_by_listed_status(api)
    for status in SyncStatus:
        assert sorted(ids(api, f"syncStatus={status}")) == customers_by_status.get(status, []), status
    return dict(customers_by_status)


def test_a_filter_by_status_returns_the_customers_listed_with_that_status_for_any_connected_account(
    api: ApiClient, world: World
) -> None:
    """A company connects an account, then another one, then the first again, and disconnects."""
    world.customer("cust_0", email="zero@example.test")
    assert require_filters_match_the_list(api) == {"not_connected": ["0"]}

    first = world.connect()
    for _ in range(2):
        world.client.v1.customers.create({"email": "cust_3@example.test"}, {"stripe_account": first})
    for customer_id in ("cust_1", "cust_2", "cust_3"):
        world.customer(customer_id, email=f"{customer_id}@example.test")
    world.customer("cust_4", email=None)
    world.work()
    world.customer("cust_5", email="five@example.test")  # no worker has synced it yet
    customers_by_status = require_filters_match_the_list(api)
    assert customers_by_status["synced"] == ["1", "2"]
    assert (customers_by_status["needs_choice"], customers_by_status["failed"], customers_by_status["pending"]) == (
        ["3"],
        ["4"],
        ["5"],
    )

    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert require_filters_match_the_list(api) == customers_by_status
    world.connect()
    after_move = require_filters_match_the_list(api)
    assert after_move["waiting_for_invoice"] == ["1", "2", "3"], "the other account does not have them"
    world.customer("cust_1", email="cust_1@example.test", phone="602 555 0100")
    world.work()
    assert "1" in require_filters_match_the_list(api)["synced"]

    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect(account=first)
    back = require_filters_match_the_list(api)
    assert "2" in back["synced"]
    assert "1" in back["waiting_for_invoice"]
    assert back["needs_choice"] == ["3"]


TWO = ("syncStatus=synced&name=a", "syncStatus=synced&email=a%40b.test", "email=a%40b.test&name=a")


@pytest.mark.parametrize("query", [*TWO, "name=a&email=a%40b.test&syncStatus=failed"])
def test_filters_that_cannot_be_combined_are_refused_with_those_that_can(api: ApiClient, query: str) -> None:
    refusal = api.get(f"/customers?{query}")
    assert (refusal.status, refusal.code) == (422, "filters_not_offered")
    assert refusal.error["field"] in query
    for name in ("`syncStatus`", "`email`", "`name`"):
        assert name in refusal.error["message"]
    assert refusal.error["nextStep"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("syncStatus=", "syncStatus"),
        ("syncStatus=paid", "syncStatus"),
        ("syncStatus=SYNCED", "syncStatus"),
        ("syncStatus=synced&syncStatus=failed", "syncStatus"),
        ("email=", "email"),
        ("email=%20", "email"),
        ("email=ann", "email"),
        ("email=ann%40example", "email"),
        ("email=ann+pool@example.test", "email"),  # In a query, + is a space.
        ("email=a%23%40b.test%0A", "email"),
        (f"email={'a' * 65}%40b.test", "email"),
        ("name=", "name"),
        ("name=%20", "name"),
        ("name=%E2%80%8B", "name"),
        ("name=a%00", "name"),
        (f"name={'a' * 257}", "name"),
        ("sync_status=synced", "sync_status"),
        ("q=ann", "q"),
    ],
)
def test_an_invalid_filter_is_refused_and_named(api: ApiClient, query: str, field: str) -> None:
    refusal = api.get(f"/customers?{query}")
    assert (refusal.status, refusal.code, refusal.error["field"]) == (400, "invalid_query", field)
    assert "regex" not in refusal.error["message"]


FILTERS = ("", "syncStatus=synced", "syncStatus=pending", "syncStatus=not_connected", "name=ann", "name=A",
           "email=ann%40example.test", "syncStatus=waiting_for_invoice")  # fmt: skip


@pytest.mark.parametrize("query", FILTERS)
def test_no_filter_returns_a_customer_of_another_organization(api: ApiClient, world: World, query: str) -> None:
    account = world.connect()
    other_account = world.connect(GREEN)
    assert account != other_account
    for organization in (ORGANIZATION, GREEN):
        for name in "ab":
            world.customer(f"cust_{name}_{organization}", organization=organization)
        world.work()
        world.customer(f"cust_c_{organization}", organization=organization)
    theirs = api.acting("billing", organization=OTHER_ORGANIZATION)
    assert not [each for each in ids(api, query) if OTHER_ORGANIZATION in each]
    assert not [each for each in ids(theirs, query) if ORGANIZATION in each]


@pytest.mark.parametrize("query", ["", "name=ann", "email=ann%40example.test", "syncStatus=not_connected"])
def test_a_cursor_of_another_organization_or_of_another_filter_is_refused(
    api: ApiClient, world: World, query: str
) -> None:
    for organization in (ORGANIZATION, GREEN):
        for name in "ab":
            world.customer(f"cust_{name}", organization=organization)
    theirs = api.acting("billing", organization=OTHER_ORGANIZATION)
    cursor = api.get(f"/customers?first=1&{query}").json["pageInfo"]["endCursor"]
    assert len(api.get(f"/customers?first=1&{query}&after={cursor}").json["data"]) == 1
    for client, filters in ((theirs, query), (api, "name=a"), (api, "syncStatus=synced")):
        refusal = client.get(f"/customers?first=1&{filters}&after={cursor}")
        assert (refusal.status, refusal.code, refusal.error["field"]) == (422, "cursor_invalid", "after")


@pytest.mark.parametrize("query", ["", *TWO, *FILTERS])
def test_only_the_role_billing_lists_customers_with_any_filter(api: ApiClient, query: str) -> None:
    refusal = api.acting("member").get(f"/customers?{query}")
    assert (refusal.status, refusal.code) == (403, "role_missing")
    assert api.get(f"/customers?{query}", token=None).status == 401


def test_the_contract_lists_the_filters_that_are_offered_with_their_orders() -> None:
    [route] = [route for route in ROUTES if (route.method, route.path) == ("GET", "/v1/customers")]
    description = DOCUMENT["paths"]["/v1/customers"]["get"]["description"]
    for line in ("- no filter: by id", "- `email`:", "- `name`: by name"):
        assert line in description
    assert "filters_not_offered" in route.doc
