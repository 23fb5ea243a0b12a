"""Erasing a customer over HTTP: the required role, the reasons for a refusal, and the progress."""

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


def invoice_body(*services: str, **more: Any) -> dict[str, Any]:
    lines = [
        {"serviceId": each, "description": "Ann's pool", "quantity": 1, "unitPrice": "75.00"}
        for each in services or ("svc_1",)
    ]
    return {"customerId": "cust_1", "lineItems": lines, "memo": "Ann's gate is green", **more}


@pytest.fixture
def account(world: World, api: ApiClient) -> str:
    account_id = world.connect()
    api.put(ONE, ANN)
    finish_work(world)
    return account_id


def finish_work(world: World) -> None:
    world.work()
    world.deliver()
    world.work()


def pass_time(world: World, seconds: int) -> None:
    world.advance(seconds)
    world.deliver()
    world.resume()


def paid_invoice(world: World, api: ApiClient, account: str, *services: str) -> dict[str, Any]:
    invoice_json = api.post("/invoices", invoice_body(*services)).json
    world.double.pay(account, invoice_json["stripeInvoiceId"], "pm_card_visa")
    finish_work(world)
    return dict(invoice_json)


def test_an_admin_erases_a_customer_and_follows_the_progress(api: ApiClient, world: World, account: str) -> None:
    invoice = paid_invoice(world, api, account)
    stripe_id = api.get(ONE).json["stripeCustomerId"]

    request = api.admin.delete(f"{ONE}?inStripe=delete")

    assert request.status == 202
    assert (request.json["status"], request.json["requestedBy"], request.json["waitsFor"]) == ("waiting", ADMIN, [])
    assert request.json["inStripe"]["choice"] == "delete"
    assert api.admin.get(f"{ONE}/erasure").json == request.json

    pass_time(world, BEGINS_AFTER)
    erasure = api.admin.get(f"{ONE}/erasure").json
    assert (erasure["status"], erasure["finishedAt"]) == ("erasing", None)
    assert erasure["inStripe"]["stripeCustomerId"] == stripe_id
    assert erasure["inStripe"]["deletedAt"] is not None
    assert erasure["inStripe"]["redactionUrl"] == "https://docs.stripe.com/privacy/redaction"
    assert {each["goneBy"] for each in erasure["outOfReach"]} == {None}

    pass_time(world, SECOND_LOOK_AFTER)
    again = api.admin.delete(f"{ONE}?inStripe=delete")
    assert (again.status, again.json["status"]) == (200, "erased")
    otherwise = api.admin.delete(ERASE)
    assert (otherwise.status, otherwise.code, otherwise.error["field"]) == (409, "erasure_choice_made", "inStripe")
    assert max(each["goneBy"] for each in again.json["outOfReach"]) > again.json["finishedAt"]

    invoice_response = api.get(f"/invoices/{invoice['id']}")
    assert (invoice_response.json["total"], invoice_response.json["status"], invoice_response.json["number"]) == (
        "75.00",
        "paid",
        invoice["number"],
    )
    assert (
        invoice_response.json["customerName"],
        invoice_response.json["customerEmail"],
        invoice_response.json["memo"],
    ) == (None, None, None)
    assert [each["description"] for each in invoice_response.json["lineItems"]] == ["(erased)"]
    assert invoice_response.json["erasedAt"] == erasure["erasedAt"]
    assert "ann" not in invoice_response.text.lower()


def test_an_invoice_has_no_erasure_time_before_the_erasure(api: ApiClient, world: World, account: str) -> None:
    assert paid_invoice(world, api, account)["erasedAt"] is None


def test_the_treatment_of_the_stripe_customer_must_be_chosen_and_has_two_values(
    api: ApiClient, world: World, account: str
) -> None:
    for query in (
        "",
        "?inStripe=",
        "?inStripe=Delete",
        "?inStripe=keep&inStripe=delete",
        "?inStripe=keep&force=true",
    ):
        response = api.admin.delete(f"{ONE}{query}")
        assert (response.status, response.code) == (400, "invalid_query"), query
    assert api.get(ONE).status == 200


def test_a_body_cannot_replace_the_choice_in_the_query(api: ApiClient, account: str) -> None:
    response = api.admin.call("DELETE", ONE, {"inStripe": "keep"})
    assert response.status == 400
    assert {each["code"] for each in response.error["details"]} == {"invalid_query", "invalid_body"}
    assert api.get(ONE).status == 200


def test_only_an_admin_erases_and_reads_erasures(api: ApiClient, account: str) -> None:
    for caller in (api, api.acting("member")):
        assert caller.delete(ERASE).code == "role_missing"
        assert caller.get(f"{ONE}/erasure").code == "role_missing"


def test_another_organizations_customer_is_not_found(api: ApiClient, account: str) -> None:
    foreign = api.acting("admin", organization=OTHER_ORGANIZATION)
    for response in (
        foreign.delete(ERASE),
        foreign.get(f"{ONE}/erasure"),
        api.admin.delete("/customers/x?inStripe=keep"),
    ):
        assert (response.status, response.code) == (404, "customer_not_found")
    assert api.get(ONE).status == 200


def test_an_erasure_that_was_never_requested_is_not_found(api: ApiClient, account: str) -> None:
    response = api.admin.get(f"{ONE}/erasure")
    assert (response.status, response.code) == (404, "erasure_not_found")


