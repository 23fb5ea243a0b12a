"""The alarms on what AWS lets a stage use: executions of Lambda at once, and units of DynamoDB a second."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.adapters.tables.database import NAMES
from chalicelib.functions import API_HANDLER, AUTHORIZER, BY_NAME, WORKERS, Function
from infra.template.alarms import Alarm, Grade, in_portions, sum_of, with_ids
from infra.template.intrinsics import camel
from infra.template.measures import DYNAMODB, LAMBDA, STACK, Measure, aws_metric

RUN_BOOK = "capacity.md"

PARTITION_WRITES = 1000
"""Write units a second that one partition takes, of a table or an index
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""
WARM = 0.5
"""Share of them from which on an index with a shared partition is called warm. At twice the load it is throttled, and
with it every write of its table that moves an entry."""
BUSY = 0.8
"""Share of the account's concurrency from which on somebody is to ask AWS for more."""

SHARED_PARTITIONS = (
    ("batches", "due_work"),
    ("connections", "active"),
    ("customers", "pending"),
    ("invoices", "due_work"),
    ("oauth-states", "unused_grants"),
)
"""Tables and indexes in which all organizations write to the same partition. Every other index begins with an
organization, an account or an invoice, and what one organization can do in a second heats none of them
(`make bench ARGS=partitions`), so their throttles are not watched; `tests/adapters/test_shared_partitions.py` finds
out which are which."""


def index_writes(table: str, index: str) -> Measure:
    """The write units that an index took."""
    names = (f"{STACK}-{table}", index)
    return aws_metric(DYNAMODB, "ConsumedWriteCapacityUnits", names, "Sum", f"{table} {index}")


def _throttles(function: Function) -> Measure:
    return aws_metric(LAMBDA, "Throttles", f"{STACK}-{function.aws_name}", "Sum", function.aws_name)


def _function_alarms() -> Iterator[Alarm]:
    api = with_ids([_throttles(BY_NAME[name]) for name in (API_HANDLER, AUTHORIZER)])
    yield Alarm(
        "ApiThrottled",
        "Requests were refused, because Lambda ran no more of the API's functions at once.",
        Grade.TICKET,
        RUN_BOOK,
        api,
        threshold=0,
        period=300,
        expression=sum_of(api),
    )
    for name, queries in in_portions("WorkersThrottled", [_throttles(each) for each in WORKERS]):
        yield Alarm(
            name,
            "For 15 minutes Lambda has not run as many workers at once as there is work for.",
            Grade.TICKET,
            RUN_BOOK,
            queries,
            threshold=0,
            period=300,
            periods=3,
            expression=sum_of(queries),
        )
    yield Alarm(
        "ConcurrencyHigh",
        f"For 3 minutes more than {BUSY:.0%} of the executions have been in use that Lambda allows the account.",
        Grade.TICKET,
        RUN_BOOK,
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html has this very expression.
        {
            "claimed": aws_metric(LAMBDA, "ClaimedAccountConcurrency", (), "Maximum", "claimed"),
            "executions": aws_metric(LAMBDA, "ConcurrentExecutions", (), "Maximum", "executions"),
        },
        threshold=BUSY,
        period=60,
        periods=3,
        expression="claimed / SERVICE_QUOTA(executions)",
    )


def _table_alarms() -> Iterator[Alarm]:
    shared_indexes = dict(SHARED_PARTITIONS)
    for table in NAMES.values():
        name = f"{STACK}-{table}"
        measures = [
            aws_metric(DYNAMODB, "WriteThrottleEvents", name, "Sum", f"{table} writes"),
            aws_metric(DYNAMODB, "ReadThrottleEvents", name, "Sum", f"{table} reads"),
        ]
        throttled_words = f"reads or writes of {table}"
        if index := shared_indexes.get(table):
            # Those of the table are without those of its indexes: each has its own.
            measures.append(aws_metric(DYNAMODB, "WriteThrottleEvents", (name, index), "Sum", f"{table} {index}"))
            throttled_words += f" or writes of its index {index}"
        queries = with_ids(measures)
        yield Alarm(
            f"Throttled{camel(table)}",
            f"For 10 minutes DynamoDB has refused {throttled_words}.",
            Grade.TICKET,
            RUN_BOOK,
            queries,
            threshold=0,
            period=300,
            periods=2,
            expression=sum_of(queries),
        )


def _index_alarms() -> Iterator[Alarm]:
    for table, index in SHARED_PARTITIONS:
        yield Alarm(
            f"Warm{camel(table)}{camel(index)}",
            f"For 3 minutes {index} of {table}, one partition for all organizations, has taken {WARM:.0%} of what"
            " a partition takes.",
            Grade.TICKET,
            RUN_BOOK,
            {"writes": index_writes(table, index)},
            threshold=WARM * PARTITION_WRITES * 60,
            period=60,
            periods=3,
            comparison=">=",
        )


CAPACITY_ALARMS = (*_function_alarms(), *_table_alarms(), *_index_alarms())
