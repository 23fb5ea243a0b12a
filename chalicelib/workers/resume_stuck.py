"""Every five minutes: take up what was left half-done."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import bootstrap
from chalicelib.observability import worker_boundary
from chalicelib.usecases import resume_stuck as stuck

worker = Blueprint(__name__)


@worker.schedule(Rate(5, unit=Rate.MINUTES), name="resume_stuck")
def resume_stuck(event: CloudWatchEvent) -> dict[str, int]:
    """One tick."""
    return _resume()


@worker_boundary("resume_stuck")
def _resume() -> dict[str, int]:
    resumed = stuck.resume_stuck(bootstrap.ports())
    return {"invoices": resumed.invoices, "customers": resumed.customers, "batches": resumed.batches}
