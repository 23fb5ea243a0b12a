"""A function gets a new version exactly when a property that versions freeze has changed, by SAM's own transform."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.functions import API_HANDLER, AUTHORIZER, FUNCTIONS
from infra.deploy.artifacts import deployable_template
from infra.deploy.versions import FROZEN, NOT_FROZEN
from infra.package.runtimes import DEPRECATED_ON, WITHOUT_SNAPSTART
from infra.template import merge_template
from infra.template.aliases import alias_id
from infra.template.intrinsics import function_id
from infra.template.settings import PARAMETERS
from infra.template.snapstart import ON, SNAPSTART, snapstart_parameters
from tests.infrastructure.cloudformation import transformed

CODE, OTHER_CODE = "s3://packages/1.zip", "s3://packages/2.zip"
VALUES = {
    "StripeSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:stripe-AbCdEf",
    "PublicApiUrl": "https://not-yet-known.invalid",
    "PomSettingsUrl": "https://pom.test/settings/apps",
    "TokenIssuer": "https://pom.test",
    "TokenAudience": "pom-api",
    "TokenJwksUrl": "https://pom.test/.well-known/jwks.json",
    "PageTopicArn": "arn:aws:sns:us-east-1:123456789012:page",
    "TicketTopicArn": "arn:aws:sns:us-east-1:123456789012:ticket",
}
EVERY = {function_id(function.name) for function in FUNCTIONS}
Template = dict[str, Any]


def packaged_template(runtime: str = "python3.11") -> Template:
    """Returns POM's part of the template with the parts that Chalice adds: code, handlers, roles, schedules and the
    API.
    """
    template = copy.deepcopy(merge_template())
    template["Parameters"] |= snapstart_parameters(runtime)
    resources = template["Resources"]
    for function in FUNCTIONS:
        properties = resources[function_id(function.name)]["Properties"]
        properties |= {"Handler": function.name, "Runtime": runtime, "CodeUri": "./deployment.zip"}
        properties |= {"MemorySize": function.memory, "Timeout": function.timeout, "Tracing": "Active"}
        properties |= {"Architectures": ["arm64"], "Role": {"Fn::GetAtt": ["ReleaseRole", "Arn"]}}
        for event in properties.get("Events", {}).values():
            if event["Type"] == "Schedule":
                event["Properties"]["Schedule"] = "rate(5 minutes)"
    definition = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    resources["RestAPI"]["Properties"] |= {"StageName": "api", "DefinitionBody": definition}
    return template


def versions(template: Template, code: str = CODE, **values: str) -> dict[str, str]:
    """Returns the logical id of each function's version in the final template, by the function's logical id."""
    parameters = VALUES | values
    resources = transformed(deployable_template(template, code, parameters), parameters)["Resources"]
    return {
        each["Properties"]["FunctionName"]["Ref"]: name
        for name, each in resources.items()
        if each["Type"] == "AWS::Lambda::Version"
    }


def functions_with_new_version(template: Template, code: str = CODE, **values: str) -> set[str]:
    """Returns the functions whose version differs from that of the first release."""
    before, after = versions(packaged_template()), versions(template, code, **values)
    assert before.keys() == after.keys() == EVERY
    return {name for name in EVERY if before[name] != after[name]}


def users(setting: str) -> set[str]:
    """Returns the functions whose environment has this variable."""
    return {function_id(function.name) for function in FUNCTIONS if setting in function.settings}


def test_the_same_release_publishes_nothing() -> None:
    assert functions_with_new_version(packaged_template()) == set()


def test_other_code_publishes_a_version_of_every_function() -> None:
    assert functions_with_new_version(packaged_template(), OTHER_CODE) == EVERY


@pytest.mark.parametrize(
    ("parameter", "value", "setting"),
    [
        ("PublicApiUrl", "https://abc.execute-api.us-east-1.amazonaws.com/api", "PUBLIC_API_URL"),
        ("TokenIssuer", "https://other.test", "TOKEN_ISSUER"),
        ("TokenRolesClaim", "groups", "TOKEN_ROLES_CLAIM"),
        ("DevelopmentOrigins", "http://localhost:5173", "DEVELOPMENT_ORIGINS"),
    ],
)
def test_a_changed_parameter_publishes_versions_of_the_functions_that_use_it_alone(
    parameter: str, value: str, setting: str
) -> None:
    assert users(setting) not in (set(), EVERY)
    assert functions_with_new_version(packaged_template(), **{parameter: value}) == users(setting)


def test_a_changed_token_issuer_changes_only_the_authorizer() -> None:
    assert functions_with_new_version(packaged_template(), TokenIssuer="https://other.test") == {
        function_id(AUTHORIZER)
    }


def test_a_default_that_changes_with_the_release_publishes_a_version() -> None:
    template = packaged_template()
    template["Parameters"]["TokenRolesClaim"] = {**PARAMETERS["TokenRolesClaim"], "Default": "groups"}
    assert functions_with_new_version(template) == {function_id(AUTHORIZER)}


def test_a_parameter_that_decides_only_a_condition_publishes_a_version() -> None:
    template = packaged_template()
    environment = template["Resources"]["ResumeStuck"]["Properties"]["Environment"]["Variables"]
    environment["HOW"] = {"Fn::If": ["HasDomain", "own", "given"]}
    before = versions(template)
    after = versions(template, DomainName="api.pom.test")
    assert {name for name in EVERY if before[name] != after[name]} == {"ResumeStuck"}


def _of(template: Template, name: str) -> Template:
    properties: Template = template["Resources"][name]["Properties"]
    return properties


CHANGES: dict[str, Callable[[Template], Any]] = {
    "memory": lambda f: f.update(MemorySize=2048),
    "timeout": lambda f: f.update(Timeout=1),
    "runtime": lambda f: f.update(Runtime="python3.13"),
    "handler": lambda f: f.update(Handler="other.handler"),
    "architecture": lambda f: f.update(Architectures=["x86_64"]),
    "tracing": lambda f: f.update(Tracing="PassThrough"),
    "log format": lambda f: f["LoggingConfig"].update(LogFormat="Text"),
    "environment": lambda f: f["Environment"]["Variables"].update(NEW="value"),
    "snapshots": lambda f: f.update(SnapStart={"ApplyOn": "PublishedVersions"}),
    "key": lambda f: f.update(KmsKeyArn="arn:aws:kms:us-east-1:123456789012:key/1"),
    "layers": lambda f: f.update(Layers=["arn:aws:lambda:us-east-1:123456789012:layer:l:1"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_a_frozen_property_publishes_a_version_of_that_function(change: str) -> None:
    template = packaged_template()
    CHANGES[change](_of(template, "ResumeStuck"))
    assert functions_with_new_version(template) == {"ResumeStuck"}


OTHERS: dict[str, Callable[[Template], Any]] = {
    "an alarm's threshold": lambda t: _of(t, "FunctionErrorsAlarm").update(Threshold=99),
    "an alarm's topic": lambda t: t["Parameters"]["PageTopicArn"].update(Default="arn:aws:sns:us-east-1:1:other"),
    "a schedule": lambda t: _of(t, "ResumeStuck")["Events"]["ResumeStuckEvent"]["Properties"].update(
        Schedule="rate(9 minutes)"
    ),
    "a batch's size": lambda t: _of(t, "CustomerSync")["Events"]["CustomerSyncSqsEventSource"]["Properties"].update(
        BatchSize=1
    ),
    "tags": lambda t: _of(t, "ResumeStuck").update(Tags={"a": "b"}),
    "the way of releasing": lambda t: _of(t, "ResumeStuck")["DeploymentPreference"].update(Type="AllAtOnce"),
    "what happens to failed ticks": lambda t: _of(t, "ResumeStuck")["EventInvokeConfig"].update(
        MaximumRetryAttempts=0
    ),
    "a queue": lambda t: _of(t, "ReconcileQueue").update(VisibilityTimeout=1),
}


@pytest.mark.parametrize("change", OTHERS)
def test_nothing_else_publishes_a_version(change: str) -> None:
    template = packaged_template()
    OTHERS[change](template)
    assert functions_with_new_version(template) == set()


@pytest.mark.parametrize(
    "values",
    [
        {"PageTopicArn": "arn:aws:sns:us-east-1:123456789012:other"},
        {"ReleaseShift": "CodeDeployDefault.LambdaCanary10Percent10Minutes"},
        {"ReleaseInSteps": "false"},
    ],
)
def test_a_parameter_that_no_function_uses_publishes_no_version(values: dict[str, str]) -> None:
    assert functions_with_new_version(packaged_template(), **values) == set()


def test_each_new_version_also_changes_the_function() -> None:
    """SAM writes the digest into the description. Lambda publishes no version of a function that is unchanged."""
    resources = transformed(deployable_template(packaged_template(), CODE, VALUES), VALUES)["Resources"]
    for function, version in versions(packaged_template()).items():
        assert version.removeprefix(f"{function}Version") == resources[function]["Properties"]["Description"][:10]


def test_each_property_of_a_function_is_known_to_be_frozen_or_not() -> None:
    used_properties = {key for name in EVERY for key in _of(packaged_template(), name)}
    assert used_properties <= FROZEN | NOT_FROZEN
    assert not FROZEN & NOT_FROZEN


def _of_type(resources: Template, kind: str) -> dict[str, Template]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


@pytest.mark.parametrize("runtime", sorted(DEPRECATED_ON.keys() - WITHOUT_SNAPSTART))
def test_the_api_is_served_by_published_versions_that_start_from_snapshots(runtime: str) -> None:
    """SnapStart is for published versions alone, so it must reach the version that a function's alias names."""
    template = packaged_template(runtime)
    values = VALUES | {SNAPSTART: ON}
    assert ON in template["Parameters"][SNAPSTART]["AllowedValues"]
    resources = transformed(deployable_template(template, CODE, values), values)["Resources"]
    functions, lambda_versions = (
        _of_type(resources, "AWS::Lambda::Function"),
        _of_type(resources, "AWS::Lambda::Version"),
    )
    aliases = {name: _of_type(resources, "AWS::Lambda::Alias")[alias_id(name)] for name in functions}
    for name, alias in aliases.items():
        assert alias["FunctionName"] == {"Ref": name}
        assert lambda_versions[alias["FunctionVersion"]["Fn::GetAtt"][0]]["FunctionName"] == {"Ref": name}
        assert functions[name]["Runtime"] == runtime
    starting = {name for name, each in functions.items() if each.get("SnapStart") == {"ApplyOn": {"Ref": SNAPSTART}}}
    assert starting == {function_id(API_HANDLER), function_id(AUTHORIZER)}
    assert not any("SnapStart" in functions[name] for name in functions.keys() - starting)
    plain = versions(packaged_template(runtime))
    assert {
        name for name, version in versions(template, **{SNAPSTART: ON}).items() if plain[name] != version
    } == starting
