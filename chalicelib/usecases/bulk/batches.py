"""Stores batches, lists them, retries their failures, sends their drafts and cancels them. `batch_work` works on
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.batch import TO_SEND, Batch, BatchItem, BatchKind, BatchStatus, ItemStatus, Part
from chalicelib.domain.connection import Freeze, account_to_invoice_on
from chalicelib.domain.errors import Conflict, NotFound, StaleWrite
from chalicelib.domain.identifiers import BatchId, OrganizationId, UserId, digest
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.messages import BatchJob
from chalicelib.ports.storage import Page
from chalicelib.usecases.bulk.lanes import parts_of, status_of

AT_ONCE = 200
"""The most parts that `resume_batches` resumes in one run."""

LEASE = 120
"""Seconds until a part that was not begun is resumed, because its message may not have been sent."""

ATTEMPTS = 30
"""The header changes with every item, so a change of the whole header may need several attempts."""


def begin(batch: Batch, items: Sequence[BatchItem], ports: Ports) -> Batch:
    """Stores the batch and starts it. A repeated request completes what an earlier request left undone.

    Raises:
        Conflict: the same key was used for something else.
        Retryable: not everything is stored, and nothing has begun. A repeated request resumes the storing.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        stored_batch = ports.batches.get(batch.organization_id, batch.id)
        if stored_batch is not None and stored_batch.fingerprint != batch.fingerprint:
            raise Conflict(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request.",
                field="Idempotency-Key",
                next_step="Use a new key for a new request; repeat the same body to repeat the request.",
            )
        if stored_batch is not None and (stored_batch.stored or stored_batch.cancelled_at is not None):
            return stored_batch
        try:
            storing = stored_batch or ports.batches.save(batch)
            ports.batches.add_items(storing, items)
            complete, parts = replace(storing, stored=True), _parts(batch, ports)
            running = ports.batches.save(complete, parts)
        except StaleWrite:
            continue
        _queue(parts, ports)
        return running
    raise StaleWrite("The batch")


def get_batch(organization_id: OrganizationId, batch_id: BatchId, kind: BatchKind, ports: Ports) -> Batch:
    """Returns one batch.

    Raises:
        NotFound: this organization has none of this id and kind.
    """
    batch = ports.batches.get(organization_id, batch_id)
    if batch is None or batch.kind is not kind:
        raise NotFound(
            "batch_not_found",
            "There is no batch with this id.",
            field="batchId" if kind is BatchKind.INVOICES else "importId",
            next_step="Use the id from the response that created the batch.",
        )
    return batch


def list_batches(
    organization_id: OrganizationId, kind: BatchKind, first: int, after: str | None, ports: Ports
) -> Page[Batch]:
    """Returns a page of batches, newest first."""
    return ports.batches.page(organization_id, kind, first, after)


def pause_of(batch: Batch, ports: Ports) -> Freeze | None:
    """Returns the pause of the organization's invoicing if it holds up this batch, or None."""
    return ports.connections.get(batch.organization_id).frozen if batch.status is BatchStatus.RUNNING else None


def list_items(batch: Batch, first: int, after: str | None, ports: Ports) -> Page[BatchItem]:
    """Returns a page of a batch's items in the order of the request."""
    return ports.batches.items(batch, first, after)


