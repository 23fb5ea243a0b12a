"""Tests the synchronization of customers: linked and not duplicated, edited on both sides, and without loops."""

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
from tests.usecases.customers.in_stripe import create_in_stripe, customers_in_stripe, stored_customer
from tests.world import OFFICE, ORGANIZATION, World

ANN = CustomerId("cust_1")


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """Returns the account of a connected organization without customers."""
    return StripeAccountId(world.connect())


def as_owner(account: str) -> Any:
    return {"stripe_account": account}


def settle(world: World) -> None:
    world.work()
    world.deliver()
    world.receipts.clear()
    world.double.api.log.reset()


# From POM to Stripe


def test_a_saved_customer_is_created_in_stripe_with_poms_id(world: World, account: StripeAccountId) -> None:
    saved = world.customer(phone="555-0100", email="Ann@Example.test".lower())
    assert saved.sync_status is SyncStatus.PENDING
    world.work()
    [customer_in_stripe] = customers_in_stripe(world, account)
    assert (customer_in_stripe["email"], customer_in_stripe["name"], customer_in_stripe["phone"]) == (
        "ann@example.test",
        "Ann Lee",
        "555-0100",
    )
    assert customer_in_stripe["metadata"] == {"pom_organization_id": ORGANIZATION, "pom_customer_id": "cust_1"}
    assert stored_customer(world).sync_status is SyncStatus.SYNCED
    assert stored_customer(world).linked_to(account) == customer_in_stripe["id"]


