"""The dashboard: six questions, in the order in which somebody who was woken up asks them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from chalicelib import metrics
from chalicelib.functions import FUNCTIONS, Queue, Secret
from infra.template.alarm_list import (
    ALARMS,
    BY_NAME,
    COMPOSITES,
    stripe_tries,
    worked,
)
from infra.template.alarms import Grade
from infra.template.capacity_alarms import SHARED_PARTITIONS, index_writes
from infra.template.change_alarms import CHANGE_AGE, UNPUBLISHED
from infra.template.intrinsics import Json, physical, sub
from infra.template.measures import API_GATEWAY, DYNAMODB, LAMBDA, STACK, Measure, Search, aws, ours, search
from infra.template.queue_alarms import DEAD_LETTER_QUEUES, oldest, waiting
from infra.template.release_alarms import FUNCTION_ERRORS
from infra.template.secret_alarms import AGES_UNKNOWN, SECRET_ALARMS, age_of
from infra.template.webhook_alarms import INVALID, UNHEARD

WIDTH = 24
COLUMNS = 3
HEIGHT = 6
HEADING = 2
PERIOD = 300

Line: TypeAlias = Measure | Search


@dataclass(frozen=True)
class Graph:
    """One widget. `alarms` are drawn as lines, and their run books linked."""

    title: str
    lines: Sequence[Line]
    alarms: Sequence[str] = ()
    stacked: bool = False


@dataclass(frozen=True)
class Ratio(Graph):
    """One line that is computed of others, by the expression of its alarm."""

    expression: str = ""


@dataclass(frozen=True)
class Question:
    """One row of the dashboard, and what a good answer looks like."""

    title: str
    good: str
    graphs: Sequence[Graph] = field(default_factory=tuple)
    alarms: Sequence[str] = ()
    """Those that no graph draws: their run books are linked too."""


def _ratio(title: str, alarm: str) -> Ratio:
    watched = BY_NAME[alarm]
    return Ratio(title, tuple(watched.measures.values()), (alarm,), expression=watched.expression or "")


def _ratio_rows(graph: Ratio) -> list[list[Any]]:
    ids = BY_NAME[graph.alarms[0]].measures
    hidden = [measure.for_widget(id=name, visible=False) for name, measure in ids.items()]
    return [[{"expression": graph.expression, "label": graph.title, "id": "judged"}], *hidden]


_FUNCTION_NAMES = tuple(f"{STACK}-{function.aws_name}" for function in FUNCTIONS)

QUESTIONS = (
    Question(
        "1. Is the money right?",
        "Everything here is 0, always, but for the events looked at and the payouts itemized.",
        (
            Graph(
                "Half-made and waiting",
                [ours(metrics.WORK_TAKEN_UP, "Maximum", kind=kind) for kind in sorted(metrics.WORK_KINDS)],
                ("StuckInvoices",),
            ),
            Graph(
                "Corrections by reconciliation, by cause",
                [
                    ours(metrics.EVENTS_RECOVERED, "Sum", "an event was missed"),
                    ours(metrics.INVOICES_CORRECTED, "Sum", "no event told"),
                    ours(metrics.PAYOUTS_MISSED, "Sum", "no event told of a payout"),
                    ours(metrics.FEES_FOUND, "Sum", "no event told of a fee"),
                    ours(metrics.EVENTS_SWEPT, "Sum", "events looked at"),
                ],
            ),
            _ratio("Corrections in events", "Corrections"),
            Graph(
                "Drift between Stripe and us",
                [
                    ours(metrics.TIE_OUT_DIFFERENCES, "Maximum", "differences of an organization"),
                    ours(metrics.TIE_OUTS, "Sum", "organizations compared"),
                ],
                ("TieOutDrift",),
            ),
            Graph(
                "Billed twice",
                [
                    ours(metrics.INVOICES_BILLED_TWICE, "Maximum", "invoices"),
                    ours(metrics.INVOICES_COPIED, "Maximum", "copied by a company"),
                ],
                ("BilledTwice",),
            ),
            Graph(
                "Payouts that do not tie out",
                [
                    ours(metrics.PAYOUTS_NOT_TIED_OUT, "Maximum", "of an organization"),
                    ours(metrics.PAYOUT_LINES_REPAIRED, "Sum", "lines repaired"),
                ],
                ("PayoutsNotTiedOut",),
            ),
            Graph(
                "Payouts itemized",
                [
                    ours(metrics.PAYOUT_LINES, "SampleCount", "payouts"),
                    ours(metrics.PAYOUT_LINES, "Sum", "lines"),
                ],
            ),
            Graph("Invoices taken back", [ours(metrics.INVOICE_TAKEN_BACK, "Sum", "invoices")]),
        ),
    ),
    Question(
        "2. Are events flowing?",
        "Received = the sum of all outcomes, nothing is parked, unreadable or unknown, no queue is old.",
        (
            Graph(
                "Events by what became of them",
                [
                    ours(metrics.EVENT_LAG, "SampleCount", outcome=outcome)
                    for outcome in sorted(metrics.EVENT_OUTCOMES)
                ],
                stacked=True,
            ),
            Graph("Delivery lag by family, p99", [search(metrics.EVENT_LAG, "p99", outcome="applied")]),
            Graph(
                "Parked events",
                [
                    ours(metrics.EVENTS_PARKED, "Maximum", "of one organization"),
                    ours(metrics.EVENTS_GIVEN_UP, "Sum", "given up"),
                ],
                ("ParkedEvents",),
            ),
            Graph("Oldest message", [oldest(queue) for queue in Queue], ("BacklogReconcile", "StalledReconcile")),
            Graph(
                "Dead letters",
                [waiting(queue) for queue in DEAD_LETTER_QUEUES],
                ("DeadLetterReconcile",),
            ),
            Graph(
                "Reconciliations planned and done",
                [ours(metrics.RECONCILIATIONS_PLANNED, "Sum", "planned"), worked("reconcile_account")],
            ),
            Graph("Canary came through", [ours(metrics.CANARY_PASSED, "Minimum", "passed")]),
            Graph("Canary's round trip by verdict", [search(metrics.CANARY_ROUND_TRIP, "Maximum")]),
            Graph(
                "Stripe's endpoint for us",
                [ours(metrics.WEBHOOK_ENDPOINT_PROBLEMS, "Maximum", "problems")],
                ("WebhookEndpoint",),
            ),
            Graph(
                "Age of the oldest change when it is published (ms)", [CHANGE_AGE], ("ChangesLate", "ChangesStalled")
            ),
            Graph("Changes that could not be published", [UNPUBLISHED], ("UnpublishedChanges",)),
            Graph("Changes published", [ours(metrics.CHANGES_PUBLISHED, "Sum", "changes")]),
        ),
        ("ReconciliationSilent", "CanaryFailing"),
    ),
    Question(
        "3. Is the API answering?",
        "99.9 % of requests without a 5xx; p99 below 3 s where Stripe is called, below 1 s elsewhere.",
        (
            _ratio("Errors in requests", "FastBurnNow"),
            Graph("p99 by route", [search(metrics.REQUEST_LATENCY, "p99", outcome=metrics.OK)]),
            Graph("Failures by route", [search(metrics.REQUEST_LATENCY, "SampleCount", outcome=metrics.FAILED)]),
            Graph(
                "Requests by outcome",
                [
                    ours(metrics.REQUEST_LATENCY, "SampleCount", outcome=outcome)
                    for outcome in sorted(metrics.REQUEST_OUTCOMES)
                ],
                stacked=True,
            ),
            Graph("Work by worker, p99", [search(metrics.WORK_LATENCY, "p99", outcome=metrics.OK)]),
            Graph("Failed work", [search(metrics.WORK_LATENCY, "SampleCount", outcome=metrics.FAILED)]),
        ),
        FUNCTION_ERRORS,
    ),
    Question(
        "4. Is Stripe answering?",
        "No 429, no failures. Unknown outcomes are looked up before anything is asked again.",
        (
            Graph("Calls by outcome", [stripe_tries(each) for each in sorted(metrics.STRIPE_OUTCOMES)], stacked=True),
            _ratio("Failures in calls", "StripeDown"),
            _ratio("Throttled in calls", "StripeThrottling"),
            Graph("p99 by resource", [search(metrics.STRIPE_LATENCY, "p99", outcome=metrics.OK)]),
            Graph("Calls by resource", [search(metrics.STRIPE_LATENCY, "SampleCount", outcome=metrics.OK)]),
            Graph("Unknown outcomes", [search(metrics.STRIPE_LATENCY, "SampleCount", outcome=metrics.UNKNOWN)]),
        ),
    ),
    Question(
        "5. Is somebody probing for access?",
        "A trickle of expired tokens is normal; bad signatures, wrong modes and foreign states are not.",
        (
            Graph("Bad signatures, and events that Stripe did not bring", [INVALID, UNHEARD]),
            _ratio("Bad signatures in webhooks", "SignatureFailures"),
            Graph(
                "Events of another mode or of accounts that are not ours",
                [
                    ours(metrics.EVENT_LAG, "SampleCount", outcome="wrong_mode"),
                    ours(metrics.EVENT_LAG, "SampleCount", outcome="foreign"),
                ],
            ),
            Graph("Refused tokens", [search(metrics.TOKEN_REFUSED, "Sum")]),
            Graph("Refused states, accounts and roles", [search(metrics.SECURITY_REFUSED, "Sum")]),
            Graph(
                "Days since a secret was changed",
                [*(age_of(secret) for secret in Secret), AGES_UNKNOWN],
                tuple(alarm.name for alarm in SECRET_ALARMS),
            ),
        ),
    ),
    Question(
        "6. What does it cost?",
        "Cold starts are rare, nothing is throttled, reads and writes go with the number of events.",
        (
            Graph("Cold starts", [search(metrics.COLD_START, "Sum")], stacked=True),
            Graph(
                "Invocations",
                [aws(LAMBDA, "Invocations", name, "Sum", name.removeprefix(f"{STACK}-")) for name in _FUNCTION_NAMES],
                stacked=True,
            ),
            Graph(
                "Errors and throttles of functions",
                [
                    aws(LAMBDA, metric, name, "Sum", f"{name.removeprefix(f'{STACK}-')} {metric.lower()}")
                    for name in _FUNCTION_NAMES
                    for metric in ("Errors", "Throttles")
                ],
            ),
            Graph(
                "Requests and 4xx",
                [aws(API_GATEWAY, metric, STACK, "Sum", metric) for metric in ("Count", "4XXError")],
            ),
            Graph(
                "Duration, p99",
                [aws(LAMBDA, "Duration", name, "p99", name.removeprefix(f"{STACK}-")) for name in _FUNCTION_NAMES],
            ),
            Graph(
                "Capacity of tables",
                [
                    aws(DYNAMODB, metric, f"{STACK}-{table}", "Sum", f"{table} {what}")
                    for table in ("invoices", "events")
                    for metric, what in (
                        ("ConsumedReadCapacityUnits", "read"),
                        ("ConsumedWriteCapacityUnits", "write"),
                    )
                ],
            ),
            Graph(
                "Executions at once in the account",
                [
                    aws(LAMBDA, "ClaimedAccountConcurrency", (), "Maximum", "claimed"),
                    aws(LAMBDA, "ConcurrentExecutions", (), "Maximum", "executions"),
                ],
            ),
            Graph(
                "Writes of partitions that all share",
                [index_writes(table, index) for table, index in SHARED_PARTITIONS],
            ),
        ),
        ("ConcurrencyHigh", "BackupCopies"),
    ),
)

IGNORED: Mapping[str, str] = {}
"""Metrics that are emitted and not graphed, each with the reason."""


def body() -> Json:
    """The dashboard's JSON, with CloudFormation's ${…} in it."""
    widgets: list[Json] = [_alarm_states()]
    y = HEADING * 2
    for question in QUESTIONS:
        widgets.append(_heading(question, y))
        y += HEADING
        for number, graph in enumerate(question.graphs):
            row, column = divmod(number, COLUMNS)
            widgets.append(_widget(graph, column * (WIDTH // COLUMNS), y + row * HEIGHT))
        y += -(-len(question.graphs) // COLUMNS) * HEIGHT
    return {"start": "-PT12H", "widgets": widgets}


def dashboard() -> Json:
    """The resource, by logical id."""
    properties = {"DashboardName": physical("operations"), "DashboardBody": sub(json.dumps(body()))}
    return {"OperationsDashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def _alarm_states() -> Json:
    prefix = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${AWS::StackName}-"
    telling = [composite.name for composite in COMPOSITES]
    telling += [alarm.name for alarm in ALARMS if alarm.grade is not Grade.SIGNAL]
    properties = {"title": "Alarms", "alarms": [prefix + name for name in telling]}
    return _placed("alarm", 0, 0, WIDTH, HEADING * 2, properties)


def _heading(question: Question, y: int) -> Json:
    drawn = [name for graph in question.graphs for name in graph.alarms]
    linked = {BY_NAME[name].run_book: name for name in (*drawn, *question.alarms)}
    links = " · ".join(f"[{name}](${{RunBookUrl}}/{book})" for book, name in linked.items())
    text = f"## {question.title}\n{question.good}" + (f" Run books: {links}" if links else "")
    return _placed("text", 0, y, WIDTH, HEADING, {"markdown": text})


def _widget(graph: Graph, x: int, y: int) -> Json:
    rows = _ratio_rows(graph) if isinstance(graph, Ratio) else [line.for_widget() for line in graph.lines]
    properties: Json = {
        "title": graph.title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "stacked": graph.stacked,
        "period": PERIOD,
        "metrics": rows,
        "yAxis": {"left": {"min": 0}},
    }
    if graph.alarms:
        lines = [
            {"label": f"{name} ({BY_NAME[name].grade})", "value": BY_NAME[name].threshold} for name in graph.alarms
        ]
        properties["annotations"] = {"horizontal": lines}
    return _placed("metric", x, y, WIDTH // COLUMNS, HEIGHT, properties)


def _placed(kind: str, x: int, y: int, width: int, height: int, properties: Json) -> Json:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}