def test_every_reason_for_a_refusal_is_returned_at_once_and_names_its_invoice(
    api: ApiClient, world: World, account: str
) -> None:
    disputed_invoice = paid_invoice(world, api, account, "svc_1")
    [charge] = [each["id"] for each in world.in_stripe(account, "charge")]
    world.double.open_dispute(account, charge)
    draft = api.post("/invoices", invoice_body("svc_2", send=False)).json
    finish_work(world)
    api.post("/invoice-batches", {"services": [{"customerId": "cust_1", **invoice_body("svc_3")["lineItems"][0]}]})

    refusal = api.admin.delete(ERASE)

    assert refusal.status == 409
    reasons = {each["code"]: (each["invoiceId"], each["number"]) for each in refusal.error["details"]}
    assert reasons == {
        "customer_has_open_invoice": (draft["id"], None),
        "customer_has_open_dispute": (disputed_invoice["id"], None),
        "customer_in_batch": (None, None),
    }
    assert all(each["message"] and each["nextStep"] for each in refusal.error["details"])
    assert "ann" not in refusal.text.lower()
    assert api.get(ONE).status == 200


def test_each_open_invoice_is_an_error_with_its_own_entry(api: ApiClient, world: World, account: str) -> None:
    invoice_ids = {
        api.post("/invoices", invoice_body(each, send=False)).json["id"] for each in ("svc_1", "svc_2", "svc_3")
    }
    finish_work(world)
    refusal = api.admin.delete(ERASE)
    assert {each["invoiceId"] for each in refusal.error["details"]} == invoice_ids
    for each in invoice_ids:
        api.post(f"/invoices/{each}/void")
    finish_work(world)
    assert api.admin.delete(ERASE).status == 202


def test_an_erasure_names_what_it_waits_for_with_a_next_step(api: ApiClient, world: World, account: str) -> None:
    plain = world.ports.customers.save

    def bill_during_erasure(customer: Any, *given: Any) -> Any:
        world.ports.customers.save = plain  # type: ignore[method-assign]
        api.post("/invoices", invoice_body(send=False))
        return plain(customer, *given)

    world.ports.customers.save = bill_during_erasure  # type: ignore[method-assign]
    assert api.admin.delete(ERASE).status == 202
    finish_work(world)
    [invoice] = api.get("/invoices").json["data"]

    pass_time(world, BEGINS_AFTER)

    waits = api.admin.get(f"{ONE}/erasure").json
    assert (waits["status"], waits["erasedAt"]) == ("waiting", None)
    [waited_for] = waits["waitsFor"]
    assert (waited_for["code"], waited_for["invoiceId"], waited_for["batchId"]) == (
        "customer_has_open_invoice",
        invoice["id"],
        None,
    )
    assert waited_for["nextStep"].startswith("Void it")
    api.post(f"/invoices/{invoice['id']}/void")
    pass_time(world, 3600)
    assert api.admin.get(f"{ONE}/erasure").json["status"] == "erasing"


def test_deleting_the_stripe_customer_requires_a_connection(api: ApiClient, world: World, account: str) -> None:
    api.admin.delete("/stripe/connection")
    refusal = api.admin.delete(f"{ONE}?inStripe=delete")
    assert (refusal.status, refusal.code) == (409, "stripe_not_connected")
    assert api.admin.delete(ERASE).status == 202


def test_a_customer_is_closed_from_the_request_on(api: ApiClient, world: World, account: str) -> None:
    draft = api.post("/invoices", invoice_body("svc_9", send=False)).json["id"]
    api.put("/customers/cust_2", {**ANN, "email": "bob@example.test"})
    finish_work(world)
    api.post(f"/invoices/{draft}/void")
    finish_work(world)
    assert {each["id"] for each in api.get("/customers").json["data"]} == {"cust_1", "cust_2"}

    assert api.admin.delete(ERASE).status == 202

    assert [each["id"] for each in api.get("/customers").json["data"]] == ["cust_2"]
    customer_response = api.get(ONE)
    assert (customer_response.status, customer_response.code) == (404, "customer_erased")
    for refusal in (
        api.put(ONE, ANN),
        api.put(ONE, ANN, headers={"If-Match": '"stale"'}),
        api.post(f"{ONE}/sync"),
        api.post("/invoices", invoice_body("svc_10")),
    ):
        assert (refusal.status, refusal.code, refusal.error["field"]) == (409, "customer_erased", "customerId")


def test_the_contract_describes_the_query_parameter_of_an_erasure(api: ApiClient) -> None:
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


def test_an_erasure_that_was_just_requested_says_when_it_begins(api: ApiClient, account: str) -> None:
    response = api.admin.delete(ERASE)
    assert (response.status, response.json["status"], response.json["waitsFor"]) == (202, "waiting", [])
    assert "ten minutes after the request" in response.json["message"]


@pytest.mark.parametrize("path", ["", "/erasure", "/export", "/history"])
def test_a_request_for_an_unknown_customer_is_refused_with_a_next_step(
    api: ApiClient, account: str, path: str
) -> None:
    response = api.admin.get(f"/customers/cust_unknown{path}")
    assert (response.status, response.code) == (404, "customer_not_found")
    assert "list of customers" in response.error["nextStep"]
