"""Calls to DynamoDB: one client for all tables, and one place that decides what each failure means.

    condition of a write did not hold   the caller's own error, or StaleWrite
    two transactions conflict           StaleWrite
    throttled, down, or no connection   Retryable `database_unavailable`; whether a write took place is unknown
    no right, table or credentials      DeploymentFault
    anything else                       an error of ours, raised unchanged

Models describe the tables and make queries. Reads by key and writes use pynamodb's `Connection`, one level below. A
model would convert every attribute that it reads, and a store needs the document alone. `writes` explains why writes
use no models. pynamodb's `TransactWrite` commits once, and reports reasons by position. `Transaction` names its
writes, and repeats a transaction that conflicted with another.

No ClientRequestToken is set here: botocore gives every transaction one and keeps it over its own retries. If botocore
repeats a conditional put because the response was lost, the put's own success refuses the repetition. The caller then
reads again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.adapters.aws_sessions import aws_session
from chalicelib.adapters.deployment_faults import raise_deployment_fault
from chalicelib.adapters.tables.models import (
    BatchItem,
    ChangeItem,
    ClaimItem,
    ConnectionItem,
    CustomerItem,
    EventItem,
    InvoiceItem,
    OAuthStateItem,
    PaymentItem,
    PaymentReferenceItem,
    PayoutItem,
    SummaryItem,
)
from chalicelib.adapters.tables.models.table import CONNECT_TIMEOUT, READ_TIMEOUT, RETRIES
from chalicelib.adapters.tables.writes import Change, Values, attributes, write_request
from chalicelib.domain.errors import Retryable

Item: TypeAlias = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's form."""

NAMES: dict[type[Model], str] = {
    ConnectionItem: "connections",
    OAuthStateItem: "oauth-states",
    CustomerItem: "customers",
    InvoiceItem: "invoices",
    ClaimItem: "claims",
    EventItem: "events",
    PaymentReferenceItem: "payment-refs",
    SummaryItem: "summaries",
    BatchItem: "batches",
    PaymentItem: "payments",
    PayoutItem: "payouts",
    ChangeItem: "changes",
}
"""Each table's name without its stage's prefix."""

TABLES: tuple[type[Model], ...] = tuple(NAMES)

MAX_ITEMS_AT_ONCE = 100
"""The most items in one transaction or batch read."""

MAX_WRITES_AT_ONCE = 25
"""The most items in one batch write."""

_TRANSIENT = frozenset(
    """
    InternalServerError InternalFailure ServiceUnavailable LimitExceededException RequestLimitExceeded
    ProvisionedThroughputExceededException ProvisionedThroughputExceeded ThrottlingException ThrottlingError
    Throttling TransactionInProgressException RequestTimeout
    """.split()
)
_PAUSES = (0.05, 0.2, 0.8)
_CONFLICT_PAUSES = (0.01, 0.03, 0.1)
"""Seconds before each repetition of a conflicting transaction, varied at random by up to half."""


class _SharedConnection(Connection):
    @property
    def session(self) -> Session:
        return aws_session()


class _Shared:
    prefix: str | None = None
    connection: Connection | None = None


def configure(prefix: str) -> None:
    """Sets the names of the stage's tables. botocore determines the region and the endpoint.

    A second call for the same stage changes nothing. A call for another stage creates a new client.
    """
    if prefix == _Shared.prefix:
        return
    shared = _SharedConnection(
        connect_timeout_seconds=CONNECT_TIMEOUT, read_timeout_seconds=READ_TIMEOUT, max_retry_attempts=RETRIES
    )
    for model, name in NAMES.items():
        model.Meta.table_name = prefix + name
        model._connection = None
        # pynamodb creates a client for each model, at 50 ms and a connection pool each. All our models share one.
        table = model._get_connection()
        shared.add_meta_table(table.get_meta_table())
        table.connection = shared
    _Shared.prefix, _Shared.connection = prefix, shared


def disconnect() -> None:
    """Drops the client, so that the next `configure` creates a new one with its own connections."""
    _Shared.prefix = _Shared.connection = None


