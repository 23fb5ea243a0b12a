"""Tests the ownership of Stripe customers: one Stripe customer belongs to one customer of POM, even with simultaneous
workers.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_fields import Address
from chalicelib.domain.customer_link import StripeLink
from chalicelib.domain.errors import Conflict, StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.customers.customers import sync_again, sync_customer
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.customers.in_stripe import create_in_stripe, customers_in_stripe, stored_customer
from tests.world import ORGANIZATION, World

ANN, BOB = CustomerId("cust_1"), CustomerId("cust_2")
SHARED = "office@example.test"


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """Returns the account of a connected organization without customers."""
    return StripeAccountId(world.connect())


def edit_in_stripe(world: World, account: str, stripe_id: str, **changes: Any) -> None:
    world.client.v1.customers.update(stripe_id, changes, {"stripe_account": account})  # type: ignore[arg-type]


def test_a_slower_worker_gets_another_stripe_customer_with_the_same_email(
    world: World, account: StripeAccountId
) -> None:
    stripe_id = create_in_stripe(world, account, email=SHARED)
    world.customer("cust_1", email=SHARED)
    world.customer("cust_2", email=SHARED, first_name="Bob")
    world.ports.queues.take()
    real = world.ports.stripe

    class OvertakenStripe:
        """Bob's worker has found the Stripe customer, and Ann's worker links it before Bob's worker continues."""

        overtaken = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def find_customers(self, *args: Any) -> Any:
            matches = real.find_customers(*args)
            if not OvertakenStripe.overtaken:
                OvertakenStripe.overtaken = True
                world.ports.stripe = real
                sync_customer(ORGANIZATION, ANN, world.ports)
                world.ports.stripe = self  # type: ignore[assignment]
            return matches

    world.ports.stripe = OvertakenStripe()  # type: ignore[assignment]
    assert sync_customer(ORGANIZATION, BOB, world.ports) is SyncStatus.SYNCED
    assert stored_customer(world, "cust_1").linked_to(account) == stripe_id
    assert stored_customer(world, "cust_2").linked_to(account) not in (None, stripe_id)
    assert {each["name"] for each in customers_in_stripe(world, account)} == {"Ann Lee", "Bob Lee"}


