"""Every command of AWS's that a page prints is one that AWS has, with options that it takes.

botocore's models of AWS's services are what the command line is made of: it names operations and their members with
hyphens (https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

import infra.ops.__main__  # noqa: F401 (registers the commands)
from infra.ops.cli import cli
from infra.package import ROOT

PAGES = [
    path
    for path in (*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs").glob("*/*.md")), ROOT / "README.md")
    if re.search(r"`aws |^\s*(?:\| )?aws ", path.read_text(), re.MULTILINE)
]
SERVICES = {"deploy": "codedeploy", "s3api": "s3"}
"""The command line's own names of services."""
OF_EVERY_COMMAND = {"query", "output", "region"}
OF_THE_COMMAND_LINE = {
    ("cloudformation", "deploy"): {"stack-name", "template-file", "parameter-overrides", "capabilities"}
}
"""Commands that are no operation, with those of their options that we use."""


def commands(text: str) -> Iterator[str]:
    """Returns each AWS command in code, up to a pipe, a semicolon or its end."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for code in (*blocks, *spans):
        lines = re.sub(r"\\\n\s*", " ", code)
        for command in re.findall(r"(?:^|[|(;]|\bdo\b)\s*(aws [a-z].*?)(?=\s+\| |;|\)$|$)", lines, re.MULTILINE):
            yield " ".join(command.split())


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(SERVICES.get(service, service))


def problem(command: str) -> str | None:
    """Returns the part of a command that AWS does not have, or None."""
    _, service, operation, *_ = command.split()
    options = set(re.findall(r"\s--([a-z][a-z0-9-]*)", re.sub(r"'[^']*'|\"[^\"]*\"", "", command))) - OF_EVERY_COMMAND
    if (service, operation) in OF_THE_COMMAND_LINE:
        unknown = options - OF_THE_COMMAND_LINE[service, operation]
        return f"{service} {operation} takes no {unknown}" if unknown else None
    model = _model(service)
    if operation == "wait":
        return None
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return f"{service} has no {operation}"
    shape = model.operation_model(names[operation]).input_shape
    members = {} if shape is None else shape.members
    known_options = {xform_name(name, "-") for name in members}
    known_options |= {f"no-{xform_name(name, '-')}" for name, each in members.items() if each.type_name == "boolean"}
    unknown = options - known_options
    return f"{service} {operation} takes no {sorted(unknown)}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_aws_command_on_a_page_exists_in_the_aws_cli(page: Any) -> None:
    commands_on_page = list(commands(page.read_text()))
    assert [wrong for each in commands_on_page if len(each.split()) > 2 and (wrong := problem(each))] == []


@pytest.mark.parametrize(
    "command",
    [
        "aws lambda get-functions",
        "aws lambda get-function-configuration --name x",
        "aws dynamodb wait-for --table-name x",
        "aws cloudformation deploy --stack x",
    ],
)
def test_an_aws_command_that_does_not_exist_is_found(command: str) -> None:
    assert problem(command)


ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\) \| ", line.strip("| "))]
    for line in (ROOT / "docs/in-an-account.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| what |", "|---"))
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_check_in_an_account_states_its_steps_its_expected_result_and_who_runs_it(
    row: list[str],
) -> None:
    assert len(row) == 4
    assert all(row)
    for words in re.findall(r"`\./ops --deployed STACK ([a-z-]+)", row[1]):
        assert words in cli.commands


def test_the_page_of_checks_in_an_account_is_linked_from_the_pages_that_need_it() -> None:
    assert len(ROWS) > 40
    for name in ("README.md", "docs/deploying.md", "docs/security.md", "docs/disaster.md"):
        assert "in-an-account.md" in (ROOT / name).read_text(), name
