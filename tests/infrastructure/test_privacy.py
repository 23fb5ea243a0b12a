"""docs/privacy.md: every field that stores or transmits data is classified, and the page agrees with the code."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest

from chalicelib import correlation, observability
from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain import retention
from chalicelib.domain.caller import Caller
from chalicelib.domain.erasure_wording import OUT_OF_REACH
from chalicelib.domain.errors import Refused
from chalicelib.domain.retention_types import NoExpiry
from chalicelib.functions import FUNCTIONS
from infra.privacy.classes import DataSubject, ErasureEffect
from infra.privacy.page import FILE, PARTS, classified_fields, with_generated_parts
from infra.privacy.places import BUS, DOCUMENTS, ENUM_MEMBER, LINE, LOGS, METRICS, QUEUES, Place, places
from infra.privacy.readers import access
from infra.privacy.rules import BY_NAME, ENTRIES, SUBJECTS, class_of
from tests.infrastructure.conftest import Package
from tests.releases.stored_types import KINDS

ROOT = Path(__file__).parents[2]
PLACES = places()
PAGE = FILE.read_text()


def test_every_field_is_classified() -> None:
    unclassified = sorted(place.name for place in PLACES.values() if class_of(place) is None)
    assert unclassified == [], (
        "Nobody has said whose these fields are and what an erasure does with them. Add each to ENTRIES in "
        "infra/privacy/rules.py, and a new class of records to SUBJECTS there; then `python -m infra.privacy`."
    )


def test_every_classified_field_exists() -> None:
    assert sorted(BY_NAME.keys() - PLACES.keys()) == [], "remove these from ENTRIES in infra/privacy/rules.py"
    records = {place.record for place in PLACES.values()}
    assert sorted(SUBJECTS.keys() - records) == [], "remove these from SUBJECTS in infra/privacy/rules.py"


def test_no_field_is_classified_twice() -> None:
    names = [name for names in ENTRIES.values() for name in names.split()]
    assert sorted(name for name in names if names.count(name) > 1) == []


def test_the_classification_covers_every_type_that_a_store_reads() -> None:
    types_read = {
        node.args[0].id
        for file in (ROOT / "chalicelib/adapters/tables").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").startswith("decode")
        if isinstance(node.args[0], ast.Name) and node.args[0].id[0].isupper()
    }
    types_covered = {kind for kinds in DOCUMENTS.values() for kind in kinds}
    assert types_read == {kind.__name__ for kind in types_covered}, (
        "DOCUMENTS in infra/privacy/places.py lists what tables hold"
    )
    assert set(KINDS.values()) <= types_covered


def test_the_classification_covers_every_table_queue_event_log_line_and_metric() -> None:
    stores = {store for place in PLACES.values() for store in place.stores}
    assert stores == {*NAMES.values(), QUEUES, BUS, LOGS, METRICS}


def made_up(record: str, field: str, scalar: str, store: str) -> Place:
    return Place(record, field, frozenset({store}), frozenset({scalar}))


@pytest.mark.parametrize(
    "place",
    [
        made_up("Customer", "nickname", "str", "customers"),
        made_up("Customer", "birthday", "date", "customers"),
        made_up("Customer", "birth_year", "int", "customers"),
        made_up("Invoice", "note", "str", "invoices"),
        made_up("Contact", "id", "str", "customers"),
        made_up(LINE, "address", "str", LOGS),
        made_up("metric", "customer", "str", METRICS),
        made_up("CustomerSync", "email", "str", QUEUES),
        made_up("CustomerView", "birthday", "str", BUS),
    ],
    ids=lambda place: place.name,
)
def test_a_new_field_that_may_contain_personal_data_must_be_classified_by_a_person(place: Place) -> None:
    assert class_of(place) is None


def test_no_field_that_identifies_a_customer_survives_an_erasure() -> None:
    surviving_fields = [
        place.name
        for place, each in classified_fields()
        if each.personal and each.subject is DataSubject.CUSTOMER and each.effect is ErasureEffect.KEPT
    ]
    assert surviving_fields == []


def test_every_retained_field_has_a_reason() -> None:
    assert [
        place.name for place, each in classified_fields() if (each.effect is ErasureEffect.KEPT) != bool(each.why)
    ] == []


def test_messages_log_lines_and_metrics_contain_only_ids_of_a_person() -> None:
    telling = [
        place.name for place, each in classified_fields() if place.stores & {QUEUES, LOGS, METRICS} and each.personal
    ]
    assert telling == []
    assert all(
        place.scalars == {ENUM_MEMBER}
        for place in PLACES.values()
        if place.stores == {METRICS} and place.field not in {"route", "service"}
    )


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Returns all log lines."""
    stream = io.StringIO()
    for handler in observability.logger.handlers:
        monkeypatch.setattr(handler, "stream", stream)
    return stream


