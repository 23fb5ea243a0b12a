"""When customers come to Stripe is a setting; with the first invoice they are there in any case."""

from __future__ import annotations

import pytest

from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.settings import CustomerCreation, InvoicingSettings
from chalicelib.usecases.customers.customers import get_customer
from chalicelib.usecases.invoicing import invoicing_settings
from tests.world import ORGANIZATION, World


@pytest.fixture
def world() -> World:
    """A company whose customers are made in Stripe with their first invoice."""
    world = World()
    world.account_id = world.connect()  # type: ignore[attr-defined]
    settings = InvoicingSettings(ORGANIZATION, customer_creation=CustomerCreation.WHEN_INVOICED)
    invoicing_settings.change(ORGANIZATION, settings, world.ports)
    return world


def status(world: World) -> SyncStatus:
    return get_customer(ORGANIZATION, CustomerId("cust_1"), world.ports).sync_status


def customers_in_stripe(world: World) -> int:
    return len(world.in_stripe(world.account_id, "customer"))  # type: ignore[attr-defined]


def test_a_customer_waits_for_its_first_invoice(world: World) -> None:
    world.customer()
    world.work()
    assert (status(world), customers_in_stripe(world)) == (SyncStatus.WAITING_FOR_INVOICE, 0)
    world.invoice()
    assert (status(world), customers_in_stripe(world)) == (SyncStatus.SYNCED, 1)


def test_whom_stripe_knows_already_is_linked_at_once(world: World) -> None:
    options = {"stripe_account": world.account_id}  # type: ignore[attr-defined]
    world.client.v1.customers.create({"email": "ann@example.test"}, options)
    world.customer()
    world.work()
    assert (status(world), customers_in_stripe(world)) == (SyncStatus.SYNCED, 1)


def test_updates_are_given_to_stripe_in_real_time_once_the_customer_is_there(world: World) -> None:
    world.customer()
    world.work()
    world.invoice()
    world.customer(phone="+1 555 0199")
    world.work()
    [customer] = world.in_stripe(world.account_id, "customer")  # type: ignore[attr-defined]
    assert customer["phone"] == "+1 555 0199"


def test_a_customer_that_waits_is_not_taken_up_again_and_again(world: World) -> None:
    world.customer()
    world.work()
    world.advance(600)
    assert list(world.ports.customers.pending(world.ports.clock.now(), 10)) == []
