"""Deployments that moto cannot play: changes that replace, deployments that fail, stacks that cannot be changed, and
destroying.

CloudFormation's answers are stubbed in the form that botocore holds them to.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from infra.deploy import DeploymentError, checks, smoke
from infra.deploy.artifacts import deployable_template
from infra.deploy.aws import Aws
from infra.deploy.change_set import ChangeSet, loss
from infra.deploy.cli import cli
from infra.deploy.deploying import Deployment
from infra.deploy.destroying import Destruction
from infra.deploy.settings import DIRECTORY, StageSettings
from infra.deploy.stacks import Stack, event_text, first_failure
from infra.local.aws import embedded_aws
from infra.ops.screen import Screen
from tests.infrastructure.cloudformation import transformed
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK

STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1"
CHANGE_SET_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/deploy-1/1"
MOMENT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
FILE = f'stack = "s"\naccount = "{ACCOUNT}"\nregion = "{REGION}"\nartifact_bucket = "b"\nparameters = {{}}\n'
SETTINGS = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})


@dataclass
class Scene:
    """A stubbed CloudFormation, in what else moto is."""

    aws: Aws
    cloudformation: Stubber
    paused: list[float]

    @property
    def stack(self) -> Stack:
        return Stack(self.aws, STACK)

    def is_(self, status: str, times: int = 1) -> None:
        stack_description = {"StackName": STACK, "StackId": STACK_ID, "CreationTime": MOMENT, "StackStatus": status}
        for _ in range(times):
            self.cloudformation.add_response("describe_stacks", {"Stacks": [stack_description]})

    def says(self, *events: dict[str, Any]) -> None:
        """Sets the stack's events. The arguments are oldest first; CloudFormation returns them newest first."""
        self.cloudformation.add_response("describe_stack_events", {"StackEvents": list(reversed(events))})


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    paused: list[float] = []
    monkeypatch.setattr("botocore.waiter.time.sleep", paused.append)
    with embedded_aws():
        aws = Aws(REGION)
        with Stubber(aws.client("cloudformation")) as stub:
            yield Scene(aws, stub, paused)


def event(number: int, name: str, kind: str, status: str, reason: str | None = None) -> dict[str, Any]:
    stack_event = {
        "EventId": str(number),
        "StackId": STACK_ID,
        "StackName": STACK,
        "Timestamp": MOMENT,
        "LogicalResourceId": name,
        "ResourceType": kind,
        "ResourceStatus": status,
    }
    if name == STACK:
        stack_event["PhysicalResourceId"] = STACK_ID  # a resource that is only begun has none yet
    return stack_event | ({"ResourceStatusReason": reason} if reason else {})


def of_stack(number: int, status: str) -> dict[str, Any]:
    return event(number, STACK, "AWS::CloudFormation::Stack", status)


EARLIER = event(-1, "ResumeStuck", "AWS::Lambda::Function", "UPDATE_FAILED", "Of an earlier change.")
BEFORE = of_stack(0, "CREATE_COMPLETE")
BEGUN = of_stack(1, "UPDATE_IN_PROGRESS")
CANCELLED = event(2, "ReconcileQueue", "AWS::SQS::Queue", "UPDATE_FAILED", "Resource update cancelled")
CAUSE = event(3, "ResumeStuck", "AWS::Lambda::Function", "UPDATE_FAILED", "The role cannot be assumed.")
BACK = of_stack(4, "UPDATE_ROLLBACK_COMPLETE")


def test_the_reported_failure_is_the_cause_of_the_others() -> None:
    assert first_failure([BEGUN, CANCELLED, CAUSE, BACK]) == CAUSE
    assert first_failure([BEGUN, CANCELLED, BACK]) == CANCELLED
    assert first_failure([BEGUN]) is None


