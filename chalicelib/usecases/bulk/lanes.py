"""Reads the progress of the lanes of batches, and derives the status of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.batch import Batch, BatchStatus, Part
from chalicelib.domain.identifiers import BatchId
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds


def statuses_of(batches: Sequence[Batch], ports: Ports) -> Mapping[BatchId, BatchStatus]:
    """Returns the statuses of batches of one organization, by batch id.

    Lanes are read only for cancelled batches, with one batch read for each ten cancelled batches.
    """
    cancelled_batches = [each for each in batches if each.stopped]
    finishing = {part.batch_id for part in parts_of(cancelled_batches, ports) if _is_at_work(part)}
    return {each.id: BatchStatus.CANCELLING if each.id in finishing else each.status for each in batches}


def status_of(batch: Batch, ports: Ports) -> BatchStatus:
    """Returns the status of a batch."""
    return statuses_of([batch], ports)[batch.id]


def with_status(batch: Batch, ports: Ports) -> tuple[Batch, BatchStatus]:
    """Returns a batch and its status. If the batch was cancelled and its lanes have stopped, its counts are final."""
    status = status_of(batch, ports)
    if not batch.stopped or status is BatchStatus.CANCELLING:
        return batch, status
    reread = ports.batches.get(batch.organization_id, batch.id)
    return (batch, status) if reread is None or reread.version == batch.version else with_status(reread, ports)


def parts_of(batches: Iterable[Batch], ports: Ports) -> Sequence[Part]:
    """Returns the progress of each lane of these batches, which belong to one organization.

    Lanes that have not been started are left out.
    """
    lanes = [(each, lane) for each in batches for lane in range(min(each.lanes, each.total))]
    return [
        part
        for portion in in_hundreds(lanes)
        for part in ports.batches.parts(portion[0][0].organization_id, [(each.id, lane) for each, lane in portion])
    ]


def _is_at_work(part: Part) -> bool:
    """Returns True if the lane works on the batch, or is due to resume later."""
    return part.resume_at is not None
