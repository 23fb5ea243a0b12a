"""Handles the erasures queue: continues the erasure of a customer."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.observability import erasure_gone_on, worker_boundary
from chalicelib.ports.messages import ErasureJob
from chalicelib.usecases.erasing.erase_customer import erase_customer
from chalicelib.workers.sqs import work_through
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def erasures(event: SQSEvent) -> dict[str, Any]:
    """Handles one batch of messages."""
    return work_through(event, ErasureJob, _erase)


@worker_boundary("erasures")
def _erase(message: ErasureJob) -> None:
    ports = bootstrap.ports()
    erase_customer(message.organization_id, message.customer_id, ports)
    customer = ports.customers.get(message.organization_id, message.customer_id)
    erasure_gone_on(message.organization_id, message.customer_id, customer.erasure if customer is not None else None)
