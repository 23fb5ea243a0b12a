"""Tests the import of customers: each row counts once, and each customer is created once in Stripe, at Stripe's
pace.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.batch import ItemStatus
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_fields import Address, Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.bulk.batches import resume_batches
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from tests.usecases.bulk.company import Company
from tests.world import OFFICE, ORGANIZATION, World


def import_of(number: int) -> ImportCustomers:
    customer_rows = tuple(
        Row(CustomerId(f"cust_{each}"), Save(Profile(first_name="Ann", email=f"owner{each}@example.test")))
        for each in range(number)
    )
    return ImportCustomers(ORGANIZATION, OFFICE, "move-in", f"{number} rows", customer_rows)


@pytest.mark.parametrize("seed", range(4))
def test_each_row_is_imported_and_counted_once_although_workers_die_and_messages_repeat(seed: int) -> None:
    company = Company(seed, latency=0.1)
    existing = company.customer("cust_3", "owner3@example.test")
    batch = import_customers(import_of(60), company.ports)
    company.play(lambda: company.is_completed(batch), risk=0.03, repeats=0.3, idle=10)
    assert company.deaths > 5
    assert company.batch(batch).counts == {ItemStatus.CREATED: 59, ItemStatus.UPDATED: 1}
    stored_customers = company.ports.database.customers.values()
    assert len(stored_customers) == 60
    assert {customer.edition for customer in stored_customers if customer.id != existing.id} == {1}
    assert all(item.profile is None for item in company.items(batch))
    emails = [customer["email"] for customer in company.in_stripe(company.account_id, "customer")]
    assert len(emails) == len(set(emails))


def test_an_import_of_many_customers_is_never_throttled() -> None:
    company = Company(latency=0.03)
    company.double.set_rates(endpoint_rate=25, global_rate=100)
    batch = import_customers(import_of(300), company.ports)
    company.play(lambda: company.is_completed(batch))
    assert company.throttled_at() == []
    assert company.batch(batch).counts == {ItemStatus.CREATED: 300}
    synced = [each for each in company.ports.database.customers.values() if each.sync_status is SyncStatus.SYNCED]
    assert len(synced) >= 300 - 10  # the last of each lane may be under way
    assert company.busiest_second() <= 20


def test_an_import_without_a_connection_stores_the_customers_as_not_connected() -> None:
    world = World()
    batch = import_customers(import_of(5), world.ports)
    world.work()
    header = world.ports.batches.get(ORGANIZATION, batch.id)
    assert header is not None
    assert header.counts == {ItemStatus.CREATED: 5}
    assert {each.sync_status for each in world.ports.database.customers.values()} == {SyncStatus.NOT_CONNECTED}


def test_importing_the_same_rows_again_changes_nothing() -> None:
    world = World()
    world.connect()
    import_customers(import_of(5), world.ports)
    world.work()
    before = dict(world.ports.database.customers)
    batch = import_customers(replace(import_of(5), idempotency_key="again"), world.ports)
    world.work()
    header = world.ports.batches.get(ORGANIZATION, batch.id)
    assert header is not None
    assert header.counts == {ItemStatus.UNCHANGED: 5}
    assert world.ports.database.customers == before


def test_a_phone_number_changed_in_stripe_while_a_row_is_stored_is_not_overwritten() -> None:
    world = World()
    account = world.connect()
    world.customer(phone="1")
    world.work()
    world.deliver()
    world.advance(60)
    real = world.ports.batches

    class StoreDuringEdit:
        delivered = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def decide(self, *decided: Any) -> None:
            if not StoreDuringEdit.delivered:
                StoreDuringEdit.delivered = True
                stripe_id = world.in_stripe(account, "customer")[0]["id"]
                world.client.v1.customers.update(stripe_id, {"phone": "777"}, {"stripe_account": account})
                world.deliver()
            real.decide(*decided)

    world.ports.batches = StoreDuringEdit()  # type: ignore[assignment]
    ann = Profile(first_name="Anna", last_name="Lee", email="ann@example.test", phone="1")
    row = Row(CustomerId("cust_1"), Save(ann))
    import_customers(ImportCustomers(ORGANIZATION, OFFICE, "again", "one row", (row,)), world.ports)
    world.work()
    [customer] = world.ports.database.customers.values()
    assert (customer.profile.phone, customer.profile.first_name) == ("777", "Anna")
    assert world.in_stripe(account, "customer")[0]["phone"] == "777"


def test_a_failed_row_retains_only_the_id_of_its_customer() -> None:
    world = World()
    world.connect()
    home = Address(street="1 Main Street")
    wrong = (
        Row(CustomerId("ann"), Save(Profile(first_name="Ann", address=home)), ItemError("invalid_body", "Wrong.")),
        Row(CustomerId("bob"), Save(Profile(first_name="Bob", phone="555-1234"), "cus_unknown")),
        Row(CustomerId(".."), Save(Profile(first_name="Cleo"))),
        Row(CustomerId("bob"), Save(Profile(first_name="Bob", email="bob@example.test"))),
    )
    batch = import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", wrong), world.ports)
    world.work()
    items = world.ports.batches.items(batch, 10, None).items
    assert [(item.customer_id, item.status) for item in items] == [
        (row.customer_id, ItemStatus.FAILED) for row in wrong
    ]
    for item in items:
        assert (item.profile, item.chosen_stripe_customer_id, item.left_out) == (None, None, ())


def test_a_part_of_a_deleted_batch_is_not_resumed() -> None:
    world = World()
    batch = import_customers(import_of(5), world.ports)
    del world.ports.database.batches[ORGANIZATION, batch.id]
    world.work()
    world.advance(86400)
    assert resume_batches(world.ports) == 0
