"""Items and messages of releases until 2026-11-28 are read, and the next write converts the items."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from chalicelib.adapters.tables.models import PaymentItem
from chalicelib.api.models.invoices import invoice_view
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.connection import Connection
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter, movements
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.timeline import timeline
from chalicelib.ports.messages import BatchJob, CustomerSync, InvoiceJob, Message, Reconciliation, json_name
from chalicelib.workers.sqs import work_through
from tests.backends import Aws, Backend, aws_with_resources, table_backend
from tests.contracts.examples import balance_transaction, invoice

RECORDED = Path(__file__).parent / "stored_before" / "2026-11"
ORGANIZATION = OrganizationId("org_blue")


def recorded_items(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


INVOICES = {each["story"]: each for each in recorded_items("invoices")}


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Returns the stores over tables that have the items of that release."""
    with aws_with_resources() as aws:
        backend = table_backend()
        for name in ("customers", "connections", "events", "payment-refs", "claims", "summaries", "batches"):
            for item in recorded_items(name):
                put_item(aws, name, item)
        for each in INVOICES.values():
            put_item(aws, "invoices", each["item"])
        yield backend


def put_item(aws: Aws, table: str, item: dict[str, dict[str, Any]]) -> None:
    wire = {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}
    boto3.client("dynamodb").put_item(TableName=f"{aws.prefix}{table}", Item=wire)


def stored_invoice_of(backend: Backend, story: str) -> Invoice:
    invoice = backend.invoices.get(ORGANIZATION, InvoiceId(INVOICES[story]["item"]["invoice_id"]["S"]))
    assert invoice is not None
    return invoice


TIMELINES = {
    "created": "created, sent",
    "sent": "created, sent",
    "declined then paid by card": "created, sent, payment_failed, paid",
    "bank debit": "created, sent, payment_under_way, paid",
    "refunded in part": "created, sent, paid, refunded",
    "refunded in full": "created, sent, paid, refunded",
    "refund failed": "created, sent, paid, refunded, refund_failed",
    "dispute lost": "created, sent, paid, dispute_opened, dispute_lost",
    "credited": "created, sent, credited",
    "voided": "created, sent, voided",
    "draft": "created",
    "draft deleted in stripe": "created, draft_deleted",
    "marked paid by hand": "created, sent, marked_paid",
    "reminded": "created, sent, reminded",
    "revised in Stripe": "created, sent, revised, sent",
    "payment window passed": "created, sent, given_up",
    "in bulk": "created, sent",
    "in creation": "created",
}


def test_every_recorded_invoice_has_its_timeline_here() -> None:
    assert INVOICES.keys() == TIMELINES.keys()


@pytest.mark.parametrize("story", TIMELINES)
def test_an_invoice_stored_by_an_earlier_release_has_each_timeline_entry_once(backend: Backend, story: str) -> None:
    assert ", ".join(entry.kind for entry in timeline(stored_invoice_of(backend, story))) == TIMELINES[story]


CORRECTED_FIELDS: dict[str, dict[str, Any]] = {"draft deleted in stripe": {"dashboardUrl": None}}
"""Wrong fields in the responses of that release: a link to a draft that no longer exists."""


@pytest.mark.parametrize("story", TIMELINES)
def test_an_invoice_stored_by_an_earlier_release_is_returned_as_it_was(backend: Backend, story: str) -> None:
    recorded_response = {**INVOICES[story]["answer"], **CORRECTED_FIELDS.get(story, {})}
    base = "https://dashboard.stripe.com"
    at = max(each.updated_at for each in [stored_invoice_of(backend, story)])
    view = invoice_view(stored_invoice_of(backend, story), customer_name=None, now=at, dashboard_base=base)
    response = json.loads(msgspec.json.encode(view))
    common_fields = response.keys() & recorded_response.keys() - {"paymentUrl", "paymentUrlExpired"}
    for line in response["lineItems"]:
        assert line.pop("serviceDate") is None  # That release had no service dates.
    assert {name: response[name] for name in common_fields} == {
        name: recorded_response[name] for name in common_fields
    }


@pytest.mark.parametrize("story", TIMELINES)
def test_the_next_write_keeps_the_timeline_and_lists_the_payments(backend: Backend, story: str) -> None:
    before = stored_invoice_of(backend, story)
    backend.invoices.save(invoice_write(before, before))
    after = stored_invoice_of(backend, story)
    assert timeline(after) == timeline(before)
    assert (after.status, after.amounts, after.facts) == (before.status, before.amounts, before.facts)
    page = backend.payments.page(ORGANIZATION, MovementFilter(), 100, None)
    listed_movements = [each.movement for each in page.items]
    assert sorted(row.id for row in listed_movements) == sorted(row.id for row in movements(after))
    assert sum(row.counted for row in listed_movements) == after.amounts.received


