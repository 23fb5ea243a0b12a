"""Finds the indexes with a partition to which all organizations write, from the writes of two organizations.

A partition takes 1,000 write units a second, so such a partition limits the load of all organizations together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.adapters.tables import database
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from chalicelib.usecases.connecting import connect
from infra.template.capacity_alarms import SHARED_PARTITIONS
from infra.template.tables import tables
from tests.backends import STORES, Backend, aws_with_resources, table_backend
from tests.contracts.examples import event
from tests.world import OFFICE, World, line, order

Partitions = Mapping[str, set[str]]
"""The values of partition keys, by table, or by table and index joined with a dot."""

DAY = 86_400
NONCES = 1000
"""More nonces than one organization's year uses. Each organization starts at another nonce, so that none is
shared.
"""


@contextmanager
def partitions_written() -> Iterator[Partitions]:
    """Records the partitions of all items that are put or updated in this block. For an update only the item's key is
    read.
    """
    written: defaultdict[str, set[str]] = defaultdict(set)
    hashes = _partition_keys()

    def note(params: Any, **_: Any) -> None:
        for table, item in _written(params):
            for place, attribute in hashes[table.partition("-")[2]].items():
                if attribute in item:
                    written[place].add(item[attribute]["S"])

    events = database.connection().client.meta.events
    events.register("before-parameter-build.dynamodb", note)
    try:
        yield written
    finally:
        events.unregister("before-parameter-build.dynamodb", note)


def _written(params: Any) -> Iterator[tuple[str, Any]]:
    for each in params.get("TransactItems", [{"alone": params}] if "TableName" in params else []):
        [request] = each.values()
        if "Item" in request or "UpdateExpression" in request:
            yield request["TableName"], request.get("Item") or request["Key"]
    for table, requests in params.get("RequestItems", {}).items():
        yield from ((table, each["PutRequest"]["Item"]) for each in requests if "PutRequest" in each)


def _partition_keys() -> dict[str, dict[str, str]]:
    """Returns, for each table, the partition key attribute of the table and of each index."""
    keys_by_table = {}
    for resource in tables().values():
        properties = resource["Properties"]
        table = properties["TableName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        indexes = properties.get("GlobalSecondaryIndexes", ())
        keys_by_table[table] = {table: properties["KeySchema"][0]["AttributeName"]}
        keys_by_table[table] |= {
            f"{table}.{each['IndexName']}": each["KeySchema"][0]["AttributeName"] for each in indexes
        }
    return keys_by_table


def partitions_of_a_year(name: str, number: int, stores: Backend) -> Partitions:
    """Returns the partitions that an organization writes to when it connects, bills, is paid and has disputes and
    open work.
    """
    world = World(seed=number)
    for _ in range(number * NONCES):
        world.ports.clock.nonce()
    for store in STORES:
        setattr(world.ports, store, getattr(stores, store))
    organization = OrganizationId(f"org_{name}")
    with partitions_written() as written:
        account = world.connect(organization)
        state = world.begin(organization)
        connect.receive_callback(state, world.double.authorization_code(world.account()), None, world.ports)
        for customer, email in (("cust_1", f"{name}@example.test"), ("cust_2", None)):
            world.customer(f"{name}_{customer}", email, organization)
        invoices = [_bill(world, organization, name, service) for service in ("a", "b", "c")]
        world.deliver()
        world.double.pay(account, invoices[0].stripe_invoice_id, "pm_card_visa")
        world.deliver()
        [charge] = world.in_stripe(account, "charge")
        world.double.open_dispute(account, charge["id"])
        world.double.pay(account, invoices[1].stripe_invoice_id, "pm_card_chargeDeclinedInsufficientFunds")
        world.deliver()
        stores.events.park(
            event(f"evt_{name}", account_id=StripeAccountId(account)), world.ports.clock.now(), "error"
        )
        bulk_services = ((CustomerId(f"{name}_cust_1"), line(f"{name}_bulk")),)
        bill_many(BillMany(organization, OFFICE, "monthly", "1-1", bulk_services, order().terms), world.ports)
        world.work()
        world.advance(3 * DAY)
        world.double.pay_out(account)
        world.deliver()
        world.work()
        world.advance(40 * DAY)
        world.plan_day()
    return written


def _bill(world: World, organization: OrganizationId, name: str, service: str) -> Any:
    customer = CustomerId(f"{name}_cust_1")
    return world.invoice(f"{name}_svc_{service}", organization_id=organization, customer_id=customer)


@pytest.fixture(scope="module")
def partitions_of_two_organizations() -> list[Partitions]:
    with aws_with_resources():
        return [partitions_of_a_year(name, number, table_backend()) for number, name in enumerate(("blue", "green"))]


def test_each_organization_writes_to_every_index(partitions_of_two_organizations: list[Partitions]) -> None:
    every = {place for places in _partition_keys().values() for place in places if "." in place}
    for written in partitions_of_two_organizations:
        assert every - written.keys() == set()


def test_exactly_the_indexes_with_an_alarm_have_a_partition_shared_by_all_organizations(
    partitions_of_two_organizations: list[Partitions],
) -> None:
    blue, green = partitions_of_two_organizations
    shared_partitions = {place for place in blue if "." in place and blue[place] & green[place]}
    assert shared_partitions == {f"{table}.{index}" for table, index in SHARED_PARTITIONS}


def test_no_table_has_a_growing_partition_shared_by_all_organizations(
    partitions_of_two_organizations: list[Partitions],
) -> None:
    blue, green = partitions_of_two_organizations
    assert {
        place: blue[place] & green[place] for place in blue if "." not in place and blue[place] & green[place]
    } == {}
