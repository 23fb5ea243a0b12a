"""Every Lambda function: how large, how long, fed by what. Chalice takes size and time from `.chalice/config.json`,
and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """One Lambda. `timeout` in seconds, `memory` in MB (which also buys CPU)."""

    name: str
    memory: int
    timeout: int
    queue: str | None = None
    """The queue that feeds it, by its name without prefix."""
    concurrency: int = 0
    """How many batches of the queue are worked on at once."""
    scheduled: bool = False
    settings: tuple[str, ...] = ()
    """The environment variables it gets, besides POM_STAGE."""

    @property
    def policy_file(self) -> str:
        """The name of its policy's file in `.chalice`."""
        return f"policy-{self.name.replace('_', '-')}.json"


TOKEN_SETTINGS = (
    "TOKEN_ISSUER",
    "TOKEN_AUDIENCE",
    "TOKEN_JWKS_URL",
    "TOKEN_ORGANIZATION_CLAIM",
    "TOKEN_ROLES_CLAIM",
)
SETTINGS = (
    "POM_TABLE_PREFIX",
    "CUSTOMER_SYNC_QUEUE_URL",
    "INVOICE_JOBS_QUEUE_URL",
    "RECONCILE_QUEUE_URL",
    "BATCH_JOBS_QUEUE_URL",
    "STRIPE_SECRET_ID",
    "PUBLIC_API_URL",
    "POM_SETTINGS_URL",
)

API_HANDLER = "api_handler"
"""Chalice's name for the function behind the HTTP API."""
AUTHORIZER = "token_authorizer"

FUNCTIONS = (
    # One second less than the 29 after which API Gateway gives up.
    Function(API_HANDLER, memory=1024, timeout=28, settings=SETTINGS),
    Function(AUTHORIZER, memory=512, timeout=10, settings=TOKEN_SETTINGS),
    Function("customer_sync", memory=512, timeout=120, queue="customer-sync.fifo", concurrency=10, settings=SETTINGS),
    Function("invoice_jobs", memory=512, timeout=180, queue="invoice-jobs.fifo", concurrency=10, settings=SETTINGS),
    # Four accounts in bulk at once, with ten lanes each.
    Function("batch_jobs", memory=512, timeout=180, queue="batch-jobs.fifo", concurrency=40, settings=SETTINGS),
    Function("reconcile_account", memory=512, timeout=300, queue="reconcile", concurrency=20, settings=SETTINGS),
    Function("plan_reconciliation", memory=512, timeout=120, scheduled=True, settings=SETTINGS),
    Function("plan_day", memory=512, timeout=300, scheduled=True, settings=SETTINGS),
    Function("resume_stuck", memory=512, timeout=120, scheduled=True, settings=SETTINGS),
    Function("canary", memory=512, timeout=60, scheduled=True, settings=SETTINGS),
)
BY_NAME = {function.name: function for function in FUNCTIONS}
