"""Rules for the template. Each is a function that yields a sentence for each fault it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from chalicelib.functions import API_HANDLER, BY_NAME
from infra.package import ARCHITECTURE, RUNTIME
from infra.template.intrinsics import Json, function_id
from infra.template.queues import PATIENCE

Resources: TypeAlias = dict[str, Any]
Faults: TypeAlias = Iterator[str]

FUNCTION = "AWS::Serverless::Function"
API_GATEWAY_TIMEOUT = 29
UNNAMEABLE = frozenset({"xray:PutTraceSegments", "xray:PutTelemetryRecords"})
"""Actions that take no resource but `*`."""


def template_faults(template: Json) -> list[str]:
    """Everything that is wrong with a template, before AWS finds out."""
    resources: Resources = template["Resources"]
    if unknown := list(_known_functions(resources)):
        return unknown  # what merges with nothing is half a resource, which the other rules cannot read
    faults = [fault for rule in _RULES for fault in rule(resources)]
    return [*faults, *_document(template, "")]


def _of(resources: Resources, kind: str) -> Iterator[tuple[str, Json]]:
    return ((name, each["Properties"]) for name, each in resources.items() if each["Type"] == kind)


def _known_functions(resources: Resources) -> Faults:
    found = {name for name, _ in _of(resources, FUNCTION)}
    known = {function_id(name) for name in BY_NAME}
    for name in sorted(found - known):
        yield f"{name} is in the application, but not in chalicelib/functions.py: it has no policy and no limits"
    for name in sorted(known - found):
        yield f"{name} is in chalicelib/functions.py, but not in the application"


def _runtime(resources: Resources) -> Faults:
    for name, function in _of(resources, FUNCTION):
        if function.get("Runtime") != RUNTIME:
            yield f"{name} runs on {function.get('Runtime')}, not on {RUNTIME}"
        if function.get("Architectures") != [ARCHITECTURE]:
            yield f"{name} is built for {function.get('Architectures')}, not for {ARCHITECTURE}"


def _limits(resources: Resources) -> Faults:
    handler = function_id(API_HANDLER)
    for name, function in _of(resources, FUNCTION):
        if function.get("Tracing") != "Active":
            yield f"{name} is not traced"
        if name == handler and function["Timeout"] >= API_GATEWAY_TIMEOUT:
            yield f"{name} may take {function['Timeout']} s, but API Gateway answers for it after 29"


def _own_roles(resources: Resources) -> Faults:
    roles = Counter(str(function["Role"]) for _, function in _of(resources, FUNCTION))
    for role, users in roles.items():
        if users > 1:
            yield f"{users} functions share the role {role}"


def _policies(resources: Resources) -> Faults:
    for name, role in _of(resources, "AWS::IAM::Role"):
        for policy in role.get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield from _statement(name, statement)


def _statement(role: str, statement: Json) -> Faults:
    actions = _listed(statement["Action"])
    yield from (f"{role} allows {action}: name the actions" for action in actions if "*" in action)
    if "*" in _listed(statement["Resource"]) and not set(actions) <= UNNAMEABLE:
        yield f"{role} allows {', '.join(actions)} on everything: name the resources"


def _batches(resources: Resources) -> Faults:
    for name, function in _of(resources, FUNCTION):
        for source in function.get("Events", {}).values():
            if source["Type"] != "SQS":
                continue
            properties = source["Properties"]
            if properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
                yield f"{name} does not report failed messages one by one: SQS would delete them"
            yield from _queue(resources, name, function["Timeout"], properties["Queue"])


def _queue(resources: Resources, name: str, timeout: int, queue: Any) -> Faults:
    target = queue.get("Fn::GetAtt", [""])[0] if isinstance(queue, dict) else ""
    if target not in resources:
        yield f"{name} is fed by {queue}, which is no queue of this template"
        return
    settings = resources[target]["Properties"]
    if settings["VisibilityTimeout"] < PATIENCE * timeout:
        yield f"{target} shows a message again after {settings['VisibilityTimeout']} s: {name} may take {timeout} s"
    if "RedrivePolicy" not in settings:
        yield f"{target} has no dead-letter queue"


def _schedules(resources: Resources) -> Faults:
    for name, function in _of(resources, FUNCTION):
        scheduled = [each for each in function.get("Events", {}).values() if each["Type"] == "Schedule"]
        if not scheduled:
            continue
        if "OnFailure" not in function.get("EventInvokeConfig", {}).get("DestinationConfig", {}):
            yield f"{name} fails without a trace: it has no destination for failures"
        if any("DeadLetterConfig" not in each["Properties"] for each in scheduled):
            yield f"{name} can miss a tick without a trace: its rule has no dead-letter queue"


def _log_groups(resources: Resources) -> Faults:
    groups = dict(_of(resources, "AWS::Logs::LogGroup"))
    for name, group in groups.items():
        if not group.get("RetentionInDays"):
            yield f"{name} keeps its logs for ever"
    for name, function in _of(resources, FUNCTION):
        if function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in groups:
            yield f"{name} logs to a group that this template does not have"
        if function.get("LoggingConfig", {}).get("LogFormat") != "JSON":
            yield f"{name} does not log as JSON: saved queries find nothing in its logs"


def _api(resources: Resources) -> Faults:
    for name, api in _of(resources, "AWS::Serverless::Api"):
        settings = api.get("MethodSettings", [])
        lacks = {
            "a limit for every method": not any(
                each["ResourcePath"] == "/*" and each.get("ThrottlingRateLimit") for each in settings
            ),
            "access logs": "AccessLogSetting" not in api,
            "traces": not api.get("TracingEnabled"),
            "a version of its definition, so SAM adds a stage of the name Stage": api.get("OpenApiVersion") != "2.0",
        }
        yield from (f"{name} lacks {what}" for what, missing in lacks.items() if missing)
        if any(each.get("DataTraceEnabled") for each in settings):
            yield f"{name} writes whole requests to its logs: tokens and addresses"


def _tables(resources: Resources) -> Faults:
    for name, table in _of(resources, "AWS::DynamoDB::Table"):
        protections = {
            "deleted with the stack": resources[name].get("DeletionPolicy") != "Retain",
            "deleted when it is replaced": resources[name].get("UpdateReplacePolicy") != "Retain",
            "deleted by hand": not table.get("DeletionProtectionEnabled"),
            "not restorable": not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"),
            "not encrypted by a key of KMS": not table.get("SSESpecification", {}).get("SSEEnabled"),
        }
        yield from (f"{name} can be {danger}" for danger, threatens in protections.items() if threatens)


def _document(value: Any, place: str) -> Faults:
    """Faults that can be anywhere."""
    if isinstance(value, dict):
        functions = [key for key in value if key == "Ref" or key.startswith("Fn::")]
        if functions and len(value) > 1:
            yield f"{place} has {' and '.join(value)}: the merged template meets an intrinsic of Chalice's"
        for key, each in value.items():
            yield from _document(each, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _document(each, f"{place}[{number}]")
    elif isinstance(value, str) and "000000000000" in value:
        yield f"{place} still is the place holder {value}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_RULES: tuple[Callable[[Resources], Faults], ...] = (
    _runtime,
    _limits,
    _own_roles,
    _policies,
    _batches,
    _schedules,
    _log_groups,
    _api,
    _tables,
)
