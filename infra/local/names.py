"""What the queues and the secret of a stage are called and hold; imports nothing heavy."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class QueueName:
    """One queue: its name and that of its dead-letter queue (without prefix), who uses it and how."""

    name: str
    dead_letter: str
    variable: str
    """The environment variable in which the code finds its URL."""
    handler: str
    """The Lambda function that AWS feeds from it."""
    workers: int = 1
    """How many batches of it are worked on at once."""

    @property
    def fifo(self) -> bool:
        """Whether order is kept within a message group."""
        return self.name.endswith(".fifo")


QUEUES = (
    QueueName("customer-sync.fifo", "customer-sync-dlq.fifo", "CUSTOMER_SYNC_QUEUE_URL", "customer_sync"),
    QueueName("invoice-jobs.fifo", "invoice-jobs-dlq.fifo", "INVOICE_JOBS_QUEUE_URL", "invoice_jobs"),
    QueueName("batch-jobs.fifo", "batch-jobs-dlq.fifo", "BATCH_JOBS_QUEUE_URL", "batch_jobs", workers=10),
    QueueName("reconcile", "reconcile-dlq", "RECONCILE_QUEUE_URL", "reconcile_account"),
)
SCHEDULE_FAILURES = "schedule-failures"
"""Where AWS keeps the ticks of schedules that failed; here nothing fills it but an operator who wants to try."""

LOCAL_LOGS = "POM_LOCAL_LOGS"
"""The environment variable that names the directory of the local stack's logs, which hold its metrics."""


@dataclass(frozen=True)
class StripeSecret:
    """What the secret named by STRIPE_SECRET_ID holds."""

    api_key: str
    client_id: str
    webhook_secrets: tuple[str, ...]

    def to_json(self) -> str:
        """The secret's string, as `chalicelib.adapters.secrets` reads it."""
        return json.dumps(
            {"apiKey": self.api_key, "clientId": self.client_id, "webhookSecrets": list(self.webhook_secrets)}
        )
