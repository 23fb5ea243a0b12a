"""From the invoice-jobs queue: go on with invoices whose making stopped."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.observability import invoice_refused, worker_boundary
from chalicelib.usecases.resume_stuck import resume_invoice
from chalicelib.workers.messages import QUEUE_ARN, InvoiceJob, work_through

worker = Blueprint(__name__)


@worker.on_sqs_message(queue_arn=QUEUE_ARN.format("invoice-jobs.fifo"), batch_size=5, name="invoice_jobs")
def invoice_jobs(event: SQSEvent) -> dict[str, Any]:
    """One batch."""
    return work_through(event, InvoiceJob, _resume, fifo=True)


@worker_boundary("invoice_jobs")
def _resume(message: InvoiceJob) -> None:
    try:
        resume_invoice(OrganizationId(message.organization_id), InvoiceId(message.invoice_id), bootstrap.ports())
    except (Refused, Conflict) as refusal:
        # A definite no: the invoice has been taken back, and repeating the message cannot change it.
        invoice_refused(message.organization_id, message.invoice_id, refusal.code)
