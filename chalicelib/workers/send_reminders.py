"""Every hour: queue the reminders of the day, and the invoices whose payment window has passed."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import bootstrap
from chalicelib.observability import worker_boundary
from chalicelib.usecases.remind import plan_reminders
from chalicelib.workers.ticks import tick

worker = Blueprint(__name__)


@worker.schedule(Rate(1, unit=Rate.HOURS), name="send_reminders")
def send_reminders(event: CloudWatchEvent) -> dict[str, int]:
    """One tick."""
    with tick(event):
        return _plan()


@worker_boundary("send_reminders")
def _plan() -> dict[str, int]:
    planned = plan_reminders(bootstrap.ports())
    return {"reminders": planned.reminders, "closings": planned.closings}
