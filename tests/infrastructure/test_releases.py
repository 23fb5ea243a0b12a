"""The conditions that stop a release, the option that ignores them, and failed releases. Needs no package."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from chalicelib.functions import FUNCTIONS
from infra.deploy import DeploymentError, protection, smoke
from infra.deploy.artifacts import Package
from infra.deploy.aws import Aws
from infra.deploy.change_set import ChangeSet
from infra.deploy.deploying import Deployment, Options
from infra.deploy.findings import CheckFailed
from infra.deploy.releases import WATCH_MINUTES, check_release_alarms, release_values, rollback_configuration
from infra.deploy.settings import StageSettings
from infra.deploy.stacks import MAX_WAIT_SECONDS, Stack
from infra.local.aws import embedded_aws
from infra.ops.screen import Screen
from infra.template.alarm_list import BY_NAME
from infra.template.alarms import alarm_id
from infra.template.release_alarms import FUNCTION_ERRORS, UNWATCHED
from infra.template.releases import WATCHED
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK

STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1"
CHANGE_SET_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/deploy-1/1"
MOMENT = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
SETTINGS = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})


@dataclass
class Scene:
    """A stubbed CloudFormation, whose requests and answers botocore holds to AWS's model; the rest is moto."""

    aws: Aws
    cloudformation: Stubber

    @property
    def stack(self) -> Stack:
        return Stack(self.aws, STACK)

    def is_(self, *statuses: str) -> None:
        """Sets the stack's statuses, one for each time that the stack is read."""
        for status in statuses:
            stack_description = {
                "StackName": STACK,
                "StackId": STACK_ID,
                "CreationTime": MOMENT,
                "StackStatus": status,
            }
            self.cloudformation.add_response("describe_stacks", {"Stacks": [stack_description]})

    def has_tables(self, *names: str) -> None:
        resource_summaries = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": name,
                "ResourceType": "AWS::DynamoDB::Table",
                "LastUpdatedTimestamp": MOMENT,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name in names
        ]
        self.cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": resource_summaries})


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr("botocore.waiter.time.sleep", lambda seconds: None)
    with embedded_aws():
        aws = Aws(REGION)
        with Stubber(aws.client("cloudformation")) as stub:
            yield Scene(aws, stub)


def _alarm(name: str, state: str = "OK", stack: str = STACK) -> None:
    client = boto3.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=f"{stack}-{name}",
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=300,
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    client.set_alarm_state(AlarmName=f"{stack}-{name}", StateValue=state, StateReason="a test")


# Which alarms, and for how long


def test_the_number_of_alarms_is_within_the_limits_of_codedeploy_and_cloudformation() -> None:
    assert 0 < len(WATCHED) <= 5
    assert set(WATCHED) <= BY_NAME.keys(), "composites among them would need another type of trigger"


def test_every_function_but_two_is_watched_by_the_alarms_on_functions() -> None:
    functions_with_alarm = [
        measure.dimensions[0][1] for name in FUNCTION_ERRORS for measure in BY_NAME[name].measures.values()
    ]
    assert len(set(functions_with_alarm)) == len(functions_with_alarm) == len(FUNCTIONS) - len(UNWATCHED)


