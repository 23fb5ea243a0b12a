"""Lists that are taken a portion at a time, as stores list them and as a batch read takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from chalicelib.ports.storage import Page

T = TypeVar("T")

AT_ONCE = 100
"""How many ids or items a store takes in one call."""


def all_items(page_after: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Yields the items of a list. `page_after` returns the page behind a cursor, or the first one for None.

    A page is asked for when all items of the page before it are taken.
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
