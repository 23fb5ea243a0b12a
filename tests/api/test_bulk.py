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
def connected(api: ApiClient, world: World) -> ApiClient:
    world.connect()
    for number in range(3):
        world.customer(f"cust_{number}", f"owner{number}@example.test")
    world.work()
    return api


def service(customer: int, name: str = "svc", **changes: Any) -> dict[str, Any]:
    made = {"customerId": f"cust_{customer}", "serviceId": f"{name}_{customer}", "description": "Weekly cleaning"}
    return {**made, "quantity": 1, "unitPrice": "75.00", **changes}


def billed(*services: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"services": list(services), **changes}


def keyed(key: str = "monthly") -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def test_a_batch_is_begun_watched_and_repeated(connected: ApiClient, world: World) -> None:
    body = billed(*(service(n) for n in range(4)), service(0, "extra"))
    begun = connected.post("/invoice-batches", body, **keyed())
    assert begun.status == 202, begun.text
    queued = {"queued": 4, "created": 0, "sent": 0, "failed": 0, "heldBack": 0, "cancelled": 0}
    assert (begun.json["status"], begun.json["total"], begun.json["counts"]) == ("running", 4, queued)
    assert connected.post("/invoice-batches", body, **keyed()).json == begun.json
    world.work()
    one = f"/invoice-batches/{begun.json['id']}"
    shown = connected.get(one).json
    assert shown["status"] == "completed"
    assert shown["counts"] == {"queued": 0, "created": 0, "sent": 3, "failed": 1, "heldBack": 0, "cancelled": 0}
    assert [item["customerId"] for item in shown["items"]] == ["cust_0", "cust_1", "cust_2", "cust_3"]
    assert [item["status"] for item in shown["items"]] == ["sent"] * 3 + ["failed"]
    assert shown["items"][3]["error"]["code"] == "customer_not_found"
    assert shown["items"][3]["error"]["nextStep"]
    first = connected.get(f"/invoices/{shown['items'][0]['invoiceId']}").json
    assert (first["total"], len(first["lineItems"])) == ("150.00", 2)
    named = ("customerId", "customerName", "number", "total", "currency")
    assert first["number"] is not None
    assert [shown["items"][0][name] for name in named] == [first[name] for name in named]
    assert [shown["items"][3][name] for name in named] == ["cust_3", None, None, None, None]
    paged = connected.get(f"{one}?first=3").json
    rest = connected.get(f"{one}?first=3&after={paged['pageInfo']['endCursor']}").json
    assert paged["items"] + rest["items"] == shown["items"]
    assert [each["id"] for each in connected.get("/invoice-batches").json["data"]] == [begun.json["id"]]
    reused = connected.post("/invoice-batches", billed(service(0, "other")), **keyed())
    assert (reused.status, reused.code) == (409, "idempotency_key_reused")


def test_failures_are_taken_up_again_and_nothing_else(connected: ApiClient, world: World) -> None:
    batch_id = connected.post("/invoice-batches", billed(service(0), service(7)), **keyed()).json["id"]
    world.work()
    world.customer("cust_7", "late@example.test")
    again = connected.post(f"/invoice-batches/{batch_id}/retry")
    assert (again.status, again.json["counts"]["queued"], again.json["counts"]["sent"]) == (202, 1, 1)
    assert [item["status"] for item in connected.get(f"/invoice-batches/{batch_id}").json["items"]] == [
        "sent",
        "queued",
    ]
    world.work()
    assert connected.get(f"/invoice-batches/{batch_id}").json["counts"]["sent"] == 2
    assert connected.post(f"/invoice-batches/{batch_id}/retry").json["status"] == "completed"


