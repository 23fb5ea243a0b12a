"""Holds the ids that the present unit of work is about. Every log line carries them, so one query follows a request.

A unit of work is a request, a message, or a tick of a schedule. Its `request_id` travels with the messages it queues.
Only ids of POM, AWS or Stripe are noted here, and no values that a caller could have made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_NOTHING: Mapping[str, str] = {}
_known: ContextVar[dict[str, str]] = ContextVar("known")


@contextmanager
def about(**added_ids: str | None) -> Iterator[Mapping[str, str]]:
    """Adds these ids to the unit of work within this block. Yields all its ids, including those that are noted
    later.
    """
    inner = {**_known.get(_NOTHING), **{name: value for name, value in added_ids.items() if value is not None}}
    token = _known.set(inner)
    try:
        yield inner
    finally:
        _known.reset(token)


def note(**added_ids: str | None) -> None:
    """Adds ids that were found during the unit of work. Does nothing outside a unit of work."""
    present_ids = _known.get(None)
    if present_ids is not None:
        present_ids.update({name: value for name, value in added_ids.items() if value is not None})


def ids() -> Mapping[str, str]:
    """Returns the ids of the present unit of work."""
    return _known.get(_NOTHING)


def request_id() -> str | None:
    """Returns the id of the API request or the tick that caused the present work, or None."""
    return _known.get(_NOTHING).get("request_id")
