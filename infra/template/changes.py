"""The event bus on which POM is told of changes, and the streams of the tables that feed it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from chalicelib.functions import UNPUBLISHED_CHANGES, Changes, Function
from infra.template.intrinsics import Json, camel, get_att, physical, queue_id, ref, table_id

BUS_ID = "ChangesBus"
"""The logical id of the bus."""
FOR_EVER = -1
"""AWS repeats a batch until it succeeds or its records leave the stream after 24 hours."""
AT_ONCE = 1
"""Batches of one shard that are worked on at once. One keeps the order of writing, and two batches of a shard never
append to one organization's feed at the same time."""


def bus() -> Json:
    """The bus, by logical id. Without a policy, only identities of the same account can make rules on it."""
    properties = {
        "Name": physical("changes"),
        "Description": "What has changed in invoices, customers, connections and payouts.",
    }
    return {BUS_ID: {"Type": "AWS::Events::EventBus", "Properties": properties}}


def bus_outputs() -> Json:
    """What a consumer needs for a rule of its own, by the names of the stack's outputs."""
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
    """One event source for each table whose changes invoke the function.

    The first one has the name that Chalice gives to the only one it packages, so that it is merged into that.
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
        # With the stream's oldest record: LATEST would miss what is written while a mapping is being made.
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": changes.batch_size,
        "MaximumBatchingWindowInSeconds": changes.window,
        "ParallelizationFactor": AT_ONCE,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        # A record that ends the whole function, say by its memory, is at last alone in its batch.
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": FOR_EVER,
        "MaximumRecordAgeInSeconds": FOR_EVER,
        # For records that leave the stream because no invocation succeeded: AWS tells their place, not their body.
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": get_att(queue_id(UNPUBLISHED_CHANGES))}},
    }
    if keys:
        pattern = {"dynamodb": {"Keys": {name: {"S": [value]} for name, value in keys.items()}}}
        source["FilterCriteria"] = {"Filters": [{"Pattern": json.dumps(pattern)}]}
    return {"Type": "DynamoDB", "Properties": source}