def test_prod_is_shifted_by_a_watched_canary_and_dev_at_once(scene: Scene) -> None:
    for name in WATCHED:
        _alarm(name)
    triggers = [
        {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{STACK}-{name}", "Type": "AWS::CloudWatch::Alarm"}
        for name in sorted(WATCHED)
    ]
    prod = rollback_configuration("prod", STACK, scene.aws, despite_alarms=False)
    dev = rollback_configuration("dev", STACK, scene.aws, despite_alarms=False)
    assert sorted(prod["RollbackTriggers"], key=lambda each: each["Arn"]) == triggers
    assert sorted(dev["RollbackTriggers"], key=lambda each: each["Arn"]) == triggers
    assert (prod["MonitoringTimeInMinutes"], dev["MonitoringTimeInMinutes"]) == (10, 0)
    assert release_values("prod", {}, despite_alarms=False)["ReleaseShift"].endswith("Canary10Percent10Minutes")
    assert release_values("dev", {}, despite_alarms=False)["ReleaseShift"].endswith("AllAtOnce")


def test_a_stages_file_can_choose_how_traffic_is_shifted_unless_alarms_are_ignored() -> None:
    parameters = {"ReleaseShift": "CodeDeployDefault.LambdaCanary10Percent30Minutes", "ReleaseInSteps": "true"}
    assert release_values("prod", parameters, despite_alarms=False) == parameters
    assert release_values("prod", parameters, despite_alarms=True) == {**parameters, "ReleaseInSteps": "false"}


def test_prod_is_watched_for_longer_than_its_alarms_need() -> None:
    slowest = max(BY_NAME[name].period * BY_NAME[name].periods for name in WATCHED)
    shift_seconds, watch_seconds = 30 * 60, WATCH_MINUTES["prod"] * 60
    assert watch_seconds >= slowest + 60
    assert 2 * (shift_seconds + watch_seconds) <= MAX_WAIT_SECONDS, "it may have to go back the same way"


def test_a_first_deployment_has_no_rollback_alarms(scene: Scene) -> None:
    nothing = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
    assert rollback_configuration("prod", STACK, scene.aws, despite_alarms=False) == nothing
    assert "first deployment creates them" in check_release_alarms(STACK, scene.aws, despite_alarms=False)


def test_a_new_alarm_of_a_release_does_not_roll_back_that_release(scene: Scene) -> None:
    """CloudFormation fails a change whose alarms are missing."""
    _alarm(WATCHED[0])
    _alarm(WATCHED[1], stack="another-stack")
    [trigger] = rollback_configuration("prod", STACK, scene.aws, despite_alarms=False)["RollbackTriggers"]
    assert trigger["Arn"].endswith(f":{STACK}-{WATCHED[0]}")


# A ringing alarm


def test_no_release_begins_while_a_release_alarm_fires(scene: Scene) -> None:
    _alarm(WATCHED[0])
    _alarm(WATCHED[-1], "ALARM")
    with pytest.raises(
        CheckFailed, match=f"{STACK}-{WATCHED[-1]} fires.*docs/runbooks/api-errors.md.*--despite-alarms"
    ):
        check_release_alarms(STACK, scene.aws, despite_alarms=False)


def test_an_alarm_without_data_stops_no_release(scene: Scene) -> None:
    for name in WATCHED:
        _alarm(name, "INSUFFICIENT_DATA")
    assert check_release_alarms(STACK, scene.aws, despite_alarms=False) == f"{len(WATCHED)}, none fires"


def test_a_release_that_fixes_an_alarm_can_ignore_the_alarms(scene: Scene) -> None:
    """An empty list takes away the alarms that CloudFormation keeps of the stack's last change."""
    _alarm(WATCHED[0], "ALARM")
    assert "released nevertheless" in check_release_alarms(STACK, scene.aws, despite_alarms=True)
    nothing = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
    assert rollback_configuration("prod", STACK, scene.aws, despite_alarms=True) == nothing
    assert release_values("prod", {}, despite_alarms=True)["ReleaseInSteps"] == "false"


def test_the_change_set_names_the_rollback_alarms(scene: Scene) -> None:
    _alarm(WATCHED[0])
    rollback = rollback_configuration("prod", STACK, scene.aws, despite_alarms=False)
    scene.is_("UPDATE_COMPLETE")
    request = dict.fromkeys(
        ("StackName", "ChangeSetName", "ChangeSetType", "TemplateURL", "Capabilities", "Parameters", "Tags"), ANY
    )
    scene.cloudformation.add_response(
        "create_change_set", {"Id": CHANGE_SET_ID}, {**request, "RollbackConfiguration": rollback}
    )
    description = {"Status": "CREATE_COMPLETE", "Changes": []}
    for _ in range(2):
        scene.cloudformation.add_response("describe_change_set", description)
    ChangeSet(scene.aws, scene.stack).make("https://b.s3.us-east-1.amazonaws.com/t.json", {}, {}, rollback)
    scene.cloudformation.assert_no_pending_responses()


# A first deployment that failed


def test_the_stack_of_a_failed_first_deployment_is_deleted_before_the_second(scene: Scene, capsys: Any) -> None:
    deployment = Deployment("dev", SETTINGS, Screen(), aws=scene.aws)
    scene.cloudformation.add_response("delete_stack", {}, {"StackName": STACK})
    scene.is_("DELETE_IN_PROGRESS")
    scene.cloudformation.add_client_error("describe_stacks", "ValidationError", f"{STACK} does not exist")
    deployment._clear(Options())
    assert "its first deployment failed and left nothing" in " ".join(capsys.readouterr().err.split())
    scene.cloudformation.assert_no_pending_responses()


def test_a_failed_stack_is_not_deleted_by_a_dry_run_or_without_confirmation(scene: Scene) -> None:
    deployment = Deployment("dev", SETTINGS, Screen(), aws=scene.aws)
    with pytest.raises(DeploymentError, match="ROLLBACK_COMPLETE, so CloudFormation shows no changes"):
        deployment._clear(Options(dry_run=True))
    questions: list[str] = []
    with pytest.raises(DeploymentError, match="You declined"):
        deployment._clear(Options(agree=lambda question: bool(questions.append(question))))
    assert questions == [f"Delete {STACK}, whose first deployment failed and left nothing?"]


def test_a_deployment_after_a_failed_first_deployment_begins_by_deleting_the_stack(scene: Scene) -> None:
    scene.is_("ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE")
    deployment = Deployment("dev", SETTINGS, Screen(), aws=scene.aws)
    with pytest.raises(DeploymentError, match="ROLLBACK_COMPLETE"):
        deployment.run(Package({}, BUCKET), Options(dry_run=True))  # type: ignore[arg-type]


def test_a_stack_whose_first_deployment_failed_counts_as_never_deployed(scene: Scene) -> None:
    scene.is_("ROLLBACK_COMPLETE")
    assert not scene.stack.exists


# Tables


def _table(name: str, *, is_protected: bool, restorable: bool = True) -> None:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=is_protected,
    )
    client.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": restorable}
    )


