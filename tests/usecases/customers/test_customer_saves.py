"""Tests saves of customers: POM's own workers cause no conflict, and a response can be sent back as a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_history import MAX_HISTORY, CustomerEvent
from chalicelib.domain.customer_link import StripeLink
from chalicelib.domain.customer_save import Save
from chalicelib.domain.errors import Refused, StaleWrite
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import DOT_SEGMENTS, CustomerId, StripeAccountId
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.usecases.customers.customers import get_customer, put_customer, sync_again, sync_customer
from chalicelib.usecases.invoicing import invoicing_settings
from tests.world import ORGANIZATION, World

ANN = CustomerId("cust_1")


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """Returns the account of a connected organization with one customer that is in sync with Stripe."""
    account_id = StripeAccountId(world.connect())
    world.customer()
    world.work()
    world.deliver()
    world.advance(60)
    return account_id


def stored_customer(world: World) -> Customer:
    return get_customer(ORGANIZATION, ANN, world.ports)


def stripe_customer(world: World, account: str) -> dict[str, Any]:
    return world.in_stripe(account, "customer")[0]


def edit_in_stripe(world: World, account: str, **changes: Any) -> None:
    stripe_id = str(stripe_customer(world, account)["id"])
    world.client.v1.customers.update(stripe_id, changes, {"stripe_account": account})  # type: ignore[arg-type]


class OvertakenStore:
    """A store in which POM's own worker writes before each of the next saves."""

    def __init__(self, world: World, saves: int = 1) -> None:
        self._plain, self._world, self._left = world.ports.customers, world, saves

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def save(self, customer: Customer, *acts: Any) -> Customer:
        if self._left:
            self._left -= 1
            current = self._plain.get(ORGANIZATION, ANN)
            assert current is not None
            self._plain.save(replace(current, synced_at=self._world.ports.clock.now()))
        return self._plain.save(customer, *acts)


@pytest.mark.parametrize(
    "save",
    [lambda world: world.customer(phone="2"), lambda world: sync_again(ORGANIZATION, ANN, world.ports)],
    ids=["put", "sync again"],
)
def test_a_save_does_not_conflict_with_poms_own_worker(
    save: Callable[[World], Customer], world: World, account: StripeAccountId
) -> None:
    world.ports.customers = OvertakenStore(world, 3)  # type: ignore[assignment]
    saved = save(world)
    assert saved.edition == 2
    world.work()
    assert stored_customer(world).sync_status is SyncStatus.SYNCED


def test_a_customer_save_whose_response_was_lost_is_stored_and_queued(world: World, account: StripeAccountId) -> None:
    real = world.ports.customers

    class StoreWithLostResponse:
        """A store whose client repeats a write after a lost response, so that its own success refuses the
        repetition.
        """

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save(self, customer: Customer, *acts: Any) -> Customer:
            real.save(customer, *acts)
            world.ports.customers = real
            raise StaleWrite("The customer")

    world.ports.customers = StoreWithLostResponse()  # type: ignore[assignment]
    saved = world.customer(phone="2")
    assert (saved.profile.phone, saved.edition) == ("2", 2)
    world.work()
    assert stripe_customer(world, account)["phone"] == "2"


def test_a_settings_save_whose_response_was_lost_is_stored(world: World) -> None:
    real, settings_with_memo = world.ports.settings, InvoicingSettings(ORGANIZATION, memo="Thank you.")

    class StoreWithLostResponse:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save(self, settings: InvoicingSettings, *acts: Any) -> InvoicingSettings:
            real.save(settings, *acts)
            raise StaleWrite("The settings")

    world.ports.settings = StoreWithLostResponse()  # type: ignore[assignment]
    assert invoicing_settings.change(ORGANIZATION, settings_with_memo, world.ports).memo == "Thank you."


def test_settings_that_another_admin_changed_meanwhile_are_a_conflict(world: World) -> None:
    real = world.ports.settings

    class OvertakenStore:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save(self, settings: InvoicingSettings, *acts: Any) -> InvoicingSettings:
            real.save(InvoicingSettings(ORGANIZATION, memo="Mine."))
            return real.save(settings, *acts)

    world.ports.settings = OvertakenStore()  # type: ignore[assignment]
    with pytest.raises(StaleWrite):
        invoicing_settings.change(ORGANIZATION, InvoicingSettings(ORGANIZATION, memo="Yours."), world.ports)
    assert real.get(ORGANIZATION).memo == "Mine."


