"""One Stripe customer belongs to one customer of POM, whoever is at work at the same time."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Address
from chalicelib.domain.customer_link import StripeLink
from chalicelib.domain.errors import Conflict, StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.customers.customers import get_customer, sync_again, sync_customer
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.world import ORGANIZATION, World

ANN, BOB = CustomerId("cust_1"), CustomerId("cust_2")
SHARED = "office@example.test"


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """Connected; no customer yet."""
    return StripeAccountId(world.connect())


def known(world: World, customer_id: str = "cust_1") -> Customer:
    return get_customer(ORGANIZATION, CustomerId(customer_id), world.ports)


def in_stripe(world: World, account: str) -> list[dict[str, Any]]:
    return [each for each in world.in_stripe(account, "customer") if not each.get("deleted")]


def existing(world: World, account: str, **params: Any) -> str:
    return str(world.client.v1.customers.create(params, {"stripe_account": account}).id)


def edit(world: World, account: str, stripe_id: str, **changes: Any) -> None:
    world.client.v1.customers.update(stripe_id, changes, {"stripe_account": account})  # type: ignore[arg-type]


def test_a_worker_that_was_slower_by_email_finds_or_makes_another(world: World, account: StripeAccountId) -> None:
    theirs = existing(world, account, email=SHARED)
    world.customer("cust_1", email=SHARED)
    world.customer("cust_2", email=SHARED, first_name="Bob")
    world.ports.queues.take()
    plain = world.ports.stripe

    class Slow:
        """Bob's worker has found the Stripe customer; Ann's worker links it before Bob's goes on."""

        overtaken = False

        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def find_customers(self, *args: Any) -> Any:
            found = plain.find_customers(*args)
            if not Slow.overtaken:
                Slow.overtaken = True
                world.ports.stripe = plain
                sync_customer(ORGANIZATION, ANN, world.ports)
                world.ports.stripe = self  # type: ignore[assignment]
            return found

    world.ports.stripe = Slow()  # type: ignore[assignment]
    assert sync_customer(ORGANIZATION, BOB, world.ports) is SyncStatus.SYNCED
    assert known(world, "cust_1").linked_to(account) == theirs
    assert known(world, "cust_2").linked_to(account) not in (None, theirs)
    assert {each["name"] for each in in_stripe(world, account)} == {"Ann Lee", "Bob Lee"}


def test_two_workers_at_once_link_two_customers(world: World, account: StripeAccountId) -> None:
    existing(world, account, email=SHARED)
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
    links = [known(world, f"cust_{n}").linked_to(account) for n in range(4)]
    assert len(set(links)) == 4
    names = {each["id"]: each["name"] for each in in_stripe(world, account)}
    assert [names[str(link)] for link in links] == [f"N{n} Lee" for n in range(4)]


def test_an_id_chosen_for_two_customers_before_either_is_linked_is_given_to_one(
    world: World, account: StripeAccountId
) -> None:
    theirs = existing(world, account, email="x@example.test", name="X")
    world.customer("cust_1", stripe_customer_id=theirs)
    world.customer("cust_2", email="bob@example.test", stripe_customer_id=theirs)
    world.work()
    assert known(world, "cust_1").linked_to(account) == theirs
    bob = known(world, "cust_2")
    assert (bob.sync_status, bob.linked_to(account)) == (SyncStatus.FAILED, None)
    assert "another customer" in str(bob.sync_error)
    with pytest.raises(Conflict) as refusal:
        world.invoice(customer_id=BOB)
    assert refusal.value.code == "stripe_customer_taken"
    assert [each["name"] for each in in_stripe(world, account)] == ["Ann Lee"]


def test_a_stripe_customer_is_free_again_after_its_customer_was_linked_elsewhere(
    world: World, account: StripeAccountId
) -> None:
    one, other = existing(world, account, email="1@example.test"), existing(world, account, email="2@example.test")
    world.customer(stripe_customer_id=one)
    world.work()
    world.customer(stripe_customer_id=other)
    world.work()
    world.customer("cust_2", email="bob@example.test", stripe_customer_id=one)
    world.work()
    assert (known(world).linked_to(account), known(world, "cust_2").linked_to(account)) == (other, one)


