"""`make deploy` in moto, with the real package: from an empty account to a stack that responds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import msgspec
import pytest

from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.webhook import WebhookEndpoint
from infra.deploy import DeploymentError, signing, smoke
from infra.deploy.artifacts import Package, code_sha256
from infra.deploy.deploying import Deployment, Options
from infra.deploy.settings import StageSettings
from infra.ops.screen import Screen
from infra.template.aliases import LIVE
from tests.infrastructure import conftest
from tests.infrastructure.deployable import ACCOUNT, BUCKET, STACK, account

pytestmark = [pytest.mark.package, pytest.mark.filterwarnings("ignore:Tried to parse AWS")]


@dataclass
class World:
    """The servers after a deployment: the API, by method and path, and Stripe's list of endpoints."""

    settings: StageSettings
    package: Package
    answers: dict[str, int] = field(
        default_factory=lambda: {path: status for _, path, status in smoke.REQUESTS.values()}
    )
    endpoints: list[WebhookEndpoint] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def deploy(self, package: Package | None = None, **wishes: Any) -> dict[str, Any]:
        """Deploys dev, and returns the output as one document."""
        screen = Screen(as_json=True)
        deployment = Deployment("dev", self.settings, screen, pause=lambda seconds: None)
        deployment.check(Options(**wishes))
        deployment.run(package or self.package, Options(**wishes))
        return {**screen.document, "failed": screen.failed}

    def status(self, method: str, url: str) -> int:
        self.asked.append(url)
        return next(status for path, status in self.answers.items() if url.endswith(path))


@contextmanager
def _world(package: conftest.Package) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as monkeypatch, account(monkeypatch) as settings:
        world = World(settings, Package(package.template, package.archive))
        monkeypatch.setattr(smoke, "_status", world.status)
        monkeypatch.setattr(smoke, "Stage", lambda environment: _stage(world, environment))
        yield world


@pytest.fixture
def empty(package: conftest.Package) -> Iterator[World]:
    """Yields an account without the stage."""
    with _world(package) as world:
        yield world


@dataclass(frozen=True)
class Deployed:
    world: World
    result: dict[str, Any]
    """Of the first deployment."""
    questions: list[str]
    """The questions that the command asked."""


@pytest.fixture(scope="class")
def deployed(package: conftest.Package) -> Iterator[Deployed]:
    """Deploys the stage into an account, for all tests of a class."""
    questions: list[str] = []

    def agree(question: str) -> bool:
        questions.append(question)
        return True

    with _world(package) as world:
        yield Deployed(world, world.deploy(agree=agree), questions)


def _stage(world: World, environment: dict[str, str]) -> Any:
    stripe = SimpleNamespace(webhook_endpoints=lambda: world.endpoints)
    url = f"{environment['PUBLIC_API_URL']}/v1/stripe/webhooks"
    return SimpleNamespace(ports=SimpleNamespace(stripe=stripe), webhook_url=url)


def _stacks() -> list[str]:
    return [each["StackStatus"] for each in boto3.client("cloudformation").describe_stacks()["Stacks"]]


def _states(document: dict[str, Any], table: str) -> dict[str, str]:
    return {row["check"]: row["state"] for row in document[table]}


