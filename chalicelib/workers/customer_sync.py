"""Handles the customer-sync queue: sends customers to Stripe, one customer's editions in order."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.observability import worker_boundary
from chalicelib.ports.messages import CustomerSync
from chalicelib.usecases.customers.customers import sync_customer
from chalicelib.workers.sqs import work_through
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def customer_sync(event: SQSEvent) -> dict[str, Any]:
    """Handles one batch of messages."""
    return work_through(event, CustomerSync, _sync)


@worker_boundary("customer_sync")
def _sync(message: CustomerSync) -> None:
    sync_customer(message.organization_id, message.customer_id, bootstrap.ports())
