"""While a release is rolled out, the last release's code works on what today's writes, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.domain.acts import Act
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.erasure import ErasureStatus
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER
from chalicelib.usecases.erasing.holdings import invoices_of
from infra.ops.close_customers import close_again
from infra.ops.erasure_log import logged_erasures
from tests.releases import forms, side_by_side
from tests.releases.differences import differences, lost
from tests.releases.forms import Form
from tests.releases.reader import CLOSED, KEYS, Json, Reader, errors, facts, put
from tests.releases.recording import Recorded, packed, recorded
from tests.releases.stored_types import kind_of, text_of, value_of
from tests.releases.story import OPERATOR
from tests.world import ORGANIZATION

PLANTED = "of_the_next_release"
"""A field that only the newer release knows."""
MAY_BE_LOST: dict[str, set[str]] = {
    "batches": {"expires_at"},
    "connections": {"erased_at"},
    "customers": {"erasure"},
    "invoices": {"erased_at"},
}
"""Fields that today stores and the last release drops when it writes, by table. docs/decisions/0047 says when one may
stand here. A part of a batch without its expiry is kept longer, and holds nobody's data; the next round of its batch
gives it one again. Erasures are lost by a release that knows none. No stage has ever run such a one, and
`erase --again` gives back what it drops: the last test of this file."""
NEW_QUEUES = {"erasures.fifo"}
"""Queues that the last release does not have: none of its functions is given their messages."""
NEW_LISTS = ("/history", "/export")
"""How the paths of lists end that the last release does not have, and of which it gave nobody a cursor."""
NEW_CHANGES = {"customer.erased"}
"""Changes that the last release does not tell."""
NEW_FIELDS = {"erasedAt"}
"""Fields of answers that the last release does not have. docs/contract.md allows new ones at any time."""
NO_LONGER_SHOWN = {"customerName"}
"""Fields that are null today where the last release shows them: those of a customer whose erasure was asked for."""


@pytest.fixture(scope="module")
def commit() -> str:
    if not side_by_side.in_git():
        pytest.skip("this is no clone: without git there is no code of the last release to run")
    return forms.last_release()


@pytest.fixture(scope="module")
def beside(commit: str) -> Iterator[dict[str, Any]]:
    """What today's code records, with a planted field in each document, and what the last release makes of it."""
    with side_by_side.code_of(commit) as code, recorded("today") as made:
        for entry in made.form["items"]:
            _plant(made.prefix, entry)
        before = _documents(made.prefix)
        last = forms.names()[-1]
        known = _known_to_the_last(made.form)
        done = side_by_side.done_by(code, forms.reader_of(last), known, made.stage, made.prefix)
        yield {
            "made": made,
            "known": known,
            "code": code,
            "done": done,
            "lost": lost(before, _documents(made.prefix)),
        }


def test_the_second_process_runs_the_code_of_the_last_release(beside: dict[str, Any]) -> None:
    assert Path(beside["done"]["code"]).resolve() == beside["code"].resolve()


def test_the_last_release_reads_handles_and_publishes_todays_data(beside: dict[str, Any]) -> None:
    assert list(errors(beside["done"]["read"])) == []
    assert _waiting(beside["made"], "unpublished-changes") == []


def test_the_last_release_returns_the_same_responses_for_todays_data(beside: dict[str, Any]) -> None:
    assert list(differences(beside["known"], beside["done"]["read"])) == []


def test_todays_code_reads_data_that_the_last_release_wrote_to_the_same_tables(beside: dict[str, Any]) -> None:
    written = beside["done"]["written"]
    assert len(written) == 5
    reader = Reader(beside["made"].prefix)
    assert {path: _without_new_fields(facts(reader.get(path))) for path in written} == written


def test_todays_code_handles_messages_that_the_last_release_queued(beside: dict[str, Any]) -> None:
    made: Recorded = beside["made"]
    functions = {each["queue"]: each["function"] for each in made.form["messages"]}
    queued = [
        (queue, body) for queue in functions if queue != "unpublished-changes" for body in _waiting(made, queue)
    ]
    assert queued
    for queue, body in queued:
        record = next(each["record"] for each in made.form["messages"] if each["queue"] == queue)
        Reader(made.prefix).invoke(functions[queue], [{**record, "body": body}])