def connection() -> Connection:
    """Returns the connection that all tables share. Its client is created on first use."""
    if _Shared.connection is None:
        raise RuntimeError("chalicelib.adapters.tables.configure has not been called")
    return _Shared.connection


@contextmanager
def translating_errors() -> Iterator[None]:
    """Translates pynamodb's errors. Every call to DynamoDB is made in this block.

    Raises:
        Retryable: DynamoDB did not respond, throttled the request, or failed.
        DeploymentFault: DynamoDB refuses every request of this kind by this role, or has no such table.
    """
    try:
        yield
    except PynamoDBException as exc:
        if _is_transient(exc.cause):
            raise _unavailable() from exc
        if isinstance(exc.cause, ClientError):
            raise_deployment_fault(exc.cause.response, exc)
        raise


def is_condition_failure(exc: PynamoDBException) -> bool:
    """Returns True if the condition of a single write did not hold."""
    return exc.cause_response_code == "ConditionalCheckFailedException"


def is_transaction_conflict(exc: PynamoDBException) -> bool:
    """Returns True if a single write conflicted with a transaction on its item."""
    return exc.cause_response_code == "TransactionConflictException"


def read_item(model: type[Model], hash_key: str, range_key: str | None = None) -> Item | None:
    """Returns an item by one strongly consistent read, or None."""
    with translating_errors():
        response = connection().get_item(model.Meta.table_name, hash_key, range_key, consistent_read=True)
    item: Item | None = response.get("Item")
    return item


def read_items(
    model: type[Model], keys: Sequence[Mapping[str, str]], names: Sequence[str] | None = None
) -> Iterable[Item]:
    """Returns the named attributes of these items, or all attributes, by one strongly consistent batch read.

    Keys that DynamoDB leaves unprocessed are read again, a few times.
    """
    if len(keys) > MAX_ITEMS_AT_ONCE:
        raise ValueError(f"{len(keys)} keys are more than one batch read takes")
    table, attribute_names = model.Meta.table_name, list(names) if names is not None else None
    unread_keys: Sequence[Any] = keys
    found: list[Item] = []
    for pause in (*_PAUSES, None):
        if not unread_keys:
            break
        with translating_errors():
            response = connection().batch_get_item(
                table, unread_keys, consistent_read=True, attributes_to_get=attribute_names
            )
        found += response["Responses"].get(table, ())
        unread_keys = response.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
        if unread_keys and pause is None:
            raise _unavailable()
        if unread_keys:
            time.sleep(pause or 0)
    return found


def write_items(model: type[Model], puts: Sequence[Values] = (), deletes: Sequence[Values] = ()) -> None:
    """Writes and deletes items, 25 a request. `deletes` are keys. No key may be listed twice.

    Requests that DynamoDB leaves unprocessed are sent again, a few times. If it raises, some writes may have been
    made, and repeating all of them is safe.
    """
    requests: list[Any] = [{"PutRequest": {"Item": attributes(values)}} for values in puts]
    requests += [{"DeleteRequest": {"Key": attributes(key)}} for key in deletes]
    for start in range(0, len(requests), MAX_WRITES_AT_ONCE):
        _write_batch(model.Meta.table_name, requests[start : start + MAX_WRITES_AT_ONCE])


def _write_batch(table: str, requests: Sequence[Any]) -> None:
    remaining = requests
    for pause in (*_PAUSES, None):
        with translating_errors():
            response = connection().batch_write_item(
                table,
                put_items=[each["PutRequest"]["Item"] for each in remaining if "PutRequest" in each],
                delete_items=[each["DeleteRequest"]["Key"] for each in remaining if "DeleteRequest" in each],
            )
        remaining = response.get("UnprocessedItems", {}).get(table, ())
        if not remaining:
            return
        if pause is not None:
            time.sleep(pause)
    raise _unavailable()


class Cancelled(Exception):
    """A transaction that was not made. `failed_on` has the stored item of each write whose condition failed.

    If `failed_on` is empty, the transaction conflicted with another one on the same items.
    """

    def __init__(self, failed_on: Mapping[str, Item]) -> None:
        super().__init__(f"conditions failed: {', '.join(failed_on) or 'none'}")
        self.failed_on = failed_on


