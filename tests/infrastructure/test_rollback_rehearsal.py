"""The rehearsal of a rollback: its results, its clean-up, and the repair of an interrupted run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.settings import StageSettings
from infra.deploy.trial.leftovers import ALARM, FUNCTION, MAX_WAIT_SECONDS, function_to_rehearse, put_back
from infra.deploy.trial.release_rows import ROWS
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Finding, Verdict, try_row
from infra.local.aws import embedded_aws
from infra.template.releases import WATCHED
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK
from tests.infrastructure.played_codedeploy import APPLICATION, GROUP, LIVE, CodeDeploy
from tests.infrastructure.played_services import play
from tests.infrastructure.test_releases import MOMENT, STACK_ID, _alarm

NAME = f"{STACK}-{FUNCTION}"
DESCRIPTION = "as SAM wrote it"
SETTINGS = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})
REHEARSAL = ROWS[-1]


@dataclass
class Scene:
    """A function with a release, its group and its alarms, and the run that rehearses there."""

    codedeploy: CodeDeploy
    status: str = "UPDATE_COMPLETE"
    groups: bool = True
    steps: list[str] = field(default_factory=list)
    killed_after: int | None = None
    calls: int = 0

    def site(self) -> Site:
        """Starts a new run, as a person does."""
        aws = Aws(REGION)
        for service in ("lambda", "cloudwatch", "codedeploy", "cloudformation"):
            aws.client(service).meta.events.register_first("provide-client-params", self._count)
        play(aws.client("codedeploy"), self.codedeploy.plays)
        play(
            aws.client("cloudformation"),
            {"ListStackResources": self._resources, "DescribeStacks": self._described},
        )
        return Site(SETTINGS, aws, self.steps.append, pause=self.codedeploy.pause, now=lambda: self.codedeploy.now)

    def rehearse(self) -> Finding:
        """Returns the row."""
        return try_row("releases", REHEARSAL, self.site())

    def put_back(self) -> list[str]:
        """Returns what a new run puts back."""
        of = function_to_rehearse(self.site())
        assert of is not None
        return put_back(of)

    def _count(self, **_: Any) -> None:
        self.calls += 1
        if self.killed_after is not None and self.calls > self.killed_after:
            raise KilledRun

    def _described(self, request: dict[str, Any]) -> dict[str, Any]:
        stack = {"StackName": STACK, "StackId": STACK_ID, "CreationTime": MOMENT, "StackStatus": self.status}
        return {"Stacks": [stack]}

    def _resources(self, request: dict[str, Any]) -> dict[str, Any]:
        there = {
            "ServerlessDeploymentApplication": ("AWS::CodeDeploy::Application", APPLICATION),
            "CanaryDeploymentGroup": ("AWS::CodeDeploy::DeploymentGroup", GROUP),
        }
        resource_summaries = [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": physical,
                "ResourceType": kind,
                "LastUpdatedTimestamp": MOMENT,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for logical, (kind, physical) in there.items()
        ]
        return {"StackResourceSummaries": resource_summaries if self.groups else []}


class KilledRun(BaseException):
    """As if the process were gone: every later call raises it too, so that no clean-up gets through."""


@pytest.fixture
def scene() -> Iterator[Scene]:
    with embedded_aws():
        for name in WATCHED:
            _alarm(name)
        _function()
        yield Scene(CodeDeploy(f"{STACK}-{ALARM}"))


def _function() -> None:
    client = boto3.client("lambda")
    trust_policy = '{"Version": "2012-10-17", "Statement": []}'
    role = boto3.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=trust_policy)["Role"]["Arn"]
    with zipfile.ZipFile(archive := io.BytesIO(), "w") as zip_file:
        zip_file.writestr("app.py", "")
    client.create_function(
        FunctionName=NAME,
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Description=DESCRIPTION,
    )
    version = client.publish_version(FunctionName=NAME)["Version"]
    client.create_alias(FunctionName=NAME, Name=LIVE, FunctionVersion=version)


def _state() -> dict[str, Any]:
    """Returns all state that a rehearsal changes."""
    client = boto3.client("lambda")
    versions = client.list_versions_by_function(FunctionName=NAME)["Versions"]
    alias = client.get_alias(FunctionName=NAME, Name=LIVE)
    alarms = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {
        "versions": {each["Version"]: each["Description"] for each in versions},
        "alias": alias["FunctionVersion"],
        "weights": (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {},
        "alarms": {each["AlarmName"]: each["StateValue"] for each in alarms},
    }


def test_an_alarm_rolls_the_release_back_and_the_rehearsal_cleans_up(scene: Scene) -> None:
    before = _state()
    finding = scene.rehearse()
    assert (finding.verdict, finding.found) == (
        Verdict.AS_EXPECTED,
        "stopped 10 s after the alarm, live back on version 1 after 20 s",
    )
    assert _state() == before
    assert [each["status"] for each in scene.codedeploy.deployments.values()] == ["Stopped", "Succeeded"]
    assert scene.put_back() == []


@pytest.mark.parametrize(
    ("wrong", "verdict", "says"),
    [
        (
            {"does_stop_on_alarm": False},
            Verdict.HARMFUL,
            "FunctionErrors does not stop the deployment: d-1 runs 300 s after",
        ),
        ({"does_go_back": False}, Verdict.HARMFUL, "live was left on version 1 with {'2': 0.1}"),
        (
            {"can_update_the_alias": False},
            Verdict.HARMFUL,
            "d-1 is Failed before any alarm fired: {'code': 'IAM_ROLE",
        ),
        ({"does_begin": False}, Verdict.HARMFUL, "has not shifted anything in 300 s"),
        ({"reason": "TIMEOUT"}, Verdict.HARMLESS, "CodeDeploy gives TIMEOUT as the reason, not ALARM_ACTIVE"),
    ],
)
def test_a_release_that_is_not_rolled_back_is_reported_and_restored(
    scene: Scene, wrong: dict[str, Any], verdict: Verdict, says: str
) -> None:
    before = _state()
    for name, value in wrong.items():
        setattr(scene.codedeploy, name, value)
    finding = scene.rehearse()
    assert finding.verdict is verdict
    assert says in finding.found
    assert _state() == before


def _fires() -> None:
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=f"{STACK}-{WATCHED[-1]}", StateValue="ALARM", StateReason="by its metrics"
    )


def _between_versions() -> None:
    boto3.client("lambda").update_alias(
        FunctionName=NAME, Name=LIVE, RoutingConfig={"AdditionalVersionWeights": {"7": 0.1}}
    )


def test_nothing_is_rehearsed_while_an_alarm_fires(scene: Scene) -> None:
    _fires()
    _is_not_begun(scene, f"{STACK}-{WATCHED[-1]} fires, so CodeDeploy would not start")


def test_nothing_is_rehearsed_while_the_alias_is_between_versions(scene: Scene) -> None:
    _between_versions()
    _is_not_begun(scene, f"live of {NAME} is between two versions")


def test_nothing_is_rehearsed_while_the_stack_changes(scene: Scene) -> None:
    scene.status = "UPDATE_IN_PROGRESS"
    _is_not_begun(scene, "the stack is UPDATE_IN_PROGRESS")


def test_nothing_is_rehearsed_while_a_codedeploy_deployment_runs(scene: Scene) -> None:
    scene.codedeploy.deployments["d-9"] = {"status": "InProgress", "description": "a release"}
    _is_not_begun(scene, "CodeDeploy is at work: d-9")


def test_nothing_is_rehearsed_after_a_release_without_codedeploy(scene: Scene) -> None:
    scene.groups = False
    _is_not_begun(scene, "CodeDeploy moves no alias here")


def _is_not_begun(scene: Scene, why: str) -> None:
    before = _state()
    finding = scene.rehearse()
    assert (finding.verdict, why in finding.found) == (Verdict.NOT_TRIED, True), finding
    assert _state() == before


def test_the_clean_up_does_not_stop_another_release(scene: Scene) -> None:
    scene.codedeploy.deployments["d-9"] = {"status": "InProgress", "description": "a release"}
    assert scene.put_back() == []
    assert scene.codedeploy.deployments["d-9"]["status"] == "InProgress"


def test_the_clean_up_does_not_reset_an_alarm_that_its_metrics_fired(scene: Scene) -> None:
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=f"{STACK}-{ALARM}", StateValue="ALARM", StateReason="by its metrics"
    )
    assert scene.put_back() == []
    assert _state()["alarms"][f"{STACK}-{ALARM}"] == "ALARM"


def _calls_of_a_whole_rehearsal() -> int:
    with embedded_aws():
        for name in WATCHED:
            _alarm(name)
        _function()
        scene = Scene(CodeDeploy(f"{STACK}-{ALARM}"))
        scene.rehearse()
        return scene.calls


@pytest.mark.parametrize("looks_later", [0.0, 1200.0], ids=["at once", "after CodeDeploy has shifted everything"])
def test_after_a_run_is_killed_at_any_request_the_next_run_restores_everything(looks_later: float) -> None:
    calls = _calls_of_a_whole_rehearsal()
    assert calls > 25
    leftover_count = 0
    for killed_after in range(calls):
        with embedded_aws():
            for name in WATCHED:
                _alarm(name)
            _function()
            scene = Scene(CodeDeploy(f"{STACK}-{ALARM}"), killed_after=killed_after)
            before = _state()
            with pytest.raises(KilledRun):
                scene.rehearse()
            scene.killed_after = None
            leftover_count += _state() != before
            if looks_later:
                scene.codedeploy.pause(looks_later)
            scene.put_back()
            assert _state() == before, f"killed after {killed_after} calls"
            assert scene.put_back() == [], "once is enough"
    assert leftover_count > 10, "most kills leave something"


def test_the_alarm_is_set_for_no_longer_than_the_limit(scene: Scene) -> None:
    scene.codedeploy.does_stop_on_alarm = False
    began = scene.codedeploy.now
    scene.rehearse()
    assert scene.codedeploy.now - began < 3 * MAX_WAIT_SECONDS


def test_a_missing_permission_makes_the_row_not_tried(scene: Scene) -> None:
    site = scene.site()
    error_response = {"Error": {"Code": "AccessDeniedException", "Message": "lambda:UpdateFunctionConfiguration"}}

    def refuse(request: dict[str, Any]) -> dict[str, Any]:
        raise ClientError(error_response, "UpdateFunctionConfiguration")

    play(site.client("lambda"), {"UpdateFunctionConfiguration": refuse})
    before = _state()
    finding = try_row("releases", REHEARSAL, site)
    assert finding.verdict is Verdict.NOT_TRIED
    assert "lambda:UpdateFunctionConfiguration" in finding.found
    assert _state() == before
