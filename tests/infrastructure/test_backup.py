"""Copies in another region: what the template makes where a vault is named, and nothing where none is.

No stand-in here creates AWS Backup's resources, so they are linted by AWS's own schemas, and the translated template
is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import msgspec
import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from chalicelib.domain.retention import RECOVERY_POINTS
from infra.deploy import backup_vault
from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import StageSettings, faults
from infra.local.aws import embedded_aws
from infra.local.cloudwatch.alarms import MetricAlarm, from_template
from infra.template import merge_template
from infra.template.backup import COPY_VAULT, HAS_BACKUP, HAS_KEYED_BACKUP, backups
from infra.template.intrinsics import Json
from infra.template.tables import tables
from tests.infrastructure.cloudformation import OPTIONAL, transformed

TEMPLATE: Json = merge_template()
RESOURCES = TEMPLATE["Resources"]
VAULT = "arn:aws:backup:eu-west-1:123456789012:backup-vault:copies"


def _with_vault(value: Json, by: Any) -> Json:
    """Returns the names in a part of the template."""
    text = json.dumps(by)
    return {name: each for name, each in value.items() if f'"{name}"' in text}


def _backup_template() -> Json:
    """Returns a template of the tables and the backup, without the resources that Chalice creates."""
    resources = {name: each for name, each in RESOURCES.items() if name in backups() or name in tables()}
    conditions = _with_vault(TEMPLATE["Conditions"], resources)
    conditions |= _with_vault(TEMPLATE["Conditions"], conditions)
    parameters = _with_vault(TEMPLATE["Parameters"], [resources, conditions])
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": resources,
    }


def test_the_backup_resources_match_the_schemas_of_aws() -> None:
    faults = lint(json.dumps(_backup_template()), config=ManualArgs(regions=["us-east-1"]))
    assert [str(each) for each in faults] == []


def test_without_a_vault_no_backup_resource_is_created() -> None:
    assert all(each["Condition"] in {HAS_BACKUP, HAS_KEYED_BACKUP} for each in backups().values())
    assert TEMPLATE["Parameters"][COPY_VAULT]["Default"] == ""
    assert {each["Type"] for each in backups().values()} <= OPTIONAL


def test_every_table_is_backed_up_and_copied_to_the_named_vault() -> None:
    transformed_resources = transformed(_backup_template(), {COPY_VAULT: VAULT})["Resources"]
    resources = transformed_resources["BackupSelection"]["Properties"]["BackupSelection"]["Resources"]
    assert [each["Fn::GetAtt"][0] for each in resources] == list(tables())
    [rule] = transformed_resources["BackupPlan"]["Properties"]["BackupPlan"]["BackupPlanRule"]
    assert rule["CopyActions"][0]["DestinationBackupVaultArn"] in ({"Ref": COPY_VAULT}, VAULT)
    assert rule["Lifecycle"] == {"DeleteAfterDays": RECOVERY_POINTS.days}
    vault = transformed_resources["BackupVault"]
    assert (vault["DeletionPolicy"], vault["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_only_aws_backup_of_this_account_can_assume_the_role_and_its_resources_are_named() -> None:
    role = RESOURCES["BackupRole"]["Properties"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "backup.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    [policy] = role["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        assert "*" not in json.dumps(statement), statement["Sid"]


def test_the_alarm_cannot_fire_without_backups() -> None:
    alarm = RESOURCES["BackupCopiesAlarm"]["Properties"]
    assert alarm["Threshold"] == {"Fn::If": [HAS_BACKUP, 1, 0]}
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Metrics"][-1]["Expression"].endswith("FILL(copied, 0))")


@pytest.mark.parametrize(
    ("series", "rings"),
    [
        ({"copied": [12, 12]}, [False, False]),
        ({"copied": [12, None]}, [False, True]),
        ({"copied": [12, 11], "failed": [None, 1]}, [False, True]),
        ({"copied": [12, 11], "uncopied": [None, 1]}, [False, True]),
        ({"copied": [None, 12]}, [True, False]),
    ],
)
def test_a_day_without_copies_or_with_a_failed_backup_fires_the_alarm(
    series: dict[str, list[float | None]], rings: list[bool]
) -> None:
    alarm = from_template(RESOURCES, {"AWS::StackName": "s", "RunBookUrl": "r"})["BackupCopies"]
    assert isinstance(alarm, MetricAlarm)
    with_backup = replace(alarm, threshold=RESOURCES["BackupCopiesAlarm"]["Properties"]["Threshold"]["Fn::If"][1])
    points = with_backup.values_from_series(
        {name: series.get(name, [None, None]) for name in ("copied", "failed", "uncopied")}
    )
    assert [with_backup.fires(points[: n + 1]) for n in range(2)] == rings


@pytest.fixture
def settings() -> Iterator[StageSettings]:
    with embedded_aws():
        yield StageSettings("s", "123456789012", "us-east-1", "b", {COPY_VAULT: VAULT})


def _naming(settings: StageSettings, arn: str) -> StageSettings:
    return msgspec.structs.replace(settings, parameters={COPY_VAULT: arn})


def test_a_vault_in_the_stages_own_region_is_refused(settings: StageSettings) -> None:
    with pytest.raises(CheckFailed, match="lost with it"):
        backup_vault.check_vault(_naming(settings, VAULT.replace("eu-west-1", "us-east-1")))


def test_a_missing_vault_is_refused_and_an_existing_vault_is_printed(settings: StageSettings) -> None:
    with pytest.raises(CheckFailed, match="there is no vault copies in eu-west-1"):
        backup_vault.check_vault(settings)
    client: Any = boto3.client("backup", region_name="eu-west-1")
    client.create_backup_vault(BackupVaultName="copies")
    assert backup_vault.check_vault(settings) == "copies in eu-west-1"


def test_a_vault_of_another_account_must_be_checked_by_a_person(settings: StageSettings) -> None:
    with pytest.raises(ActionNeeded, match="list-copy-jobs"):
        backup_vault.check_vault(_naming(settings, VAULT.replace("123456789012", "210987654321")))


@pytest.mark.parametrize("arn", ["copies", "arn:aws:s3:::copies", VAULT + "/x"])
def test_an_arn_that_is_no_vault_is_refused(settings: StageSettings, arn: str) -> None:
    assert any(COPY_VAULT in fault and "not what" in fault for fault in faults("dev", _naming(settings, arn)))
