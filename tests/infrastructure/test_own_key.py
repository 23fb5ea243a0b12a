"""The check of a stage's own key, against the key in `infra/key.json` and against unsuitable keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import boto3
import msgspec
import pytest

from infra.deploy import own_key
from infra.deploy.aws import Aws
from infra.deploy.findings import CheckFailed
from infra.deploy.settings import StageSettings
from infra.local.aws import embedded_aws
from infra.package import ROOT
from infra.template import merge_template
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK


@pytest.fixture
def settings() -> Iterator[StageSettings]:
    """A stage whose key has the policy of `infra/key.json`; moto itself keeps a template's policy in another form."""
    key_properties = json.loads((ROOT / "infra" / "key.json").read_text())["Resources"]["Key"]["Properties"]
    with embedded_aws():
        kms = boto3.client("kms")
        policy = json.dumps(_with_references_resolved(key_properties["KeyPolicy"]))
        key = kms.create_key(Policy=policy, KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName=f"alias/{STACK}", TargetKeyId=key.rpartition("/")[2])
        yield StageSettings(STACK, ACCOUNT, REGION, BUCKET, {"KmsKeyArn": key})


def _with_references_resolved(part: Any) -> Any:
    """Returns the value with Fn::Sub and Ref resolved."""
    values = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "Stage": STACK}
    if isinstance(part, dict):
        if part.keys() == {"Ref"}:
            return values[part["Ref"]]
        if part.keys() == {"Fn::Sub"}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], part["Fn::Sub"])
        return {key: _with_references_resolved(each) for key, each in part.items()}
    return [_with_references_resolved(each) for each in part] if isinstance(part, list) else part


def test_the_key_from_the_template_is_accepted(settings: StageSettings) -> None:
    assert own_key.check_key(settings, Aws(REGION)) == f"{settings.parameters['KmsKeyArn']}, enabled"


def test_the_key_is_recognized_by_its_alias_and_its_id(settings: StageSettings) -> None:
    aws, key = Aws(REGION), settings.parameters["KmsKeyArn"]
    for name in (key, key.rpartition("/")[2], f"alias/{STACK}"):
        assert own_key.is_stage_key(name, settings, aws)
    other_key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    assert not own_key.is_stage_key(other_key, settings, aws)
    assert not own_key.is_stage_key(key, msgspec.structs.replace(settings, parameters={}), aws)


def _policy(key: str) -> Any:
    return json.loads(boto3.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])


def _without_logs(key: str) -> None:
    policy = _policy(key)
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "LogGroups"]
    boto3.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


SPOILED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "switched off": ("is Disabled", lambda key: boto3.client("kms").disable_key(KeyId=key)),
    "about to be deleted": ("is PendingDeletion", lambda key: boto3.client("kms").schedule_key_deletion(KeyId=key)),
    "not for logs": ("does not allow logs.us-east-1.amazonaws.com: see infra/key.json", _without_logs),
}


@pytest.mark.parametrize("problem", SPOILED)
def test_a_key_is_refused_that_is(problem: str, settings: StageSettings) -> None:
    says, spoil = SPOILED[problem]
    spoil(settings.parameters["KmsKeyArn"].rpartition("/")[2])
    with pytest.raises(CheckFailed, match=says):
        own_key.check_key(settings, Aws(REGION))


def test_a_key_of_another_kind_is_refused(settings: StageSettings) -> None:
    signing_key = boto3.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    with pytest.raises(CheckFailed, match="is RSA_2048 to SIGN_VERIFY"):
        own_key.check_key(msgspec.structs.replace(settings, parameters={"KmsKeyArn": signing_key}), Aws(REGION))


@pytest.mark.parametrize(("part", "other_arn"), [(REGION, "eu-west-1"), (ACCOUNT, "210987654321")])
def test_a_key_of_another_region_or_account_is_refused(part: str, other_arn: str, settings: StageSettings) -> None:
    elsewhere = settings.parameters["KmsKeyArn"].replace(part, other_arn)
    with pytest.raises(CheckFailed, match=rf"is not of {ACCOUNT} in {REGION}"):
        own_key.check_key(msgspec.structs.replace(settings, parameters={"KmsKeyArn": elsewhere}), Aws(REGION))


def test_the_key_lets_in_the_log_groups_the_rules_and_the_bus_of_its_stage_and_no_others() -> None:
    """By the names that the stage's template gives them."""
    key = json.loads((ROOT / "infra" / "key.json").read_text())["Resources"]["Key"]["Properties"]
    statements = {each["Sid"]: each for each in _with_references_resolved(key["KeyPolicy"])["Statement"]}
    groups = statements["LogGroups"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    sources = statements["TicksThatFailedAndEventsOfTheBus"]["Condition"]["ArnLike"]["aws:SourceArn"]
    resources = merge_template()["Resources"].values()
    names = [each["Properties"]["LogGroupName"] for each in resources if each["Type"] == "AWS::Logs::LogGroup"]
    assert names
    for name in names:
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name['Fn::Sub'].replace('${AWS::StackName}', STACK)}"
        assert any(fnmatchcase(arn, group) for group in groups), arn
    [bus] = [each["Properties"]["Name"] for each in resources if each["Type"] == "AWS::Events::EventBus"]
    bus_arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus['Fn::Sub'].replace('${AWS::StackName}', STACK)}"
    assert bus_arn in sources
    assert not any(fnmatchcase(each, source) for source in sources for each in (bus_arn + "2", bus_arn[:-1]))
