"""Tells changes: on the bus first, then in the feed.

A batch is told at least once. What cannot be told is queued without its object, and the others go on. If the bus or a
table does not answer, or AWS refuses any such request, the batch is repeated from the first record that was not told.
Only what is too old to wait longer is queued.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, TypeAlias

from chalicelib.domain.errors import DeploymentFault, Retryable
from chalicelib.ports import Ports
from chalicelib.ports.changes import BusEvent, Refusal, StoredChange
from chalicelib.usecases.telling.told_objects import CAN_WAIT, Shown, shows

PATIENCE = 12 * 3600
"""Seconds after which a record that still cannot be told is queued. The stream keeps it for 24 hours."""


class Record(NamedTuple):
    """A record of a stream. `place` is its sequence number, and `at` when it was written (epoch seconds UTC)."""

    place: str
    at: int
    body: Mapping[str, Any]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Returns a record from its body, as Lambda hands it over."""
        written = body["dynamodb"]
        return cls(str(written["SequenceNumber"]), int(written["ApproximateCreationDateTime"]), body)


NotNow: TypeAlias = Retryable | DeploymentFault


@dataclass(slots=True)
class Outcome:
    """What became of a batch. `repeat_from` is the place of the first record that is to come again."""

    told: int = 0
    untold: dict[str, str] = field(default_factory=dict)
    """Why records cannot be told, by their places."""
    repeat_from: str | None = None
    failure: NotNow | None = None
    """Why that record is to come again. If EventBridge did not take an event for the moment, the code is its own."""


Read = Callable[[Mapping[str, Any]], StoredChange | None]
Render = Callable[[StoredChange, Shown | None], Sequence[BusEvent]]


def tell_changes(records: Sequence[Record], read: Read, render: Render, ports: Ports) -> Outcome:
    """Tells a batch of records, in their order, and returns what became of it.

    `read` returns the change of a record, and `render` the events of a change. Whatever they raise concerns one
    record, unless it can wait.
    """
    outcome = Outcome()
    reasons: dict[str, str] = {}
    changes = _read(records, read, reasons)
    waiting: dict[str, NotNow] = {}
    try:
        events = _rendered(changes, render, reasons, ports)
        refusals = ports.bus.put([event for each in events.values() for event in each])
    except CAN_WAIT as error:
        waiting.update(dict.fromkeys(changes, error))
    else:
        waiting.update(_sort_out(events, refusals, reasons))
    for record in records:
        place = record.place
        try:
            if place in waiting:
                reasons[place] = _given_up(waiting[place], record, ports)
            reason = reasons.get(place)
            if reason is None and place in changes:
                reason = _append(changes[place], record, ports)
                outcome.told += reason is None
            if reason is not None:
                stored = changes.get(place)
                ports.untold.keep(record.body, reason, stored.change if stored is not None else None)
                outcome.untold[place] = reason
        except CAN_WAIT as error:
            outcome.failure = error
            outcome.repeat_from = place
            break
    return outcome


def _append(stored: StoredChange, record: Record, ports: Ports) -> str | None:
    """Appends a change to the feed. Returns why it never will be, or None if it was appended.

    Raises:
        Retryable, DeploymentFault: the feed does not answer, or refuses any change, and the record can wait.
    """
    try:
        ports.changes.append([stored.change])
    except CAN_WAIT as error:
        return _given_up(error, record, ports)
    except Exception as error:  # noqa: BLE001 a row that another release wrote, say: one feed must not stop the others
        return f"It is on the bus. This release cannot continue its feed: {type(error).__name__}."
    return None


def _given_up(failure: NotNow, record: Record, ports: Ports) -> str:
    """Returns why a record is queued that has waited too long. Raises: the failure, if the record can wait longer."""
    if record.at + PATIENCE >= ports.clock.now():
        raise failure
    if isinstance(failure, DeploymentFault):
        return f"{failure.code}: AWS refused POM's role, its credentials or a resource of the stack for hours."
    return f"{failure.code}: {failure.message}"


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


def _rendered(
    changes: Mapping[str, StoredChange], render: Render, reasons: dict[str, str], ports: Ports
) -> dict[str, Sequence[BusEvent]]:
    """Returns the events of each record.

    Raises:
        Retryable, DeploymentFault: what is shown with them cannot be read for the moment.
    """
    events: dict[str, Sequence[BusEvent]] = {}
    shown = shows(list(changes.values()), ports)
    for place, change in changes.items():
        try:
            events[place] = render(change, shown(change))
        except CAN_WAIT:
            raise
        except Exception as error:  # noqa: BLE001 the same
            reasons[place] = _unreadable(error)
    return events


def _sort_out(
    events: Mapping[str, Sequence[BusEvent]], refusals: Mapping[str, Refusal], reasons: dict[str, str]
) -> dict[str, NotNow]:
    """Returns why the bus may take records later, by their places, and enters why it does not take others."""
    waiting: dict[str, NotNow] = {}
    for place, told in events.items():
        refused = [refusals[event.id] for event in told if event.id in refusals]
        for_good = [each for each in refused if not each.transient]
        if for_good:
            reasons[place] = f"EventBridge refuses it: {for_good[0].code}. {for_good[0].message}"
        elif refused:
            waiting[place] = _not_taken(refused[0])
    return waiting


def _not_taken(why: Refusal) -> Retryable:
    return Retryable(
        why.code, f"EventBridge did not take it. {why.message}", next_step="The change is told again by itself."
    )


def _unreadable(error: Exception) -> str:
    """Returns why a record cannot be told, without what is in it: messages of exceptions may hold personal data."""
    return f"This release cannot read the record, or cannot show the object: {type(error).__name__}."