def test_an_edit_in_stripe_that_arrives_during_a_save_is_not_lost(world: World, account: StripeAccountId) -> None:
    edit_in_stripe(world, account, address={"line1": "9 Oak Ave"})
    real = world.ports.customers

    class StoreDuringDelivery:
        delivered = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save(self, customer: Customer, *acts: Any) -> Customer:
            if not StoreDuringDelivery.delivered:
                StoreDuringDelivery.delivered = True
                world.deliver()
            return real.save(customer, *acts)

    world.ports.customers = StoreDuringDelivery()  # type: ignore[assignment]
    world.customer(phone="2")
    world.work()
    assert stripe_customer(world, account)["phone"] == "2"
    assert (stored_customer(world).profile.phone, stored_customer(world).profile.address.street) == ("2", "9 Oak Ave")
    assert stripe_customer(world, account)["address"]["line1"] == "9 Oak Ave"


def test_a_sync_without_differences_sends_no_update(world: World, account: StripeAccountId) -> None:
    world.double.api.log.reset()
    sync_again(ORGANIZATION, ANN, world.ports)
    world.work()
    assert world.stripe_calls() == {"GET /v1/customers/{id}": 1}
    world.customer(phone="2")
    world.double.api.log.reset()
    world.work()
    assert world.stripe_calls() == {"GET /v1/customers/{id}": 1, "POST /v1/customers/{id}": 1}


def test_a_sync_sends_only_the_fields_that_differ(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(paused=True)
    edit_in_stripe(world, account, address={"line1": "9 Oak Ave"}, name="Ann Marie Lee")
    world.customer(phone="2")
    world.work()
    customer_in_stripe = stripe_customer(world, account)
    assert (customer_in_stripe["phone"], customer_in_stripe["name"], customer_in_stripe["address"]["line1"]) == (
        "2",
        "Ann Marie Lee",
        "9 Oak Ave",
    )
    ours = stored_customer(world).profile
    assert (ours.phone, ours.first_name, ours.address.street) == ("2", "Ann Marie", "9 Oak Ave")


def test_a_customer_stored_without_synced_values_counts_as_in_step(world: World, account: StripeAccountId) -> None:
    current = stored_customer(world)
    stripe_id = str(current.linked_to(account))
    old = replace(current, link=StripeLink(account, stripe_id, current.edition), claim=None, history=())
    world.ports.database.customers[ORGANIZATION, ANN] = old
    edit_in_stripe(world, account, phone="3")
    world.deliver()
    assert stored_customer(world).profile.phone == "3"
    world.customer(phone="3", company_name="Lee Hotels")
    world.work()
    assert (stripe_customer(world, account)["phone"], stripe_customer(world, account)["name"]) == ("3", "Lee Hotels")
    assert world.ports.customers.holder_of(ORGANIZATION, account, stripe_id) == ANN


def test_an_edit_of_a_customer_stored_without_synced_values_overwrites_no_other_field(
    world: World, account: StripeAccountId
) -> None:
    current = stored_customer(world)
    old = replace(current, link=StripeLink(account, str(current.linked_to(account)), current.edition), claim=None)
    world.ports.database.customers[ORGANIZATION, ANN] = old
    world.double.set_delivery(paused=True)
    edit_in_stripe(world, account, name="Ann Marie Lee", phone="3")
    world.customer(email="new@example.test")
    world.work()
    customer_in_stripe = stripe_customer(world, account)
    assert (customer_in_stripe["email"], customer_in_stripe["name"], customer_in_stripe["phone"]) == (
        "new@example.test",
        "Ann Marie Lee",
        "3",
    )


@pytest.mark.parametrize("status", list(SyncStatus))
def test_saving_the_stored_values_changes_nothing_in_any_sync_status(
    status: SyncStatus, world: World, account: StripeAccountId
) -> None:
    stored = world.ports.customers.save(replace(stored_customer(world), sync_status=status))
    world.customer()
    world.customer(stripe_customer_id=stored.linked_to(account))
    if status is SyncStatus.NOT_CONNECTED:
        assert stored_customer(world).sync_status is SyncStatus.PENDING, "the company is connected now"
    else:
        assert (stored_customer(world), world.ports.queues.sent) == (stored, [])


def test_the_history_keeps_the_newest_entries(world: World, account: StripeAccountId) -> None:
    customer = stored_customer(world)
    for number in range(MAX_HISTORY + 5):
        customer = customer.telling(CustomerEvent.TAKEN_OVER, Source.WEBHOOK, number)
    assert (len(customer.history), customer.history[-1].at, customer.history[0].at) == (
        MAX_HISTORY,
        MAX_HISTORY + 4,
        5,
    )


@pytest.mark.parametrize("customer_id", sorted(DOT_SEGMENTS))
def test_a_customer_id_that_is_a_dot_segment_is_refused(customer_id: str, world: World) -> None:
    with pytest.raises(Refused) as refusal:
        put_customer(ORGANIZATION, CustomerId(customer_id), Save(Profile()), world.ports)
    assert (refusal.value.code, refusal.value.field) == ("customer_id_reserved", "customerId")
    assert world.ports.database.customers == {}


def test_a_removed_email_address_is_cleared_in_stripe(world: World, account: StripeAccountId) -> None:
    world.customer(email=None)
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    assert stripe_customer(world, account)["email"] is None
