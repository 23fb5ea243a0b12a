"""Resumes interrupted work every five minutes, and checks that Stripe's webhooks are set up."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.domain.webhook import PATH
from chalicelib.observability import webhooks_checked, work_taken_up, worker_boundary
from chalicelib.usecases.connecting.webhook_health import check_webhooks
from chalicelib.usecases.reconciling import resume_stuck as stuck
from chalicelib.workers.ticks import tick
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def resume_stuck(event: CloudWatchEvent) -> dict[str, int]:
    """Handles one tick of the schedule."""
    with tick(event):
        return _resume()


@worker_boundary("resume_stuck")
def _resume() -> dict[str, int]:
    ports = bootstrap.ports()
    check = check_webhooks(bootstrap.config().public_api_url + PATH, ports)
    webhooks_checked(answered=check.answered, problem=check.problem)
    resumed = stuck.resume_stuck(ports)
    work_taken_up(invoice=resumed.invoices, customer=resumed.customers, batch=resumed.batches)
    return {
        "invoices": resumed.invoices,
        "customers": resumed.customers,
        "batches": resumed.batches,
        "abandoned": resumed.abandoned,
        "erasures": resumed.erasures,
    }
