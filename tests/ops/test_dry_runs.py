"""A dry run and the command itself show the same rows and reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.demo.http import request
from infra.local.stack import LocalStack
from tests.e2e.company import Company
from tests.ops.conftest import Operator, operator_at
from tests.ops.test_commands import invoice_with_lost_events, paid_invoice


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Runs a separate stack, because these tests lose webhooks and freeze every organization."""
    with LocalStack() as running:
        yield running


@pytest.fixture(scope="module")
def operator(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operator_at(stack, tmp_path_factory.mktemp("ops")) as operator:
        yield operator


WOULD = {"wouldMove": "moved", "wouldDiscard": "discarded"}
"""The name of a count in a dry run, and the name that replaces it in a real run."""

DRY = {"dryRun": True}
"""The additional entries of a dry run's document."""


def headers(out: str) -> list[str]:
    """Returns the headers of the tables that a command printed, and the names of columns in those told row by row."""
    return [line.strip(" ┃").split("  ")[0] for line in out.splitlines() if line.startswith(("┃", "  "))]


def same_kinds(would: Any, did: Any) -> None:
    """Requires that both documents have the same facts, and the same columns of each table in the same order."""
    assert {WOULD.get(name, name) for name in would} == set(did) | set(DRY)
    assert would["dryRun"] is True
    for name, table in did.items():
        if isinstance(table, list) and table and isinstance(table[0], dict):
            assert [list(row) for row in would[name]] == [list(row) for row in table], name


def test_a_reconciliation_counts_what_its_dry_run_counted(company: Company, operator: Operator) -> None:
    new_invoice = company.bill("svc_dry_sweep").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    words = ("reconcile", company.organization_id, "--objects")

    would = operator.asks(*words, "--dry-run")
    did = operator.asks(*words)

    same_kinds(would, did)
    [before], [after] = would["reconciled"], did["reconciled"]
    assert before["missed"] > 0
    told_before = ("organization", "missed", "parked", "objects", "left_out")
    assert {name: before[name] for name in told_before} == {name: after[name] for name in told_before}
    assert (before["recovered"], before["early"], before["corrected"]) == (None, None, None)
    assert after["recovered"] + after["early"] > 0


def test_a_disconnected_organization_is_skipped_for_the_same_reason_with_and_without_dry_run(
    stack: LocalStack, operator: Operator
) -> None:
    company = Company(stack).connect()
    company.admin.call("DELETE", "/stripe/connection")
    words = ("reconcile", company.organization_id)

    would, did = operator.asks(*words, "--dry-run"), operator.asks(*words)

    same_kinds(would, did)
    assert [each["left_out"] for document in (would, did) for each in document["reconciled"]] == ["not connected"] * 2


def test_a_replay_names_why_an_event_was_parked_with_and_without_dry_run(
    company: Company, operator: Operator
) -> None:
    new_invoice = company.bill("svc_dry_parked").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    event = operator.sets("park", company.organization_id, "stripe_unreachable")
    words = ("replay", company.organization_id, "--parked")

    would, did = operator.asks(*words, "--dry-run"), operator.asks(*words)

    same_kinds(would, did)
    for document in (would, did):
        assert [(each["event"], each["parked_error"]) for each in document["events"]] == [
            (event, "stripe_unreachable")
        ]
    again = ("replay", company.organization_id, "--event", event)
    assert [operator.asks(*again, *options)["events"][0]["outcome"] for options in (("--dry-run",), ())] == [
        "duplicate", "duplicate",
    ]  # fmt: skip


@pytest.mark.parametrize("command", [("redrive",), ("discard", "--yes")], ids=lambda words: words[0])
def test_dead_letters_are_listed_with_and_without_dry_run(
    stack: LocalStack, operator: Operator, command: tuple[str, ...]
) -> None:
    verb, *options = command
    for number, invoice in enumerate((f"inv_one_to_{verb}", f"inv_two_to_{verb}"), start=10 * len(command)):
        body = {"organizationId": "org_gone", "invoiceId": invoice, "task": "resume"}
        operator.sets("bury", "invoice-jobs-dlq.fifo", json.dumps(body) + " " * number)
    words = (verb, "invoice-jobs.fifo", *options)

    would, did = operator.asks(*words, "--dry-run"), operator.asks(*words)
    stack.wait_until_idle()

    same_kinds(would, did)
    assert len(did["deadLetters"]) == 2
    assert would["deadLetters"] == did["deadLetters"]
    assert next(value for name, value in would.items() if name in WOULD) == 2


def test_a_freeze_of_everybody_reports_that_newcomers_are_frozen_with_and_without_dry_run(
    company: Company, operator: Operator
) -> None:
    words = ("freeze", "--all", "--reason", "drill", "--by", "kim")
    would, did = operator.asks(*words, "--dry-run"), operator.asks(*words)
    same_kinds(would, did)
    assert would == did | DRY
    assert did["newcomers"] == "drill"

    would, did = operator.asks("unfreeze", "--all", "--dry-run"), operator.asks("unfreeze", "--all")
    same_kinds(would, did)
    assert would == did | DRY
    assert did["newcomers"] == "drill"
    assert operator.asks("unfreeze", "--all", "--dry-run")["newcomers"] is None


def test_secrets_that_are_added_and_dropped_are_named_with_and_without_dry_run(operator: Operator) -> None:
    for words, given in (
        (("rotate-secret", "add"), "whsec_of_a_dry_run"),
        (("rotate-secret", "drop", "--newest"), ""),
    ):
        would, did = (operator.does("--json", *words, *options, given=given).json for options in (("--dry-run",), ()))
        assert would == did | DRY
        assert set(did) == {"secrets", "added" if "add" in words else "dropped"}


def test_changes_of_the_webhook_endpoint_are_listed_with_and_without_dry_run(
    operator: Operator, stack: LocalStack
) -> None:
    [endpoint] = operator.asks("webhook-endpoint", "--dry-run")["present"]
    auth = {"Authorization": f"Bearer {stack.secret.api_key}"}
    url = f"{stack.urls.stripe}/v1/webhook_endpoints/{endpoint['id']}"
    request("POST", url, form={"disabled": "true"}, headers=auth)

    would, did = operator.asks("webhook-endpoint", "--dry-run"), operator.asks("webhook-endpoint")

    assert would["present"] == did["present"]
    assert would["changes"] == did["changes"] == [{"enable": endpoint["id"]}]
    assert (would["would"], did["updated"]) == ("update", endpoint["id"])


def test_a_backfill_shows_the_same_rows_with_and_without_dry_run(company: Company, operator: Operator) -> None:
    new_invoice = company.bill("svc_dry_backfill").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    words = ("backfill", company.organization_id, "--since", "1d", "--rate", "20")

    would, did = operator.asks(*words, "--dry-run"), operator.asks(*words)

    same_kinds(would, did)
    assert [each["invoice"] for each in would["invoices"]] == [each["invoice"] for each in did["invoices"]]
    assert would == did | DRY


def test_a_repair_of_payouts_shows_the_same_rows_with_and_without_dry_run(
    stack: LocalStack, operator: Operator
) -> None:
    company = Company(stack, settlement_days=0, async_capture=False).connect()
    company.customer()
    paid_invoice(company, "svc_dry_payout")
    company.double("POST", "delivery", lose_rate=1.0)
    payout = company.double("POST", f"payouts/{company.account_id}")
    company.all_delivered()
    company.double("POST", "delivery", lose_rate=0.0)
    words = ("--json", "payouts", company.organization_id)

    results = [operator.does(*words, *options) for options in (("--dry-run",), ("--repair",), ())]
    would, did, again = (each.json for each in results)
    expected_failures = would.pop("failures")

    same_kinds(would, did)
    assert expected_failures == ["1 of 1 payouts differ."]
    assert [(each["id"], each["result"]) for each in would["payouts"]] == [(payout["id"], "would be repaired")]
    assert [(each["id"], each["result"]) for each in did["payouts"]] == [(payout["id"], "repaired")]
    assert [each["result"] for each in again["payouts"]] == ["waits for Stripe"]
    assert would["differences"] == did["differences"] != again["differences"] == []
    assert [each.status for each in results] == [1, 0, 0]


def test_tables_have_the_same_columns_with_and_without_dry_run(company: Company, operator: Operator) -> None:
    mine = company.organization_id
    for words in (
        ("reconcile", mine),
        ("freeze", mine, "--reason", "drill"),
        ("unfreeze", mine),
        ("backfill", mine, "--since", "1d", "--rate", "20"),
    ):
        would, did = operator.does(*words, "--dry-run"), operator.does(*words)
        assert headers(would.out) == headers(did.out) != [], words


def test_the_amounts_of_a_timeline_are_in_major_units(company: Company, operator: Operator) -> None:
    new_invoice = paid_invoice(company, "svc_dry_words")

    explanation = operator.asks("explain", "invoice", company.organization_id, new_invoice["id"])

    amounts = {
        (each["amount"], each["currency"]) for each in explanation["timeline"] if each.get("amount") is not None
    }
    assert amounts == {("75.00", "usd")}
