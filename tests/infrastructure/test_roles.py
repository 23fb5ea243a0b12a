"""The role that CloudFormation may work as, against what AWS's schemas say that the stack's resources need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.package import ROOT
from tests.infrastructure.cloudformation import transformed, with_uploaded_code
from tests.infrastructure.conftest import Package

pytestmark = pytest.mark.package

RESOURCES: dict[str, Any] = json.loads((ROOT / "infra" / "roles.json").read_text())["Resources"]

NEVER = {
    "ec2": "no function is in a VPC",
    "elasticfilesystem": "no function has a file system",
    "s3files": "no function has a file system",
    "firehose": "no log group delivers to Firehose",
    "kinesis": "no table streams to Kinesis",
    **dict.fromkeys(
        ("amplify", "apprunner", "appsync", "bedrock-agentcore", "cognito-idp", "elasticloadbalancing"),
        "the web ACL is of API Gateway's stage",
    ),
    "payments": "nobody pays for requests",
}
"""Services that a schema names for what we do not use."""
NOT_OURS = {
    **dict.fromkeys(
        (
            "dynamodb:AssociateTableReplica", "dynamodb:CreateTableReplica", "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ),
        "tables have no replicas",
    ),
    **dict.fromkeys(("dynamodb:DescribeImport", "dynamodb:ImportTable"), "tables begin empty"),
    **dict.fromkeys(
        (
            "dynamodb:DisableKinesisStreamingDestination", "dynamodb:EnableKinesisStreamingDestination",
            "dynamodb:UpdateKinesisStreamingDestination",
        ),
        "no table streams to Kinesis",
    ),
    **dict.fromkeys(("logs:CreateLogStream", "logs:PutLogEvents", "logs:CreateLogDelivery"), "of imports"),
    "logs:PutBearerTokenAuthentication": "nobody writes logs with a bearer token",
    "lambda:PassCapacityProvider": "functions run on Lambda's own capacity",
    "lambda:GetLayerVersion": "functions have no layers",
    **dict.fromkeys(
        ("lambda:DeleteProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig"),
        "no alias keeps functions warm",
    ),
    "codedeploy:RegisterOnPremisesInstance": "releases go to functions",
    **dict.fromkeys(
        (
            "backup:DeleteBackupVaultAccessPolicy", "backup:DeleteBackupVaultLockConfiguration",
            "backup:DeleteBackupVaultNotifications", "backup:PutBackupVaultAccessPolicy",
            "backup:PutBackupVaultLockConfiguration", "backup:PutBackupVaultNotifications",
        ),
        "the vault has no policy, lock or notifications; one that somebody adds is not the stack's to take away",
    ),
    **dict.fromkeys(
        (
            "iam:AttachGroupPolicy", "iam:AttachUserPolicy", "iam:DetachGroupPolicy", "iam:DetachUserPolicy",
        ),
        "the key's policy is for roles",
    ),
    "iam:DeleteRolePermissionsBoundary": "a boundary that could be taken away would be none",
    **dict.fromkeys(
        (
            "backup-storage:Mount", "kms:ReEncrypt", "lambda:AssociateRuntimeAlias", "s3:REST.PUT.OBJECT",
            "s3:GetObjectMetadata",
        ),
        "IAM knows no such action",
    ),
}  # fmt: skip
"""Actions that a schema names, and why the role goes without."""


def is_needed(action: str) -> bool:
    return action not in NOT_OURS and action.partition(":")[0] not in NEVER


def _statements(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for statement in document["Statement"]:
        actions = statement["Action"]
        yield from ((statement, each) for each in ([actions] if isinstance(actions, str) else actions))


@pytest.fixture(scope="module")
def resources(package: Package) -> dict[str, Any]:
    stack_resources: dict[str, Any] = transformed(with_uploaded_code(package.template))["Resources"]
    return stack_resources


def _role() -> list[tuple[dict[str, Any], str]]:
    [policy] = RESOURCES["CloudFormationRole"]["Properties"]["Policies"]
    return list(_statements(policy["PolicyDocument"]))


def test_cloudformations_role_has_exactly_the_permissions_for_the_stacks_resource_types(
    resources: dict[str, Any],
) -> None:
    schemas = [
        PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        for kind in {each["Type"] for each in resources.values()}
    ]
    needed_actions = {
        action for schema in schemas for handler in schema["handlers"].values() for action in handler["permissions"]
    }
    allowed_actions = {action for _, action in _role()}
    assert {action for action in needed_actions if is_needed(action)} - allowed_actions == set()
    assert allowed_actions - needed_actions == {"cloudformation:CreateChangeSet"}, (
        "the SAM transform is a change set of its own"
    )
    assert NOT_OURS.keys() <= needed_actions


def test_cloudformations_role_cannot_create_a_role_without_the_boundary_or_remove_a_boundary() -> None:
    for statement, action in _role():
        if action in {
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "iam:AttachRolePolicy",
            "iam:PutRolePermissionsBoundary",
        }:
            assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
        if action.startswith("iam:") and not action.startswith("iam:List"):
            assert statement["Resource"] != "*"
    assert "iam:DeleteRolePermissionsBoundary" not in {action for _, action in _role()}


def test_cloudformations_role_passes_the_stacks_roles_only_to_their_services(
    resources: dict[str, Any],
) -> None:
    assumed_by = {
        statement["Principal"]["Service"]
        for each in resources.values()
        if each["Type"] == "AWS::IAM::Role"
        for statement in each["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    }
    [pass_role_statement] = [statement for statement, action in _role() if action == "iam:PassRole"]
    assert set(pass_role_statement["Condition"]["StringEquals"]["iam:PassedToService"]) == assumed_by


def test_cloudformations_role_can_create_only_the_stacks_own_policies(resources: dict[str, Any]) -> None:
    policies = {name for name, each in resources.items() if each["Type"] == "AWS::IAM::ManagedPolicy"}
    [statement] = [statement for statement, action in _role() if action == "iam:CreatePolicy"]
    prefix = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${Stage}-"
    assert {each["Fn::Sub"] for each in statement["Resource"]} == {f"{prefix}{name}-*" for name in policies}


def test_the_boundary_allows_exactly_the_actions_of_the_stacks_roles(resources: dict[str, Any]) -> None:
    used_actions = set()
    for each in resources.values():
        if each["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in each["Properties"].get("Policies", ())]
        elif each["Type"] == "AWS::IAM::ManagedPolicy":
            documents = [each["Properties"]["PolicyDocument"]]
        else:
            continue
        used_actions |= {action for document in documents for _, action in _statements(document)}
    boundary = RESOURCES["Boundary"]["Properties"]["PolicyDocument"]
    assert {action for _, action in _statements(boundary)} == used_actions


def test_policies_are_within_the_size_limit_of_iam() -> None:
    """In characters without white space: 10,240 for a role's own policies, 6,144 for a managed one
    (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""
    [policy] = RESOURCES["CloudFormationRole"]["Properties"]["Policies"]
    for document, longest in (
        (policy["PolicyDocument"], 10_240),
        (RESOURCES["Boundary"]["Properties"]["PolicyDocument"], 6_144),
    ):
        assert len("".join(json.dumps(document).split())) <= longest
