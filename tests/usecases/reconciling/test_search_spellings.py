"""The daily comparison searches Stripe once for other spellings of the addresses of customers that POM made there."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.customers.customers import get_customer, sync_customer
from chalicelib.usecases.reconciling.search_spellings import INDEXED_AFTER, search_spellings
from tests.world import ORGANIZATION, World

SEARCH = "GET /v1/customers/search"


@pytest.fixture
def account(world: World) -> StripeAccountId:
    return StripeAccountId(world.connect())


def known(world: World, customer_id: str = "cust_1") -> Customer:
    return get_customer(ORGANIZATION, CustomerId(customer_id), world.ports)


def existing(world: World, account: str, email: str, **more: Any) -> str:
    params: Any = {"email": email, **more}
    return str(world.client.v1.customers.create(params, {"stripe_account": account}).id)


def saved(world: World, customer_id: str = "cust_1", **profile: Any) -> None:
    world.customer(customer_id, **profile)
    world.work()


def searches(world: World) -> int:
    """How many searches one daily comparison makes."""
    world.double.api.log.reset()
    world.sweep(objects=True)
    return world.stripe_calls().get(SEARCH, 0)


def test_a_customer_is_searched_for_once(world: World, account: StripeAccountId) -> None:
    saved(world)
    world.advance(INDEXED_AFTER + 1)
    assert [searches(world), searches(world)] == [1, 0]
    assert known(world).sync_status is SyncStatus.SYNCED


def test_a_customer_that_was_linked_is_not_searched_for(world: World, account: StripeAccountId) -> None:
    existing(world, account, "ann@example.test")
    saved(world)
    world.advance(INDEXED_AFTER + 1)
    assert searches(world) == 0


@pytest.mark.parametrize("edited", [False, True])
def test_a_customer_that_pom_made_is_searched_for_although_the_answer_was_lost(
    edited: bool, world: World, account: StripeAccountId
) -> None:
    other = existing(world, account, "ANN@example.test")
    world.customer()
    world.ports.queues.take()
    world.double.order_fault("close_after", method="POST", path="/v1/customers")
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, CustomerId("cust_1"), world.ports)
    if edited:
        world.customer(phone="1")
    world.advance(INDEXED_AFTER + 1)
    world.resume()
    assert known(world).sync_status is SyncStatus.SYNCED
    world.advance(INDEXED_AFTER + 1)
    assert searches(world) == 1
    assert known(world).candidates == (known(world).linked_to(account), other)


def test_a_search_waits_until_stripes_index_knows_what_was_there(world: World, account: StripeAccountId) -> None:
    other = existing(world, account, "ANN@example.test")
    saved(world)
    assert searches(world) == 0, "it would find nothing yet"
    world.advance(INDEXED_AFTER + 1)
    assert searches(world) == 1
    ann = known(world)
    assert ann.sync_status is SyncStatus.NEEDS_CHOICE
    assert ann.candidates == (ann.linked_to(account), other)
    assert ann.history[-1].kind is CustomerEvent.CHOICE_OFFERED


def test_several_other_spellings_are_all_offered_and_those_of_other_customers_are_not(
    world: World, account: StripeAccountId
) -> None:
    one, two = existing(world, account, "ANN@example.test"), existing(world, account, "Ann@Example.test")
    existing(world, account, "aNN@example.test", metadata={"pom_customer_id": "cust_7"})
    existing(world, account, "joann@example.test")
    saved(world)
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    assert set(known(world).candidates) == {known(world).linked_to(account), one, two}


def test_while_the_office_has_not_chosen_invoices_go_to_the_present_link(
    world: World, account: StripeAccountId
) -> None:
    existing(world, account, "ANN@example.test")
    saved(world)
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    assert world.invoice().status is InvoiceStatus.PENDING
    assert known(world).sync_status is SyncStatus.NEEDS_CHOICE


def test_an_edit_does_not_make_the_open_choice_disappear(world: World, account: StripeAccountId) -> None:
    existing(world, account, "ANN@example.test")
    saved(world)
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    saved(world, phone="2")
    assert known(world).sync_status is SyncStatus.NEEDS_CHOICE
    assert "cus_" in str(known(world).sync_error)
    saved(world, phone="3", stripe_customer_id=known(world).linked_to(account))
    assert (known(world).sync_status, known(world).candidates) == (SyncStatus.SYNCED, ())


def test_searches_keep_a_pace_and_stop_in_time(world: World, account: StripeAccountId) -> None:
    for number in range(12):
        saved(world, f"cust_{number}", email=f"c{number}@example.test")
    world.advance(INDEXED_AFTER + 1)
    began = world.ports.clock.now()
    assert 0 < search_spellings(ORGANIZATION, account, began + 1, world.ports) < 12
    assert search_spellings(ORGANIZATION, account, began + 60, world.ports) > 0
    assert searches(world) == 0


def test_where_stripe_has_no_search_the_comparison_goes_on(world: World) -> None:
    account = StripeAccountId(world.connect(account=world.account(country="IN")))
    for number in range(3):
        saved(world, f"cust_{number}", email=f"c{number}@example.test")
    world.advance(INDEXED_AFTER + 1)
    world.double.api.log.reset()
    assert world.sweep(objects=True).objects
    assert world.stripe_calls()[SEARCH] == 1
    assert known(world, "cust_0").linked_to(account)


@pytest.mark.parametrize("kind", ["close_before", "error_before", "rate_limit"])
def test_while_stripe_does_not_answer_searches_wait_for_the_next_day(
    kind: str, world: World, account: StripeAccountId
) -> None:
    existing(world, account, "ANN@example.test")
    saved(world)
    world.advance(INDEXED_AFTER + 1)
    world.double.order_fault(kind, path="/v1/customers/search")
    assert world.sweep(objects=True).objects
    world.sweep(objects=True)
    assert known(world).sync_status is SyncStatus.NEEDS_CHOICE


def test_a_quotation_mark_in_an_address_is_searched_for(world: World, account: StripeAccountId) -> None:
    other = existing(world, account, "O'Brien@example.test")
    saved(world, email="o'brien@example.test")
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    assert other in known(world).candidates
