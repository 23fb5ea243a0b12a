"""The CPU time of a webhook with the DynamoDB client, whose requests get their response before they are sent.

For comparison, the same two calls as a user of pynamodb would make them, with ready values. The bench asserts that
both make the same requests.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeAlias
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.adapters import tables
from chalicelib.adapters.stripe.events import WebhookOpener
from chalicelib.adapters.tables import database
from chalicelib.adapters.tables.invoices import TableInvoices
from chalicelib.adapters.tables.models import EventItem, InvoiceItem
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.summary import invoice_write
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from infra.local.aws.in_process import FAKE_ENVIRONMENT
from tests.bench.alternating import cpu_milliseconds
from tests.bench.figures import TIMES, Figure, at_most, no_budget, percentile
from tests.bench.samples import SECRET, ClockOfEvent, signature

ROUNDS = 300
LIMIT = 1.3
NOBODY = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}

Json: TypeAlias = Any
Write: TypeAlias = Callable[[TransactWrite], None]


class Wire:
    """Responds to every request to DynamoDB immediately, and stores the request."""

    def __init__(self) -> None:
        self.item = b""
        self.sent: list[bytes] = []

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.sent.append(request.body)
        getting = request.headers["X-Amz-Target"].endswith(b"GetItem")
        raw = SimpleNamespace(stream=lambda: iter([self.item if getting else b"{}"]), read=lambda: b"")
        return AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.0"}, raw)

    def written(self) -> Json:
        """Returns the writes of the latest transaction."""
        return json.loads(self.sent[-1])["TransactItems"]


def measured(body: bytes, invoice: Invoice, limit: float | None) -> list[Figure]:
    """Returns the ratio of a whole webhook to its two calls through pynamodb, and the events a second."""
    with patch.dict(os.environ, {**FAKE_ENVIRONMENT, **NOBODY}):
        tables.configure("bench-")
        client, wire = database.connection().client, Wire()
        client.meta.events.register_first("before-send.dynamodb", wire)
        try:
            whole, bare = _milliseconds(body, invoice, wire)
        finally:
            client.meta.events.unregister("before-send.dynamodb", wire)
    what = f"webhook CPU, {len(body) // 1024} KB, whole, the wire stubbed"
    how = f"{whole:.2f} ms p50 against {bare:.2f} ms for the same two calls through pynamodb"
    return [
        no_budget(what, whole / bare, TIMES, how)
        if limit is None
        else at_most(what, whole / bare, limit, TIMES, how),
        no_budget("  events a second and core, whole", 1000 / whole, "/s", "1 s by the p50"),
    ]


def _milliseconds(body: bytes, invoice: Invoice, wire: Wire) -> tuple[float, float]:
    stores = TableInvoices()
    stores.save(invoice_write(replace(invoice, version=1)))
    wire.item = json.dumps({"Item": _item_of(json.loads(wire.sent[-1]))}).encode()
    ports: Any = SimpleNamespace(invoices=stores, clock=ClockOfEvent(body))
    opener = WebhookOpener(lambda: (SECRET,), ports.clock)
    header = signature(body, SECRET, ports.clock.now())

    def whole() -> None:
        receipt = receive_event(opener.open(body, header), Source.WEBHOOK, ports)
        assert receipt.outcome is EventOutcome.APPLIED, receipt

    whole()
    ours = wire.written()
    writes = [_through_pynamodb(each) for each in ours]

    def two_calls() -> None:
        InvoiceItem.get(invoice.organization_id, invoice.id, consistent_read=True)
        with TransactWrite(connection=database.connection()) as transaction:
            for write in writes:
                write(transaction)

    two_calls()
    assert wire.written() == ours, "both sides must send DynamoDB the same requests"
    took = cpu_milliseconds((whole, two_calls), ROUNDS)
    return percentile(took[0], 0.5), percentile(took[1], 0.5)


def _item_of(written: Mapping[str, Json]) -> Json:
    """Returns the response of a GetItem after this write."""
    return written.get("Item") or next(each["Put"]["Item"] for each in written["TransactItems"] if "Put" in each)


def _through_pynamodb(written: Mapping[str, Json]) -> Write:
    """Makes a write as a user of pynamodb would. Conditions and actions are ready before; each model is created for
    the write.
    """
    [(kind, request)] = written.items()
    model = next(each for each in database.TABLES if each.Meta.table_name == request["TableName"])
    if kind == "Put":
        values = model.from_raw_data(
            {name: _off_the_wire(value) for name, value in request["Item"].items()}
        ).attribute_values
        condition = _condition(model, values)
        return lambda transaction: transaction.save(model(**values), condition, return_values="ALL_OLD")
    keys = [value["S"] for value in request["Key"].values()]
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    added = [words.split() for words in request["UpdateExpression"].removeprefix("ADD ").split(", ")]
    actions = [Path([names[name]]).add(int(values[value]["N"])) for name, value in added]
    return lambda transaction: transaction.update(model(*keys), actions)


def _off_the_wire(value: Mapping[str, str]) -> Mapping[str, str | bytes]:
    """Returns an attribute in the form in which botocore passes it to pynamodb."""
    return {"B": b64decode(value["B"])} if "B" in value else value


def _condition(model: type[Model], values: Mapping[str, Any]) -> Condition:
    if model is EventItem:
        return EventItem.event_id.does_not_exist() | (EventItem.outcome == "parked")
    return InvoiceItem.version == values["version"] - 1
