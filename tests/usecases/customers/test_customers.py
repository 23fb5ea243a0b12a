"""POM's customers and Stripe's: linked, not doubled; edits on both sides; nothing goes round in circles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.errors import NotFound, Refused, StaleWrite, StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.messages import CustomerSync
from chalicelib.usecases.customers.customers import get_customer, list_customers, sync_customer
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.invoicing.invoices import send_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.world import OFFICE, ORGANIZATION, World

ANN = CustomerId("cust_1")


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """Connected; no customer yet."""
    return StripeAccountId(world.connect())


def as_owner(account: str) -> Any:
    return {"stripe_account": account}


def in_stripe(world: World, account: str) -> list[dict[str, Any]]:
    return [each for each in world.in_stripe(account, "customer") if not each.get("deleted")]


def known(world: World, customer_id: str = "cust_1") -> Customer:
    return get_customer(ORGANIZATION, CustomerId(customer_id), world.ports)


def existing(world: World, account: str, email: str = "ann@example.test", **more: Any) -> str:
    params: Any = {"email": email, **more}
    return str(world.client.v1.customers.create(params, as_owner(account)).id)


def settled(world: World) -> None:
    world.work()
    world.deliver()
    world.receipts.clear()
    world.double.api.log.reset()


# Towards Stripe


def test_a_saved_customer_is_made_in_stripe_with_our_id(world: World, account: StripeAccountId) -> None:
    saved = world.customer(phone="555-0100", email="Ann@Example.test".lower())
    assert saved.sync_status is SyncStatus.PENDING
    world.work()
    [theirs] = in_stripe(world, account)
    assert (theirs["email"], theirs["name"], theirs["phone"]) == ("ann@example.test", "Ann Lee", "555-0100")
    assert theirs["metadata"] == {"pom_organization_id": ORGANIZATION, "pom_customer_id": "cust_1"}
    assert known(world).sync_status is SyncStatus.SYNCED
    assert known(world).linked_to(account) == theirs["id"]


def test_saving_the_same_again_asks_stripe_nothing(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    before = known(world)
    world.customer()
    assert world.ports.queues.sent == []
    assert known(world) == before


def test_an_edit_reaches_stripe_and_what_was_removed_is_emptied_there(world: World, account: StripeAccountId) -> None:
    world.customer(phone="555-0100")
    settled(world)
    world.customer(company_name="Lee Hotels")
    settled(world)
    [theirs] = in_stripe(world, account)
    assert (theirs["name"], theirs["phone"]) == ("Lee Hotels", None)


def test_whom_stripe_knows_by_the_address_is_linked_not_doubled(world: World, account: StripeAccountId) -> None:
    theirs = existing(world, account)
    world.customer()
    world.work()
    assert known(world).linked_to(account) == theirs
    [linked] = in_stripe(world, account)
    assert linked["metadata"]["pom_customer_id"] == "cust_1"


def test_where_stripe_knows_several_none_is_linked_and_the_office_is_asked(
    world: World, account: StripeAccountId
) -> None:
    one, other = existing(world, account), existing(world, account)
    world.customer()
    world.work()
    assert known(world).sync_status is SyncStatus.NEEDS_CHOICE
    assert one in str(known(world).sync_error)
    assert other in str(known(world).sync_error)
    with pytest.raises(Refused) as refusal:
        world.invoice()
    assert refusal.value.code == "customer_needs_choice"
    assert one in str(refusal.value.next_step)
    assert world.ports.database.invoices == {}
    assert world.ports.database.claims == {}
    world.customer(stripe_customer_id=other)
    world.work()
    assert known(world).linked_to(account) == other
    assert world.invoice().status is InvoiceStatus.PENDING
    assert len(in_stripe(world, account)) == 2


def test_a_choice_overrules_an_earlier_link(world: World, account: StripeAccountId) -> None:
    other = existing(world, account, "hotel@example.test")
    world.customer()
    settled(world)
    assert known(world).linked_to(account) != other
    world.customer(stripe_customer_id=other)
    settled(world)
    assert known(world).linked_to(account) == other


def test_a_choice_that_is_not_in_stripe_is_refused_and_makes_nobody(world: World, account: StripeAccountId) -> None:
    with pytest.raises(Refused) as refusal:
        world.customer(stripe_customer_id="cus_typo")
    assert (refusal.value.code, refusal.value.field) == ("stripe_customer_unknown", "stripeCustomerId")
    assert "cus_typo" in refusal.value.message
    world.work()
    assert (in_stripe(world, account), world.ports.database.customers) == ([], {})


def test_two_customers_with_one_address_stay_two(world: World, account: StripeAccountId) -> None:
    world.customer("cust_1")
    world.customer("cust_2", first_name="Bob")
    world.work()
    assert len(in_stripe(world, account)) == 2
    assert known(world, "cust_1").linked_to(account) != known(world, "cust_2").linked_to(account)


def test_a_customer_without_an_address_is_kept_and_waits(world: World, account: StripeAccountId) -> None:
    world.customer(email=None)
    world.work()
    assert known(world).sync_status is SyncStatus.FAILED
    assert "e-mail" in str(known(world).sync_error)
    assert in_stripe(world, account) == []
    world.customer()
    world.work()
    assert known(world).sync_status is SyncStatus.SYNCED


def test_without_a_connection_customers_are_kept(world: World) -> None:
    assert world.customer().sync_status is SyncStatus.NOT_CONNECTED
    assert world.ports.queues.sent == []
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.NOT_CONNECTED


def test_a_message_about_an_unknown_customer_is_done_with(world: World, account: StripeAccountId) -> None:
    assert sync_customer(ORGANIZATION, CustomerId("cust_9"), world.ports) is SyncStatus.SYNCED
    with pytest.raises(NotFound) as refusal:
        get_customer(ORGANIZATION, CustomerId("cust_9"), world.ports)
    assert refusal.value.next_step


def test_a_stale_message_never_overwrites_a_newer_edition(world: World, account: StripeAccountId) -> None:
    world.work()
    world.customer(first_name="Old")
    world.customer(first_name="New")
    old, new = world.ports.queues.take()
    assert isinstance(old, CustomerSync)
    assert isinstance(new, CustomerSync)
    assert old.edition < new.edition
    for _ in (new, old):
        sync_customer(ORGANIZATION, ANN, world.ports)
    assert in_stripe(world, account)[0]["name"] == "New Lee"


def test_an_edit_that_comes_while_stripe_is_asked_is_given_to_stripe_too(
    world: World, account: StripeAccountId
) -> None:
    world.customer(first_name="Old")
    world.ports.queues.take()
    plain = world.ports.stripe

    class Slow:
        edited = False

        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def create_customer(self, *args: Any) -> Any:
            fact = plain.create_customer(*args)
            if not Slow.edited:
                Slow.edited = True
                world.customer(first_name="New")
            return fact

    world.ports.stripe = Slow()  # type: ignore[assignment]
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    [theirs] = in_stripe(world, account)
    assert theirs["name"] == "New Lee"
    assert known(world).in_step_with(account)


def test_a_lost_message_is_taken_up_by_the_schedule(world: World, account: StripeAccountId) -> None:
    world.ports.queues.failure = StripeUnavailable("queue_unavailable", "No.", answered=False)
    saved = world.customer()
    assert saved.sync_status is SyncStatus.PENDING
    world.ports.queues.failure = None
    world.advance(121)
    world.resume()
    assert known(world).sync_status is SyncStatus.SYNCED


@pytest.mark.parametrize(
    "kind", ["close_before", "close_after", "error_before", "error_after", "rate_limit", "conflict"]
)
def test_whatever_stripe_does_when_a_customer_is_made_there_is_one(
    kind: str, world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.ports.queues.take()
    world.double.order_fault(kind, method="POST", path="/v1/customers", stored=True)
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, ANN, world.ports)
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    assert len(in_stripe(world, account)) == 1


def test_an_address_corrected_after_a_lost_answer_does_not_lock_the_customer_out(
    world: World, account: StripeAccountId
) -> None:
    world.customer(email="typo@example.test")
    world.ports.queues.take()
    world.double.order_fault("close_after", method="POST", path="/v1/customers")
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, ANN, world.ports)
    world.customer()
    world.ports.queues.take()
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    [theirs] = in_stripe(world, account)
    assert (known(world).linked_to(account), theirs["email"]) == (theirs["id"], "ann@example.test")


def test_an_address_corrected_while_the_worker_makes_the_customer_leaves_one_customer(
    world: World, account: StripeAccountId
) -> None:
    world.customer(email="an@example.test")
    world.ports.queues.take()
    plain = world.ports.stripe

    class Slow:
        """The office corrects the address twice before the answer comes."""

        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def create_customer(self, *args: Any) -> Any:
            fact = plain.create_customer(*args)
            world.ports.stripe = plain
            world.customer(email="anne@example.test")
            world.customer(email="ann@example.test")
            return fact

    world.ports.stripe = Slow()  # type: ignore[assignment]
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    [theirs] = in_stripe(world, account)
    assert (known(world).linked_to(account), theirs["email"]) == (theirs["id"], "ann@example.test")
    assert known(world).unlinked_emails == ()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_a_crash_anywhere_in_a_sync_ends_with_one_customer(
    number: int, after: bool, world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.ports.queues.take()
    boundaries = count_calls(world, fatal=number, after=after)
    with pytest.raises(ProcessKilled):
        sync_customer(ORGANIZATION, ANN, world.ports)
    steps = "customers.get connections.get settings.get stripe.find_customers stripe.create_customer customers.save"
    assert steps.startswith(" ".join(boundaries.calls))
    stop_counting(world)
    world.advance(121)
    world.resume()
    assert known(world).sync_status is SyncStatus.SYNCED
    assert len(in_stripe(world, account)) == 1


def test_a_customer_that_always_changes_is_tried_again_later(world: World, account: StripeAccountId) -> None:
    world.customer()
    plain = world.ports.customers

    class Losing:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def save(self, _: Customer, *acts: Any) -> Customer:
            raise StaleWrite("The customer")

    world.ports.customers = Losing()  # type: ignore[assignment]
    with pytest.raises(StaleWrite):
        sync_customer(ORGANIZATION, ANN, world.ports)


# From Stripe


def test_an_edit_in_stripe_is_taken_over(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.advance(60)
    theirs = str(known(world).linked_to(account))
    changes: Any = {"email": "New@Example.test", "name": "Ann Marie Lee", "phone": "555-0199"}
    world.client.v1.customers.update(theirs, changes, as_owner(account))
    [receipt] = world.deliver()
    assert receipt.outcome is EventOutcome.APPLIED
    profile = known(world).profile
    assert (profile.email, profile.first_name, profile.last_name) == ("New@Example.test", "Ann Marie", "Lee")
    assert profile.phone == "555-0199"
    assert known(world).sync_status is SyncStatus.SYNCED


def test_an_edit_in_stripe_is_not_sent_back(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.advance(60)
    theirs = str(known(world).linked_to(account))
    world.client.v1.customers.update(theirs, {"name": "Ann Marie Lee"}, as_owner(account))
    world.double.api.log.reset()
    world.deliver()
    assert world.ports.queues.sent == []
    world.advance(500)
    world.resume()
    assert world.stripe_calls() == {}


def test_our_own_edit_comes_back_as_an_event_and_goes_no_further(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.customer(first_name="Anna")
    world.work()
    before = known(world)
    world.double.api.log.reset()
    receipts = world.deliver()
    assert {receipt.outcome for receipt in receipts} == {EventOutcome.NO_CHANGE}
    assert world.stripe_calls() == {}
    assert world.ports.queues.sent == []
    assert replace(known(world), version=before.version) == before


def test_an_unsynced_edit_in_pom_wins_over_an_edit_in_stripe(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.advance(60)
    theirs = str(known(world).linked_to(account))
    world.customer(first_name="Pom")
    world.client.v1.customers.update(theirs, {"name": "Stripe Lee"}, as_owner(account))
    world.deliver()
    assert known(world).profile.first_name == "Pom"
    world.work()
    world.deliver()
    assert in_stripe(world, account)[0]["name"] == "Pom Lee"
    assert known(world).profile.first_name == "Pom"


def test_an_older_edit_in_stripe_that_comes_late_changes_nothing(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    theirs = str(known(world).linked_to(account))
    world.double.set_delivery(paused=True)
    for seconds, name in ((60, "First Lee"), (60, "Second Lee")):
        world.advance(seconds)
        world.client.v1.customers.update(theirs, {"name": name}, as_owner(account))
    world.double.set_delivery(paused=False, reorder=1.0)
    world.deliver()
    assert known(world).profile.first_name == "Second"


def test_two_edits_of_one_second_in_stripe_are_settled_by_asking(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.advance(60)
    theirs = str(known(world).linked_to(account))
    for name in ("First Lee", "Second Lee"):
        world.client.v1.customers.update(theirs, {"name": name}, as_owner(account))
    world.deliver()
    assert known(world).profile.first_name == "Second"


def test_a_company_is_renamed_as_a_company(world: World, account: StripeAccountId) -> None:
    world.customer(company_name="Lee Hotels")
    settled(world)
    world.advance(60)
    theirs = str(known(world).linked_to(account))
    world.client.v1.customers.update(theirs, {"name": "Lee Resorts"}, as_owner(account))
    world.deliver()
    assert known(world).profile.company_name == "Lee Resorts"
    assert known(world).profile.first_name == "Ann"


def test_deleted_in_stripe_is_told_and_made_again_when_next_needed(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    first = str(known(world).linked_to(account))
    world.client.v1.customers.delete(first, None, as_owner(account))
    world.deliver()
    assert known(world).sync_status is SyncStatus.DELETED_IN_STRIPE
    assert world.invoice().status is InvoiceStatus.PENDING
    assert known(world).sync_status is SyncStatus.SYNCED
    assert known(world).linked_to(account) not in (None, first)
    assert len(in_stripe(world, account)) == 1


def test_a_deletion_nobody_told_us_of_is_found_when_the_customer_is_next_edited(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    settled(world)
    world.double.set_delivery(paused=True)
    world.client.v1.customers.delete(str(known(world).linked_to(account)), None, as_owner(account))
    world.customer(first_name="Anna")
    world.work()
    assert known(world).sync_status is SyncStatus.SYNCED
    assert [each["name"] for each in in_stripe(world, account)] == ["Anna Lee"]


def test_a_deletion_nobody_told_us_of_does_not_stop_the_invoice(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.double.set_delivery(paused=True)
    world.client.v1.customers.delete(str(known(world).linked_to(account)), None, as_owner(account))
    assert world.invoice().status is InvoiceStatus.PENDING
    assert len(in_stripe(world, account)) == 1


def test_the_address_of_today_is_given_to_stripe_before_an_invoice_is_sent(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    settled(world)
    draft = world.invoice(send=False)
    world.customer(email="new@example.test")  # the worker has not come round yet
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert [mail["to"] for mail in world.double.mails()] == ["new@example.test"]


def test_customers_of_another_organization_are_not_there(world: World, account: StripeAccountId) -> None:
    world.customer()
    other = OrganizationId("org_green")
    with pytest.raises(NotFound):
        get_customer(other, ANN, world.ports)
    assert list_customers(other, CustomerFilter(), 10, None, world.ports).items == ()
    assert [each.id for each in list_customers(ORGANIZATION, CustomerFilter(), 10, None, world.ports).items] == [
        "cust_1"
    ]


def test_an_account_changed_for_another_makes_the_customer_there(world: World, account: StripeAccountId) -> None:
    world.customer()
    settled(world)
    world.double.revoke(account)
    world.deliver()
    world.advance(60)
    other = StripeAccountId(world.connect())
    assert world.invoice().status is InvoiceStatus.PENDING
    assert known(world).linked_to(other)
    assert len(in_stripe(world, other)) == 1
