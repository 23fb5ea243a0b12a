"""From the reconcile queue: one account compared with Stripe for each message, so the work scales out."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.observability import account_reconciled, worker_boundary
from chalicelib.usecases.reconcile import reconcile_account as reconcile
from chalicelib.workers.messages import QUEUE_ARN, Reconcile, work_through

worker = Blueprint(__name__)


@worker.on_sqs_message(queue_arn=QUEUE_ARN.format("reconcile"), batch_size=1, name="reconcile_account")
def reconcile_account(event: SQSEvent) -> dict[str, Any]:
    """One batch."""
    return work_through(event, Reconcile, _reconcile, fifo=False)


@worker_boundary("reconcile_account")
def _reconcile(message: Reconcile) -> None:
    done = reconcile(OrganizationId(message.organization_id), bootstrap.ports(), objects=message.objects)
    account_reconciled(
        message.organization_id,
        events_seen=done.events_seen,
        recovered=done.recovered,
        corrected=done.corrected,
        parked=done.parked,
    )
