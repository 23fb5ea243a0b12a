"""`restore-items` and its run book: after a disaster the books tie out, and no customer is billed twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import boto3
import click
import pytest

from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.acts import ConnectionAct, Subject
from chalicelib.domain.identifiers import UserId
from chalicelib.usecases.invoicing import invoicing_settings
from tests.backends import Aws, aws
from tests.ops.rehearsed_town import BLUE, GREEN, RehearsedTown
from tests.ops.rehearsing import COPY, RUN_BOOK, Rehearsal, run_book_commands
from tests.ops.restoring import rehearse, rehearse_erasures

__all__ = ["aws"]

REASON = ("--reason", "We restore data.")


@pytest.fixture
def rehearsal(aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Rehearsal]:
    """A town with an invoice, and copies of its tables."""
    town = RehearsedTown(7, (BLUE, GREEN))
    town.bills(BLUE, ("svc_before",), send=True)
    new_rehearsal = Rehearsal(town, aws.prefix, monkeypatch, capsys)
    new_rehearsal.copies_tables()
    new_rehearsal.restores_copies()
    yield new_rehearsal
    new_rehearsal.clears_up()


@pytest.mark.parametrize(
    ("apart", "lost"), [(True, True), (False, False)], ids=["lost, copied apart", "damaged, copied at once"]
)
def test_the_run_book_restores_everything_and_no_customer_is_billed_twice(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, apart: bool, lost: bool
) -> None:
    rehearse(aws, 1, monkeypatch, capsys, deeds=(12, 16), apart=apart, lost_tables=lost).clears_up()


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "damaged"])
def test_the_run_book_does_not_restore_customers_who_were_erased_after_the_copies(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, lost: bool
) -> None:
    rehearse_erasures(aws, 3, monkeypatch, capsys, lost_tables=lost).clears_up()


def test_unreadable_current_items_are_reported_because_they_may_have_been_erased(rehearsal: Rehearsal) -> None:
    client, table = boto3.client("dynamodb"), f"{rehearsal.prefix}customers"
    for item in client.scan(TableName=table)["Items"][:2]:
        item.pop("document", None)
        client.put_item(TableName=table, Item={**item, "packed": {"B": b"damaged"}})
    rehearsal.does("freeze", "--all", *REASON)
    status, document = rehearsal.does("restore-items", "--yes")
    assert (status, len(document["warnings"])) == (0, 1)
    assert f"2 present items of {table} could not be read" in document["warnings"][0]


def test_nothing_is_changed_while_an_organization_is_not_frozen(rehearsal: Rehearsal) -> None:
    rehearsal.town.bills(BLUE, ("svc_after",), send=True)
    invoices_before = rehearsal.town.invoices(BLUE)
    for command in (("freeze", str(BLUE), *REASON), ("unfreeze", str(GREEN))):
        assert rehearsal.does(*command)[0] == 0
        status, document = rehearsal.does("restore-items", "--yes")
        assert (status, "not all organizations are frozen" in document["failures"][0]) == (1, True)
    rehearsal.does("freeze", "--all", *REASON)
    rehearsal.does("unfreeze", str(GREEN))
    assert rehearsal.does("restore-items", "--yes")[0] == 1
    assert rehearsal.town.invoices(BLUE) == invoices_before


def test_nothing_is_changed_when_a_copy_is_missing(rehearsal: Rehearsal) -> None:
    rehearsal.does("freeze", "--all", *REASON)
    boto3.client("dynamodb").delete_table(TableName=f"{rehearsal.prefix}claims{COPY}")
    del rehearsal.copies["claims"]
    rehearsal.loses_tables()
    rehearsal.does("freeze", "--all", *REASON)
    status, document = rehearsal.does("restore-items", "--yes")
    [failure] = document["failures"]
    assert (status, f"{rehearsal.prefix}claims{COPY} is not there" in failure) == (1, True)
    assert rehearsal.town.invoices(BLUE) == []


def test_a_dry_run_lists_the_writes_and_deletions_and_makes_none(rehearsal: Rehearsal) -> None:
    rehearsal.town.bills(BLUE, ("svc_after",), send=True)
    rehearsal.does("freeze", "--all", *REASON)
    invoices_before = rehearsal.town.invoices(BLUE)

    would = rehearsal.does("restore-items", "--dry-run")[1]
    rows = {row["table"].removeprefix(rehearsal.prefix): row for row in would["tables"]}

    assert (rows["invoices"]["deleted"], rows["claims"]["deleted"]) == (1, 1)
    assert rehearsal.town.invoices(BLUE) == invoices_before
    restored = rehearsal.does("restore-items", "--yes")[1]
    assert restored["tables"] == would["tables"]
    assert [each.order.services for each in rehearsal.town.invoices(BLUE)] == [("svc_before",)]


def test_a_connection_is_copied_frozen_although_its_copy_is_not(rehearsal: Rehearsal) -> None:
    rehearsal.loses_tables()
    rehearsal.does("freeze", "--all", *REASON)
    rehearsal.does("restore-items", "--yes")
    assert set(rehearsal.town.frozen().values()) == {True}
    assert rehearsal.town.ports.connections.get(BLUE).frozen.reason == "We restore data."
    assert rehearsal.town.bills_everything_again(BLUE) == ["org_blue svc_before: invoicing_frozen"]


def test_acts_after_the_copies_stay_although_the_restore_undoes_their_changes(rehearsal: Rehearsal) -> None:
    ports, settings = rehearsal.town.ports, Subject.settings_of(BLUE)
    before = ports.settings.get(BLUE)
    invoicing_settings.change(BLUE, replace(before, payment_window=7), ports, by=UserId("user_kim"))
    settings_acts = ports.acts.page(settings, 100, None).items
    rehearsal.does("freeze", "--all", *REASON)
    rehearsal.does("restore-items", "--yes")
    assert ports.settings.get(BLUE).payment_window == before.payment_window
    assert ports.acts.page(settings, 100, None).items == settings_acts
    assert settings_acts[0].actor == "user_kim"
    freeze_act = ports.acts.page(Subject.connection_of(BLUE), 1, None).items[0]
    assert freeze_act.kind == ConnectionAct.INVOICING_PAUSED


def test_a_claim_that_the_copies_lack_is_created_again(rehearsal: Rehearsal) -> None:
    table = boto3.resource("dynamodb").Table(f"{rehearsal.prefix}claims{COPY}")
    [claim] = [item for item in table.scan()["Items"] if item["claim"] == "service#svc_before"]
    table.delete_item(Key={"owner": claim["owner"], "claim": claim["claim"]})
    rehearsal.loses_tables()
    rehearsal.does("freeze", "--all", *REASON)
    assert rehearsal.does("restore-items", "--yes")[1]["claims"] == 1
    rehearsal.does("unfreeze", "--all")
    assert rehearsal.town.bills_everything_again(BLUE) == []


def test_answering_no_leaves_the_tables_unchanged(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal.does("freeze", "--all", *REASON)
    invoices_before = rehearsal.town.invoices(BLUE)
    monkeypatch.setattr("click.confirm", _no)
    assert rehearsal.does("restore-items")[0] == 130
    assert rehearsal.town.invoices(BLUE) == invoices_before


def _no(*_: object, **__: object) -> bool:
    raise click.Abort


def test_after_unfreezing_all_but_newcomers_a_new_connection_is_still_frozen(rehearsal: Rehearsal) -> None:
    rehearsal.does("freeze", "--all", *REASON)
    assert rehearsal.does("unfreeze", "--all", "--but-newcomers", "--dry-run")[0] == 0
    assert set(rehearsal.town.frozen().values()) == {True}
    assert rehearsal.does("unfreeze", "--all", "--but-newcomers")[0] == 0
    assert set(rehearsal.town.frozen().values()) == {False}
    assert rehearsal.town.ports.connections.platform_freeze() is not None
    assert rehearsal.does("unfreeze", str(BLUE), "--but-newcomers")[0] == 2


def test_the_run_book_restores_every_table_but_the_tallies_and_freezes_before_it_copies() -> None:
    lists = re.findall(r"for table in ([a-z -]+); do", RUN_BOOK)
    assert [set(each.split()) for each in lists] == [set(NAMES.values()) - {"summaries"}] * 2
    names = [words[0] for words in run_book_commands()]
    order = ["freeze", "restore-items", "erase", "backfill", "unfreeze"]
    assert sorted(order, key=names.index) == order
