"""Records a form: plays the story, and stores the items, messages, stream records and responses of it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3

from chalicelib.adapters.tables import TABLES, TableChanges, codec, database
from chalicelib.adapters.tables.dictionaries import DICTIONARIES
from chalicelib.adapters.tables.stream import change_reader
from chalicelib.adapters.unpublished_changes import message_of, unpublished_change
from chalicelib.api import customer_export
from chalicelib.domain.batch import Batch, BatchKind
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout
from chalicelib.functions import QUEUE_TRIGGERS, UNPUBLISHED_CHANGES
from infra.local.streams import ShardReader
from tests.backends import aws_with_resources, table_backend
from tests.bench.stories_stage import Stage, _sqs_event, running
from tests.releases import stored_types, stripe_state
from tests.releases.forms import Form
from tests.releases.reader import KEYS, Reader, facts
from tests.releases.story import Story

LISTS = (
    "/invoices", "/invoices?status=paid", "/invoices?status=open", "/invoices?customerId=cust_1",
    "/invoices?overdue=true", "/invoices?disputed=true", "/invoices?dueFrom=2027-01-01",
    "/invoices?updatedFrom=2027-01-01", "/customers", "/customers?name=a", "/customers?email=a",
    "/customers?syncStatus=synced", "/payments", "/payments?kind=payment", "/payouts", "/invoice-batches",
    "/changes", "/changes?after=now", "/settings/invoicing/history", "/stripe/connection/history",
    "/customers/cust_1/history", "/customers/cust_emailless/export",
)  # fmt: skip
"""The lists that give cursors. Those of one object's parts are found by the objects."""


@dataclass
class RecordedForm:
    """A form, and the running stage whose tables it is of."""

    form: Form
    stage: Stage
    prefix: str
    queue_urls: dict[str, str]


@contextmanager
def record_form(commit: str) -> Iterator[RecordedForm]:
    """Plays the story, and keeps its stage running within the block."""
    with aws_with_resources() as aws, running(table_backend()) as stage:
        stage.ports.changes = TableChanges(stage.ports.clock)  # type: ignore[assignment]
        written, sent_messages = _watch_writes_and_messages(stage)
        Story(stage).tell()
        items = _items(aws.prefix, written, stage)
        form: Form = {"commit": commit, "at": stage.ports.clock.now(), "items": items}
        form["stripe"] = stripe_state.dump(stage.double)
        form["cursors"] = list(_cursors(Reader(aws.prefix), items))
        form["stream"] = _stream(aws.prefix)
        form["messages"] = _messages(sent_messages, form["stream"])
        yield RecordedForm(form, stage, aws.prefix, aws.queue_urls)


def _watch_writes_and_messages(stage: Stage) -> tuple[list[tuple[str, Any]], list[dict[str, str]]]:
    """Returns the lists that take each item written from now on, with its table, and each message sent."""
    written: list[tuple[str, Any]] = []
    sent_messages: list[dict[str, str]] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        puts = [{"Put": params}] if model.name == "PutItem" else params.get("TransactItems", ())
        written.extend((each["Put"]["TableName"], each["Put"]["Item"]) for each in puts if "Put" in each)

    send = stage.queue.send_message
    stage.queue.send_message = lambda **message: (sent_messages.append(message), send(**message))[1]  # type: ignore[method-assign]
    database.connection().client.meta.events.register_first("provide-client-params.dynamodb", note)
    return written, sent_messages


# Items


def _items(prefix: str, written: list[tuple[str, Any]], stage: Stage) -> list[Any]:
    """Returns one item of each kind as it is in the end, and besides it what else was stored or can be stored."""
    reader, entries, types_seen = Reader(prefix), [], set()
    events = [item.get("invoice_key", {}).get("S") for item in _scan(prefix + "events")]
    log = min(key for key in events if key and events.count(key) > 2)
    for model in TABLES:
        table = str(model.Meta.table_name).removeprefix(prefix)
        for item in _scan(prefix + table):
            like = _kind(table, item)
            if like not in types_seen or (table == "events" and item.get("invoice_key") == {"S": log}):
                types_seen.add(like)
                entries.append({"table": table, "item": to_json(item)})
    for entry in entries:
        if (reading := reader._item(entry["table"], entry["item"])) is not None:
            entry["shows"] = reading
    return entries + list(_instead(entries, [(table.removeprefix(prefix), item) for table, item in written]))


