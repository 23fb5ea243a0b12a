"""Reads a list page by page, and asserts the rules that hold for the pages of every list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.ports.storage import Page

T = TypeVar("T")


def all_items(page_after: Callable[[str | None], Page[T]], first: int) -> list[T]:
    """Returns the items of all pages. Asserts that each page but the last is full, and each page with items has a
    cursor.
    """
    items: list[T] = []
    after = None
    while True:
        page = page_after(after)
        items += page.items
        assert len(page.items) == first or not page.has_next
        assert (page.end_cursor is None) == (not page.items)
        if not page.has_next:
            return items
        after = page.end_cursor
