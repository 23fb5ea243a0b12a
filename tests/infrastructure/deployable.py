"""An account that a stage can be deployed to: its prerequisites, and the SAM transform before moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import jwt
import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.sns.models import sns_backends

from chalicelib.functions import Secret
from infra.deploy import prerequisites
from infra.deploy.aws import Aws
from infra.deploy.settings import StageSettings
from infra.local.aws import embedded_aws
from infra.template.aliases import LIVE
from infra.template.intrinsics import secret_parameter
from tests.infrastructure.cloudformation import as_moto_can, transformed

ACCOUNT = "123456789012"
REGION = "us-east-1"
BUCKET = "pom-artifacts"
STACK = "pom-stripe-dev"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
SECRETS: dict[Secret, dict[str, Any]] = {
    Secret.PLATFORM: {"apiKey": "sk_test_" + "a1B2" * 8, "clientId": "ca_" + "c3D4" * 8},
    Secret.WEBHOOK: {"webhookSecrets": ["whsec_" + "e5F6" * 8]},
}

TLS_ONLY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


@contextmanager
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[StageSettings]:
    """Creates an account with all prerequisites of a stage, and yields the stage's settings."""
    with embedded_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        blocked_public_access = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=blocked_public_access)  # type: ignore[arg-type]
        # Not put: moto reads no conditions of a bucket's policy, and would deny everything.
        monkeypatch.setattr(prerequisites, "_policy", lambda s3, asked: TLS_ONLY)
        manager = boto3.client("secretsmanager")
        arns = {
            secret_parameter(secret): manager.create_secret(Name=secret, SecretString=json.dumps(content))["ARN"]
            for secret, content in SECRETS.items()
        }
        for name in ("page", "ticket"):
            topic = boto3.client("sns").create_topic(Name=name)["TopicArn"]
            sns_backends[ACCOUNT][REGION].topics[topic].subscriptions_confimed = 1  # moto never counts one
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/logs"}
        boto3.client("apigateway").update_account(patchOperations=[role])  # type: ignore[list-item]
        monkeypatch.setattr(jwt.PyJWKClient, "get_signing_keys", lambda client: ["a key"])
        # Ours are JSON, which moto reads as YAML: ten times as slowly.
        monkeypatch.setattr("moto.cloudformation.models.yaml.load", lambda text, **_: json.loads(text))
        _transform_before_moto(monkeypatch)
        yield StageSettings(
            stack=STACK,
            account=ACCOUNT,
            region=REGION,
            artifact_bucket=BUCKET,
            parameters={
                **arns,
                "PomSettingsUrl": "https://pom.test/settings/apps",
                "TokenIssuer": "https://pom.test",
                "TokenAudience": "pom-api",
                "TokenJwksUrl": "https://pom.test/.well-known/jwks.json",
                "PageTopicArn": f"{TOPIC}page",
                "TicketTopicArn": f"{TOPIC}ticket",
            },
        )


def _transform_before_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transforms a template when a change set is created, as CloudFormation does and moto does not."""
    plain = Aws.client

    def client(self: Aws, service: str) -> Any:
        is_cached = service in self._clients
        new_client = plain(self, service)
        if service == "lambda" and not is_cached:
            new_client.meta.events.register("before-call.lambda.GetAccountSettings", _account_settings)
        if service == "cloudformation" and not is_cached:
            new_client.meta.events.register("provide-client-params.cloudformation.CreateChangeSet", _transformed)
            new_client.meta.events.register("after-call.cloudformation.ExecuteChangeSet", _add_outputs)
            for handler in (_add_aliases, _restorable):
                new_client.meta.events.register("after-call.cloudformation.ExecuteChangeSet", handler)
        return new_client

    monkeypatch.setattr(Aws, "client", client)


def _account_settings(**_: Any) -> tuple[Any, dict[str, Any]]:
    """Returns the quota of an account without increases, as Lambda does. moto lacks the operation."""
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000, "TotalCodeSize": 75 * 1024**3}
    usage = {"TotalCodeSize": 1024**3, "FunctionCount": 13}
    return SimpleNamespace(status_code=200), {"AccountLimit": limit, "AccountUsage": usage}


def _transformed(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    host, _, key = params["TemplateURL"].removeprefix("https://").partition("/")
    place = {"Bucket": host.partition(".")[0], "Key": key}
    s3: Any = boto3.client("s3")
    template = json.loads(s3.get_object(**place)["Body"].read())
    values = {each["ParameterKey"]: each["ParameterValue"] for each in params["Parameters"]}
    template_for_moto = as_moto_can(transformed(template, values))
    template_for_moto["Resources"] = _with_parameter_values(template_for_moto["Resources"], values)
    del template_for_moto["Resources"]["RestAPI"]["Properties"][
        "Body"
    ]  # moto does not read it, and loses an API that is updated
    s3.put_object(**{**place, "Key": f"{key}.transformed"}, Body=json.dumps(template_for_moto).encode())
    return {**params, "TemplateURL": f"{params['TemplateURL']}.transformed"}


def _with_parameter_values(part: Any, values: dict[str, str]) -> Any:
    """Returns the template with the values of its parameters, because moto finds changes in the template only."""
    if isinstance(part, dict):
        if part.keys() == {"Ref"} and part["Ref"] in values:
            return values[part["Ref"]]
        return {key: _with_parameter_values(each, values) for key, each in part.items()}
    return [_with_parameter_values(each, values) for each in part] if isinstance(part, list) else part


def _add_outputs(**_: Any) -> None:
    """Adds the outputs of a stack after a change set, because moto does not return them."""
    for stack in cloudformation_backends[ACCOUNT][REGION].stacks.values():
        stack._parse_template()
        stack.output_map = stack._create_output_map()
        stack.parameters = dict(stack.resource_map.input_parameters)


def _add_aliases(**_: Any) -> None:
    """moto's CloudFormation makes versions, but no aliases: each is put on its function's last version."""
    client = boto3.client("lambda")
    for function in client.list_functions()["Functions"]:
        name = function["FunctionName"]
        versions = client.list_versions_by_function(FunctionName=name)["Versions"]
        alias_request: dict[str, Any] = {
            "FunctionName": name,
            "Name": LIVE,
            "FunctionVersion": versions[-1]["Version"],
        }
        try:
            client.update_alias(**alias_request)
        except client.exceptions.ResourceNotFoundException:
            client.create_alias(**alias_request)


def _restorable(**_: Any) -> None:
    """moto's CloudFormation forgets point-in-time recovery, which the gate requires of each table of the template."""
    client = boto3.client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
