"""Bulk billing and importing over the API."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Retryable
from chalicelib.usecases.bulk.batches import LEASE, resume_batches
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.world import World

ROWS = [
    {"id": "cust_1", "firstName": "Ann", "email": "ann@example.test"},
    {"id": "cust_2", "firstName": "Bob", "email": "not an address"},
    {"id": "cust_3", "phone": 5},
    {"id": "a b", "firstName": "Cy"},
    {"id": "cust_1", "firstName": "Ann again"},
    {"id": "cust_4", "nickname": "Dee"},
    "cust_5",
    {"id": "cust_6", "email": "flo@example.test", "stripeCustomerId": "cus_1"},
]


@pytest.fixture
def connected_api(api: ApiClient, world: World) -> ApiClient:
    world.connect()
    for number in range(3):
        world.customer(f"cust_{number}", f"owner{number}@example.test")
    world.work()
    return api


def service(customer: int, name: str = "svc", **changes: Any) -> dict[str, Any]:
    fields = {"customerId": f"cust_{customer}", "serviceId": f"{name}_{customer}", "description": "Weekly cleaning"}
    return {**fields, "quantity": 1, "unitPrice": "75.00", **changes}


def batch_body(*services: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"services": list(services), **changes}


def key_header(key: str = "monthly") -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def test_a_batch_is_started_followed_and_repeated(connected_api: ApiClient, world: World) -> None:
    body = batch_body(*(service(n) for n in range(4)), service(0, "extra"))
    created = connected_api.post("/invoice-batches", body, **key_header())
    assert created.status == 202, created.text
    all_queued = {"queued": 4, "created": 0, "sent": 0, "failed": 0, "heldBack": 0, "cancelled": 0}
    assert (created.json["status"], created.json["total"], created.json["counts"]) == ("running", 4, all_queued)
    assert connected_api.post("/invoice-batches", body, **key_header()).json == created.json
    world.work()
    batch_path = f"/invoice-batches/{created.json['id']}"
    batch = connected_api.get(batch_path).json
    assert batch["status"] == "completed"
    assert batch["counts"] == {"queued": 0, "created": 0, "sent": 3, "failed": 1, "heldBack": 0, "cancelled": 0}
    assert [item["customerId"] for item in batch["items"]] == ["cust_0", "cust_1", "cust_2", "cust_3"]
    assert [item["status"] for item in batch["items"]] == ["sent"] * 3 + ["failed"]
    assert batch["items"][3]["error"]["code"] == "customer_not_found"
    assert batch["items"][3]["error"]["nextStep"]
    first = connected_api.get(f"/invoices/{batch['items'][0]['invoiceId']}").json
    assert (first["total"], len(first["lineItems"])) == ("150.00", 2)
    row_fields = ("customerId", "customerName", "number", "total", "currency")
    assert first["number"] is not None
    assert [batch["items"][0][name] for name in row_fields] == [first[name] for name in row_fields]
    assert [batch["items"][3][name] for name in row_fields] == ["cust_3", None, None, None, None]
    first_page = connected_api.get(f"{batch_path}?first=3").json
    second_page = connected_api.get(f"{batch_path}?first=3&after={first_page['pageInfo']['endCursor']}").json
    assert first_page["items"] + second_page["items"] == batch["items"]
    assert [each["id"] for each in connected_api.get("/invoice-batches").json["data"]] == [created.json["id"]]
    key_reuse = connected_api.post("/invoice-batches", batch_body(service(0, "other")), **key_header())
    assert (key_reuse.status, key_reuse.code) == (409, "idempotency_key_reused")


def test_a_retry_repeats_only_the_failed_services(connected_api: ApiClient, world: World) -> None:
    batch_id = connected_api.post("/invoice-batches", batch_body(service(0), service(7)), **key_header()).json["id"]
    world.work()
    world.customer("cust_7", "late@example.test")
    again = connected_api.post(f"/invoice-batches/{batch_id}/retry")
    assert (again.status, again.json["counts"]["queued"], again.json["counts"]["sent"]) == (202, 1, 1)
    assert [item["status"] for item in connected_api.get(f"/invoice-batches/{batch_id}").json["items"]] == [
        "sent",
        "queued",
    ]
    world.work()
    assert connected_api.get(f"/invoice-batches/{batch_id}").json["counts"]["sent"] == 2
    assert connected_api.post(f"/invoice-batches/{batch_id}/retry").json["status"] == "completed"


def test_queued_services_can_be_cancelled(connected_api: ApiClient, world: World) -> None:
    batch_id = connected_api.post("/invoice-batches", batch_body(service(0), service(1)), **key_header()).json["id"]
    cancellation = connected_api.post(f"/invoice-batches/{batch_id}/cancel")
    assert (cancellation.status, cancellation.json["status"], cancellation.json["counts"]["cancelled"]) == (
        200,
        "cancelling",
        2,
    )
    assert [each["status"] for each in connected_api.get("/invoice-batches").json["data"]] == ["cancelling"]
    refusal = connected_api.post(f"/invoice-batches/{batch_id}/send")
    assert (refusal.code, refusal.error["nextStep"]) == (
        "batch_running",
        "Wait until that is done, and repeat the request.",
    )
    world.work()
    assert [each["status"] for each in connected_api.get("/invoice-batches").json["data"]] == ["cancelled"]
    batch = connected_api.get(f"/invoice-batches/{batch_id}").json
    assert batch["status"] == "cancelled"
    assert [item["status"] for item in batch["items"]] == ["cancelled", "cancelled"]
    assert world.ports.database.invoices == {}
    refusal = connected_api.post(f"/invoice-batches/{batch_id}/retry")
    assert (refusal.status, refusal.code) == (409, "batch_cancelled")


def draft_batch_path(connected_api: ApiClient, world: World) -> str:
    """Returns the path of a batch of three drafts."""
    created = connected_api.post(
        "/invoice-batches", batch_body(*(service(n) for n in range(3)), send=False), **key_header()
    )
    world.work()
    world.deliver()
    return f"/invoice-batches/{created.json['id']}"


def test_a_reviewed_batch_is_sent_and_held_back_services_say_why(connected_api: ApiClient, world: World) -> None:
    batch_path = draft_batch_path(connected_api, world)
    assert connected_api.get(batch_path).json["sendRequestedAt"] is None
    connected_api.put("/customers/cust_1", {"firstName": "Ann"})
    sending = connected_api.post(f"{batch_path}/send")
    assert sending.status == 202, sending.text
    assert (sending.json["status"], sending.json["counts"]["queued"]) == ("running", 3)
    assert [item["status"] for item in connected_api.get(batch_path).json["items"]] == ["queued"] * 3
    assert connected_api.post(f"{batch_path}/send").json == sending.json, "the batch is already being sent"
    world.work()
    batch = connected_api.get(batch_path).json
    assert (batch["status"], batch["counts"]["sent"], batch["counts"]["heldBack"]) == ("completed", 2, 1)
    assert batch["sendRequestedAt"] == sending.json["sendRequestedAt"]
    assert [item["status"] for item in batch["items"]] == ["sent", "held_back", "sent"]
    held_back = batch["items"][1]
    assert held_back["error"]["code"] == "customer_email_missing"
    assert held_back["error"]["nextStep"]
    invoice = connected_api.get(f"/invoices/{held_back['invoiceId']}").json
    assert invoice["status"] == "draft"
    assert "the customer had no e-mail address" in invoice["explanation"]
    connected_api.put("/customers/cust_1", {"firstName": "Ann", "email": "ann@example.test"})
    world.work()
    connected_api.post(f"{batch_path}/send")
    world.work()
    assert connected_api.get(batch_path).json["counts"]["sent"] == 3
    assert connected_api.get(f"/invoices/{held_back['invoiceId']}").json["status"] == "pending"


def test_the_same_key_sends_a_batch_once(connected_api: ApiClient, world: World) -> None:
    batch_path = draft_batch_path(connected_api, world)
    connected_api.put("/customers/cust_1", {"firstName": "Ann"})
    connected_api.post(f"{batch_path}/send", **key_header("go"))
    world.work()
    batch = connected_api.get(batch_path).json
    again = connected_api.post(f"{batch_path}/send", **key_header("go"))
    assert (again.status, again.json["counts"]) == (202, batch["counts"])
    assert connected_api.post(f"{batch_path}/send", **key_header("go on")).json["counts"]["queued"] == 1


def test_a_batch_that_is_still_creating_is_not_sent_and_one_that_is_sending_is_not_retried(
    connected_api: ApiClient, world: World
) -> None:
    body = batch_body(service(0), service(7), send=False)
    batch_path = f"/invoice-batches/{connected_api.post('/invoice-batches', body, **key_header()).json['id']}"
    early = connected_api.post(f"{batch_path}/send")
    assert (early.status, early.code) == (409, "batch_running")
    assert early.error["nextStep"]
    world.work()
    assert connected_api.post(f"{batch_path}/send").status == 202
    retry = connected_api.post(f"{batch_path}/retry")
    assert (retry.status, retry.code) == (409, "batch_running")


def test_a_sending_that_could_not_be_queued_is_reported_and_resumes_automatically(
    connected_api: ApiClient, world: World
) -> None:
    batch_path = draft_batch_path(connected_api, world)
    world.ports.queues.failure = Retryable("queue_unavailable", "The work could not be queued at the moment.")
    sending = connected_api.post(f"{batch_path}/send")
    assert (sending.status, sending.code) == (503, "queue_unavailable")
    world.ports.queues.failure = None
    assert connected_api.post(f"{batch_path}/send").json["counts"]["queued"] == 3
    world.advance(LEASE + 1)
    resume_batches(world.ports)
    world.work()
    assert connected_api.get(batch_path).json["counts"]["sent"] == 3


def test_cancelling_a_sending_leaves_drafts(connected_api: ApiClient, world: World) -> None:
    batch_path = draft_batch_path(connected_api, world)
    connected_api.post(f"{batch_path}/send")
    cancellation = connected_api.post(f"{batch_path}/cancel")
    assert (cancellation.status, cancellation.json["status"]) == (200, "cancelling")
    assert (cancellation.json["counts"]["created"], cancellation.json["counts"]["cancelled"]) == (3, 0)
    assert cancellation.json["sendCancelledAt"]
    world.work()
    assert connected_api.get(batch_path).json["status"] == "completed"
    assert [item["status"] for item in connected_api.get(batch_path).json["items"]] == ["created"] * 3
    again = connected_api.post(f"{batch_path}/send")
    assert (again.status, again.json["counts"]["queued"]) == (202, 3)
    assert again.json["sendCancelledAt"] is None


def test_a_batch_takes_the_currency_that_all_its_services_name(connected_api: ApiClient, world: World) -> None:
    body = batch_body(service(0, currency="eur"), service(1, currency="EUR"), send=False)
    connected_api.post("/invoice-batches", body, **key_header())
    world.work()
    assert {each["currency"] for each in connected_api.get("/invoices").json["data"]} == {"eur"}


def test_each_service_in_another_than_the_default_currency_is_named(connected_api: ApiClient) -> None:
    body = batch_body(service(0), service(1, currency="eur"), service(2, currency="cad"))
    errors = [(each["code"], each["field"]) for each in connected_api.post("/invoice-batches", body).error["details"]]
    assert errors == [("currency_mixed", "services[1].currency"), ("currency_mixed", "services[2].currency")]


REFUSED_REQUESTS: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("nothing", batch_body(), 422, "services_missing", "services"),
    ("an unknown field", batch_body(service(0), service(1, tip=1)), 400, "invalid_body", "services[1].tip"),
    ("no price", batch_body({**service(0), "unitPrice": "x"}), 400, "invalid_body", "services[0].unitPrice"),
    (
        "a service twice",
        batch_body(service(0), service(1), service(0)),
        422,
        "service_repeated",
        "services[2].serviceId",
    ),
    (
        "two currencies",
        batch_body(service(0), service(1, currency="usd"), service(2, currency="EUR")),
        422,
        "currency_mixed",
        "services[2].currency",
    ),
    (
        "another currency beside a price that names none",
        batch_body(service(0), service(1, currency="eur")),
        422,
        "currency_mixed",
        "services[1].currency",
    ),
    (
        "another currency for one line of a customer",
        batch_body(service(0, currency="eur"), service(1), service(0, serviceId="svc_also")),
        422,
        "currency_mixed",
        "services[0].currency",
    ),
    (
        "a negative price",
        batch_body(service(0), service(1, unitPrice=-1)),
        422,
        "amount_negative",
        "services[1].unitPrice",
    ),
    (
        "tenths of cents",
        batch_body(service(1, unitPrice="1.005")),
        422,
        "amount_too_precise",
        "services[0].unitPrice",
    ),
    ("no quantity", batch_body(service(0), service(1, quantity=0)), 422, "quantity_invalid", "services[1].quantity"),
    (
        "an id that no customer can have",
        batch_body(service(0), service(1, customerId="..")),
        422,
        "customer_id_reserved",
        "services[1].customerId",
    ),
    ("a past due date", batch_body(service(0), dueDate="2020-01-01"), 422, "due_date_in_past", "dueDate"),
    ("unknown terms", batch_body(service(0), paymentTerms="someday"), 422, "payment_terms_unknown", "paymentTerms"),
    ("too much", batch_body(service(0), service(1, unitPrice="999999999")), 422, "amount_too_large", "services[1]"),
    ("10,001 services", batch_body(*(service(n) for n in range(10_001))), 422, "services_too_many", "services"),
]


@pytest.mark.parametrize(
    ("case", "body", "status", "code", "field"), REFUSED_REQUESTS, ids=[each[0] for each in REFUSED_REQUESTS]
)
def test_a_request_that_breaks_a_rule_is_refused_as_a_whole(
    connected_api: ApiClient, world: World, case: str, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    response = connected_api.post("/invoice-batches", body)
    assert (response.status, response.code, (response.error["field"] or "")[: len(field)]) == (status, code, field), (
        case
    )
    assert response.error["nextStep"]
    assert world.ports.database.batches == {}


def test_bulk_bodies_may_have_two_mebibytes_and_other_bodies_a_quarter(connected_api: ApiClient) -> None:
    small = batch_body(service(0, description="x" * 500), memo="m" * 500)
    large = batch_body(*(service(n, description="x" * 500) for n in range(3000)))
    assert connected_api.post("/invoice-batches", small).status == 202
    assert connected_api.post("/invoice-batches", large).status == 202
    too_large = connected_api.post("/invoice-batches", batch_body(*large["services"], *large["services"]))
    assert (too_large.status, too_large.code) == (413, "payload_too_large")
    assert connected_api.post("/invoices", large).code == "payload_too_large"


def test_nothing_is_billed_without_a_connection(api: ApiClient, world: World) -> None:
    response = api.post("/invoice-batches", batch_body(service(0)))
    assert (response.status, response.code) == (409, "stripe_not_connected")


def test_another_organization_cannot_read_any_of_the_data(connected_api: ApiClient, world: World) -> None:
    batch_id = connected_api.post("/invoice-batches", batch_body(service(0)), **key_header()).json["id"]
    import_id = connected_api.post("/customer-imports", {"customers": ROWS[:1]}).json["id"]
    other = connected_api.acting("billing", organization=OTHER_ORGANIZATION)
    for method, path in (
        ("GET", f"/invoice-batches/{batch_id}"),
        ("POST", f"/invoice-batches/{batch_id}/retry"),
        ("POST", f"/invoice-batches/{batch_id}/send"),
        ("POST", f"/invoice-batches/{batch_id}/cancel"),
        ("GET", f"/customer-imports/{import_id}"),
    ):
        response = other.call(method, path)
        assert (response.status, response.code) == (404, "batch_not_found")
    assert other.get("/invoice-batches").json["data"] == []
    assert connected_api.get(f"/customer-imports/{batch_id}").code == "batch_not_found"
    assert connected_api.get(f"/invoice-batches/{import_id}").code == "batch_not_found"


def test_an_import_reports_each_row(api: ApiClient, world: World) -> None:
    account = world.connect()
    created = api.post("/customer-imports", {"customers": ROWS}, **key_header())
    assert created.status == 202, created.text
    assert created.json["counts"] == {"queued": 2, "created": 0, "updated": 0, "unchanged": 0, "failed": 6}
    assert api.post("/customer-imports", {"customers": ROWS}, **key_header()).json == created.json
    world.work()
    import_json = api.get(f"/customer-imports/{created.json['id']}").json
    assert import_json["status"] == "completed"
    assert import_json["counts"] == {"queued": 0, "created": 1, "updated": 0, "unchanged": 0, "failed": 7}
    assert [(row["row"], row["customerId"], row["outcome"]) for row in import_json["rows"]] == [
        (1, "cust_1", "created"),
        (2, "cust_2", "failed"),
        (3, "cust_3", "failed"),
        (4, None, "failed"),
        (5, "cust_1", "failed"),
        (6, "cust_4", "failed"),
        (7, None, "failed"),
        (8, "cust_6", "failed"),
    ]
    errors = [row["error"] for row in import_json["rows"] if row["error"]]
    assert [(error["code"], error.get("field")) for error in errors] == [
        ("email_invalid", "email"),
        ("invalid_body", "phone"),
        ("invalid_body", "id"),
        ("customer_repeated", "id"),
        ("invalid_body", "nickname"),
        ("invalid_body", None),
        ("stripe_customer_unknown", "stripeCustomerId"),
    ]
    assert api.get("/customers/cust_1").json["syncStatus"] == "synced"
    assert api.get("/customers/cust_6").status == 404
    assert len(world.in_stripe(account, "customer")) == 1
    api.put("/customers/cust_6", {"email": "flo@example.test"})
    changed_rows = [{**ROWS[0], "firstName": "Anna"}, {"id": "cust_6", "email": "flo@example.test"}, {"id": "cust_9"}]
    second = api.post("/customer-imports", {"customers": changed_rows}).json["id"]
    world.work()
    rows = api.get(f"/customer-imports/{second}").json["rows"]
    assert [row["outcome"] for row in rows] == ["updated", "unchanged", "created"]
    assert api.get("/customers/cust_1").json["firstName"] == "Anna"


@pytest.mark.parametrize("customers", [[], [{"id": f"c{n}"} for n in range(5001)]], ids=["none", "5001"])
def test_an_import_has_a_minimum_and_a_maximum_size(api: ApiClient, world: World, customers: list[Any]) -> None:
    response = api.post("/customer-imports", {"customers": customers})
    assert (response.status, response.code, response.error["field"]) == (422, "import_size_invalid", "customers")
