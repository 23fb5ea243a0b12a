"""The feed returns each organization's changes in order, page by page, without a gap."""

from __future__ import annotations

import pytest

from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.errors import CursorExpired, Refused
from chalicelib.domain.identifiers import OrganizationId
from tests.backends import Backend
from tests.contracts.examples import NOW, ORG, OTHER_ORG
from tests.contracts.test_races import eager_threads as eager_threads
from tests.contracts.test_races import run_concurrently

DAY = 86400
PAID = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
PAID_AND_REFUNDED = Difference((ChangeType.INVOICE_PAID, ChangeType.INVOICE_REFUNDED), "pending", "paid")
DELETED = Difference((ChangeType.INVOICE_DELETED,), "creating", None)


def change(
    name: str, difference: Difference = PAID, organization_id: OrganizationId = ORG, version: int = 3
) -> Change:
    return Change(organization_id, ObjectKind.INVOICE, name, version, NOW, difference)


def names(backend: Backend, cursor: str | None, first: int = 100) -> list[str]:
    """Returns the ids of the changed objects from the cursor to the end, page by page."""
    object_ids: list[str] = []
    while True:
        page = backend.changes.after(ORG, cursor, first)
        assert len(page.entries) <= first
        object_ids += [entry.change.object_id for entry in page.entries]
        cursor = page.cursor
        if not page.has_more:
            return object_ids


def test_changes_are_read_as_they_were_appended(backend: Backend) -> None:
    appended = [change("a"), change("b", DELETED), change("c", version=10**9)]
    backend.changes.append(appended)
    page = backend.changes.after(ORG, None, 10)
    assert [entry.change for entry in page.entries] == appended
    assert not page.has_more
    assert [entry.change.deleted for entry in page.entries] == [False, True, False]


def test_a_change_published_by_a_later_release_is_returned_and_this_release_appends_after_it(
    backend: Backend,
) -> None:
    unknown_type = Difference((ChangeType("invoice.moved"), ChangeType.INVOICE_PAID), "pending", "paid")
    of_new_kind = Difference((ChangeType("visit.deleted"),), "planned")
    appended = [change("a", unknown_type), Change(ORG, ObjectKind("visit"), "b", 3, NOW, of_new_kind)]
    backend.changes.append(appended)
    backend.changes.append([change("c")])
    entries = backend.changes.after(ORG, None, 10).entries
    assert [entry.change for entry in entries] == [appended[0], appended[0], appended[1], change("c")]
    assert [entry.type for entry in entries] == ["invoice.moved", "invoice.paid", "visit.deleted", "invoice.paid"]
    assert [entry.change.deleted for entry in entries] == [False, False, True, False]


@pytest.mark.parametrize("first", [1, 2, 3, 100])
def test_pages_have_each_change_once_and_in_order(backend: Backend, first: int) -> None:
    expected = [str(number) for number in range(7)]
    for name in expected:
        backend.changes.append([change(name)])
    assert names(backend, None, first) == expected


def test_a_change_of_two_types_has_two_entries_which_may_be_on_two_pages(backend: Backend) -> None:
    backend.changes.append([change("a", PAID_AND_REFUNDED), change("b")])
    types, cursor = [], None
    for has_next in (True, True, False):
        page = backend.changes.after(ORG, cursor, 1)
        types += [(entry.change.object_id, entry.type) for entry in page.entries]
        cursor = page.cursor
        assert page.has_more == has_next
    assert types == [
        ("a", ChangeType.INVOICE_PAID),
        ("a", ChangeType.INVOICE_REFUNDED),
        ("b", ChangeType.INVOICE_PAID),
    ]


def test_the_cursor_of_the_last_page_continues_with_changes_appended_later(backend: Backend) -> None:
    start = backend.changes.after(ORG, None, 10).cursor
    assert backend.changes.after(ORG, start, 10).entries == ()
    backend.changes.append([change("a")])
    page = backend.changes.after(ORG, start, 10)
    backend.changes.append([change("b"), change("c")])
    assert names(backend, page.cursor) == ["b", "c"]
    assert names(backend, start) == ["a", "b", "c"]


def test_the_end_of_the_feed_repeats_the_last_minute_and_nothing_earlier(backend: Backend) -> None:
    assert names(backend, backend.changes.end(ORG)) == []
    backend.changes.append([change("a"), change("b")])
    backend.clock.advance(60)
    backend.changes.append([change("c")])
    backend.clock.advance(1)
    backend.changes.append([change("d")])
    end = backend.changes.end(ORG)
    assert names(backend, end) == ["c", "d"]
    backend.changes.append([change("e")])
    assert names(backend, end) == ["c", "d", "e"]


def test_the_end_of_a_feed_younger_than_a_minute_is_its_beginning(backend: Backend) -> None:
    backend.changes.append([change("a"), change("b")])
    assert names(backend, backend.changes.end(ORG)) == ["a", "b"]


def test_an_organization_reads_only_its_own_changes(backend: Backend) -> None:
    backend.changes.append([change("a"), change("theirs", organization_id=OTHER_ORG), change("b")])
    assert names(backend, None) == ["a", "b"]
    theirs = backend.changes.after(OTHER_ORG, None, 10)
    assert [entry.change.object_id for entry in theirs.entries] == ["theirs"]
    for cursor in (theirs.cursor, backend.changes.end(OTHER_ORG), "bm90b3Vycw", "~"):
        with pytest.raises(Refused) as refusal:
            backend.changes.after(ORG, cursor, 10)
        assert refusal.value.code == "cursor_invalid"


def test_a_change_can_be_read_for_30_days(backend: Backend) -> None:
    backend.changes.append([change("a")])
    backend.clock.advance(30 * DAY - 1)
    backend.changes.append([change("b")])
    assert names(backend, None) == ["a", "b"]
    backend.clock.advance(1)
    assert names(backend, None) == ["b"]


def test_the_cursor_of_a_page_that_begins_at_the_oldest_change_works_for_a_day(backend: Backend) -> None:
    backend.changes.append([change("a"), change("b")])
    backend.clock.advance(30 * DAY - 1)
    page = backend.changes.after(ORG, None, 1)
    backend.clock.advance(DAY)
    assert names(backend, page.cursor) == ["b"]
    backend.clock.advance(1)
    with pytest.raises(CursorExpired) as expired:
        backend.changes.after(ORG, page.cursor, 1)
    assert (expired.value.code, expired.value.field) == ("cursor_expired", "after")


def test_a_reader_that_reads_every_30_days_keeps_a_valid_cursor_although_nothing_changes(backend: Backend) -> None:
    backend.changes.append([change("a")])
    cursor = backend.changes.after(ORG, None, 10).cursor
    for _ in range(4):
        backend.clock.advance(30 * DAY)
        page = backend.changes.after(ORG, cursor, 10)
        assert (page.entries, page.has_more) == ((), False)
        cursor = page.cursor
    backend.changes.append([change("b")])
    assert names(backend, cursor) == ["b"]


def test_changes_appended_at_the_same_time_are_all_stored(backend: Backend) -> None:
    run_concurrently(lambda number: backend.changes.append([change(f"{number}-{each}") for each in range(3)]))
    object_ids = names(backend, None, 2)
    assert sorted(object_ids) == sorted(f"{number}-{each}" for number in range(6) for each in range(3))
    for number in range(6):
        assert [each for each in object_ids if each.startswith(f"{number}-")] == [
            f"{number}-{each}" for each in range(3)
        ]
