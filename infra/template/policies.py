"""What each function may do, as the policy files that `.chalice/config.json` names.

`python -m infra.template.policies` writes them again; a test holds the files to this table. Every grant names
its resource; only X-Ray has none that could be named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.template.functions import API_HANDLER, AUTHORIZER, BY_NAME, FUNCTIONS, Function
from infra.template.intrinsics import Json, camel, get_att, physical, queue_id, ref, sub, table_id
from infra.template.queues import SCHEDULE_FAILURES

DIRECTORY = Path(__file__).resolve().parents[2] / ".chalice"

READ = ("GetItem",)
WRITE = ("PutItem",)
READ_WRITE = (*READ, *WRITE)
MANY = ("BatchGetItem",)
ADD = ("UpdateItem",)
CLAIMS = (*READ_WRITE, "DeleteItem")
INVOICES = (*CLAIMS, "ConditionCheckItem")
"""A transaction needs the right to each thing it does; there is none to transactions as such."""


@dataclass(frozen=True)
class Grants:
    """Tables with actions, indexes to query by table, and queues to send to, all by their names without prefix."""

    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sends: tuple[str, ...] = ()
    secret: bool = False


_SAGA = {
    "invoices": INVOICES,
    "claims": CLAIMS,
    "customers": READ_WRITE,
    "connections": READ_WRITE,
    "payment-refs": WRITE,
    "summaries": ADD,
}
"""Taking an invoice through its steps in Stripe."""

_OWNERS = {"customers": ("by_stripe_id",)}
"""Allows finding the owner of a Stripe customer, before a customer is linked to it."""

GRANTS: Mapping[str, Grants] = {
    API_HANDLER: Grants(
        tables={
            **_SAGA,
            "connections": (*READ_WRITE, "ConditionCheckItem"),
            "customers": (*READ_WRITE, "Query"),
            "batches": (*READ_WRITE, "Query"),
            "oauth-states": READ_WRITE,
            "payment-refs": (*MANY, *WRITE),
            "events": (*MANY, *WRITE, *ADD),
            "summaries": (*ADD, "Query"),
        },
        indexes={
            "invoices": ("by_created", "by_status", "by_customer", "by_due_date"),
            "customers": ("by_stripe_id", "without_email"),
            "events": ("by_received",),
            "batches": ("by_created",),
        },
        sends=("customer-sync.fifo", "invoice-jobs.fifo", "reconcile", "batch-jobs.fifo"),
        secret=True,
    ),
    AUTHORIZER: Grants(),
    "customer_sync": Grants(
        tables={"customers": READ_WRITE, "claims": CLAIMS, "connections": READ_WRITE},
        indexes=_OWNERS,
        secret=True,
    ),
    "invoice_jobs": Grants(tables=_SAGA, indexes=_OWNERS, secret=True),
    "batch_jobs": Grants(
        tables={**_SAGA, "batches": (*READ_WRITE, *MANY, *ADD)},
        indexes=_OWNERS,
        sends=("batch-jobs.fifo",),
        secret=True,
    ),
    "reconcile_account": Grants(
        tables={
            **_SAGA,
            "payment-refs": (*MANY, *WRITE),
            "events": (*MANY, *WRITE, *ADD),
        },
        indexes={"invoices": ("by_status",), "customers": ("by_stripe_id", "pending"), "events": ("parked",)},
        sends=("reconcile",),
        secret=True,
    ),
    "plan_reconciliation": Grants(
        tables={"connections": READ}, indexes={"connections": ("active",)}, sends=("reconcile",)
    ),
    "plan_day": Grants(
        tables={"connections": READ},
        indexes={"connections": ("active",), "invoices": ("by_due_date", "due_work")},
        sends=("invoice-jobs.fifo",),
    ),
    "resume_stuck": Grants(
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
        sends=("customer-sync.fifo", "invoice-jobs.fifo", "batch-jobs.fifo"),
        secret=True,
    ),
    "canary": Grants(tables={"events": READ, "connections": READ_WRITE}, secret=True),
}


def policy(function: Function) -> Json:
    """The policy of a function's own role."""
    grants = GRANTS[function.name]
    statements = [_logs(function), _traces()]
    statements += [
        _allow(f"Table{camel(table)}", [f"dynamodb:{action}" for action in actions], [get_att(table_id(table))])
        for table, actions in grants.tables.items()
    ]
    indexes = [
        sub(f"${{{table_id(table)}.Arn}}/index/{index}") for table, names in grants.indexes.items() for index in names
    ]
    if indexes:
        statements.append(_allow("Indexes", ["dynamodb:Query"], indexes))
    if function.queue is not None:
        taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
        statements.append(_allow("TakeMessages", taking, [get_att(queue_id(function.queue))]))
    sends = [*grants.sends, *([SCHEDULE_FAILURES] if function.scheduled else [])]
    if sends:
        statements.append(_allow("SendMessages", ["sqs:SendMessage"], [get_att(queue_id(name)) for name in sends]))
    if grants.secret:
        statements.append(_allow("StripeSecret", ["secretsmanager:GetSecretValue"], [ref("StripeSecretArn")]))
    return {"Version": "2012-10-17", "Statement": statements}


def _logs(function: Function) -> Json:
    group = physical(function.name.replace("_", "-"))["Fn::Sub"]
    arn = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:/aws/lambda/{group}:*"
    return _allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [sub(arn)])


def _traces() -> Json:
    """X-Ray has no resources that could be named."""
    return {**_allow("Traces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], []), "Resource": "*"}


def _allow(sid: str, actions: list[str], resources: list[Json]) -> Json:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def text(function: Function) -> str:
    """The file's content."""
    return json.dumps(policy(function), indent=2) + "\n"


def main() -> None:
    """Write every function's policy file, and remove those of functions that are no more."""
    for stale in DIRECTORY.glob("policy-*.json"):
        if stale.name not in {function.policy_file for function in BY_NAME.values()}:
            stale.unlink()
    for function in FUNCTIONS:
        (DIRECTORY / function.policy_file).write_text(text(function))


if __name__ == "__main__":
    main()