class Transaction:
    """Writes that are made together or not at all. Each has a name, by which `Cancelled` reports it."""

    def __init__(self) -> None:
        # transact_write_items takes the writes by kind, in this order.
        self._writes: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "check": [],
            "delete": [],
            "put": [],
            "update": [],
        }

    def check(self, name: str, model: type[Model], key: Values, condition: Condition) -> None:
        """Adds a check that `condition` holds, without a write."""
        self._writes["check"].append((name, write_request(model, {"Key": attributes(key)}, condition)))

    def delete(self, name: str, model: type[Model], key: Values, condition: Condition) -> None:
        """Adds the deletion of the item with this key."""
        self._writes["delete"].append((name, write_request(model, {"Key": attributes(key)}, condition)))

    def put(self, name: str, model: type[Model], values: Values, condition: Condition | None = None) -> None:
        """Adds the write of a whole item."""
        fields: dict[str, Any] = {"Item": attributes(values)}
        if condition is not None:
            fields["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        self._writes["put"].append((name, write_request(model, fields, condition)))

    def add(
        self,
        name: str,
        model: type[Model],
        key: Values,
        amounts: Mapping[str, int],
        condition: Condition | None = None,
    ) -> None:
        """Adds an update that adds to numbers of an item. A missing number counts as zero."""
        self._update(name, model, key, Change(amounts=amounts), condition)

    def set(
        self, name: str, model: type[Model], key: Values, values: Values, condition: Condition | None = None
    ) -> None:
        """Adds an update that sets attributes and removes those whose value is None. Others stay unchanged."""
        removed_names = [attribute for attribute, value in values.items() if value is None]
        self._update(name, model, key, Change(values, removed_names), condition)

    def _update(
        self, name: str, model: type[Model], key: Values, change: Change, condition: Condition | None
    ) -> None:
        request = write_request(model, {"Key": attributes(key)}, condition, change)
        self._writes["update"].append((name, request))

    def commit(self) -> None:
        """Makes the writes. If other transactions are under way on the same items, tries again a few times.

        Raises:
            Cancelled: a condition did not hold, or other transactions were under way on the same items.
            Retryable: DynamoDB did not respond, throttled the request, or failed.
        """
        names = [name for writes in self._writes.values() for name, _ in writes]
        checks, deletes, puts, updates = ([request for _, request in writes] for writes in self._writes.values())
        for pause in (*_CONFLICT_PAUSES, None):
            try:
                with translating_errors():
                    connection().transact_write_items(checks, deletes, puts, updates)
                return
            except TransactWriteError as exc:
                failure = _error_of(names, exc)
                if failure is exc:
                    raise failure from exc.cause
                if pause is None or not isinstance(failure, Cancelled) or failure.failed_on:
                    raise failure from exc
            time.sleep(pause * random.uniform(0.5, 1.5))  # nosec B311


def _error_of(names: Sequence[str], error: TransactWriteError) -> Exception:
    """Returns the error for a refused transaction.

    DynamoDB gives a reason for each write, in the order of the writes.
    """
    if is_transaction_conflict(error):
        return Cancelled({})
    if error.cause_response_code != "TransactionCanceledException":
        return error
    reasons = [(name, why) for name, why in zip(names, error.cancellation_reasons, strict=True) if why]
    failed_on = {name: why.raw_item or {} for name, why in reasons if why.code == "ConditionalCheckFailed"}
    codes = {why.code for _, why in reasons}
    if failed_on or codes == {"TransactionConflict"}:
        return Cancelled(failed_on)
    return _unavailable() if codes & _TRANSIENT else error


def _is_transient(cause: Exception | None) -> bool:
    if isinstance(cause, ClientError):
        # pynamodb's own error has no HTTP status. botocore's error, its cause, has one.
        response = cause.__cause__.response if isinstance(cause.__cause__, ClientError) else cause.response
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return response.get("Error", {}).get("Code") in _TRANSIENT or status >= 500
    return isinstance(cause, NoConnection | HTTPClientError)


def _unavailable() -> Retryable:
    return Retryable(
        "database_unavailable",
        "The database does not respond at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )
