"""The command line of `make sandbox-aws`: what it refuses, what it only shows, and what a run tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from infra.deploy import checks
from infra.deploy.cli import cli
from infra.deploy.settings import StageSettings
from infra.deploy.trial.rows import PARTS
from infra.deploy.trial.site import Request, ask
from infra.local.aws import embedded_aws
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK

SETTINGS = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "dev.toml").write_bytes(msgspec.toml.encode(SETTINGS))
    with embedded_aws():
        yield tmp_path


def _run(directory: Path, *options: str, stage: str = "dev") -> Result:
    arguments = ["--json", "trial", "--stage", stage, "--parameters", str(directory), *options]
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_prod_is_refused_before_its_parameters_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    def nobody(*_: Any) -> str:
        raise AssertionError("AWS was asked")

    monkeypatch.setattr(checks, "check_caller", nobody)
    result = _run(tmp_path, *options, stage="prod")
    assert result.exit_code == 1
    assert "The trial does not run on prod" in result.output


def test_a_stage_that_was_never_deployed_is_refused(directory: Path) -> None:
    result = _run(directory)
    assert result.exit_code == 1
    assert f"{STACK} is not deployed: make deploy STAGE=dev" in result.output


def test_another_account_is_refused(directory: Path) -> None:
    elsewhere = msgspec.structs.replace(SETTINGS, account="210987654321")
    (directory / "dev.toml").write_bytes(msgspec.toml.encode(elsewhere))
    result = _run(directory)
    assert result.exit_code == 1
    assert "the stage belongs to 210987654321" in result.output


def test_a_dry_run_lists_every_row_and_change_without_credentials(
    tmp_path: Path,
) -> None:
    result = _run(tmp_path, "--dry-run")
    assert result.exit_code == 0
    changes_by_row = {row["name"]: row["changes"] for row in json.loads(result.stdout)["planned"]}
    assert changes_by_row.keys() == {row.name for rows in PARTS.values() for row in rows}
    changing = {name for name, changes in changes_by_row.items() if changes != "nothing"}
    assert changing == {"canary", "rollback rehearsal"}


def test_a_prompt_without_input_is_not_reported_as_an_error() -> None:
    answer = ask(Request("GET", "http://127.0.0.1:1/", {}))
    assert answer.status == 0
    assert b"refused" in answer.body
