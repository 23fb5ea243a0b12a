"""`export` writes all data that a stage stores about one organization into a file that only the operator can read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.acts import Subject
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identifiers import OrganizationId
from infra.ops.__main__ import main
from infra.ops.export import FORM
from infra.ops.organization_items import Item, export_line
from tests.backends import Aws, aws
from tests.named_town import NamedTown, name_of, stored_items
from tests.ops.exporting import Office, keys_of
from tests.ops.rehearsed_town import BLUE, CUSTOMERS, GREEN
from tests.ops.rehearsing import Rehearsal

__all__ = ["aws"]


@pytest.fixture(scope="module")
def town(aws: Aws) -> NamedTown:
    """Two companies at work."""
    new_town = NamedTown(5, (BLUE, GREEN))
    new_town.goes_on(40)
    for organization in (BLUE, GREEN):
        new_town.do_batch(organization)
    new_town.advance(5 * 86400)
    new_town.deliver()
    new_town.work()
    return new_town


@pytest.fixture
def office(
    aws: Aws, town: NamedTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Office:
    monkeypatch.chdir(tmp_path)
    return Office(aws.prefix, Rehearsal(town, aws.prefix, monkeypatch, capsys), tmp_path)


@pytest.mark.parametrize(("whose", "other"), [(BLUE, GREEN), (GREEN, BLUE)])
def test_an_export_contains_every_item_of_its_organization_and_no_text_of_another(
    office: Office, town: NamedTown, whose: OrganizationId, other: OrganizationId
) -> None:
    lines = office.exports(whose)

    account = town.accounts[whose]
    theirs = {
        (each.table, each.keys)
        for each in stored_items(office.prefix)
        if {whose, account} & {part for text in each.texts for part in text.replace('"', "#").split("#")}
    }
    assert theirs == {keys_of(each) for each in lines}
    assert {table for table, _ in theirs} == {*NAMES.values()} - {"changes"}
    text = json.dumps(lines)
    foreign = [name_of(other, number) for number in range(CUSTOMERS)]
    foreign += [town.accounts[other], str(other), *(each.id for each in town.invoices(other))]
    assert [each for each in foreign if each in text] == []
    assert all(name_of(whose, number) in text for number in range(CUSTOMERS))


def test_the_file_states_its_contents_the_retention_and_the_number_of_records(office: Office) -> None:
    lines = office.exports(BLUE)
    head = office.head["export"]
    assert (head["organization"], head["customer"], head["form"]) == (BLUE, None, FORM)
    retention_by_record = {(each["store"], each["name"], each["kind"]): each for each in head["kept"]}
    assert retention_by_record["table", "events", ""]["seconds"] == 35 * 86400
    assert retention_by_record["backup", "point-in-time recovery", ""]["why"]
    counts = office.end["end"]["records"]
    assert sum(counts.values()) == len(lines)
    assert {each["table"]: each["records"] for each in office.said["records"]} == counts


def test_only_the_operator_can_read_the_file_and_its_contents_are_not_printed(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", BLUE]) == 0

    output = capsys.readouterr()
    [file] = office.directory.glob("export-org_blue-*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert name_of(BLUE, 1) in file.read_text()
    assert name_of(BLUE, 1) not in output.out + output.err
    assert file.name in output.out


def test_an_export_of_a_customer_contains_the_records_of_the_api_and_no_text_of_others(office: Office) -> None:
    lines = office.exports(BLUE, "--customer", "cust_1", "--by", "kim@operations")
    text = json.dumps(lines)
    assert {each["kind"] for each in lines} >= {"customer", "act", "invoice", "batch_item"}
    assert name_of(BLUE, 1) in text
    other_customers = [(BLUE, 0), (BLUE, 2), *((GREEN, number) for number in range(CUSTOMERS))]
    assert [each for each in other_customers if name_of(*each) in text] == []
    assert "kim@operations" not in text, "the person is not told who of operations it was"
    assert (office.head["export"]["customer"], office.said["customer"]) == ("cust_1", "cust_1")


def test_an_export_is_stored_as_an_act_of_the_organization(office: Office, town: NamedTown) -> None:
    lines = office.exports(BLUE, "--by", "kim@operations")
    acts = [each["document"] for each in lines if each["row"] == "act"]
    assert [each["operator"] for each in acts if each["kind"] == "exported"][-1] == "kim@operations"
    latest = town.ports.acts.page(Subject.connection_of(BLUE), 1, None).items[0]
    assert (latest.kind, latest.operator) == ("exported", "kim@operations")


@pytest.mark.parametrize("words", [("org_nobody",), (BLUE, "--customer", "cust_nobody")])
def test_no_file_is_written_for_an_unknown_organization_or_customer(office: Office, words: tuple[str, ...]) -> None:
    status, output = office.rehearsal.does("export", *words)
    assert (status, len(output["failures"])) == (1, 1)
    assert list(office.directory.iterdir()) == []
    empty = [each for each in stored_items(office.prefix) if "nobody" in each.text]
    assert empty == [], "a refused export leaves no act behind"


def test_an_existing_file_is_not_overwritten(office: Office) -> None:
    path = office.directory / "kept.jsonl"
    path.write_text("Keep me.")
    status, output = office.rehearsal.does("export", BLUE, "--out", str(path))
    assert (status, "exists already" in output["failures"][0]) == (1, True)
    assert path.read_text() == "Keep me."


def test_an_export_that_fails_leaves_no_file_behind(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_at_claims(table: str, item: Item) -> dict[str, object]:
        if table == "claims":
            raise Retryable("database_unavailable", "The database does not answer.")
        return export_line(table, item)

    monkeypatch.setattr("infra.ops.export.export_line", failing_at_claims)
    status, _ = office.rehearsal.does("export", BLUE)
    assert status == 1
    assert list(office.directory.iterdir()) == []
