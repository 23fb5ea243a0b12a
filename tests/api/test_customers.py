"""Customers over HTTP: their sync status, retries, and customers that were deleted in Stripe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api.http.route_table import ROUTES
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_fields import Field
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from tests.api.client import ApiClient
from tests.world import ORGANIZATION, World

ANN = {"firstName": "Ann", "lastName": "Lee", "email": "ann@example.test"}
LINE = {"serviceId": "svc_1", "description": "Weekly cleaning", "quantity": 1, "unitPrice": "75.00"}


@pytest.fixture
def account(world: World) -> str:
    return world.connect()


def in_stripe(world: World, account: str) -> list[dict[str, Any]]:
    return [each for each in world.in_stripe(account, "customer") if not each.get("deleted")]


def test_a_failed_sync_is_visible_and_can_be_retried(api: ApiClient, world: World, account: str) -> None:
    for _ in range(2):
        world.client.v1.customers.create({"email": "ann@example.test"}, {"stripe_account": account})
    api.put("/customers/cust_1", ANN)
    world.work()
    stuck = api.get("/customers/cust_1").json
    assert stuck["syncStatus"] == "needs_choice"
    assert "2 customers" in stuck["syncError"]
    world.client.v1.customers.delete(in_stripe(world, account)[0]["id"], None, {"stripe_account": account})

    again = api.post("/customers/cust_1/sync")

    assert (again.status, again.json["syncStatus"], again.json["syncError"]) == (202, "pending", None)
    world.work()
    customer = api.get("/customers/cust_1").json
    assert (customer["syncStatus"], customer["syncError"]) == ("synced", None)
    assert customer["stripeCustomerId"] == in_stripe(world, account)[0]["id"]


def test_a_retry_takes_over_fields_that_changed_only_in_stripe(api: ApiClient, world: World, account: str) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    [theirs] = in_stripe(world, account)
    world.double.set_delivery(paused=True)
    world.client.v1.customers.update(theirs["id"], {"name": "Somebody"}, {"stripe_account": account})
    api.post("/customers/cust_1/sync")
    world.work()
    customer = api.get("/customers/cust_1").json
    assert (customer["syncStatus"], customer["firstName"], customer["lastName"]) == ("synced", "Somebody", None)
    assert [each["name"] for each in in_stripe(world, account)] == ["Somebody"]


def test_a_retry_needs_a_customer_and_a_connection(api: ApiClient, world: World) -> None:
    missing = api.post("/customers/cust_9/sync")
    assert (missing.status, missing.code) == (404, "customer_not_found")
    api.put("/customers/cust_1", ANN)
    assert api.get("/customers/cust_1").json["syncStatus"] == "not_connected"
    refusal = api.post("/customers/cust_1/sync")
    assert (refusal.status, refusal.code) == (409, "stripe_not_connected")
    assert refusal.error["nextStep"]


def test_a_customer_deleted_in_stripe_is_recreated_when_it_is_billed(
    api: ApiClient, world: World, account: str
) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    [first] = in_stripe(world, account)
    world.advance(60)
    world.client.v1.customers.delete(first["id"], None, {"stripe_account": account})
    world.deliver()
    customer = api.get("/customers/cust_1").json
    assert (customer["syncStatus"], customer["stripeCustomerId"]) == ("deleted_in_stripe", None)
    line = {"serviceId": "svc_1", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
    creation = api.post("/invoices", {"customerId": "cust_1", "lineItems": [line]})
    assert (creation.status, creation.json["status"]) == (201, "pending")
    [second] = in_stripe(world, account)
    assert second["id"] != first["id"]
    back = api.get("/customers/cust_1").json
    assert (back["syncStatus"], back["stripeCustomerId"]) == ("synced", second["id"])


def test_a_customer_deleted_in_stripe_is_recreated_by_a_retry(api: ApiClient, world: World, account: str) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    world.advance(60)
    world.client.v1.customers.delete(in_stripe(world, account)[0]["id"], None, {"stripe_account": account})
    world.deliver()
    api.post("/customers/cust_1/sync")
    world.work()
    assert api.get("/customers/cust_1").json["syncStatus"] == "synced"
    assert len(in_stripe(world, account)) == 1


def test_a_customer_id_may_be_any_word_except_a_dot_segment(api: ApiClient, world: World, account: str) -> None:
    behind = {route.path.split("/")[3] for route in ROUTES if route.path.startswith("/v1/customers/")}
    assert behind == {"{customerId}"}, "no word in an API path hides a customer with this id"
    assert api.put("/customers/import", ANN).status == 200
    for response in (
        api.put("/customers/%2E%2E", ANN),
        api.post("/invoices", {"customerId": "..", "lineItems": [LINE]}),
    ):
        assert (response.status, response.code, response.error["field"]) == (
            422,
            "customer_id_reserved",
            "customerId",
        )
    assert [each["id"] for each in api.get("/customers").json["data"]] == ["import"]


def test_a_put_of_the_json_from_get_changes_nothing(api: ApiClient, world: World, account: str) -> None:
    options: Any = {"stripe_account": account}
    full = {"phone": "+1 602 555 0100", "address": {"line1": "1 Elm St", "city": "Phoenix"}}
    world.client.v1.customers.create({"email": "ann@example.test", **full}, options)  # type: ignore[arg-type]
    api.put("/customers/cust_1", ANN)
    world.work()
    world.deliver()
    before = api.get("/customers/cust_1").json
    stored_customers = dict(world.ports.database.customers)
    world.advance(60)
    world.double.api.log.reset()
    response = api.put("/customers/cust_1", before)
    assert (response.status, response.json) == (200, before)
    assert (world.ports.database.customers, world.ports.queues.sent, world.stripe_calls()) == (
        stored_customers,
        [],
        {},
    )
    assert [entry["kind"] for entry in before["history"]] == ["taken_over_from_stripe", "linked"]


def test_unknown_fields_are_refused(api: ApiClient) -> None:
    response = api.put("/customers/cust_1", {**ANN, "nickname": "Annie"})
    assert (response.status, response.code, response.error["field"]) == (400, "invalid_body", "nickname")


def test_a_stripe_customer_of_another_customer_is_refused_and_nothing_is_stored(
    api: ApiClient, world: World, account: str
) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    theirs = api.get("/customers/cust_1").json["stripeCustomerId"]
    bob = {"firstName": "Bob", "email": "bob@example.test", "stripeCustomerId": theirs}
    refusal = api.put("/customers/cust_2", bob)
    assert (refusal.status, refusal.code, refusal.error["field"]) == (
        409,
        "stripe_customer_taken",
        "stripeCustomerId",
    )
    assert refusal.error["nextStep"]
    assert api.get("/customers/cust_2").status == 404


@pytest.mark.parametrize(
    "name", ["X" * 256, "Ann " + "L" * 252, "Ann\tMarie\nLee", "\x7f", "Ann \x00 Lee", "é" * 256]
)
def test_any_name_that_comes_from_stripe_can_be_saved_again(
    name: str, api: ApiClient, world: World, account: str
) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    world.deliver()
    world.advance(60)
    options: Any = {"stripe_account": account}
    changes: Any = {"name": name, "address": {"line1": "x" * 400, "city": "y" * 101, "state": "A\tZ"}}
    world.client.v1.customers.update(in_stripe(world, account)[0]["id"], changes, options)
    world.deliver()
    customer = api.get("/customers/cust_1").json
    assert customer["address"] == {**dict.fromkeys(customer["address"]), "state": "A Z"}
    again = api.put("/customers/cust_1", customer)
    assert (again.status, again.json) == (200, customer)


def test_a_list_of_customers_has_no_history(api: ApiClient, world: World, account: str) -> None:
    api.put("/customers/cust_1", ANN)
    assert "history" in api.get("/customers/cust_1").json
    assert "history" not in api.get("/customers").json["data"][0]


@pytest.mark.parametrize("link", [False, True], ids=["unlinked", "linked"])
@pytest.mark.parametrize("choice", [None, "waits", "refused"])
@pytest.mark.parametrize("status", [each for each in SyncStatus if each is not SyncStatus.NOT_CONNECTED])
def test_a_customer_that_is_loaded_and_saved_unchanged_stays_the_same_in_every_state(
    status: SyncStatus, choice: str | None, link: bool, api: ApiClient, world: World
) -> None:
    account = world.connect()
    world.customer(phone="1")
    if link:
        world.work()
    world.ports.queues.take()
    stored_customer = world.ports.customers.get(ORGANIZATION, CustomerId("cust_1"))
    assert stored_customer is not None
    world.ports.customers.save(
        replace(
            stored_customer,
            sync_status=status,
            chosen_stripe_customer_id="cus_other" if choice else None,
            choice_refused=choice == "refused",
            candidates=("cus_other", stored_customer.linked_to(StripeAccountId(account)) or "cus_third"),
            from_stripe=(Field.PHONE,),
        )
    )
    before = api.get("/customers/cust_1").json
    world.double.api.log.reset()
    assert api.put("/customers/cust_1", before).json == before
    assert (api.get("/customers/cust_1").json, world.ports.queues.take()) == (before, [])
    assert world.stripe_calls() == {}
