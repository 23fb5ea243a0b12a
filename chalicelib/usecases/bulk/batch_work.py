"""One lane's part of a batch, a chunk at a time.

A message is worked on for less than a minute; then the lane's part says how far it is and another message goes on.
Whatever is lost in between, `resume_stuck` sends the message of the present turn again, and one of an earlier turn is
dropped. An item that was worked on twice meets its own invoice, or its own outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto

from chalicelib.domain.batch import Batch, BatchItem, BatchKind, Part
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import BatchId, OrganizationId
from chalicelib.domain.pacing import LANES, Pace, full_rate
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.messages import BatchJob
from chalicelib.ports.pacing import PacedStripe, paced
from chalicelib.usecases.bulk.bill_item import bill
from chalicelib.usecases.bulk.import_customers import keep_customer
from chalicelib.usecases.bulk.send_draft import send_draft

CHUNK_SECONDS = 40
CHUNK_ITEMS = 50
"""A chunk ends with whichever comes first. The function's timeout leaves room for the last item's slow requests."""

LEASE = 300
"""Seconds after which a part that nobody has moved on is taken up again."""

PAUSE = 60
"""Seconds for which a part rests when Stripe fails, and before items that could not be decided are tried again."""

ATTEMPTS = 10


def _bill_or_send(batch: Batch, item: BatchItem, ports: Ports) -> bool:
    return send_draft(batch, item, ports) if batch.sends else bill(batch, item, ports)


WORK: Mapping[BatchKind, Callable[[Batch, BatchItem, Ports], bool]] = {
    BatchKind.INVOICES: _bill_or_send,
    BatchKind.CUSTOMERS: keep_customer,
}
"""What is done with an item; answers whether it is decided now, and stores that."""


class _Came(Enum):
    DECIDED = auto()
    LEFT = auto()
    CANCELLED = auto()


def work_on(organization_id: OrganizationId, batch_id: BatchId, lane: int, turn: int, ports: Ports) -> None:
    """Go on with a lane's part of a batch, if this is its turn.

    Raises:
        Retryable: the database or the queue does not answer; the message is to be delivered again.
    """
    part = ports.batches.part(organization_id, batch_id, lane)
    batch = ports.batches.get(organization_id, batch_id)
    if part is None or part.turn != turn or part.resume_at is None:
        return
    if batch is None or batch.stopped:  # DynamoDB has deleted it (see `retention`), or it was cancelled
        ports.batches.save_part(replace(part, resume_at=None))
        return
    connection = ports.connections.get(organization_id)
    if connection.frozen is not None and batch.kind is BatchKind.INVOICES:
        _rest(part, ports)
        return
    full = full_rate(livemode=connection.livemode)
    known = ports.batches.pace(organization_id, lane)
    pace = (known or Pace(full)).within(full)
    if part.cursor == 0:  # lanes begin one after the other, not all at the same moment
        pace = pace.delayed_until(ports.clock.milliseconds() + pace.interval * lane // LANES)
    until = ports.clock.now() + CHUNK_SECONDS
    stripe = PacedStripe(ports, pace, full, until)
    moved = _worked(batch, part, stripe, paced(ports, stripe), until)
    if (left_at := stripe.final_pace()) != known:
        ports.batches.save_pace(organization_id, lane, left_at)
    _hand_on(moved, stripe, ports)


def _rest(part: Part, ports: Ports) -> None:
    """Invoicing is paused: the schedule looks again."""
    with suppress(StaleWrite):
        ports.batches.save_part(replace(part, turn=part.turn + 1, resume_at=ports.clock.now() + PAUSE))


def _worked(batch: Batch, part: Part, stripe: PacedStripe, ports: Ports, until: int) -> Part:
    """The part as it is after a chunk, on its next turn; resting if there is nothing more to do."""
    positions = batch.positions(part.lane)
    cursor, left = part.cursor, part.left
    for item in ports.batches.items_at(batch, positions[cursor : cursor + CHUNK_ITEMS]):
        came = _decided(batch, item, ports)
        if came is _Came.CANCELLED:
            return replace(part, turn=part.turn + 1, resume_at=None)
        cursor, left = cursor + 1, left + (came is _Came.LEFT)
        if stripe.failing or ports.clock.now() >= until:
            break
    now = ports.clock.now()
    if cursor < len(positions):
        return replace(part, turn=part.turn + 1, cursor=cursor, left=left, resume_at=now + LEASE)
    if left:
        return part.again(now + PAUSE)
    return replace(part, turn=part.turn + 1, cursor=cursor, resume_at=None)


def _decided(batch: Batch, item: BatchItem, ports: Ports) -> _Came:
    for _ in attempts(ATTEMPTS, ports.clock):
        current = ports.batches.get(batch.organization_id, batch.id) or batch
        if current.stopped:
            return _Came.CANCELLED
        if not current.is_undecided(item):
            return _Came.DECIDED
        try:
            return _Came.DECIDED if WORK[batch.kind](current, item, ports) else _Came.LEFT
        except StaleWrite:
            [item] = ports.batches.items_at(batch, [item.position])
    return _Came.LEFT


def _hand_on(part: Part, stripe: PacedStripe, ports: Ports) -> None:
    """Store how far the part is, and queue the rest; after a failure of Stripe's the schedule takes it up."""
    now = ports.clock.now()
    goes_on = part.cursor > 0 and part.resume_at is not None
    if goes_on and stripe.failing:
        part, goes_on = replace(part, resume_at=now + PAUSE), False
    try:
        ports.batches.save_part(part)
    except StaleWrite:
        return  # somebody asked for another round: its own messages are on their way
    if goes_on:
        ports.queues.send(BatchJob(part.organization_id, part.batch_id, part.lane, part.turn))
