"""The running costs in dollars: the stories' recorded invocations by AWS's list prices, and the fixed costs of a
stage.

`ASSUMED` lists what this machine cannot measure. `./ops measure` measures a deployed stage.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from chalicelib import metrics
from chalicelib.adapters.secrets import FRESH_FOR
from chalicelib.adapters.tables import TABLES
from chalicelib.functions import FUNCTIONS, Queue, Secret
from infra.local.schedules import schedules
from infra.template import merge_template
from infra.template.alarm_list import ALARMS, COMPOSITES
from tests.bench.bill import (
    PLATFORM_BYTES,
    READ_TAKES,
    SLOWER,
    STRIPE_TAKES,
    VCPU,
    WRITE_TAKES,
    Bill,
    bill_of,
    logged,
)
from tests.bench.figures import Figure, at_most, no_budget
from tests.bench.payouts import read_payouts
from tests.bench.prices import price_list
from tests.bench.stories import BULK, run_stories
from tests.bench.stories_growth import CREATED, FEE, PAID
from tests.bench.stories_stage import PUBLISHER, Invocation
from tests.bench.story_costs import StoryCost

MILLION = 1_000_000
HOURS = 730
"""The hours in a month."""
SECONDS = HOURS * 3600

POLLERS, POLL_SECONDS = 5, 20
"""The number of long polls that Lambda always runs for each queue, even for an empty one."""
KMS_SECONDS = 300
"""The seconds for which DynamoDB caches a table's KMS key, for each caller."""
BUSY = 0.5
"""The share of a month's hours in which a metric that the stories emit is emitted."""
LIFETIME = (CREATED, PAID, FEE, "show an invoice")
BULK_LIFETIME = (f"bulk of {BULK}, sent", PAID, FEE)
FEE_WORKER = "balance_jobs"
"""The function that reads a payment's fee after a webhook has reported that Stripe has booked it."""
DEPOSIT_LINES = 100
"""The number of lines in the payout that contains an invoice."""
SWEEP = "reconciliation, nothing missed"
SWEEPS = HOURS * 6
"""The sweeps of a busy organization in a month. An organization without activity is swept less often."""
TICK = "a schedule's tick, nothing due"
CANARY = "canary"
"""The schedule that posts its own webhook."""

ASSUMED = (
    f"A Lambda's processor takes {SLOWER} times as long as this machine's, and has memory / {VCPU} MB of one; "
    f"a read of DynamoDB is waited for {READ_TAKES * 1000:.0f} ms, a write {WRITE_TAKES * 1000:.0f} ms, Stripe "
    f"{STRIPE_TAKES * 1000:.0f} ms.",
    "Every request is traced, and every request of a person asks the authorizer: both are upper bounds.",
    f"{PLATFORM_BYTES} bytes of Lambda's own log lines an invocation; one message a batch.",
    f"A metric is paid by the hour in which it is emitted; those of the stories are, in {BUSY:.0%} of all hours.",
    f"An invoice is made for a known customer, paid by card, looked at once, and one of {DEPOSIT_LINES} lines of a "
    "payout; no free tier is taken off.",
)

WEBHOOK_LOG_BYTES = 2600
METRIC_COMBINATIONS = 300
"""90 dollars a month, if each is emitted every hour. Two of each new route's and worker's come to be."""


def standing() -> Bill:
    """Returns the cost of a month without activity: schedules and metrics only."""
    price, queues = price_list().prices, list(Queue)
    polls = len(queues) * POLLERS * SECONDS / POLL_SECONDS
    tick = bill_of(each for story in run_stories() if story.name == TICK for each in story.invocations)
    watched = sum(len(alarm.measures) for alarm in ALARMS)
    kms = len(TABLES) * len(FUNCTIONS) * SECONDS / KMS_SECONDS
    return Bill(
        {
            "Schedules": tick.total * _ticks(),
            "Canary's webhooks": a_webhook().total * _ticks(CANARY),
            "Metrics of ours": price["metric"].of(len(emitted()) * BUSY),
            "Metrics of API Gateway by method": price["metric"].of(_detailed_metrics()),
            "Alarms": price["alarm_metric"].of(watched) + price["composite_alarm"].of(len(COMPOSITES)),
            "Dashboard": price["dashboard"].of(1),
            "SQS, polling": price["sqs_fifo"].of(polls),
            "Secrets": price["secret"].of(len(Secret)) + price["secret_call"].of(_secret_calls()),
            "KMS, at most": price["kms_request"].of(kms),
        }
    )


def _secret_calls() -> float:
    """Returns the most calls of Secrets Manager in a month: each function reads each secret as often as it may, and
    asks for its age once an hour.
    """
    reads = sum(len(each.secrets) for each in FUNCTIONS) * SECONDS / FRESH_FOR
    return reads + sum(len(each.watches) for each in FUNCTIONS) * HOURS


def _ticks(name: str | None = None) -> float:
    """Returns the ticks in a month of the schedule of this name, or of all schedules."""
    from app import app

    return sum(SECONDS / each.interval for each in schedules(app) if each.interval and name in {None, each.name})


