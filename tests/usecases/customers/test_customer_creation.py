"""Tests the setting that says when customers are created in Stripe. The first invoice creates the customer in any
case.
"""

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
    """Returns a company whose customers are created in Stripe with their first invoice."""
    world = World()
    world.account_id = world.connect()  # type: ignore[attr-defined]
    settings = InvoicingSettings(ORGANIZATION, customer_creation=CustomerCreation.WHEN_INVOICED)
    invoicing_settings.change(ORGANIZATION, settings, world.ports)
    return world


def sync_status(world: World) -> SyncStatus:
    return get_customer(ORGANIZATION, CustomerId("cust_1"), world.ports).sync_status


def customers_in_stripe(world: World) -> int:
    return len(world.in_stripe(world.account_id, "customer"))  # type: ignore[attr-defined]


def test_a_customer_waits_for_its_first_invoice(world: World) -> None:
    world.customer()
    world.work()
    assert (sync_status(world), customers_in_stripe(world)) == (SyncStatus.WAITING_FOR_INVOICE, 0)
    world.invoice()
    assert (sync_status(world), customers_in_stripe(world)) == (SyncStatus.SYNCED, 1)


def test_a_customer_that_stripe_already_has_is_linked_immediately(world: World) -> None:
    options = {"stripe_account": world.account_id}  # type: ignore[attr-defined]
    world.client.v1.customers.create({"email": "ann@example.test"}, options)
    world.customer()
    world.work()
    assert (sync_status(world), customers_in_stripe(world)) == (SyncStatus.SYNCED, 1)


def test_edits_are_sent_to_stripe_immediately_once_the_customer_is_linked(world: World) -> None:
    world.customer()
    world.work()
    world.invoice()
    world.customer(phone="+1 555 0199")
    world.work()
    [customer] = world.in_stripe(world.account_id, "customer")  # type: ignore[attr-defined]
    assert customer["phone"] == "+1 555 0199"


def test_a_customer_that_waits_for_its_first_invoice_is_not_retried(world: World) -> None:
    world.customer()
    world.work()
    world.advance(600)
    assert list(world.ports.customers.pending(world.ports.clock.now(), 10)) == []