def test_a_change_that_an_alarm_rolled_back_is_reported_with_the_alarm() -> None:
    """No resource fails then: CloudFormation says it of the stack alone."""
    reason = "Rollback triggered by an alarm."
    rollback_event = event(3, STACK, "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    failure = first_failure([BEGUN, rollback_event, BACK])
    assert failure == rollback_event
    assert reason in event_text(rollback_event)
    assert first_failure([BEGUN, CAUSE, rollback_event, BACK]) == CAUSE


def test_a_deployment_that_fails_names_the_first_failure_and_its_reason(scene: Scene, capsys: Any) -> None:
    screen = Screen()
    deployment = Deployment("dev", SETTINGS, screen, aws=scene.aws)
    change_set = ChangeSet(scene.aws, scene.stack)
    change_set._id = CHANGE_SET_ID
    scene.is_("UPDATE_COMPLETE")
    execute_request = {"ChangeSetName": CHANGE_SET_ID, "RetainExceptOnCreate": True}
    scene.cloudformation.add_response("execute_change_set", {}, execute_request)
    scene.is_("UPDATE_IN_PROGRESS")
    scene.is_("UPDATE_ROLLBACK_COMPLETE")
    scene.says(EARLIER, BEFORE, BEGUN, CANCELLED, CAUSE, BACK)
    scene.is_("UPDATE_ROLLBACK_COMPLETE")
    with pytest.raises(
        DeploymentError, match=r"First to fail: ResumeStuck \(AWS::Lambda::Function\), UPDATE_FAILED: The role"
    ):
        deployment._execute(change_set)
    assert f"{STACK} is UPDATE_ROLLBACK_COMPLETE. The former release runs again." in capsys.readouterr().out


def test_a_failed_first_deployment_prints_the_next_step(scene: Scene, capsys: Any) -> None:
    deployment = Deployment("dev", SETTINGS, Screen(), aws=scene.aws)
    change_set = ChangeSet(scene.aws, scene.stack)
    change_set._id = CHANGE_SET_ID
    scene.is_("REVIEW_IN_PROGRESS")
    scene.cloudformation.add_response("execute_change_set", {})
    scene.is_("ROLLBACK_COMPLETE")
    scene.says(of_stack(1, "CREATE_IN_PROGRESS"), event(2, "InvoicesTable", "AWS::DynamoDB::Table", "CREATE_FAILED"))
    scene.is_("ROLLBACK_COMPLETE")
    with pytest.raises(DeploymentError, match="First to fail: InvoicesTable"):
        deployment._execute(change_set)
    output = capsys.readouterr().out
    assert f"{STACK} is ROLLBACK_COMPLETE. No resource of it is left." in output
    assert "deploy again" in output


def _change(action: str, name: str, kind: str, replacement: str | None = None) -> dict[str, Any]:
    resource_change = {"Action": action, "LogicalResourceId": name, "ResourceType": kind}
    return resource_change | ({"Replacement": replacement} if replacement else {})


@pytest.mark.parametrize(
    ("change", "expected_loss"),
    [
        (_change("Modify", "InvoicesTable", "AWS::DynamoDB::Table", "True"), "would be replaced: its data"),
        (_change("Modify", "InvoicesTable", "AWS::DynamoDB::Table", "Conditional"), "may be replaced"),
        (_change("Remove", "ReconcileQueue", "AWS::SQS::Queue"), "removed from the stack: the work that waits"),
        (_change("Modify", "RestAPI", "AWS::ApiGateway::RestApi", "True"), "the address that Stripe"),
        (_change("Modify", "InvoicesTable", "AWS::DynamoDB::Table", "False"), None),
        (_change("Add", "InvoicesTable", "AWS::DynamoDB::Table"), None),
        (_change("Remove", "OldAlarm", "AWS::CloudWatch::Alarm"), None),
    ],
)
def test_data_that_a_change_would_delete_is_reported(change: dict[str, Any], expected_loss: str | None) -> None:
    actual_loss = loss(change)
    assert actual_loss is None if expected_loss is None else expected_loss in str(actual_loss)


def _created_change_set(scene: Scene, *answers: dict[str, Any], as_role: dict[str, str] | None = None) -> ChangeSet:
    """Returns a change set of an existing stack. CloudFormation describes it with these answers, one each time."""
    scene.is_("UPDATE_COMPLETE")
    scene.cloudformation.add_response("create_change_set", {"Id": CHANGE_SET_ID})
    for answer in answers:
        scene.cloudformation.add_response("describe_change_set", answer, {"ChangeSetName": CHANGE_SET_ID})
    return ChangeSet(scene.aws, scene.stack, as_role)


def test_a_change_set_is_shown_with_its_replacements_in_red(scene: Scene, capsys: Any) -> None:
    changes = [
        _change("Modify", "InvoicesTable", "AWS::DynamoDB::Table", "True"),
        _change("Modify", "ResumeStuck", "AWS::Lambda::Function", "False"),
    ]
    ready_ = {"Status": "CREATE_COMPLETE", "Changes": [{"ResourceChange": change} for change in changes]}
    change_set = _created_change_set(scene, {"Status": "CREATE_IN_PROGRESS"}, ready_, ready_)
    change_set.make("https://bucket.s3.us-east-1.amazonaws.com/t.json", {}, {}, {})
    screen = Screen(as_json=True)
    assert change_set.show(screen) == ["InvoicesTable would be replaced: its data"]
    assert [row["replacement"] for row in screen.document["changes"]] == ["True", "False"]
    assert scene.paused == [2]
    change_set.show(Screen())
    assert "InvoicesTable" in capsys.readouterr().out


def test_cloudformation_assumes_the_role_of_the_stage(scene: Scene) -> None:
    """When it compares, and when it throws away a stack that only has a change set."""
    role = f"arn:aws:iam::{ACCOUNT}:role/pom-stripe-deployer"
    settings_with_role = msgspec.structs.replace(SETTINGS, role_arn=role)
    requests: list[dict[str, Any]] = []
    events = scene.aws.client("cloudformation").meta.events
    events.register("provide-client-params.cloudformation", lambda params, **_: requests.append(params))
    change_set = _created_change_set(
        scene, {"Status": "CREATE_COMPLETE"}, {"Status": "CREATE_COMPLETE"}, as_role=settings_with_role.as_role
    )
    change_set.make("https://bucket.s3.us-east-1.amazonaws.com/t.json", {}, {}, {})
    scene.is_("REVIEW_IN_PROGRESS")
    scene.cloudformation.add_response("delete_stack", {}, {"StackName": STACK, "RoleARN": role})
    change_set.discard()
    assert [each["RoleARN"] for each in requests if "ChangeSetType" in each] == [role]
    scene.cloudformation.assert_no_pending_responses()


@pytest.mark.parametrize(
    "reason", ["The submitted information didn't contain changes.", "No updates are to be performed."]
)
def test_a_change_set_without_changes_is_no_failure(scene: Scene, reason: str) -> None:
    change_set = _created_change_set(scene, {"Status": "FAILED", "StatusReason": reason})
    change_set.make("https://bucket.s3.us-east-1.amazonaws.com/t.json", {}, {}, {})
    assert change_set.changes == []


def test_a_template_that_cloudformation_refuses_is_reported_with_the_reason(scene: Scene) -> None:
    change_set = _created_change_set(
        scene, {"Status": "FAILED", "StatusReason": "Transform AWS::Serverless failed: no CodeUri"}
    )
    scene.is_("UPDATE_COMPLETE")
    scene.cloudformation.add_response("delete_change_set", {}, {"ChangeSetName": CHANGE_SET_ID})
    with pytest.raises(DeploymentError, match="rejects the template: Transform"):
        change_set.make("https://bucket.s3.us-east-1.amazonaws.com/t.json", {}, {}, {})


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("UPDATE_IN_PROGRESS", "wait until the change has ended"),
        ("ROLLBACK_FAILED", "accepts no change"),
        ("UPDATE_ROLLBACK_FAILED", f"continue-update-rollback --stack-name {STACK}"),
        ("UPDATE_ROLLBACK_COMPLETE", None),
        ("ROLLBACK_COMPLETE", None),
    ],
)
def test_a_stack_that_cannot_be_changed_is_reported_before_any_change(
    scene: Scene, status: str, fault: str | None
) -> None:
    scene.is_(status)
    if fault is None:
        assert status in checks._stack(scene.stack)
    else:
        with pytest.raises(Exception, match=fault):
            checks._stack(scene.stack)


