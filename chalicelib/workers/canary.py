"""Sends canaries every five minutes: signed test events that prove that POM's webhook endpoint accepts its
secrets.
"""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.observability import canary_finished, worker_boundary
from chalicelib.usecases.events.canary import send_and_store_canaries
from chalicelib.workers.ticks import tick
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def canary(event: CloudWatchEvent) -> dict[str, str]:
    """Handles one tick of the schedule. A failed canary is counted and not repeated, because the next tick comes
    soon.
    """
    with tick(event):
        return _send_and_count()


@worker_boundary("canary")
def _send_and_count() -> dict[str, str]:
    run = send_and_store_canaries(bootstrap.own_webhook(), bootstrap.ports())
    canary_finished(run.verdict, run.milliseconds, passed=run.verdict.passed)
    return {"verdict": run.verdict}
