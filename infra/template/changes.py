"""The event bus on which POM is told of changes, and the streams of the tables that feed it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from chalicelib.functions import UNPUBLISHED_CHANGES, Changes, Function
from infra.template.intrinsics import Json, camel, get_att, physical, queue_id, ref, table_id

BUS_ID = "ChangesBus"
"""The logical id of the bus."""
FOR_EVER = -1
"""AWS repeats a batch until it succeeds or until its records leave the stream after 24 hours."""
AT_ONCE = 1
"""Batches of one shard that run at the same time. One batch keeps the order of writing, and two batches never append
to one organization's feed at the same time."""


def bus() -> Json:
    """Returns the bus, by logical id. It has no policy, so only identities of the same account can create rules on
    it.
    """
    properties = {
        "Name": physical("changes"),
        "Description": "What has changed in invoices, customers, connections and payouts.",
    }
    return {BUS_ID: {"Type": "AWS::Events::EventBus", "Properties": properties}}


def bus_outputs() -> Json:
    """Returns the outputs that a consumer needs for a rule of its own, by their names."""
    return {
        "ChangesBusName": {
            "Description": "The event bus for rules of consumers; the source of its events is pom-stripe",
            "Value": get_att(BUS_ID, "Name"),
        },
        "ChangesBusArn": {"Description": "The same bus, for policies", "Value": get_att(BUS_ID)},
        "UnpublishedChangesQueueUrl": {
            "Description": "Changes that could not be put on the bus or in the feed",
            "Value": ref(queue_id(UNPUBLISHED_CHANGES)),
        },
    }


def stream_events(function: Function, changes: Changes) -> Json:
    """Returns one event source for each table whose changes invoke the function.

    Chalice packages one event source itself. The first one here has the name of that one, so that both are merged.
    """
    return {
        _event_name(function, table if number else ""): _event(table, keys, changes)
        for number, (table, keys) in enumerate(changes.tables.items())
    }


def _event_name(function: Function, table: str) -> str:
    return f"{camel(function.name)}{camel(table)}DynamodbEventSource"


def _event(table: str, keys: Mapping[str, str], changes: Changes) -> Json:
    source: Json = {
        "Stream": get_att(table_id(table), "StreamArn"),
        # The mapping starts at the oldest record, because LATEST would miss records written while the mapping is
        # created.
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": changes.batch_size,
        "MaximumBatchingWindowInSeconds": changes.window,
        "ParallelizationFactor": AT_ONCE,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        # A record that crashes the whole function, for example by its size, ends up alone in its batch.
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": FOR_EVER,
        "MaximumRecordAgeInSeconds": FOR_EVER,
        # A record leaves the stream if no invocation succeeds. AWS then sends its position, but not its contents.
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": get_att(queue_id(UNPUBLISHED_CHANGES))}},
    }
    if keys:
        pattern = {"dynamodb": {"Keys": {name: {"S": [value]} for name, value in keys.items()}}}
        source["FilterCriteria"] = {"Filters": [{"Pattern": json.dumps(pattern)}]}
    return {"Type": "DynamoDB", "Properties": source}
