"""Lists are read in portions, complete and in order, and no page is read before it is needed."""

from __future__ import annotations

from chalicelib.ports.paging import AT_ONCE, all_items, in_hundreds
from chalicelib.ports.storage import Page


def test_items_of_a_list_are_returned_in_order_and_pages_read_when_needed() -> None:
    cursors: list[str | None] = []

    def page_after(after: str | None) -> Page[int]:
        cursors.append(after)
        start = int(after or 0)
        return Page((start, start + 1), str(start + 2), has_next=start < 4)

    items = all_items(page_after)

    assert [next(items), next(items)] == [0, 1]
    assert cursors == [None]
    assert list(items) == [2, 3, 4, 5]
    assert cursors == [None, "2", "4"]


def test_an_empty_list_is_one_page() -> None:
    assert list(all_items(lambda after: Page((), None, has_next=False))) == []


def test_many_items_are_split_into_hundreds() -> None:
    assert [len(some) for some in in_hundreds(range(2 * AT_ONCE + 1))] == [AT_ONCE, AT_ONCE, 1]
    assert list(in_hundreds([])) == []
