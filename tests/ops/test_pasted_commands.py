"""Printed commands have the same arguments after they are pasted into a shell, for any name in them."""

from __future__ import annotations

import subprocess
from typing import Any

import click
import pytest

from infra.ops.__main__ import COMMANDS, main
from infra.ops.explain import ANY_ID, explain
from infra.ops.related import COMMANDS as OWN_COMMANDS
from infra.ops.related import explain_command
from infra.ops.screen import Screen

NAMES = (
    "cust_1", "-x", "-h", "--all", "--dry-run", "--organization", "--", "-", "~", *sorted(OWN_COMMANDS),
    "two words", "it's", '"', "$(exit 9)", "`exit 9`", "a;b", "*", "\\", "!!", "#1",
)  # fmt: skip
"""POM's ids have letters, digits and `._:~-`. Every character that an operator types is printed, too."""


def shell_words(line: str) -> list[str]:
    """Returns the words of a command, as a shell hands them over."""
    completed = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True)
    return completed.stdout.split("\0")[:-1]


def parsed_arguments(line: str, command: click.Command, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Returns the arguments that the command gets when the line is pasted."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(command, "callback", lambda **arguments: calls.append(arguments))
    program, *words = shell_words(line)
    assert (program, main(words)) == ("./ops", 0), line
    [arguments] = calls
    return arguments


@pytest.mark.parametrize("organization", ["org_1", "-o", "--all", "invoice", "two words"])
@pytest.mark.parametrize("what", NAMES)
def test_the_printed_explain_command_works_for_any_name(
    what: str, organization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = explain_command(Screen(), what, organization, "--kind", "customer")
    arguments = parsed_arguments(line, explain.commands[ANY_ID], monkeypatch)
    assert arguments == {"what": what, "organization": organization, "kind": "customer", "account": None}


@pytest.mark.parametrize("organization", NAMES)
def test_a_suggested_command_reads_only_the_organization_that_it_names(
    organization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = {each.name: each for each in COMMANDS}
    line = Screen().command("reconcile", organization, options=("--objects",))
    arguments = parsed_arguments(line, by_name["reconcile"], monkeypatch)
    assert (arguments["organizations"], arguments["all_organizations"], arguments["objects"]) == (
        (organization,),
        False,
        True,
    )
    line = Screen().command("replay", organization, options=("--event", "-evt"))
    arguments = parsed_arguments(line, by_name["replay"], monkeypatch)
    assert (arguments["organization"], arguments["events"], arguments["dry_run"]) == (organization, ("-evt",), False)
    assert (
        parsed_arguments(Screen().command("payouts", organization), by_name["payouts"], monkeypatch)["repair"]
        is False
    )


def test_every_subcommand_of_explain_is_treated_as_a_possible_name() -> None:
    assert {*OWN_COMMANDS, ANY_ID} == set(explain.commands)
