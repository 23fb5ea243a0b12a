"""Contract of every store of bulk work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.batch import Batch, BatchItem, BatchKind, BatchStatus, ItemStatus, Part, Sending
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.billing import BillingTerms, Service
from chalicelib.domain.errors import Refused, StaleWrite
from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, ServiceId, UserId
from chalicelib.domain.pacing import Pace
from tests.backends import Backend
from tests.contracts.examples import NOW, ORG, OTHER_ORG, customer

SERVICE = Service(ServiceId("svc_1"), "Weekly service", Decimal("1.50"), Decimal("75.00"))


def batch(name: str = "a", **changes: Any) -> Batch:
    terms = BillingTerms(currency="usd", payment_methods=("card",), memo="Thank you.")
    example = Batch(ORG, BatchId(f"bat_{name}"), BatchKind.INVOICES, "print", 3, 2, NOW, UserId("user_1"), terms)
    return replace(example, **changes)


def items(count: int = 3) -> list[BatchItem]:
    return [BatchItem(n, CustomerId(f"cust_{n}"), (SERVICE,)) for n in range(count)]


def running_batch(backend: Backend, **changes: Any) -> Batch:
    """Returns a stored batch in progress, with its items."""
    saved = backend.batches.save(batch(**changes))
    backend.batches.add_items(saved, items(saved.total))
    return backend.batches.save(replace(saved, stored=True), [replace(saved.part(0), resume_at=NOW)])


def current_batch(backend: Backend, batch_before: Batch) -> Batch:
    current = backend.batches.get(batch_before.organization_id, batch_before.id)
    assert current is not None
    return current


def test_a_saved_batch_is_read_back_within_its_organization_alone(backend: Backend) -> None:
    saved = backend.batches.save(batch(counts={ItemStatus.FAILED: 2}))
    assert saved.version == 1
    assert backend.batches.get(ORG, saved.id) == saved
    assert backend.batches.get(OTHER_ORG, saved.id) is None


def test_a_batch_is_inserted_once_and_saved_only_from_its_latest_version(backend: Backend) -> None:
    first = backend.batches.save(batch())
    with pytest.raises(StaleWrite):
        backend.batches.save(batch())
    backend.batches.save(replace(first, cancelled_at=NOW))
    with pytest.raises(StaleWrite):
        backend.batches.save(first)
    assert current_batch(backend, first).status is BatchStatus.CANCELLED


def test_a_batch_and_its_parts_change_together_or_not_at_all(backend: Backend) -> None:
    running = running_batch(backend)
    part = backend.batches.part(ORG, running.id, 0)
    assert part is not None
    advanced = backend.batches.save_part(replace(part, turn=1, cursor=1))
    assert backend.batches.part(ORG, running.id, 0) == advanced
    with pytest.raises(StaleWrite):
        backend.batches.save(running.next_round(), [part.again(NOW)])
    assert current_batch(backend, running).round == 0
    with pytest.raises(StaleWrite):
        backend.batches.save_part(part)
    assert backend.batches.save(running.next_round(), [advanced.again(NOW)]).round == 1
    assert backend.batches.part(ORG, running.id, 1) is None


def test_the_parts_of_several_batches_are_read_at_once(backend: Backend) -> None:
    first, second = running_batch(backend), running_batch(backend, id=BatchId("bat_b"))
    lanes = [(batch_id, lane) for batch_id in (first.id, second.id) for lane in range(2)]
    parts = {(part.batch_id, part.lane) for part in backend.batches.parts(ORG, lanes)}
    assert parts == {(first.id, 0), (second.id, 0)}
    assert backend.batches.parts(OTHER_ORG, lanes) == []
    assert backend.batches.parts(ORG, []) == []
    with pytest.raises(ValueError, match="101"):
        backend.batches.parts(ORG, [(first.id, lane) for lane in range(101)])


def test_storing_items_again_leaves_the_stored_ones_unchanged(backend: Backend) -> None:
    saved = backend.batches.save(batch(total=230))
    backend.batches.add_items(saved, items(120))
    [_, second] = backend.batches.items_at(saved, [0, 7])
    backend.batches.decide(saved, second.decided(ItemStatus.SENT, 0, InvoiceId("inv_7")))
    backend.batches.add_items(saved, items(230))
    stored_items = [
        item for start in (0, 100, 200) for item in backend.batches.items_at(saved, range(start, start + 100))
    ]
    assert [item.position for item in stored_items] == list(range(230))
    assert stored_items[6] == replace(items(7)[6], version=1)
    assert (stored_items[7].status, stored_items[7].invoice_id, stored_items[7].services) == (
        ItemStatus.SENT,
        "inv_7",
        (),
    )


def test_an_item_is_decided_and_counted_once(backend: Backend) -> None:
    running = running_batch(backend)
    [item] = backend.batches.items_at(running, [1])
    backend.batches.decide(running, item.decided(ItemStatus.SENT, 0, InvoiceId("inv_1")))
    with pytest.raises(StaleWrite):
        backend.batches.decide(running, item.decided(ItemStatus.CREATED, 0))
    current = current_batch(backend, running)
    assert current.counts == {ItemStatus.SENT: 1}
    assert (current.open, current.status, current.version) == (2, BatchStatus.RUNNING, running.version + 1)


def test_two_outcomes_of_an_item_at_once_count_as_one(backend: Backend) -> None:
    running = running_batch(backend, total=12)
    stored_items = backend.batches.items_at(running, range(12))

    def decide(item: BatchItem) -> int:
        for _ in range(50):
            try:
                backend.batches.decide(running, item.decided(ItemStatus.CREATED, 0))
            except StaleWrite:
                [current_item] = backend.batches.items_at(running, [item.position])
                if current_item.version != item.version:
                    return 0
            else:
                return 1
        raise AssertionError("never decided")

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(decide, [item for item in stored_items for _ in range(2)]))
    assert sum(results) == 12
    assert current_batch(backend, running).counts == {ItemStatus.CREATED: 12}
    assert current_batch(backend, running).status is BatchStatus.COMPLETED


def test_an_outcome_of_an_earlier_round_is_refused(backend: Backend) -> None:
    running = running_batch(backend)
    first, second = backend.batches.items_at(running, [0, 1])
    failed = first.failed(ItemError("stripe_refused", "No.", None, "Try again."), 0)
    backend.batches.decide(running, failed)
    again = backend.batches.save(current_batch(backend, running).next_round())
    assert (again.counts.get(ItemStatus.FAILED, 0), again.open) == (0, 3)
    with pytest.raises(StaleWrite):
        backend.batches.decide(running, second.decided(ItemStatus.SENT, 0))
    [item] = backend.batches.items_at(again, [0])
    assert item == replace(failed, version=2)
    assert item.services == (SERVICE,)
    assert again.is_undecided(item)
    backend.batches.decide(again, item.decided(ItemStatus.SENT, 1))
    assert current_batch(backend, again).counts == {ItemStatus.SENT: 1}


def test_an_order_to_send_is_stored_and_its_outcomes_are_counted(backend: Backend) -> None:
    running = running_batch(backend)
    for item in backend.batches.items_at(running, range(3)):
        backend.batches.decide(running, item.decided(ItemStatus.CREATED, 0, InvoiceId(f"inv_{item.position}")))
    current = current_batch(backend, running)
    ordered = backend.batches.save(current.round_of_sending(UserId("user_2"), NOW + 5, "order"))
    assert current_batch(backend, running) == ordered
    assert ordered.sending == Sending(UserId("user_2"), NOW + 5, round=1, made_in=0, order="order")
    assert (ordered.counts, ordered.open) == ({}, 3)
    first, second, _ = backend.batches.items_at(ordered, range(3))
    with pytest.raises(StaleWrite):
        backend.batches.decide(current, first.decided(ItemStatus.SENT, 0, InvoiceId("inv_0")))
    backend.batches.decide(ordered, first.decided(ItemStatus.SENT, 1, InvoiceId("inv_0")))
    held_back = second.held_back(ItemError("total_differs", "No.", None, "Look."), 1, refusals_told=2)
    backend.batches.decide(ordered, held_back)
    assert backend.batches.items_at(ordered, [1]) == [replace(held_back, version=held_back.version + 1)]
    assert current_batch(backend, running).counts == {ItemStatus.SENT: 1, ItemStatus.HELD_BACK: 1}
    stopped = backend.batches.save(current_batch(backend, running).cancelled(NOW + 9))
    assert current_batch(backend, running) == stopped
    assert (stopped.count(ItemStatus.CREATED), stopped.cancelled_at) == (1, None)


def test_an_outcome_and_its_new_customer_are_one_write(backend: Backend) -> None:
    running = running_batch(backend, kind=BatchKind.CUSTOMERS)
    first, second = backend.batches.items_at(running, [0, 1])
    backend.batches.decide(running, first.decided(ItemStatus.CREATED, 0), customer("0"))
    customer_stored = backend.customers.get(ORG, CustomerId("cust_0"))
    assert customer_stored == replace(customer("0"), version=1)
    with pytest.raises(StaleWrite):
        backend.batches.decide(running, second.decided(ItemStatus.CREATED, 0), customer("0"))
    assert current_batch(backend, running).counts == {ItemStatus.CREATED: 1}
    with pytest.raises(StaleWrite):
        backend.batches.decide(running, first.decided(ItemStatus.CREATED, 0), customer("1"))
    assert backend.customers.get(ORG, CustomerId("cust_1")) is None


def test_items_come_in_pages_in_their_order(backend: Backend) -> None:
    other_batch = running_batch(backend, id=BatchId("bat_b"))
    running = running_batch(backend, total=25)
    positions: list[int] = []
    after = None
    while True:
        page = backend.batches.items(running, 10, after)
        positions += [item.position for item in page.items]
        if not page.has_next:
            break
        after = page.end_cursor
    assert positions == list(range(25))
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.batches.items(running, 10, backend.batches.items(other_batch, 1, None).end_cursor)


def test_batches_of_a_kind_come_newest_first(backend: Backend) -> None:
    for name, at in (("a", NOW), ("b", NOW + 2), ("c", NOW + 1)):
        backend.batches.save(batch(name, created_at=at))
    backend.batches.save(batch("d", kind=BatchKind.CUSTOMERS))
    backend.batches.save(batch("e", organization_id=OTHER_ORG))
    first = backend.batches.page(ORG, BatchKind.INVOICES, 2, None)
    assert ([each.id for each in first.items], first.has_next) == (["bat_b", "bat_c"], True)
    second_page = backend.batches.page(ORG, BatchKind.INVOICES, 2, first.end_cursor)
    assert ([each.id for each in second_page.items], second_page.has_next) == (["bat_a"], False)
    exactly = backend.batches.page(ORG, BatchKind.INVOICES, 1, first.end_cursor)
    assert ([each.id for each in exactly.items], exactly.has_next) == (["bat_a"], False)
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.batches.page(ORG, BatchKind.CUSTOMERS, 2, first.end_cursor)


def test_parts_whose_message_may_be_lost_are_listed_oldest_first(backend: Backend) -> None:
    running = running_batch(backend)
    late, finished = Part(ORG, running.id, 1, resume_at=NOW - 5), Part(ORG, running.id, 2)
    for part in (late, finished):
        backend.batches.save_part(part)
    assert list(backend.batches.due_parts(NOW, 10)) == [(ORG, running.id, 1), (ORG, running.id, 0)]
    assert list(backend.batches.due_parts(NOW, 1)) == [(ORG, running.id, 1)]
    assert list(backend.batches.due_parts(NOW - 6, 10)) == []


def test_a_lane_stores_its_pace(backend: Backend) -> None:
    assert backend.batches.pace(ORG, 0) is None
    for pace in (Pace(3000), Pace(1500, NOW * 1000 + 333, 7)):
        backend.batches.save_pace(ORG, 0, pace)
        assert backend.batches.pace(ORG, 0) == pace
    assert backend.batches.pace(ORG, 1) is None
    assert backend.batches.pace(OTHER_ORG, 0) is None


def test_the_items_of_all_batches_of_an_organization_are_listed_in_order(backend: Backend) -> None:
    for name in ("b", "a"):
        saved = backend.batches.save(batch(name))
        backend.batches.add_items(saved, items(2))
    foreign_batch = backend.batches.save(batch("c", organization_id=OTHER_ORG))
    backend.batches.add_items(foreign_batch, items(1))

    listed_items = list(backend.batches.every_item(ORG, None))

    assert [(each.batch_id, each.item.position) for _, each in listed_items] == [
        ("bat_a", 0), ("bat_a", 1), ("bat_b", 0), ("bat_b", 1),
    ]  # fmt: skip
    assert {each.expires_at for _, each in listed_items} == {NOW + 414 * 86400}
    behind = list(backend.batches.every_item(ORG, listed_items[1][0]))
    assert [each.batch_id for _, each in behind] == ["bat_b", "bat_b"]
    with pytest.raises(Refused):
        list(backend.batches.every_item(OTHER_ORG, listed_items[1][0]))
