"""The errors that the stores raise for DynamoDB's failures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import TransactWriteError

from chalicelib.adapters.tables import database
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.errors import DeploymentFault, DuplicateEvent, Retryable, StaleWrite
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payout import PayoutFilter
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.summary import invoice_removal, invoice_write
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.ports.storage import InvoiceExists, InvoiceFilter
from tests.backends import Backend, dynamodb_answering
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    balance_transaction,
    customer,
    event,
    invoice,
    marker,
    payout,
    payout_line,
    reference,
    services,
)


def error_response(status: int, code: str) -> Callable[..., AWSResponse]:
    """Returns a function that responds to every request with this error."""

    def respond(**_: Any) -> AWSResponse:
        body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"not today"}}'.encode()
        return AWSResponse("https://dynamodb", status, {}, SimpleNamespace(stream=lambda **_: iter([body])))

    return respond


def connection_failure(error: Exception) -> Callable[..., None]:
    """Returns a function that raises this error, as a failed connection does."""

    def respond(**_: Any) -> None:
        raise error

    return respond


OUTAGES = {
    "throttled": error_response(400, "ThrottlingException"),
    "over capacity": error_response(400, "ProvisionedThroughputExceededException"),
    "in progress": error_response(400, "TransactionInProgressException"),
    "down": error_response(500, "InternalServerError"),
    "unavailable": error_response(503, "Strange"),
    "unreachable": connection_failure(EndpointConnectionError(endpoint_url="https://dynamodb")),
    "silent": connection_failure(ReadTimeoutError(endpoint_url="https://dynamodb")),
}


def operations(stores: Backend) -> list[Callable[[], object]]:
    return [
        lambda: stores.invoices.get(ORG, invoice().id),
        lambda: stores.invoices.insert(invoice_write(invoice("x")), services("s1")),
        lambda: stores.invoices.save(invoice_write(invoice("y"))),
        lambda: stores.invoices.apply(invoice_write(invoice("z")), marker()),
        lambda: stores.invoices.remove(invoice_removal(invoice("z")), []),
        lambda: stores.invoices.find_by_reference(ACCOUNT, ["pi_1"]),
        lambda: stores.invoices.page(ORG, InvoiceFilter(), 10, None),
        lambda: stores.invoices.due_for_work(NOW, 10),
        lambda: stores.customers.page(ORG, CustomerFilter(), 10, None),
        lambda: stores.customers.find_by_stripe_id(ACCOUNT, "cus_1"),
        lambda: stores.customers.pending(NOW, 1),
        lambda: list(stores.connections.all_active()),
        lambda: stores.connections.bind(replace(Connection(ORG), account_id=ACCOUNT)),
        lambda: stores.events.known(ACCOUNT, ["evt_1"]),
        lambda: stores.events.park(event(), NOW, "error"),
        lambda: stores.events.parked(ACCOUNT, 1),
        lambda: stores.events.last_received_at(ACCOUNT),
        lambda: stores.events.arrivals(ACCOUNT),
        lambda: stores.events.repeated(ACCOUNT, "evt_1", NOW),
        lambda: stores.connections.save_webhook_check(WebhookCheck(NOW, True)),
        lambda: stores.connections.canary_run(),
        lambda: stores.connections.begin_trial(ORG, Trial(ACCOUNT, "run", NOW)),
        lambda: stores.connections.save_trial(ORG, Trial(ACCOUNT, "run", NOW)),
        lambda: stores.payments.page(ORG, MovementFilter(), 10, None),
        lambda: stores.payments.find(ORG, ["ch_1"]),
        lambda: stores.payments.settle(ORG, [("ch_1", Settlement(balance_transaction()))]),
        lambda: stores.payouts.get(ORG, "po_1"),
        lambda: stores.payouts.find(ORG, ["po_1"]),
        lambda: stores.payouts.save(payout()),
        lambda: stores.payouts.page(ORG, PayoutFilter(), 10, None),
        lambda: stores.payouts.put_lines(ORG, "po_1", [payout_line()]),
        lambda: stores.payouts.remove_lines(ORG, "po_1", [payout_line()]),
        lambda: stores.payouts.lines(ORG, "po_1", 10, None),
        lambda: list(stores.payouts.all_lines(ORG, "po_1")),
    ]


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_raises_a_retryable_error_with_its_cause(
    stores_on_tables: Backend, outage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    for run in operations(stores_on_tables):
        with dynamodb_answering(OUTAGES[outage]), pytest.raises(Retryable) as exc_info:
            run()
        assert exc_info.value.code == "database_unavailable"
        assert not isinstance(exc_info.value, StaleWrite)
        assert exc_info.value.__cause__ is not None


def test_a_programming_error_is_not_reported_as_an_outage(stores_on_tables: Backend) -> None:
    bad_request = error_response(400, "ValidationException")
    for run in operations(stores_on_tables):
        with dynamodb_answering(bad_request), pytest.raises(Exception, match=r"not today|Failed") as exc_info:
            run()
        assert not isinstance(exc_info.value, Retryable | DeploymentFault)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ExpiredTokenException"])
def test_a_missing_permission_or_table_is_a_deployment_fault_with_the_code_of_aws(
    stores_on_tables: Backend, code: str
) -> None:
    for run in operations(stores_on_tables):
        with dynamodb_answering(error_response(400, code)), pytest.raises(DeploymentFault) as exc_info:
            run()
        assert not isinstance(exc_info.value, Retryable)
        assert (exc_info.value.code, exc_info.value.__cause__ is not None) == (code, True)


def cancelled_transaction(*codes: str) -> Callable[..., AWSResponse]:
    """Returns a function that cancels every transaction, with one reason for each write."""
    reasons = ",".join(f'{{"Code":"{code}","Message":"not today"}}' for code in codes)
    name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    body = f'{{"__type":"{name}","Message":"cancelled","CancellationReasons":[{reasons}]}}'.encode()

    def respond(**_: Any) -> AWSResponse:
        return AWSResponse("https://dynamodb", 400, {}, SimpleNamespace(stream=lambda **_: iter([body])))

    return respond


CONDITION_FAILED = "ConditionalCheckFailed"
MEANINGS: list[tuple[str, str, type[Exception]]] = [
    ("TransactionConflict", "None", StaleWrite),
    ("None", "TransactionConflict", StaleWrite),
    (CONDITION_FAILED, "None", StaleWrite),
    (CONDITION_FAILED, "TransactionConflict", StaleWrite),
    (CONDITION_FAILED, "ThrottlingError", StaleWrite),
    ("None", CONDITION_FAILED, DuplicateEvent),
    (CONDITION_FAILED, CONDITION_FAILED, DuplicateEvent),
    ("TransactionConflict", CONDITION_FAILED, DuplicateEvent),
    ("ThrottlingError", "None", Retryable),
    ("TransactionConflict", "ThrottlingError", Retryable),
    ("ProvisionedThroughputExceeded", "None", Retryable),
    ("ValidationError", "None", TransactWriteError),
]


@pytest.mark.parametrize(("of_customer", "of_marker", "meaning"), MEANINGS)
def test_each_cancellation_reason_raises_its_own_error(
    stores_on_tables: Backend,
    monkeypatch: pytest.MonkeyPatch,
    of_customer: str,
    of_marker: str,
    meaning: type[Exception],
) -> None:
    monkeypatch.setattr(database, "_CONFLICT_PAUSES", (0, 0))
    with dynamodb_answering(cancelled_transaction(of_customer, of_marker)), pytest.raises(meaning) as exc_info:
        stores_on_tables.customers.apply(customer(), marker())
    assert type(exc_info.value) is meaning
    assert exc_info.value.__cause__ not in (None, exc_info.value), "the cause is DynamoDB's own error"


def test_a_single_write_in_conflict_with_a_transaction_is_stale(stores_on_tables: Backend) -> None:
    for write in (
        lambda: stores_on_tables.customers.save(customer()),
        lambda: stores_on_tables.connections.save(Connection(ORG)),
        lambda: stores_on_tables.settings.save(InvoicingSettings(ORG)),
        lambda: stores_on_tables.events.park(event(), NOW, "error"),
        lambda: stores_on_tables.payments.settle(ORG, [("ch_1", Settlement(balance_transaction()))]),
        lambda: stores_on_tables.payouts.save(payout()),
    ):
        with dynamodb_answering(error_response(400, "TransactionConflictException")), pytest.raises(StaleWrite):
            write()


def test_every_transaction_has_a_token_that_its_retries_share(stores_on_tables: Backend) -> None:
    tokens = []
    responses = iter([error_response(500, "InternalServerError"), lambda **_: None])

    def respond(request: Any, **_: Any) -> Any:
        tokens.append(request.body.decode().partition('"ClientRequestToken": "')[2][:36])
        return next(responses)()

    with dynamodb_answering(respond), suppress(InvoiceExists):  # The embedded AWS ignores tokens.
        stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    assert len(tokens) == 2
    assert len(set(tokens)) == 1
    assert tokens[0]


def test_unprocessed_keys_of_a_batch_read_are_requested_again(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    stores_on_tables.invoices.save(invoice_write(first), [reference(f"pi_{n}", first) for n in range(5)])
    real = database.connection().batch_get_item
    calls = []

    def stingy(table: str, keys: list[Any], **more: Any) -> Any:
        calls.append(len(keys))
        response = real(table, keys[:2], **more)
        unprocessed_keys = [
            {name: {"S": v} if isinstance(v, str) else v for name, v in key.items()} for key in keys[2:]
        ]
        return {**response, "UnprocessedKeys": {table: {"Keys": unprocessed_keys}} if unprocessed_keys else {}}

    monkeypatch.setattr(database.connection(), "batch_get_item", stingy)
    invoices = stores_on_tables.invoices.find_by_reference(ACCOUNT, [f"pi_{n}" for n in range(5)])
    assert sorted(invoices) == [f"pi_{n}" for n in range(5)]
    assert calls == [5, 3, 1]
    monkeypatch.setattr(database, "_PAUSES", (0, 0, 0))
    with pytest.raises(Retryable, match="database_unavailable"):
        stores_on_tables.events.known(ACCOUNT, [f"evt_{n}" for n in range(100)])


def test_unprocessed_lines_of_a_batch_write_are_written_again(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = database.connection().batch_write_item
    calls: list[tuple[int, int]] = []

    def stingy(table: str, put_items: list[Any], delete_items: list[Any]) -> Any:
        calls.append((len(put_items), len(delete_items)))
        real(table, put_items=put_items[:10], delete_items=delete_items[:10])
        unprocessed_items = [{"PutRequest": {"Item": each}} for each in put_items[10:]]
        unprocessed_items += [{"DeleteRequest": {"Key": each}} for each in delete_items[10:]]
        return {"UnprocessedItems": {table: unprocessed_items} if unprocessed_items else {}}

    monkeypatch.setattr(database.connection(), "batch_write_item", stingy)
    monkeypatch.setattr(database, "_PAUSES", (0, 0, 0))
    lines = [payout_line(f"txn_{n:02d}", created=NOW + n) for n in range(30)]
    stores_on_tables.payouts.put_lines(ORG, "po_1", lines)
    assert list(stores_on_tables.payouts.all_lines(ORG, "po_1")) == lines
    assert calls == [(25, 0), (15, 0), (5, 0), (5, 0)]
    stores_on_tables.payouts.remove_lines(ORG, "po_1", lines[:12])
    assert list(stores_on_tables.payouts.all_lines(ORG, "po_1")) == lines[12:]
    assert calls[4:] == [(0, 12), (0, 2)]


def test_a_batch_write_that_never_completes_is_an_outage_of_the_database(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(database, "time", SimpleNamespace(sleep=pauses.append))

    def full(table: str, put_items: list[Any], **_: Any) -> Any:
        return {"UnprocessedItems": {table: [{"PutRequest": {"Item": each}} for each in put_items]}}

    monkeypatch.setattr(database.connection(), "batch_write_item", full)
    with pytest.raises(Retryable, match="database_unavailable"):
        stores_on_tables.payouts.put_lines(ORG, "po_1", [payout_line()])
    assert pauses == list(database._PAUSES)
