"""Handles the batch-jobs queue: works on one lane's part of a batch for a short time, and queues the remaining
work.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.observability import worker_boundary
from chalicelib.ports.messages import BatchJob
from chalicelib.usecases.bulk.batch_work import work_on_part
from chalicelib.workers.sqs import work_through
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def batch_jobs(event: SQSEvent) -> dict[str, Any]:
    """Handles one batch, which is one message."""
    return work_through(event, BatchJob, _work)


@worker_boundary("batch_jobs")
def _work(message: BatchJob) -> None:
    work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, bootstrap.ports())
