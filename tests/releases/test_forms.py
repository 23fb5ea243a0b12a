"""Each released form is complete, and today's code reads it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

import chalicelib.api.blueprints  # noqa: F401 - declares the routes
from chalicelib.adapters.tables import TABLES
from chalicelib.adapters.tables.database import NAMES
from chalicelib.adapters.tables.dictionaries import BY_CHECKSUM
from chalicelib.api.http.route_table import ROUTES
from chalicelib.domain.changes import ChangeType
from chalicelib.domain.connection import ConnectionStatus
from chalicelib.domain.status import InvoiceStatus
from chalicelib.functions import UNPUBLISHED_CHANGES, Queue
from chalicelib.ports.messages import BalanceTask, InvoiceTask
from chalicelib.usecases.events.event_outcome import MARKED, EventOutcome
from tests.releases import forms, stored_types
from tests.releases.differences import differences
from tests.releases.forms import Form
from tests.releases.reader import Json, errors, unpacked
from tests.releases.side_by_side import stage_of

FORMS = forms.names()
FORMER_NAMES = {"untold-changes": UNPUBLISHED_CHANGES}
"""Names of queues in recorded forms that were changed since, before anything was deployed."""


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return forms.load(request.param)


@pytest.fixture(scope="module")
def form_and_results(form: Form) -> tuple[Form, Json]:
    """Yields a form, and the results of today's code for it."""
    with stage_of(form) as (stage, reader):
        results = reader.read(form)
        assert stage.ports.unpublished.kept == []
    return form, results


def newest() -> Form:
    return forms.load(FORMS[-1])


# The newest form has everything that today's code can store, send and tell


def test_the_newest_form_has_an_item_of_every_table_and_every_kind_of_document() -> None:
    items = newest()["items"]
    assert {each["table"] for each in items} == {NAMES[model] for model in TABLES}
    assert set(stored_types.KINDS.values()) <= {stored_types.kind_of(each["table"], each["item"]) for each in items}


def test_the_newest_form_has_every_type_and_every_enum_value_of_documents() -> None:
    types = set[Any]().union(*(stored_types.of_item(each["table"], each["item"]) for each in newest()["items"]))
    assert stored_types.expected() - types == set()


def test_the_newest_form_has_every_displayed_status() -> None:
    statuses: dict[str, set[str]] = {"invoices": set(), "connections": set()}
    for each in newest()["items"]:
        if "status" in each.get("shows", {}) and each["table"] in statuses:
            statuses[each["table"]].add(each["shows"]["status"])
    assert statuses["invoices"] == set(InvoiceStatus)
    assert set(ConnectionStatus) - statuses["connections"] <= {ConnectionStatus.NOT_CONNECTED}, (
        "no item is stored then"
    )


def test_the_newest_form_has_events_of_every_outcome_that_is_stored() -> None:
    outcomes = {each["item"]["outcome"]["S"] for each in newest()["items"] if each["table"] == "events"}
    assert {*MARKED, EventOutcome.PARKED} <= outcomes


def test_the_newest_form_has_a_document_of_each_dictionary() -> None:
    packed_documents = [
        unpacked(each["item"])["packed"]["B"] for each in newest()["items"] if "packed" in each["item"]
    ]
    assert {int.from_bytes(each[2:6], "big") for each in packed_documents if each[1] & 0x20} == set(BY_CHECKSUM)


def test_the_newest_form_has_a_message_of_every_queue_and_task() -> None:
    messages = newest()["messages"]
    tasks = {
        (FORMER_NAMES.get(each["queue"], each["queue"]), json.loads(each["record"]["body"]).get("task"))
        for each in messages
    }
    assert {queue for queue, _ in tasks} == {*Queue, UNPUBLISHED_CHANGES}
    assert {task for queue, task in tasks if queue == Queue.INVOICE_JOBS} == set(InvoiceTask)
    assert {task for queue, task in tasks if queue == Queue.BALANCE_JOBS} == set(BalanceTask)


def test_the_newest_form_has_a_record_of_every_type_of_change() -> None:
    assert {change_type for each in newest()["stream"] for change_type in each["tells"]} == {
        each.value for each in ChangeType
    }


def test_the_newest_form_has_a_cursor_of_every_list() -> None:
    paths = {each["path"].partition("?")[0] for each in newest()["cursors"]}
    lists = [each.path.removeprefix("/v1") for each in ROUTES if "after" in each.takes.__struct_fields__]
    missing = [each for each in lists if not any(_like(each, path) for path in paths)]
    assert missing == []


def _like(route: str, path: str) -> bool:
    route_words, path_words = route.split("/"), path.split("/")
    return len(route_words) == len(path_words) and all(
        word == here or word[:1] == "{" for word, here in zip(route_words, path_words, strict=True)
    )


# Today's code reads every form


def test_todays_code_reads_handles_and_publishes_everything_of_a_released_form(
    form_and_results: tuple[Form, Json],
) -> None:
    assert list(errors(form_and_results[1])) == []


def test_todays_code_returns_the_same_responses_for_a_released_form(form_and_results: tuple[Form, Json]) -> None:
    assert list(differences(*form_and_results)) == []


# The check can fail


DAMAGES = {
    "a field is gone": ('"customer_id":', '"without":', "is answered 500"),
    "a field with a default has another name": ('"sent_at":', '"mailed_at":', "sentAt"),
    "a status has another name": ('"status":"paid"', '"status":"settled"', "status"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_stored_field_that_todays_code_ignores_is_reported(damage: str) -> None:
    was, now, expected = DAMAGES[damage]
    damaged_form = copy.deepcopy(newest())
    invoices = [each for each in damaged_form["items"] if each["table"] == "invoices" and "instead" not in each]
    paid_invoices = [each for each in invoices if each["shows"]["status"] == "paid"][:2]
    damaged_form["items"] = [_renamed(each, was, now) for each in paid_invoices]
    for part in ("messages", "stream", "cursors"):
        damaged_form[part] = []
    with stage_of(damaged_form) as (_, reader):
        results = reader.read(damaged_form)
    problems = [*errors(results), *differences(damaged_form, results)]
    assert any(expected in each for each in problems), problems


def _renamed(entry: Json, was: str, now: str) -> Json:
    text = stored_types.text_of(entry["item"])
    plain = text if isinstance(text, str) else text.decode()
    other_attributes = {name: value for name, value in entry["item"].items() if name != "packed"}
    return {**entry, "item": {**other_attributes, "document": {"S": plain.replace(was, now)}}}
