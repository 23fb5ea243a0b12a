"""A deployed stage at which every row is as expected. Services that moto lacks are simulated."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from chalicelib.domain.webhook import PATH
from chalicelib.functions import FUNCTIONS
from infra.deploy.artifacts import Package
from infra.deploy.aws import Aws
from infra.deploy.deploying import Deployment, Options
from infra.deploy.settings import StageSettings
from infra.deploy.trial.alarm_rows import TEMPLATE_ALARMS
from infra.deploy.trial.site import Answer, Request, Site
from infra.deploy.trial.trying import try_all
from infra.deploy.trial.verdicts import Finding
from infra.ops.screen import Screen
from infra.template.alarms import TOPICS
from infra.template.gateway_responses import UNAUTHORIZED
from infra.template.releases import WATCHED
from infra.template.secret_alarms import SECRET_ALARMS
from infra.template.tables import tables
from tests.infrastructure.deployable import STACK
from tests.infrastructure.played_codedeploy import APPLICATION, CodeDeploy
from tests.infrastructure.played_services import play
from tests.infrastructure.test_releases import MOMENT

LARGEST = 6_000_000
TOKEN = "a token of POM's"
SERVICES = (
    "apigateway", "cloudformation", "cloudwatch", "codedeploy", "dynamodb", "events", "lambda", "logs", "s3",
    "secretsmanager", "sns", "sqs", "sts", "xray",
)  # fmt: skip
"""The services that receive requests about a stage without options."""


@dataclass
class Api:
    """The deployed API as outsiders reach it. `instead` has other responses, by the name of the request."""

    instead: dict[str, Answer] = field(default_factory=dict)

    def ask(self, request: Request) -> Answer:
        """Returns the response of the API or of a queue."""
        kind, answer = self._judged(request)
        return self.instead.get(kind, answer)

    def _judged(self, request: Request) -> tuple[str, Answer]:
        if request.url.startswith("http://sqs."):
            assert "AWS4-HMAC-SHA256" in request.headers["Authorization"]
            return "plain HTTP", Answer(403, b"")
        if request.method == "POST":
            assert request.url.endswith(PATH)
            return self._post(request.body or b"", packed=request.headers.get("Content-Encoding") == "gzip")
        assert request.url.endswith("/v1/invoices")
        if request.headers["Authorization"] == f"Bearer {TOKEN}":
            return "POM's token", Answer(200, b"{}")
        return "no token", Answer(401, UNAUTHORIZED.body("r-1").encode())

    def _post(self, body: bytes, *, packed: bool) -> tuple[str, Answer]:
        if not packed:
            return "large post", Answer(413 if len(body) > LARGEST else 400, b"")
        try:
            unpacked = gzip.decompress(body)
        except OSError:
            return "broken gzip", Answer(400, b"")
        assert len(unpacked) > LARGEST
        return "gzip bomb", Answer(413, b"")


@dataclass
class Ops:
    """The output of the operator commands at a good stage."""

    documents: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "canary": {"secrets": [{"fingerprint": "f", "verdict": "passed"}]},
            "webhook-endpoint": {"verification": [{"what": "endpoint we_1", "is": "enabled", "good": True}]},
            "status": {"troubles": []},
            "unpublished": {"waiting": 0},
            "measure": {"measured": [{"what": "webhook p99", "measured": 90.0, "budget": 1000, "within": True}]},
        }
    )

    def run(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Returns the document of one command."""
        assert list(arguments[:3]) == ["--deployed", STACK, "--json"]
        return self.documents[arguments[3]]


