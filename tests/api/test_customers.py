"""Customers over HTTP: their sync status, trying again, and customers that Stripe has lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.world import World

ANN = {"firstName": "Ann", "lastName": "Lee", "email": "ann@example.test"}


@pytest.fixture
def account(world: World) -> str:
    return world.connect()


def in_stripe(world: World, account: str) -> list[dict[str, Any]]:
    return [each for each in world.in_stripe(account, "customer") if not each.get("deleted")]


def test_a_sync_that_failed_is_shown_and_can_be_tried_again(api: ApiClient, world: World, account: str) -> None:
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
    done = api.get("/customers/cust_1").json
    assert (done["syncStatus"], done["syncError"]) == ("synced", None)
    assert done["stripeCustomerId"] == in_stripe(world, account)[0]["id"]


def test_trying_again_takes_over_what_only_stripe_changed(api: ApiClient, world: World, account: str) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    [theirs] = in_stripe(world, account)
    world.double.set_delivery(paused=True)
    world.client.v1.customers.update(theirs["id"], {"name": "Somebody"}, {"stripe_account": account})
    api.post("/customers/cust_1/sync")
    world.work()
    shown = api.get("/customers/cust_1").json
    assert (shown["syncStatus"], shown["firstName"], shown["lastName"]) == ("synced", "Somebody", None)
    assert [each["name"] for each in in_stripe(world, account)] == ["Somebody"]


def test_trying_again_needs_a_customer_and_a_connection(api: ApiClient, world: World) -> None:
    missing = api.post("/customers/cust_9/sync")
    assert (missing.status, missing.code) == (404, "customer_not_found")
    api.put("/customers/cust_1", ANN)
    assert api.get("/customers/cust_1").json["syncStatus"] == "not_connected"
    refused = api.post("/customers/cust_1/sync")
    assert (refused.status, refused.code) == (409, "stripe_not_connected")
    assert refused.error["nextStep"]


def test_a_customer_deleted_in_stripe_is_made_again_when_it_is_needed(
    api: ApiClient, world: World, account: str
) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    [first] = in_stripe(world, account)
    world.advance(60)
    world.client.v1.customers.delete(first["id"], None, {"stripe_account": account})
    world.deliver()
    gone = api.get("/customers/cust_1").json
    assert (gone["syncStatus"], gone["stripeCustomerId"]) == ("deleted_in_stripe", None)
    line = {"serviceId": "svc_1", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
    made = api.post("/invoices", {"customerId": "cust_1", "lineItems": [line]})
    assert (made.status, made.json["status"]) == (201, "pending")
    [second] = in_stripe(world, account)
    assert second["id"] != first["id"]
    back = api.get("/customers/cust_1").json
    assert (back["syncStatus"], back["stripeCustomerId"]) == ("synced", second["id"])


def test_a_customer_deleted_in_stripe_is_made_again_when_it_is_tried_again(
    api: ApiClient, world: World, account: str
) -> None:
    api.put("/customers/cust_1", ANN)
    world.work()
    world.advance(60)
    world.client.v1.customers.delete(in_stripe(world, account)[0]["id"], None, {"stripe_account": account})
    world.deliver()
    api.post("/customers/cust_1/sync")
    world.work()
    assert api.get("/customers/cust_1").json["syncStatus"] == "synced"
    assert len(in_stripe(world, account)) == 1
