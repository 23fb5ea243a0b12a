"""Every five minutes: prove that our door takes what our secrets sign."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.observability import canary_flown, worker_boundary
from chalicelib.usecases.events.canary import send_and_store_canaries
from chalicelib.workers.ticks import tick
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def canary(event: CloudWatchEvent) -> dict[str, str]:
    """One tick. One that comes to nothing is told by the metric, and not repeated: the next is near."""
    with tick(event):
        return _fly()


@worker_boundary("canary")
def _fly() -> dict[str, str]:
    flight = send_and_store_canaries(bootstrap.own_webhook(), bootstrap.ports())
    canary_flown(flight.verdict, flight.milliseconds, passed=flight.verdict.passed)
    return {"verdict": flight.verdict}