@dataclass
class Groups:
    """CodeDeploy's groups, one for each function, as SAM makes them."""

    groups: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for function in FUNCTIONS:
            name = f"pom-{function.aws_name}-group"
            self.groups[name] = {
                "applicationName": APPLICATION,
                "deploymentGroupName": name,
                "alarmConfiguration": {"enabled": True, "alarms": [{"name": f"{STACK}-{each}"} for each in WATCHED]},
                "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
                "lastAttemptedDeployment": {"deploymentId": "d-0", "status": "Succeeded"},
            }

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Returns the requested deployment groups."""
        return {"deploymentGroupsInfo": [self.groups[name] for name in request["deploymentGroupNames"]]}

    def resources(self) -> Iterator[dict[str, Any]]:
        """Yields the resources of the stack that moto does not make."""
        yield _resource("ServerlessDeploymentApplication", "AWS::CodeDeploy::Application", APPLICATION)
        for function in FUNCTIONS:
            logical = f"{''.join(part.title() for part in function.name.split('_'))}DeploymentGroup"
            yield _resource(logical, "AWS::CodeDeploy::DeploymentGroup", f"pom-{function.aws_name}-group")


def _resource(logical: str, kind: str, physical: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": logical,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "LastUpdatedTimestamp": MOMENT,
        "ResourceStatus": "CREATE_COMPLETE",
    }


@dataclass
class TriedStage:
    """The stage, the stand-ins besides moto, and a run of all rows."""

    settings: StageSettings
    codedeploy: CodeDeploy
    api: Api = field(default_factory=Api)
    ops: Ops = field(default_factory=Ops)
    groups: Groups = field(default_factory=Groups)
    traces: list[dict[str, Any]] = field(default_factory=lambda: [{"Id": "1-1", "Http": {"HttpStatus": 200}}])
    steps: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    agrees: bool = True
    asked: set[tuple[str, str]] = field(default_factory=set)
    """Returns the operations that were called, by service."""

    def site(self) -> Site:
        """Starts a new run, as a person does."""
        aws = Aws(self.settings.region)
        for service in SERVICES:
            aws.client(service).meta.events.register("provide-client-params", self._remember)
        play(aws.client("xray"), {"GetTraceSummaries": lambda asked: {"TraceSummaries": self.traces}})
        play(
            aws.client("codedeploy"),
            {**self.codedeploy.plays, "BatchGetDeploymentGroups": self.groups.describe},
        )
        events = aws.client("cloudformation").meta.events
        events.register("after-call.cloudformation.ListStackResources", self._with_codedeploy)
        return Site(
            self.settings,
            aws,
            self.steps.append,
            ask=self.api.ask,
            ops=self.ops.run,
            pause=self.codedeploy.pause,
            now=lambda: self.codedeploy.now,
            token=TOKEN,
        )

    def _remember(self, model: Any, **_: Any) -> None:
        self.asked.add((model.service_model.service_name, model.name))

    def _with_codedeploy(self, parsed: dict[str, Any], **_: Any) -> None:
        if "NextToken" not in parsed:
            parsed["StackResourceSummaries"] += self.groups.resources()

    def agree(self, question: str) -> bool:
        """Answers a question, and remembers it."""
        self.questions.append(question)
        return self.agrees

    def tried(self) -> dict[str, Finding]:
        """Returns what a run finds, by the rows' names."""
        self.codedeploy.now = time.time()  # earlier runs have moved it on
        findings = list(try_all("dev", self.site(), self.agree))
        assert len({each.name for each in findings}) == len(findings), "a row is known by its name"
        return {each.name: each for each in findings}


@contextmanager
def tried_stage(settings: StageSettings, package: Package, monkeypatch: pytest.MonkeyPatch) -> Iterator[TriedStage]:
    """Yields a stage that was deployed into an account in moto."""
    monkeypatch.setattr("infra.deploy.smoke._webhook_endpoint", lambda stack, first: "as it has to be")
    deployment = Deployment("dev", settings, Screen(as_json=True), pause=lambda seconds: None)
    deployment.run(package, Options())
    _alarms(settings)
    _expiry()
    stage = TriedStage(settings, CodeDeploy(f"{STACK}-{WATCHED[0]}", now=time.time()))
    yield stage


def _alarms(settings: StageSettings) -> None:
    """moto's CloudFormation makes no alarms, and it knows composite ones as others."""
    client = boto3.client("cloudwatch")
    for each in TEMPLATE_ALARMS:
        topic = [settings.parameters[TOPICS[each.grade]]] if each.grade in TOPICS else []
        alarm(each.name, topic)
    for secret_alarm in SECRET_ALARMS:
        for measure in secret_alarm.measures.values():
            metric: Any = measure.for_alarm(60)["Metric"]
            data = {"MetricName": metric["MetricName"], "Dimensions": metric["Dimensions"], "Value": 1.0}
            client.put_metric_data(Namespace=metric["Namespace"], MetricData=[data])


def alarm(name: str, topic: list[str]) -> None:
    """Creates an alarm of the stage again, as CloudFormation does."""
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{STACK}-{name}",
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=300,
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        ActionsEnabled=bool(topic),
        AlarmActions=topic,
    )


def expire(table: str, *, enabled: bool) -> None:
    """Switches the expiry of a table on or off."""
    boto3.client("dynamodb").update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "expires_at"}
    )


def _expiry() -> None:
    """moto's CloudFormation forgets it."""
    for each in tables().values():
        if "TimeToLiveSpecification" in each["Properties"]:
            expire(each["Properties"]["TableName"]["Fn::Sub"].replace("${AWS::StackName}", STACK), enabled=True)
