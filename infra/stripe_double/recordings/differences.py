"""The differences between a recorded response and the double's response to the same request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kinds of differences."""

    MISSING = "missing"
    """The double's response has the field, and the recorded response does not."""
    EXTRA = "extra"
    """The recorded response has the field, and the double's does not."""
    TYPE = "other type"
    NULL = "other null-ness"
    VALUE = "other value"
    """A word, boolean, amount, timestamp or reference differs. Ids, addresses and other texts are not compared."""
    STATUS = "other HTTP status"
    ERROR = "other error"
    """The type, code, decline code or parameter of the error differs."""
    HEADER = "other header"
    EVENT_MISSING = "event missing"
    """The double emits the event, and the account did not."""
    EVENT_EXTRA = "event extra"
    """The account emitted the event, and the double does not."""
    EVENT_ORDER = "events in another order"
    NOT_PLAYED = "not played"
    """The double refuses the request because it does not implement it."""
    IN_TIME = "not in time"
    """The values for which the recording waited do not appear in the double."""


@dataclass(frozen=True)
class Difference:
    """One difference. `recorded` and `played` are the two values; a value that does not exist is None."""

    kind: Kind
    step: str
    """The story and the step of the exchange."""
    request: str
    """The method and the path template, such as `POST /v1/invoices/{id}/finalize`."""
    object: str
    """The kind of the object that holds the field in Stripe's words, such as `invoice`; for an event, its type."""
    path: str
    """The field within that object, such as `status_transitions.paid_at`."""
    recorded: Any = None
    played: Any = None


def without_repetitions(differences: Iterable[Difference]) -> list[Difference]:
    """Returns the first of the equal differences within each step."""
    first: dict[tuple[str, ...], Difference] = {}
    for each in differences:
        first.setdefault((each.kind, each.step, each.request, each.object, each.path), each)
    return list(first.values())
