"""Our requirements of the packaged template beyond AWS's own rules, as rules of cfn-lint.

`cfn-lint --append-rules infra.package.rules -- build/dev/sam.json` reports what the gate reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template
from jsonschema import Draft202012Validator

from chalicelib.functions import API_HANDLER, BY_NAME
from infra.package import ARCHITECTURE, FUNCTION, RUNTIME
from infra.template import boundary
from infra.template.aliases import LIVE, alias_id, functions_without_alias
from infra.template.intrinsics import Json, function_id
from infra.template.queues import PATIENCE

API_GATEWAY_TIMEOUT = 29
"""Seconds after which API Gateway stops waiting for a function."""
ACTIONS_WITHOUT_RESOURCE = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
"""Actions that take no resource but `*`."""
MAX_ALARMS = 10
"""The most alarms of one deployment group in CodeDeploy."""
PLACEHOLDER = "000000000000"
"""Chalice's placeholder for an account."""

Path: TypeAlias = list[str | int]


def _has(**properties: Json) -> Json:
    """Returns the schema of an object that has all of these properties in these forms."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _with(**properties: Json) -> Json:
    """Returns the schema of a resource that has all of these properties in these forms."""
    return _has(Properties=_has(**properties))


def _statements(schema: Json) -> Json:
    """Returns the schema of a role whose statements all have this form."""
    document = {"properties": {"Statement": {"items": schema}}}
    return {
        "properties": {
            "Properties": {"properties": {"Policies": {"items": {"properties": {"PolicyDocument": document}}}}}
        }
    }


def _events(kind: str, schema: Json) -> Json:
    """Returns the schema of a function whose events of this kind all have this form."""
    event = {"if": _has(Type={"const": kind}), "then": _has(Properties=schema)}
    return {"properties": {"Properties": {"properties": {"Events": {"additionalProperties": event}}}}}


_NOT_SCHEDULED: Json = {"properties": {"Events": {"additionalProperties": _has(Type={"not": {"const": "Schedule"}})}}}


class Requirements(CloudFormationLintRule):  # type: ignore[misc]
    """Checks each resource of a type against JSON schemas. The key of a schema is the complaint about a violation."""

    kind: ClassVar[str]
    schemas: ClassVar[dict[str, Json]]
    only: ClassVar[str | None] = None
    """The logical id, if the rule is for one resource only."""

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        for name, resource in cfn.get_resources(self.kind).items():
            if self.only not in (None, name):
                continue
            for complaint, schema in self.schemas.items():
                for error in Draft202012Validator(schema).iter_errors(resource):
                    value = "" if isinstance(error.instance, dict) else f" ({error.instance})"
                    yield RuleMatch(["Resources", name, *error.path], f"{name} {complaint}{value}")


class Functions(Requirements):
    id = "E9101"
    shortdesc = "A function runs on what it was packaged for, and leaves traces and logs"
    kind = FUNCTION
    schemas: ClassVar = {
        f"does not run on {RUNTIME}": _with(Runtime={"const": RUNTIME}),
        f"is not built for {ARCHITECTURE}": _with(Architectures={"const": [ARCHITECTURE]}),
        "is not traced": _with(Tracing={"const": "Active"}),
        "logs to no group of this template": _with(LoggingConfig=_has(LogGroup=_has(Ref={}))),
        "does not log as JSON: saved queries find nothing in its logs": _with(
            LoggingConfig=_has(LogFormat={"const": "JSON"})
        ),
    }


class ApiHandler(Requirements):
    id = "E9102"
    shortdesc = "The API's function ends before API Gateway gives up"
    kind = FUNCTION
    only = function_id(API_HANDLER)
    schemas: ClassVar = {
        "is too slow: API Gateway answers for it after 29 s": _with(Timeout={"exclusiveMaximum": API_GATEWAY_TIMEOUT})
    }


class Events(Requirements):
    id = "E9103"
    shortdesc = "No message, no change and no tick is lost without a trace"
    kind = FUNCTION
    schemas: ClassVar = {
        "does not report failed messages one by one: SQS would delete them": _events(
            "SQS", _has(FunctionResponseTypes={"const": ["ReportBatchItemFailures"]})
        ),
        "is fed by what is no queue of this template": _events("SQS", _has(Queue=_has(**{"Fn::GetAtt": {}}))),
        "does not report failed changes one by one: DynamoDB would repeat those that were told": _events(
            "DynamoDB", _has(FunctionResponseTypes={"const": ["ReportBatchItemFailures"]})
        ),
        "is fed by no stream of this template": _events("DynamoDB", _has(Stream=_has(**{"Fn::GetAtt": {}}))),
        "gives changes up before their stream does": _events(
            "DynamoDB", _has(MaximumRetryAttempts={"const": -1}, MaximumRecordAgeInSeconds={"const": -1})
        ),
        "can lose changes without a trace: it has no destination for those that left the stream": _events(
            "DynamoDB", _has(DestinationConfig=_has(OnFailure={}))
        ),
        "can miss a tick without a trace: its rule has no dead-letter queue": _events(
            "Schedule", _has(DeadLetterConfig={})
        ),
        "fails without a trace: it has no destination for failures": _has(
            Properties={
                "if": _NOT_SCHEDULED,
                "else": _has(EventInvokeConfig=_has(DestinationConfig=_has(OnFailure={}))),
            }
        ),
    }


class Roles(Requirements):
    id = "E9104"
    shortdesc = "Roles name the actions and the resources that they allow"
    kind = "AWS::IAM::Role"
    schemas: ClassVar = {
        "allows every action of a kind: name the actions": _statements(
            _has(Action={"pattern": "^[^*]+$", "items": {"pattern": "^[^*]+$"}})
        ),
        "allows actions on everything: name the resources": _statements(
            {
                "if": _has(Resource={"anyOf": [{"const": "*"}, {"type": "array", "contains": {"const": "*"}}]}),
                "then": _has(Action={"type": "array", "items": {"enum": ACTIONS_WITHOUT_RESOURCE}}),
            }
        ),
    }


class Boundaries(Requirements):
    id = "E9121"
    shortdesc = "No role goes beyond the boundary that a stage names"
    kind = "AWS::IAM::Role"
    schemas: ClassVar = {
        f"has no boundary where a stage names one: give it what infra.template.boundary says of {kind}": _with(
            **{name: {"const": value} for name, value in boundary.SETTINGS[kind].items()}
        )
    }


class LogGroups(Requirements):
    id = "E9105"
    shortdesc = "Logs are kept for a time that is stated, with their stack and without it"
    kind = "AWS::Logs::LogGroup"
    schemas: ClassVar = {
        "keeps its logs for ever": _with(RetentionInDays={"minimum": 1}),
        "goes with the stack, before its lines have been kept for their time": _has(
            DeletionPolicy={"const": "RetainExceptOnCreate"}, UpdateReplacePolicy={"const": "Retain"}
        ),
    }


class Apis(Requirements):
    id = "E9106"
    shortdesc = "The API has limits and logs, and nothing that it leaves behind holds anything of anybody"
    kind = "AWS::Serverless::Api"
    schemas: ClassVar = {
        "lacks a limit for every method": _with(
            MethodSettings={"contains": _has(ResourcePath={"const": "/*"}, ThrottlingRateLimit={"minimum": 1})}
        ),
        "lacks access logs": _with(AccessLogSetting={}),
        "is traced: X-Ray keeps the whole address and path of a request": _with(TracingEnabled={"const": False}),
        "lacks a version of its definition, so SAM adds a stage of the name Stage": _with(
            OpenApiVersion={"const": "2.0"}
        ),
        "writes whole requests to its logs: tokens and addresses": _with(
            MethodSettings={"items": {"properties": {"DataTraceEnabled": {"const": False}}}}
        ),
    }


class Tables(Requirements):
    id = "E9107"
    shortdesc = "Tables outlive their stack and mistakes"
    kind = "AWS::DynamoDB::Table"
    schemas: ClassVar = {
        "can be deleted with the stack, or blocks the next attempt when its creation fails": _has(
            DeletionPolicy={"const": "RetainExceptOnCreate"}
        ),
        "can be deleted when it is replaced": _has(UpdateReplacePolicy={"const": "Retain"}),
        "could not be deleted when its creation is rolled back: make deploy protects it once it is green": _has(
            Properties={"properties": {"DeletionProtectionEnabled": False}}
        ),
        "is not restorable": _with(PointInTimeRecoverySpecification=_has(PointInTimeRecoveryEnabled={"const": True})),
        "is not encrypted by a key of KMS": _with(SSESpecification=_has(SSEEnabled={"const": True})),
    }


class Releases(Requirements):
    id = "E9108"
    shortdesc = "A release shifts traffic from one version of a function to the next, and stops when an alarm fires"
    kind = FUNCTION
    schemas: ClassVar = {
        f"has no alias {LIVE}": _with(AutoPublishAlias={"const": LIVE}),
        "is released without a look at alarms": _with(
            DeploymentPreference=_has(Alarms={"type": "array", "minItems": 1, "maxItems": MAX_ALARMS})
        ),
        "is released by a role that AWS made": _with(DeploymentPreference=_has(Role={})),
    }


class Aliases(CloudFormationLintRule):  # type: ignore[misc]
    id = "E9115"
    shortdesc = "Everything calls a function's alias, so that a release reaches it in steps"

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        functions = set(cfn.get_resources(FUNCTION))
        for path, value in _parts(cfn.template["Resources"], ["Resources"]):
            for name in sorted(functions_without_alias(value, functions)):
                yield RuleMatch(path, f"{_place(path)} calls {name} past its alias: name {alias_id(name)}")


class KnownFunctions(CloudFormationLintRule):  # type: ignore[misc]
    id = "E9111"
    shortdesc = "The application has the functions that the template knows, and no other"

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        packaged, declared = set(cfn.get_resources(FUNCTION)), {function_id(name) for name in BY_NAME}
        for name in sorted(packaged - declared):
            complaint = "has no policy and no limits: enter it in chalicelib/functions.py"
            yield RuleMatch(["Resources", name], f"{name} is in the application, but {complaint}")
        for name in sorted(declared - packaged):
            yield RuleMatch(["Resources"], f"{name} is in chalicelib/functions.py, but not in the application")


class OwnRoles(CloudFormationLintRule):  # type: ignore[misc]
    id = "E9112"
    shortdesc = "Each function has a role of its own"

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        roles = Counter(str(function["Properties"].get("Role")) for function in cfn.get_resources(FUNCTION).values())
        for role, users in roles.items():
            if users > 1:
                yield RuleMatch(["Resources"], f"{users} functions share the role {role}")


class Queues(CloudFormationLintRule):  # type: ignore[misc]
    id = "E9113"
    shortdesc = "A queue waits for its function, and keeps what the function cannot work on"

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        queues = cfn.get_resources("AWS::SQS::Queue")
        for name, function in cfn.get_resources(FUNCTION).items():
            timeout = function["Properties"].get("Timeout", 0)
            for event in function["Properties"].get("Events", {}).values():
                source = event["Properties"].get("Queue")
                target = source.get("Fn::GetAtt", [""])[0] if isinstance(source, dict) else ""
                if target in queues:  # E9103 or E1010 reports any other target
                    yield from self._faults(target, queues[target]["Properties"], name, timeout)

    def _faults(self, target: str, queue: Json, name: str, timeout: int) -> Iterator[RuleMatch]:
        visibility_timeout = queue["VisibilityTimeout"]
        if visibility_timeout < PATIENCE * timeout:
            complaint = f"{target} shows a message again after {visibility_timeout} s: {name} may take {timeout} s"
            yield RuleMatch(["Resources", target], complaint)
        if "RedrivePolicy" not in queue:
            yield RuleMatch(["Resources", target], f"{target} has no dead-letter queue")


class QueuesWithTls(CloudFormationLintRule):  # type: ignore[misc]
    id = "E9122"
    shortdesc = "Nobody uses a queue without TLS, and each queue has one policy"

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        policies = [each["Properties"] for each in cfn.get_resources("AWS::SQS::QueuePolicy").values()]
        for name in cfn.get_resources("AWS::SQS::Queue"):
            own = [each["PolicyDocument"] for each in policies if {"Ref": name} in each["Queues"]]
            if len(own) != 1:
                complaint = f"{name} has {len(own)} policies: SQS keeps exactly one"
                yield RuleMatch(["Resources", name], complaint)
            elif not any(_denies_plain_http(each, name) for each in own[0]["Statement"]):
                yield RuleMatch(["Resources", name], f"{name} can be used without TLS")


def _denies_plain_http(statement: Json, queue: str) -> bool:
    return (
        (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        and statement["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )


class MergedTemplate(CloudFormationLintRule):  # type: ignore[misc]
    id = "E9114"
    shortdesc = "Nothing is left of Chalice's template where ours replaces it"

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        for path, value in _parts(cfn.template, []):
            if isinstance(value, str) and PLACEHOLDER in value:
                yield RuleMatch(path, f"{_place(path)} still is the place holder {value}")
            if isinstance(value, dict) and len(value) > 1 and any(_is_intrinsic(key) for key in value):
                complaint = "the merged template meets an intrinsic of Chalice's"
                yield RuleMatch(path, f"{_place(path)} has {' and '.join(value)}: {complaint}")


def _parts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yields each part of a document with its path."""
    yield path, value
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(each, [*path, key])


def _place(path: Path) -> str:
    return ".".join(map(str, path))


def _is_intrinsic(key: str) -> bool:
    return key == "Ref" or key.startswith("Fn::")