def _kind(table: str, item: Any) -> Any:
    """Returns what makes an item one of a kind. Of events, references and claims there are very many alike."""
    of = {name: value.get("S") for name, value in item.items()}
    attributes = tuple(sorted(item))
    match table:
        case "events":
            return table, attributes, of["type"], of["outcome"], of.get("source")
        case "payment-refs":
            return table, of["stripe_id"].partition("_")[0]
        case "claims":
            return table, of["owner"].partition("#")[0], of["claim"].partition("#")[0]
    return table, *(of[name] for name in KEYS[table])


def _instead(entries: list[Any], written: list[tuple[str, Any]]) -> Iterator[Any]:
    """Yields items that can be there instead of others of the same key: earlier versions, and variants.

    An earlier version is kept if it has a type or a word that no other item has. For each word that the story never
    stored, an item is varied that has another word of the same kind. One item is packed with each dictionary.
    """
    there = {(each["table"], *(each["item"][name]["S"] for name in KEYS[each["table"]])): each for each in entries}
    types_seen = set[Any]().union(*(stored_types.of_item(each["table"], each["item"]) for each in entries))
    places: dict[type, tuple[str, Any, stored_types.Path]] = {}
    for table, raw in [(each["table"], each["item"]) for each in entries] + written:
        item = to_json(raw)
        new = stored_types.of_item(table, item) - types_seen
        is_present = (table, *(item[name]["S"] for name in KEYS[table])) in there
        for word, path in stored_types.words(table, item) if is_present else ():
            places.setdefault(type(word), (table, item, path))
        if new and is_present:
            types_seen |= new
            yield {"table": table, "item": item, "instead": f"version {item['version']['N']}"}
    for kind, (table, item, path) in places.items():
        for word in sorted(set(kind) - types_seen):  # type: ignore[call-overload]
            yield {
                "table": table,
                "item": stored_types.with_word(item, path, word),
                "instead": f"{kind.__name__} {word}",
            }
    invoice = next(each["item"] for each in entries if each["table"] == "invoices")
    for dictionary in DICTIONARIES:
        again = codec.deflate(bytes(_text(invoice)), dictionary)
        value = {"B": base64.b64encode(again).decode()}
        named = f"dictionary {zlib.adler32(dictionary):08x}"
        yield {"table": "invoices", "item": {**invoice, "packed": value}, "instead": named}


def _text(item: Any) -> bytes:
    text = stored_types.text_of(item)
    return text.encode() if isinstance(text, str) else text


# Messages, the stream, and cursors


def _messages(sent_messages: list[dict[str, str]], stream: list[Any]) -> list[Any]:
    """Returns the last message of each kind and form, as Lambda hands it over, and a change that was not told."""
    latest: dict[Any, Any] = {}
    functions = {str(trigger.queue): name for name, trigger in QUEUE_TRIGGERS.items()}
    for each in sent_messages:
        queue, body = each["QueueUrl"].rpartition("/")[2], json.loads(each["MessageBody"])
        [record] = _sqs_event(each)["Records"]
        record |= {"messageId": "message", "attributes": {**record["attributes"], **_fifo(each)}}
        latest[queue, body.get("task"), body.get("objects"), *body] = {
            "queue": queue,
            "function": functions[queue],
            "record": record,
        }
    record = stream[0]["record"]
    change = change_reader("{prefix}")(record)
    assert change is not None
    unpublished_message = {"body": message_of(unpublished_change(record, "EventBridge refuses it.", change.change))}
    return [*latest.values(), {"queue": UNPUBLISHED_CHANGES, "function": None, "record": unpublished_message}]


