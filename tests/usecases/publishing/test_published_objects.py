"""Tests the objects published with changes: each is the version of its change, and a damaged record prevents only
changes that show it.
"""

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


def change_of(version: Versioned, kind: ObjectKind, at: int = 0) -> StoredChange:
    return StoredChange(Change(ORG, kind, "any", 1, at, Difference()), version)


def published_now(ports: FakePorts, change: StoredChange) -> PublishedObject:
    return published_objects([change], ports)(change)


def invoice_change_for(customer_id: CustomerId) -> StoredChange:
    template: Invoice = invoice()
    return change_of(replace(template, order=replace(template.order, customer_id=customer_id)), ObjectKind.INVOICE)


def several_failing_for(customer_id: CustomerId, error: Exception, ports: FakePorts) -> Any:
    several = ports.customers.several

    def several_or_fail(organization_id: OrganizationId, ids: Sequence[CustomerId]) -> Mapping[CustomerId, Customer]:
        if customer_id in ids:
            raise error
        return several(organization_id, ids)

    return several_or_fail


def test_a_damaged_customer_record_prevents_only_the_changes_of_its_own_invoices(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    good_customer = ports.customers.save(customer("named"))
    monkeypatch.setattr(ports.customers, "several", several_failing_for(DAMAGED, ValueError("damaged"), ports))
    good, bad = invoice_change_for(good_customer.id), invoice_change_for(DAMAGED)
    show = published_objects([bad, good], ports)
    published = show(good)
    assert isinstance(published, PublishedInvoice)
    assert published.customer_name == good_customer.profile.display_name
    with pytest.raises(ValueError, match="damaged"):
        show(bad)


def test_an_unavailable_database_repeats_the_batch(ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    down = Retryable("database_unavailable", "The database does not respond at the moment.")
    monkeypatch.setattr(ports.customers, "several", several_failing_for(DAMAGED, down, ports))
    with pytest.raises(Retryable):
        published_objects([invoice_change_for(DAMAGED)], ports)


def test_a_published_customer_has_the_link_of_its_version(ports: FakePorts) -> None:
    before = linked_customer(customer(), "cus_1", OTHER_ACCOUNT)
    activate(ports)
    published = published_now(ports, change_of(before, ObjectKind.CUSTOMER))
    assert isinstance(published, Customer)
    assert (published.sync_status, published.displayed_stripe_id) == (SyncStatus.SYNCED, "cus_1")


def test_an_unsynced_customer_is_published_without_its_link_on_a_former_account(ports: FakePorts) -> None:
    failed_customer = linked_customer(customer(), "cus_1", OTHER_ACCOUNT).not_synced(
        SyncStatus.FAILED, "Stripe refused it."
    )
    activate(ports)
    published = published_now(ports, change_of(failed_customer, ObjectKind.CUSTOMER))
    assert isinstance(published, Customer)
    assert (published.sync_status, published.displayed_stripe_id) == (SyncStatus.FAILED, None)


def test_a_published_connection_has_the_status_at_the_time_of_its_change(ports: FakePorts) -> None:
    now = ports.clock.now()
    pending_connection = Connection(ORG).authorizing(now - 1)
    paused_connection = replace(pending_connection, frozen=Freeze(now - 9, "ops", "A bank asks."))
    difference = connection_difference(pending_connection, paused_connection, now - 9)
    published = published_now(ports, change_of(paused_connection, ObjectKind.CONNECTION, at=now - 9))
    assert isinstance(published, ConnectionReport)
    assert difference.status == published.status == "pending"


def activate(ports: FakePorts) -> None:
    """Connects ACCOUNT."""
    connection, now = ports.connections.get(ORG), ports.clock.now()
    account = AccountFact(ACCOUNT, now, "Blue Pools", True, True, True, "usd")
    ports.connections.save(connection.activated(account, ACCOUNT, livemode=False, by=UserId("user_1"), now=now))