def test_saving_an_unchanged_customer_queues_no_sync(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    before = stored_customer(world)
    world.customer()
    assert world.ports.queues.sent == []
    assert stored_customer(world) == before


def test_an_edit_reaches_stripe_and_removed_values_are_cleared_there(world: World, account: StripeAccountId) -> None:
    world.customer(phone="555-0100")
    settle(world)
    world.customer(company_name="Lee Hotels")
    settle(world)
    [customer_in_stripe] = customers_in_stripe(world, account)
    assert (customer_in_stripe["name"], customer_in_stripe["phone"]) == ("Lee Hotels", None)


def test_a_stripe_customer_with_the_same_email_is_linked_and_not_duplicated(
    world: World, account: StripeAccountId
) -> None:
    stripe_id = create_in_stripe(world, account)
    world.customer()
    world.work()
    assert stored_customer(world).linked_to(account) == stripe_id
    [stripe_customer] = customers_in_stripe(world, account)
    assert stripe_customer["metadata"]["pom_customer_id"] == "cust_1"


def test_several_stripe_customers_with_the_same_email_need_a_choice_by_the_office(
    world: World, account: StripeAccountId
) -> None:
    first_id, second_id = create_in_stripe(world, account), create_in_stripe(world, account)
    world.customer()
    world.work()
    assert stored_customer(world).sync_status is SyncStatus.NEEDS_CHOICE
    assert first_id in str(stored_customer(world).sync_error)
    assert second_id in str(stored_customer(world).sync_error)
    with pytest.raises(Refused) as refusal:
        world.invoice()
    assert refusal.value.code == "customer_needs_choice"
    assert first_id in str(refusal.value.next_step)
    assert world.ports.database.invoices == {}
    assert world.ports.database.claims == {}
    world.customer(stripe_customer_id=second_id)
    world.work()
    assert stored_customer(world).linked_to(account) == second_id
    assert world.invoice().status is InvoiceStatus.PENDING
    assert len(customers_in_stripe(world, account)) == 2


def test_a_choice_replaces_an_earlier_link(world: World, account: StripeAccountId) -> None:
    chosen_id = create_in_stripe(world, account, "hotel@example.test")
    world.customer()
    settle(world)
    assert stored_customer(world).linked_to(account) != chosen_id
    world.customer(stripe_customer_id=chosen_id)
    settle(world)
    assert stored_customer(world).linked_to(account) == chosen_id


def test_a_choice_that_does_not_exist_in_stripe_is_refused(world: World, account: StripeAccountId) -> None:
    with pytest.raises(Refused) as refusal:
        world.customer(stripe_customer_id="cus_typo")
    assert (refusal.value.code, refusal.value.field) == ("stripe_customer_unknown", "stripeCustomerId")
    assert "cus_typo" in refusal.value.message
    world.work()
    assert (customers_in_stripe(world, account), world.ports.database.customers) == ([], {})


def test_two_customers_with_one_email_get_two_stripe_customers(world: World, account: StripeAccountId) -> None:
    world.customer("cust_1")
    world.customer("cust_2", first_name="Bob")
    world.work()
    assert len(customers_in_stripe(world, account)) == 2
    assert stored_customer(world, "cust_1").linked_to(account) != stored_customer(world, "cust_2").linked_to(account)


def test_a_customer_without_an_email_is_stored_and_synced_once_it_has_one(
    world: World, account: StripeAccountId
) -> None:
    world.customer(email=None)
    world.work()
    assert stored_customer(world).sync_status is SyncStatus.FAILED
    assert "e-mail" in str(stored_customer(world).sync_error)
    assert customers_in_stripe(world, account) == []
    world.customer()
    world.work()
    assert stored_customer(world).sync_status is SyncStatus.SYNCED


def test_without_a_connection_customers_are_stored_and_not_synced(world: World) -> None:
    assert world.customer().sync_status is SyncStatus.NOT_CONNECTED
    assert world.ports.queues.sent == []
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.NOT_CONNECTED


def test_a_message_about_an_unknown_customer_is_discarded(world: World, account: StripeAccountId) -> None:
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
    assert customers_in_stripe(world, account)[0]["name"] == "New Lee"


def test_an_edit_during_the_call_of_stripe_is_sent_to_stripe_too(world: World, account: StripeAccountId) -> None:
    world.customer(first_name="Old")
    world.ports.queues.take()
    real = world.ports.stripe

    class StripeDuringEdit:
        edited = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def create_customer(self, *args: Any) -> Any:
            fact = real.create_customer(*args)
            if not StripeDuringEdit.edited:
                StripeDuringEdit.edited = True
                world.customer(first_name="New")
            return fact

    world.ports.stripe = StripeDuringEdit()  # type: ignore[assignment]
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    [customer_in_stripe] = customers_in_stripe(world, account)
    assert customer_in_stripe["name"] == "New Lee"
    assert stored_customer(world).in_step_with(account)


def test_a_customer_whose_message_was_lost_is_synced_by_the_schedule(world: World, account: StripeAccountId) -> None:
    world.ports.queues.failure = StripeUnavailable("queue_unavailable", "No.", answered=False)
    saved = world.customer()
    assert saved.sync_status is SyncStatus.PENDING
    world.ports.queues.failure = None
    world.advance(121)
    world.resume()
    assert stored_customer(world).sync_status is SyncStatus.SYNCED


@pytest.mark.parametrize(
    "kind", ["close_before", "close_after", "error_before", "error_after", "rate_limit", "conflict"]
)
def test_a_failed_creation_is_repeated_and_leaves_one_stripe_customer(
    kind: str, world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.ports.queues.take()
    world.double.order_fault(kind, method="POST", path="/v1/customers", stored=True)
    with pytest.raises(StripeUnavailable):
        sync_customer(ORGANIZATION, ANN, world.ports)
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    assert len(customers_in_stripe(world, account)) == 1


def test_an_email_corrected_after_a_lost_response_is_synced_to_the_same_stripe_customer(
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
    [customer_in_stripe] = customers_in_stripe(world, account)
    assert (stored_customer(world).linked_to(account), customer_in_stripe["email"]) == (
        customer_in_stripe["id"],
        "ann@example.test",
    )


def test_an_email_corrected_during_the_creation_leaves_one_stripe_customer(
    world: World, account: StripeAccountId
) -> None:
    world.customer(email="an@example.test")
    world.ports.queues.take()
    real = world.ports.stripe

    class StripeDuringEdit:
        """A gateway on which the office corrects the address twice before the response arrives."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def create_customer(self, *args: Any) -> Any:
            fact = real.create_customer(*args)
            world.ports.stripe = real
            world.customer(email="anne@example.test")
            world.customer(email="ann@example.test")
            return fact

    world.ports.stripe = StripeDuringEdit()  # type: ignore[assignment]
    assert sync_customer(ORGANIZATION, ANN, world.ports) is SyncStatus.SYNCED
    [customer_in_stripe] = customers_in_stripe(world, account)
    assert (stored_customer(world).linked_to(account), customer_in_stripe["email"]) == (
        customer_in_stripe["id"],
        "ann@example.test",
    )
    assert stored_customer(world).unlinked_emails == ()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_a_crash_anywhere_in_a_sync_leaves_one_stripe_customer(
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
    assert stored_customer(world).sync_status is SyncStatus.SYNCED
    assert len(customers_in_stripe(world, account)) == 1


def test_a_sync_that_always_loses_to_another_write_fails_and_is_retried(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    real = world.ports.customers

    class ConflictingStore:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save(self, _: Customer, *acts: Any) -> Customer:
            raise StaleWrite("The customer")

    world.ports.customers = ConflictingStore()  # type: ignore[assignment]
    with pytest.raises(StaleWrite):
        sync_customer(ORGANIZATION, ANN, world.ports)


# From Stripe to POM


def test_an_edit_in_stripe_is_stored_in_pom(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.advance(60)
    stripe_id = str(stored_customer(world).linked_to(account))
    changes: Any = {"email": "New@Example.test", "name": "Ann Marie Lee", "phone": "555-0199"}
    world.client.v1.customers.update(stripe_id, changes, as_owner(account))
    [receipt] = world.deliver()
    assert receipt.outcome is EventOutcome.APPLIED
    profile = stored_customer(world).profile
    assert (profile.email, profile.first_name, profile.last_name) == ("New@Example.test", "Ann Marie", "Lee")
    assert profile.phone == "555-0199"
    assert stored_customer(world).sync_status is SyncStatus.SYNCED


def test_an_edit_in_stripe_is_not_sent_back(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.advance(60)
    stripe_id = str(stored_customer(world).linked_to(account))
    world.client.v1.customers.update(stripe_id, {"name": "Ann Marie Lee"}, as_owner(account))
    world.double.api.log.reset()
    world.deliver()
    assert world.ports.queues.sent == []
    world.advance(500)
    world.resume()
    assert world.stripe_calls() == {}


def test_the_event_of_poms_own_edit_changes_nothing(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.customer(first_name="Anna")
    world.work()
    before = stored_customer(world)
    world.double.api.log.reset()
    receipts = world.deliver()
    assert {receipt.outcome for receipt in receipts} == {EventOutcome.NO_CHANGE}
    assert world.stripe_calls() == {}
    assert world.ports.queues.sent == []
    assert replace(stored_customer(world), version=before.version) == before


def test_an_unsynced_edit_in_pom_wins_over_an_edit_in_stripe(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.advance(60)
    stripe_id = str(stored_customer(world).linked_to(account))
    world.customer(first_name="Pom")
    world.client.v1.customers.update(stripe_id, {"name": "Stripe Lee"}, as_owner(account))
    world.deliver()
    assert stored_customer(world).profile.first_name == "Pom"
    world.work()
    world.deliver()
    assert customers_in_stripe(world, account)[0]["name"] == "Pom Lee"
    assert stored_customer(world).profile.first_name == "Pom"


def test_a_late_event_of_an_older_edit_changes_nothing(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    stripe_id = str(stored_customer(world).linked_to(account))
    world.double.set_delivery(paused=True)
    for seconds, name in ((60, "First Lee"), (60, "Second Lee")):
        world.advance(seconds)
        world.client.v1.customers.update(stripe_id, {"name": name}, as_owner(account))
    world.double.set_delivery(paused=False, reorder=1.0)
    world.deliver()
    assert stored_customer(world).profile.first_name == "Second"


def test_of_two_edits_in_one_second_the_value_in_stripe_is_stored(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.advance(60)
    stripe_id = str(stored_customer(world).linked_to(account))
    for name in ("First Lee", "Second Lee"):
        world.client.v1.customers.update(stripe_id, {"name": name}, as_owner(account))
    world.deliver()
    assert stored_customer(world).profile.first_name == "Second"


def test_a_company_is_renamed_as_a_company(world: World, account: StripeAccountId) -> None:
    world.customer(company_name="Lee Hotels")
    settle(world)
    world.advance(60)
    stripe_id = str(stored_customer(world).linked_to(account))
    world.client.v1.customers.update(stripe_id, {"name": "Lee Resorts"}, as_owner(account))
    world.deliver()
    assert stored_customer(world).profile.company_name == "Lee Resorts"
    assert stored_customer(world).profile.first_name == "Ann"


def test_a_customer_deleted_in_stripe_is_marked_and_created_again_with_the_next_invoice(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    settle(world)
    first = str(stored_customer(world).linked_to(account))
    world.client.v1.customers.delete(first, None, as_owner(account))
    world.deliver()
    assert stored_customer(world).sync_status is SyncStatus.DELETED_IN_STRIPE
    assert world.invoice().status is InvoiceStatus.PENDING
    assert stored_customer(world).sync_status is SyncStatus.SYNCED
    assert stored_customer(world).linked_to(account) not in (None, first)
    assert len(customers_in_stripe(world, account)) == 1


def test_a_deletion_without_an_event_is_noticed_at_the_next_edit(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.double.set_delivery(paused=True)
    world.client.v1.customers.delete(str(stored_customer(world).linked_to(account)), None, as_owner(account))
    world.customer(first_name="Anna")
    world.work()
    assert stored_customer(world).sync_status is SyncStatus.SYNCED
    assert [each["name"] for each in customers_in_stripe(world, account)] == ["Anna Lee"]


def test_a_deletion_without_an_event_does_not_stop_an_invoice(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.double.set_delivery(paused=True)
    world.client.v1.customers.delete(str(stored_customer(world).linked_to(account)), None, as_owner(account))
    assert world.invoice().status is InvoiceStatus.PENDING
    assert len(customers_in_stripe(world, account)) == 1


def test_the_present_email_reaches_stripe_before_an_invoice_is_sent(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    draft = world.invoice(send=False)
    world.customer(email="new@example.test")  # the worker has not run yet
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert [mail["to"] for mail in world.double.mails()] == ["new@example.test"]


def test_customers_of_another_organization_are_not_returned(world: World, account: StripeAccountId) -> None:
    world.customer()
    other_organization = OrganizationId("org_green")
    with pytest.raises(NotFound):
        get_customer(other_organization, ANN, world.ports)
    assert list_customers(other_organization, CustomerFilter(), 10, None, world.ports).items == ()
    assert [each.id for each in list_customers(ORGANIZATION, CustomerFilter(), 10, None, world.ports).items] == [
        "cust_1"
    ]


def test_a_customer_is_created_on_a_newly_connected_account(world: World, account: StripeAccountId) -> None:
    world.customer()
    settle(world)
    world.double.revoke(account)
    world.deliver()
    world.advance(60)
    new_account = StripeAccountId(world.connect())
    assert world.invoice().status is InvoiceStatus.PENDING
    assert stored_customer(world).linked_to(new_account)
    assert len(customers_in_stripe(world, new_account)) == 1