def _fifo(message: dict[str, str]) -> dict[str, str]:
    return {name: message[name] for name in ("MessageGroupId", "MessageDeduplicationId") if name in message}


def _stream(prefix: str) -> list[Any]:
    """Returns the first record of each kind of change, in the end a deletion of one object of each kind."""
    read_change, entries, types_seen = change_reader(prefix), [], set[Any]()
    for table in ("invoices", "customers", "connections", "payouts"):
        shards = ShardReader(prefix + table)
        records = [each for each in shards.peek(10_000) if read_change(each) is not None]
        deletions = [_deletion(each) for each in records]  # that of an erased customer is not told
        for record in [*records, *[each for each in deletions if read_change(each) is not None][-1:]]:
            change = read_change(record)
            types = change.change.difference.types if change else ()
            if change is None or not (new := {(record["eventName"], each) for each in types} - types_seen):
                continue
            types_seen |= new
            record["eventSourceARN"] = record["eventSourceARN"].replace(prefix, "{prefix}")
            entries.append({"tells": [each.value for each in types], "record": record})
    return entries


def _deletion(last: Any) -> Any:
    """Returns the record that the stream has if the item of this record is deleted."""
    change = {name: value for name, value in last["dynamodb"].items() if name != "NewImage"}
    return {**last, "eventName": "REMOVE", "dynamodb": {**change, "OldImage": last["dynamodb"]["NewImage"]}}


def _cursors(reader: Reader, items: list[Any]) -> Iterator[Any]:
    """Yields the second page of each list, by a cursor that its first page gave to a client."""
    lists_seen: set[str] = set()
    for path in (*LISTS, *_lists_of_parts(items)):
        first_page = f"{path}{'&' if '?' in path else '?'}first=1"
        first = path if path.endswith("/export") else first_page
        status, body = _first_of_export(reader, path) if path.endswith("/export") else reader.http("GET", first)
        if (like := re.sub(r"(inv|po|bat|imp)_\w+", "*", first)) in lists_seen or status != 200:
            continue
        end = body["pageInfo"]["endCursor"]
        if end is not None and (body["pageInfo"]["hasNextPage"] or "now" in path):
            lists_seen.add(like)
            second = f"{first.replace('after=now&', '')}{'&' if '?' in first else '?'}after={end}"
            yield {"path": second, "shows": facts(reader.get(second))}


def _first_of_export(reader: Reader, path: str) -> tuple[int, Any]:
    """Returns the part of an export that has the acts. The one behind it is always the same: an export is an act."""
    with patch.object(customer_export, "BYTES", 1):  # a part ends behind its first records
        status, body = reader.http("GET", path)
        while status == 200 and all(each["kind"] != "act" for each in body["data"]):
            status, body = reader.http("GET", f"{path}?after={body['pageInfo']['endCursor']}")
    return status, body


def _lists_of_parts(items: list[Any]) -> Iterator[str]:
    """Yields the path of each list that is a part of a stored object: lines, rows, items, events."""
    for entry in items:
        kind = stored_types.kind_of(entry["table"], entry["item"])
        if kind in (Invoice, Payout, Batch) and "instead" not in entry:
            value = stored_types.value_of(entry["table"], entry["item"])
            path = {Invoice: "/invoices/{}/events", Payout: "/payouts/{}", Batch: "/invoice-batches/{}"}[kind]
            yield (path if getattr(value, "kind", "") != BatchKind.CUSTOMERS else "/customer-imports/{}").format(
                value.id
            )


# DynamoDB's own form


def to_json(item: Any) -> Any:
    """Returns an item with its bytes as base64, as a fixture keeps it."""
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if isinstance(value.get("B"), bytes) else dict(value)
        for name, value in item.items()
    }


def _scan(table: str) -> list[Any]:
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return sorted((item for page in pages for item in page["Items"]), key=lambda item: json.dumps(to_json(item)))
