"""Creates the invoice of one item of a billing batch, as any other invoice is created."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.batch import Batch, BatchItem, ItemStatus
from chalicelib.domain.batch_errors import ItemError, item_error
from chalicelib.domain.errors import AccountUnreachable, Conflict, DueDatePassed, InvoicingPaused, NotFound, Refused
from chalicelib.domain.identifiers import CustomerId, InvoiceId, digest, invoice_id_for
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports
from chalicelib.usecases.bulk.unsent import can_be_sent, refusal_error, refusals_to_send
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.new_order import CreateInvoice
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice


def bill_item(batch: Batch, item: BatchItem, ports: Ports) -> bool:
    """Creates or finds the item's invoice, and stores the item's outcome.

    Returns False if Stripe did not respond, or if invoicing is paused.

    Raises:
        StaleWrite: another worker decided the item, or a request began another round.
    """
    command = command_for(batch, item)
    try:
        created = create_invoice(command, ports)
        refusals = refusals_to_send(created)
        if command.terms.send and len(refusals) > item.refusals_told and can_be_sent(created):
            return _fail(batch, item, refusal_error(_NOT_SENT, refusals[-1]), created, ports)
        invoice = _continued(created, command, ports)
    except InvoicingPaused:
        return False
    except (Refused, Conflict, NotFound, AccountUnreachable) as refusal:
        stored = ports.invoices.get(batch.organization_id, _invoice_id(command))
        if stored is None and isinstance(refusal, DueDatePassed):
            # All invoices of a batch have its due date, which nobody can change.
            refusal.next_step = "Create the invoice again in a new batch with another due date."
        return _fail(batch, item, item_error(refusal, item.field_in_request), stored, ports)
    if invoice is None or invoice.saga.running:
        return False
    if not invoice.live:
        return _fail(batch, item, _VOID, invoice, ports)
    status = ItemStatus.SENT if invoice.sent_at is not None else ItemStatus.CREATED
    ports.batches.decide(batch, item.decided(status, batch.round, invoice.id))
    return True


def command_for(batch: Batch, item: BatchItem) -> CreateInvoice:
    """Returns the request for the item's invoice. The same item always has the same idempotency key."""
    parts = (batch.id, item.customer_id or "", str(item.number))
    return CreateInvoice(
        organization_id=batch.organization_id,
        user_id=batch.created_by,
        idempotency_key=digest("batch", *parts),
        fingerprint=digest("batch", batch.fingerprint, *parts),
        customer_id=CustomerId(item.customer_id or ""),
        line_items=item.services,
        terms=batch.terms,
    )


def _fail(batch: Batch, item: BatchItem, error: ItemError, invoice: Invoice | None, ports: Ports) -> bool:
    refusal_count = len(refusals_to_send(invoice)) if invoice else 0
    failed_item = item.failed(error, batch.round, invoice.id if invoice else None, refusals_told=refusal_count)
    if error.code == "customer_erased":
        # Another round would be refused too, and no erasure looks again for what is stored from now on.
        failed_item = replace(failed_item, services=())
    ports.batches.decide(batch, failed_item)
    return True


_NOT_SENT = "The invoice was made, and was not sent when its turn came. Its explanation says why."

_VOID = ItemError(
    "invoice_void",
    "The invoice of these services was voided.",
    next_step="Bill the services again in a new invoice or batch; this batch does not bill them.",
)


def _continued(invoice: Invoice, command: CreateInvoice, ports: Ports) -> Invoice | None:
    """Returns the invoice after its creation was resumed, unless another worker is at work on it.

    If its sending was requested and refused, it is sent again.
    """
    if command.terms.send and can_be_sent(invoice):
        now = ports.clock.now()
        return send_invoice(invoice.organization_id, invoice.id, command.user_id, ports, asked_at=now)
    if not invoice.saga.running:
        return invoice
    return resume_invoice(invoice.organization_id, invoice.id, ports)


def _invoice_id(command: CreateInvoice) -> InvoiceId:
    return invoice_id_for(command.organization_id, command.idempotency_key or "")
