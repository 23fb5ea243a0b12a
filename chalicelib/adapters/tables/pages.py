"""The paging that lists share: pages of rows, and the items behind the keys of an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib.adapters.tables.database import MAX_ITEMS_AT_ONCE, translating_errors
from chalicelib.adapters.tables.keys import cursor
from chalicelib.ports.storage import Page

T = TypeVar("T")
Id = TypeVar("Id", bound=str)


def page_of(rows: Iterable[tuple[str, T]], listing: str, first: int) -> Page[T]:
    """Returns the first rows as a page of the list `listing`. Each row has its place in the list.

    It reads one more row, which shows whether there is a next page.
    """
    fetched = list(islice(rows, first + 1))
    page_rows = fetched[:first]
    return Page(
        items=tuple(each for _, each in page_rows),
        end_cursor=cursor(listing, page_rows[-1][0]) if page_rows else None,
        has_next=len(fetched) > first,
    )


def places_between(
    index: GlobalSecondaryIndex[Any],
    partition: str,
    range_key: UnicodeAttribute,
    low: str,
    high: str,
    *,
    position: str | None,
    count: int,
    newest_first: bool = False,
) -> Iterator[tuple[str, Any]]:
    """Yields each range key from `low` to `high` that comes after `position`, with its item. A query reads `count`.

    `position` is a bound of the key condition and not an ExclusiveStartKey, so a forged cursor cannot lead outside
    the caller's own partition. Neither `low` nor `high` is the range key of an item.
    """
    if position is not None:
        low, high = (low, min(high, position)) if newest_first else (max(low, position), high)
    if low >= high:
        return
    rows = index.query(
        partition,
        range_key.between(low, high),
        scan_index_forward=not newest_first,
        page_size=count + 1,  # BETWEEN may include the position itself
    )
    with translating_errors():
        for item in rows:
            place: str = getattr(item, range_key.attr_name)
            if place != position:
                yield place, item


def read_at(
    places: Iterator[tuple[str, Id]], count: int, read_by_ids: Callable[[Sequence[Id]], Mapping[Id, T]]
) -> Iterator[tuple[str, T]]:
    """Yields the items at these places, reading `count` at a time. `read_by_ids` returns the existing items."""
    while portion := list(islice(places, min(count, MAX_ITEMS_AT_ONCE))):
        items_by_id = read_by_ids([item_id for _, item_id in portion])
        yield from ((place, items_by_id[item_id]) for place, item_id in portion if item_id in items_by_id)
