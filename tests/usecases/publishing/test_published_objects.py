"""What is shown with a change is its version of the object. A damaged record concerns only what shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.changes import Change, Difference, ObjectKind
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.errors import Retryable
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.other_changes import connection_difference
from chalicelib.ports.changes import StoredChange, Versioned
from chalicelib.usecases.connecting.connection_report import ConnectionReport
from chalicelib.usecases.publishing.published_objects import PublishedInvoice, PublishedObject, published_objects
from tests.contracts.examples import ACCOUNT, ORG, customer, invoice, linked_customer
from tests.fakes.ports import FakePorts
from tests.world import World

OTHER_ACCOUNT = StripeAccountId("acct_former")
DAMAGED = CustomerId("cust_damaged")


@pytest.fixture
def ports() -> FakePorts:
    return World().ports


def stored(shown: Versioned, kind: ObjectKind, at: int = 0) -> StoredChange:
    return StoredChange(Change(ORG, kind, "any", 1, at, Difference()), shown)


def shown_now(ports: FakePorts, change: StoredChange) -> PublishedObject:
    return published_objects([change], ports)(change)


def billed_to(customer_id: CustomerId) -> StoredChange:
    made: Invoice = invoice()
    return stored(replace(made, order=replace(made.order, customer_id=customer_id)), ObjectKind.INVOICE)


def failing_for(customer_id: CustomerId, error: Exception, ports: FakePorts) -> Any:
    several = ports.customers.several

    def read(organization_id: OrganizationId, ids: Sequence[CustomerId]) -> Mapping[CustomerId, Customer]:
        if customer_id in ids:
            raise error
        return several(organization_id, ids)

    return read


def test_a_customer_whose_record_is_damaged_concerns_only_its_own_invoices(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ports.customers.save(customer("named"))
    monkeypatch.setattr(ports.customers, "several", failing_for(DAMAGED, ValueError("damaged"), ports))
    good, bad = billed_to(named.id), billed_to(DAMAGED)
    show = published_objects([bad, good], ports)
    shown = show(good)
    assert isinstance(shown, PublishedInvoice)
    assert shown.customer_name == named.profile.display_name
    with pytest.raises(ValueError, match="damaged"):
        show(bad)


def test_a_database_that_does_not_answer_has_the_batch_repeated(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Retryable("database_unavailable", "The database does not respond at the moment.")
    monkeypatch.setattr(ports.customers, "several", failing_for(DAMAGED, down, ports))
    with pytest.raises(Retryable):
        published_objects([billed_to(DAMAGED)], ports)


def test_a_customer_is_shown_as_it_was_on_the_account_of_that_version(ports: FakePorts) -> None:
    before = linked_customer(customer(), "cus_1", OTHER_ACCOUNT)
    activate(ports)
    shown = shown_now(ports, stored(before, ObjectKind.CUSTOMER))
    assert isinstance(shown, Customer)
    assert (shown.sync_status, shown.displayed_stripe_id) == (SyncStatus.SYNCED, "cus_1")


def test_a_customer_that_waits_for_another_account_is_shown_without_its_former_link(ports: FakePorts) -> None:
    failed = linked_customer(customer(), "cus_1", OTHER_ACCOUNT).not_synced(SyncStatus.FAILED, "Stripe refused it.")
    activate(ports)
    shown = shown_now(ports, stored(failed, ObjectKind.CUSTOMER))
    assert isinstance(shown, Customer)
    assert (shown.sync_status, shown.displayed_stripe_id) == (SyncStatus.FAILED, None)


def test_the_status_of_a_connection_is_that_of_its_event_however_late_it_is_told(ports: FakePorts) -> None:
    now = ports.clock.now()
    begun = Connection(ORG).authorizing(now - 1)
    paused = replace(begun, frozen=Freeze(now - 9, "ops", "A bank asks."))
    difference = connection_difference(begun, paused, now - 9)
    shown = shown_now(ports, stored(paused, ObjectKind.CONNECTION, at=now - 9))
    assert isinstance(shown, ConnectionReport)
    assert difference.status == shown.status == "pending"


def activate(ports: FakePorts) -> None:
    """Connects ACCOUNT."""
    connection, now = ports.connections.get(ORG), ports.clock.now()
    account = AccountFact(ACCOUNT, now, "Blue Pools", True, True, True, "usd")
    ports.connections.save(connection.activated(account, ACCOUNT, livemode=False, by=UserId("user_1"), now=now))
