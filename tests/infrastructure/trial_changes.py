"""Ways to break a deployed stage, each with the rows of `make sandbox-aws` that must report it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from moto.dynamodb.models import dynamodb_backends

from infra.deploy.trial.site import Answer
from infra.deploy.trial.verdicts import Verdict
from infra.template.gateway_responses import FORBIDDEN
from infra.template.releases import WATCHED
from tests.infrastructure.deployable import ACCOUNT, REGION, STACK
from tests.infrastructure.tried_stage import TriedStage, alarm, expire

INVOICES, EVENTS = f"{STACK}-invoices", f"{STACK}-events"
API = f"{STACK}-api-handler"
LOGS = f"/aws/lambda/{API}"

Undo = Callable[[], Any]


@dataclass(frozen=True)
class Change:
    """One way to spoil the stage: `do` returns how it is undone; `rows` differ then, and say `says`."""

    what: str
    do: Callable[[TriedStage], Undo]
    rows: tuple[str, ...]
    says: str
    verdict: Verdict = Verdict.HARMFUL


def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


def _call(service: str, operation: str, undo: dict[str, Any], **change: Any) -> Callable[[TriedStage], Undo]:
    """Returns a change by one request, which is undone by the same request with other values."""

    def do(stage: TriedStage) -> Undo:
        request = getattr(_client(service), operation)
        request(**change)
        return lambda: request(**{**change, **undo})

    return do


def _recovery(*, enabled: bool) -> dict[str, Any]:
    return {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled}}


def _no_stream(stage: TriedStage) -> Undo:
    """Disables the stream in moto's own table, because moto cannot enable a stream again."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[INVOICES]
    former, table.stream_specification = table.stream_specification, None
    return lambda: setattr(table, "stream_specification", former)


def _no_expiry(stage: TriedStage) -> Undo:
    expire(EVENTS, enabled=False)
    return lambda: expire(EVENTS, enabled=True)


def _endless_logs(stage: TriedStage) -> Undo:
    _client("logs").delete_retention_policy(logGroupName=LOGS)
    return lambda: _client("logs").put_retention_policy(logGroupName=LOGS, retentionInDays=14)


def _logs_gone(stage: TriedStage) -> Undo:
    _client("logs").delete_log_group(logGroupName=LOGS)

    def undo() -> None:
        _client("logs").create_log_group(logGroupName=LOGS)
        _client("logs").put_retention_policy(logGroupName=LOGS, retentionInDays=14)

    return undo


def _alarm_with(*topics: str) -> Callable[[TriedStage], Undo]:
    def do(stage: TriedStage) -> Undo:
        page = stage.settings.parameters["PageTopicArn"]
        alarm("BilledTwice", list(topics))
        return lambda: alarm("BilledTwice", [page])

    return do


def _no_alarm(stage: TriedStage) -> Undo:
    _client("cloudwatch").delete_alarms(AlarmNames=[f"{STACK}-BilledTwice"])
    return lambda: alarm("BilledTwice", [stage.settings.parameters["PageTopicArn"]])


def _state_of(name: str, state: str) -> Callable[[TriedStage], Undo]:
    return _call(
        "cloudwatch",
        "set_alarm_state",
        {"StateValue": "OK"},
        AlarmName=f"{STACK}-{name}",
        StateValue=state,
        StateReason="Unchecked",
    )


def _schedule_off(stage: TriedStage) -> Undo:
    [rule, *_] = _client("events").list_rules()["Rules"]
    _client("events").disable_rule(Name=rule["Name"])
    return lambda: _client("events").enable_rule(Name=rule["Name"])


