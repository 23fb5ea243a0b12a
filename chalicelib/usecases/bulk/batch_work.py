"""Works on one lane's part of a batch, a chunk at a time.

A message is worked on for less than a minute. Then the progress of the lane is stored, and another message continues.
If a message is lost, `resume_stuck` sends the message of the present turn again. A message of an earlier turn is
dropped. An item that is worked on twice finds its own invoice or its own outcome.
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
from chalicelib.usecases.bulk.bill_item import bill_item
from chalicelib.usecases.bulk.import_customers import store_customer
from chalicelib.usecases.bulk.send_draft import send_draft

CHUNK_SECONDS = 40
CHUNK_ITEMS = 50
"""A chunk ends after this time or this many items. The function's timeout leaves room for slow requests of the last
item.
"""

LEASE = 300
"""Seconds after which a part without progress is taken up again."""

PAUSE = 60
"""Seconds for which a part waits after a failure of Stripe, and before undecided items are tried again."""

ATTEMPTS = 10


def _bill_or_send(batch: Batch, item: BatchItem, ports: Ports) -> bool:
    return send_draft(batch, item, ports) if batch.sends else bill_item(batch, item, ports)


WORK: Mapping[BatchKind, Callable[[Batch, BatchItem, Ports], bool]] = {
    BatchKind.INVOICES: _bill_or_send,
    BatchKind.CUSTOMERS: store_customer,
}
"""The work on an item, by the batch's kind. It stores the item's outcome, and returns False if there is none yet."""


class _ItemResult(Enum):
    DECIDED = auto()
    LEFT = auto()
    CANCELLED = auto()


def work_on_part(organization_id: OrganizationId, batch_id: BatchId, lane: int, turn: int, ports: Ports) -> None:
    """Continues a lane's part of a batch, if `turn` is the part's present turn.

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
        _wait_for_resumed_invoicing(part, ports)
        return
    full = full_rate(livemode=connection.livemode)
    stored_pace = ports.batches.pace(organization_id, lane)
    pace = (stored_pace or Pace(full)).within(full)
    if part.cursor == 0:  # lanes begin one after the other, not all at the same time
        pace = pace.delayed_until(ports.clock.milliseconds() + pace.interval * lane // LANES)
    until = ports.clock.now() + CHUNK_SECONDS
    stripe = PacedStripe(ports, pace, full, until)
    moved_part = _work_through_chunk(batch, part, stripe, paced(ports, stripe), until)
    if (pace_left := stripe.final_pace()) != stored_pace:
        ports.batches.save_pace(organization_id, lane, pace_left)
    _save_and_queue_next(moved_part, stripe, ports)


def _wait_for_resumed_invoicing(part: Part, ports: Ports) -> None:
    """Has the schedule try the part again later, because invoicing is paused."""
    with suppress(StaleWrite):
        ports.batches.save_part(replace(part, turn=part.turn + 1, resume_at=ports.clock.now() + PAUSE))


def _work_through_chunk(batch: Batch, part: Part, stripe: PacedStripe, ports: Ports, until: int) -> Part:
    """Returns the part after a chunk, on its next turn. It has no `resume_at` if there is nothing left to do."""
    positions = batch.positions(part.lane)
    cursor, undecided_count = part.cursor, part.left
    for item in ports.batches.items_at(batch, positions[cursor : cursor + CHUNK_ITEMS]):
        result = _decide(batch, item, ports)
        if result is _ItemResult.CANCELLED:
            return replace(part, turn=part.turn + 1, resume_at=None)
        cursor, undecided_count = cursor + 1, undecided_count + (result is _ItemResult.LEFT)
        if stripe.failing or ports.clock.now() >= until:
            break
    now = ports.clock.now()
    if cursor < len(positions):
        return replace(part, turn=part.turn + 1, cursor=cursor, left=undecided_count, resume_at=now + LEASE)
    if undecided_count:
        return part.again(now + PAUSE)
    return replace(part, turn=part.turn + 1, cursor=cursor, resume_at=None)


def _decide(batch: Batch, item: BatchItem, ports: Ports) -> _ItemResult:
    for _ in attempts(ATTEMPTS, ports.clock):
        current = ports.batches.get(batch.organization_id, batch.id) or batch
        if current.stopped:
            return _ItemResult.CANCELLED
        if not current.is_undecided(item):
            return _ItemResult.DECIDED
        try:
            return _ItemResult.DECIDED if WORK[batch.kind](current, item, ports) else _ItemResult.LEFT
        except StaleWrite:
            [item] = ports.batches.items_at(batch, [item.position])
    return _ItemResult.LEFT


def _save_and_queue_next(part: Part, stripe: PacedStripe, ports: Ports) -> None:
    """Stores the progress of the part, and queues its next turn. After a failure of Stripe, the schedule queues
    it.
    """
    now = ports.clock.now()
    continues = part.cursor > 0 and part.resume_at is not None
    if continues and stripe.failing:
        part, continues = replace(part, resume_at=now + PAUSE), False
    try:
        ports.batches.save_part(part)
    except StaleWrite:
        return  # a user requested another round, which has queued its own messages
    if continues:
        ports.queues.send(BatchJob(part.organization_id, part.batch_id, part.lane, part.turn))
