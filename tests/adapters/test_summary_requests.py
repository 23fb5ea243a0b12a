"""What the summary costs in DynamoDB: by its reader two queries, by its writers no request of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from chalicelib.adapters.tables import database
from chalicelib.adapters.tables.payments import ROWS_AT_ONCE
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import Period, invoice_removal, invoice_write
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE
from tests.backends import Backend, dynamodb_answering, requests_to_dynamodb
from tests.contracts.examples import NOW, ORG, in_status, invoice, marker, payment, reference, services

DAY = 86400
MONTH = Period(dt.date(2027, 1, 1), dt.date(2027, 1, 31))


def pending(made: Invoice, due_at: int = NOW) -> Invoice:
    return in_status(made, InvoiceStatus.PENDING, due_at=due_at)


def paid(made: Invoice, at: int = NOW) -> Invoice:
    settled = in_status(made, InvoiceStatus.PAID)
    assert settled.facts.invoice is not None
    return replace(settled, facts=replace(settled.facts, invoice=replace(settled.facts.invoice, paid_at=at)))


def written(run: Callable[[], object]) -> list[list[str]]:
    """The tables that each transaction writes to, in its order."""
    seen: list[list[str]] = []

    def note(request: Any, **_: Any) -> None:
        body = msgspec.json.decode(request.body)
        if "TransactItems" in body:
            tables = [next(iter(item.values()))["TableName"] for item in body["TransactItems"]]
            seen.append([name.partition("-")[2] for name in tables])

    with dynamodb_answering(note):
        run()
    return seen


def test_reading_takes_two_queries_however_many_invoices_there_are(stores_on_tables: Backend) -> None:
    for number in range(120):
        made = invoice(str(number))
        moment = NOW + (number - 60) * DAY
        stores_on_tables.invoices.insert(
            invoice_write(paid(made, moment) if number % 2 else pending(made, moment)), {}
        )
    with requests_to_dynamodb() as called:
        stores_on_tables.summaries.tallies(ORG, MONTH)
    assert called == ["Query", "Query"]


def test_a_webhook_that_changes_the_status_is_one_read_and_one_transaction(stores_on_tables: Backend) -> None:
    first = stores_on_tables.invoices.insert(invoice_write(pending(invoice())), {})
    with requests_to_dynamodb() as called:
        read = stores_on_tables.invoices.get(ORG, first.id)
        assert read is not None
        stores_on_tables.invoices.apply(invoice_write(paid(read)), marker())
    assert called == ["GetItem", "TransactWriteItems"]


def test_a_write_that_changes_no_sum_has_nothing_added_to_it(stores_on_tables: Backend) -> None:
    stores = stores_on_tables.invoices
    first = stores.insert(invoice_write(pending(invoice())), {})
    assert written(lambda: stores.apply(invoice_write(replace(first, sent_at=NOW)), marker())) == [
        ["invoices", "events"]
    ]
    second = stores.get(ORG, first.id)
    assert second is not None
    with requests_to_dynamodb() as called:
        third = stores.save(invoice_write(replace(second, sent_at=NOW + 1)))
    assert called == ["PutItem"]
    [tables] = written(lambda: stores.save(invoice_write(paid(third))))
    assert tables == ["invoices", "summaries", "summaries"]  # totals, a day paid


def test_the_largest_transactions_fit(stores_on_tables: Backend) -> None:
    names = [f"s{n}" for n in range(MAX_CLAIMS_AT_ONCE)]
    stores = stores_on_tables.invoices
    [inserted] = written(lambda: stores.insert(invoice_write(pending(invoice())), services(*names)))
    known = stores.get(ORG, invoice().id)
    assert known is not None
    changed = paid(known)
    changed = changed.knowing(DisputeFact("dp_1", NOW, "needs_response", 100, "eur"))
    rows = tuple(payment(f"ch_{n}") for n in range(ROWS_AT_ONCE))
    references = [reference(f"pi_{n}", known) for n in range(MAX_CLAIMS_AT_ONCE - ROWS_AT_ONCE)]
    [applied] = written(lambda: stores.apply(invoice_write(changed)._replace(movements=rows), marker(), references))
    now = stores.get(ORG, known.id)
    assert now is not None
    [removed] = written(lambda: stores.remove(invoice_removal(now), [ServiceId(name) for name in names]))
    assert max(map(len, (inserted, applied, removed))) <= database.MAX_ITEMS_AT_ONCE
    assert (applied.count("payments"), applied.count("payment-refs")) == (ROWS_AT_ONCE, len(references))
    assert applied.count("summaries") == 2, "the totals and the day it was paid"


@contextmanager
def transactions_meeting(times: int) -> Iterator[None]:
    """So many transactions meet others and are not made."""
    left = iter(range(times))

    def refuse(params: Any, **_: Any) -> Any:
        if next(left, None) is None:
            return None
        others = [{"Code": "None"}] * (len(msgspec.json.decode(params["body"])["TransactItems"]) - 1)
        answer = {
            "Error": {"Code": "TransactionCanceledException", "Message": "no"},
            "CancellationReasons": [*others, {"Code": "TransactionConflict"}],
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "1", "HTTPHeaders": {}},
        }
        return SimpleNamespace(status_code=400, headers={}), answer

    events = database.connection().client.meta.events
    events.register_first("before-call.dynamodb.TransactWriteItems", refuse)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", refuse)


def test_transactions_that_meet_are_made_again_and_then_stale(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(database, "time", SimpleNamespace(sleep=pauses.append))
    first = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    with transactions_meeting(2):
        second = stores_on_tables.invoices.save(invoice_write(pending(first)))
    assert stores_on_tables.invoices.get(ORG, first.id) == second
    assert len(pauses) == 2
    with transactions_meeting(9), pytest.raises(StaleWrite):
        stores_on_tables.invoices.save(invoice_write(paid(second)))
    assert len(pauses) == 2 + 3
    assert stores_on_tables.invoices.get(ORG, first.id) == second
