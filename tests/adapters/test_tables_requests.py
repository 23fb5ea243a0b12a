"""The number of requests that the stores send to DynamoDB, and the cases in which an index lags."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import tables
from chalicelib.adapters.tables import database
from chalicelib.adapters.tables.models import BatchItem as Row
from chalicelib.adapters.tables.models import (
    CustomerItem,
    EventItem,
    InvoiceItem,
    PaymentItem,
    PayoutItem,
    SummaryItem,
)
from chalicelib.domain.attention import UnknownInvoices
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import BatchKind
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.canary import CanaryRun, Verdict
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.connection import Authorization, Connection
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.events import NOTHING_NEW
from chalicelib.domain.identifiers import CustomerId, InvoiceId, ServiceId, UserId
from chalicelib.domain.movements import MovementFilter, MovementKind
from chalicelib.domain.payout import PayoutFilter
from chalicelib.domain.status import InvoiceStatus, StatusGroup
from chalicelib.domain.summary import invoice_removal, invoice_write
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.ports.storage import InvoiceFilter
from tests.backends import Aws, Backend, requests_to_dynamodb
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    about_invoice,
    balance_transaction,
    customer,
    event,
    in_status,
    invoice,
    linked_customer,
    marker,
    of_customer,
    payment,
    payout,
    payout_line,
    reference,
    refund,
    services,
)
from tests.contracts.test_batch_store import running_batch


def operations_with_requests(stores: Backend) -> dict[str, tuple[Callable[[], object], list[str]]]:
    """Returns operations of the stores, each with its expected requests."""
    stored_invoice = stores.invoices.insert(invoice_write(invoice("one")), services("s1"))
    two = stores.invoices.insert(invoice_write(invoice("two")), {})
    three = stores.invoices.insert(invoice_write(invoice("three")), services("s3"))
    five = stores.invoices.insert(invoice_write(invoice("five")), {})
    four = stores.invoices.insert(invoice_write(invoice("four")), {})
    stored_customer = stores.customers.save(linked_customer(customer("1"), "cus_1"))
    transact, get, put, query, batch = "TransactWriteItems", "GetItem", "PutItem", "Query", "BatchGetItem"
    update, write = "UpdateItem", "BatchWriteItem"
    return {
        "read an invoice": (lambda: stores.invoices.get(ORG, stored_invoice.id), [get]),
        "insert with claims": (
            lambda: stores.invoices.insert(invoice_write(invoice("new")), services("s8", "s9")),
            [transact],
        ),
        "claim": (lambda: stores.invoices.claim(stored_invoice, services("s5")), [transact]),
        "save with a claim": (
            lambda: stores.invoices.save_claiming(invoice_write(five, five), services("s6")),
            [transact],
        ),
        "give up a claim": (lambda: stores.invoices.release(three, [ServiceId("s3")]), [transact]),
        "save": (lambda: stores.invoices.save(invoice_write(two)), [put]),
        "save with a payment": (
            lambda: stores.invoices.save(invoice_write(four)._replace(movements=(payment("ch_4"),))),
            [transact],
        ),
        "a page of payments": (lambda: stores.payments.page(ORG, MovementFilter(), 10, None), [query]),
        "find payments": (lambda: stores.payments.find(ORG, ["ch_4", "ch_5"]), [batch]),
        "settle a payment": (
            lambda: stores.payments.settle(
                ORG, [("ch_4", Settlement(balance_transaction())), ("ch_4", Settlement(balance_transaction("txn_2")))]
            ),
            [update],
        ),
        "read a payout": (lambda: stores.payouts.get(ORG, "po_1"), [get]),
        "find a hundred payouts": (lambda: stores.payouts.find(ORG, [f"po_{n}" for n in range(100)]), [batch]),
        "save a payout": (lambda: stores.payouts.save(payout()), [put]),
        "a page of payouts": (lambda: stores.payouts.page(ORG, PayoutFilter(), 10, None), [query]),
        "keep a hundred lines": (
            lambda: stores.payouts.put_lines(ORG, "po_1", [payout_line(f"txn_{n}") for n in range(100)]),
            [write] * 4,
        ),
        "a page of lines": (lambda: stores.payouts.lines(ORG, "po_1", 50, None), [query]),
        "all lines": (lambda: list(stores.payouts.all_lines(ORG, "po_1")), [query]),
        "remove lines": (lambda: stores.payouts.remove_lines(ORG, "po_1", [payout_line()]), [write]),
        "mark": (lambda: stores.events.mark(about_invoice("evt_8")), [put]),
        "event log": (lambda: stores.events.of_invoice(ORG, InvoiceId("inv_a"), 10, None), [query]),
        "apply with references": (
            lambda: stores.invoices.apply(
                invoice_write(stored_invoice),
                marker(),
                [reference("pi_1", stored_invoice), reference("ch_1", stored_invoice)],
            ),
            [transact],
        ),
        "save with references": (
            lambda: stores.invoices.save(invoice_write(two), [reference("pi_2", two)]),
            [transact],
        ),
        "remove": (lambda: stores.invoices.remove(invoice_removal(three), [ServiceId("s3")]), [transact]),
        "find a hundred references": (
            lambda: stores.invoices.find_by_reference(ACCOUNT, [f"pi_{n}" for n in range(100)]),
            [batch],
        ),
        "due work": (lambda: stores.invoices.due_for_work(NOW, 100), [query]),
        "read a customer": (lambda: stores.customers.get(ORG, stored_customer.id), [get]),
        "save a customer": (lambda: stores.customers.save(customer("2")), [put]),
        "apply to a customer": (lambda: stores.customers.apply(stored_customer, marker("evt_2")), [transact]),
        "find by Stripe id": (lambda: stores.customers.find_by_stripe_id(ACCOUNT, "cus_1"), [query, get]),
        "find by unknown Stripe id": (lambda: stores.customers.find_by_stripe_id(ACCOUNT, "cus_9"), [query]),
        "a page of customers": (lambda: stores.customers.page(ORG, CustomerFilter(), 10, None), [query]),
        "pending customers": (lambda: stores.customers.pending(NOW, 100), [query]),
        "read a connection": (lambda: stores.connections.get(ORG), [get]),
        "bind": (lambda: stores.connections.bind(replace(Connection(ORG), account_id=ACCOUNT)), [transact]),
        "organization of an account": (lambda: stores.connections.organization_of(ACCOUNT), [get]),
        "all active": (lambda: list(stores.connections.all_active()), [query]),
        "settings": (lambda: stores.settings.get(ORG), [get]),
        "a hundred known events": (
            lambda: stores.events.known(ACCOUNT, [f"evt_{n}" for n in range(100)]),
            [batch],
        ),
        "park": (lambda: stores.events.park(event("evt_7"), NOW, "error"), ["UpdateItem"]),
        "parked": (lambda: stores.events.parked(ACCOUNT, 10), [query]),
        "last received": (lambda: stores.events.last_received_at(ACCOUNT), [query]),
        "arrivals": (lambda: stores.events.arrivals(ACCOUNT), [query, batch]),
        "repeated": (lambda: stores.events.repeated(ACCOUNT, "evt_1", NOW), ["UpdateItem"]),
        "keep a check": (lambda: stores.connections.save_webhook_check(WebhookCheck(NOW, True)), [put]),
        "unknown invoices": (lambda: stores.connections.unknown_invoices(ORG), [get]),
        "keep unknown invoices": (
            lambda: stores.connections.save_unknown_invoices(ORG, UnknownInvoices(NOW, 0, ())),
            [put],
        ),
        "the latest test": (lambda: stores.connections.trial(ORG), [get]),
        "begin a test": (lambda: stores.connections.begin_trial(ORG, Trial(ACCOUNT, "run", NOW)), [put]),
        "keep a test": (lambda: stores.connections.save_trial(ORG, Trial(ACCOUNT, "run", NOW)), [put]),
        "keep a flight": (lambda: stores.connections.save_canary_run(CanaryRun(Verdict.PASSED, 90, NOW)), [put]),
    }


def test_each_operation_takes_the_expected_requests(stores_on_tables: Backend) -> None:
    requests_by_operation = {}
    expected_requests = {}
    for name, (run, requests) in operations_with_requests(stores_on_tables).items():
        if name == "save with references":
            continue  # It needs the version that "save" created.
        with requests_to_dynamodb() as called:
            run()
        requests_by_operation[name], expected_requests[name] = called, requests
    assert requests_by_operation == expected_requests


def test_a_webhook_that_changes_an_invoice_is_one_read_and_one_transaction(stores_on_tables: Backend) -> None:
    first = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    with requests_to_dynamodb() as requests:
        stored_invoice = stores_on_tables.invoices.get(ORG, first.id)
        assert stored_invoice is not None
        stores_on_tables.invoices.apply(invoice_write(stored_invoice), marker(), [reference("pi_1", stored_invoice)])
    assert requests == ["GetItem", "TransactWriteItems"]


def test_a_duplicate_event_is_one_cancelled_transaction(stores_on_tables: Backend) -> None:
    stored_invoice = stores_on_tables.invoices.apply(
        invoice_write(stores_on_tables.invoices.insert(invoice_write(invoice()), {})), marker()
    )
    with requests_to_dynamodb() as requests, pytest.raises(DuplicateEvent):
        stores_on_tables.invoices.apply(invoice_write(stored_invoice), marker())
    assert requests == ["TransactWriteItems"]


@pytest.mark.parametrize(
    "invoice_filter",
    [
        InvoiceFilter(),
        InvoiceFilter(status=InvoiceStatus.PENDING),
        InvoiceFilter(customer_id=CustomerId("c1")),
        InvoiceFilter(created_from=NOW, created_before=NOW + 90),
        InvoiceFilter(status=InvoiceStatus.PENDING, created_from=NOW, created_before=NOW + 90),
        InvoiceFilter(customer_id=CustomerId("c1"), created_before=NOW + 90),
        InvoiceFilter(group=StatusGroup.OPEN),
        InvoiceFilter(group=StatusGroup.UNPAID),
        InvoiceFilter(group=StatusGroup.UNPAID, created_from=NOW, created_before=NOW + 90),
        InvoiceFilter(due_before=NOW),
        InvoiceFilter(overdue=True),
        InvoiceFilter(overdue=True, due_from=NOW - 40 * 86400, due_before=NOW),
        InvoiceFilter(updated_from=NOW - 60, updated_before=NOW + 60),
    ],
)
def test_a_page_of_invoices_with_any_filter_is_one_query_of_keys_and_one_batch_read(
    stores_on_tables: Backend, invoice_filter: InvoiceFilter
) -> None:
    for n in range(30):
        invoice_of_customer = of_customer(invoice(str(n), created_at=NOW + n), "c1")
        stores_on_tables.invoices.insert(
            invoice_write(in_status(invoice_of_customer, InvoiceStatus.PENDING, due_at=NOW - (n + 1) * 86400)), {}
        )
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.invoices.page(ORG, invoice_filter, 10, None)
    assert requests == ["Query", "BatchGetItem"]
    assert len(page.items) == 10
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.invoices.page(ORG, invoice_filter, 10, page.end_cursor)
    assert requests == ["Query", "BatchGetItem"]
    assert len(page.items) == 10


def test_a_page_is_filled_by_another_query_where_the_index_lags(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index still lists three paid invoices as pending, and as the newest."""
    for n in range(9):
        status = InvoiceStatus.PAID if n > 5 else InvoiceStatus.PENDING
        stores_on_tables.invoices.insert(invoice_write(in_status(invoice(str(n), created_at=NOW + n), status)), {})
    lagging = [InvoiceItem(ORG, f"inv_{n}", created_key=f"{NOW + n:012d}#{n}") for n in range(9)]
    monkeypatch.setattr(InvoiceItem.by_status, "query", lambda *_, **__: reversed(lagging))
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.invoices.page(ORG, InvoiceFilter(status=InvoiceStatus.PENDING), 2, None)
    assert ([item.id for item in page.items], page.has_next) == (["inv_5", "inv_4"], True)
    assert requests == ["BatchGetItem"] * 2, "the first query returned only paid invoices"


