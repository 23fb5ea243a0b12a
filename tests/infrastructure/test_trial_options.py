"""`make sandbox-aws` at a stage with options: its own key, a domain, a web ACL, SnapStart, backups."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import msgspec
import pytest

from infra.deploy.aws import Aws
from infra.deploy.settings import StageSettings
from infra.deploy.trial.rows import PARTS
from infra.deploy.trial.site import Answer, Request, Site
from infra.deploy.trial.verdicts import Finding, Verdict, try_row
from infra.local.aws import embedded_aws
from infra.template.gateway_responses import FILTERED
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK
from tests.infrastructure.played_services import Play, play, refusal

NOW = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f0f0f0f-0000-0000-0000-000000000000"
VAULT = f"arn:aws:backup:us-west-2:{ACCOUNT}:backup-vault:copies"
TABLE = f"{STACK}-invoices"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
ACL_ARN = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/{STACK}/1"
ERASURES = f"/aws/lambda/{STACK}-erasures"
ROWS = {row.name: (part, row) for part, rows in PARTS.items() for row in rows}
SETTINGS = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})


@dataclass
class Scene:
    """A stage with one option: its stack's outputs, and AWS's responses."""

    parameters: dict[str, str]
    resources: dict[str, str] = field(default_factory=dict)
    """Physical ids by the types of resources."""
    settings: StageSettings = SETTINGS
    answers: dict[str, int | bytes] = field(default_factory=dict)
    """Statuses, and bodies of refusals, by how the URL ends."""
    aws: Aws = field(default_factory=lambda: Aws(REGION))
    template: dict[str, Any] = field(default_factory=dict)

    def plays(self, service: str, **plays: Play) -> None:
        play(self.aws.client(service), plays)

    def try_row(self, name: str) -> Finding:
        """Returns what the row of that name finds."""
        site = Site(self.settings, self.aws, print, ask=self._ask, now=NOW.timestamp)
        resource_summaries = [
            {"LogicalResourceId": kind, "PhysicalResourceId": physical, "ResourceType": kind}
            for kind, physical in self.resources.items()
        ]
        vars(site).update(
            template=self.template, parameters=self.parameters, _resources=resource_summaries, stack=_Stack()
        )
        part, row = ROWS[name]
        return try_row(part, row, site)

    def _ask(self, request: Request) -> Answer:
        [answer] = [each for ending, each in self.answers.items() if request.url.endswith(ending)]
        return Answer(answer, b"") if isinstance(answer, int) else Answer(403, answer)


class _Stack:
    """The stack, as far as these rows ask it."""

    def outputs(self) -> dict[str, str]:
        return {"ChangesBusName": f"{STACK}-changes"}

    def describe(self) -> dict[str, Any]:
        return {"CreationTime": NOW - dt.timedelta(days=3)}


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with embedded_aws():
        yield


def _is(finding: Finding, verdict: Verdict, says: str) -> None:
    assert (finding.verdict, says in finding.found) == (verdict, True), finding


# A key of the account's own


def _keyed(*, table: str = KEY, queue: str = KEY, logs: str = KEY, function: str = KEY, bus: str = KEY) -> Scene:
    scene = Scene(
        {"KmsKeyArn": KEY},
        {
            "AWS::DynamoDB::Table": TABLE,
            "AWS::SQS::Queue": "https://sqs/queue",
            "AWS::Logs::LogGroup": ERASURES,
            "AWS::Lambda::Function": f"{STACK}-erasures",
        },
    )
    scene.plays("dynamodb", DescribeTable=lambda asked: {"Table": {"SSEDescription": {"KMSMasterKeyArn": table}}})
    scene.plays("sqs", GetQueueAttributes=lambda asked: {"Attributes": {"KmsMasterKeyId": queue} if queue else {}})
    group = {"logGroupName": ERASURES, **({"kmsKeyId": logs} if logs else {})}
    scene.plays("logs", DescribeLogGroups=lambda asked: {"logGroups": [group]})
    scene.plays("lambda", GetFunctionConfiguration=lambda asked: {"KMSKeyArn": function} if function else {})
    scene.plays("events", DescribeEventBus=lambda asked: {"Name": asked["Name"], "KmsKeyIdentifier": bus})
    return scene


def test_everything_is_encrypted_with_the_stages_key() -> None:
    _is(_keyed().try_row("own key"), Verdict.AS_EXPECTED, "5 things")


@pytest.mark.parametrize(
    ("unencrypted", "says"),
    [
        ({"table": f"{KEY}1"}, f"{TABLE} is encrypted with {KEY}1"),
        ({"queue": ""}, "https://sqs/queue is encrypted with no key of ours"),
        ({"logs": ""}, f"{ERASURES} is encrypted with no key of ours"),
        ({"function": ""}, f"{STACK}-erasures is encrypted with no key of ours"),
        ({"bus": f"{KEY}1"}, f"{STACK}-changes is encrypted with {KEY}1"),
    ],
)
def test_what_is_not_encrypted_with_the_stages_key_is_named(unencrypted: dict[str, str], says: str) -> None:
    _is(_keyed(**unencrypted).try_row("own key"), Verdict.HARMFUL, says)


# A stage that was deployed a moment ago


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("ENABLED", Verdict.AS_EXPECTED), ("ENABLING", Verdict.HARMLESS), ("DISABLING", Verdict.HARMFUL)],
)
def test_an_expiry_that_is_being_enabled_is_harmless(status: str, verdict: Verdict) -> None:
    scene = Scene({}, {"AWS::DynamoDB::Table": TABLE})
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    scene.template = {"Resources": {"AWS::DynamoDB::Table": {"Properties": {"TimeToLiveSpecification": expiry}}}}
    expiry_description = {"TimeToLiveStatus": status, "AttributeName": "expires_at"}
    scene.plays("dynamodb", DescribeTimeToLive=lambda asked: {"TimeToLiveDescription": expiry_description})
    _is(scene.try_row("expiry"), verdict, status)


def test_metrics_may_be_absent_on_the_first_day(monkeypatch: pytest.MonkeyPatch) -> None:
    _is(Scene({}).try_row("ages of secrets"), Verdict.HARMFUL, "does not list PomStripe SecretAge")
    today = {"CreationTime": NOW - dt.timedelta(days=3), "LastUpdatedTime": NOW - dt.timedelta(hours=1)}
    monkeypatch.setattr(_Stack, "describe", lambda stack: today)
    _is(Scene({}).try_row("ages of secrets"), Verdict.NOT_TRIED, "it comes after an hour")


def test_a_response_that_a_row_cannot_read_is_reported_and_stops_no_other_row() -> None:
    scene = _with_snapstart()
    scene.plays("lambda", GetFunctionConfiguration=lambda asked: {})
    _is(scene.try_row("SnapStart"), Verdict.HARMFUL, "KeyError: 'SnapStart'")


# A domain


def _with_domain(*, endpoint_disabled: bool, status: int) -> Scene:
    settings = msgspec.structs.replace(SETTINGS, parameters={"DomainName": "api.pom.test"})
    scene = Scene(
        {},
        {"AWS::ApiGateway::RestApi": "a1"},
        settings,
        {"a1.execute-api.us-east-1.amazonaws.com/api/v1/health": status},
    )
    scene.plays("apigateway", GetRestApi=lambda asked: {"id": "a1", "disableExecuteApiEndpoint": endpoint_disabled})
    return scene


def test_with_a_domain_the_other_address_is_closed() -> None:
    _is(_with_domain(endpoint_disabled=True, status=403).try_row("own address"), Verdict.AS_EXPECTED, "closed, 403")
    _is(_with_domain(endpoint_disabled=False, status=403).try_row("own address"), Verdict.HARMFUL, "still answers")
    _is(_with_domain(endpoint_disabled=True, status=200).try_row("own address"), Verdict.HARMFUL, "responds with 200")


# A web ACL


def _with_web_acl(mode: str, *paths: str) -> Scene:
    scene = Scene({"WebAcl": mode, "PublicApiUrl": "https://api"}, {"AWS::WAFv2::WebACL": f"{STACK}|a-1|REGIONAL"})
    acl = {
        "Name": STACK,
        "Id": "a-1",
        "ARN": ACL_ARN,
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": {
            "SampledRequestsEnabled": True,
            "CloudWatchMetricsEnabled": True,
            "MetricName": "all",
        },
    }
    scene.plays(
        "wafv2",
        GetWebACL=lambda asked: {"WebACL": acl},
        GetSampledRequests=lambda asked: {
            "SampledRequests": [{"Request": {"URI": path}, "Weight": 1} for path in paths]
        },
    )
    return scene


def test_aws_waf_allows_webhooks_before_its_rules() -> None:
    finding = _with_web_acl("count", "/api/v1/stripe/webhooks").try_row("web ACL and webhooks")
    _is(finding, Verdict.AS_EXPECTED, "1 of /api/v1/stripe/webhooks")
    _is(_with_web_acl("count").try_row("web ACL and webhooks"), Verdict.HARMFUL, "it sees another path")


def test_refusals_of_the_web_acl_have_the_error_body() -> None:
    scene = _with_web_acl("block")
    scene.answers["etc/passwd"] = FILTERED.body("r").encode()
    _is(scene.try_row("web ACL refuses"), Verdict.AS_EXPECTED, "403, forbidden")
    scene.answers["etc/passwd"] = b"<html>"
    _is(scene.try_row("web ACL refuses"), Verdict.HARMFUL, "not our contract's error")
    scene.answers["etc/passwd"] = 200
    _is(scene.try_row("web ACL refuses"), Verdict.HARMFUL, "200 instead of 403")
    _is(_with_web_acl("count").try_row("web ACL refuses"), Verdict.NOT_TRIED, "WebAcl is count")


# SnapStart


def _with_snapstart(status: str = "On", *milliseconds: float) -> Scene:
    scene = Scene({"SnapStart": "PublishedVersions"})
    state = {"ApplyOn": "PublishedVersions", "OptimizationStatus": status}
    scene.plays("lambda", GetFunctionConfiguration=lambda asked: {"SnapStart": state})
    lines = [
        {"message": json.dumps({"type": "platform.restoreReport", "record": {"metrics": {"durationMs": each}}})}
        for each in milliseconds
    ]
    scene.plays("logs", FilterLogEvents=lambda asked: {"events": lines})
    return scene


def test_snapstart_is_on_and_restores_are_quick() -> None:
    _is(_with_snapstart().try_row("SnapStart"), Verdict.AS_EXPECTED, "On for api-handler, token-authorizer")
    _is(_with_snapstart("Off").try_row("SnapStart"), Verdict.HARMFUL, "api-handler is Off")
    _is(_with_snapstart("On", 310.5, 820).try_row("restores"), Verdict.AS_EXPECTED, "4 restores, the longest 820 ms")
    _is(_with_snapstart("On", 10_000).try_row("restores"), Verdict.HARMFUL, "a restore took 10000 ms")
    _is(_with_snapstart("On").try_row("restores"), Verdict.NOT_TRIED, "no function was restored")


# Copies in another region


def _with_copies(*states: str, days: int = 90) -> Scene:
    scene = Scene(
        {"BackupCopyVaultArn": VAULT, "BackupCopyDays": "60", "BackupSchedule": "cron(0 5 * * ? *)"},
        {"AWS::DynamoDB::Table": TABLE, "AWS::Logs::LogGroup": ERASURES},
    )
    jobs = [{"ResourceArn": TABLE_ARN, "State": state, "StatusMessage": "a reason"} for state in states]
    scene.plays("backup", ListCopyJobs=lambda asked: {"CopyJobs": jobs})
    group = {"logGroupName": ERASURES, "retentionInDays": days}
    scene.plays("logs", DescribeLogGroups=lambda asked: {"logGroups": [group]})
    return scene


def test_each_table_was_copied() -> None:
    _is(_with_copies("COMPLETED").try_row("copies"), Verdict.AS_EXPECTED, "1 tables in two days")
    _is(_with_copies("COMPLETED", "FAILED").try_row("copies"), Verdict.HARMFUL, "a reason")
    _is(_with_copies("RUNNING").try_row("copies"), Verdict.HARMFUL, f"{TABLE} was not copied in two days")
    _is(_with_copies().try_row("copies"), Verdict.NOT_TRIED, "its schedule is cron(0 5 * * ? *)")


def test_log_lines_outlive_copies() -> None:
    _is(_with_copies(days=90).try_row("logs and copies"), Verdict.AS_EXPECTED, "90 days, and copies for 60")
    _is(_with_copies(days=14).try_row("logs and copies"), Verdict.HARMLESS, "14 days and copies for 60")


@pytest.mark.parametrize(
    ("lifecycle", "verdict", "says"),
    [
        ({"DeleteAfterDays": 60}, Verdict.AS_EXPECTED, "1 recovery points"),
        ({}, Verdict.HARMFUL, f"a copy of {TABLE_ARN} never expires"),
        (None, Verdict.NOT_TRIED, "no recovery point of this stage yet"),
    ],
)
def test_no_copy_is_retained_for_ever(
    lifecycle: dict[str, Any] | None, verdict: Verdict, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = boto3.client("backup", region_name="us-west-2")
    points = [] if lifecycle is None else [{"ResourceArn": TABLE_ARN, "Lifecycle": lifecycle}]
    play(elsewhere, {"ListRecoveryPointsByBackupVault": lambda asked: {"RecoveryPoints": points}})
    scene = _with_copies()
    monkeypatch.setattr(boto3, "client", lambda service, region_name: elsewhere)
    _is(scene.try_row("copies expire"), verdict, says)


def test_the_vault_of_another_account_is_not_read() -> None:
    scene = _with_copies()
    scene.parameters["BackupCopyVaultArn"] = VAULT.replace(ACCOUNT, "210987654321")
    _is(scene.try_row("copies expire"), Verdict.NOT_TRIED, "of the account 210987654321")


def test_aws_backups_metrics_have_the_alarms_dimensions() -> None:
    cloudwatch = boto3.client("cloudwatch")
    for name in ("NumberOfCopyJobsCompleted", "NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed"):
        dimension = {"Name": "BackupVaultName", "Value": f"{STACK}-backups"}
        cloudwatch.put_metric_data(
            Namespace="AWS/Backup", MetricData=[{"MetricName": name, "Dimensions": [dimension], "Value": 0}]
        )
        says, verdict = (
            ("3, with", Verdict.AS_EXPECTED)
            if name == "NumberOfCopyJobsFailed"
            else ("AWS/Backup Num", Verdict.HARMFUL)
        )
        _is(_with_copies().try_row("metrics of copies"), verdict, says)


def test_a_missing_permission_makes_a_row_not_tried() -> None:
    scene = _with_copies()

    def refuse(request: dict[str, Any]) -> dict[str, Any]:
        raise refusal("backup:ListCopyJobs")

    play(scene.aws.client("backup"), {"ListCopyJobs": refuse})
    _is(scene.try_row("copies"), Verdict.NOT_TRIED, "backup:ListCopyJobs")


def test_a_row_without_its_option_names_the_option() -> None:
    without = Scene({"PublicApiUrl": "https://api"})
    says = {
        "own key": "no KmsKeyArn",
        "own address": "no domain",
        "web ACL and webhooks": "no web ACL",
        "web ACL refuses": "no web ACL",
        "SnapStart": "SnapStart is off",
        "restores": "SnapStart is off",
        "copies": "no BackupCopyVaultArn",
        "copies expire": "no BackupCopyVaultArn",
        "logs and copies": "no BackupCopyVaultArn",
        "metrics of copies": "no BackupCopyVaultArn",
        "POM's token": "POM_TOKEN",
    }
    for name, why in says.items():
        _is(without.try_row(name), Verdict.NOT_TRIED, why)