SMALL: dict[str, Any] = {
    "Parameters": {"PomSettingsUrl": {"Type": "String"}, "PageTopicArn": {"Type": "String"}},
    "Resources": {
        "RestAPI": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": "api",
                "OpenApiVersion": "2.0",
                "AlwaysDeploy": True,
                "Description": {"Fn::Sub": "For ${PomSettingsUrl}"},
                "DefinitionBody": {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}},
            },
        }
    },
}


def test_the_api_is_deployed_again_when_a_parameter_that_it_uses_changes_and_only_then() -> None:
    def deployment(**values: str) -> set[str]:
        resources = transformed(deployable_template(SMALL, "s3://b/k.zip", values), values)["Resources"]
        return {name for name, each in resources.items() if each["Type"] == "AWS::ApiGateway::Deployment"}

    first = deployment(PomSettingsUrl="https://pom.test/a")
    assert deployment(PomSettingsUrl="https://pom.test/a") == first
    assert deployment(PomSettingsUrl="https://pom.test/a", PageTopicArn="arn:aws:sns:us-east-1:1:other") == first
    assert deployment(PomSettingsUrl="https://pom.test/b") != first


@pytest.mark.parametrize(("stage", "is_protected"), [("dev", False), ("prod", True)])
def test_only_prod_is_protected_against_deletion(scene: Scene, stage: str, is_protected: bool) -> None:
    if is_protected:
        request = {"StackName": STACK, "EnableTerminationProtection": True}
        scene.cloudformation.add_response("update_termination_protection", {}, request)
    Deployment(stage, SETTINGS, Screen(), aws=scene.aws)._protect()
    scene.cloudformation.assert_no_pending_responses()


