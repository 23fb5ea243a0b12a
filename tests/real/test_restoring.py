"""The rehearsal of a disaster on Amazon's DynamoDB Local, with more business, and with lost and damaged tables."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest

from tests.backends import Aws
from tests.ops.rehearsed_town import BLUE, RehearsedTown
from tests.ops.rehearsing import Rehearsal
from tests.ops.restoring import rehearse, rehearse_erasures
from tests.real.contracts.conftest import aws

__all__ = ["aws"]

pytestmark = pytest.mark.real

ITEMS = 2_000


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "damaged"])
@pytest.mark.parametrize("apart", [False, True], ids=["copied at once", "copied apart"])
@pytest.mark.parametrize("seed", [2])
def test_the_run_book_restores_everything_and_no_customer_is_billed_twice(
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    seed: int,
    apart: bool,
    lost: bool,
) -> None:
    rehearsal = rehearse(aws, seed, monkeypatch, capsys, deeds=(15, 25), apart=apart, lost_tables=lost)
    rehearsal.clears_up()


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "damaged"])
def test_the_run_book_does_not_restore_customers_who_were_erased_after_the_copies(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, lost: bool
) -> None:
    rehearse_erasures(aws, 4, monkeypatch, capsys, lost_tables=lost).clears_up()


def test_an_item_that_is_restored_twice_is_written_once(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It also tells the pace, of which docs/disaster.md has a figure: that depends on the machine."""
    rehearsal = Rehearsal(RehearsedTown(5, (BLUE,)), aws.prefix, monkeypatch, capsys)
    rehearsal.copies_tables()
    row = {"account_id": {"S": "acct_1"}, "organization_id": {"S": "org"}, "invoice_id": {"S": "inv_" + "x" * 500}}
    rehearsal.copies["payment-refs"] = [{**row, "stripe_id": {"S": f"pi_{number}"}} for number in range(ITEMS)]
    rehearsal.restores_copies()
    rehearsal.does("freeze", "--all", "--reason", "We restore data.")

    began = time.monotonic()
    first = rehearsal.does("restore-items", "--yes")
    pace = ITEMS / (time.monotonic() - began)
    second = rehearsal.does("restore-items", "--yes")

    written = [_of(document, "payment-refs")["written"] for _, document in (first, second)]
    assert written == [ITEMS, 0]
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=f"{aws.prefix}payment-refs")
    assert sum(page["Count"] for page in pages) == ITEMS
    with capsys.disabled():
        print(f"{pace:.0f} items a second")
    rehearsal.clears_up()


def _of(document: Any, table: str) -> Any:
    [row] = [each for each in document["tables"] if each["table"].endswith(f"-{table}")]
    return row
