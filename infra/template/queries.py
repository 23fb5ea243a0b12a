"""Questions to the logs that run books ask, saved in CloudWatch Logs Insights."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib import functions
from chalicelib.functions import API_HANDLER
from infra.template.intrinsics import Json, log_group_id, ref, sub

WORKERS = tuple(function.name for function in functions.WORKERS)

TRAIL = (
    "@timestamp, message, route, worker, outcome, status, latency_ms, error.code, error.type,"
    " organization_id, invoice_id, batch_id, event_id, message_id, request_id, xray_trace_id"
)
"""What is read of each line on the way of a request or an invoice, from the API through the queues."""


@dataclass(frozen=True)
class Query:
    """One saved question, to the logs of these functions."""

    name: str
    functions: tuple[str, ...]
    text: str


QUERIES = (
    Query(
        "failed-requests",
        (API_HANDLER,),
        "fields @timestamp, request_id, organization_id, route, status, error.type, error.code\n"
        "| filter message = 'request' and outcome in ['failed', 'retry']\n"
        "| sort @timestamp desc | limit 200",
    ),
    Query(
        "who-asked-for-what",
        (API_HANDLER,),
        "fields @timestamp, user, network, route, status, error.code, request_id, invoice_id, batch_id\n"
        "| filter message = 'request' and organization_id = 'ORGANIZATION'\n"
        "| sort @timestamp desc | limit 1000",
    ),
    Query(
        "slow-requests",
        (API_HANDLER,),
        "filter message = 'request'\n"
        "| stats count() as requests, pct(latency_ms, 50) as p50, pct(latency_ms, 99) as p99 by route\n"
        "| sort p99 desc",
    ),
    Query(
        "failed-work",
        WORKERS,
        "fields @timestamp, worker, outcome, error.type, error.code, error.at.0\n"
        "| filter message = 'work' and outcome != 'ok'\n"
        "| sort @timestamp desc | limit 200",
    ),
    Query(
        "late-changes",
        ("publish_changes",),
        "fields @timestamp, published, unpublished, repeats, error.code, error.causes.0.code, error.causes.1.code,"
        " reasons.0\n"
        "| filter message = 'changes_published' and (unpublished > 0 or ispresent(error.code))\n"
        "| sort @timestamp desc | limit 200",
    ),
    Query(
        "reconciliations",
        ("reconcile_account",),
        "filter message = 'account_reconciled'\n"
        "| stats count() as runs, sum(events_seen) as seen, sum(recovered) as recovered, sum(corrected) as corrected,"
        " max(parked) as parked by organization_id\n"
        "| sort recovered desc, corrected desc",
    ),
    Query(
        "tie-out-differences",
        ("reconcile_account",),
        "fields @timestamp, organization_id, differences, billed_twice, copied\n"
        "| filter message = 'tied_out' and (differences > 0 or billed_twice > 0 or copied > 0)\n"
        "| sort @timestamp desc | limit 200",
    ),
    Query(
        "payouts-not-tied-out",
        ("reconcile_account", "balance_jobs"),
        "fields @timestamp, organization_id, payout_id, not_tied_out, unexplained, lines, repaired, code\n"
        "| filter (message = 'payouts_swept' and not_tied_out > 0)"
        " or (message = 'payout_itemized' and unexplained != 0)"
        " or (message = 'balance_refused' and task != 'payment')\n"
        "| sort @timestamp desc | limit 200",
    ),
    Query(
        "payouts-swept",
        ("reconcile_account",),
        "filter message = 'payouts_swept'\n"
        "| stats count() as runs, sum(found) as found, sum(missed) as missed, sum(queued) as queued,"
        " sum(fees) as fees by organization_id\n"
        "| sort missed desc, fees desc",
    ),
    Query(
        "invoices-taken-back",
        ("invoice_jobs", "batch_jobs"),
        "fields @timestamp, organization_id, invoice_id, code\n"
        "| filter message = 'invoice_taken_back'\n"
        "| sort @timestamp desc | limit 200",
    ),
    Query(
        "canaries",
        ("canary",),
        "fields @timestamp, verdict, latency_ms\n| filter message = 'canary'\n| sort @timestamp desc | limit 200",
    ),
    Query(
        "follow-one-request",
        (API_HANDLER, *WORKERS),
        f"fields {TRAIL}\n| filter request_id = 'REQUEST'\n| sort @timestamp asc | limit 500",
    ),
    Query(
        "follow-one-invoice",
        (API_HANDLER, *WORKERS),
        f"fields {TRAIL}\n| filter invoice_id = 'INVOICE'\n| sort @timestamp asc | limit 500",
    ),
    Query(
        "one-organization",
        (API_HANDLER, *WORKERS),
        "fields @timestamp, message, route, worker, outcome, status, error.code\n"
        "| filter organization_id = 'ORGANIZATION'\n"
        "| sort @timestamp desc | limit 500",
    ),
)


def queries() -> Json:
    """The resources, by logical id."""
    return {f"{''.join(map(str.capitalize, query.name.split('-')))}Query": _resource(query) for query in QUERIES}


def _resource(query: Query) -> Json:
    properties = {
        "Name": sub(f"${{AWS::StackName}}/{query.name}"),
        "LogGroupNames": [ref(log_group_id(function)) for function in query.functions],
        "QueryString": query.text,
    }
    return {"Type": "AWS::Logs::QueryDefinition", "Properties": properties}
