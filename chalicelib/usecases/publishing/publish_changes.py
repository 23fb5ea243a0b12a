"""Publishes changes: on the bus first, then in the feed.

Each change is published at least once. A change that can never be published is queued without its object, and the
remaining changes are published. If the bus or a table does not respond, or if AWS refuses all requests of this kind,
the batch is repeated from the first unpublished record. Only a record that is too old to wait longer is queued then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, TypeAlias

from chalicelib.domain.errors import DeploymentFault, Retryable
from chalicelib.ports import Ports
from chalicelib.ports.changes import BusEvent, Refusal, StoredChange
from chalicelib.usecases.publishing.published_objects import CAN_WAIT, PublishedObject, published_objects

PATIENCE = 12 * 3600
"""Seconds after which a record that still cannot be published is queued. The stream retains it for 24 hours."""


class Record(NamedTuple):
    """A record of a stream. `place` is its sequence number. `at` is the time of its writing (epoch seconds UTC)."""

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
    """The outcome of a batch. `repeat_from` is the place of the record from which the batch is repeated, or None."""

    published: int = 0
    unpublished: dict[str, str] = field(default_factory=dict)
    """The reasons why records cannot be published, by the records' places."""
    repeat_from: str | None = None
    failure: NotNow | None = None
    """The reason for the repetition. If EventBridge refused an event temporarily, the code is EventBridge's."""


Read = Callable[[Mapping[str, Any]], StoredChange | None]
Render = Callable[[StoredChange, PublishedObject | None], Sequence[BusEvent]]


def publish_records(records: Sequence[Record], read: Read, render: Render, ports: Ports) -> Outcome:
    """Publishes a batch of records in their order, and returns the outcome.

    `read` returns the change of a record, and `render` returns the events of a change. An exception from either
    concerns one record, unless it is one of `CAN_WAIT`, which concern the batch.
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
                outcome.published += reason is None
            if reason is not None:
                stored = changes.get(place)
                ports.unpublished.keep(record.body, reason, stored.change if stored is not None else None)
                outcome.unpublished[place] = reason
        except CAN_WAIT as error:
            outcome.failure = error
            outcome.repeat_from = place
            break
    return outcome


def _append(stored: StoredChange, record: Record, ports: Ports) -> str | None:
    """Appends a change to the feed. Returns None, or the reason why the change can never be appended.

    Raises:
        Retryable, DeploymentFault: the feed does not respond, or refuses every change, and the record can wait.
    """
    try:
        ports.changes.append([stored.change])
    except CAN_WAIT as error:
        return _given_up(error, record, ports)
    except Exception as error:  # noqa: BLE001 a row that another release wrote, say: one feed must not stop the others
        return f"It is on the bus. This release cannot continue its feed: {type(error).__name__}."
    return None


def _given_up(failure: NotNow, record: Record, ports: Ports) -> str:
    """Returns the reason why a record that has waited too long is queued. Raises `failure` if the record can wait."""
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
        except Exception as error:  # noqa: BLE001 an unreadable record must not stop the others
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
        Retryable, DeploymentFault: the objects that the events show cannot be read at present.
    """
    events: dict[str, Sequence[BusEvent]] = {}
    object_of = published_objects(list(changes.values()), ports)
    for place, change in changes.items():
        try:
            events[place] = render(change, object_of(change))
        except CAN_WAIT:
            raise
        except Exception as error:  # noqa: BLE001 one object that cannot be shown must not stop the others
            reasons[place] = _unreadable(error)
    return events


def _sort_out(
    events: Mapping[str, Sequence[BusEvent]], refusals: Mapping[str, Refusal], reasons: dict[str, str]
) -> dict[str, NotNow]:
    """Returns the temporary refusals of the bus by place, and adds its final refusals to `reasons`."""
    waiting: dict[str, NotNow] = {}
    for place, record_events in events.items():
        refused = [refusals[event.id] for event in record_events if event.id in refusals]
        final = [each for each in refused if not each.transient]
        if final:
            reasons[place] = f"EventBridge refuses it: {final[0].code}. {final[0].message}"
        elif refused:
            waiting[place] = _not_taken(refused[0])
    return waiting


def _not_taken(refusal: Refusal) -> Retryable:
    return Retryable(
        refusal.code,
        f"EventBridge did not take it. {refusal.message}",
        next_step="The change is published again automatically.",
    )


def _unreadable(error: Exception) -> str:
    """Returns the reason why a record cannot be read, without the error's message, which may hold personal data."""
    return f"This release cannot read the record, or cannot show the object: {type(error).__name__}."
