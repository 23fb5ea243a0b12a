"""Queues, streams, log groups and backups of what is packaged keep things as long as the retention table says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.retention import (
    ACCESS_LOGS,
    COPIES,
    DEVELOPMENT_LOGS,
    FUNCTION_LOGS,
    RECOVERY,
    RECOVERY_POINTS,
    RETENTION,
    SQS_LONGEST,
)
from chalicelib.domain.retention_types import Place, Store
from infra.chalice_files import CONFIG
from infra.template import merge_template

STACK = "${AWS::StackName}-"
RESOURCES: dict[str, Any] = merge_template()["Resources"]


def of_type(kind: str, resources: dict[str, Any] = RESOURCES) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == f"AWS::{kind}"}


def names_in_table(store: Store) -> set[str]:
    return {place.name for place in RETENTION if place.store is store}


def test_each_queue_retains_messages_for_the_time_in_the_table() -> None:
    retention_by_queue = {
        each["QueueName"]["Fn::Sub"].removeprefix(STACK): each["MessageRetentionPeriod"]
        for each in of_type("SQS::Queue").values()
    }
    assert retention_by_queue.keys() == names_in_table(Store.QUEUE)
    assert retention_by_queue == {name: RETENTION[Place(Store.QUEUE, name)].seconds for name in retention_by_queue}  # type: ignore[union-attr]
    assert max(retention_by_queue.values()) <= SQS_LONGEST


def test_the_table_of_streams_lists_exactly_the_tables_with_a_stream() -> None:
    tables = of_type("DynamoDB::Table").values()
    tables_with_stream = {
        each["TableName"]["Fn::Sub"].removeprefix(STACK) for each in tables if "StreamSpecification" in each
    }
    assert tables_with_stream == names_in_table(Store.STREAM)


def test_each_table_can_be_restored_for_the_stated_time() -> None:
    for name, table in of_type("DynamoDB::Table").items():
        assert table["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == RECOVERY.days, name


def test_a_table_whose_items_expire_has_an_expiry_attribute() -> None:
    tables = of_type("DynamoDB::Table").values()
    ending = {
        each["TableName"]["Fn::Sub"].removeprefix(STACK) for each in tables if "TimeToLiveSpecification" in each
    }
    assert ending == {"batches", "changes", "connections", "events", "oauth-states"}


def test_backups_and_their_copies_are_retained_for_the_stated_time() -> None:
    [plan] = of_type("Backup::BackupPlan").values()
    [rule] = plan["BackupPlan"]["BackupPlanRule"]
    [copy_action] = rule["CopyActions"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": RECOVERY_POINTS.days}
    assert copy_action["Lifecycle"] == {"DeleteAfterDays": {"Ref": "BackupCopyDays"}}
    assert merge_template()["Parameters"]["BackupCopyDays"]["Default"] == str(COPIES.days)


def test_log_groups_outlive_their_stack_and_go_if_their_creation_is_rolled_back() -> None:
    for name, group in RESOURCES.items():
        if group["Type"] == "AWS::Logs::LogGroup":
            policies = (group["DeletionPolicy"], group["UpdateReplacePolicy"])
            assert policies == ("RetainExceptOnCreate", "Retain"), name


def test_each_stage_retains_the_log_lines_of_functions_for_the_stated_time() -> None:
    stages = json.loads(CONFIG.read_text())["stages"]
    days = {name: stage["log_retention_in_days"] for name, stage in stages.items() if name != "local"}
    assert days == {"dev": DEVELOPMENT_LOGS.days, "prod": FUNCTION_LOGS.days}


@pytest.mark.package
def test_each_packaged_log_group_has_the_stated_retention(package: Any) -> None:
    groups = of_type("Logs::LogGroup", package.template["Resources"])
    days = {name: each["RetentionInDays"] for name, each in groups.items()}
    assert days.pop("ApiAccessLogGroup") == ACCESS_LOGS.days
    assert set(days.values()) == {DEVELOPMENT_LOGS.days}
    assert len(days) == len(of_type("Serverless::Function", package.template["Resources"]))


def test_every_type_of_resource_that_stores_data_is_in_the_table() -> None:
    """A resource of a new type that keeps data needs an entry in the retention table, and a test of it here."""
    keeping = {"DynamoDB", "SQS", "Logs", "Backup", "Events", "S3", "SNS", "Kinesis", "RDS", "EFS", "ElastiCache"}
    types = {each["Type"] for each in RESOURCES.values()}
    storing_types = {kind for kind in types if kind.split("::")[1] in keeping}
    assert storing_types == {
        "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Logs::LogGroup",
        "AWS::Logs::QueryDefinition", "AWS::Backup::BackupVault", "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection", "AWS::Events::EventBus",
    }  # fmt: skip
