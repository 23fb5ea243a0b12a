"""Resumes an interrupted invoice from the step that it had reached, and its refunds without a response."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.summary import invoice_write
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.edit_steps import end_unreachable
from chalicelib.usecases.invoicing.invoice_saga import run
from chalicelib.usecases.invoicing.plan_day import marked_overdue
from chalicelib.usecases.invoicing.resume_refunds import resume_refunds
from chalicelib.usecases.invoicing.saga_progress import take_back_at_once
from chalicelib.usecases.invoicing.store_invoice import of_other_account


def resume_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Invoice | None:
    """Resumes one invoice, unless another worker is at work on it, nothing is left to do, or invoicing is paused.

    Refunds are resumed while invoicing is paused: they bill nobody, and Stripe may have made them already. Work on an
    account that another account has replaced is ended, because POM can no longer reach that account.

    Raises:
        Refused, Conflict: it cannot be made and has been taken back.
        Retryable: not now.
    """
    now = ports.clock.now()
    invoice = ports.invoices.get(organization_id, invoice_id)
    if invoice is None:
        return None
    # While its making rests, the index of what is due for work has no place for the end of its due day.
    invoice = resume_refunds(marked_overdue(invoice, ports), ports)
    if not invoice.saga.running or (invoice.saga.resume_at or 0) > now:
        return invoice
    connection = ports.connections.get(organization_id)
    if invoice.saga.step is not Step.ABORT and connection.frozen is not None:
        return invoice
    replaced = connection.active and connection.account_id != invoice.stripe_account_id
    try:
        leased = ports.invoices.save(invoice_write(replace(invoice, saga=invoice.saga.leased(now)), invoice))
    except StaleWrite:
        return invoice
    return _ended_unreachable(leased, ports) if replaced else run(leased, ports)


def _ended_unreachable(invoice: Invoice, ports: Ports) -> Invoice:
    """Ends the work on an invoice whose account another account has replaced.

    An invoice that no customer can have seen is removed, so that its services can be billed on the new account. An
    invoice that may have been mailed waits until its account is connected again, because POM cannot find out before.

    Raises:
        Conflict, Refused: it was not made or changed.
    """
    saga, fact = invoice.saga, invoice.facts.invoice
    if saga.editing:
        return end_unreachable(invoice, ports)
    finalized = fact is not None and not fact.unfinished
    if saga.before_sending or (saga.step is Step.ABORT and not finalized):
        take_back_at_once(invoice, ports)
        raise saga.refusal.error if saga.refusal is not None else of_other_account()
    return run(invoice, ports)