def test_simultaneous_workers_link_each_customer_to_its_own_stripe_customer(
    world: World, account: StripeAccountId
) -> None:
    create_in_stripe(world, account, email=SHARED)
    for number in range(4):
        world.customer(f"cust_{number}", email=SHARED, first_name=f"N{number}")
    world.ports.queues.take()
    workers = [
        threading.Thread(target=sync_customer, args=(ORGANIZATION, CustomerId(f"cust_{n}"), world.ports))
        for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    links = [stored_customer(world, f"cust_{n}").linked_to(account) for n in range(4)]
    assert len(set(links)) == 4
    names = {each["id"]: each["name"] for each in customers_in_stripe(world, account)}
    assert [names[str(link)] for link in links] == [f"N{n} Lee" for n in range(4)]


def test_a_stripe_customer_chosen_for_two_customers_is_linked_to_one_of_them(
    world: World, account: StripeAccountId
) -> None:
    stripe_id = create_in_stripe(world, account, email="x@example.test", name="X")
    world.customer("cust_1", stripe_customer_id=stripe_id)
    world.customer("cust_2", email="bob@example.test", stripe_customer_id=stripe_id)
    world.work()
    assert stored_customer(world, "cust_1").linked_to(account) == stripe_id
    bob = stored_customer(world, "cust_2")
    assert (bob.sync_status, bob.linked_to(account)) == (SyncStatus.FAILED, None)
    assert "another customer" in str(bob.sync_error)
    with pytest.raises(Conflict) as refusal:
        world.invoice(customer_id=BOB)
    assert refusal.value.code == "stripe_customer_taken"
    assert [each["name"] for each in customers_in_stripe(world, account)] == ["Ann Lee"]


def test_a_stripe_customer_can_be_linked_again_after_its_customer_was_linked_elsewhere(
    world: World, account: StripeAccountId
) -> None:
    first_id, second_id = (
        create_in_stripe(world, account, email="1@example.test"),
        create_in_stripe(world, account, email="2@example.test"),
    )
    world.customer(stripe_customer_id=first_id)
    world.work()
    world.customer(stripe_customer_id=second_id)
    world.work()
    world.customer("cust_2", email="bob@example.test", stripe_customer_id=first_id)
    world.work()
    assert (stored_customer(world).linked_to(account), stored_customer(world, "cust_2").linked_to(account)) == (
        second_id,
        first_id,
    )


def test_overwritten_metadata_does_not_take_a_stripe_customer_from_its_customer(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    stripe_id = str(stored_customer(world).linked_to(account))
    edit_in_stripe(world, account, stripe_id, metadata={"pom_customer_id": "cust_2"})
    world.customer("cust_2", first_name="Bob")
    world.work()
    assert stored_customer(world).linked_to(account) == stripe_id
    assert stored_customer(world, "cust_2").linked_to(account) not in (None, stripe_id)
    with pytest.raises(Conflict):
        world.customer("cust_3", email="cat@example.test", stripe_customer_id=stripe_id)


def test_overwritten_metadata_is_restored_by_the_next_sync(world: World, account: StripeAccountId) -> None:
    world.customer()
    world.work()
    edit_in_stripe(
        world, account, str(stored_customer(world).linked_to(account)), metadata={"pom_customer_id": "typo"}
    )
    sync_again(ORGANIZATION, ANN, world.ports)
    world.work()
    assert customers_in_stripe(world, account)[0]["metadata"]["pom_customer_id"] == "cust_1"


def test_removed_metadata_does_not_give_the_stripe_customer_to_another_customer(
    world: World, account: StripeAccountId
) -> None:
    world.customer("cust_1", email=SHARED)
    world.work()
    stripe_id = str(stored_customer(world).linked_to(account))
    edit_in_stripe(world, account, stripe_id, metadata="")
    second = create_in_stripe(world, account, email=SHARED)
    world.customer("cust_2", email=SHARED, first_name="Bob")
    world.work()
    assert stored_customer(world).linked_to(account) == stripe_id
    assert stored_customer(world, "cust_2").linked_to(account) == second, "the only Stripe customer without an owner"


def test_a_sync_separates_two_customers_that_an_earlier_release_linked_to_one_stripe_customer(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    stripe_id = str(stored_customer(world).linked_to(account))
    for customer_id in ("cust_1", "cust_2"):
        without_claim = replace(
            stored_customer(world), id=CustomerId(customer_id), link=StripeLink(account, stripe_id, 1), claim=None
        )
        world.ports.database.customers[ORGANIZATION, CustomerId(customer_id)] = without_claim
    world.ports.database.stripe_claims.clear()
    world.customer("cust_1", phone="1")
    world.customer("cust_2", phone="2")
    world.work()
    assert stored_customer(world).linked_to(account) == stripe_id
    assert stored_customer(world, "cust_2").linked_to(account) not in (None, stripe_id)
    assert stored_customer(world, "cust_2").sync_status is SyncStatus.SYNCED


@pytest.mark.parametrize("linked_customer", ["cust_1", "cust_2"])
def test_an_invoice_separates_two_customers_that_an_earlier_release_linked_to_one_stripe_customer(
    linked_customer: str, world: World, account: StripeAccountId
) -> None:
    emails = {"cust_1": "ann@example.test", "cust_2": "bob@example.test"}
    world.customer(linked_customer, emails[linked_customer])
    world.work()
    shared_id = str(stored_customer(world, linked_customer).linked_to(account))
    for customer_id, email in emails.items():
        former = replace(
            stored_customer(world, linked_customer),
            id=CustomerId(customer_id),
            profile=replace(stored_customer(world, linked_customer).profile, email=email),
            link=StripeLink(account, shared_id, 1),
            claim=None,
        )
        world.ports.database.customers[ORGANIZATION, CustomerId(customer_id)] = former
    world.ports.database.stripe_claims.clear()
    for customer_id in emails:
        world.invoice(f"svc_{customer_id}", customer_id=CustomerId(customer_id))
    assert [mail["to"] for mail in world.double.mails()] == list(emails.values())
    assert {stored_customer(world, each).profile.email for each in emails} == set(emails.values())
    assert stored_customer(world, linked_customer).linked_to(account) == shared_id


def test_billing_a_customer_with_a_claimed_stripe_customer_costs_no_customer_call(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    world.double.api.log.reset()
    world.invoice()
    assert [call for call in world.stripe_calls() if "customers" in call] == []


def test_sending_the_present_link_back_in_a_save_is_no_choice(world: World, account: StripeAccountId) -> None:
    world.customer()
    world.work()
    stripe_id = str(stored_customer(world).linked_to(account))
    world.customer(phone="2", stripe_customer_id=stripe_id)
    assert stored_customer(world).chosen_stripe_customer_id is None
    world.work()
    assert (stored_customer(world).linked_to(account), stored_customer(world).sync_status) == (
        stripe_id,
        SyncStatus.SYNCED,
    )


def test_a_choice_is_withdrawn_by_sending_the_present_link(world: World, account: StripeAccountId) -> None:
    world.customer()
    world.work()
    stripe_id = str(stored_customer(world).linked_to(account))
    world.double.order_fault("close_before", method="GET", path="/v1/customers/*")
    world.customer(stripe_customer_id="cus_typo")
    world.double.clear_faults()
    world.work()
    assert stored_customer(world).sync_status is SyncStatus.FAILED
    world.customer(stripe_customer_id=stripe_id)
    world.work()
    assert (stored_customer(world).linked_to(account), stored_customer(world).sync_status) == (
        stripe_id,
        SyncStatus.SYNCED,
    )


def test_a_choice_made_while_stripe_is_down_is_stored_and_checked_by_the_sync(
    world: World, account: StripeAccountId
) -> None:
    stripe_id = create_in_stripe(world, account, email="ann@example.test", metadata={"pom_customer_id": "cust_9"})
    world.double.order_fault("close_before", method="GET", path="/v1/customers/*")
    assert world.customer(stripe_customer_id=stripe_id).sync_status is SyncStatus.PENDING
    world.double.clear_faults()
    world.work()
    assert (stored_customer(world).sync_status, stored_customer(world).linked_to(account)) == (
        SyncStatus.FAILED,
        None,
    )


def test_only_a_new_choice_costs_a_call_of_stripe(world: World, account: StripeAccountId) -> None:
    stripe_id = create_in_stripe(world, account, email="ann@example.test")
    world.double.api.log.reset()
    world.customer()
    assert world.stripe_calls() == {}
    world.work()
    world.double.api.log.reset()
    world.customer(stripe_customer_id=stripe_id)
    world.customer(phone="1", stripe_customer_id=stripe_id)
    assert world.stripe_calls() == {}
    other_id = create_in_stripe(world, account, email="2@example.test")
    world.double.api.log.reset()
    world.customer(stripe_customer_id=other_id)
    assert world.stripe_calls() == {"GET /v1/customers/{id}": 1}


def test_a_crash_between_the_claim_and_the_update_is_repaired_by_the_schedule(
    world: World, account: StripeAccountId
) -> None:
    stripe_id = create_in_stripe(world, account, email="ann@example.test", phone="1")
    world.customer()
    world.ports.queues.take()
    world.double.order_fault("error_before", method="POST", path="/v1/customers/*")
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, ANN, world.ports)
    assert stored_customer(world).linked_to(account) == stripe_id
    world.double.clear_faults()
    world.advance(121)
    world.resume()
    ann = stored_customer(world)
    assert (ann.sync_status, ann.profile.phone) == (SyncStatus.SYNCED, "1")
    assert customers_in_stripe(world, account)[0]["name"] == "Ann Lee"
    assert world.invoice().status is InvoiceStatus.PENDING


def test_a_customer_linked_on_a_former_account_claims_a_stripe_customer_on_the_present_account(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    world.double.revoke(account)
    world.deliver()
    world.advance(60)
    new_account = StripeAccountId(world.connect())
    world.customer(phone="1")
    world.work()
    assert (
        world.ports.customers.holder_of(ORGANIZATION, new_account, str(stored_customer(world).linked_to(new_account)))
        == ANN
    )


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(8))
def test_a_crash_anywhere_during_linking_loses_no_value_of_either_side(
    number: int, after: bool, world: World, account: StripeAccountId
) -> None:
    stripe_id = create_in_stripe(
        world, account, email="ann@example.test", phone="1", name="Old Name", address={"city": "Tempe"}
    )
    world.customer(address=Address(street="1 Elm St"))
    world.ports.queues.take()
    boundaries = count_calls(world, fatal=number, after=after)
    with pytest.raises(ProcessKilled):
        sync_customer(ORGANIZATION, ANN, world.ports)
    steps = (
        "customers.get connections.get settings.get stripe.find_customers customers.holder_of customers.save "
        "stripe.update_customer customers.save"
    )
    assert steps.startswith(" ".join(boundaries.calls))
    stop_counting(world)
    world.advance(121)
    world.resume()
    ann, [stripe_customer] = stored_customer(world), customers_in_stripe(world, account)
    assert (ann.sync_status, ann.linked_to(account)) == (SyncStatus.SYNCED, stripe_id)
    assert (ann.profile.phone, ann.profile.address) == ("1", Address(street="1 Elm St", city="Tempe"))
    assert (stripe_customer["name"], stripe_customer["phone"], stripe_customer["address"]["line1"]) == (
        "Ann Lee",
        "1",
        "1 Elm St",
    )


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_a_crash_anywhere_during_a_sync_loses_no_edit_of_either_side(
    number: int, after: bool, world: World, account: StripeAccountId
) -> None:
    world.customer(phone="1")
    world.work()
    world.double.set_delivery(lose=["*"])
    world.deliver()
    world.advance(60)
    stripe_id = str(stored_customer(world).linked_to(account))
    edit_in_stripe(world, account, stripe_id, address={"city": "Tempe"}, name="Ann Marie Lee")
    world.customer(phone="2")
    world.ports.queues.take()
    boundaries = count_calls(world, fatal=number, after=after)
    with pytest.raises(ProcessKilled):
        sync_customer(ORGANIZATION, ANN, world.ports)
    steps = "customers.get connections.get settings.get stripe.customer stripe.update_customer customers.save"
    assert steps.startswith(" ".join(boundaries.calls))
    stop_counting(world)
    world.advance(121)
    world.resume()
    ann, [stripe_customer] = stored_customer(world), customers_in_stripe(world, account)
    assert (ann.profile.phone, ann.profile.first_name, ann.profile.address.city) == ("2", "Ann Marie", "Tempe")
    assert (stripe_customer["phone"], stripe_customer["name"], stripe_customer["address"]["city"]) == (
        "2",
        "Ann Marie Lee",
        "Tempe",
    )