def test_a_second_write_does_not_list_the_payments_again(backend: Backend) -> None:
    before = stored_invoice_of(backend, "refunded in part")
    backend.invoices.save(invoice_write(before, before))
    after = stored_invoice_of(backend, "refunded in part")
    assert invoice_write(after, after).movements == ()


def test_a_payment_stored_before_fees_existed_is_listed_and_takes_its_fee(backend: Backend) -> None:
    """The row is from the table of a release until 2026-11-28."""
    document = (
        '{"id":"pi_1","kind":"payment","status":"succeeded","at":1800000000,"amount":7500,"currency":"usd",'
        '"invoice_id":"inv_a","customer_id":"cust_1","number":"A-0001","payment_id":null,"method":"card",'
        '"brand":"visa","last4":"4242","reason":null}'
    )
    texts = {"organization_id": ORGANIZATION, "movement_id": "pi_1", "time_key": "001800000000#pi_1"}
    row = {name: {"S": text} for name, text in {**texts, "document": document}.items()}
    boto3.client("dynamodb").put_item(TableName=PaymentItem.Meta.table_name, Item=row)
    [payment_row] = backend.payments.page(ORGANIZATION, MovementFilter(), 100, None).items
    assert (payment_row.movement.amount, payment_row.movement.number, payment_row.settlements) == (7500, "A-0001", ())
    fee = Settlement(balance_transaction(payment_id="pi_1"), "po_1")
    backend.payments.settle(ORGANIZATION, [("pi_1", fee)])
    assert backend.payments.find(ORGANIZATION, ["pi_1"]) == {"pi_1": replace(payment_row, settlements=(fee,))}
    stored_invoice = backend.invoices.insert(invoice_write(invoice("new", organization_id=ORGANIZATION)), {})
    changed_movement = replace(payment_row.movement, status="failed")
    backend.invoices.save(invoice_write(stored_invoice)._replace(movements=(changed_movement,)))
    assert backend.payments.find(ORGANIZATION, ["pi_1"]) == {"pi_1": SettledMovement(changed_movement, (fee,))}
    [item] = boto3.client("dynamodb").scan(TableName=PaymentItem.Meta.table_name)["Items"]
    assert len({"document", "packed"} & set(item)) == 1, "a row has only one of its document's two forms"


def test_events_handled_by_an_earlier_release_are_duplicates(backend: Backend) -> None:
    for item in recorded_items("events"):
        account_id, event_id = StripeAccountId(item["account_id"]["S"]), item["event_id"]["S"]
        if item["outcome"]["S"] != "parked":
            assert backend.events.known(account_id, [event_id]) == {event_id}


def test_customers_and_connections_of_an_earlier_release_are_read(backend: Backend) -> None:
    for item in recorded_items("customers"):
        customer = backend.customers.get(
            OrganizationId(item["organization_id"]["S"]), CustomerId(item["customer_id"]["S"])
        )
        assert customer is not None
        assert customer.version == int(item["version"]["N"])
    connection = backend.connections.get(ORGANIZATION)
    assert isinstance(connection, Connection)
    assert connection.account_id is not None


@dataclass
class SqsEvent:
    """A Lambda event with one message."""

    body: str
    context: Any = None

    def to_dict(self) -> dict[str, Any]:
        attributes = {"MessageGroupId": "group"}
        return {"Records": [{"messageId": "1", "receiptHandle": "1", "body": self.body, "attributes": attributes}]}


def test_messages_of_an_earlier_release_are_read() -> None:
    kinds: dict[str, type[Message]] = {
        str(kind.queue): kind for kind in (CustomerSync, InvoiceJob, Reconciliation, BatchJob)
    }
    for stored_message in recorded_items("messages"):
        messages: list[Message] = []
        response_to_lambda = work_through(
            SqsEvent(stored_message["MessageBody"]), kinds[stored_message["queue"]], messages.append
        )
        assert response_to_lambda == {"batchItemFailures": []}
        [message] = messages
        body = json.loads(stored_message["MessageBody"])
        assert {json_name(name): value for name, value in asdict(message).items() if value is not None} == body