def test_an_invoice_that_left_a_list_is_not_returned_although_the_index_lags(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index still lists the paid invoice as unpaid, and one that was removed."""
    unpaid = in_status(invoice("unpaid"), InvoiceStatus.PENDING)
    paid_invoice = in_status(invoice("paid"), InvoiceStatus.PAID)
    for each_invoice in (unpaid, paid_invoice):
        stores_on_tables.invoices.insert(invoice_write(each_invoice), {})
    names = ("inv_unpaid", "inv_removed", "inv_paid")
    lagging = [InvoiceItem(ORG, name, created_key=f"{NOW:012d}#{name}") for name in names]
    monkeypatch.setattr(InvoiceItem.by_status, "query", lambda *_, **__: iter(lagging))
    page = stores_on_tables.invoices.page(ORG, InvoiceFilter(status=InvoiceStatus.PENDING), 10, None)
    assert [item.id for item in page.items] == ["inv_unpaid"]
    assert not page.has_next


def test_a_paid_invoice_is_not_listed_as_overdue_although_the_index_lags(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, status in (("late", InvoiceStatus.PENDING), ("paid", InvoiceStatus.PAID)):
        due_invoice = in_status(invoice(name), status, due_at=NOW - 9 * 86400)
        stores_on_tables.invoices.insert(invoice_write(due_invoice), {})
    lagging = [InvoiceItem(ORG, f"inv_{name}", overdue_key=f"{NOW:012d}#{name}") for name in ("paid", "late")]
    monkeypatch.setattr(InvoiceItem.overdue, "query", lambda *_, **__: iter(lagging))
    page = stores_on_tables.invoices.page(ORG, InvoiceFilter(overdue=True), 10, None)
    assert [item.id for item in page.items] == ["inv_late"]


def test_a_page_of_payments_is_one_query_with_and_without_filters(stores_on_tables: Backend) -> None:
    stored_invoice = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    rows = tuple(payment(f"ch_{n}", at=NOW + n) for n in range(39))
    stores_on_tables.invoices.save(invoice_write(stored_invoice)._replace(movements=(*rows, refund("re_1", at=NOW))))
    for movement_filter, row_count in ((MovementFilter(), 10), (MovementFilter(kind=MovementKind.REFUND), 1)):
        with requests_to_dynamodb() as requests:
            page = stores_on_tables.payments.page(ORG, movement_filter, 10, None)
        assert requests == ["Query"]
        assert len(page.items) == row_count


def test_a_page_of_a_thousand_payments_with_their_fees_is_one_query(stores_on_tables: Backend) -> None:
    stored_invoice = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    rows = tuple(payment(f"pi_{n:024}", at=NOW + n, number="A1B2C3D4-0001") for n in range(1001))
    stores_on_tables.invoices.save(invoice_write(stored_invoice)._replace(movements=rows))
    settlements = [
        (row.id, Settlement(balance_transaction(f"txn_{row.id}"), f"po_{n:024}")) for n, row in enumerate(rows)
    ]
    stores_on_tables.payments.settle(ORG, settlements)
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.payments.page(ORG, MovementFilter(), 1000, None)
    assert (requests, len(page.items), page.has_next) == (["Query"], 1000, True)
    assert all(len(each.settlements) == 1 for each in page.items)


def test_a_hundred_payments_are_settled_by_one_update_each_whether_or_not_they_are_stored(
    stores_on_tables: Backend,
) -> None:
    stored_invoice = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    rows = tuple(payment(f"ch_{n}", at=NOW + n) for n in range(40))
    stores_on_tables.invoices.save(invoice_write(stored_invoice)._replace(movements=rows))
    with requests_to_dynamodb() as requests:
        stores_on_tables.payments.settle(
            ORG, [(f"ch_{n}", Settlement(balance_transaction(f"txn_{n}"))) for n in range(100)]
        )
    assert requests == ["UpdateItem"] * 100
    assert len(database.connection().client.scan(TableName=PaymentItem.Meta.table_name)["Items"]) == 40


def test_an_ambiguous_settlement_attribute_is_refused(stores_on_tables: Backend) -> None:
    with requests_to_dynamodb() as requests, pytest.raises(ValueError, match="time_key"):
        stores_on_tables.payments.settle(ORG, [("ch_1", Settlement(balance_transaction("time_key")))])
    assert requests == []


def test_lines_are_not_in_the_index_of_payouts(stores_on_tables: Backend) -> None:
    stores_on_tables.payouts.save(payout())
    stores_on_tables.payouts.put_lines(ORG, "po_1", [payout_line()])
    items = database.connection().client.scan(TableName=PayoutItem.Meta.table_name)["Items"]
    assert [item["place"]["S"] for item in items if {"organization_id", "arrival_key"} & set(item)] == ["payout"]
    assert len(items) == 2


def test_five_thousand_lines_are_read_with_one_query_for_each_megabyte(stores_on_tables: Backend) -> None:
    for start in range(0, 5000, 100):
        lines = [payout_line(f"txn_{n:024}", created=NOW + n) for n in range(start, start + 100)]
        stores_on_tables.payouts.put_lines(ORG, "po_1", lines)
    with requests_to_dynamodb() as requests:
        line_count = sum(1 for _ in stores_on_tables.payouts.all_lines(ORG, "po_1"))
    assert (line_count, set(requests)) == (5000, {"Query"})
    assert 2 <= len(requests) <= 4


def test_an_event_log_is_one_query(stores_on_tables: Backend) -> None:
    for n in range(15):
        stores_on_tables.events.mark(about_invoice(f"evt_{n}"))
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.events.of_invoice(ORG, InvoiceId("inv_a"), 10, None)
    assert (requests, len(page.items), page.has_next) == (["Query"], 10, True)


def test_an_event_without_news_is_one_put_that_leaves_by_received_unchanged(
    stores_on_tables: Backend,
) -> None:
    with requests_to_dynamodb() as requests:
        stores_on_tables.events.mark(about_invoice("evt_1", outcome=NOTHING_NEW))
    assert requests == ["PutItem"]
    [item] = database.connection().client.scan(TableName=EventItem.Meta.table_name)["Items"]
    assert "received_at" not in item


def test_the_event_log_holds_no_body_of_a_parked_event() -> None:
    assert not {"document", "packed"} & set(EventItem.by_invoice.Meta.projection.non_key_attributes)


def test_the_attributes_next_to_an_invoices_document_are_index_keys(stores_on_tables: Backend) -> None:
    """Each attribute that no index uses would be paid for with every write."""
    stores_on_tables.invoices.insert(invoice_write(in_status(invoice(), InvoiceStatus.PENDING, due_at=NOW)), {})
    [item] = database.connection().client.scan(TableName=InvoiceItem.Meta.table_name)["Items"]
    schema = InvoiceItem._get_schema()
    schemas = [*schema["global_secondary_indexes"], schema]
    keys = {part["AttributeName"] for each in schemas for part in each["key_schema"]}
    assert set(item) <= keys | {"version", "document", "packed"}
    kinds = {index["projection"]["ProjectionType"] for index in schema["global_secondary_indexes"]}
    assert kinds == {"KEYS_ONLY"}


def test_a_burst_of_events_does_not_move_an_invoice_in_the_list_of_updates(stores_on_tables: Backend) -> None:
    stored_invoice, keys = stores_on_tables.invoices.insert(invoice_write(invoice()), {}), []
    for later in (1, 2, 600, 900):
        stored_invoice = stores_on_tables.invoices.save(
            invoice_write(replace(stored_invoice, updated_at=NOW + later))
        )
        [item] = database.connection().client.scan(TableName=InvoiceItem.Meta.table_name)["Items"]
        keys.append(item["updated_key"]["S"])
    assert [keys[0]] * 3 == keys[:3] != keys[3:]


def test_an_empty_span_of_time_takes_no_request(stores_on_tables: Backend) -> None:
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.invoices.page(ORG, InvoiceFilter(created_from=NOW, created_before=NOW), 10, None)
    assert (page.items, page.end_cursor, page.has_next) == ((), None, False)
    assert requests == []


def test_all_reads_by_key_are_strongly_consistent(stores_on_tables: Backend) -> None:
    reads_by_key: list[tuple[str, str]] = []

    def note(model: Any, params: Any, **_: Any) -> None:
        reads_by_key.append((model.name, params["body"].decode()))

    events = database.connection().client.meta.events
    events.register_first("before-call.dynamodb", note)
    try:
        for run, _ in operations_with_requests(stores_on_tables).values():
            with suppress(StaleWrite):
                run()
    finally:
        events.unregister("before-call.dynamodb", note)
    reads = [body for name, body in reads_by_key if name in {"GetItem", "BatchGetItem"}]
    assert len(reads) >= 8
    assert all('"ConsistentRead": true' in body for body in reads)


def test_every_stored_attribute_is_declared_by_its_model(stores_on_tables: Backend) -> None:
    for run, _ in operations_with_requests(stores_on_tables).values():
        with suppress(StaleWrite):
            run()
    batch = running_batch(stores_on_tables, kind=BatchKind.CUSTOMERS)
    [item, *_] = stores_on_tables.batches.items(batch, 1, None).items
    stores_on_tables.batches.decide(batch, item.failed(ItemError("code", "message"), batch.round))
    attempt = Authorization("hash", ORG, UserId("user_1"), NOW, NOW + 600)
    stores_on_tables.connections.put_authorization(attempt)
    difference = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
    stores_on_tables.changes.append([Change(ORG, ObjectKind.INVOICE, "inv_1", 2, NOW, difference)])
    models_written = set()
    for model in tables.TABLES:
        declared_types = {name: attribute.attr_type for name, attribute in model.get_attributes().items()}
        for item in database.connection().client.scan(TableName=model.Meta.table_name)["Items"]:
            models_written.add(model)
            tallies = model is SummaryItem
            types = {name: "".join(value) for name, value in item.items() if not (tallies and ":" in name)}
            if model is PaymentItem:
                types = {name: kind for name, kind in types.items() if not name.startswith("txn_")}
            assert types.items() <= declared_types.items()
            assert {name for name, attribute in model.get_attributes().items() if not attribute.null} <= set(item)
    assert models_written == set(tables.TABLES)


def test_a_lagging_index_never_returns_another_customer(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked_once = stores_on_tables.customers.save(linked_customer(customer("1"), "cus_1"))
    stores_on_tables.customers.save(linked_customer(linked_once, "cus_2"))
    lagging = [CustomerItem(ORG, linked_once.id), CustomerItem(ORG, "cust_gone")]
    monkeypatch.setattr(CustomerItem.by_stripe_id, "query", lambda _: iter(lagging))
    assert stores_on_tables.customers.find_by_stripe_id(ACCOUNT, "cus_1") is None


def test_all_tables_share_one_client_with_short_timeouts(stores_on_tables: Backend) -> None:
    clients = {id(model._get_connection().connection.client) for model in tables.TABLES}
    assert len(clients) == 1
    config = database.connection().client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (1, 3, 3)


def test_the_client_is_reused_until_another_stage_is_configured(aws: Aws) -> None:
    before = database.connection()
    tables.configure(aws.prefix)
    assert database.connection() is before
    tables.configure("another-")
    assert database.connection() is not before
    assert {model.Meta.table_name for model in tables.TABLES} >= {"another-invoices", "another-payment-refs"}
    tables.configure(aws.prefix)


def test_only_items_that_wait_are_in_the_sparse_indexes(stores_on_tables: Backend) -> None:
    at_rest = in_status(invoice(), InvoiceStatus.PAID, due_at=NOW)
    stores_on_tables.invoices.insert(invoice_write(at_rest), {})
    stores_on_tables.customers.save(replace(customer(), sync_status=SyncStatus.FAILED))
    stores_on_tables.connections.save(Connection(ORG))
    stores_on_tables.customers.apply(customer("2"), marker())
    client = database.connection().client
    for model in tables.TABLES:
        for item in client.scan(TableName=model.Meta.table_name)["Items"]:
            sparse = {"work", "resume_at", "due_key", "overdue_key", "disputed_key", "attention_kind_key"}
            sparse |= {"active", "parked_key", "stripe_key"}
            assert not sparse & set(item) or (item.get("customer_id") == {"S": "cust_2"})


def test_markers_expire_after_stripes_retries_and_parked_events_a_week_later(
    stores_on_tables: Backend,
) -> None:
    stores_on_tables.customers.apply(customer(), marker("evt_1", received_at=NOW))
    for later in (5, 50):
        stores_on_tables.events.park(event("evt_2"), NOW + later, "error")
    items = database.connection().client.scan(TableName=tables.TABLES[5].Meta.table_name)["Items"]
    expiries = {item["event_id"]["S"]: item.get("expires_at") for item in items}
    assert expiries == {"evt_1": {"N": str(NOW + 35 * 86400)}, "evt_2": {"N": str(NOW + 5 + 42 * 86400)}}


@pytest.mark.parametrize("body", ['{"name": "Zoë"}', '{"long": "' + "x" * 50_000 + '"}'])
def test_a_parked_event_that_is_set_aside_keeps_nothing_of_stripes_body(body: str, stores_on_tables: Backend) -> None:
    stores_on_tables.events.park(event("evt_1", body=body), NOW, "error")
    stores_on_tables.events.set_aside(ACCOUNT, "evt_1", NOW + 7 * 86400)
    [item] = database.connection().client.scan(TableName=tables.TABLES[5].Meta.table_name)["Items"]
    assert not {"document", "packed", "parked_key"} & item.keys()
    assert (item["outcome"], item["error"]) == ({"S": "parked"}, {"S": "error"})
    assert item["expires_at"] == {"N": str(NOW + 42 * 86400)}


@pytest.mark.parametrize(("kind", "retention_days"), [(BatchKind.INVOICES, 400), (BatchKind.CUSTOMERS, 30)])
def test_batches_and_imports_expire_with_their_items_and_parts_after_them(
    kind: BatchKind, retention_days: int, stores_on_tables: Backend
) -> None:
    batch = running_batch(stores_on_tables, kind=kind)
    [item, *_] = stores_on_tables.batches.items(batch, 1, None).items
    stores_on_tables.batches.decide(batch, item.failed(ItemError("code", "message"), batch.round))
    items = database.connection().client.scan(TableName=Row.Meta.table_name)["Items"]
    expiries = {each["place"]["S"]: each.get("expires_at", {}).get("N") for each in items}
    days = {place: at and (int(at) - NOW) / 86400 for place, at in expiries.items()}
    rows = {f"item#bat_a#{number:06d}": retention_days + 14 for number in range(3)}
    assert days == {"batch#bat_a": retention_days, **rows, "part#bat_a#0": retention_days + 14}


def test_importing_the_tables_does_not_import_boto3() -> None:
    code = "import sys, chalicelib.adapters.tables; print(sorted(sys.modules.keys() & {'boto3', 'stripe', 'moto'}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_unconfigured_tables_raise_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database._Shared, "connection", None)
    with pytest.raises(RuntimeError, match="configure"):
        database.connection()
