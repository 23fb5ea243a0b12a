"""Every view of a stored invoice can be read, whatever unknown words another release or Stripe has put into it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.tables.codec import decode
from chalicelib.domain.explanation import explain
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.summary import contribution, invoice_write
from infra.ops.explain import explain_invoice
from infra.ops.repair import tie_out
from infra.ops.screen import Screen
from tests.api.client import ApiClient
from tests.api.conftest import _quiet_metrics, api, app, world
from tests.world import ORGANIZATION, World

__all__ = ["_quiet_metrics", "api", "app", "world"]

KEPT = {"id", "stripe_invoice_id"}
"""Fields that hold ids of other objects. An id is none of the words that Stripe or a release chooses."""

WORDS = st.sampled_from(["", "on_hold", "xqq", "USD", "appeal_of_tomorrow", "[/bold]", "%#:", "…"]) | st.text(
    max_size=8
)


@pytest.fixture
def original(world: World) -> Invoice:
    """Returns an invoice with Stripe facts of every kind."""
    account = world.connect()
    world.customer()
    created = world.invoice()
    options: Any = {"stripe_account": account}
    stripe_id = created.stripe_invoice_id or ""
    note: Any = {"invoice": stripe_id, "amount": 500}
    world.client.v1.credit_notes.create(note, options)
    world.double.pay(account, stripe_id, amount=2000)
    world.double.pay(account, stripe_id, decline=("card_declined", "insufficient_funds"))
    charge = next(each for each in world.in_stripe(account, "charge") if each["status"] == "succeeded")
    refund: Any = {"charge": charge["id"], "amount": 700}
    world.client.v1.refunds.create(refund, options)
    world.double.open_dispute(account, charge["id"], amount=300)
    world.deliver()
    [stored] = world.ports.database.invoices.values()
    facts = stored.facts
    assert all((facts.invoice, facts.payment_intents, facts.charges, facts.refunds, facts.disputes))
    assert all((facts.payments, facts.credit_notes, stored.actions))
    return stored


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the places of a document's texts that Stripe, or another release, has chosen."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in KEPT:
                yield from places(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from places(part, (*path, number))
    elif isinstance(value, str):
        yield path


def texts_of(invoice: Invoice) -> list[tuple[Any, ...]]:
    document = json.loads(_encoded(invoice))
    chosen = {"facts": document["facts"], "actions": document["actions"]}
    return [*places(chosen), ("order", "currency"), ("saga", "step")]


def with_words(invoice: Invoice, words: dict[tuple[Any, ...], str]) -> Invoice:
    """Returns the invoice as it is read if another release had stored these words in it."""
    document = json.loads(_encoded(invoice))
    for path, word in words.items():
        *way, name = path
        part: Any = document
        for step in way:
            part = part[step]
        part[name] = word
    return decode(Invoice, json.dumps(document), None)


def _encoded(invoice: Invoice) -> bytes:
    return msgspec.json.Encoder(decimal_format="string").encode(invoice)


def store(world: World, invoice: Invoice) -> None:
    """Puts the invoice and its tallies into the stores, as a write would."""
    database = world.ports.database
    blank = replace(invoice, counted=())
    database.invoices = {(invoice.organization_id, invoice.id): invoice_write(blank)[0]}
    database.tallies = {invoice.organization_id: contribution(invoice)}


def read_everything(world: World, api: ApiClient, invoice: Invoice) -> None:
    """Reads every view of the invoice, and asserts that each responds with success."""
    invoice_path = f"/invoices/{invoice.id}"
    for path in (
        invoice_path,
        f"{invoice_path}/history",
        f"{invoice_path}/events",
        "/payments",
        "/invoices",
        "/invoices?overdue=true",
        "/summary",
    ):
        answer = api.get(path)
        assert answer.status == 200, f"{path}: {answer.text}"
    assert api.get("/invoices").json["data"], "the list has lost the invoice"
    assert explain(invoice, world.ports.clock.now())
    stage: Any = SimpleNamespace(ports=world.ports)
    for as_json in (True, False):
        screen = Screen(as_json=as_json)
        inspect.unwrap(explain_invoice.callback)(stage, screen, ORGANIZATION, invoice.id)
        inspect.unwrap(tie_out.callback)(stage, screen, (ORGANIZATION,), False, 3)
        failures = [text for text in screen.document.get("failures", ()) if not text.endswith("items differ.")]
        assert not failures


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_every_view_can_be_read_with_any_one_unknown_stored_word(
    world: World, api: ApiClient, original: Invoice, data: st.DataObject
) -> None:
    chosen = data.draw(st.dictionaries(st.sampled_from(texts_of(original)), WORDS, min_size=1, max_size=8))
    with_unknown = with_words(original, chosen)
    store(world, with_unknown)
    read_everything(world, api, with_unknown)


@pytest.mark.parametrize("word", ["", "on_hold", "[/bold]", "%#:"])
def test_every_view_can_be_read_if_every_stored_word_is_unknown(
    world: World, api: ApiClient, original: Invoice, word: str
) -> None:
    with_unknown = with_words(original, dict.fromkeys(texts_of(original), word))
    store(world, with_unknown)
    read_everything(world, api, with_unknown)
