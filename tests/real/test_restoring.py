"""The rehearsal of a disaster on Amazon's DynamoDB Local: more business, and all ways in which tables are lost."""

from __future__ import annotations

import time

import boto3
import pytest

from tests.backends import Aws
from tests.ops.rehearsed_town import BLUE, RehearsedTown
from tests.ops.rehearsing import COPY, Rehearsal
from tests.ops.restoring import rehearse
from tests.real.contracts.conftest import aws

__all__ = ["aws"]

pytestmark = pytest.mark.real

ITEMS = 5_000
A_SECOND = 300
"""Items that have to be set back in a second at least, by one process and one connection."""


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "damaged"])
@pytest.mark.parametrize("apart", [False, True], ids=["copied at once", "copied apart"])
@pytest.mark.parametrize("seed", [2])
def test_the_run_book_brings_everything_back_and_nobody_is_billed_twice(
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    seed: int,
    apart: bool,
    lost: bool,
) -> None:
    rehearsal = rehearse(aws, seed, monkeypatch, capsys, deeds=(15, 25), apart=apart, lost=lost)
    rehearsal.clears_up()


def test_a_table_is_set_back_at_the_pace_that_the_page_on_disaster_says(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsal = Rehearsal(RehearsedTown(5, (BLUE,)), aws.prefix, monkeypatch, capsys)
    rehearsal.copies_tables()
    row = {
        "account_id": {"S": "acct_1"},
        "organization_id": {"S": "org_blue"},
        "invoice_id": {"S": "inv_" + "x" * 500},
    }
    rehearsal.copies["payment-refs"] = [{**row, "stripe_id": {"S": f"pi_{number}"}} for number in range(ITEMS)]
    rehearsal.restores_copies()
    rehearsal.does("freeze", "--all", "--reason", "We restore data.")

    began = time.monotonic()
    status, document = rehearsal.does("restore-items", "--yes")
    took = time.monotonic() - began

    [written] = [each["written"] for each in document["tables"] if each["table"].endswith("payment-refs")]
    assert (status, written) == (0, ITEMS)
    assert ITEMS / took > A_SECOND, f"{ITEMS / took:.0f} items a second"
    with capsys.disabled():
        print(f"{ITEMS / took:.0f} items a second")
    count = boto3.client("dynamodb").scan(TableName=f"{aws.prefix}payment-refs{COPY}", Select="COUNT")["Count"]
    assert count > 0
    rehearsal.clears_up()