def test_the_last_release_loses_only_fields_that_may_be_lost(beside: dict[str, Any]) -> None:
    """It drops the planted field from each document that it writes, which shows that this test would see another."""
    gone = beside["lost"]
    assert {"invoices", "customers", "connections"} <= gone.keys()
    assert {table: fields - {PLANTED} - MAY_BE_LOST.get(table, set()) for table, fields in gone.items()} == {
        table: set() for table in gone
    }


def test_customers_whose_erasure_the_last_release_lost_are_erased_again_by_the_log(beside: dict[str, Any]) -> None:
    """It opens a closed customer when somebody saves it. A release that knows erasures refuses to."""
    assert set(beside["done"]["closed"].values()) <= {200, 409}
    stage = beside["made"].stage
    lines = [line for each in stage.invocations if each.function == "erasures" for line in each.logged.splitlines()]
    for organization_id, customer_id, in_stripe in logged_erasures(line for line in lines if '"erasure"' in line):
        close_again(organization_id, customer_id, in_stripe, OPERATOR, stage.ports)
    for seconds in (BEGINS_AFTER, SECOND_LOOK_AFTER):
        stage.advance(seconds)
        stage.tick("resume_stuck")
        stage.settle()

    customers = {name: stage.ports.customers.get(ORGANIZATION, CustomerId(name)) for name in CLOSED}
    statuses = {name: each.erasure and each.erasure.status for name, each in customers.items() if each}
    assert statuses == {"cust_closed": ErasureStatus.WAITING, "cust_erased": ErasureStatus.ERASED}
    assert customers["cust_erased"] is not None
    assert customers["cust_erased"].profile == Profile()
    invoices = list(invoices_of(ORGANIZATION, CustomerId("cust_erased"), stage.ports))
    assert invoices
    assert all(invoice.erased_at is not None for invoice in invoices)


def test_a_clone_without_the_commit_gets_instructions_to_fetch_it() -> None:
    with (
        pytest.raises(side_by_side.ReleaseMissing, match="git fetch --depth=1 origin 0000"),
        side_by_side.code_of("0" * 40),
    ):
        pass


def _known_to_the_last(form: Form) -> Form:
    """Returns the form with only what the last release can be given, tell and show.

    It reads the items of acts and of erased customers, and shows nothing of them, or something else.
    """
    return {
        **form,
        "items": [_shown_by_the_last(each) for each in form["items"]],
        "messages": [each for each in form["messages"] if each["queue"] not in NEW_QUEUES],
        "stream": [
            {**each, "tells": [told for told in each["tells"] if told not in NEW_CHANGES]} for each in form["stream"]
        ],
        "cursors": [
            _without_new_fields(each)
            for each in form["cursors"]
            if not each["path"].partition("?")[0].endswith(NEW_LISTS)
        ],
    }


def _shown_by_the_last(entry: Json) -> Json:
    kind = kind_of(entry["table"], entry["item"])
    if kind is Act or (kind is Customer and value_of(entry["table"], entry["item"]).erased):
        return {name: value for name, value in entry.items() if name != "shows"}
    return {**entry, "shows": _without_new_fields(entry["shows"])} if "shows" in entry else entry


def _without_new_fields(shown: Any) -> Any:
    if isinstance(shown, dict):
        return {
            name: _without_new_fields(each)
            for name, each in shown.items()
            if name not in NEW_FIELDS and (each is not None or name not in NO_LONGER_SHOWN)
        }
    return [_without_new_fields(each) for each in shown] if isinstance(shown, list) else shown


def _plant(prefix: str, entry: Json) -> None:
    """Gives a stored document the planted field, as a newer release would have stored it."""
    item = entry["item"]
    if entry["table"] == "events" or not ("document" in item or "packed" in item):
        return
    document = json.dumps({**json.loads(text_of(item)), PLANTED: 1}, separators=(",", ":"))
    entry["item"] = {**{name: value for name, value in item.items() if name != "packed"}, "document": {"S": document}}
    if "instead" not in entry:
        put(prefix, entry)


def _documents(prefix: str) -> dict[tuple[str, str], Json]:
    found = {}
    for table, names in KEYS.items():
        for item in boto3.client("dynamodb").scan(TableName=prefix + table)["Items"]:
            if table != "events" and ("document" in item or "packed" in item):
                found[table, " ".join(item[name]["S"] for name in names)] = json.loads(text_of(packed(item)))
    return found


def _waiting(made: Recorded, queue: str) -> list[str]:
    """Returns the bodies of the messages of a queue, and takes them out of it."""
    sqs, url, bodies = boto3.client("sqs"), made.queue_urls[queue], []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            bodies.append(str(each["Body"]))
    return bodies
