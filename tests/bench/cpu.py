"""The CPU time of a webhook: our own code alone, and with the DynamoDB client while the wire is stubbed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import stripe
from botocore.awsrequest import AWSResponse
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.adapters import tables
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.stripe.events import WebhookOpener
from chalicelib.adapters.tables import database
from chalicelib.adapters.tables.invoices import TableInvoices
from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.domain.events import EventMarker
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.event_outcome import EventOutcome
from chalicelib.usecases.receive_event import receive_event
from infra.local.aws.in_process import FAKE_ENVIRONMENT
from tests.bench.figures import TIMES, Figure, at_most, only_told, percentile
from tests.bench.samples import SECRET, sample_event, signature
from tests.world import World

SIZE = 3072
ROUNDS = 3_000
WIRE_ROUNDS = 400


class OneInvoice:
    """A store that always holds the same invoice, and counts what is applied to it."""

    def __init__(self, invoice: Invoice) -> None:
        self._invoice = invoice
        self.applied = 0

    def get(self, *_: object) -> Invoice:
        return self._invoice

    def apply(self, invoice: Invoice, marker: EventMarker, references: object = ()) -> Invoice:
        assert invoice.status
        self.applied += 1
        return invoice


def measure() -> list[Figure]:
    """All of it, in this process."""
    world = World()
    body = sample_event(world, SIZE)
    event = json.loads(body)
    metadata = event["data"]["object"]["metadata"]
    invoice = world.ports.invoices.get(metadata["pom_organization_id"], metadata["pom_invoice_id"])
    assert invoice is not None
    return [*_own_code(body, invoice), *_with_the_client(body, invoice)]


def _own_code(body: bytes, invoice: Invoice) -> list[Figure]:
    header, clock = signature(body, SECRET), SystemClock()
    store = OneInvoice(invoice)
    ports: Any = SimpleNamespace(invoices=store, clock=clock)
    opener = WebhookOpener(lambda: (SECRET,), clock)

    def ours() -> None:
        receipt = receive_event(opener.open(body, header), Source.WEBHOOK, ports)
        assert receipt.outcome is EventOutcome.APPLIED, receipt

    def bare() -> None:
        stamp, given = header.split(",")
        signed = stamp[2:].encode() + b"." + body
        assert hmac.compare_digest(hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest(), given[3:])
        json.loads(body)

    def sdk() -> None:
        stripe.Webhook.construct_event(body, header, SECRET)

    took, took_bare, took_sdk = (
        _milliseconds(each, rounds) for each, rounds in ((ours, ROUNDS), (bare, ROUNDS), (sdk, 300))
    )
    assert store.applied >= ROUNDS
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    p50_bare, p50_sdk = percentile(took_bare, 0.5), percentile(took_sdk, 0.5)
    how = f"verify, decode, merge, derive; {len(body)} bytes, {ROUNDS} times, one thread"
    return [
        at_most("webhook CPU, our own code, p50", p50, 0.5, "ms", how, ratio=p50 / p50_bare),
        at_most("webhook CPU, our own code, p99", p99, 1.0, "ms", how),
        only_told("  HMAC and json.loads alone", p50_bare, "ms", "p50, same body", ratio=1.0),
        only_told("  stripe.Webhook.construct_event", p50_sdk, "ms", "p50; it only verifies and wraps",
                  ratio=p50_sdk / p50_bare),
    ]  # fmt: skip


def _with_the_client(body: bytes, invoice: Invoice) -> list[Figure]:
    """Get and transaction through pynamodb and botocore, whose requests are answered before they are sent."""
    endpoint = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
    with patch.dict(os.environ, {**FAKE_ENVIRONMENT, **endpoint}):
        tables.configure("bench-")
        sent: list[bytes] = []
        item = b""

        def answer(request: Any, **_: Any) -> AWSResponse:
            sent.append(request.body)
            getting = request.headers["X-Amz-Target"].endswith(b"GetItem")
            raw = SimpleNamespace(stream=lambda: iter([item if getting else b"{}"]), read=lambda: b"")
            return AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.0"}, raw)

        database.connection().client.meta.events.register_first("before-send.dynamodb", answer)
        stores = TableInvoices()
        stores.save(replace(invoice, version=1))
        item = _read_answer(json.loads(sent[-1]))
        ports: Any = SimpleNamespace(invoices=stores, clock=SystemClock())
        opener = WebhookOpener(lambda: (SECRET,), ports.clock)
        header = signature(body, SECRET)

        def whole() -> None:
            receipt = receive_event(opener.open(body, header), Source.WEBHOOK, ports)
            assert receipt.outcome is EventOutcome.APPLIED, receipt

        writes = _recorded(whole)

        def two_calls() -> None:
            InvoiceItem.get(invoice.organization_id, invoice.id, consistent_read=True)
            with TransactWrite(connection=database.connection()) as transaction:
                for write, model, args, more in writes:
                    write(transaction, type(model)(**model.attribute_values), *args, **more)

        whole_ms, bare_ms = _alternating(whole, two_calls, WIRE_ROUNDS)
    return [
        at_most("webhook CPU whole, the wire stubbed", whole_ms / bare_ms, 1.3, TIMES,
                f"{whole_ms:.2f} ms p50 against {bare_ms:.2f} ms for the same two calls through pynamodb"),
    ]  # fmt: skip


def _read_answer(written: Mapping[str, Any]) -> bytes:
    """What a GetItem answers after this write."""
    item = written.get("Item") or next(each["Put"]["Item"] for each in written["TransactItems"] if "Put" in each)
    return json.dumps({"Item": item}).encode()


Write = tuple[Callable[..., None], Model, tuple[Any, ...], dict[str, Any]]


def _recorded(do: Callable[[], None]) -> list[Write]:
    """The writes of the transaction that `do` makes, as pynamodb is given them."""
    writes: list[Write] = []

    def noting(write: Callable[..., None]) -> Callable[..., None]:
        def noted(self: TransactWrite, model: Model, *args: Any, **more: Any) -> None:
            writes.append((write, model, args, more))
            write(self, model, *args, **more)

        return noted

    with ExitStack() as patches:
        for name in ("save", "update"):
            patches.enter_context(patch.object(TransactWrite, name, noting(getattr(TransactWrite, name))))
        do()
    return writes


def _milliseconds(do: Callable[[], None], rounds: int) -> list[float]:
    for _ in range(rounds // 10):
        do()
    took = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        do()
        took.append((time.thread_time_ns() - began) / 1e6)
    return took


def _alternating(one: Callable[[], None], other: Callable[[], None], rounds: int) -> tuple[float, float]:
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds * 2 + 40):
        do, into = ((one, took[0]), (other, took[1]))[number % 2]
        began = time.thread_time_ns()
        do()
        if number >= 40:
            into.append((time.thread_time_ns() - began) / 1e6)
    return percentile(took[0], 0.5), percentile(took[1], 0.5)
