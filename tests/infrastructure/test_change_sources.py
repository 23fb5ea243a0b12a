"""The event sources of `publish_changes`, the bus and the queue of unpublished changes, as the template has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.tables.database import NAMES
from chalicelib.functions import BY_NAME, UNPUBLISHED_CHANGES, Changes
from infra.deploy.change_set import loss
from infra.template import merge_template
from infra.template.intrinsics import get_att, queue_id, table_id
from infra.template.policies import policy

TEMPLATE = merge_template()
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PUBLISHER = BY_NAME["publish_changes"]
SOURCES: dict[str, Any] = RESOURCES["PublishChanges"]["Properties"]["Events"]
STREAMED = {name for model, name in NAMES.items() if getattr(model.Meta, "stream_view_type", None)}


def _source(table: str) -> Any:
    [source] = [
        each["Properties"]
        for each in SOURCES.values()
        if each["Properties"]["Stream"] == get_att(table_id(table), "StreamArn")
    ]
    return source


def test_exactly_the_tables_with_a_stream_feed_the_function() -> None:
    assert isinstance(PUBLISHER.trigger, Changes)
    assert PUBLISHER.trigger.tables.keys() == STREAMED
    assert len(SOURCES) == len(STREAMED)
    for table in STREAMED:
        specification = RESOURCES[table_id(table)]["Properties"]["StreamSpecification"]
        assert specification == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
        assert _source(table)


@pytest.mark.parametrize("table", sorted(STREAMED))
def test_a_batch_is_retried_until_it_is_published_or_its_records_expire(table: str) -> None:
    source = _source(table)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert (source["MaximumRetryAttempts"], source["MaximumRecordAgeInSeconds"]) == (-1, -1)
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["ParallelizationFactor"] == 1
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == get_att(queue_id(UNPUBLISHED_CHANGES))


def test_only_connections_and_payout_headers_invoke_the_function() -> None:
    patterns = {
        table: [json.loads(each["Pattern"]) for each in _source(table).get("FilterCriteria", {}).get("Filters", ())]
        for table in STREAMED
    }
    assert patterns == {
        "invoices": [],
        "customers": [],
        "connections": [{"dynamodb": {"Keys": {"kind": {"S": ["connection"]}}}}],
        "payouts": [{"dynamodb": {"Keys": {"place": {"S": ["payout"]}}}}],
    }


def test_the_filters_use_the_key_attributes_of_their_tables() -> None:
    for table in STREAMED:
        keys = {each["AttributeName"] for each in RESOURCES[table_id(table)]["Properties"]["KeySchema"]}
        for each in _source(table).get("FilterCriteria", {}).get("Filters", ()):
            assert json.loads(each["Pattern"])["dynamodb"]["Keys"].keys() <= keys


def test_the_function_can_read_streams_publish_to_the_bus_and_queue_unpublished_changes() -> None:
    statements = {each["Sid"]: each for each in policy(PUBLISHER)["Statement"]}
    streams = [get_att(table_id(table), "StreamArn") for table in PUBLISHER.trigger.tables]  # type: ignore[union-attr]
    assert statements["ReadStreams"]["Resource"] == streams
    assert statements["TellChanges"]["Action"] == ["events:PutEvents"]
    assert statements["TellChanges"]["Resource"] == [get_att("ChangesBus")]
    assert statements["SendMessages"]["Resource"] == [get_att(queue_id(UNPUBLISHED_CHANGES))]


def test_the_stack_outputs_name_the_bus() -> None:
    assert TEMPLATE["Outputs"]["ChangesBusName"]["Value"] == get_att("ChangesBus", "Name")
    assert TEMPLATE["Outputs"]["ChangesBusArn"]["Value"] == get_att("ChangesBus")
    assert RESOURCES["ChangesBus"]["Properties"]["Name"] == {"Fn::Sub": "${AWS::StackName}-changes"}


def test_unpublished_changes_are_retained_for_14_days() -> None:
    assert RESOURCES[queue_id(UNPUBLISHED_CHANGES)]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_deployment_that_replaces_the_bus_is_refused_unless_an_option_allows_it() -> None:
    change = {"ResourceType": "AWS::Events::EventBus", "LogicalResourceId": "ChangesBus", "Action": "Modify"}
    assert loss({**change, "Replacement": "True"}) is not None
    assert loss({**change, "Replacement": "False"}) is None
