"""Tests the search for other spellings: the daily comparison searches Stripe once for the email of each customer that
POM created there.
"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.customers.customers import sync_customer
from chalicelib.usecases.reconciling.search_spellings import INDEXED_AFTER, search_spellings
from tests.usecases.customers.in_stripe import create_in_stripe, stored_customer
from tests.world import ORGANIZATION, World

SEARCH = "GET /v1/customers/search"


@pytest.fixture
def account(world: World) -> StripeAccountId:
    return StripeAccountId(world.connect())


def save_and_sync(world: World, customer_id: str = "cust_1", **profile: Any) -> None:
    world.customer(customer_id, **profile)
    world.work()


def searches_of_comparison(world: World) -> int:
    """Returns the number of searches of one daily comparison."""
    world.double.api.log.reset()
    world.sweep(objects=True)
    return world.stripe_calls().get(SEARCH, 0)


def test_other_spellings_of_a_customers_email_are_searched_for_once(world: World, account: StripeAccountId) -> None:
    save_and_sync(world)
    world.advance(INDEXED_AFTER + 1)
    assert [searches_of_comparison(world), searches_of_comparison(world)] == [1, 0]
    assert stored_customer(world).sync_status is SyncStatus.SYNCED


def test_no_search_is_made_for_a_linked_customer(world: World, account: StripeAccountId) -> None:
    create_in_stripe(world, account, "ann@example.test")
    save_and_sync(world)
    world.advance(INDEXED_AFTER + 1)
    assert searches_of_comparison(world) == 0


@pytest.mark.parametrize("edited", [False, True])
def test_a_customer_created_with_a_lost_response_is_searched_for(
    edited: bool, world: World, account: StripeAccountId
) -> None:
    other_id = create_in_stripe(world, account, "ANN@example.test")
    world.customer()
    world.ports.queues.take()
    world.double.order_fault("close_after", method="POST", path="/v1/customers")
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, CustomerId("cust_1"), world.ports)
    if edited:
        world.customer(phone="1")
    world.advance(INDEXED_AFTER + 1)
    world.resume()
    assert stored_customer(world).sync_status is SyncStatus.SYNCED
    world.advance(INDEXED_AFTER + 1)
    assert searches_of_comparison(world) == 1
    assert stored_customer(world).candidates == (stored_customer(world).linked_to(account), other_id)


def test_a_search_waits_until_stripes_index_is_current(world: World, account: StripeAccountId) -> None:
    other_id = create_in_stripe(world, account, "ANN@example.test")
    save_and_sync(world)
    assert searches_of_comparison(world) == 0, "the search would find nothing yet"
    world.advance(INDEXED_AFTER + 1)
    assert searches_of_comparison(world) == 1
    ann = stored_customer(world)
    assert ann.sync_status is SyncStatus.NEEDS_CHOICE
    assert ann.candidates == (ann.linked_to(account), other_id)
    assert ann.history[-1].kind is CustomerEvent.CHOICE_OFFERED


def test_all_other_spellings_are_offered_except_those_of_other_customers(
    world: World, account: StripeAccountId
) -> None:
    first_id, second_id = (
        create_in_stripe(world, account, "ANN@example.test"),
        create_in_stripe(world, account, "Ann@Example.test"),
    )
    create_in_stripe(world, account, "aNN@example.test", metadata={"pom_customer_id": "cust_7"})
    create_in_stripe(world, account, "joann@example.test")
    save_and_sync(world)
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    assert set(stored_customer(world).candidates) == {stored_customer(world).linked_to(account), first_id, second_id}


def test_invoices_use_the_present_link_until_the_office_has_chosen(world: World, account: StripeAccountId) -> None:
    create_in_stripe(world, account, "ANN@example.test")
    save_and_sync(world)
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    assert world.invoice().status is InvoiceStatus.PENDING
    assert stored_customer(world).sync_status is SyncStatus.NEEDS_CHOICE


def test_an_edit_does_not_remove_an_open_choice(world: World, account: StripeAccountId) -> None:
    create_in_stripe(world, account, "ANN@example.test")
    save_and_sync(world)
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    save_and_sync(world, phone="2")
    assert stored_customer(world).sync_status is SyncStatus.NEEDS_CHOICE
    assert "cus_" in str(stored_customer(world).sync_error)
    save_and_sync(world, phone="3", stripe_customer_id=stored_customer(world).linked_to(account))
    assert (stored_customer(world).sync_status, stored_customer(world).candidates) == (SyncStatus.SYNCED, ())


def test_searches_are_paced_and_stop_at_the_deadline(world: World, account: StripeAccountId) -> None:
    for number in range(12):
        save_and_sync(world, f"cust_{number}", email=f"c{number}@example.test")
    world.advance(INDEXED_AFTER + 1)
    began = world.ports.clock.now()
    assert 0 < search_spellings(ORGANIZATION, account, began + 1, world.ports) < 12
    assert search_spellings(ORGANIZATION, account, began + 60, world.ports) > 0
    assert searches_of_comparison(world) == 0


def test_the_comparison_continues_where_stripe_offers_no_search(world: World) -> None:
    account = StripeAccountId(world.connect(account=world.account(country="IN")))
    for number in range(3):
        save_and_sync(world, f"cust_{number}", email=f"c{number}@example.test")
    world.advance(INDEXED_AFTER + 1)
    world.double.api.log.reset()
    assert world.sweep(objects=True).objects
    assert world.stripe_calls()[SEARCH] == 1
    assert stored_customer(world, "cust_0").linked_to(account)


@pytest.mark.parametrize("kind", ["close_before", "error_before", "rate_limit"])
def test_searches_wait_for_the_next_comparison_while_stripe_does_not_respond(
    kind: str, world: World, account: StripeAccountId
) -> None:
    create_in_stripe(world, account, "ANN@example.test")
    save_and_sync(world)
    world.advance(INDEXED_AFTER + 1)
    world.double.order_fault(kind, path="/v1/customers/search")
    assert world.sweep(objects=True).objects
    world.sweep(objects=True)
    assert stored_customer(world).sync_status is SyncStatus.NEEDS_CHOICE


def test_an_email_with_a_quotation_mark_is_searched_for(world: World, account: StripeAccountId) -> None:
    other_id = create_in_stripe(world, account, "O'Brien@example.test")
    save_and_sync(world, email="o'brien@example.test")
    world.advance(INDEXED_AFTER + 1)
    world.sweep(objects=True)
    assert other_id in stored_customer(world).candidates
