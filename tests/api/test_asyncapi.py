"""The AsyncAPI document describes every event on the bus, and its examples match what the code publishes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator

from chalicelib.adapters import event_bus
from chalicelib.api import blueprints
from chalicelib.api.asyncapi_document import document
from chalicelib.api.http.route_table import ROUTES
from chalicelib.api.models.bus_events import bus_events
from chalicelib.api.models.change_events import CHANGE_EVENTS
from chalicelib.api.models.system import VERSION
from chalicelib.api.openapi_document import document as openapi_document
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.ports.changes import SOURCE, StoredChange
from chalicelib.usecases.publishing.published_objects import PublishedInvoice
from tests.api.client import ApiClient
from tests.world import World

assert blueprints
Json = dict[str, Any]
DOCUMENT: Json = msgspec.json.decode(msgspec.json.encode(document()))
MESSAGES: Json = DOCUMENT["components"]["messages"]
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
STATUSES = {
    ChangeType.INVOICE_CREATED: {"draft"},
    ChangeType.INVOICE_EDITED: {"draft"},
    ChangeType.INVOICE_PENDING: {"pending"},
    ChangeType.INVOICE_SENT: {"pending"},
    ChangeType.INVOICE_PAYMENT_FAILED: {"failed"},
    ChangeType.INVOICE_PARTLY_PAID: {"pending", "failed"},
    ChangeType.INVOICE_PAID: {"paid"},
    ChangeType.INVOICE_REFUNDED: {"paid", "refunded"},
    ChangeType.INVOICE_VOIDED: {"void"},
    ChangeType.INVOICE_UNCOLLECTIBLE: {"uncollectible"},
    ChangeType.INVOICE_OVERDUE: {"pending", "failed"},
    ChangeType.CUSTOMER_SYNC_FAILED: {"failed"},
    ChangeType.CUSTOMER_SYNCED: {"synced"},
    ChangeType.CUSTOMER_DELETED_IN_STRIPE: {"deleted_in_stripe"},
    ChangeType.PAYOUT_PAID: {"paid"},
    ChangeType.PAYOUT_FAILED: {"failed"},
    ChangeType.PAYOUT_CANCELED: {"canceled"},
}
"""The statuses that an object can have when this change is published."""


def example(change_type: ChangeType) -> Json:
    """Returns the example of a message: the envelope and the change."""
    [only] = MESSAGES[change_type]["examples"]
    payload: Json = only["payload"]
    return payload


def detail(change_type: ChangeType) -> Json:
    """Returns the change of the example."""
    change: Json = example(change_type)["detail"]
    return change


def nodes(node: Any) -> Iterator[Json]:
    """Yields every object in a part of the document."""
    if isinstance(node, dict):
        yield node
        node = [*node.values()]
    if isinstance(node, list):
        for each in node:
            yield from nodes(each)


def resolved(reference: str) -> Any:
    node: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def errors(payload: Json, change_type: ChangeType) -> list[str]:
    schema = {**MESSAGES[change_type]["payload"], "components": DOCUMENT["components"]}
    return [each.message for each in Draft7Validator(schema).iter_errors(payload)]


def test_the_api_serves_the_asyncapi_document_without_a_token(api: ApiClient) -> None:
    response = api.get("/asyncapi.json", token=None)
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert response.json == DOCUMENT


def test_every_messages_source_is_the_one_put_on_the_bus() -> None:
    assert SOURCE == event_bus.SOURCE
    assert {example(change_type)["source"] for change_type in ChangeType} == {SOURCE}


def test_the_document_is_asyncapi_3_with_the_version_of_the_api() -> None:
    assert (DOCUMENT["asyncapi"], DOCUMENT["info"]["version"]) == ("3.0.0", VERSION)


def test_every_change_type_is_a_message_of_the_bus_and_no_other_message_exists() -> None:
    names = [each.value for each in ChangeType]
    [channel] = DOCUMENT["channels"].values()
    [operation] = DOCUMENT["operations"].values()
    assert list(MESSAGES) == list(channel["messages"]) == names
    assert [resolved(each["$ref"]) for each in operation["messages"]] == [channel["messages"][name] for name in names]
    assert operation["action"] == "send"


def test_every_reference_resolves_and_has_no_ignored_siblings() -> None:
    references = [each for each in nodes(DOCUMENT) if isinstance(each.get("$ref"), str)]
    assert references
    assert [each for each in references if len(each) > 1] == []
    assert all(resolved(each["$ref"]) for each in references)


def test_every_message_and_every_field_is_described() -> None:
    assert all(each["summary"] for each in MESSAGES.values())
    fields = [
        (name, field, schema["properties"][field].get("description"))
        for name, schema in SCHEMAS.items()
        for field in schema.get("properties", {})
    ]
    assert len(fields) > 100
    assert [(name, field) for name, field, description in fields if not description] == []


def test_a_messages_summary_is_the_domains_sentence_for_the_change() -> None:
    assert {name: each["summary"] for name, each in MESSAGES.items()} == {each: each.meaning for each in ChangeType}


def test_objects_in_messages_have_the_schemas_of_the_api() -> None:
    api_schemas = openapi_document(ROUTES)["components"]["schemas"]
    both = SCHEMAS.keys() & api_schemas.keys()
    assert {"InvoiceView", "CustomerView", "ConnectionView", "PayoutView", "InvoiceStatus"} <= both
    for name in both:
        ours, theirs = SCHEMAS[name], api_schemas[name]
        assert (ours.get("required"), ours.get("enum")) == (theirs.get("required"), theirs.get("enum")), name
        assert list(ours.get("properties", ())) == list(theirs.get("properties", ())), name


@pytest.mark.parametrize("change_type", ChangeType)
def test_every_example_matches_its_schema_and_its_model(change_type: ChangeType) -> None:
    assert errors(example(change_type), change_type) == []
    model = CHANGE_EVENTS[change_type.object_kind]
    assert msgspec.to_builtins(msgspec.convert(detail(change_type), model)) == detail(change_type)


@pytest.mark.parametrize("change_type", ChangeType)
def test_the_schema_of_a_message_refuses_every_other_message(change_type: ChangeType) -> None:
    other_types = [each for each in ChangeType if each is not change_type]
    assert [each for each in other_types if not errors(example(each), change_type)] == []
    assert errors({**example(change_type), "source": "somebody-else"}, change_type)


@pytest.mark.parametrize("change_type", ChangeType)
def test_an_example_has_no_contradictions(change_type: ChangeType) -> None:
    envelope, change_detail = example(change_type), detail(change_type)
    object_json = change_detail["object"]
    assert envelope["detail-type"] == change_detail["type"] == change_type
    assert envelope["time"] == change_detail["at"]
    assert change_detail["objectKind"] == change_type.object_kind
    assert (
        change_detail["deleted"]
        == (object_json is None)
        == (change_detail["status"] is None)
        == change_type.endswith((".deleted", ".erased"))
    )
    if object_json is not None:
        status = object_json["syncStatus" if change_type.object_kind is ObjectKind.CUSTOMER else "status"]
        assert change_detail["status"] == status
        assert status in STATUSES.get(change_type, {status})
        assert change_detail["objectId"] == object_json.get("id", change_detail["objectId"])
        assert change_detail["at"] == object_json.get("updatedAt", change_detail["at"])


@pytest.mark.parametrize("change_type", ChangeType)
def test_an_example_has_the_id_that_its_change_would_have(change_type: ChangeType) -> None:
    change_detail = detail(change_type)
    change = Change(
        organization_id=OrganizationId(change_detail["organizationId"]),
        object_kind=change_type.object_kind,
        object_id=change_detail["objectId"],
        version=change_detail["version"],
        at=int(dt.datetime.fromisoformat(change_detail["at"]).timestamp()),
        difference=Difference((change_type,), change_detail["previousStatus"], change_detail["status"]),
    )
    assert change_detail["id"] == change.id_of(change_type)


@pytest.mark.parametrize("change_type", [each for each in ChangeType if each.object_kind is ObjectKind.INVOICE])
def test_an_examples_invoice_adds_up_and_agrees_with_its_change(change_type: ChangeType) -> None:
    invoice = detail(change_type)["object"]
    if invoice is None:
        return
    money = {name: Decimal(invoice[name]) for name in invoice if name.endswith("Amount") or name == "balance"}
    received_amount = money["paidAmount"] - money["refundedAmount"] - money["lostAmount"]
    assert received_amount == money["receivedAmount"]
    if invoice["status"] != "void":
        assert Decimal(invoice["total"]) == money["paidAmount"] + money["balance"]
    shows = {
        ChangeType.INVOICE_EDITED: invoice["total"] != detail(ChangeType.INVOICE_CREATED)["object"]["total"],
        ChangeType.INVOICE_SENT: invoice["sentAt"] is not None,
        ChangeType.INVOICE_PAYMENT_FAILED: invoice["failure"] is not None,
        ChangeType.INVOICE_PARTLY_PAID: 0 < money["paidAmount"] < Decimal(invoice["total"]),
        ChangeType.INVOICE_PAID: money["balance"] == 0,
        ChangeType.INVOICE_REFUNDED: money["refundedAmount"] > 0,
        ChangeType.INVOICE_DISPUTE_OPENED: invoice["disputed"],
        ChangeType.INVOICE_DISPUTE_CLOSED: not invoice["disputed"],
        ChangeType.INVOICE_REVISED: invoice["replacedNumbers"] != [],
        ChangeType.INVOICE_OVERDUE: invoice["overdue"] and invoice["overdueSince"] is not None,
    }
    assert shows.get(change_type, True)


def envelopes_of(invoice: Invoice | None, before: Invoice | None = None) -> list[Json]:
    """Returns the events that the code publishes for a change of an invoice, in EventBridge's envelope."""
    latest = invoice or before
    assert latest is not None
    version = latest.version + (invoice is None)
    difference = invoice_difference(before, invoice)
    change = Change(latest.organization_id, ObjectKind.INVOICE, latest.id, version, latest.updated_at, difference)
    events = bus_events(
        StoredChange(change, latest), PublishedInvoice(latest, "Ann Lee"), "https://dashboard.stripe.test"
    )
    constant = {name: value for name, value in example(ChangeType.INVOICE_PAID).items() if name != "detail"}
    return [
        {**constant, "detail-type": each.detail_type, "detail": msgspec.json.decode(each.detail)} for each in events
    ]


def test_the_code_puts_events_on_the_bus_that_match_their_schemas() -> None:
    world = World()
    world.connect()
    world.customer()
    invoice = world.invoice("svc_1")
    events = [*envelopes_of(invoice), *envelopes_of(None, invoice)]
    assert {each["detail-type"] for each in events} >= {"invoice.created", "invoice.sent", "invoice.deleted"}
    for each in events:
        assert errors(each, ChangeType(each["detail-type"])) == []
