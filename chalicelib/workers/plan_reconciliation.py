"""Queues, every ten minutes, a reconciliation of each connected organization that is due."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.observability import reconciliations_planned, worker_boundary
from chalicelib.usecases.reconciling import plan_reconciliation as planning
from chalicelib.workers.ticks import tick
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def plan_reconciliation(event: CloudWatchEvent) -> dict[str, int]:
    """Handles one tick of the schedule."""
    with tick(event):
        return _plan()


@worker_boundary("plan_reconciliation")
def _plan() -> dict[str, int]:
    planned = planning.plan_reconciliation(bootstrap.ports())
    reconciliations_planned(planned)
    return {"planned": planned}