class TestEmptyAccount:
    def test_a_dry_run_shows_every_change_and_leaves_nothing_but_artifacts(self, empty: World) -> None:
        """The zips are named by their content, so a second run uploads no others."""
        result = empty.deploy(dry_run=True)
        added_resources = {row["logical_id"] for row in result["changes"] if row["action"] == "Add"}
        assert {"InvoicesTable", "ReconcileQueue", "APIHandler", "RestAPI"} <= added_resources
        assert "smoke" not in result
        assert _stacks() == []
        assert boto3.client("dynamodb").list_tables()["TableNames"] == []
        artifact_keys = _artifact_keys()
        empty.deploy(dry_run=True)
        assert _artifact_keys() == artifact_keys
        for key in artifact_keys:
            assert boto3.client("s3").head_object(Bucket=BUCKET, Key=key)["ServerSideEncryption"] == "AES256"

    def test_a_stage_with_a_signing_profile_runs_the_signed_copy_and_is_checked(
        self, empty: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`test_signing` tests Signer itself. Here Signer only appends its signature to the zip."""
        csc = f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
        parameters = {**empty.settings.parameters, "CodeSigningConfigArn": csc}
        empty.settings = msgspec.structs.replace(empty.settings, signing_profile="pom", parameters=parameters)
        signed_zip = empty.package.archive.read_bytes() + b"signature"

        def sign(key: str, prefix: str, settings: StageSettings, aws: Any) -> str:
            boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{prefix}job.zip", Body=signed_zip)
            return f"{prefix}job.zip"

        monkeypatch.setattr(signing, "check_signing", lambda settings, aws: "checked in its own tests")
        monkeypatch.setattr(signing, "_profile", lambda settings, aws: {"profileVersion": "abcdefghij"})
        monkeypatch.setattr(signing, "_sign", sign)
        result = empty.deploy()
        function_configuration = boto3.client("lambda").get_function_configuration(
            FunctionName=f"{STACK}-resume-stuck"
        )
        assert function_configuration["CodeSha256"] == code_sha256(signed_zip)
        assert _states(result, "smoke")["functions"] == "ok"
        assert empty.deploy()["unchanged"]

    def test_nothing_happens_when_the_answer_is_no(self, empty: World) -> None:
        questions: list[str] = []

        def no(question: str) -> bool:
            questions.append(question)
            return False

        with pytest.raises(DeploymentError, match="You declined"):
            empty.deploy(agree=no)
        assert questions == [f"Change {STACK} in {ACCOUNT}, us-east-1?"]
        assert _stacks() == []


def _artifact_keys() -> set[str]:
    """Returns the keys in the bucket, without those that the stand-in created."""
    keys = {each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]}
    return {key for key in keys if not key.endswith("transformed")}


class TestDeployedStage:
    def test_the_stack_is_deployed_gets_its_address_and_is_checked(self, deployed: Deployed) -> None:
        result, world = deployed.result, deployed.world
        assert _stacks() == ["UPDATE_COMPLETE"]
        assert {row["state"] for row in result["checks"]} == {"ok"}
        smoke_states = _states(result, "smoke")
        assert smoke_states.pop("webhook endpoint") == "to do"
        assert set(smoke_states.values()) == {"ok"}
        assert not result["failed"]
        assert set(world.asked) == {_address() + path for path in world.answers}
        function = boto3.client("lambda").get_function_configuration(FunctionName=f"{STACK}-api-handler")
        assert function["Environment"]["Variables"]["PUBLIC_API_URL"] == _address()

    def test_the_deployment_asks_once_although_the_address_needs_a_second_change_set(
        self, deployed: Deployed
    ) -> None:
        """Refusing the second change would be reported as "nothing was changed", and would leave a stage without its
        address.
        """
        assert deployed.questions == [f"Change {STACK} in {ACCOUNT}, us-east-1?"]

    def test_the_bill_of_materials_is_uploaded_next_to_the_zip(self, deployed: Deployed) -> None:
        place = deployed.result["sbom"].partition(".amazonaws.com/")[2]
        document = json.loads(boto3.client("s3").get_object(Bucket=BUCKET, Key=place)["Body"].read())
        [zip_key] = [key for key in _artifact_keys() if key.endswith(".zip")]
        [digest] = document["metadata"]["component"]["hashes"]
        assert zip_key == f"{STACK}/{digest['content']}.zip"

    def test_an_unchanged_package_is_not_deployed_again(self, deployed: Deployed) -> None:
        result = deployed.world.deploy()
        assert result["unchanged"]
        assert "changes" not in result
        assert result["smoke"]

    def test_the_webhook_endpoint_must_exist_from_the_second_deployment_on(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert _states(deployed.world.deploy(), "smoke")["webhook endpoint"] == "FAILED"
        url = f"{_address()}/v1/stripe/webhooks"
        endpoint = WebhookEndpoint(url, enabled=True, connect=True, api_version=API_VERSION, events=SUBSCRIPTION)
        monkeypatch.setattr(deployed.world, "endpoints", [endpoint])
        assert set(_states(deployed.world.deploy(), "smoke").values()) == {"ok"}

    def test_a_deployment_that_deletes_a_table_is_refused_without_its_option(self, deployed: Deployed) -> None:
        world = deployed.world
        without = copy.deepcopy(world.package.template)
        del without["Resources"]["BatchesTable"]
        smaller = Package(without, world.package.archive)
        with pytest.raises(DeploymentError, match="something would be lost"):
            world.deploy(smaller)
        assert f"{STACK}-batches" in boto3.client("dynamodb").list_tables()["TableNames"]
        result = world.deploy(smaller, allow_replacement=True, dry_run=True)
        assert result["warnings"] == ["BatchesTable would be removed from the stack: its data"]

    @pytest.mark.parametrize(
        ("check", "path", "instead"),
        [
            ("the API responds", "/v1/health", 503),
            ("an unsigned webhook is refused", "/v1/stripe/webhooks", 200),
            ("no token, no access", "/v1/invoices", 200),
        ],
    )
    def test_a_wrong_response_of_the_api_is_reported(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, check: str, path: str, instead: int
    ) -> None:
        monkeypatch.setitem(deployed.world.answers, path, instead)
        result = deployed.world.deploy()
        assert result["failed"]
        assert _states(result, "smoke")[check] == "FAILED"

    def test_functions_with_other_code_or_without_messages_are_reported(self, deployed: Deployed) -> None:
        client = boto3.client("lambda")
        [source, *_] = client.list_event_source_mappings()["EventSourceMappings"]
        client.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        name = f"{STACK}-resume-stuck"
        released_version = client.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
        other_version = client.update_function_code(FunctionName=name, ZipFile=b"other", Publish=True)["Version"]
        client.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=other_version)
        rows_by_check = {row["check"]: row for row in deployed.world.deploy()["smoke"]}
        assert (rows_by_check["functions"]["state"], rows_by_check["event sources"]["state"]) == ("FAILED", "FAILED")
        assert rows_by_check["functions"]["found"] == f"{STACK}-resume-stuck runs other code than was packaged"
        client.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=released_version)
        client.update_event_source_mapping(UUID=source["UUID"], Enabled=True)
        assert _states(deployed.world.deploy(), "smoke")["functions"] == "ok"


def _address() -> str:
    [api] = boto3.client("apigateway").get_rest_apis()["items"]
    return f"https://{api['id']}.execute-api.us-east-1.amazonaws.com/api"
