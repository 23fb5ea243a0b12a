"""The alarms on AWS's limits for a stage: Lambda's concurrent executions, and DynamoDB's throughput."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.adapters.tables.database import NAMES
from chalicelib.functions import API_HANDLER, AUTHORIZER, BY_NAME, WORKERS, Function
from infra.template.alarms import Alarm, Grade, in_portions, sum_of, with_ids
from infra.template.intrinsics import camel
from infra.template.measures import DYNAMODB, LAMBDA, STACK, Measure, aws_metric

RUN_BOOK = "capacity.md"

PARTITION_WRITES = 1000
"""Write units a second that one partition of a table or an index accepts
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
"""
WARM = 0.5
"""The share of a partition's write units from which on an index with a shared partition counts as warm. At twice this
load DynamoDB throttles the index, and with it every write to the table that changes an entry of the index.
"""
BUSY = 0.8
"""The share of the account's concurrent executions from which on an operator must ask AWS for more."""

SHARED_PARTITIONS = (
    ("batches", "due_work"),
    ("connections", "active"),
    ("customers", "pending"),
    ("invoices", "due_work"),
    ("oauth-states", "unused_grants"),
)
"""Tables and indexes in which all organizations write to the same partition.

The key of every other index begins with an organization, an account or an invoice. One organization cannot write
enough in a second to overload such a partition (`make bench ARGS=partitions`), so no alarm watches those indexes.
`tests/adapters/test_shared_partitions.py` checks this list against the tables.
"""


def index_writes(table: str, index: str) -> Measure:
    """Returns the write units that an index consumed."""
    names = (f"{STACK}-{table}", index)
    return aws_metric(DYNAMODB, "ConsumedWriteCapacityUnits", names, "Sum", f"{table} {index}")


def _throttles(function: Function) -> Measure:
    return aws_metric(LAMBDA, "Throttles", f"{STACK}-{function.aws_name}", "Sum", function.aws_name)


def _function_alarms() -> Iterator[Alarm]:
    api = with_ids([_throttles(BY_NAME[name]) for name in (API_HANDLER, AUTHORIZER)])
    yield Alarm(
        "ApiThrottled",
        "Lambda refused requests to the API, because too many executions of its functions ran at the same time.",
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
            "Lambda has refused to run as many workers as there is work for, for 15 minutes.",
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
        f"More than {BUSY:.0%} of the account's concurrent executions have been in use for 3 minutes.",
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
            # DynamoDB counts a table's throttles without those of its indexes.
            measures.append(aws_metric(DYNAMODB, "WriteThrottleEvents", (name, index), "Sum", f"{table} {index}"))
            throttled_words += f" or writes of its index {index}"
        queries = with_ids(measures)
        yield Alarm(
            f"Throttled{camel(table)}",
            f"DynamoDB has throttled {throttled_words} for 10 minutes.",
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
            f"The index {index} of {table}, one partition for all organizations, has used {WARM:.0%} of a partition's"
            " throughput for 3 minutes.",
            Grade.TICKET,
            RUN_BOOK,
            {"writes": index_writes(table, index)},
            threshold=WARM * PARTITION_WRITES * 60,
            period=60,
            periods=3,
            comparison=">=",
        )


CAPACITY_ALARMS = (*_function_alarms(), *_table_alarms(), *_index_alarms())
