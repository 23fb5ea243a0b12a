"""Which ids the unit of work at hand is about: every log line carries them, so that one query follows a request.

A unit of work is a request, a message, or a tick of a schedule; `request_id` travels with the messages it queues.
Only ids are noted here, and only such as are ours, AWS's or Stripe's: nothing that a caller could have made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_NOTHING: Mapping[str, str] = {}
_known: ContextVar[dict[str, str]] = ContextVar("known")


@contextmanager
def about(**known: str | None) -> Iterator[Mapping[str, str]]:
    """Within this block these ids are known, besides those known around it and those that are noted in it."""
    inner = {**_known.get(_NOTHING), **{name: value for name, value in known.items() if value is not None}}
    token = _known.set(inner)
    try:
        yield inner
    finally:
        _known.reset(token)


def note(**found: str | None) -> None:
    """The unit of work turns out to be about this too."""
    known = _known.get(None)
    if known is not None:
        known.update({name: value for name, value in found.items() if value is not None})


def ids() -> Mapping[str, str]:
    """What is known now."""
    return _known.get(_NOTHING)


def request_id() -> str | None:
    """What the work at hand goes back to: a request of the API, or a tick of a schedule."""
    return _known.get(_NOTHING).get("request_id")