def test_log_lines_have_exactly_the_classified_fields(lines: io.StringIO) -> None:
    error = Refused("made_up", "Ann Lee has no e-mail address.")
    with correlation.about(request_id="req", message_id="msg", event_id="evt_1"):
        correlation.note(organization_id="org_1", invoice_id="inv_1")
        observability.request_served(
            "POST /v1/invoices", 422, 0.1, "req", Caller("org_1", "user_1", "203.0.113.0/24"), error
        )
        observability.balance_refused("org_1", "pi_1", "payment", "made_up")
        observability.changes_published(published=1, reasons=["unreadable"], repeats=False)
        with pytest.raises(Refused):
            observability.worker_boundary("customer_sync")(lambda: (_ for _ in ()).throw(error))()
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert len(written) == 4
    classified_fields = {place.field for place in PLACES.values() if place.record == LINE}
    assert {name for line in written for name in line} - classified_fields == set()


def test_the_listed_readers_of_each_table_have_the_permission_to_read_it() -> None:
    for table, readers in access().items():
        for function in FUNCTIONS:
            rights = {*function.tables.get(table, ())} & {"GetItem", "BatchGetItem", "Query"}
            assert not rights or function.name in readers.reads
            assert (function.name in readers.finds) == (
                table in function.indexes and function.name not in readers.reads
            )


def test_the_tables_on_the_page_are_generated_from_the_code() -> None:
    assert with_generated_parts(PAGE) == PAGE, "run `python -m infra.privacy`"
    assert sorted(re.findall(r"<!-- made: (\w+) -->", PAGE)) == sorted(PARTS)


@pytest.mark.package
def test_every_aws_service_of_a_stage_is_among_the_processors(package: Package) -> None:
    [section] = re.findall(r"## Processors\n(.*?)\n## ", PAGE, re.DOTALL)
    services = {each["Type"].split("::")[1] for each in package.template["Resources"].values()} - {"Serverless"}
    assert {each for each in services if not re.search(rf"\b{each}\b", section)} == set()
    assert len(services) >= 8


def test_every_test_that_the_page_names_exists() -> None:
    quoted_tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    missing = [
        f"{file}::{name}"
        for file, name in quoted_tests
        if not (ROOT / file).exists()
        or name not in {each.name for each in ast.walk(ast.parse((ROOT / file).read_text())) if _is_function(each)}
    ]
    assert missing == []
    assert len(quoted_tests) >= 10


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef)


def test_each_of_the_ten_questions_has_an_answer_with_evidence() -> None:
    [section] = re.findall(r"## Ten questions\n(.*?)\n## ", PAGE, re.DOTALL)
    questions = re.findall(r"^### (\d+)\. (.*?)\n(.*?)(?=^### |\Z)", section, re.DOTALL | re.MULTILINE)
    assert [int(number) for number, _, _ in questions] == list(range(1, 11))
    assert all("](" in answer or "::" in answer for _, _, answer in questions)


def test_an_erasure_names_exactly_the_copies_that_can_contain_the_person() -> None:
    """Messages of queues contain ids only, so the message about an unpublished change is no copy of a person's
    data.
    """
    copies_named = [retention.STREAMS, retention.BUS_EVENTS, retention.COPIES, retention.RECOVERY]
    assert list(OUT_OF_REACH.values()) == copies_named
    by_when = PAGE.partition("### By when")[2].partition("\n### ")[0]
    for name in ("streams of tables", "event bus", "copies by AWS Backup", "point-in-time recovery"):
        assert f"| {name} |" in by_when


def test_each_reason_can_be_understood_without_the_name_of_its_record() -> None:
    """An export shows a person the reason of each record alone, without the record's name before it."""
    for entry in retention.RETENTION.values():
        assert not entry.why.startswith(("They go", "Two days")), entry.why
        assert not isinstance(entry, NoExpiry) or ";" not in entry.until, entry.until
