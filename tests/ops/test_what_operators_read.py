"""Output for operators on the screen and in JSON: reasons of a freeze, tables that fit, and plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.processes import free_port
from infra.local.stack import LocalStack
from infra.local.summary import description, write
from infra.ops.screen import Screen
from tests.e2e.company import Company
from tests.ops.conftest import Operator

WHY = "We look into an invoice that may have been made twice."


@pytest.fixture
def frozen(company: Company, operator: Operator) -> Iterator[str]:
    """A company whose invoicing is paused with the reason "First"."""
    operator.asks("freeze", company.organization_id, "--reason", "First", "--by", "kim")
    yield company.organization_id
    operator.asks("unfreeze", company.organization_id)


def invoicing_pause(company: Company) -> dict[str, Any]:
    """Returns the pause of invoicing as the API returns it to the company."""
    pause: dict[str, Any] = company.admin.call("GET", "/stripe/connection").json["invoicingPaused"]
    return pause


def test_a_second_freeze_replaces_the_reason_and_keeps_the_time(
    company: Company, frozen: str, operator: Operator
) -> None:
    first = invoicing_pause(company)
    words = ("freeze", frozen, "--reason", WHY)

    would = operator.asks(*words, "--dry-run")
    pause_after_dry_run = invoicing_pause(company)
    did = operator.asks(*words)
    second = invoicing_pause(company)

    assert (first["reason"], pause_after_dry_run["reason"], second["reason"], did["shown"]) == (
        "First",
        "First",
        WHY,
        WHY,
    )
    assert first["since"] == second["since"]
    for document in (would, did):
        [row] = document["frozen"]
        assert (row["was_frozen"], row["reason_before"], row["reason"]) == (True, "First", WHY)
        assert row["frozen_since"] == first["since"]


def test_a_second_freeze_of_everybody_replaces_the_reason_of_newcomers(
    company: Company, frozen: str, operator: Operator
) -> None:
    operator.asks("freeze", "--all", "--reason", "Second")
    since = operator.status()["platformFrozen"].split(",")[0]
    operator.asks("freeze", "--all", "--reason", "Third")
    document = operator.status()["platformFrozen"]
    pause = invoicing_pause(company)["reason"]
    operator.asks("unfreeze", "--all")

    assert document.startswith(since)
    assert document.endswith("Third")
    assert pause == "Third"


@pytest.mark.parametrize("reason", ["", "   ", "\t\n", "\u200b", "-"])
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_freeze_needs_a_reason(company: Company, operator: Operator, reason: str, more: tuple[str, ...]) -> None:
    result = operator.does("freeze", company.organization_id, "--reason", reason, *more)

    assert (result.status, "--reason" in result.err) == (2, True)
    assert invoicing_pause(company) is None


def test_status_says_who_is_frozen_since_when_and_why(frozen: str, operator: Operator) -> None:
    document = operator.status()
    mine = next(each for each in document["organizations"] if each["organization"] == frozen)
    [row] = document["frozen"]

    assert mine["frozen"] is True
    assert (row["organization"], row["by"], row["reason"]) == (frozen, "kim", "First")
    assert {each["frozen"] for each in document["organizations"] if each["organization"] != frozen} <= {False}
    assert "Frozen organizations" in operator.does("status").out


def test_status_wraps_no_word_on_a_screen_of_80_columns(frozen: str, operator: Operator) -> None:
    operator.asks("freeze", frozen, "--reason", WHY)
    document = operator.status()
    out = operator.does("status").out

    for each in document["organizations"]:
        assert each["organization"] in out
        assert each["account"] is None or each["account"] in out
    assert "organization" in out
    assert set(WHY.split()) <= set(out.split())
    assert max(len(line) for line in out.splitlines() if line.startswith(("┃", "│", " "))) <= 80


def test_status_says_in_words_whether_webhooks_arrive(company: Company, operator: Operator) -> None:
    document = operator.status()["organizations"]
    mine = next(each for each in document if each["organization"] == company.organization_id)

    assert mine["webhooks"] == "no problem known"
    assert "no problem known" in operator.does("status").out


def test_a_table_shows_yes_and_no_where_json_has_true_and_false(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"organization": "org_1", "was_frozen": True}, {"organization": "org_2", "was_frozen": False}]
    for as_json in (False, True):
        screen = Screen(as_json)
        screen.table("frozen", "Frozen", rows)
        screen.close()
        out = capsys.readouterr().out
        assert "True" not in out
        assert "False" not in out
        assert ("yes" in out) is not as_json
    assert json.loads(out)["frozen"] == rows


def test_a_table_that_is_too_wide_is_printed_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"organization": "org_" + "a" * 32, "account": "acct_" + "1" * 16, "reason": WHY, "swept": "5 min"}

    Screen().table("organizations", "Organizations", [row])

    out = capsys.readouterr().out
    assert all(value in out for value in row.values())
    assert all(name in out for name in row)


def test_every_dry_run_says_that_it_was_one(company: Company, operator: Operator) -> None:
    mine = company.organization_id
    for words in (
        ("freeze", mine, "--reason", "drill"),
        ("unfreeze", mine),
        ("reconcile", mine),
        ("replay", mine, "--parked"),
        ("redrive", "invoice-jobs.fifo"),
        ("discard", "invoice-jobs.fifo"),
        ("rotate-secret", "drop"),
        ("webhook-endpoint",),
        ("backfill", mine, "--since", "1d", "--rate", "20"),
        ("payouts", mine),
        ("measure",),
    ):
        assert operator.does("--json", *words, "--dry-run").json["dryRun"] is True, words
    assert "dryRun" not in operator.asks("reconcile", mine)


def test_unfreeze_all_lists_only_those_that_are_frozen(
    stack: LocalStack, company: Company, frozen: str, operator: Operator
) -> None:
    Company(stack).connect()
    would = operator.asks("unfreeze", "--all", "--dry-run")["unfrozen"]

    assert [each["organization"] for each in would] == [frozen]
    assert would[0]["reason"] == "First"


def test_unknown_values_of_an_organization_are_null_in_json(company: Company, operator: Operator) -> None:
    document = operator.asks("explain", "organization", company.organization_id)["organization"]
    values = {each["what"]: each["is"] for each in document}

    assert values["disconnected"] is None
    assert "-" not in values.values()
    assert values["frozen"] is False


def test_the_dry_run_of_a_measurement_describes_its_queries(operator: Operator) -> None:
    result = operator.does("measure", "--dry-run")

    assert result.status == 0
    assert "{'" not in result.out
    assert "AWS/DynamoDB" in result.out


def test_replay_says_that_it_skips_events_that_were_handled(company: Company, operator: Operator) -> None:
    company.bill("svc_replay_words")
    company.all_delivered()

    document = operator.asks("replay", company.organization_id, "--since", "1h", "--dry-run")
    result = operator.does("replay", company.organization_id, "--since", "1h", "--dry-run")

    assert (document["events"], document["dealtWith"] > 0) == ([], True)
    assert "does not replay them" in result.out


def test_a_stopped_stack_is_reported(stack: LocalStack, tmp_path: Path) -> None:
    stack_description = description(stack)
    nowhere = f"http://127.0.0.1:{free_port()}"
    stack_description["environment"]["AWS_ENDPOINT_URL"] = nowhere
    file = tmp_path / "stack.json"
    write(stack_description, file)

    with Operator(file) as operator:
        result = operator.does("status")

    assert result.status == 1
    assert f"No response from {nowhere}" in result.err
    assert "make run" in result.err
    assert "Error" not in result.err
