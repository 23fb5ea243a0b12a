"""Changes are published from the tables' stream records and from the items read in addition to them."""

from __future__ import annotations

import json

import boto3

from chalicelib.adapters.tables.stream import change_reader
from chalicelib.api.models.bus_events import bus_events
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.usecases.publishing.publish_changes import Record, publish_records
from infra.local.streams import ShardReader
from tests.backends import Aws, Backend
from tests.contracts.examples import customer, in_status, invoice, of_customer
from tests.fakes.ports import FakePorts
from tests.world import World


def test_a_damaged_customer_blocks_only_the_changes_of_its_own_invoices(aws: Aws, stores_on_tables: Backend) -> None:
    for name in ("1", "2"):
        stores_on_tables.customers.save(customer(name))
        pending = in_status(of_customer(invoice(name), f"cust_{name}"), InvoiceStatus.PENDING)
        stores_on_tables.invoices.insert(invoice_write(pending), {})
    damage(aws, "cust_1")
    records = ShardReader(aws.prefix + "invoices").peek(10)
    ports = over(stores_on_tables)

    outcome = publish_records(
        [Record(each["dynamodb"]["SequenceNumber"], ports.clock.now(), each) for each in records],
        change_reader(aws.prefix),
        lambda change, shown: bus_events(change, shown, "https://dashboard.stripe.test"),
        ports,
    )

    assert (outcome.published, list(outcome.unpublished), outcome.repeat_from) == (
        1,
        [records[0]["dynamodb"]["SequenceNumber"]],
        None,
    )
    assert {json.loads(each.detail)["objectId"] for each in ports.bus.events} == {"inv_2"}
    assert [body for body, *_ in ports.unpublished.kept] == [records[0]]


def over(stores: Backend) -> FakePorts:
    ports = World().ports
    ports.customers, ports.connections, ports.changes = stores.customers, stores.connections, stores.changes  # type: ignore[assignment]
    return ports


def damage(aws: Aws, customer_id: str) -> None:
    """Overwrites the document of a customer with bytes that no release has written."""
    client, table = boto3.client("dynamodb"), f"{aws.prefix}customers"
    for item in client.scan(TableName=table)["Items"]:
        if item["customer_id"]["S"] == customer_id:
            client.put_item(TableName=table, Item={**item, "packed": {"B": b"damaged"}})
