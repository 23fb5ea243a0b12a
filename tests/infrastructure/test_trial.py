"""`make sandbox-aws`: every row is as expected at a good stage, and each broken stage differs in the right row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.artifacts import Package
from infra.deploy.trial import report
from infra.deploy.trial.site import run_ops
from infra.deploy.trial.verdicts import Verdict
from infra.ops.screen import Screen
from infra.package import ROOT
from tests.infrastructure import conftest
from tests.infrastructure.deployable import STACK, account
from tests.infrastructure.trial_changes import BY_NAME, answers_with
from tests.infrastructure.tried_stage import TOKEN, TriedStage, tried_stage

pytestmark = [pytest.mark.package, pytest.mark.filterwarnings("ignore:Tried to parse AWS")]

OPTIONAL = {
    "logs and copies", "own key", "copies", "copies expire", "metrics of copies", "own address",
    "web ACL and webhooks", "web ACL refuses", "SnapStart", "restores",
}  # fmt: skip
"""The rows of options that this stage does not have. Their own tests are in `test_trial_options`."""


@pytest.fixture(scope="module")
def stage(package: conftest.Package) -> Iterator[TriedStage]:
    """Yields one stage for all changes, because each change is undone."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        account(monkeypatch) as settings,
        tried_stage(settings, Package(package.template, package.archive), monkeypatch) as new_stage,
    ):
        monkeypatch.setattr("infra.deploy.smoke._status", _smoke_status)
        yield new_stage


def _smoke_status(method: str, url: str) -> int:
    if method == "POST":
        return 400
    return 401 if url.endswith("/v1/invoices") else 200


def test_no_row_differs_at_a_good_stage(stage: TriedStage) -> None:
    findings = stage.tried()
    assert {
        name: each.found for name, each in findings.items() if each.verdict is Verdict.NOT_TRIED
    }.keys() == OPTIONAL
    required_rows = {name: each for name, each in findings.items() if name not in OPTIONAL}
    assert {name: each for name, each in required_rows.items() if each.verdict is not Verdict.AS_EXPECTED} == {}
    assert len(required_rows) > 40


@pytest.mark.parametrize("change_name", BY_NAME)
def test_each_broken_stage_differs_only_in_its_own_row(change_name: str, stage: TriedStage) -> None:
    change = BY_NAME[change_name]
    undo = change.do(stage)
    try:
        findings = stage.tried()
    finally:
        undo()
    differing = {
        name: each for name, each in findings.items() if each.verdict not in {Verdict.AS_EXPECTED, Verdict.NOT_TRIED}
    }
    assert differing.keys() >= set(change.rows), f"{differing}"
    assert differing.keys() - set(change.rows) <= ALSO.get(change_name, set()), differing
    for row in change.rows:
        assert differing[row].verdict is change.verdict
        assert change.says in differing[row].found


ALSO = {"SERVICE_QUOTA has no value": {"alarms have data"}}
"""Rows that say the same of a change from another side."""


def test_the_guide_names_each_permission_that_a_run_needs(stage: TriedStage) -> None:
    """Everybody may ask who they are, the stack is the deployer's, and reading API Gateway is one right."""
    stage.asked.clear()
    stage.tried()
    needed_permissions = {
        f"{service}:{'GetBucketPublicAccessBlock' if operation == 'GetPublicAccessBlock' else operation}"
        for service, operation in stage.asked
        if service not in {"sts", "cloudformation", "apigateway"}
    }
    of_the_bucket = {each for each in needed_permissions if each.startswith("s3:") and each != "s3:GetObject"}
    assert len(needed_permissions) > 30
    assert needed_permissions - of_the_bucket - _rights() == set()


def _rights() -> set[str]:
    """Returns the actions that the guide names: a service's name counts for those that follow without one."""
    section = (ROOT / "docs" / "deploying.md").read_text().partition("## Who may deploy")[2].partition("\n## ")[0]
    permissions, service = set(), ""
    for action in re.findall(r"`([a-z0-9]+:\w+|[A-Z]\w+)`", section):
        service = action.partition(":")[0] if ":" in action else service
        permissions.add(f"{service}:{action.rpartition(':')[2]}")
    return permissions


def test_the_rehearsal_asks_before_it_changes_anything(stage: TriedStage) -> None:
    stage.agrees, stage.questions = False, []
    deployment_count = len(stage.codedeploy.deployments)
    try:
        finding = stage.tried()["rollback rehearsal"]
    finally:
        stage.agrees = True
    assert (finding.verdict, finding.found) == (Verdict.NOT_TRIED, "you declined")
    assert len(stage.codedeploy.deployments) == deployment_count
    [question] = stage.questions
    assert "publishes a version" in question
    assert "whose topic gets messages" in question


def test_the_table_the_file_and_the_exit_status_agree(
    stage: TriedStage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undo = answers_with("large post", 500)(stage)
    try:
        findings = list(stage.tried().values())
    finally:
        undo()
    screen, file = Screen(), tmp_path / "build" / "sandbox-aws.json"
    report.show(screen, STACK, findings, file)
    assert screen.failed
    written = json.loads(file.read_text())
    assert [row["name"] for row in written["rows"] if row["verdict"] == "differs, harmful"] == ["large post"]
    output = capsys.readouterr()
    assert "1 differs, harmful" in output.out
    assert "edge, large post: 500 instead of 413" in output.err
    assert TOKEN not in output.out + output.err + file.read_text()


def test_the_operator_commands_return_the_fields_that_the_rows_read(stage: TriedStage) -> None:
    """By the commands themselves: the other tests play their documents."""

    def run_command(*command: str) -> dict[str, Any]:
        return run_ops(["--deployed", STACK, "--json", *command])

    status = run_command("status")["troubles"]
    assert status
    assert all(row.keys() >= {"what", "is", "known"} for row in status)
    assert run_command("unpublished")["waiting"] == 0
    assert all(row.keys() >= {"what", "measured", "budget", "within"} for row in run_command("measure")["measured"])
    canary = run_command("canary")
    assert canary["failures"]
    assert all("verdict" in row for row in canary["secrets"])
    verification = run_command("webhook-endpoint", "--verify")
    assert all(row.keys() >= {"what", "good"} for row in verification["verification"])