def _detailed_metrics() -> int:
    """Returns the metrics that API Gateway would store for each method of each route. AWS bills them as custom
    metrics.
    """
    from app import app

    methods = sum(len(methods) for methods in app.routes.values())
    settings = merge_template()["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    return 5 * methods if any(each["MetricsEnabled"] for each in settings) else 0


def emitted() -> set[str]:
    """Returns the metrics that the stories emit, each with its dimensions' values, as CloudWatch counts them."""
    found = set()
    for story in run_stories():
        for invocation in story.invocations:
            for line in invocation.logged.splitlines():
                if line.startswith('{"_aws"'):
                    found |= set(_metrics_of(json.loads(line)))
    return found


def _metrics_of(line: dict[str, object]) -> Iterable[str]:
    for directive in line["_aws"]["CloudWatchMetrics"]:  # type: ignore[index]
        for dimensions in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                yield json.dumps([metric["Name"], sorted((name, line[name]) for name in dimensions)])


def combinations() -> int:
    """Returns the most metrics that CloudWatch can count, if every value of every dimension occurs."""
    from app import app

    routes = sum(len(methods) for methods in app.routes.values())
    total = 0
    for metric in metrics.METRICS.values():
        for names in (metric.dimensions, *metric.rollups):
            values = metrics.values_of(metric, names).values()
            total += math.prod(routes if each is None else len(each) for each in values)
    return total


def measure() -> list[Figure]:
    """Prints the bill and returns its figures."""
    stories = {each.name: each for each in run_stories()}
    webhooks = [each for name in LIFETIME for each in stories[name].webhooks]
    deposit, lifetime = a_deposit(), an_invoice()
    line = deposit.times(1 / DEPOSIT_LINES)
    in_bulk, *afterwards = BULK_LIFETIME
    bulk = _sum([stories[in_bulk]]).times(1 / BULK) + _sum(stories[name] for name in afterwards) + line
    organization, month = busy_organization(), standing()
    bills = {
        "a million webhooks": a_webhook().times(MILLION),
        "1,000 invoices": lifetime.times(1000),
        "1,000 in bulk": bulk.times(1000),
        f"1,000 payouts of {DEPOSIT_LINES} lines": deposit.times(1000),
        "a busy organization, by the month": organization,
        "the stage, by the month": month,
    }
    show(bills, Console(width=140))
    show_telling(stories.values(), Console(width=140))
    prices = price_list()
    how = f"list prices of {prices.as_of}, {prices.region}"
    lines = sum(map(logged, webhooks)) / len(webhooks)
    return [
        *(no_budget(f"cost of {name}", bill.total, "$", f"{how}; {_biggest(bill)}") for name, bill in bills.items()),
        at_most("log bytes of a webhook", lines, WEBHOOK_LOG_BYTES, "", "its metrics and Lambda's own lines included",
                is_count=True),
        at_most("possible metrics", combinations(), METRIC_COMBINATIONS, "",
                "each value of each dimension in chalicelib/metrics.py", is_count=True),
        no_budget("metrics that the stories emit", len(emitted()), "", "0.30 $ a month each, if emitted every hour"),
    ]  # fmt: skip


def a_webhook() -> Bill:
    """Returns the cost of a webhook of an invoice, with its share of the work of reading the payment's fee."""
    stories = {each.name: each for each in run_stories()}
    webhooks = [each for name in LIFETIME for each in stories[name].webhooks]
    return bill_of([*webhooks, *_reading_fees(stories)]).times(1 / len(webhooks))


def a_deposit() -> Bill:
    """Returns the cost of a payout of `DEPOSIT_LINES` lines."""
    return bill_of(read_payouts()[DEPOSIT_LINES].invocations)


def an_invoice() -> Bill:
    """Returns the cost of an invoice from its creation until it is paid and in a payout."""
    stories = {each.name: each for each in run_stories()}
    return _sum(stories[name] for name in LIFETIME) + a_deposit().times(1 / DEPOSIT_LINES)


def busy_organization() -> Bill:
    """Returns the cost of the sweeps of an organization in a month in which something happens every day."""
    return _sum(each for each in run_stories() if each.name == SWEEP).times(SWEEPS)


def _reading_fees(stories: Mapping[str, StoryCost]) -> Iterator[Invocation]:
    """Yields the work that an invoice's webhooks queue for a worker."""
    for name in LIFETIME:
        yield from (each for each in stories[name].invocations if each.function == FEE_WORKER)


def _sum(stories: Iterable[StoryCost]) -> Bill:
    return bill_of(each for story in stories for each in story.invocations)


def _biggest(bill: Bill) -> str:
    name = max(bill.components, key=lambda each: bill.components[each])
    return f"most of it {name}: {bill.components[name]:.2f}"


def show_telling(stories: Iterable[StoryCost], console: Console) -> None:
    """Shows one row for each story that reaches POM, or whose writes go through a stream."""
    table = Table(title="What publishing costs, a thousand of each", title_justify="left", box=box.ROUNDED)
    table.add_column("Story")
    for name in ("feed WRU", "RRU", "events", "telling, $", "whole, $"):
        table.add_column(name, justify="right")
    for story in stories:
        telling = [each for each in story.invocations if each.function == PUBLISHER]
        if telling:
            units = (sum(each.writes for each in telling), sum(each.reads for each in telling))
            events = sum(each.events for each in telling)
            dollars = (1000 * bill_of(each).total for each in (telling, story.invocations))
            table.add_row(
                story.name, *(f"{each:g}" for each in (*units, events)), *(f"{each:.4f}" for each in dollars)
            )
    console.print(table)


def show(bills: Mapping[str, Bill], console: Console) -> None:
    """Shows one row for each component."""
    table = Table(title="Costs in dollars", title_justify="left", box=box.ROUNDED)
    table.add_column("Component")
    for name in bills:
        table.add_column(name, justify="right")
    components = dict.fromkeys(name for bill in bills.values() for name in bill.components)
    for component in components:
        cells = (bill.components.get(component) for bill in bills.values())
        table.add_row(component, *("" if cell is None else f"{cell:.4f}" for cell in cells))
    table.add_section()
    table.add_row("total", *(f"{bill.total:.4f}" for bill in bills.values()), style="bold")
    console.print(table)
    for assumed in ASSUMED:
        console.print(f"[dim]{assumed}[/dim]")
