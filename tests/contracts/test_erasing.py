"""Contract of every store for erasures: due erasures are listed, and a record is changed only from its latest
version.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.erased_records import settled_movement_without_person
from chalicelib.domain.erasure import Erasure, InStripe
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import BatchId, CustomerId, UserId
from chalicelib.domain.parking import ParkedEvent
from chalicelib.domain.summary import invoice_write
from tests.backends import Backend
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    OTHER_ACCOUNT,
    OTHER_ORG,
    balance_transaction,
    customer,
    event,
    invoice,
    linked_customer,
    marker,
    payment,
)
from tests.contracts.test_batch_store import current_batch, items, running_batch


def customer_to_erase(name: str, due_at: int = NOW, **changes: object) -> Customer:
    erasure = Erasure(UserId("user_1"), NOW, InStripe.KEEP, due_at=due_at)
    return replace(customer(name), erasure=replace(erasure, **changes))  # type: ignore[arg-type]


# Customers


def test_due_erasures_are_listed_longest_due_first(backend: Backend) -> None:
    for each in (
        customer_to_erase("b", NOW - 1),
        customer_to_erase("a", NOW - 2),
        customer_to_erase("later", NOW + 1),
        customer("c"),
    ):
        backend.customers.save(each)
    backend.customers.save(replace(customer_to_erase("d", NOW - 3), organization_id=OTHER_ORG))
    due = [(OTHER_ORG, "cust_d"), (ORG, "cust_a"), (ORG, "cust_b")]
    assert list(backend.customers.erasures_due(NOW, 10)) == due
    assert list(backend.customers.erasures_due(NOW, 2)) == due[:2]


def test_a_finished_erasure_is_no_longer_due(backend: Backend) -> None:
    saved = backend.customers.save(customer_to_erase("a"))
    finished = replace(saved.erasure, finished_at=NOW) if saved.erasure else None
    backend.customers.save(replace(saved, erasure=finished))
    assert list(backend.customers.erasures_due(NOW + 10**6, 10)) == []


def test_an_erased_customer_is_in_no_list_but_is_found_by_its_stripe_customer(backend: Backend) -> None:
    before = backend.customers.save(linked_customer(customer("a", profile=Profile(first_name="Ann")), "cus_1"))
    saved = backend.customers.save(replace(before, erasure=customer_to_erase("a").erasure, search_spellings=True))
    for name in ("b", "c"):
        backend.customers.save(customer(name, profile=Profile(first_name="Ann")))
    for customer_filter in (
        CustomerFilter(),
        CustomerFilter(name="ann"),
        CustomerFilter(sync_status=saved.sync_status),
    ):
        page = backend.customers.page(ORG, customer_filter, 1, None)
        assert saved.id not in {each.id for each in page.items}
    first_page = backend.customers.page(ORG, CustomerFilter(), 2, None)
    assert ([each.id for each in first_page.items], first_page.has_next) == (["cust_b", "cust_c"], False)
    assert saved.id not in backend.customers.without_email(ORG, 10)
    assert list(backend.customers.to_search(ORG, NOW + 10**6, 10)) == []
    assert (ORG, saved.id) not in list(backend.customers.pending(NOW + 10**6, 10))
    assert backend.customers.get(ORG, saved.id) == saved
    assert backend.customers.find_by_stripe_id(ACCOUNT, "cus_1") == saved
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == saved.id


# Payments


def test_a_row_and_its_settlements_are_replaced_under_the_same_keys(backend: Backend) -> None:
    stored_invoice = backend.invoices.insert(invoice_write(invoice()), {})
    backend.invoices.save(invoice_write(stored_invoice)._replace(movements=(payment(), payment("ch_2", at=NOW + 1))))
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction(description="of Ann Lee"), "po_1"))])
    backend.payments.change(ORG, "ch_1", settled_movement_without_person)
    rows = backend.payments.find(ORG, ["ch_1", "ch_2"])
    assert rows["ch_1"] == SettledMovement(
        payment(brand=None, last4=None), (Settlement(balance_transaction(), "po_1"),)
    )
    assert rows["ch_2"] == SettledMovement(payment("ch_2", at=NOW + 1))


def test_changing_a_row_that_is_not_stored_does_not_create_it(backend: Backend) -> None:
    backend.payments.change(ORG, "ch_1", settled_movement_without_person)
    assert backend.payments.find(ORG, ["ch_1"]) == {}


def test_a_row_that_changed_since_it_was_read_is_not_overwritten(backend: Backend) -> None:
    stored_invoice = backend.invoices.insert(invoice_write(invoice()), {})
    stored_once = backend.invoices.save(
        invoice_write(stored_invoice)._replace(movements=(payment(status="pending"),))
    )

    def while_it_succeeds(settled: SettledMovement) -> SettledMovement:
        backend.invoices.save(invoice_write(stored_once)._replace(movements=(payment(),)))
        return settled_movement_without_person(settled)

    with pytest.raises(StaleWrite):
        backend.payments.change(ORG, "ch_1", while_it_succeeds)
    assert backend.payments.find(ORG, ["ch_1"])["ch_1"].movement == payment()


# Batches


def test_the_items_of_all_batches_can_be_listed_from_any_position(backend: Backend) -> None:
    batches = [running_batch(backend, id=BatchId(name)) for name in ("bat_a", "bat_0", "bat_a1")]
    listed = list(backend.batches.every_item(ORG))
    assert [(each.batch_id, each.item.position) for _, each in listed] == sorted(
        (batch.id, position) for batch in batches for position in range(3)
    )
    for index, (place, _) in enumerate(listed):
        assert list(backend.batches.every_item(ORG, place)) == listed[index + 1 :]
    assert list(backend.batches.every_item(OTHER_ORG)) == []


def test_rewriting_an_item_needs_its_latest_version_and_neither_decides_nor_counts_it(backend: Backend) -> None:
    batch = running_batch(backend)
    [item] = backend.batches.items_at(batch, [1])
    backend.batches.rewrite(ORG, batch.id, replace(item, services=()))
    [rewritten] = backend.batches.items_at(batch, [1])
    assert rewritten == replace(item, services=(), version=item.version + 1)
    assert (current_batch(backend, batch).counts, current_batch(backend, batch).version) == (
        batch.counts,
        batch.version,
    )
    with pytest.raises(StaleWrite):
        backend.batches.rewrite(ORG, batch.id, item)
    with pytest.raises(StaleWrite):
        backend.batches.rewrite(ORG, batch.id, replace(items()[0], position=77, version=1))
    assert [each.item.position for _, each in backend.batches.every_item(ORG)] == [0, 1, 2]
    assert rewritten.customer_id == CustomerId("cust_1")


# Parked events


def test_a_parked_event_gets_a_shorter_body_and_stays_where_it_is(backend: Backend) -> None:
    backend.events.park(event("evt_1", body="Ann Lee"), NOW, "timeout")
    backend.events.park(event("evt_2", body="Bob"), NOW + 1, "timeout")
    backend.events.shorten(ACCOUNT, "evt_1", "ids")
    expected = [ParkedEvent("evt_1", "ids", NOW, "timeout"), ParkedEvent("evt_2", "Bob", NOW + 1, "timeout")]
    assert list(backend.events.all_parked_events(ACCOUNT)) == list(backend.events.parked(ACCOUNT, 10)) == expected
    assert list(backend.events.all_parked_events(OTHER_ACCOUNT)) == []


def test_a_body_is_not_stored_for_an_event_that_is_not_parked(backend: Backend) -> None:
    backend.events.mark(marker("evt_1"))
    backend.events.shorten(ACCOUNT, "evt_1", "ids")
    backend.events.shorten(ACCOUNT, "evt_2", "ids")
    assert list(backend.events.all_parked_events(ACCOUNT)) == []
    assert backend.events.known(ACCOUNT, ["evt_1", "evt_2"]) == {"evt_1"}