def test_prod_is_never_destroyed() -> None:
    with pytest.raises(DeploymentError, match="prod cannot be destroyed"):
        Destruction("prod", SETTINGS, Screen())


GROUP = f"/aws/lambda/{STACK}-api-handler"


def _table(name: str) -> None:
    boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )


@pytest.mark.parametrize(("with_data", "with_logs"), [(False, False), (True, False), (False, True)])
def test_destroying_lists_the_tables_and_logs_that_remain_and_deletes_them_only_with_an_option(
    scene: Scene, with_data: bool, with_logs: bool
) -> None:
    _table(f"{STACK}-invoices")
    boto3.client("logs").create_log_group(logGroupName=GROUP)
    screen = Screen(as_json=True)
    destruction = Destruction("dev", SETTINGS, screen, aws=scene.aws)
    summary = {
        "LogicalResourceId": "InvoicesTable",
        "PhysicalResourceId": f"{STACK}-invoices",
        "ResourceType": "AWS::DynamoDB::Table",
        "LastUpdatedTimestamp": MOMENT,
        "ResourceStatus": "CREATE_COMPLETE",
    }
    deleted_resource = {**summary, "LogicalResourceId": "OldTable", "ResourceStatus": "DELETE_COMPLETE"}
    group = {**summary, "ResourceType": "AWS::Logs::LogGroup", "PhysicalResourceId": GROUP}
    for _ in ("tables", "log groups"):
        scene.cloudformation.add_response(
            "list_stack_resources", {"StackResourceSummaries": [summary, deleted_resource, group]}
        )
    tables = destruction.tables()
    assert screen.document["log_groups"] == [{"log_group": GROUP}]
    assert screen.document["retained"] == [{"table": f"{STACK}-invoices", "items_about": 0, "protected": True}]
    scene.cloudformation.add_response("delete_stack", {}, {"StackName": STACK})
    scene.is_("DELETE_IN_PROGRESS")
    scene.cloudformation.add_client_error("describe_stacks", "ValidationError", f"{STACK} does not exist")
    destruction.run(tables, with_data=with_data, with_logs=with_logs)
    groups = [each["logGroupName"] for each in boto3.client("logs").describe_log_groups()["logGroups"]]
    assert groups == ([] if with_logs else [GROUP])
    remaining_tables = boto3.client("dynamodb").list_tables()["TableNames"]
    assert remaining_tables == ([] if with_data else [f"{STACK}-invoices"])


