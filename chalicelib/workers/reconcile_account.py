"""Handles the reconcile queue: each message has one account compared with Stripe, so the work scales out.

Once a day, after the objects were compared, the books are tied out with Stripe's. No difference should be left then.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.observability import account_reconciled, payouts_swept, tied_out, worker_boundary
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.reconciling.reconcile import reconcile_account as reconcile
from chalicelib.usecases.reconciling.tie_out import freeze_if_billed_twice, store_unknown_invoices, tie_out
from chalicelib.workers.sqs import work_through
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def reconcile_account(event: SQSEvent) -> dict[str, Any]:
    """Handles one batch of messages."""
    return work_through(event, Reconciliation, _reconcile)


@worker_boundary("reconcile_account")
def _reconcile(message: Reconciliation) -> None:
    done = reconcile(
        message.organization_id, bootstrap.ports(), objects=message.objects, planned_at=message.planned_at
    )
    account_reconciled(
        message.organization_id,
        events_seen=done.events_seen,
        recovered=done.recovered,
        unheard=done.unheard,
        corrected=done.corrected,
        parked=done.parked_lately,
        given_up=done.given_up,
    )
    if done.payouts is not None:
        payouts_swept(message.organization_id, done.payouts)
    if done.objects:
        with suppress(Retryable):  # what is not proved today is tomorrow: a tie-out looks back three days
            _tie_out(message.organization_id)


@worker_boundary("daily_tie_out")
def _tie_out(organization_id: OrganizationId) -> None:
    ports = bootstrap.ports()
    found = tie_out(organization_id, ports)
    freeze_if_billed_twice(organization_id, found, ports)
    store_unknown_invoices(organization_id, found, ports)
    tied_out(
        organization_id,
        differences=len(found.differences),
        billed_twice=found.billed_twice,
        copied=found.copied,
    )
