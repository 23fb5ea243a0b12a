"""The dashboard: six questions, in the order in which an operator who was woken up asks them."""

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
    finished_work,
    stripe_attempts,
)
from infra.template.alarms import Grade
from infra.template.capacity_alarms import SHARED_PARTITIONS, index_writes
from infra.template.change_alarms import CHANGE_AGE, UNPUBLISHED
from infra.template.intrinsics import Json, physical, sub
from infra.template.measures import (
    API_GATEWAY,
    DYNAMODB,
    LAMBDA,
    STACK,
    Measure,
    Search,
    aws_metric,
    pom_metric,
    search,
)
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
    """One widget. It draws the thresholds of `alarms` as lines, and its row links their run books."""

    title: str
    lines: Sequence[Line]
    alarms: Sequence[str] = ()
    stacked: bool = False


@dataclass(frozen=True)
class Ratio(Graph):
    """One line that is computed from other metrics by the expression of its alarm."""

    expression: str = ""


@dataclass(frozen=True)
class Question:
    """One row of the dashboard. `good` says how the graphs look when all is well."""

    title: str
    good: str
    graphs: Sequence[Graph] = field(default_factory=tuple)
    alarms: Sequence[str] = ()
    """Alarms that no graph draws. The row links their run books too."""


def _ratio(title: str, alarm: str) -> Ratio:
    alarm_definition = BY_NAME[alarm]
    return Ratio(
        title, tuple(alarm_definition.measures.values()), (alarm,), expression=alarm_definition.expression or ""
    )


def _ratio_rows(graph: Ratio) -> list[list[Any]]:
    ids = BY_NAME[graph.alarms[0]].measures
    hidden = [measure.for_widget(id=name, visible=False) for name, measure in ids.items()]
    return [[{"expression": graph.expression, "label": graph.title, "id": "judged"}], *hidden]


_FUNCTION_NAMES = tuple(f"{STACK}-{function.aws_name}" for function in FUNCTIONS)

