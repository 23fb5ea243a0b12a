"""The published changes of an invoice: what differs between two of its stored versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from chalicelib.domain.changes import NOTHING, ChangeType, Difference
from chalicelib.domain.draft_changes import draft_tags
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus

ENDED: Mapping[InvoiceStatus, ChangeType] = {
    InvoiceStatus.VOID: ChangeType.INVOICE_VOIDED,
    InvoiceStatus.UNCOLLECTIBLE: ChangeType.INVOICE_UNCOLLECTIBLE,
}
"""The change types of invoices that ended without being paid."""


def invoice_difference(before: Invoice | None, after: Invoice | None) -> Difference:
    """Returns the published difference between `before` and `after`. None stands for a record that does not exist.

    Nothing is published while POM is still creating the invoice. If creating it fails, its record is deleted, and no
    consumer needs to know. The same holds for the record of a failed backfill. A draft that POM is editing or sending
    counts as a draft.
    """
    previous_status = published_status(before) if before is not None else None
    before = before if previous_status is not None else None
    status = published_status(after) if after is not None else None
    if after is None or status is None:
        deleted = after is None and before is not None
        return Difference((ChangeType.INVOICE_DELETED,), previous_status) if deleted else NOTHING
    types = tuple(_types(before, after, entered=previous_status is not status))
    return Difference(types, previous_status, status) if types else NOTHING


def published_status(invoice: Invoice) -> InvoiceStatus | None:
    """Returns the status that is published of an invoice, or None while POM is creating it for the first time.

    Users see a draft as `creating` while POM edits or sends it. It was published as a draft before, and stays one
    until it is sent.
    """
    if invoice.status is not InvoiceStatus.CREATING:
        return invoice.status
    saga = invoice.saga
    is_reviewed_draft = saga.editing or (saga.step is Step.SEND and not saga.send)
    return InvoiceStatus.DRAFT if is_reviewed_draft and invoice.facts.invoice is not None else None


def _types(before: Invoice | None, after: Invoice, *, entered: bool) -> Iterator[ChangeType]:
    """Yields the types to publish, in the order in which they happened. `entered` is True if the status is a new
    one.
    """
    sent = after.sent_at is not None and (before is None or before.sent_at != after.sent_at)
    if before is None:
        yield ChangeType.INVOICE_CREATED
    elif before.stripe_invoice_id not in (None, after.stripe_invoice_id):
        yield ChangeType.INVOICE_REVISED
    # An erasure changes the invoice's texts, but no user has edited them.
    if before is not None and before.erased_at == after.erased_at and _bills_differently(before, after):
        yield ChangeType.INVOICE_EDITED
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


def _bills_differently(before: Invoice, after: Invoice) -> bool:
    """Returns True if `after` bills something else than the draft that users last saw.

    Nothing is published while POM edits or sends the draft, because Stripe may refuse and POM then restores it. The
    saga stores the tags of the former draft. If the invoice was issued meanwhile, only the tags of POM's orders are
    compared.
    """
    if after.status is InvoiceStatus.CREATING:
        return False
    former_tags = before.saga.drafted if before.status is InvoiceStatus.CREATING else draft_tags(before)
    if after.status is InvoiceStatus.DRAFT:
        return former_tags != draft_tags(after)
    return former_tags is not None and former_tags.order != after.order.edit_tag


def _money(before: Invoice | None, after: Invoice, *, entered: bool) -> Iterator[ChangeType]:
    status = after.status
    paid, refunded = (before.paid_amount, before.refunded_amount) if before is not None else (0, 0)
    if status is InvoiceStatus.FAILED and (entered or (before is not None and _failed_again(before, after))):
        yield ChangeType.INVOICE_PAYMENT_FAILED
    settled = status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)
    refund_failed = after.refunded_amount < refunded
    if not settled and (after.paid_amount > paid or (refund_failed and after.paid_amount > 0)):
        yield ChangeType.INVOICE_PARTLY_PAID
    was_settled = before is not None and before.status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)
    if (status is InvoiceStatus.PAID and (entered or refund_failed)) or (settled and not was_settled):
        yield ChangeType.INVOICE_PAID
    if after.refunded_amount > refunded or (status is InvoiceStatus.REFUNDED and entered):
        yield ChangeType.INVOICE_REFUNDED


def _failed_again(before: Invoice, after: Invoice) -> bool:
    """Returns True if another attempt failed, or if POM has learned why the latest attempt failed.

    A different second does not mean a different attempt, because an intent and its charge show a failure at different
    seconds.
    """
    if before.failure is None or after.failure is None or before.failure == after.failure:
        return False
    return before.failure.reason is not after.failure.reason or not _failed_attempts(after.facts) <= _failed_attempts(
        before.facts
    )


def _failed_attempts(facts: Snapshots) -> AbstractSet[str]:
    """Returns the ids of the failed attempts. These are the ids of their charges, if Stripe created charges."""
    charges = {charge.id for charge in facts.charges.values() if charge.status == "failed"}
    intent_charges = {intent.failed_charge_id for intent in facts.intents if intent.failed_charge_id is not None}
    return {*charges, *intent_charges, *facts.attempts}


def _disputes(before: Invoice | None, after: Invoice) -> Iterator[ChangeType]:
    former_disputes = before.facts.disputes if before is not None else {}
    opened = closed = False
    for dispute in after.facts.disputes.values():
        former = former_disputes.get(dispute.id)
        was_open = former is not None and former.open
        # A lost dispute can be appealed, and is then open again.
        opened |= former is None or (dispute.open and not was_open)
        closed |= not dispute.open and (former is None or was_open)
    if opened:
        yield ChangeType.INVOICE_DISPUTE_OPENED
    if closed:
        yield ChangeType.INVOICE_DISPUTE_CLOSED
