"""The rules of the package gate. Each test breaks one rule, and the gate must report it."""

from __future__ import annotations

import copy
import json
import py_compile
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cfnlint.api import lint
from cfnlint.rules import Rules, RulesCollection

from chalicelib.functions import FUNCTIONS
from infra.package import PackagingError, rules
from infra.package.bytecode import bytecode_faults, compile_all
from infra.package.check import check, template_faults
from infra.package.zip_checks import (
    Probe,
    content_faults,
    deployed_environment,
    machine_faults,
    make_runnable,
    probe_faults,
    probe_of,
    unpacked,
)
from infra.template.intrinsics import function_id
from tests.infrastructure.conftest import Package

pytestmark = pytest.mark.package

Break = Callable[[dict[str, Any]], Any]


def _properties(resources: dict[str, Any], name: str) -> dict[str, Any]:
    properties: dict[str, Any] = resources[name]["Properties"]
    return properties


def _statement(resources: dict[str, Any], role: str, number: int) -> dict[str, Any]:
    statement: dict[str, Any] = _properties(resources, role)["Policies"][0]["PolicyDocument"]["Statement"][number]
    return statement


def _source(resources: dict[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = _properties(resources, "CustomerSync")["Events"]["CustomerSyncSqsEventSource"]
    return _properties({"source": source}, "source")


def _route(resources: dict[str, Any], path: str) -> dict[str, Any]:
    method: dict[str, Any] = _properties(resources, "RestAPI")["DefinitionBody"]["paths"][path]["get"]
    return _properties({"route": {"Properties": method["x-amazon-apigateway-integration"]}}, "route")


FAULTS: dict[str, tuple[str, Break]] = {
    "another Python": ("python3.10", lambda r: _properties(r, "APIHandler").update(Runtime="python3.10")),
    "another processor": ("x86_64", lambda r: _properties(r, "APIHandler").update(Architectures=["x86_64"])),
    "too slow for API Gateway": (
        "answers for it after 29",
        lambda r: _properties(r, "APIHandler").update(Timeout=60),
    ),
    "no tracing": ("not traced", lambda r: _properties(r, "ResumeStuck").pop("Tracing")),
    "a shared role": (
        "share the role",
        lambda r: _properties(r, "ResumeStuck").update(Role=_properties(r, "APIHandler")["Role"]),
    ),
    "every action": (
        "name the actions",
        lambda r: _statement(r, "ApiHandlerRole", 2).update(Action=["dynamodb:*"]),
    ),
    "every resource": ("name the resources", lambda r: _statement(r, "ApiHandlerRole", 2).update(Resource="*")),
    "a role without a boundary": (
        "has no boundary",
        lambda r: _properties(r, "ApiHandlerRole").pop("PermissionsBoundary"),
    ),
    "a queue without a policy": ("has 0 policies", lambda r: r.pop("ReconcileQueuePolicy")),
    "a queue with two policies": (
        "has 2 policies",
        lambda r: r.update(Second=copy.deepcopy(r["ReconcileQueuePolicy"])),
    ),
    "a queue without TLS": (
        "can be used without TLS",
        lambda r: _properties(r, "ReconcileQueuePolicy")["PolicyDocument"]["Statement"][0].update(Effect="Allow"),
    ),
    "whole batches": ("one by one", lambda r: _source(r).pop("FunctionResponseTypes")),
    "a queue from elsewhere": ("no queue of this template", lambda r: _source(r).update(Queue="arn:aws:sqs:x:1:y")),
    "the place holder": ("place holder", lambda r: _source(r).update(Queue="arn:aws:sqs:us-east-1:000000000000:y")),
    "two intrinsics": ("meets an intrinsic", lambda r: _source(r)["Queue"].update({"Fn::Sub": "${AWS::Region}"})),
    "an impatient queue": (
        "shows a message again",
        lambda r: _properties(r, "CustomerSyncQueue").update(VisibilityTimeout=30),
    ),
    "no dead letters": ("no dead-letter queue", lambda r: _properties(r, "CustomerSyncQueue").pop("RedrivePolicy")),
    "no failure destination": (
        "fails without a trace",
        lambda r: _properties(r, "ResumeStuck").pop("EventInvokeConfig"),
    ),
    "no dead letters of a tick": (
        "can miss a tick",
        lambda r: next(iter(_properties(r, "ResumeStuck")["Events"].values()))["Properties"].pop("DeadLetterConfig"),
    ),
    "logs for ever": ("for ever", lambda r: _properties(r, "ApiHandlerLogGroup").pop("RetentionInDays")),
    "logs that go with the stack": (
        "goes with the stack",
        lambda r: r["ApiAccessLogGroup"].update(DeletionPolicy="Delete"),
    ),
    "logs that go when their group is replaced": (
        "goes with the stack",
        lambda r: r["ApiHandlerLogGroup"].pop("UpdateReplacePolicy"),
    ),
    "logs nowhere": ("logs to no group", lambda r: _properties(r, "ResumeStuck")["LoggingConfig"].pop("LogGroup")),
    "logs as text": ("as JSON", lambda r: _properties(r, "ResumeStuck")["LoggingConfig"].update(LogFormat="Text")),
    "an API without limits": ("lacks a limit", lambda r: _properties(r, "RestAPI")["MethodSettings"].pop(0)),
    "an API without access logs": ("lacks access logs", lambda r: _properties(r, "RestAPI").pop("AccessLogSetting")),
    "an API whose traces hold addresses": (
        "whole address",
        lambda r: _properties(r, "RestAPI").update(TracingEnabled=True),
    ),
    "a stray stage": ("of the name Stage", lambda r: _properties(r, "RestAPI").pop("OpenApiVersion")),
    "requests in logs": (
        "whole requests",
        lambda r: _properties(r, "RestAPI")["MethodSettings"][0].update(DataTraceEnabled=True),
    ),
    "a table that goes": ("deleted with the stack", lambda r: r["InvoicesTable"].pop("DeletionPolicy")),
    "a table that goes when it is replaced": (
        "when it is replaced",
        lambda r: r["InvoicesTable"].pop("UpdateReplacePolicy"),
    ),
    "a table that anybody reads": (
        "not encrypted",
        lambda r: _properties(r, "InvoicesTable").pop("SSESpecification"),
    ),
    "a table that blocks the next attempt": (
        "blocks the next attempt",
        lambda r: r["InvoicesTable"].update(DeletionPolicy="Retain"),
    ),
    "a table that no rollback can delete": (
        "could not be deleted when its creation is rolled back",
        lambda r: _properties(r, "InvoicesTable").update(DeletionProtectionEnabled=True),
    ),
    "a function without its alias": (
        "has no alias live",
        lambda r: _properties(r, "ResumeStuck").pop("AutoPublishAlias"),
    ),
    "a release that no alarm stops": (
        "without a look at alarms",
        lambda r: _properties(r, "ResumeStuck")["DeploymentPreference"].update(Alarms=[]),
    ),
    "a release without a role of ours": (
        "a role that AWS made",
        lambda r: _properties(r, "ResumeStuck")["DeploymentPreference"].pop("Role"),
    ),
    "a route past the alias": (
        "calls APIHandler past its alias",
        lambda r: _route(r, "/v1/health").update(uri={"Fn::Sub": "…/functions/${APIHandler.Arn}/invocations"}),
    ),
    "a permission past the alias": (
        "calls TokenAuthorizer past its alias",
        lambda r: _properties(r, "TokenAuthorizerInvokePermission").update(
            FunctionName={"Fn::GetAtt": ["TokenAuthorizer", "Arn"]}
        ),
    ),
    "a mapping past the alias": (
        "calls CustomerSync past its alias",
        lambda r: r.update(
            Extra={
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {"FunctionName": {"Ref": "CustomerSync"}, "EventSourceArn": "arn:aws:sqs:x:1:y"},
            }
        ),
    ),
    "a table without backup": (
        "not restorable",
        lambda r: _properties(r, "InvoicesTable").pop("PointInTimeRecoverySpecification"),
    ),
    "a function nobody knows": (
        "no policy and no limits",
        lambda r: r.update(SendPostcards=copy.deepcopy(r["ResumeStuck"])),
    ),
    "a function that is gone": ("but not in the application", lambda r: r.pop("ResumeStuck")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_gate_reports_each_fault_of_a_template(fault: str, package: Package) -> None:
    message, spoil = FAULTS[fault]
    template = copy.deepcopy(package.template)
    spoil(template["Resources"])
    own_rules = RulesCollection()  # without AWS's: seconds faster
    own_rules.extend(Rules.create_from_module(rules.__name__).values())
    messages = [fault.message for fault in lint(json.dumps(template), rules=own_rules)]
    assert any(message in each for each in messages), messages


def test_the_gate_finds_values_that_aws_would_refuse(package: Package) -> None:
    """The function logs to a log group that does not exist."""
    template = copy.deepcopy(package.template)
    del template["Resources"]["ApiHandlerLogGroup"]
    assert any("'ApiHandlerLogGroup' is not one of" in each for each in template_faults(template))


def test_a_sound_template_has_no_faults(package: Package) -> None:
    assert template_faults(package.template) == []


@pytest.fixture(scope="module")
def root(package: Package) -> Iterator[Path]:
    """Returns the unpacked zip, with machine code that runs on this machine."""
    with unpacked(package.archive) as directory:
        assert list(machine_faults(directory)) == []
        assert list(make_runnable(directory)) == []
        yield directory


@pytest.fixture
def everything(package: Package) -> Probe:
    return Probe("the zip", deployed_environment(package.template, {}), ("everything",))


@contextmanager
def without(root: Path, name: str) -> Iterator[None]:
    """Removes one file or directory of the unpacked zip in this block."""
    aside = root.parent / f"{root.name}-aside"
    (root / name).rename(aside)
    try:
        yield
    finally:
        aside.rename(root / name)


def test_every_function_starts_from_the_zip_alone(package: Package, root: Path) -> None:
    probes = [probe_of(package.template, function_id(function.name)) for function in FUNCTIONS]
    assert all(each.trials for each in probes)
    assert [fault for each in probes for fault in probe_faults(root, each)] == []


def test_the_gate_finds_a_missing_package(root: Path, everything: Probe) -> None:
    with without(root, "pynamodb"):
        (fault,) = probe_faults(root, everything)
    assert "No module named 'pynamodb'" in fault


def test_the_gate_finds_a_missing_service(root: Path, everything: Probe) -> None:
    with without(root, "botocore/data/sqs"):
        (fault,) = probe_faults(root, everything)
    assert "UnknownServiceError" in fault


def test_the_gate_finds_a_missing_setting(package: Package, root: Path) -> None:
    template = copy.deepcopy(package.template)
    del _properties(template["Resources"], "ResumeStuck")["Environment"]["Variables"]["STRIPE_PLATFORM_SECRET_ID"]
    (fault,) = probe_faults(root, probe_of(template, "ResumeStuck"))
    assert "STRIPE_PLATFORM_SECRET_ID is not set" in fault


def test_the_gate_finds_a_function_that_starts_but_does_not_work(package: Package, root: Path) -> None:
    health = probe_of(package.template, "APIHandler")
    elsewhere = {**health.trials[0].event, "requestContext": {"httpMethod": "GET", "resourcePath": "/v1/nowhere"}}
    (fault,) = probe_faults(root, replace(health, trials=(replace(health.trials[0], event=elsewhere),)))
    assert "APIHandler does not get as far as" in fault


def test_the_gate_finds_machine_code_for_another_processor(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little"))
    (tmp_path / "y.so").write_bytes(b"MZ" + bytes(30))
    assert list(machine_faults(tmp_path)) == [
        "x.so is for x86_64, and Lambda runs aarch64",
        "y.so is for no ELF machine, and Lambda runs aarch64",
    ]


def test_the_gate_finds_machine_code_that_no_package_owns(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little"))
    assert list(make_runnable(tmp_path)) == ["x.so belongs to no package in the zip"]


def test_the_gate_finds_files_that_must_not_be_deployed(tmp_path: Path) -> None:
    for name in ("app.py", "chalice/app.py", "infra/secret.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(content_faults(tmp_path)) == ["the zip has infra/secret.py, which does not belong in it"]


def test_the_gate_finds_code_that_each_cold_start_would_compile(tmp_path: Path) -> None:
    for name in ("app.py", "chalicelib/here.py", "chalicelib/gone.py", "stripe/params/never.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("answer = 42\n")
    compile_all(tmp_path)
    assert list(bytecode_faults(tmp_path)) == []
    (tmp_path / "app.py").with_name("stray.pyc").touch()
    (tmp_path / "chalicelib" / "gone.py").unlink()
    py_compile.compile(str(tmp_path / "chalicelib" / "here.py"))  # with a time in it, which is not that in the zip
    (tmp_path / "chalicelib" / "late.py").touch()
    tag = sys.implementation.cache_tag
    assert list(bytecode_faults(tmp_path)) == [
        f"chalicelib/__pycache__/gone.{tag}.pyc would not be used by {tag}",
        f"chalicelib/__pycache__/here.{tag}.pyc would not be used by {tag}",
        f"stray.pyc would not be used by {tag}",
        "chalicelib/late.py would be compiled by every cold start",
    ]


def test_code_that_cannot_be_compiled_stops_packaging(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def broken(:\n")
    with pytest.raises(PackagingError, match="cannot be compiled"):
        compile_all(tmp_path)


def test_the_gate_names_every_fault_at_once(package: Package, tmp_path: Path) -> None:
    template = copy.deepcopy(package.template)
    template["Resources"]["InvoicesTable"].pop("DeletionPolicy")
    template["Resources"]["APIHandler"]["Properties"]["Runtime"] = "python3.10"
    empty = tmp_path / "empty.zip"
    ZipFile(empty, "w").close()
    with pytest.raises(PackagingError, match=r"(?s)python3\.10.*deleted with the stack.*has no app\.py.*start"):
        check(template, empty)
