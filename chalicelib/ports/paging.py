"""Reads lists page by page, and splits items into the batches that a store accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from chalicelib.ports.storage import Page

T = TypeVar("T")

AT_ONCE = 100
"""The most ids or items that a store accepts in one call."""


def all_items(page_after: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Yields all items of a list. `page_after` returns the page after a cursor, or the first page for None.

    The next page is read only when all items of the page before have been consumed.
    """
    after: str | None = None
    while True:
        page = page_after(after)
        yield from page.items
        if not page.has_next:
            return
        after = page.end_cursor


def in_hundreds(items: Iterable[T]) -> Iterator[list[T]]:
    """Yields the items in lists of at most `AT_ONCE`."""
    each = iter(items)
    while some := list(islice(each, AT_ONCE)):
        yield some
