"""Lists every deployed Lambda: its trigger, its size, and its rights in AWS. There is no other list.

The workers' triggers, the metrics' dimensions, the template with its alarms, the files in `.chalice` and the local
stack are made from this list. Every Lambda loads this module, so it imports nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Queue(StrEnum):
    """Every queue that feeds a function, by its name without the stack's prefix."""

    CUSTOMER_SYNC = "customer-sync.fifo"
    INVOICE_JOBS = "invoice-jobs.fifo"
    BATCH_JOBS = "batch-jobs.fifo"
    BALANCE_JOBS = "balance-jobs.fifo"
    ERASURES = "erasures.fifo"
    RECONCILE = "reconcile"

    @property
    def fifo(self) -> bool:
        """True if SQS keeps the order of messages within a message group."""
        return self.endswith(".fifo")

    @property
    def dead_letter(self) -> str:
        """The name of the queue's dead-letter queue, without the stack's prefix."""
        return f"{self.removesuffix('.fifo')}-dlq{'.fifo' if self.fifo else ''}"

    @property
    def url_variable(self) -> str:
        """The environment variable that holds the queue's URL."""
        return self.removesuffix(".fifo").replace("-", "_").upper() + "_QUEUE_URL"


SCHEDULE_FAILURES: Final = "schedule-failures"
"""The queue to which AWS sends the invocations of schedules that failed. It feeds no function."""

UNPUBLISHED_CHANGES: Final = "unpublished-changes"
"""The queue of changes that could not be published, without their objects. It feeds no function."""


class Secret(StrEnum):
    """Every secret in Secrets Manager. A function reads only those that it needs."""

    PLATFORM = "platform"
    """{"apiKey", "clientId"}: the key with which Stripe is called, and Connect's client id."""
    WEBHOOK = "webhook"
    """{"webhookSecrets": []}: the secrets with which Stripe signs events, the newest first."""

    @property
    def id_variable(self) -> str:
        """The environment variable that holds the secret's ARN or name."""
        return f"STRIPE_{self.upper()}_SECRET_ID"


class Messages(NamedTuple):
    """The function is invoked with at most `batch_size` messages of `queue`, `concurrency` batches at once."""

    queue: Queue
    batch_size: int
    concurrency: int


class Changes(NamedTuple):
    """The function is invoked with at most `batch_size` records of the streams of `tables`, in the order of writing.

    AWS waits up to `window` seconds for a batch to fill. A table's filter says which records invoke the function:
    those whose keys have these values.
    """

    tables: Mapping[str, Mapping[str, str]]
    batch_size: int
    window: int


class Schedule(NamedTuple):
    """The function is invoked at this rate, written as in EventBridge: `rate(5 minutes)`."""

    rate: str


SETTINGS: Final = (
    "POM_TABLE_PREFIX",
    *(queue.url_variable for queue in Queue),
    "PUBLIC_API_URL",
    "POM_SETTINGS_URL",
    "EVENT_BUS_NAME",
    "UNPUBLISHED_CHANGES_QUEUE_URL",
)
API_SETTINGS: Final = (*SETTINGS, "DEVELOPMENT_ORIGINS")
TOKEN_SETTINGS: Final = (
    "TOKEN_ISSUER",
    "TOKEN_AUDIENCE",
    "TOKEN_JWKS_URL",
    "TOKEN_ORGANIZATION_CLAIM",
    "TOKEN_ROLES_CLAIM",
)


class Function(NamedTuple):
    """One Lambda function. Its handler and its worker's module have its name.

    `tables` maps the names of tables to the DynamoDB actions that the function may perform, and `indexes` to the
    indexes that it may query. It may send to the queues in `sends`, and read the secrets in `secrets`. For the
    secrets in `watches` it may ask when they were stored, and may not read their values.
    """

    name: str
    trigger: Messages | Changes | Schedule | None
    """None if API Gateway invokes the function."""
    timeout: int
    """Seconds."""
    memory: int = 512
    """Megabytes. The CPU share grows with the memory."""
    tables: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    indexes: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    sends: tuple[Queue, ...] = ()
    secrets: tuple[Secret, ...] = ()
    watches: tuple[Secret, ...] = ()
    settings: tuple[str, ...] = SETTINGS
    """The function's environment variables besides POM_STAGE and the ids of its secrets."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Every environment variable of the function besides POM_STAGE."""
        return (*self.settings, *(secret.id_variable for secret in (*self.secrets, *self.watches)))

    @property
    def aws_name(self) -> str:
        """The function's name in AWS, without the stack's prefix."""
        return self.name.replace("_", "-")

    @property
    def policy_file(self) -> str:
        """The name of the policy's file in `.chalice`."""
        return f"policy-{self.aws_name}.json"