def _between_versions(stage: TriedStage) -> Undo:
    change = {"FunctionName": API, "Name": "live"}
    _client("lambda").update_alias(**change, RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    return lambda: _client("lambda").update_alias(**change, RoutingConfig={"AdditionalVersionWeights": {}})


def _other_code(stage: TriedStage) -> Undo:
    """Sets another zip in the stack than the functions run, as after a deployment by hand."""
    [function] = [
        each
        for each in _client("lambda").list_versions_by_function(FunctionName=API)["Versions"]
        if each["Version"] == "$LATEST"
    ]
    s3 = _client("s3")
    [zip_key] = [
        each["Key"]
        for each in s3.list_objects_v2(Bucket=stage.settings.artifact_bucket)["Contents"]
        if each["Key"].endswith(".zip")
    ]
    assert function["CodeSha256"]
    content = s3.get_object(Bucket=stage.settings.artifact_bucket, Key=zip_key)["Body"].read()
    s3.put_object(Bucket=stage.settings.artifact_bucket, Key=zip_key, Body=b"another zip")
    return lambda: s3.put_object(Bucket=stage.settings.artifact_bucket, Key=zip_key, Body=content)


def _code_gone(stage: TriedStage) -> Undo:
    s3, bucket = _client("s3"), stage.settings.artifact_bucket
    [zip_key] = [
        each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"] if each["Key"].endswith(".zip")
    ]
    content = s3.get_object(Bucket=bucket, Key=zip_key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=zip_key)
    return lambda: s3.put_object(Bucket=bucket, Key=zip_key, Body=content)


def _source_off(stage: TriedStage) -> Undo:
    [source, *_] = _client("lambda").list_event_source_mappings()["EventSourceMappings"]
    _client("lambda").update_event_source_mapping(UUID=source["UUID"], Enabled=False)
    return lambda: _client("lambda").update_event_source_mapping(UUID=source["UUID"], Enabled=True)


def answers_with(kind: str, status: int, body: bytes = b"") -> Callable[[TriedStage], Undo]:
    def do(stage: TriedStage) -> Undo:
        stage.api.instead[kind] = Answer(status, body)
        return stage.api.instead.clear

    return do


def _says(command: str, **document: Any) -> Callable[[TriedStage], Undo]:
    def do(stage: TriedStage) -> Undo:
        former = stage.ops.documents[command]
        stage.ops.documents[command] = document
        return lambda: stage.ops.documents.update({command: former})

    return do


def _group(**change: Any) -> Callable[[TriedStage], Undo]:
    def do(stage: TriedStage) -> Undo:
        name = "pom-canary-group"
        former = stage.groups.groups[name]
        stage.groups.groups[name] = {**former, **change}
        return lambda: stage.groups.groups.update({name: former})

    return do


def _failed_deployment(stage: TriedStage) -> Undo:
    error = {"code": "IAM_ROLE_PERMISSIONS", "message": "no lambda:UpdateAlias"}
    stage.codedeploy.deployments["d-99"] = {"deploymentId": "d-99", "status": "Failed", "errorInformation": error}
    undo = _group(lastAttemptedDeployment={"deploymentId": "d-99", "status": "Failed"})(stage)
    return lambda: (undo(), stage.codedeploy.deployments.pop("d-99"))


def _does_not(what: str) -> Callable[[TriedStage], Undo]:
    def do(stage: TriedStage) -> Undo:
        setattr(stage.codedeploy, what, False)
        return lambda: setattr(stage.codedeploy, what, True)

    return do


def _traced(*traces: dict[str, Any]) -> Callable[[TriedStage], Undo]:
    def do(stage: TriedStage) -> Undo:
        former, stage.traces = stage.traces, list(traces)
        return lambda: setattr(stage, "traces", former)

    return do


def _trouble(*, is_known: bool) -> Callable[[TriedStage], Undo]:
    return _says("status", troubles=[{"what": "dead letters in reconcile-dlq", "is": "3", "known": is_known}])


WATCHES = {"enabled": True, "alarms": [{"name": f"{STACK}-{name}"} for name in WATCHED[1:]]}
CHANGES = (
    Change(
        "a table can be deleted",
        _call(
            "dynamodb",
            "update_table",
            {"DeletionProtectionEnabled": True},
            TableName=INVOICES,
            DeletionProtectionEnabled=False,
        ),
        ("tables",),
        f"{INVOICES} can be deleted",
    ),
    Change(
        "a table cannot be restored",
        _call(
            "dynamodb",
            "update_continuous_backups",
            _recovery(enabled=True),
            TableName=INVOICES,
            **_recovery(enabled=False),
        ),
        ("tables", "restorable moment"),
        INVOICES,
    ),
    Change("nothing expires", _no_expiry, ("expiry",), f"the expiry of {EVENTS} by expires_at is DISABLED"),
    Change(
        "a table has no stream",
        _no_stream,
        ("streams",),
        f"{INVOICES} has no stream of NEW_AND_OLD_IMAGES",
    ),
    Change("logs are kept for ever", _endless_logs, ("log retention",), f"{LOGS} keeps lines for ever, not for 14"),
    Change("a log group is gone", _logs_gone, ("log retention",), f"{LOGS} is gone"),
    Change("an alarm tells nobody", _alarm_with(), ("alarms",), "BilledTwice notifies nobody"),
    Change(
        "an alarm tells another topic", _alarm_with("arn:aws:sns:x:1:y"), ("alarms",), "BilledTwice notifies arn:aws"
    ),
    Change("an alarm is gone", _no_alarm, ("alarms",), "BilledTwice does not exist"),
    Change(
        "SERVICE_QUOTA has no value",
        _state_of("ConcurrencyHigh", "INSUFFICIENT_DATA"),
        ("service quota",),
        "so SERVICE_QUOTA has no value here: Unchecked",
    ),
    Change(
        "an alarm was never judged",
        _state_of("BilledTwice", "INSUFFICIENT_DATA"),
        ("alarms have data",),
        "no data yet for BilledTwice",
        Verdict.HARMLESS,
    ),
    Change(
        "an alarm of the release fires",
        _state_of(WATCHED[-1], "ALARM"),
        ("release alarms",),
        f"{STACK}-{WATCHED[-1]} fires",
    ),
    Change("a schedule is off", _schedule_off, ("bus and schedules",), "is DISABLED"),
    Change("an alias is between versions", _between_versions, ("functions",), "still between versions"),
    Change("the functions run other code", _other_code, ("functions",), "runs other code than was packaged"),
    Change("the zip is gone", _code_gone, ("deployed code",), "the functions' code cannot be read"),
    Change("a queue is not read", _source_off, ("event sources",), "is Disabled"),
    Change("anything passes the authorizer", answers_with("no token", 200), ("no token",), "200 instead of 401"),
    Change(
        "a refusal is not in our contract",
        answers_with("no token", 401, b'{"message": "Unauthorized"}'),
        ("no token",),
        "401 with a body that is not our contract's error",
    ),
    Change(
        "a refusal has another code",
        answers_with("no token", 401, FORBIDDEN.body("r").encode()),
        ("no token",),
        "401 with the code forbidden, not unauthorized",
    ),
    Change("POM's token is refused", answers_with("POM's token", 401), ("POM's token",), "401 instead of 200"),
    Change(
        "7 MB give 500", answers_with("large post", 500), ("large post",), "500 instead of 413: it fires ErrorsFast"
    ),
    Change(
        "7 MB give 400",
        answers_with("large post", 400),
        ("large post",),
        "400 instead of 413: it is ref",
        Verdict.HARMLESS,
    ),
    Change("a broken gzip gives 502", answers_with("broken gzip", 502), ("broken gzip",), "502 instead of 4xx"),
    Change("a gzip bomb is taken", answers_with("gzip bomb", 200), ("gzip bomb",), "200 instead of 413"),
    Change("nobody answers", answers_with("gzip bomb", 0, b"timed out"), ("gzip bomb",), "timed out instead of 413"),
    Change(
        "a queue answers plain HTTP",
        answers_with("plain HTTP", 200),
        ("plain HTTP",),
        "responds with 200 to plain HTTP",
    ),
    Change("there are dead letters", _trouble(is_known=True), ("status",), "dead letters in reconcile-dlq: 3"),
    Change("status is not known", _trouble(is_known=False), ("status",), "not known yet: dead", Verdict.HARMLESS),
    Change(
        "changes are unpublished",
        _says("unpublished", waiting=4),
        ("unpublished changes",),
        "4 changes are unpublished",
    ),
    Change("the canary is refused", _says("canary", failures=["do not get in"]), ("canary",), "do not get in"),
    Change(
        "a command breaks off",
        _says("measure"),
        ("budgets",),
        f"did not come to its end: ./ops --deployed {STACK} me",
    ),
    Change("a budget is exceeded", _says("measure", failures=["webhook p99: 1,200 ms"]), ("budgets",), "1,200 ms"),
    Change(
        "the endpoint is disabled",
        _says("webhook-endpoint", failures=["endpoint we_1: disabled"]),
        ("webhook endpoint verified",),
        "endpoint we_1: disabled",
    ),
    Change(
        "a group does not watch an alarm",
        _group(alarmConfiguration=WATCHES),
        ("deployment groups",),
        f"pom-canary-group does not watch {STACK}-{WATCHED[0]}",
    ),
    Change(
        "a group watches nothing",
        _group(alarmConfiguration={**WATCHES, "enabled": False}),
        ("deployment groups",),
        f"does not watch {', '.join(sorted(f'{STACK}-{name}' for name in WATCHED))}",
    ),
    Change(
        "a group does not go back",
        _group(autoRollbackConfiguration={"enabled": False}),
        ("deployment groups",),
        "pom-canary-group does not go back when an alarm stops it",
    ),
    Change("CodeDeploy's role is not enough", _failed_deployment, ("last deployments",), "no lambda:UpdateAlias"),
    Change(
        "a release was stopped",
        _group(lastAttemptedDeployment={"deploymentId": "d-0", "status": "Stopped"}),
        ("last deployments",),
        "d-0 was stopped",
        Verdict.HARMLESS,
    ),
    Change(
        "an alarm does not stop a release",
        _does_not("does_stop_on_alarm"),
        ("rollback rehearsal",),
        "does not stop the deployment",
    ),
    Change("a release does not go back", _does_not("does_go_back"), ("rollback rehearsal",), "live was left on"),
    Change(
        "a trace has an address",
        _traced({"Id": "1-7", "Http": {"ClientIp": "192.0.2.1"}}),
        ("traces",),
        "an address or a URL of a request: 1, such as 1-7",
    ),
)
BY_NAME = {change.what: change for change in CHANGES}
