"""Published changes of customers, connections and payouts, and their ids, which never change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.changes import NOTHING, Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Field, Profile
from chalicelib.domain.customer_history import MAX_HISTORY, CustomerEvent
from chalicelib.domain.erased_records import customer_without_person
from chalicelib.domain.erasure import Erasure, InStripe
from chalicelib.domain.facts import AccountFact, CustomerFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId, UserId
from chalicelib.domain.other_changes import connection_difference, customer_difference, payout_difference
from tests.contracts.examples import ACCOUNT, NOW, ORG, OTHER_ACCOUNT, OTHER_ORG, customer, payout

T = ChangeType


# Customers


def sync_failed(error: str = "Stripe refused the address.") -> Customer:
    return customer().not_synced(SyncStatus.FAILED, error)


def with_name_taken_over(before: Customer, at: int = NOW) -> Customer:
    return before.telling(CustomerEvent.TAKEN_OVER, Source.WEBHOOK, at, (Field.EMAIL,))


def test_a_save_of_a_customer_in_pom_is_not_published() -> None:
    assert customer_difference(None, customer()) == NOTHING
    edited = customer().edited(Profile(email="other@example.test"), None, NOW)
    assert customer_difference(customer(), edited) == NOTHING


def test_a_failed_sync_is_published_once_for_each_reason() -> None:
    assert customer_difference(customer(), sync_failed()) == Difference(
        (T.CUSTOMER_SYNC_FAILED,), "pending", "failed"
    )
    assert customer_difference(sync_failed(), sync_failed()) == NOTHING
    again = customer_difference(sync_failed(), sync_failed("The account is closed."))
    assert again == Difference((T.CUSTOMER_SYNC_FAILED,), "failed", "failed")


def synced_customer(
    account_id: StripeAccountId = ACCOUNT, stripe_id: str = "cus_1", before: Customer | None = None
) -> Customer:
    fact = CustomerFact(stripe_id, NOW, None, None, None)
    return (before or customer()).synced(account_id, fact, (before or customer()).edition, NOW)


@pytest.mark.parametrize("status", [each for each in SyncStatus if each is not SyncStatus.SYNCED])
def test_a_successful_sync_is_published_whatever_the_status_before(status: SyncStatus) -> None:
    before = replace(customer(), sync_status=status)
    difference = customer_difference(before, synced_customer(before=before))
    assert difference == Difference((T.CUSTOMER_SYNCED,), status.value, "synced")
    assert customer_difference(synced_customer(), synced_customer()) == NOTHING


@pytest.mark.parametrize("relinked", [synced_customer(OTHER_ACCOUNT), synced_customer(stripe_id="cus_2")])
def test_a_link_to_another_stripe_customer_is_published(relinked: Customer) -> None:
    assert customer_difference(synced_customer(), relinked) == Difference((T.CUSTOMER_SYNCED,), "synced", "synced")


def test_a_customer_synced_in_both_directions_at_once_is_published_as_both() -> None:
    difference = customer_difference(customer(), with_name_taken_over(synced_customer()))
    assert set(difference.types) == {T.CUSTOMER_SYNCED, T.CUSTOMER_UPDATED_IN_STRIPE}


def test_a_value_taken_over_from_stripe_is_published() -> None:
    difference = customer_difference(customer(), with_name_taken_over(customer()))
    assert difference.types == (T.CUSTOMER_UPDATED_IN_STRIPE,)
    with_long_history = customer().telling(CustomerEvent.NOT_TAKEN_OVER, Source.WEBHOOK, NOW, (Field.EMAIL,))
    assert customer_difference(customer(), with_long_history) == NOTHING


def test_two_changes_in_stripe_in_one_second_are_both_published() -> None:
    once = with_name_taken_over(customer())
    assert customer_difference(once, with_name_taken_over(once)).types == (T.CUSTOMER_UPDATED_IN_STRIPE,)


def test_dropping_the_oldest_entry_of_a_full_history_is_not_published() -> None:
    full = customer()
    for second in range(MAX_HISTORY):
        full = with_name_taken_over(full, NOW + second)
    dropped = full.telling(CustomerEvent.LINKED, Source.SWEEP, NOW + MAX_HISTORY)
    assert customer_difference(full, dropped) == NOTHING


def test_a_deletion_of_a_customer_in_stripe_and_of_its_record_are_published() -> None:
    deleted = replace(customer(), sync_status=SyncStatus.DELETED_IN_STRIPE)
    assert customer_difference(customer(), deleted).types == (T.CUSTOMER_DELETED_IN_STRIPE,)
    assert customer_difference(deleted, deleted) == NOTHING
    assert customer_difference(deleted, None) == Difference((T.CUSTOMER_DELETED,), "deleted_in_stripe")


def without_person(before: Customer, *, is_begun: bool) -> Customer:
    erasure = Erasure(UserId("user_1"), NOW, InStripe.KEEP, due_at=NOW)
    closed = replace(before, erasure=erasure)
    return customer_without_person(closed, NOW + 600) if is_begun else closed


def test_an_erasure_is_published_once_the_record_holds_no_personal_data() -> None:
    closed = without_person(synced_customer(), is_begun=False)
    assert customer_difference(synced_customer(), closed) == NOTHING
    change_of_erasure = customer_difference(closed, without_person(synced_customer(), is_begun=True))
    assert change_of_erasure == Difference((T.CUSTOMER_ERASED,), "synced", None)


def test_nothing_more_is_published_about_an_erased_customer() -> None:
    erased_customer = without_person(with_name_taken_over(sync_failed()), is_begun=True)
    assert customer_difference(sync_failed(), erased_customer).types == (T.CUSTOMER_ERASED,)
    for later in (replace(erased_customer, sync_status=SyncStatus.SYNCED), replace(erased_customer, version=9), None):
        assert customer_difference(erased_customer, later) == NOTHING


def test_the_change_that_erases_a_customer_is_published_as_deleted() -> None:
    difference = customer_difference(synced_customer(), without_person(synced_customer(), is_begun=True))
    assert Change(ORG, ObjectKind.CUSTOMER, "cust_1", 4, NOW, difference).deleted


# Connections


def account(**changes: Any) -> AccountFact:
    return replace(AccountFact(ACCOUNT, NOW, "Blue Pools", True, True, "usd"), **changes)


def active_connection(**changes: Any) -> Connection:
    connection = Connection(ORG).activated(account(), ACCOUNT, livemode=False, by=UserId("user_1"), now=NOW)
    return replace(connection, **changes)


def test_a_connection_is_published_when_it_begins_and_when_it_ends() -> None:
    assert connection_difference(None, active_connection(), NOW) == Difference(
        (T.CONNECTION_CHANGED,), None, "connected"
    )
    disconnected = active_connection().disconnected("revoked", NOW + 5)
    assert connection_difference(active_connection(), disconnected, NOW + 5) == Difference(
        (T.CONNECTION_CHANGED,), "connected", "disconnected"
    )


def test_an_attempt_to_connect_is_not_published() -> None:
    assert connection_difference(None, Connection(ORG).authorizing(NOW + 600), NOW) == NOTHING
    disconnected = active_connection().disconnected("revoked", NOW + 5)
    assert connection_difference(disconnected, disconnected.authorizing(NOW + 600), NOW + 6) == NOTHING


def test_a_connection_that_was_pending_is_published_with_its_previous_status() -> None:
    attempted = Connection(ORG).authorizing(NOW + 600)
    assert connection_difference(attempted, active_connection(), NOW).previous_status == "pending"
    assert connection_difference(attempted, active_connection(), NOW + 601).previous_status == "not_connected"


def test_requirements_of_an_account_are_published_and_a_sweep_is_not() -> None:
    swept = active_connection(account=account(as_of=NOW + 60), refresh_asked_at=NOW + 60, tested_at=NOW + 60)
    assert connection_difference(active_connection(), swept, NOW + 60) == NOTHING
    restricted = active_connection(account=account(charges_enabled=False))
    assert connection_difference(active_connection(), restricted, NOW) == Difference(
        (T.CONNECTION_CHANGED,), "connected", "action_required"
    )


def test_a_pause_of_invoicing_is_published() -> None:
    paused = active_connection(frozen=Freeze(NOW, "ops", "A bank asks."))
    assert connection_difference(active_connection(), paused, NOW) == Difference(
        (T.CONNECTION_CHANGED,), "connected", "connected"
    )


def test_the_deletion_of_a_connection_is_published() -> None:
    assert connection_difference(active_connection(), None, NOW) == Difference((T.CONNECTION_DELETED,), "connected")


# Payouts


@pytest.mark.parametrize(
    ("status", "change"),
    [("paid", T.PAYOUT_PAID), ("failed", T.PAYOUT_FAILED), ("canceled", T.PAYOUT_CANCELED)],
)
def test_a_payout_is_published_when_its_money_has_arrived_or_was_returned(status: str, change: ChangeType) -> None:
    finished_payout = payout(status=status)
    assert payout_difference(payout(), finished_payout) == Difference((change,), "in_transit", status)
    assert payout_difference(None, finished_payout) == Difference((change,), None, status)
    assert payout_difference(finished_payout, finished_payout) == NOTHING


def test_a_payout_in_transit_is_not_published() -> None:
    assert payout_difference(None, payout(status="pending")) == NOTHING
    assert payout_difference(payout(status="pending"), payout()) == NOTHING


def test_a_payout_that_fails_after_it_was_paid_is_published() -> None:
    assert payout_difference(payout(status="paid"), payout(status="failed")).previous_status == "paid"


def test_the_deletion_of_a_payout_is_published() -> None:
    assert payout_difference(payout(), None) == Difference((T.PAYOUT_DELETED,), "in_transit")


@pytest.mark.parametrize("difference", [customer_difference, payout_difference])
def test_a_change_from_nothing_to_nothing_is_not_published(difference: Any) -> None:
    assert difference(None, None) == NOTHING


# Ids


def change(**changes: Any) -> Change:
    example = Change(ORG, ObjectKind.PAYOUT, "po_1", 3, NOW, Difference((T.PAYOUT_PAID,), None, "paid"))
    return replace(example, **changes)


def test_the_id_of_a_change_does_not_depend_on_when_it_is_published() -> None:
    first = change().id_of(T.PAYOUT_PAID)
    assert first == change(at=NOW + 9, difference=NOTHING).id_of(T.PAYOUT_PAID)
    assert first.startswith("chg_")


@pytest.mark.parametrize(
    "other_change",
    [
        change(version=4),
        change(object_id="po_2"),
        change(organization_id=OTHER_ORG),
        change(object_kind=ObjectKind.INVOICE),
    ],
)
def test_no_two_changes_have_one_id(other_change: Change) -> None:
    assert other_change.id_of(T.PAYOUT_PAID) != change().id_of(T.PAYOUT_PAID)
    assert change().id_of(T.PAYOUT_FAILED) != change().id_of(T.PAYOUT_PAID)


def test_a_change_states_whether_its_object_is_deleted() -> None:
    assert not change().deleted
    assert change(difference=Difference((T.PAYOUT_DELETED,), "paid")).deleted


def test_each_type_begins_with_the_kind_of_its_object() -> None:
    assert {each.object_kind for each in ChangeType} == set(ObjectKind)
    assert {each.object_kind for each in ChangeType if each.endswith(".deleted")} == set(ObjectKind)
