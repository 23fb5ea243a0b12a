"""The package that `make package` creates."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from chalicelib.functions import FUNCTIONS, QUEUE_TRIGGERS, STREAM_TRIGGERS, Queue, Schedule
from infra.package import ROOT, RUNTIME, TEMPLATE, PackagingError
from infra.package.build import build
from infra.package.check import check
from infra.package.zip_checks import MAX_ZIP_BYTES
from infra.package.zip_contents import SERVICES, is_used, repack, sizes
from infra.template.alarms import alarm_id
from infra.template.aliases import alias_id, functions_without_alias
from infra.template.api import COMPRESSED_FROM
from infra.template.intrinsics import allowed_origin
from infra.template.releases import CANARY, ROLE_ID, WATCHED
from tests.infrastructure.cloudformation import transformed, with_uploaded_code
from tests.infrastructure.conftest import Package

pytestmark = pytest.mark.package


def test_the_package_passes_the_gate(package: Package) -> None:
    check(package.template, package.archive)


def test_the_zip_is_small(package: Package) -> None:
    assert package.archive.stat().st_size <= MAX_ZIP_BYTES, sizes(package.archive).most_common(10)


def test_the_zip_has_the_service_descriptions_it_needs_and_no_other(package: Package) -> None:
    names = ZipFile(package.archive).namelist()
    services_in_zip = {
        name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2
    }
    assert services_in_zip == SERVICES
    assert {"botocore/data/endpoints.json", "botocore/data/partitions.json"} <= set(names)


def test_the_code_makes_clients_of_no_other_service() -> None:
    """By reading it: a client is asked for by a literal name."""
    requested_services: set[str] = set()
    for file in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in {"client", "create_client"}:
                    argument = node.args[0]
                    assert isinstance(argument, ast.Constant), f"{file}:{node.lineno}: which service is this?"
                    requested_services.add(str(argument.value))
                assert node.func.attr != "resource", f"{file}:{node.lineno}: boto3 does not ship"
    assert requested_services
    assert requested_services <= SERVICES


def test_packages_are_whole_apart_from_what_is_pruned(package: Package) -> None:
    """Metadata stays, so that importlib.metadata and audits of dependencies are right."""
    with ZipFile(package.archive) as archive:
        names = set(archive.namelist())
        records = [name for name in names if name.endswith(".dist-info/RECORD")]
        assert any(name.startswith("botocore-") for name in records)
        for record in records:
            recorded_files = [
                line.rsplit(",", 2)[0].strip('"') for line in archive.read(record).decode().splitlines()
            ]
            files = {name for name in recorded_files if not name.startswith(("..", "/"))}
            missing = {name for name in files if is_used(name) and not name.endswith(".pyc")} - names
            assert not missing, f"{record} names {sorted(missing)[:5]}"


def test_equal_content_makes_an_equal_zip(tmp_path: Path) -> None:
    for number, names in enumerate((["b.py", "a.py"], ["a.py", "b.py"])):
        with ZipFile(tmp_path / f"{number}.zip", "w") as zip_file:
            for name in names:
                zip_file.writestr(name, f"text = '{name}'")
            zip_file.writestr("botocore/data/ec2/2016-11-15/service-2.json.gz", str(number))
        os.utime(tmp_path / f"{number}.zip", (number, number))
        repack(tmp_path / f"{number}.zip", tmp_path / f"{number}-out.zip")
    assert (tmp_path / "0-out.zip").read_bytes() == (tmp_path / "1-out.zip").read_bytes()
    assert ZipFile(tmp_path / "0-out.zip").namelist() == [
        f"__pycache__/a.{sys.implementation.cache_tag}.pyc",
        f"__pycache__/b.{sys.implementation.cache_tag}.pyc",
        "a.py",
        "b.py",
    ]


def _project(directory: Path, requirement: str) -> Path:
    """Creates the smallest application that has something to package."""
    (directory / "chalicelib").mkdir(parents=True)
    (directory / ".chalice").mkdir()
    settings = {"version": "2.0", "app_name": "small", "lambda_architecture": "arm64"}
    (directory / ".chalice" / "config.json").write_text(json.dumps(settings))
    (directory / "app.py").write_text(
        "from chalice import Chalice\n\napp = Chalice(app_name='small')\n\n\n"
        "@app.lambda_function()\ndef work(event, context):\n    return None\n"
    )
    (directory / "requirements.txt").write_text(f"{requirement}\n")
    return directory


def test_a_dependency_without_a_wheel_for_lambda_stops_packaging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chalice itself reports the missing wheel, and continues without it."""
    ours = RUNTIME.replace("python", "cp").replace(".", "")
    fits = f"{ours}-{ours}-manylinux2014_x86_64"
    wheel = tmp_path / f"onlyhere-1.0-{fits}.whl"
    with ZipFile(wheel, "w") as zip_file:
        zip_file.writestr("onlyhere.py", "")
        zip_file.writestr("onlyhere-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: onlyhere\nVersion: 1.0\n")
        tag = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {fits}\n"
        zip_file.writestr("onlyhere-1.0.dist-info/WHEEL", tag)
        zip_file.writestr("onlyhere-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(PackagingError, match="has no wheel for Lambda"):
        build("dev", tmp_path / "out", _project(tmp_path / "project", "onlyhere==1.0"))


def test_an_index_that_does_not_answer_stops_packaging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(PackagingError, match="chalice package failed"):
        build("dev", tmp_path / "out", _project(tmp_path / "project", "msgspec==0.22.0"))


def test_packaging_needs_no_credentials_and_leaves_none(package: Package) -> None:
    template_text = json.dumps(package.template)
    assert "AKIA" not in template_text
    assert str(ROOT) not in template_text


def test_the_package_is_for_the_requested_stage(package: Package) -> None:
    functions = package.resources("AWS::Serverless::Function")
    stages = {each["Properties"]["Environment"]["Variables"]["POM_STAGE"] for each in functions.values()}
    assert stages == {"dev"}


def test_linters_find_nothing(package: Package, tmp_path: Path) -> None:
    """Checks the template before and after AWS's transform."""
    beside = [ROOT / "infra" / f"{name}.json" for name in ("account", "key", "roles")]
    files = [tmp_path / TEMPLATE, tmp_path / "translated.json", *beside]
    files[0].write_text(json.dumps(package.template))
    files[1].write_text(json.dumps(transformed(with_uploaded_code(package.template))))
    lint = [str(Path(sys.executable).with_name("cfn-lint")), *map(str, files)]
    completed = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_the_sam_transform_produces_the_expected_resources(package: Package) -> None:
    resources = transformed(with_uploaded_code(package.template))["Resources"]
    kinds = [each["Type"] for each in resources.values()]
    assert kinds.count("AWS::ApiGateway::Stage") == 1
    sources = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    streams = [each for each in sources if each["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"]
    assert len(sources) - len(streams) == len(Queue)
    assert {each["EventSourceArn"]["Fn::GetAtt"][0] for each in streams} == {
        "InvoicesTable", "CustomersTable", "ConnectionsTable", "PayoutsTable",
    }  # fmt: skip
    assert len(streams) == 4
    assert all(each["StartingPosition"] == "TRIM_HORIZON" for each in streams)
    assert all(each["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for each in sources)
    rules = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Events::Rule"]
    assert rules
    assert all("DeadLetterConfig" in target for rule in rules for target in rule["Targets"])
    body = resources["RestAPI"]["Properties"]["Body"]
    assert "options" in body["paths"]["/v1/invoices"], "browsers ask before they send a token"
    assert not any("security" in each.get("options", {}) for each in body["paths"].values())
    preflight = body["paths"]["/v1/invoices"]["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
    preflight_headers = preflight["responseParameters"]
    assert preflight_headers["method.response.header.Access-Control-Allow-Origin"] == allowed_origin()
    assert "If-Match,If-None-Match" in preflight_headers["method.response.header.Access-Control-Allow-Headers"]
    assert resources["RestAPI"]["Properties"]["MinimumCompressionSize"] == COMPRESSED_FROM


def test_everything_calls_the_alias_of_a_function(package: Package) -> None:
    """In what AWS's transform makes of it. Only versions, aliases and their settings name the function itself."""
    resources = transformed(with_uploaded_code(package.template))["Resources"]
    functions = {name for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function"}
    past = {
        (each["Type"], name)
        for name, each in resources.items()
        if name not in functions
        for part in _parts(each)
        if functions_without_alias(part, functions)
    }
    own = {"AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig"}
    assert {kind for kind, _ in past} == own
    assert {name.removesuffix("Aliaslive") for kind, name in past if kind == "AWS::Lambda::Alias"} == functions

    def of(kind: str) -> list[dict[str, Any]]:
        return [each["Properties"] for each in resources.values() if each["Type"] == kind]

    aliases = {json.dumps({"Ref": alias_id(name)}) for name in functions}
    sources = {json.dumps(each["FunctionName"]) for each in of("AWS::Lambda::EventSourceMapping")}
    ticks = {json.dumps(each["Targets"][0]["Arn"]) for each in of("AWS::Events::Rule")}
    permitted_functions = {json.dumps(each["FunctionName"]) for each in of("AWS::Lambda::Permission")}
    assert len(sources) == len(QUEUE_TRIGGERS) + len(STREAM_TRIGGERS)
    assert len(ticks) == sum(isinstance(each.trigger, Schedule) for each in FUNCTIONS)
    assert sources | ticks | permitted_functions == aliases
    assert {each["Qualifier"] for each in of("AWS::Lambda::EventInvokeConfig")} == {"live"}
    texts = [each["Fn::Sub"] for each in _parts(resources["RestAPI"]) if isinstance(each, dict) and "Fn::Sub" in each]
    uris = {text for text in texts if isinstance(text, str) and "/functions/" in text}
    assert {uri.partition("/functions/")[2] for uri in uris} == {
        "${APIHandlerAliaslive}/invocations",
        "${TokenAuthorizerAliaslive}/invocations",
    }


def _parts(value: Any) -> Iterator[Any]:
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(each)


def test_codedeploy_shifts_every_alias_and_stops_when_a_release_alarm_fires(package: Package) -> None:
    resources = transformed(with_uploaded_code(package.template), {"ReleaseShift": CANARY})["Resources"]
    groups = {name: each for name, each in resources.items() if each["Type"] == "AWS::CodeDeploy::DeploymentGroup"}
    aliases = {name: each for name, each in resources.items() if each["Type"] == "AWS::Lambda::Alias"}
    assert len(groups) == len(aliases) == len(FUNCTIONS)
    assert {
        each["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"] for each in aliases.values()
    } == groups.keys()
    alarms = [{"Name": {"Ref": alarm_id(name)}} for name in WATCHED]
    for group in groups.values():
        properties = group["Properties"]
        assert properties["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
        assert properties["AlarmConfiguration"] == {"Enabled": True, "Alarms": alarms}
        assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
        assert properties["ServiceRoleArn"] == {"Fn::GetAtt": [ROLE_ID, "Arn"]}
    assert {each["Ref"] for each in (alarm["Name"] for alarm in alarms)} <= resources.keys()
    assert "CodeDeployServiceRole" not in resources, "SAM's own role takes no permissions boundary"


def test_a_release_despite_alarms_does_not_use_codedeploy(package: Package) -> None:
    """CodeDeploy begins no deployment while one of its alarms fires, so CloudFormation moves the aliases itself."""
    resources = transformed(with_uploaded_code(package.template), {"ReleaseInSteps": "false"})["Resources"]
    aliases = [each for each in resources.values() if each["Type"] == "AWS::Lambda::Alias"]
    assert len(aliases) == len(FUNCTIONS)
    assert not any("UpdatePolicy" in each for each in aliases)
    assert not any(each["Type"].startswith("AWS::CodeDeploy::") for each in resources.values())