def test_a_stack_is_deleted_with_the_role_of_the_stage_and_a_failure_is_explained(scene: Scene) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/pom-stripe-deployer"
    settings_with_role = msgspec.structs.replace(SETTINGS, role_arn=role)
    destruction = Destruction("dev", settings_with_role, Screen(as_json=True), aws=scene.aws)
    scene.cloudformation.add_response("delete_stack", {}, {"StackName": STACK, "RoleARN": role})
    failure_event = event(1, "ApiDomain", "AWS::ApiGateway::DomainName", "DELETE_FAILED", "It is in use.")
    scene.is_("DELETE_FAILED")
    scene.says(BEFORE, failure_event, of_stack(2, "DELETE_FAILED"))
    with pytest.raises(DeploymentError, match=r"ApiDomain .*: It is in use\."):
        destruction.run([], with_data=False, with_logs=False)


class _Refuses(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Discards the message."""


def test_the_smoke_checks_read_the_status_of_responses() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Refuses)
    url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        assert smoke._status("GET", f"{url}/v1/invoices") == 401
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "refused" in str(smoke._status("GET", f"{url}/v1/invoices"))


class TestCommandLine:
    def test_a_stage_without_settings_is_reported_as_json_with_status_1(self, tmp_path: Path) -> None:
        words = ["--json", "deploy", "--stage", "dev", "--parameters", str(tmp_path)]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 1
        assert "copy dev.example.toml" in json.loads(result.stdout)["failures"][0]

    def test_an_unedited_copy_of_the_example_is_reported_value_by_value(self, tmp_path: Path) -> None:
        """The region does not exist, so AWS gets no request."""
        (tmp_path / "dev.toml").write_text((DIRECTORY / "dev.example.toml").read_text())
        result = CliRunner().invoke(cli, ["--json", "deploy", "--stage", "dev", "--parameters", str(tmp_path)])
        assert result.exit_code == 1
        first_check, *other_checks = json.loads(result.stdout)["checks"]
        assert "region still has to be filled in" in first_check["found"]
        assert {row["state"] for row in other_checks} == {"skipped"}

    def test_without_credentials_only_the_settings_are_checked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The command still prints all rows."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(checks, "faults", lambda stage, settings: iter(()))
        example = (DIRECTORY / "dev.example.toml").read_text()
        (tmp_path / "dev.toml").write_text(example.replace("<such as us-east-1>", REGION))
        result = CliRunner().invoke(cli, ["--json", "deploy", "--stage", "dev", "--parameters", str(tmp_path)])
        assert result.exit_code == 1
        states = {row["check"]: row["state"] for row in json.loads(result.stdout)["checks"]}
        assert states.pop("parameter file") == "ok"
        assert states.pop("credentials") == "FAILED"
        assert set(states.values()) == {"skipped"}
        assert len(states) == 12

    @pytest.mark.parametrize(("typed", "status"), [("prod", 1), ("dev", 0)])
    def test_data_is_deleted_only_when_the_stages_name_is_typed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, status: int
    ) -> None:
        ran: list[bool] = []
        monkeypatch.setattr(Destruction, "check", lambda self: None)
        monkeypatch.setattr(Destruction, "tables", lambda self: ["a-table"])
        monkeypatch.setattr(Destruction, "run", lambda self, tables, with_data, with_logs: ran.append(with_data))
        (tmp_path / "dev.toml").write_text(FILE)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        words = ["destroy", "--stage", "dev", "--with-data", "--yes", "--parameters", str(tmp_path)]
        result = CliRunner().invoke(cli, words, input=f"{typed}\n")
        assert result.exit_code == status
        assert ran == ([True] if status == 0 else [])

    def test_prod_is_not_destroyed_with_any_option(self, tmp_path: Path) -> None:
        (tmp_path / "prod.toml").write_text(FILE)
        words = ["destroy", "--stage", "prod", "--with-data", "--yes", "--parameters", str(tmp_path)]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 1
        assert "prod cannot be destroyed" in result.output