READ: Final = ("GetItem",)
WRITE: Final = ("PutItem",)
READ_WRITE: Final = (*READ, *WRITE)
MANY: Final = ("BatchGetItem",)
UPDATE: Final = ("UpdateItem",)
CLAIMS: Final = (*READ_WRITE, "DeleteItem")
INVOICES: Final = (*CLAIMS, "ConditionCheckItem")
"""A transaction needs the right to each of its actions. IAM has no right to transactions as such."""

_SAGA: Final = {
    "invoices": INVOICES,
    "claims": CLAIMS,
    "customers": READ_WRITE,
    "connections": READ_WRITE,
    "payment-refs": WRITE,
    "payments": UPDATE,
    "summaries": UPDATE,
}
"""The rights for taking an invoice through its steps in Stripe."""

_OWNERS: Final = {"customers": ("by_stripe_id",)}
"""The index for finding the owner of a Stripe customer before a customer is linked to it."""

API_HANDLER: Final = "api_handler"
"""Chalice's name for the function behind the HTTP API."""
AUTHORIZER: Final = "token_authorizer"

FUNCTIONS: Final = (
    Function(
        API_HANDLER,
        trigger=None,
        timeout=28,  # one second less than the 29 after which API Gateway gives up
        memory=1024,
        settings=API_SETTINGS,
        tables={
            **_SAGA,
            "invoices": (*INVOICES, *MANY),
            "claims": (*CLAIMS, *MANY),
            "connections": (*READ_WRITE, "Query", "ConditionCheckItem"),
            "customers": (*READ_WRITE, *MANY, "Query"),
            "batches": (*READ_WRITE, *MANY, "Query"),
            "oauth-states": READ_WRITE,
            "payment-refs": (*MANY, *WRITE),
            "payments": (*MANY, *UPDATE),
            "payouts": (*READ, *MANY, "Query"),
            "events": (*MANY, *WRITE, *UPDATE, "Query"),
            "summaries": (*UPDATE, "Query"),
            "changes": ("Query",),
        },
        indexes={
            "invoices": (
                "by_created",
                "by_status",
                "by_group",
                "by_customer",
                "by_due_date",
                "overdue",
                "disputed",
                "by_updated",
                "by_number",
                "attention",
            ),
            "customers": ("by_stripe_id", "without_email", "by_sync_status", "by_email", "by_name"),
            "events": ("by_received", "by_invoice"),
            "payments": ("by_time",),
            "payouts": ("by_arrival",),
            "batches": ("by_created",),
        },
        sends=(
            Queue.CUSTOMER_SYNC,
            Queue.INVOICE_JOBS,
            Queue.RECONCILE,
            Queue.BATCH_JOBS,
            Queue.BALANCE_JOBS,
            Queue.ERASURES,
        ),
        secrets=(Secret.PLATFORM, Secret.WEBHOOK),
    ),
    Function(AUTHORIZER, trigger=None, timeout=10, settings=TOKEN_SETTINGS),
    Function(
        "customer_sync",
        Messages(Queue.CUSTOMER_SYNC, batch_size=10, concurrency=10),
        timeout=120,
        tables={"customers": READ_WRITE, "claims": CLAIMS, "connections": READ_WRITE},
        indexes=_OWNERS,
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "invoice_jobs",
        Messages(Queue.INVOICE_JOBS, batch_size=5, concurrency=10),
        timeout=180,
        tables=_SAGA,
        indexes=_OWNERS,
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "batch_jobs",
        Messages(Queue.BATCH_JOBS, batch_size=1, concurrency=40),  # four accounts in bulk at once, ten lanes each
        timeout=180,
        tables={**_SAGA, "batches": (*READ_WRITE, *MANY, *UPDATE)},
        indexes=_OWNERS,
        sends=(Queue.BATCH_JOBS,),
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "balance_jobs",
        Messages(Queue.BALANCE_JOBS, batch_size=1, concurrency=10),
        timeout=300,
        tables={
            "connections": READ_WRITE,
            "invoices": READ,
            "payment-refs": MANY,
            "payments": (*MANY, *UPDATE),
            "payouts": (*READ_WRITE, "BatchWriteItem", "Query"),
        },
        indexes={"payouts": ("by_arrival",)},
        sends=(Queue.BALANCE_JOBS,),
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "erasures",
        Messages(Queue.ERASURES, batch_size=1, concurrency=2),  # the fewest that SQS takes
        timeout=300,
        tables={
            "customers": READ_WRITE,
            "connections": READ_WRITE,
            "invoices": (*READ_WRITE, *MANY),
            "summaries": UPDATE,
            "payments": (*READ, *UPDATE),
            "payouts": ("BatchWriteItem", "Query"),
            "events": UPDATE,
            "batches": (*READ_WRITE, *UPDATE, "Query"),
        },
        indexes={
            "invoices": ("by_customer",),
            "payments": ("by_time",),
            "events": ("parked",),
            "batches": ("by_created",),
        },
        sends=(Queue.ERASURES,),
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "reconcile_account",
        Messages(Queue.RECONCILE, batch_size=1, concurrency=20),
        timeout=300,
        tables={
            **_SAGA,
            "invoices": (*INVOICES, *MANY),
            "payment-refs": (*MANY, *WRITE),
            "payments": (*MANY, *UPDATE),
            "payouts": (*READ_WRITE, *MANY),
            "events": (*MANY, *WRITE, *UPDATE),
        },
        indexes={
            "invoices": ("by_status",),
            "customers": ("by_stripe_id", "pending"),
            "payments": ("by_time",),
            "payouts": ("by_arrival",),
            "events": ("parked",),
        },
        sends=(Queue.RECONCILE, Queue.BALANCE_JOBS),
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "publish_changes",
        Changes(
            {"invoices": {}, "customers": {}, "connections": {"kind": "connection"}, "payouts": {"place": "payout"}},
            batch_size=100,
            window=1,
        ),
        timeout=120,
        tables={
            "changes": (*READ_WRITE, "Query", "ConditionCheckItem"),
            "connections": READ,
            "customers": MANY,
            "payouts": MANY,
        },
        indexes={"events": ("by_received",)},
    ),
    Function(
        "plan_reconciliation",
        Schedule("rate(10 minutes)"),
        timeout=120,
        tables={"connections": READ},
        indexes={"connections": ("active",)},
        sends=(Queue.RECONCILE,),
    ),
    Function(
        "plan_day",
        Schedule("rate(1 hour)"),
        timeout=300,
        tables={"connections": READ, "invoices": MANY},
        indexes={"connections": ("active",), "invoices": ("by_due_date", "due_work")},
        sends=(Queue.INVOICE_JOBS,),
        watches=(Secret.PLATFORM, Secret.WEBHOOK),
    ),
    Function(
        "resume_stuck",
        Schedule("rate(5 minutes)"),
        timeout=120,
        tables={
            "customers": READ,
            "batches": READ,
            "oauth-states": READ_WRITE,
            "claims": READ,
            "connections": READ_WRITE,
        },
        indexes={
            "invoices": ("due_work",),
            "customers": ("pending",),
            "batches": ("due_work",),
            "oauth-states": ("unused_grants",),
        },
        sends=(Queue.CUSTOMER_SYNC, Queue.INVOICE_JOBS, Queue.BATCH_JOBS, Queue.ERASURES),
        secrets=(Secret.PLATFORM,),
    ),
    Function(
        "canary",
        Schedule("rate(5 minutes)"),
        timeout=60,
        tables={"events": READ, "connections": READ_WRITE},
        secrets=(Secret.WEBHOOK,),
    ),
)

BY_NAME: Final = {function.name: function for function in FUNCTIONS}
WORKERS: Final = tuple(function for function in FUNCTIONS if function.trigger is not None)
"""Every function except the API's two."""
QUEUE_TRIGGERS: Final = {
    function.name: function.trigger for function in WORKERS if isinstance(function.trigger, Messages)
}
"""The trigger of each function that a queue feeds, by function name."""
STREAM_TRIGGERS: Final = {
    function.name: function.trigger for function in WORKERS if isinstance(function.trigger, Changes)
}
"""The trigger of each function that streams feed, by function name."""
