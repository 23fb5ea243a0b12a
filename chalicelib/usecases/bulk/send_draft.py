"""Sends one draft of a reviewed batch as any other draft is sent, or holds it back.

The office ordered the sending of the drafts as POM displayed them at that time. So a draft is held back if its
sending was refused since, or if somebody changed it in Stripe since and POM would send it otherwise. The office must
see the refusal or the change first.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.actions import Action
from chalicelib.domain.batch import Batch, BatchItem, ItemStatus, Sending
from chalicelib.domain.batch_errors import ItemError, item_error
from chalicelib.domain.errors import AccountUnreachable, Conflict, InvoicingPaused, NotFound, Refused
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports import Ports
from chalicelib.usecases.bulk.unsent import can_be_sent, refusal_error, refusals_to_send
from chalicelib.usecases.invoicing.as_reviewed import draft_deleted
from chalicelib.usecases.invoicing.invoices import get_invoice, send_invoice
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice

_NOT_SENT = "The invoice was not sent when its turn came. Its explanation says why."


def send_draft(batch: Batch, item: BatchItem, ports: Ports) -> bool:
    """Sends the item's invoice in the name of the user who ordered it, and stores the item's outcome.

    Returns False if Stripe did not respond, if another worker is at work on the invoice, or if invoicing is paused.

    Raises:
        StaleWrite: another worker decided the item, or a request ordered another round.
    """
    sending, invoice_id = batch.sending, item.invoice_id
    if sending is None or invoice_id is None:
        raise ValueError(f"nothing of {batch.id} is to be sent at {item.position}")
    try:
        invoice = get_invoice(batch.organization_id, invoice_id, ports)
        if not invoice.saga.running:
            if (refusals := _refusals_since(invoice, item, sending)) and can_be_sent(invoice):
                return _hold_back(batch, item, refusal_error(_NOT_SENT, refusals[-1]), ports)
            invoice = _send_unless_done(invoice, sending, ports)
        elif (resumed := resume_invoice(batch.organization_id, invoice_id, ports)) is not None:
            invoice = resumed
    except InvoicingPaused:
        return False
    except (Refused, Conflict, NotFound, AccountUnreachable) as refusal:
        stored = ports.invoices.get(batch.organization_id, invoice_id)
        if stored is not None and stored.saga.running:
            return False  # another worker has begun to work on it
        return _hold_back(batch, item, item_error(refusal), ports)
    if invoice.saga.running or can_be_sent(invoice):
        return False  # another worker works on it, or sent it and was refused: the next pass reads the reason
    status = ItemStatus.SENT if invoice.sent_at is not None else ItemStatus.CREATED
    ports.batches.decide(batch, item.decided(status, batch.round, invoice_id))
    return True


def _send_unless_done(invoice: Invoice, sending: Sending, ports: Ports) -> Invoice:
    """Returns the invoice after it was sent, now or before, or unchanged if it was finalized with nothing to pay.

    Raises:
        Refused, Conflict, AccountUnreachable: it was not sent.
    """
    if invoice.sent_at is not None or _is_free(invoice):
        return invoice
    _require_live(invoice)
    return send_invoice(invoice.organization_id, invoice.id, sending.by, ports, asked_at=sending.at)


def _is_free(invoice: Invoice) -> bool:
    """Returns True if the invoice was finalized with nothing to pay. Stripe does not mail such an invoice."""
    return invoice.status is InvoiceStatus.PAID and invoice.total == 0


def _require_live(invoice: Invoice) -> None:
    """Refuses an invoice that was deleted or voided.

    Raises:
        Refused, Conflict: the invoice was deleted or voided.
    """
    fact = invoice.facts.invoice
    if fact is not None and fact.deleted:
        raise draft_deleted()
    if not invoice.live:
        raise Conflict(
            "invoice_void", "The invoice was voided.", next_step="Bill its services again in a new invoice or batch."
        )


def _refusals_since(invoice: Invoice, item: BatchItem, sending: Sending) -> Sequence[Action]:
    """Returns the refusals to send the invoice that happened after this round was ordered."""
    return [action for action in refusals_to_send(invoice)[item.refusals_told :] if action.at >= sending.at]


def _hold_back(batch: Batch, item: BatchItem, error: ItemError, ports: Ports) -> bool:
    invoice = ports.invoices.get(batch.organization_id, item.invoice_id or InvoiceId(""))
    refusal_count = len(refusals_to_send(invoice)) if invoice else item.refusals_told
    ports.batches.decide(batch, item.held_back(error, batch.round, refusals_told=refusal_count))
    return True
