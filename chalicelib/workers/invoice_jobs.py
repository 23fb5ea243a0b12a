"""Handles the invoice-jobs queue.

A message resumes an interrupted invoice, marks an invoice as overdue, sends a reminder, or gives an invoice up.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.domain.errors import AccountUnreachable, Conflict, Refused
from chalicelib.observability import invoice_refused, worker_boundary
from chalicelib.ports.messages import InvoiceJob, InvoiceTask
from chalicelib.usecases.invoicing.plan_day import mark_overdue
from chalicelib.usecases.invoicing.remind import remind_if_due
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice
from chalicelib.usecases.invoicing.settle_outside import give_up_if_due
from chalicelib.workers.sqs import work_through
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)

TASKS = {
    InvoiceTask.RESUME: resume_invoice,
    InvoiceTask.MARK_OVERDUE: mark_overdue,
    InvoiceTask.REMIND: remind_if_due,
    InvoiceTask.CLOSE: give_up_if_due,
}


@triggered(worker)
def invoice_jobs(event: SQSEvent) -> dict[str, Any]:
    """Handles one batch of messages."""
    return work_through(event, InvoiceJob, _do)


@worker_boundary("invoice_jobs")
def _do(message: InvoiceJob) -> None:
    try:
        TASKS[message.task](message.organization_id, message.invoice_id, bootstrap.ports())
    except (Refused, Conflict, AccountUnreachable) as refusal:
        # Stripe refused for good, so the message is not repeated. If the invoice was being created, it has been
        # removed.
        invoice_refused(message.organization_id, message.invoice_id, refusal.code)
