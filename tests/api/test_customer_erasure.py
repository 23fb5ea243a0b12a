"""Erasing a customer over HTTP: who may, what is refused and why, and how far it is."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.http.route_table import ROUTES
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.world import ADMIN, World

ANN = {"firstName": "Ann", "lastName": "Lee", "email": "ann@example.test"}
ONE = "/customers/cust_1"
ERASE = f"{ONE}?inStripe=keep"


def invoiced(*services: str, **more: Any) -> dict[str, Any]:
    lines = [
        {"serviceId": each, "description": "Ann's pool", "quantity": 1, "unitPrice": "75.00"}
        for each in services or ("svc_1",)
    ]
    return {"customerId": "cust_1", "lineItems": lines, "memo": "Ann's gate is green", **more}


@pytest.fixture
def account(world: World, api: ApiClient) -> str:
    made = world.connect()
    api.put(ONE, ANN)
    settle(world)
    return made


def settle(world: World) -> None:
    world.work()
    world.deliver()
    world.work()


def pass_time(world: World, seconds: int) -> None:
    world.advance(seconds)
    world.deliver()
    world.resume()


def paid(world: World, api: ApiClient, account: str, *services: str) -> dict[str, Any]:
    made = api.post("/invoices", invoiced(*services)).json
    world.double.pay(account, made["stripeInvoiceId"], "pm_card_visa")
    settle(world)
    return dict(made)


def test_an_admin_erases_a_customer_and_sees_how_far_it_is(api: ApiClient, world: World, account: str) -> None:
    invoice = paid(world, api, account)
    stripe_id = api.get(ONE).json["stripeCustomerId"]

    asked = api.admin.delete(f"{ONE}?inStripe=delete")

    assert asked.status == 202
    assert (asked.json["status"], asked.json["requestedBy"], asked.json["waitsFor"]) == ("waiting", ADMIN, [])
    assert asked.json["inStripe"]["choice"] == "delete"
    assert api.admin.get(f"{ONE}/erasure").json == asked.json

    pass_time(world, BEGINS_AFTER)
    begun = api.admin.get(f"{ONE}/erasure").json
    assert (begun["status"], begun["finishedAt"]) == ("erasing", None)
    assert begun["inStripe"]["stripeCustomerId"] == stripe_id
    assert begun["inStripe"]["deletedAt"] is not None
    assert begun["inStripe"]["redactionUrl"] == "https://docs.stripe.com/privacy/redaction"
    assert {each["goneBy"] for each in begun["outOfReach"]} == {None}

    pass_time(world, SECOND_LOOK_AFTER)
    again = api.admin.delete(f"{ONE}?inStripe=delete")
    assert (again.status, again.json["status"]) == (200, "erased")
    otherwise = api.admin.delete(ERASE)
    assert (otherwise.status, otherwise.code, otherwise.error["field"]) == (409, "erasure_choice_made", "inStripe")
    assert max(each["goneBy"] for each in again.json["outOfReach"]) > again.json["finishedAt"]

    shown = api.get(f"/invoices/{invoice['id']}")
    assert (shown.json["total"], shown.json["status"], shown.json["number"]) == ("75.00", "paid", invoice["number"])
    assert (shown.json["customerName"], shown.json["customerEmail"], shown.json["memo"]) == (None, None, None)
    assert [each["description"] for each in shown.json["lineItems"]] == ["(erased)"]
    assert shown.json["erasedAt"] == begun["erasedAt"]
    assert "ann" not in shown.text.lower()


def test_until_it_is_erased_an_invoice_has_no_such_time(api: ApiClient, world: World, account: str) -> None:
    assert paid(world, api, account)["erasedAt"] is None


def test_what_becomes_of_the_stripe_customer_has_no_default_and_is_one_of_two(
    api: ApiClient, world: World, account: str
) -> None:
    for query in (
        "",
        "?inStripe=",
        "?inStripe=Delete",
        "?inStripe=keep&inStripe=delete",
        "?inStripe=keep&force=true",
    ):
        answer = api.admin.delete(f"{ONE}{query}")
        assert (answer.status, answer.code) == (400, "invalid_query"), query
    assert api.get(ONE).status == 200


def test_a_body_is_not_taken_for_the_choice(api: ApiClient, account: str) -> None:
    answer = api.admin.call("DELETE", ONE, {"inStripe": "keep"})
    assert answer.status == 400
    assert {each["code"] for each in answer.error["details"]} == {"invalid_query", "invalid_body"}
    assert api.get(ONE).status == 200


def test_only_an_admin_erases_and_looks(api: ApiClient, account: str) -> None:
    for caller in (api, api.acting("member")):
        assert caller.delete(ERASE).code == "role_missing"
        assert caller.get(f"{ONE}/erasure").code == "role_missing"


def test_another_organizations_customer_is_not_there(api: ApiClient, account: str) -> None:
    foreign = api.acting("admin", organization=OTHER_ORGANIZATION)
    for answer in (
        foreign.delete(ERASE),
        foreign.get(f"{ONE}/erasure"),
        api.admin.delete("/customers/x?inStripe=keep"),
    ):
        assert (answer.status, answer.code) == (404, "customer_not_found")
    assert api.get(ONE).status == 200


def test_an_erasure_that_nobody_asked_for_cannot_be_shown(api: ApiClient, account: str) -> None:
    answer = api.admin.get(f"{ONE}/erasure")
    assert (answer.status, answer.code) == (404, "erasure_not_found")


def test_every_reason_is_told_at_once_and_names_its_invoice(api: ApiClient, world: World, account: str) -> None:
    disputed = paid(world, api, account, "svc_1")
    [charge] = [each["id"] for each in world.in_stripe(account, "charge")]
    world.double.open_dispute(account, charge)
    draft = api.post("/invoices", invoiced("svc_2", send=False)).json
    settle(world)
    api.post("/invoice-batches", {"services": [{"customerId": "cust_1", **invoiced("svc_3")["lineItems"][0]}]})

    refused = api.admin.delete(ERASE)

    assert refused.status == 409
    told = {each["code"]: (each["invoiceId"], each["number"]) for each in refused.error["details"]}
    assert told == {
        "customer_has_open_invoice": (draft["id"], None),
        "customer_has_open_dispute": (disputed["id"], None),
        "customer_in_batch": (None, None),
    }
    assert all(each["message"] and each["nextStep"] for each in refused.error["details"])
    assert "ann" not in refused.text.lower()
    assert api.get(ONE).status == 200


def test_each_open_invoice_is_an_error_of_its_own(api: ApiClient, world: World, account: str) -> None:
    made = {api.post("/invoices", invoiced(each, send=False)).json["id"] for each in ("svc_1", "svc_2", "svc_3")}
    settle(world)
    refused = api.admin.delete(ERASE)
    assert {each["invoiceId"] for each in refused.error["details"]} == made
    for each in made:
        api.post(f"/invoices/{each}/void")
    settle(world)
    assert api.admin.delete(ERASE).status == 202


def test_what_an_erasure_waits_for_is_shown_with_what_to_do(api: ApiClient, world: World, account: str) -> None:
    plain = world.ports.customers.save

    def billed_meanwhile(customer: Any, *given: Any) -> Any:
        world.ports.customers.save = plain  # type: ignore[method-assign]
        api.post("/invoices", invoiced(send=False))
        return plain(customer, *given)

    world.ports.customers.save = billed_meanwhile  # type: ignore[method-assign]
    assert api.admin.delete(ERASE).status == 202
    settle(world)
    [invoice] = api.get("/invoices").json["data"]

    pass_time(world, BEGINS_AFTER)

    waits = api.admin.get(f"{ONE}/erasure").json
    assert (waits["status"], waits["erasedAt"]) == ("waiting", None)
    [thing] = waits["waitsFor"]
    assert (thing["code"], thing["invoiceId"], thing["batchId"]) == ("customer_has_open_invoice", invoice["id"], None)
    assert thing["nextStep"].startswith("Void it")
    api.post(f"/invoices/{invoice['id']}/void")
    pass_time(world, 3600)
    assert api.admin.get(f"{ONE}/erasure").json["status"] == "erasing"


def test_deleting_the_stripe_customer_takes_a_connection(api: ApiClient, world: World, account: str) -> None:
    api.admin.delete("/stripe/connection")
    refused = api.admin.delete(f"{ONE}?inStripe=delete")
    assert (refused.status, refused.code) == (409, "stripe_not_connected")
    assert api.admin.delete(ERASE).status == 202


def test_from_the_request_on_the_customer_is_closed(api: ApiClient, world: World, account: str) -> None:
    draft = api.post("/invoices", invoiced("svc_9", send=False)).json["id"]
    api.put("/customers/cust_2", {**ANN, "email": "bob@example.test"})
    settle(world)
    api.post(f"/invoices/{draft}/void")
    settle(world)
    assert {each["id"] for each in api.get("/customers").json["data"]} == {"cust_1", "cust_2"}

    assert api.admin.delete(ERASE).status == 202

    assert [each["id"] for each in api.get("/customers").json["data"]] == ["cust_2"]
    read = api.get(ONE)
    assert (read.status, read.code) == (404, "customer_erased")
    for refused in (
        api.put(ONE, ANN),
        api.put(ONE, ANN, headers={"If-Match": '"stale"'}),
        api.post(f"{ONE}/sync"),
        api.post("/invoices", invoiced("svc_10")),
    ):
        assert (refused.status, refused.code, refused.error["field"]) == (409, "customer_erased", "customerId")


def test_the_contract_says_what_the_query_of_a_delete_takes(api: ApiClient) -> None:
    document = api.get("/openapi.json", token=None).json
    operation = document["paths"]["/v1/customers/{customerId}"]["delete"]
    [choice] = [each for each in operation["parameters"] if each["in"] == "query"]
    assert (choice["name"], choice["required"], choice["schema"]["$ref"]) == (
        "inStripe",
        True,
        "#/components/schemas/InStripe",
    )
    assert document["components"]["schemas"]["InStripe"]["enum"] == ["keep", "delete"]
    assert "requestBody" not in operation
    assert "https://docs.stripe.com/privacy/redaction" in operation["description"]
    [route] = [each for each in ROUTES if each.label == "DELETE /v1/customers/{customerId}"]
    assert not route.has_body


def test_an_erasure_that_was_just_asked_for_says_when_it_begins(api: ApiClient, account: str) -> None:
    answer = api.admin.delete(ERASE)
    assert (answer.status, answer.json["status"], answer.json["waitsFor"]) == (202, "waiting", [])
    assert "ten minutes after the request" in answer.json["message"]


@pytest.mark.parametrize("path", ["", "/erasure", "/export", "/history"])
def test_whoever_names_a_customer_that_is_not_there_is_told_to_look_it_up(
    api: ApiClient, account: str, path: str
) -> None:
    answer = api.admin.get(f"/customers/cust_unknown{path}")
    assert (answer.status, answer.code) == (404, "customer_not_found")
    assert "list of customers" in answer.error["nextStep"]
