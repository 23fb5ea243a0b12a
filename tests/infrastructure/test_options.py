"""The optional parts of a stage in the transformed template: its own key, signed code, a permissions boundary."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from chalicelib.functions import FUNCTIONS
from infra.template.encryption import OWN_KEY
from infra.template.intrinsics import role_id
from tests.infrastructure.cloudformation import Template, transformed, with_conditions_resolved, with_uploaded_code
from tests.infrastructure.conftest import Package

pytestmark = pytest.mark.package

REGION = "us-east-1"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SIGNING = f"arn:aws:lambda:{REGION}:123456789012:code-signing-config:csc-0123456789abcdef0"
BOUNDARY = "arn:aws:iam::123456789012:policy/pom-stripe-boundary"
OPTIONS = {"KmsKeyArn": KEY, "CodeSigningConfigArn": SIGNING, "PermissionsBoundaryArn": BOUNDARY}
PLACES_OF_KEYS = re.compile(r"kms.*key(id|arn|identifier)|encryptionkey", re.IGNORECASE)
WITHOUT_KEY = {
    "AWS::Lambda::EventSourceMapping": "the key of filter patterns, which name two values of ours",
}
"""Types whose key encrypts nothing of anybody's."""


@pytest.fixture(scope="module")
def plain(package: Package) -> Template:
    """Returns a stage without any of the options."""
    return with_conditions_resolved(transformed(with_uploaded_code(package.template)), {})


@pytest.fixture(scope="module")
def full(package: Package) -> Template:
    """Returns a stage with all options."""
    return with_conditions_resolved(transformed(with_uploaded_code(package.template), OPTIONS), OPTIONS)


def _of(template: Template, kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def _takes_a_key(kind: str) -> bool:
    """Returns True if the resource type accepts a key, by AWS's own schema."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    names = re.findall(r'"(\w+)":', json.dumps([schema["properties"], schema.get("definitions", {})]))
    return any(PLACES_OF_KEYS.fullmatch(name) for name in names)


def test_every_encryptable_resource_uses_the_key_of_the_stage(full: Template) -> None:
    kinds = {each["Type"] for each in full["Resources"].values()}
    encryptable_types = {kind for kind in kinds if _takes_a_key(kind)}
    assert encryptable_types >= {
        "AWS::DynamoDB::Table",
        "AWS::SQS::Queue",
        "AWS::Logs::LogGroup",
        "AWS::Lambda::Function",
    }
    for name, each in full["Resources"].items():
        is_encrypted = json.dumps({"Ref": OWN_KEY}) in json.dumps(each["Properties"])
        if each["Type"] in encryptable_types - WITHOUT_KEY.keys():
            assert is_encrypted, f"{name} ({each['Type']}) is not encrypted with the stage's own key"
    assert all(
        each.get("SSESpecification", {}).get("SSEType") == "KMS"
        for each in _of(full, "AWS::DynamoDB::Table").values()
    )


def test_a_stage_without_a_key_makes_no_request_to_kms(plain: Template) -> None:
    assert OWN_KEY not in json.dumps(plain["Resources"])
    assert all(each["SqsManagedSseEnabled"] is True for each in _of(plain, "AWS::SQS::Queue").values())
    assert all(
        each["SSESpecification"] == {"SSEEnabled": True} for each in _of(plain, "AWS::DynamoDB::Table").values()
    )
    assert not _of(plain, "AWS::IAM::ManagedPolicy")


def test_a_queue_never_has_two_kinds_of_encryption(full: Template) -> None:
    """SQS refuses SqsManagedSseEnabled together with KmsMasterKeyId."""
    queues = _of(full, "AWS::SQS::Queue")
    assert queues
    assert all(
        each["KmsMasterKeyId"] == {"Ref": OWN_KEY} and "SqsManagedSseEnabled" not in each for each in queues.values()
    )


def test_functions_may_use_the_key_through_the_services_they_call_and_no_other_key(full: Template) -> None:
    [policy] = _of(full, "AWS::IAM::ManagedPolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == [{"Ref": OWN_KEY}]
    services = [
        each["Fn::Sub"].partition(".")[0] for each in statement["Condition"]["StringEquals"]["kms:ViaService"]
    ]
    assert services == ["dynamodb", "lambda", "secretsmanager", "sqs"]
    roles = _of(full, "AWS::IAM::Role")
    for function in FUNCTIONS:
        assert roles[role_id(function.name)]["ManagedPolicyArns"] == [{"Ref": "UseOfKey"}]


def test_functions_require_signed_code_only_with_the_option(plain: Template, full: Template) -> None:
    signing_configs = {
        json.dumps(each.get("CodeSigningConfigArn")) for each in _of(full, "AWS::Lambda::Function").values()
    }
    assert signing_configs == {'{"Ref": "CodeSigningConfigArn"}'}
    assert not any("CodeSigningConfigArn" in each for each in _of(plain, "AWS::Lambda::Function").values())


def test_every_role_has_the_boundary_of_the_stage(plain: Template, full: Template) -> None:
    roles = _of(full, "AWS::IAM::Role")
    assert len(roles) >= len(FUNCTIONS)
    without = [
        name for name, each in roles.items() if each.get("PermissionsBoundary") != {"Ref": "PermissionsBoundaryArn"}
    ]
    assert without == []
    assert not any("PermissionsBoundary" in each for each in _of(plain, "AWS::IAM::Role").values())


def test_every_queue_denies_requests_without_tls(full: Template) -> None:
    deny_statements = {}
    for policy in _of(full, "AWS::SQS::QueuePolicy").values():
        [queue] = policy["Queues"]
        assert queue["Ref"] not in deny_statements, "SQS keeps one policy for a queue"
        deny_statements[queue["Ref"]] = [
            each["Resource"]["Fn::GetAtt"][0]
            for each in policy["PolicyDocument"]["Statement"]
            if each["Effect"] == "Deny" and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ]
    assert deny_statements == {name: [name] for name in _of(full, "AWS::SQS::Queue")}


@pytest.mark.parametrize("stage", ["plain", "full"])
def test_each_option_leads_to_properties_that_aws_accepts(stage: str, request: pytest.FixtureRequest) -> None:
    template = request.getfixturevalue(stage)
    used_parameters = {name: each for name, each in template["Parameters"].items() if _is_used(name, template)}
    parameters_with_defaults = {
        name: {**each, "Default": OPTIONS[name]} for name, each in used_parameters.items() if name in OPTIONS
    }
    template = {**template, "Parameters": used_parameters | parameters_with_defaults}
    faults = lint(json.dumps(template), config=ManualArgs(regions=[REGION]))
    assert [f"{fault.message} ({fault.rule.id})" for fault in faults] == []


def _is_used(parameter: str, template: Template) -> bool:
    text = json.dumps({**template, "Parameters": {}})
    return json.dumps({"Ref": parameter}) in text or f"${{{parameter}}}" in text