def test_tables_are_protected_once_the_deployment_has_succeeded(scene: Scene) -> None:
    _table("old", is_protected=True)
    _table("new", is_protected=False)
    for _ in range(2):
        scene.has_tables("old", "new")
    protection.protect_tables(scene.stack, scene.aws)
    assert protection.check_tables(scene.stack, scene.aws) == "2, protected, restorable"


@pytest.mark.parametrize(
    ("protected", "restorable", "expected_text"),
    [(False, True, "old can be deleted"), (True, False, "old cannot be restored"), (True, True, None)],
)
def test_a_table_without_deletion_protection_or_recovery_is_reported(
    scene: Scene, protected: bool, restorable: bool, expected_text: str | None
) -> None:
    _table("old", is_protected=protected, restorable=restorable)
    scene.has_tables("old")
    if expected_text is None:
        assert protection.check_tables(scene.stack, scene.aws) == "1, protected, restorable"
    else:
        with pytest.raises(CheckFailed, match=expected_text):
            protection.check_tables(scene.stack, scene.aws)


# What serves afterwards


def _lambda(aws: Aws, code: str, alias: dict[str, Any]) -> Stubber:
    stub = Stubber(aws.client("lambda"))
    stub.add_response(
        "get_function_configuration",
        {"State": "Active", "LastUpdateStatus": "Successful", "CodeSha256": code},
        {"FunctionName": "f", "Qualifier": "live"},
    )
    stub.add_response("get_alias", {"FunctionVersion": "7", **alias}, {"FunctionName": "f", "Name": "live"})
    return stub


@pytest.mark.parametrize(
    ("code", "alias", "expected_text"),
    [
        ("ours", {}, []),
        ("ours", {"RoutingConfig": {"AdditionalVersionWeights": {}}}, []),
        ("theirs", {}, ["f runs other code than was packaged"]),
        (
            "ours",
            {"RoutingConfig": {"AdditionalVersionWeights": {"8": 0.1}}},
            ["f is still between versions 7 and 8: see CodeDeploy"],
        ),
    ],
)
def test_the_alias_must_point_only_to_the_packaged_version(
    code: str, alias: dict[str, Any], expected_text: list[str]
) -> None:
    aws = Aws(REGION)
    with embedded_aws(), _lambda(aws, code, alias):
        assert list(smoke._function_faults(aws, "f", "ours")) == expected_text


def test_each_release_alarm_has_its_name_in_the_template() -> None:
    for name in WATCHED:
        properties = BY_NAME[name].resource()["Properties"]
        assert properties["AlarmName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
        assert alarm_id(name) == f"{name}Alarm"
