"""Pages over rows in memory."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import digest
from chalicelib.ports.storage import Page

T = TypeVar("T")


def page_of(
    rows: Iterable[T],
    position: Callable[[T], tuple[int, str]],
    name: tuple[str, ...],
    first: int,
    after: str | None,
    *,
    descending: bool = False,
) -> Page[T]:
    """Returns the `first` rows after the cursor in the order of `position`; `name` identifies the list in its
    cursors.

    A cursor holds a position, not a count, so that it stays good while rows come and go.
    """
    ordered = sorted(rows, key=position, reverse=descending)
    if after is not None:
        end = _position_in(after, name)
        ordered = [row for row in ordered if (position(row) < end if descending else position(row) > end)]
    page_rows = tuple(ordered[:first])
    return Page(
        items=page_rows,
        end_cursor=_cursor(position(page_rows[-1]), name) if page_rows else None,
        has_next=len(ordered) > first,
    )


def rows_behind(
    rows: Iterable[T], position: Callable[[T], tuple[int, str]], name: tuple[str, ...], after: str | None
) -> Iterator[tuple[str, T]]:
    """Yields the rows after the cursor in the order of `position`, each with the cursor that follows it."""
    end = _position_in(after, name) if after is not None else None
    for row in sorted(rows, key=position):
        if end is None or position(row) > end:
            yield _cursor(position(row), name), row


def _cursor(position: tuple[int, str], name: tuple[str, ...]) -> str:
    return urlsafe_b64encode(json.dumps([digest(*name), *position]).encode()).decode()


def _position_in(after: str, name: tuple[str, ...]) -> tuple[int, str]:
    try:
        made_for, at, key = json.loads(urlsafe_b64decode(after))
    except (ValueError, TypeError) as exc:
        raise _cursor_invalid() from exc
    if made_for != digest(*name):
        raise _cursor_invalid()
    return int(at), str(key)


def _cursor_invalid() -> Refused:
    return Refused("cursor_invalid", "This cursor does not belong to this list.", field="after")