def test_metadata_that_somebody_overwrote_takes_nobodys_stripe_customer_away(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    theirs = str(known(world).linked_to(account))
    edit(world, account, theirs, metadata={"pom_customer_id": "cust_2"})
    world.customer("cust_2", first_name="Bob")
    world.work()
    assert known(world).linked_to(account) == theirs
    assert known(world, "cust_2").linked_to(account) not in (None, theirs)
    with pytest.raises(Conflict):
        world.customer("cust_3", email="cat@example.test", stripe_customer_id=theirs)


def test_metadata_that_somebody_overwrote_is_put_back_by_the_next_sync(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    edit(world, account, str(known(world).linked_to(account)), metadata={"pom_customer_id": "typo"})
    sync_again(ORGANIZATION, ANN, world.ports)
    world.work()
    assert in_stripe(world, account)[0]["metadata"]["pom_customer_id"] == "cust_1"


def test_metadata_that_somebody_removed_gives_nobody_the_stripe_customer(
    world: World, account: StripeAccountId
) -> None:
    world.customer("cust_1", email=SHARED)
    world.work()
    theirs = str(known(world).linked_to(account))
    edit(world, account, theirs, metadata="")
    second = existing(world, account, email=SHARED)
    world.customer("cust_2", email=SHARED, first_name="Bob")
    world.work()
    assert known(world).linked_to(account) == theirs
    assert known(world, "cust_2").linked_to(account) == second, "the only one that is nobody's"


def test_two_customers_that_were_linked_to_one_before_there_were_claims_are_parted(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    theirs = str(known(world).linked_to(account))
    for customer_id in ("cust_1", "cust_2"):
        made = replace(known(world), id=CustomerId(customer_id), link=StripeLink(account, theirs, 1), claim=None)
        world.ports.database.customers[ORGANIZATION, CustomerId(customer_id)] = made
    world.ports.database.stripe_claims.clear()
    world.customer("cust_1", phone="1")
    world.customer("cust_2", phone="2")
    world.work()
    assert known(world).linked_to(account) == theirs
    assert known(world, "cust_2").linked_to(account) not in (None, theirs)
    assert known(world, "cust_2").sync_status is SyncStatus.SYNCED


@pytest.mark.parametrize("marked", ["cust_1", "cust_2"])
def test_an_invoice_parts_two_customers_that_were_linked_to_one_before_there_were_claims(
    marked: str, world: World, account: StripeAccountId
) -> None:
    emails = {"cust_1": "ann@example.test", "cust_2": "bob@example.test"}
    world.customer(marked, emails[marked])
    world.work()
    shared = str(known(world, marked).linked_to(account))
    for customer_id, email in emails.items():
        former = replace(
            known(world, marked),
            id=CustomerId(customer_id),
            profile=replace(known(world, marked).profile, email=email),
            link=StripeLink(account, shared, 1),
            claim=None,
        )
        world.ports.database.customers[ORGANIZATION, CustomerId(customer_id)] = former
    world.ports.database.stripe_claims.clear()
    for customer_id in emails:
        world.invoice(f"svc_{customer_id}", customer_id=CustomerId(customer_id))
    assert [mail["to"] for mail in world.double.mails()] == list(emails.values())
    assert {known(world, each).profile.email for each in emails} == set(emails.values())
    assert known(world, marked).linked_to(account) == shared


def test_billing_a_customer_that_claims_its_stripe_customer_reads_nothing_from_stripe(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    world.double.api.log.reset()
    world.invoice()
    assert [call for call in world.stripe_calls() if "customers" in call] == []


def test_a_record_that_is_sent_back_whole_chooses_nothing(world: World, account: StripeAccountId) -> None:
    world.customer()
    world.work()
    theirs = str(known(world).linked_to(account))
    world.customer(phone="2", stripe_customer_id=theirs)
    assert known(world).chosen_stripe_customer_id is None
    world.work()
    assert (known(world).linked_to(account), known(world).sync_status) == (theirs, SyncStatus.SYNCED)


def test_a_choice_is_taken_back_by_naming_the_present_link(world: World, account: StripeAccountId) -> None:
    world.customer()
    world.work()
    theirs = str(known(world).linked_to(account))
    world.double.order_fault("close_before", method="GET", path="/v1/customers/*")
    world.customer(stripe_customer_id="cus_typo")
    world.double.clear_faults()
    world.work()
    assert known(world).sync_status is SyncStatus.FAILED
    world.customer(stripe_customer_id=theirs)
    world.work()
    assert (known(world).linked_to(account), known(world).sync_status) == (theirs, SyncStatus.SYNCED)


def test_a_choice_is_stored_while_stripe_does_not_answer_and_looked_at_by_the_sync(
    world: World, account: StripeAccountId
) -> None:
    theirs = existing(world, account, email="ann@example.test", metadata={"pom_customer_id": "cust_9"})
    world.double.order_fault("close_before", method="GET", path="/v1/customers/*")
    assert world.customer(stripe_customer_id=theirs).sync_status is SyncStatus.PENDING
    world.double.clear_faults()
    world.work()
    assert (known(world).sync_status, known(world).linked_to(account)) == (SyncStatus.FAILED, None)


def test_only_a_new_choice_costs_a_call_of_stripe(world: World, account: StripeAccountId) -> None:
    theirs = existing(world, account, email="ann@example.test")
    world.double.api.log.reset()
    world.customer()
    assert world.stripe_calls() == {}
    world.work()
    world.double.api.log.reset()
    world.customer(stripe_customer_id=theirs)
    world.customer(phone="1", stripe_customer_id=theirs)
    assert world.stripe_calls() == {}
    other = existing(world, account, email="2@example.test")
    world.double.api.log.reset()
    world.customer(stripe_customer_id=other)
    assert world.stripe_calls() == {"GET /v1/customers/{id}": 1}


def test_a_crash_between_the_claim_and_the_update_is_made_good(world: World, account: StripeAccountId) -> None:
    theirs = existing(world, account, email="ann@example.test", phone="1")
    world.customer()
    world.ports.queues.take()
    world.double.order_fault("error_before", method="POST", path="/v1/customers/*")
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, ANN, world.ports)
    assert known(world).linked_to(account) == theirs
    world.double.clear_faults()
    world.advance(121)
    world.resume()
    ann = known(world)
    assert (ann.sync_status, ann.profile.phone) == (SyncStatus.SYNCED, "1")
    assert in_stripe(world, account)[0]["name"] == "Ann Lee"
    assert world.invoice().status is InvoiceStatus.PENDING


def test_a_customer_linked_on_a_former_account_claims_one_on_the_present(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    world.double.revoke(account)
    world.deliver()
    world.advance(60)
    other = StripeAccountId(world.connect())
    world.customer(phone="1")
    world.work()
    assert world.ports.customers.holder_of(ORGANIZATION, other, str(known(world).linked_to(other))) == ANN


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(8))
def test_a_crash_anywhere_while_a_customer_is_linked_loses_nothing_of_either_side(
    number: int, after: bool, world: World, account: StripeAccountId
) -> None:
    theirs = existing(world, account, email="ann@example.test", phone="1", name="Old Name", address={"city": "Tempe"})
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
    ann, [shown] = known(world), in_stripe(world, account)
    assert (ann.sync_status, ann.linked_to(account)) == (SyncStatus.SYNCED, theirs)
    assert (ann.profile.phone, ann.profile.address) == ("1", Address(street="1 Elm St", city="Tempe"))
    assert (shown["name"], shown["phone"], shown["address"]["line1"]) == ("Ann Lee", "1", "1 Elm St")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_a_crash_anywhere_while_both_sides_were_edited_loses_no_edit(
    number: int, after: bool, world: World, account: StripeAccountId
) -> None:
    world.customer(phone="1")
    world.work()
    world.double.set_delivery(lose=["*"])
    world.deliver()
    world.advance(60)
    theirs = str(known(world).linked_to(account))
    edit(world, account, theirs, address={"city": "Tempe"}, name="Ann Marie Lee")
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
    ann, [shown] = known(world), in_stripe(world, account)
    assert (ann.profile.phone, ann.profile.first_name, ann.profile.address.city) == ("2", "Ann Marie", "Tempe")
    assert (shown["phone"], shown["name"], shown["address"]["city"]) == ("2", "Ann Marie Lee", "Tempe")