def test_what_is_queued_can_be_cancelled(connected: ApiClient, world: World) -> None:
    batch_id = connected.post("/invoice-batches", billed(service(0), service(1)), **keyed()).json["id"]
    cancelled = connected.post(f"/invoice-batches/{batch_id}/cancel")
    assert (cancelled.status, cancelled.json["status"], cancelled.json["counts"]["cancelled"]) == (
        200,
        "cancelling",
        2,
    )
    assert [each["status"] for each in connected.get("/invoice-batches").json["data"]] == ["cancelling"]
    refused = connected.post(f"/invoice-batches/{batch_id}/send")
    assert (refused.code, refused.error["nextStep"]) == (
        "batch_running",
        "Wait until that is done, and repeat the request.",
    )
    world.work()
    assert [each["status"] for each in connected.get("/invoice-batches").json["data"]] == ["cancelled"]
    shown = connected.get(f"/invoice-batches/{batch_id}").json
    assert shown["status"] == "cancelled"
    assert [item["status"] for item in shown["items"]] == ["cancelled", "cancelled"]
    assert world.ports.database.invoices == {}
    refused = connected.post(f"/invoice-batches/{batch_id}/retry")
    assert (refused.status, refused.code) == (409, "batch_cancelled")


def reviewed(connected: ApiClient, world: World) -> str:
    """Returns the path of a batch of three drafts."""
    begun = connected.post("/invoice-batches", billed(*(service(n) for n in range(3)), send=False), **keyed())
    world.work()
    world.deliver()
    return f"/invoice-batches/{begun.json['id']}"


def test_a_reviewed_batch_is_sent_and_what_was_held_back_says_why(connected: ApiClient, world: World) -> None:
    one = reviewed(connected, world)
    assert connected.get(one).json["sendRequestedAt"] is None
    connected.put("/customers/cust_1", {"firstName": "Ann"})
    asked = connected.post(f"{one}/send")
    assert asked.status == 202, asked.text
    assert (asked.json["status"], asked.json["counts"]["queued"]) == ("running", 3)
    assert [item["status"] for item in connected.get(one).json["items"]] == ["queued"] * 3
    assert connected.post(f"{one}/send").json == asked.json, "it is being sent already"
    world.work()
    shown = connected.get(one).json
    assert (shown["status"], shown["counts"]["sent"], shown["counts"]["heldBack"]) == ("completed", 2, 1)
    assert shown["sendRequestedAt"] == asked.json["sendRequestedAt"]
    assert [item["status"] for item in shown["items"]] == ["sent", "held_back", "sent"]
    held_back = shown["items"][1]
    assert held_back["error"]["code"] == "customer_email_missing"
    assert held_back["error"]["nextStep"]
    invoice = connected.get(f"/invoices/{held_back['invoiceId']}").json
    assert invoice["status"] == "draft"
    assert "the customer had no e-mail address" in invoice["explanation"]
    connected.put("/customers/cust_1", {"firstName": "Ann", "email": "ann@example.test"})
    world.work()
    connected.post(f"{one}/send")
    world.work()
    assert connected.get(one).json["counts"]["sent"] == 3
    assert connected.get(f"/invoices/{held_back['invoiceId']}").json["status"] == "pending"


def test_the_same_key_has_a_batch_sent_once(connected: ApiClient, world: World) -> None:
    one = reviewed(connected, world)
    connected.put("/customers/cust_1", {"firstName": "Ann"})
    connected.post(f"{one}/send", **keyed("go"))
    world.work()
    done = connected.get(one).json
    again = connected.post(f"{one}/send", **keyed("go"))
    assert (again.status, again.json["counts"]) == (202, done["counts"])
    assert connected.post(f"{one}/send", **keyed("go on")).json["counts"]["queued"] == 1


def test_a_batch_that_is_being_made_is_not_sent_and_one_that_is_being_sent_is_not_retried(
    connected: ApiClient, world: World
) -> None:
    body = billed(service(0), service(7), send=False)
    one = f"/invoice-batches/{connected.post('/invoice-batches', body, **keyed()).json['id']}"
    early = connected.post(f"{one}/send")
    assert (early.status, early.code) == (409, "batch_running")
    assert early.error["nextStep"]
    world.work()
    assert connected.post(f"{one}/send").status == 202
    retried = connected.post(f"{one}/retry")
    assert (retried.status, retried.code) == (409, "batch_running")


