"""The DynamoDB requests of the summary: reading takes two queries, and writing adds no request of its own."""

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


def as_pending(stored_invoice: Invoice, due_at: int = NOW) -> Invoice:
    return in_status(stored_invoice, InvoiceStatus.PENDING, due_at=due_at)


def as_paid(stored_invoice: Invoice, at: int = NOW) -> Invoice:
    paid_invoice = in_status(stored_invoice, InvoiceStatus.PAID)
    assert paid_invoice.facts.invoice is not None
    return replace(
        paid_invoice, facts=replace(paid_invoice.facts, invoice=replace(paid_invoice.facts.invoice, paid_at=at))
    )


def tables_written(run: Callable[[], object]) -> list[list[str]]:
    """Returns the tables that each transaction writes to, in the transaction's order."""
    tables_by_transaction: list[list[str]] = []

    def note(request: Any, **_: Any) -> None:
        body = msgspec.json.decode(request.body)
        if "TransactItems" in body:
            tables = [next(iter(item.values()))["TableName"] for item in body["TransactItems"]]
            tables_by_transaction.append([name.partition("-")[2] for name in tables])

    with dynamodb_answering(note):
        run()
    return tables_by_transaction


def test_reading_the_summary_takes_two_queries_for_any_number_of_invoices(stores_on_tables: Backend) -> None:
    for number in range(120):
        stored_invoice = invoice(str(number))
        moment = NOW + (number - 60) * DAY
        stores_on_tables.invoices.insert(
            invoice_write(as_paid(stored_invoice, moment) if number % 2 else as_pending(stored_invoice, moment)), {}
        )
    with requests_to_dynamodb() as requests:
        stores_on_tables.summaries.tallies(ORG, MONTH)
    assert requests == ["Query", "Query"]


def test_a_webhook_that_changes_the_status_is_one_read_and_one_transaction(stores_on_tables: Backend) -> None:
    first = stores_on_tables.invoices.insert(invoice_write(as_pending(invoice())), {})
    with requests_to_dynamodb() as requests:
        stored_invoice = stores_on_tables.invoices.get(ORG, first.id)
        assert stored_invoice is not None
        stores_on_tables.invoices.apply(invoice_write(as_paid(stored_invoice)), marker())
    assert requests == ["GetItem", "TransactWriteItems"]


def test_a_write_that_changes_no_sum_adds_no_request(stores_on_tables: Backend) -> None:
    stores = stores_on_tables.invoices
    first = stores.insert(invoice_write(as_pending(invoice())), {})
    assert tables_written(lambda: stores.apply(invoice_write(replace(first, sent_at=NOW)), marker())) == [
        ["invoices", "events"]
    ]
    second = stores.get(ORG, first.id)
    assert second is not None
    with requests_to_dynamodb() as requests:
        third = stores.save(invoice_write(replace(second, sent_at=NOW + 1)))
    assert requests == ["PutItem"]
    [tables] = tables_written(lambda: stores.save(invoice_write(as_paid(third))))
    assert tables == ["invoices", "summaries", "summaries"]  # the totals, and the day of payment


def test_the_largest_transactions_stay_within_dynamodbs_limit(stores_on_tables: Backend) -> None:
    names = [f"s{n}" for n in range(MAX_CLAIMS_AT_ONCE)]
    stores = stores_on_tables.invoices
    [insertion] = tables_written(lambda: stores.insert(invoice_write(as_pending(invoice())), services(*names)))
    stored_invoice = stores.get(ORG, invoice().id)
    assert stored_invoice is not None
    paid_invoice = as_paid(stored_invoice)
    paid_invoice = paid_invoice.knowing(DisputeFact("dp_1", NOW, "needs_response", 100, "eur"))
    rows = tuple(payment(f"ch_{n}") for n in range(ROWS_AT_ONCE))
    references = [reference(f"pi_{n}", stored_invoice) for n in range(MAX_CLAIMS_AT_ONCE - ROWS_AT_ONCE)]
    [application] = tables_written(
        lambda: stores.apply(invoice_write(paid_invoice)._replace(movements=rows), marker(), references)
    )
    now = stores.get(ORG, stored_invoice.id)
    assert now is not None
    [removal] = tables_written(lambda: stores.remove(invoice_removal(now), [ServiceId(name) for name in names]))
    assert max(map(len, (insertion, application, removal))) <= database.MAX_ITEMS_AT_ONCE
    assert (application.count("payments"), application.count("payment-refs")) == (ROWS_AT_ONCE, len(references))
    assert application.count("summaries") == 2, "the totals and the day it was paid"


@contextmanager
def transactions_in_conflict(times: int) -> Iterator[None]:
    """Makes this many transactions fail with a conflict."""
    remaining_attempts = iter(range(times))

    def refuse(params: Any, **_: Any) -> Any:
        if next(remaining_attempts, None) is None:
            return None
        others = [{"Code": "None"}] * (len(msgspec.json.decode(params["body"])["TransactItems"]) - 1)
        response = {
            "Error": {"Code": "TransactionCanceledException", "Message": "no"},
            "CancellationReasons": [*others, {"Code": "TransactionConflict"}],
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "1", "HTTPHeaders": {}},
        }
        return SimpleNamespace(status_code=400, headers={}), response

    events = database.connection().client.meta.events
    events.register_first("before-call.dynamodb.TransactWriteItems", refuse)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", refuse)


def test_conflicting_transactions_are_repeated_and_then_stale(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(database, "time", SimpleNamespace(sleep=pauses.append))
    first = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    with transactions_in_conflict(2):
        second = stores_on_tables.invoices.save(invoice_write(as_pending(first)))
    assert stores_on_tables.invoices.get(ORG, first.id) == second
    assert len(pauses) == 2
    with transactions_in_conflict(9), pytest.raises(StaleWrite):
        stores_on_tables.invoices.save(invoice_write(as_paid(second)))
    assert len(pauses) == 2 + 3
    assert stores_on_tables.invoices.get(ORG, first.id) == second