QUESTIONS = (
    Question(
        "1. Is the money right?",
        "Every line here is always 0, except for the events read and the payouts itemized.",
        (
            Graph(
                "Unfinished work that waits",
                [pom_metric(metrics.WORK_TAKEN_UP, "Maximum", kind=kind) for kind in sorted(metrics.WORK_KINDS)],
                ("StuckInvoices",),
            ),
            Graph(
                "Corrections by reconciliation, by cause",
                [
                    pom_metric(metrics.EVENTS_RECOVERED, "Sum", "a webhook did not arrive"),
                    pom_metric(metrics.INVOICES_CORRECTED, "Sum", "an invoice changed without an event"),
                    pom_metric(metrics.PAYOUTS_MISSED, "Sum", "a payout came without an event"),
                    pom_metric(metrics.FEES_FOUND, "Sum", "a fee came without an event"),
                    pom_metric(metrics.EVENTS_SWEPT, "Sum", "events read"),
                ],
            ),
            _ratio("Corrections per event", "Corrections"),
            Graph(
                "Differences between Stripe and POM",
                [
                    pom_metric(metrics.TIE_OUT_DIFFERENCES, "Maximum", "differences of an organization"),
                    pom_metric(metrics.TIE_OUTS, "Sum", "organizations compared"),
                ],
                ("TieOutDrift",),
            ),
            Graph(
                "Billed twice",
                [
                    pom_metric(metrics.INVOICES_BILLED_TWICE, "Maximum", "invoices"),
                    pom_metric(metrics.INVOICES_COPIED, "Maximum", "copied by a company"),
                ],
                ("BilledTwice",),
            ),
            Graph(
                "Payouts that do not tie out",
                [
                    pom_metric(metrics.PAYOUTS_NOT_TIED_OUT, "Maximum", "of an organization"),
                    pom_metric(metrics.PAYOUT_LINES_REPAIRED, "Sum", "lines repaired"),
                ],
                ("PayoutsNotTiedOut",),
            ),
            Graph(
                "Payouts itemized",
                [
                    pom_metric(metrics.PAYOUT_LINES, "SampleCount", "payouts"),
                    pom_metric(metrics.PAYOUT_LINES, "Sum", "lines"),
                ],
            ),
            Graph("Invoices taken back", [pom_metric(metrics.INVOICE_TAKEN_BACK, "Sum", "invoices")]),
        ),
    ),
    Question(
        "2. Are events flowing?",
        "Received = the sum of all outcomes; nothing is parked, unreadable or unknown; no message waits for long.",
        (
            Graph(
                "Events by outcome",
                [
                    pom_metric(metrics.EVENT_LAG, "SampleCount", outcome=outcome)
                    for outcome in sorted(metrics.EVENT_OUTCOMES)
                ],
                stacked=True,
            ),
            Graph("Delivery lag by event family, p99", [search(metrics.EVENT_LAG, "p99", outcome="applied")]),
            Graph(
                "Parked events",
                [
                    pom_metric(metrics.EVENTS_PARKED, "Maximum", "of one organization"),
                    pom_metric(metrics.EVENTS_GIVEN_UP, "Sum", "given up"),
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
                "Reconciliations planned and finished",
                [pom_metric(metrics.RECONCILIATIONS_PLANNED, "Sum", "planned"), finished_work("reconcile_account")],
            ),
            Graph("Canary passed", [pom_metric(metrics.CANARY_PASSED, "Minimum", "passed")]),
            Graph("Canary's round trip by result", [search(metrics.CANARY_ROUND_TRIP, "Maximum")]),
            Graph(
                "Stripe's webhook endpoint for POM",
                [pom_metric(metrics.WEBHOOK_ENDPOINT_PROBLEMS, "Maximum", "problems")],
                ("WebhookEndpoint",),
            ),
            Graph(
                "Age of the oldest change when it is published (ms)", [CHANGE_AGE], ("ChangesLate", "ChangesStalled")
            ),
            Graph("Changes that could not be published", [UNPUBLISHED], ("UnpublishedChanges",)),
            Graph("Changes published", [pom_metric(metrics.CHANGES_PUBLISHED, "Sum", "changes")]),
        ),
        ("ReconciliationSilent", "CanaryFailing"),
    ),
    Question(
        "3. Is the API responding?",
        "99.9 % of requests without a 5xx; p99 below 3 s where Stripe is called, below 1 s elsewhere.",
        (
            _ratio("Errors per request", "FastBurnNow"),
            Graph("p99 by route", [search(metrics.REQUEST_LATENCY, "p99", outcome=metrics.OK)]),
            Graph("Failures by route", [search(metrics.REQUEST_LATENCY, "SampleCount", outcome=metrics.FAILED)]),
            Graph(
                "Requests by outcome",
                [
                    pom_metric(metrics.REQUEST_LATENCY, "SampleCount", outcome=outcome)
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
        "4. Is Stripe responding?",
        "No 429 and no failures. POM looks up an unknown outcome in Stripe before it repeats the call.",
        (
            Graph(
                "Calls by outcome", [stripe_attempts(each) for each in sorted(metrics.STRIPE_OUTCOMES)], stacked=True
            ),
            _ratio("Failures per call", "StripeDown"),
            _ratio("Throttled calls per call", "StripeThrottling"),
            Graph("p99 by resource", [search(metrics.STRIPE_LATENCY, "p99", outcome=metrics.OK)]),
            Graph("Calls by resource", [search(metrics.STRIPE_LATENCY, "SampleCount", outcome=metrics.OK)]),
            Graph("Unknown outcomes", [search(metrics.STRIPE_LATENCY, "SampleCount", outcome=metrics.UNKNOWN)]),
        ),
    ),
    Question(
        "5. Is an outsider probing for access?",
        "A few expired tokens are normal; invalid signatures, wrong modes and unknown states are not.",
        (
            Graph("Invalid signatures, and events that no webhook brought", [INVALID, UNHEARD]),
            _ratio("Invalid signatures per webhook", "SignatureFailures"),
            Graph(
                "Events of another mode, or of accounts that POM does not know",
                [
                    pom_metric(metrics.EVENT_LAG, "SampleCount", outcome="wrong_mode"),
                    pom_metric(metrics.EVENT_LAG, "SampleCount", outcome="foreign"),
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
        "Cold starts are rare, nothing is throttled, and reads and writes grow with the number of events.",
        (
            Graph("Cold starts", [search(metrics.COLD_START, "Sum")], stacked=True),
            Graph(
                "Invocations",
                [
                    aws_metric(LAMBDA, "Invocations", name, "Sum", name.removeprefix(f"{STACK}-"))
                    for name in _FUNCTION_NAMES
                ],
                stacked=True,
            ),
            Graph(
                "Errors and throttles of functions",
                [
                    aws_metric(LAMBDA, metric, name, "Sum", f"{name.removeprefix(f'{STACK}-')} {metric.lower()}")
                    for name in _FUNCTION_NAMES
                    for metric in ("Errors", "Throttles")
                ],
            ),
            Graph(
                "Requests and 4xx",
                [aws_metric(API_GATEWAY, metric, STACK, "Sum", metric) for metric in ("Count", "4XXError")],
            ),
            Graph(
                "Duration, p99",
                [
                    aws_metric(LAMBDA, "Duration", name, "p99", name.removeprefix(f"{STACK}-"))
                    for name in _FUNCTION_NAMES
                ],
            ),
            Graph(
                "Capacity of tables",
                [
                    aws_metric(DYNAMODB, metric, f"{STACK}-{table}", "Sum", f"{table} {what}")
                    for table in ("invoices", "events")
                    for metric, what in (
                        ("ConsumedReadCapacityUnits", "read"),
                        ("ConsumedWriteCapacityUnits", "write"),
                    )
                ],
            ),
            Graph(
                "Concurrent executions in the account",
                [
                    aws_metric(LAMBDA, "ClaimedAccountConcurrency", (), "Maximum", "claimed"),
                    aws_metric(LAMBDA, "ConcurrentExecutions", (), "Maximum", "executions"),
                ],
            ),
            Graph(
                "Writes to partitions that all organizations share",
                [index_writes(table, index) for table, index in SHARED_PARTITIONS],
            ),
        ),
        ("ConcurrencyHigh", "BackupCopies"),
    ),
)

IGNORED: Mapping[str, str] = {}
"""Metrics that are emitted but not graphed, each with the reason."""


def body() -> Json:
    """Returns the dashboard's JSON. It contains CloudFormation's ${…} variables."""
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
    """Returns the dashboard as a resource, by logical id."""
    properties = {"DashboardName": physical("operations"), "DashboardBody": sub(json.dumps(body()))}
    return {"OperationsDashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def _alarm_states() -> Json:
    prefix = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${AWS::StackName}-"
    notifying = [composite.name for composite in COMPOSITES]
    notifying += [alarm.name for alarm in ALARMS if alarm.grade is not Grade.SIGNAL]
    properties = {"title": "Alarms", "alarms": [prefix + name for name in notifying]}
    return _widget_at("alarm", 0, 0, WIDTH, HEADING * 2, properties)


def _heading(question: Question, y: int) -> Json:
    drawn_alarms = [name for graph in question.graphs for name in graph.alarms]
    names_by_run_book = {BY_NAME[name].run_book: name for name in (*drawn_alarms, *question.alarms)}
    links = " · ".join(f"[{name}](${{RunBookUrl}}/{book})" for book, name in names_by_run_book.items())
    text = f"## {question.title}\n{question.good}" + (f" Run books: {links}" if links else "")
    return _widget_at("text", 0, y, WIDTH, HEADING, {"markdown": text})


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
    return _widget_at("metric", x, y, WIDTH // COLUMNS, HEIGHT, properties)


def _widget_at(kind: str, x: int, y: int, width: int, height: int, properties: Json) -> Json:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}