def test_a_sending_that_could_not_be_queued_is_told_and_goes_on_by_itself(connected: ApiClient, world: World) -> None:
    one = reviewed(connected, world)
    world.ports.queues.failure = Retryable("queue_unavailable", "The work could not be queued at the moment.")
    told = connected.post(f"{one}/send")
    assert (told.status, told.code) == (503, "queue_unavailable")
    world.ports.queues.failure = None
    assert connected.post(f"{one}/send").json["counts"]["queued"] == 3
    world.advance(LEASE + 1)
    resume_batches(world.ports)
    world.work()
    assert connected.get(one).json["counts"]["sent"] == 3


def test_a_sending_that_is_cancelled_leaves_drafts(connected: ApiClient, world: World) -> None:
    one = reviewed(connected, world)
    connected.post(f"{one}/send")
    cancelled = connected.post(f"{one}/cancel")
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelling")
    assert (cancelled.json["counts"]["created"], cancelled.json["counts"]["cancelled"]) == (3, 0)
    assert cancelled.json["sendCancelledAt"]
    world.work()
    assert connected.get(one).json["status"] == "completed"
    assert [item["status"] for item in connected.get(one).json["items"]] == ["created"] * 3
    again = connected.post(f"{one}/send")
    assert (again.status, again.json["counts"]["queued"]) == (202, 3)
    assert again.json["sendCancelledAt"] is None


def test_a_batch_is_in_the_currency_that_all_its_services_name(connected: ApiClient, world: World) -> None:
    body = billed(service(0, currency="eur"), service(1, currency="EUR"), send=False)
    connected.post("/invoice-batches", body, **keyed())
    world.work()
    assert {each["currency"] for each in connected.get("/invoices").json["data"]} == {"eur"}


def test_each_service_in_another_currency_than_the_usual_one_is_named(connected: ApiClient) -> None:
    body = billed(service(0), service(1, currency="eur"), service(2, currency="cad"))
    told = [(each["code"], each["field"]) for each in connected.post("/invoice-batches", body).error["details"]]
    assert told == [("currency_mixed", "services[1].currency"), ("currency_mixed", "services[2].currency")]


REFUSED: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("nothing", billed(), 422, "services_missing", "services"),
    ("an unknown field", billed(service(0), service(1, tip=1)), 400, "invalid_body", "services[1].tip"),
    ("no price", billed({**service(0), "unitPrice": "x"}), 400, "invalid_body", "services[0].unitPrice"),
    ("a service twice", billed(service(0), service(1), service(0)), 422, "service_repeated", "services[2].serviceId"),
    (
        "two currencies",
        billed(service(0), service(1, currency="usd"), service(2, currency="EUR")),
        422,
        "currency_mixed",
        "services[2].currency",
    ),
    (
        "another currency beside a price that names none",
        billed(service(0), service(1, currency="eur")),
        422,
        "currency_mixed",
        "services[1].currency",
    ),
    (
        "another currency for one line of a customer",
        billed(service(0, currency="eur"), service(1), service(0, serviceId="svc_also")),
        422,
        "currency_mixed",
        "services[0].currency",
    ),
    (
        "a negative price",
        billed(service(0), service(1, unitPrice=-1)),
        422,
        "amount_negative",
        "services[1].unitPrice",
    ),
    ("tenths of cents", billed(service(1, unitPrice="1.005")), 422, "amount_too_precise", "services[0].unitPrice"),
    ("no quantity", billed(service(0), service(1, quantity=0)), 422, "quantity_invalid", "services[1].quantity"),
    (
        "an id that no customer can have",
        billed(service(0), service(1, customerId="..")),
        422,
        "customer_id_reserved",
        "services[1].customerId",
    ),
    ("a past due date", billed(service(0), dueDate="2020-01-01"), 422, "due_date_in_past", "dueDate"),
    ("unknown terms", billed(service(0), paymentTerms="someday"), 422, "payment_terms_unknown", "paymentTerms"),
    ("too much", billed(service(0), service(1, unitPrice="999999999")), 422, "amount_too_large", "services[1]"),
    ("10,001 services", billed(*(service(n) for n in range(10_001))), 422, "services_too_many", "services"),
]


