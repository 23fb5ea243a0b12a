"""What is told of an invoice: what changed between two of its stored versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.domain.changes import NOTHING, ChangeType, Difference
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus

ENDED: Mapping[InvoiceStatus, ChangeType] = {
    InvoiceStatus.VOID: ChangeType.INVOICE_VOIDED,
    InvoiceStatus.UNCOLLECTIBLE: ChangeType.INVOICE_UNCOLLECTIBLE,
}
"""What tells that an invoice has ended without its money."""


def invoice_difference(before: Invoice | None, after: Invoice | None) -> Difference:
    """Returns what is told of the change from `before` to `after`. None means that there is no record.

    An invoice that POM is still creating is not told. If creating it fails, its record is deleted, and nobody needs
    to know. So is the record of a failed backfill.
    """
    before = before if before is not None and _told(before) else None
    previous_status = before.status if before is not None else None
    if after is None or not _told(after):
        deleted = after is None and before is not None
        return Difference((ChangeType.INVOICE_DELETED,), previous_status) if deleted else NOTHING
    types = tuple(_types(before, after))
    return Difference(types, previous_status, after.status) if types else NOTHING


def _told(invoice: Invoice) -> bool:
    return invoice.status is not InvoiceStatus.CREATING


def _types(before: Invoice | None, after: Invoice) -> Iterator[ChangeType]:
    """Yields what is told, in the order in which people would tell it."""
    entered = before is None or before.status is not after.status
    sent = after.sent_at is not None and (before is None or before.sent_at != after.sent_at)
    if before is None:
        yield ChangeType.INVOICE_CREATED
    elif before.stripe_invoice_id not in (None, after.stripe_invoice_id):
        yield ChangeType.INVOICE_REVISED
    if sent:
        yield ChangeType.INVOICE_SENT
    elif entered and after.status is InvoiceStatus.PENDING:
        yield ChangeType.INVOICE_PENDING
    yield from _money(before, after, entered=entered)
    yield from _disputes(before, after)
    if after.status in ENDED and entered:
        yield ENDED[after.status]
    if after.overdue and not (before is not None and before.overdue):
        yield ChangeType.INVOICE_OVERDUE


def _money(before: Invoice | None, after: Invoice, *, entered: bool) -> Iterator[ChangeType]:
    status = after.status
    paid, refunded = (before.paid_amount, before.refunded_amount) if before is not None else (0, 0)
    failed_again = before is not None and after.failure is not None and after.failure != before.failure
    if status is InvoiceStatus.FAILED and (entered or failed_again):
        yield ChangeType.INVOICE_PAYMENT_FAILED
    settled = status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)
    if after.paid_amount > paid and not settled:
        yield ChangeType.INVOICE_PARTLY_PAID
    was_settled = before is not None and before.status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)
    if (status is InvoiceStatus.PAID and entered) or (settled and not was_settled):
        yield ChangeType.INVOICE_PAID
    if after.refunded_amount > refunded or (status is InvoiceStatus.REFUNDED and entered):
        yield ChangeType.INVOICE_REFUNDED


def _disputes(before: Invoice | None, after: Invoice) -> Iterator[ChangeType]:
    known = before.facts.disputes if before is not None else {}
    opened = closed = False
    for dispute in after.facts.disputes.values():
        former = known.get(dispute.id)
        was_open = former is not None and former.open
        # A dispute that was lost can be appealed, and is open again.
        opened |= former is None or (dispute.open and not was_open)
        closed |= not dispute.open and (former is None or was_open)
    if opened:
        yield ChangeType.INVOICE_DISPUTE_OPENED
    if closed:
        yield ChangeType.INVOICE_DISPUTE_CLOSED