def retry_failures(organization_id: OrganizationId, batch_id: BatchId, ports: Ports) -> Batch:
    """Queues the failed items again. Changes nothing if there are none.

    Raises:
        NotFound: this organization has no such batch of invoices.
        Conflict: the batch was cancelled, or its drafts are being sent.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        batch = get_batch(organization_id, batch_id, BatchKind.INVOICES, ports)
        if batch.cancelled_at is not None:
            raise Conflict(
                "batch_cancelled",
                "This batch was cancelled.",
                next_step="Bill what is left in a new batch; what is billed already stays billed once.",
            )
        if not batch.counts.get(ItemStatus.FAILED):
            return batch
        if batch.sends and _under_way(batch, ports):
            raise _batch_running(batch, "Its drafts are being sent.")
        try:
            return _begin_round(batch.next_round(), ports)
        except StaleWrite:
            continue
    raise StaleWrite("The batch")


def send_drafts(
    organization_id: OrganizationId, batch_id: BatchId, user_id: UserId, key: str | None, ports: Ports
) -> Batch:
    """Queues the drafts of a reviewed batch for sending, including those that were held back. Changes nothing if
    there are none.

    A repeated request orders nothing again, either while the drafts are being sent, or with the same idempotency key
    at any time.

    Raises:
        NotFound: this organization has no such batch of invoices.
        Conflict: the batch is still being created or cancelled, the organization is not connected, or its invoicing
            is paused.
        Refused: Stripe does not let the account take payments.
    """
    order = digest("send", batch_id, key) if key is not None else None
    for _ in attempts(ATTEMPTS, ports.clock):
        batch = get_batch(organization_id, batch_id, BatchKind.INVOICES, ports)
        if _sending_is_ordered(batch, order):
            return batch
        if _under_way(batch, ports):
            raise _batch_running(batch, "Its invoices are still being made.")
        if not any(map(batch.count, TO_SEND)):
            return batch
        account_to_invoice_on(ports.connections.get(organization_id), send=True)
        try:
            return _begin_round(batch.round_of_sending(user_id, ports.clock.now(), order), ports)
        except StaleWrite:
            continue
    raise StaleWrite("The batch")


def _sending_is_ordered(batch: Batch, order: str | None) -> bool:
    """Returns True if the requested sending has been ordered before."""
    if batch.sending is None:
        return False
    if order is not None and batch.sending.order == order:
        return True
    return batch.sends and batch.status is BatchStatus.RUNNING


def _under_way(batch: Batch, ports: Ports) -> bool:
    """Returns True if the batch's present round is not finished. After a cancellation, lanes finish their present
    items.
    """
    return status_of(batch, ports) not in (BatchStatus.COMPLETED, BatchStatus.CANCELLED)


def _batch_running(batch: Batch, reason: str) -> Conflict:
    if batch.stopped:
        message = "This batch was cancelled, and the invoices that were being worked on are still being finished."
        return Conflict("batch_running", message, next_step="Wait until that is done, and repeat the request.")
    return Conflict(
        "batch_running",
        f"This batch is not finished. {reason}",
        next_step="Wait until nothing of it is queued, and repeat the request.",
    )


def cancel(organization_id: OrganizationId, batch_id: BatchId, ports: Ports) -> Batch:
    """Cancels the queued items. Items that are being worked on are finished.

    While drafts are being sent, a queued item stays a draft.

    Raises:
        NotFound: no such batch.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        batch = get_batch(organization_id, batch_id, BatchKind.INVOICES, ports)
        if batch.stopped or not batch.open:
            return batch
        try:
            return ports.batches.save(batch.cancelled(ports.clock.now()))
        except StaleWrite:
            continue
    raise StaleWrite("The batch")


def resume_batches(ports: Ports) -> int:
    """Sends the messages again that may be lost. Returns their number."""
    due = ports.batches.due_parts(ports.clock.now(), AT_ONCE)
    for organization_id, batch_id, lane in due:
        part = ports.batches.part(organization_id, batch_id, lane)
        if part is not None:
            ports.queues.send(BatchJob(organization_id, batch_id, lane, part.turn))
    return len(due)


def _begin_round(batch: Batch, ports: Ports) -> Batch:
    """Stores the batch in its new round, and starts every lane.

    Raises:
        StaleWrite: the batch has changed since it was read.
    """
    parts = _parts(batch, ports)
    saved = ports.batches.save(batch, parts)
    _queue(parts, ports)
    return saved


def _parts(batch: Batch, ports: Ports) -> list[Part]:
    """Returns every lane's part, set to begin with its first item."""
    resume_at = ports.clock.now() + LEASE
    stored_parts = {part.lane: part for part in parts_of([batch], ports)}
    new = (batch.part(lane) for lane in range(min(batch.lanes, batch.total)))
    # A part that a former release wrote has no expiry.
    parts = (replace(stored_parts.get(part.lane, part), expires_at=part.expires_at) for part in new)
    return [part.again(resume_at) for part in parts]


def _queue(parts: Sequence[Part], ports: Ports) -> None:
    for part in parts:
        ports.queues.send(BatchJob(part.organization_id, part.batch_id, part.lane, part.turn))