@pytest.mark.parametrize(("what", "body", "status", "code", "field"), REFUSED, ids=[each[0] for each in REFUSED])
def test_a_request_that_breaks_a_rule_is_refused_whole(
    connected: ApiClient, world: World, what: str, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = connected.post("/invoice-batches", body)
    assert (answer.status, answer.code, (answer.error["field"] or "")[: len(field)]) == (status, code, field), what
    assert answer.error["nextStep"]
    assert world.ports.database.batches == {}


def test_bulk_takes_two_mebibytes_and_the_other_routes_a_quarter(connected: ApiClient) -> None:
    small = billed(service(0, description="x" * 500), memo="m" * 500)
    large = billed(*(service(n, description="x" * 500) for n in range(3000)))
    assert connected.post("/invoice-batches", small).status == 202
    assert connected.post("/invoice-batches", large).status == 202
    refused = connected.post("/invoice-batches", billed(*large["services"], *large["services"]))
    assert (refused.status, refused.code) == (413, "payload_too_large")
    assert connected.post("/invoices", large).code == "payload_too_large"


def test_without_a_connection_nothing_is_billed(api: ApiClient, world: World) -> None:
    answer = api.post("/invoice-batches", billed(service(0)))
    assert (answer.status, answer.code) == (409, "stripe_not_connected")


def test_another_organization_sees_nothing_of_it(connected: ApiClient, world: World) -> None:
    batch_id = connected.post("/invoice-batches", billed(service(0)), **keyed()).json["id"]
    import_id = connected.post("/customer-imports", {"customers": ROWS[:1]}).json["id"]
    other = connected.acting("billing", organization=OTHER_ORGANIZATION)
    for method, path in (
        ("GET", f"/invoice-batches/{batch_id}"),
        ("POST", f"/invoice-batches/{batch_id}/retry"),
        ("POST", f"/invoice-batches/{batch_id}/send"),
        ("POST", f"/invoice-batches/{batch_id}/cancel"),
        ("GET", f"/customer-imports/{import_id}"),
    ):
        answer = other.call(method, path)
        assert (answer.status, answer.code) == (404, "batch_not_found")
    assert other.get("/invoice-batches").json["data"] == []
    assert connected.get(f"/customer-imports/{batch_id}").code == "batch_not_found"
    assert connected.get(f"/invoice-batches/{import_id}").code == "batch_not_found"


def test_an_import_reports_row_by_row(api: ApiClient, world: World) -> None:
    account = world.connect()
    begun = api.post("/customer-imports", {"customers": ROWS}, **keyed())
    assert begun.status == 202, begun.text
    assert begun.json["counts"] == {"queued": 2, "created": 0, "updated": 0, "unchanged": 0, "failed": 6}
    assert api.post("/customer-imports", {"customers": ROWS}, **keyed()).json == begun.json
    world.work()
    shown = api.get(f"/customer-imports/{begun.json['id']}").json
    assert shown["status"] == "completed"
    assert shown["counts"] == {"queued": 0, "created": 1, "updated": 0, "unchanged": 0, "failed": 7}
    assert [(row["row"], row["customerId"], row["outcome"]) for row in shown["rows"]] == [
        (1, "cust_1", "created"),
        (2, "cust_2", "failed"),
        (3, "cust_3", "failed"),
        (4, None, "failed"),
        (5, "cust_1", "failed"),
        (6, "cust_4", "failed"),
        (7, None, "failed"),
        (8, "cust_6", "failed"),
    ]
    errors = [row["error"] for row in shown["rows"] if row["error"]]
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
    changed = [{**ROWS[0], "firstName": "Anna"}, {"id": "cust_6", "email": "flo@example.test"}, {"id": "cust_9"}]
    second = api.post("/customer-imports", {"customers": changed}).json["id"]
    world.work()
    rows = api.get(f"/customer-imports/{second}").json["rows"]
    assert [row["outcome"] for row in rows] == ["updated", "unchanged", "created"]
    assert api.get("/customers/cust_1").json["firstName"] == "Anna"


@pytest.mark.parametrize("customers", [[], [{"id": f"c{n}"} for n in range(5001)]], ids=["none", "5001"])
def test_an_import_has_a_size(api: ApiClient, world: World, customers: list[Any]) -> None:
    answer = api.post("/customer-imports", {"customers": customers})
    assert (answer.status, answer.code, answer.error["field"]) == (422, "import_size_invalid", "customers")
