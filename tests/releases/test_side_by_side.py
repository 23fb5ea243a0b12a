"""While a release is rolled out, the last release's code works on what today's writes, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.releases import forms, side_by_side
from tests.releases.differences import differences, lost
from tests.releases.reader import KEYS, Json, Reader, errors, facts, put
from tests.releases.recording import Recorded, packed, recorded
from tests.releases.stored_types import text_of

PLANTED = "of_the_next_release"
"""A field that only the newer release knows."""
MAY_BE_LOST: dict[str, set[str]] = {
    "batches": {"expires_at"},
    "customers": {"erasure"},
    "invoices": {"erased_at"},
}
"""Fields that today stores and the last release drops when it writes, by table. docs/decisions/0047 says when one may
stand here: if Stripe or the next write gives it again. A part of a batch without its expiry is kept longer, and holds
nobody's data; the next round of its batch gives it one again.

`erasure` and `erased_at` are not given again. Nothing has been deployed, so no erasure is older than them. After a
way back to a release without them, the erasures of that time are asked for again (docs/decisions/0050)."""


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
        done = side_by_side.done_by(code, forms.reader_of(last), made.form, made.stage, made.prefix)
        yield {"made": made, "code": code, "done": done, "lost": lost(before, _documents(made.prefix))}


def test_the_other_code_is_that_of_the_last_release(beside: dict[str, Any]) -> None:
    assert Path(beside["done"]["code"]).resolve() == beside["code"].resolve()


def test_the_last_release_reads_handles_and_tells_what_today_writes(beside: dict[str, Any]) -> None:
    assert list(errors(beside["done"]["read"])) == []
    assert _waiting(beside["made"], "untold-changes") == []


def test_the_last_release_shows_of_it_what_today_shows(beside: dict[str, Any]) -> None:
    assert list(differences(beside["made"].form, beside["done"]["read"])) == []


def test_today_reads_what_the_last_release_has_written_on_the_same_tables(beside: dict[str, Any]) -> None:
    written = beside["done"]["written"]
    assert len(written) == 5
    reader = Reader(beside["made"].prefix)
    assert {path: facts(reader.get(path)) for path in written} == written


def test_today_handles_what_the_last_release_has_queued(beside: dict[str, Any]) -> None:
    made: Recorded = beside["made"]
    functions = {each["queue"]: each["function"] for each in made.form["messages"]}
    queued = [(queue, body) for queue in functions if queue != "untold-changes" for body in _waiting(made, queue)]
    assert queued
    for queue, body in queued:
        record = next(each["record"] for each in made.form["messages"] if each["queue"] == queue)
        Reader(made.prefix).invoke(functions[queue], [{**record, "body": body}])


def test_the_last_release_loses_no_field_that_is_not_allowed_to_be_lost(beside: dict[str, Any]) -> None:
    """It drops the planted field from each document that it writes, which shows that this test would see another."""
    gone = beside["lost"]
    assert {"invoices", "customers", "connections"} <= gone.keys()
    assert {table: fields - {PLANTED} - MAY_BE_LOST.get(table, set()) for table, fields in gone.items()} == {
        table: set() for table in gone
    }


def test_a_clone_without_the_commit_is_told_how_to_get_it() -> None:
    with (
        pytest.raises(side_by_side.ReleaseMissing, match="git fetch --depth=1 origin 0000"),
        side_by_side.code_of("0" * 40),
    ):
        pass


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
