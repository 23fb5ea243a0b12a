"""What differs between a recorded answer and the double's to the same request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How the two differ."""

    MISSING = "missing"
    """The double has the field, the recorded answer lacks it."""
    EXTRA = "extra"
    """The recorded answer has the field, the double lacks it."""
    TYPE = "other type"
    NULL = "other null-ness"
    VALUE = "other value"
    """Of a word, a truth value, an amount, a moment or a reference. Ids, addresses and texts are not compared."""
    STATUS = "other HTTP status"
    ERROR = "other error"
    """Another type, code, decline code or parameter."""
    HEADER = "other header"
    EVENT_MISSING = "event missing"
    """The double makes the event, the account did not."""
    EVENT_EXTRA = "event extra"
    """The account made the event, the double does not."""
    EVENT_ORDER = "events in another order"
    NOT_PLAYED = "not played"
    """The double refuses the request because it does not play it."""
    IN_TIME = "not in time"
    """What the recording waited for does not come true in the double."""


@dataclass(frozen=True)
class Difference:
    """One difference. `recorded` and `played` are the two values; None where there is none."""

    kind: Kind
    step: str
    """The story and the step of the exchange."""
    request: str
    """Such as `POST /v1/invoices/{id}/finalize`."""
    object: str
    """Stripe's name of the kind of object that holds the field, such as `invoice`; the type of an event."""
    path: str
    """The field within that object, such as `status_transitions.paid_at`."""
    recorded: Any = None
    played: Any = None


def without_repetitions(differences: Iterable[Difference]) -> list[Difference]:
    """Returns the differences, of which each step names each once."""
    first: dict[tuple[str, ...], Difference] = {}
    for each in differences:
        first.setdefault((each.kind, each.step, each.request, each.object, each.path), each)
    return list(first.values())
