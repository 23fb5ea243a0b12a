"""Queues, every hour, the tasks of a new day in each time zone, and measures the age of secrets."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.observability import secrets_aged, worker_boundary
from chalicelib.usecases.invoicing import plan_day as planning
from chalicelib.workers.ticks import tick
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def plan_day(event: CloudWatchEvent) -> dict[str, int]:
    """Handles one tick of the schedule."""
    with tick(event):
        return _plan()


@worker_boundary("plan_day")
def _plan() -> dict[str, int]:
    planned = planning.plan_day(bootstrap.ports())
    secrets_aged(bootstrap.secret_ages().days())
    return {"overdue": planned.overdue, "reminders": planned.reminders, "closings": planned.closings}
