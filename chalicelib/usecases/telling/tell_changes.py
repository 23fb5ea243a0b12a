"""Tells changes: on the bus first, then in the feed.

A batch is told at least once. What cannot be told is queued with its record, and the others go on. If the bus or a
table does not answer, the batch is repeated from the first record that was not told; only what is too old to wait
longer is queued. Every other failure concerns one record: a shard waits for its first record, so an error that ended
the batch would stop all organizations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.domain.errors import Retryable
from chalicelib.ports import Ports
from chalicelib.ports.changes import BusEvent, Refusal, StoredChange
from chalicelib.usecases.telling.told_objects import Shown, shown_objects

PATIENCE = 12 * 3600
"""Seconds after which a record that still cannot be told is queued. The stream keeps it for 24 hours."""


class Record(NamedTuple):
    """A record of a stream. `place` is its sequence number, and `at` when it was written (epoch seconds UTC)."""

    place: str
    at: int
    body: Mapping[str, Any]


class Repeat(NamedTuple):
    """The place of the first record that is to come again, and what did not answer."""

    place: str
    because: Retryable


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    told: int = 0
    untold: dict[str, str] = field(default_factory=dict)
    """Why records cannot be told, by their places."""
    repeat: Repeat | None = None

    @property
    def repeat_from(self) -> str | None:
        """The place of the first record that is to come again, if one is."""
        return self.repeat.place if self.repeat else None


Read = Callable[[Mapping[str, Any]], StoredChange | None]
Render = Callable[[StoredChange, Shown], Sequence[BusEvent]]


def tell_changes(records: Sequence[Record], read: Read, render: Render, ports: Ports) -> Outcome:
    """Tells a batch of records, in their order, and returns what became of it.

    `read` returns the change of a record, and `render` the events of a change. Whatever they raise concerns one
    record, unless it is `Retryable`.
    """
    outcome = Outcome()
    reasons: dict[str, str] = {}
    changes = _read(records, read, reasons)
    waiting = _put(changes, render, reasons, ports)
    for record in records:
        place = record.place
        try:
            if place not in reasons and place in changes:
                _append(record, changes[place], waiting.get(place), reasons, ports)
            if place in reasons:
                ports.untold.keep(record.body, reasons[place])
                outcome.untold[place] = reasons[place]
            elif place in changes:
                outcome.told += 1
        except Retryable as error:
            outcome.repeat = Repeat(place, error)
            break
    return outcome


def _read(records: Sequence[Record], read: Read, reasons: dict[str, str]) -> dict[str, StoredChange]:
    changes: dict[str, StoredChange] = {}
    for record in records:
        try:
            change = read(record.body)
        except Exception as error:  # noqa: BLE001 one record that nobody can read must not stop the others
            reasons[record.place] = _unreadable(error)
            continue
        if change is not None:
            changes[record.place] = change
    return changes


def _put(
    changes: Mapping[str, StoredChange], render: Render, reasons: dict[str, str], ports: Ports
) -> Mapping[str, Retryable]:
    """Puts the changes on the bus, and enters why some never can be.

    Returns why others are not on the bus yet, by their places.
    """
    try:
        events = _rendered(changes, render, reasons, ports)
        refusals = ports.bus.put([event for each in events.values() for event in each])
    except Retryable as error:
        return dict.fromkeys(changes, error)
    return _sort_out(events, refusals, reasons)


def _append(
    record: Record, stored: StoredChange, not_on_bus: Retryable | None, reasons: dict[str, str], ports: Ports
) -> None:
    """Appends a change to its feed if it is on the bus. Enters why it cannot be told if that will not change.

    Raises:
        Retryable: it can be told later, and may wait.
    """
    try:
        if not_on_bus is not None:
            raise not_on_bus
        ports.changes.append([stored.change])
    except Retryable as error:
        if record.at + PATIENCE >= ports.clock.now():
            raise
        reasons[record.place] = f"It could not be told for hours: {error.code}. {error.message}"
    except Exception as error:  # noqa: BLE001 one change that has no place in the feed must not stop the others
        reasons[record.place] = f"This release cannot add the change to the feed: {type(error).__name__}."


def _rendered(
    changes: Mapping[str, StoredChange], render: Render, reasons: dict[str, str], ports: Ports
) -> dict[str, Sequence[BusEvent]]:
    """Returns the events of each record. Raises: Retryable if what is shown with them cannot be read."""
    events: dict[str, Sequence[BusEvent]] = {}
    for place, shown in _shown(changes, reasons, ports).items():
        try:
            events[place] = render(changes[place], shown)
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 one object that cannot be shown must not stop the others
            reasons[place] = _unreadable(error)
    return events


def _shown(changes: Mapping[str, StoredChange], reasons: dict[str, str], ports: Ports) -> dict[str, Shown]:
    """Returns what is shown with each change, and enters why some cannot be shown.

    It is read for all changes together. If that fails, each is read alone, which shows whose reading fails: beside an
    invoice its customer is read, and the record of that customer may be damaged.

    Raises:
        Retryable: a table does not answer.
    """
    try:
        return dict(zip(changes, shown_objects(list(changes.values()), ports), strict=True))
    except Retryable:
        raise
    except Exception:  # noqa: BLE001 read alone, the record that it concerns meets it again
        return _shown_alone(changes, reasons, ports)


def _shown_alone(changes: Mapping[str, StoredChange], reasons: dict[str, str], ports: Ports) -> dict[str, Shown]:
    shown: dict[str, Shown] = {}
    for place, change in changes.items():
        try:
            [shown[place]] = shown_objects([change], ports)
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 one object that cannot be shown must not stop the others
            reasons[place] = _unreadable(error)
    return shown


def _sort_out(
    events: Mapping[str, Sequence[BusEvent]], refusals: Mapping[str, Refusal], reasons: dict[str, str]
) -> Mapping[str, Retryable]:
    """Returns why the bus may take records later, by their places. Enters why it never takes others."""
    waiting: dict[str, Retryable] = {}
    for place, told in events.items():
        refused = [refusals[event.id] for event in told if event.id in refusals]
        for_good = [each for each in refused if not each.transient]
        if for_good:
            reasons[place] = f"EventBridge refuses it: {for_good[0].code}. {for_good[0].message}"
        elif refused:
            waiting[place] = Retryable(refused[0].code, "EventBridge does not take the event at the moment.")
    return waiting


def _unreadable(error: Exception) -> str:
    """Returns why a record cannot be told, without what is in it: messages of exceptions may hold personal data."""
    return f"This release cannot read the record, or cannot show the object: {type(error).__name__}."
