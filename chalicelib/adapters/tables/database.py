"""Calls to DynamoDB: one client for all tables, and one place that decides what a failure means.

    condition of a write did not hold   the caller's own error, or StaleWrite
    two transactions conflict                 StaleWrite
    throttled, down, or no connection   Retryable `database_unavailable`; whether a write took place is unknown
    no right, table or credentials      DeploymentFault
    anything else                       a fault of ours, left as it is

Models describe the tables and make queries. Reads by key and writes go to pynamodb's `Connection`, one level below. A
model's read makes Python of every attribute, and a store needs the document alone; `writes` says why no model makes
the requests of writes. `TransactWrite` commits once and tells reasons by their position; `Transaction` names its
writes, and repeats one that conflicted with another.

No ClientRequestToken is set here: botocore gives every transaction one and keeps it over its own retries. A
conditional put that botocore repeats after a lost answer is refused by its own success; the caller reads again.
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
"""An item as DynamoDB answers it."""

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
"""What one transaction or batch read can hold."""

MAX_WRITES_AT_ONCE = 25
"""What one batch write can hold."""

_TRANSIENT = frozenset(
    """
    InternalServerError InternalFailure ServiceUnavailable LimitExceededException RequestLimitExceeded
    ProvisionedThroughputExceededException ProvisionedThroughputExceeded ThrottlingException ThrottlingError
    Throttling TransactionInProgressException RequestTimeout
    """.split()
)
_PAUSES = (0.05, 0.2, 0.8)
_CONFLICT_PAUSES = (0.01, 0.03, 0.1)
"""Seconds, more or less by half, until a transaction that conflicted with another is repeated."""


class _SharedConnection(Connection):
    @property
    def session(self) -> Session:
        return aws_session()


class _Shared:
    prefix: str | None = None
    connection: Connection | None = None


def configure(prefix: str) -> None:
    """Name the tables of this stage. Region and endpoint are botocore's to find.

    Called again for the same stage it changes nothing; for another one the client is made anew.
    """
    if prefix == _Shared.prefix:
        return
    shared = _SharedConnection(
        connect_timeout_seconds=CONNECT_TIMEOUT, read_timeout_seconds=READ_TIMEOUT, max_retry_attempts=RETRIES
    )
    for model, name in NAMES.items():
        model.Meta.table_name = prefix + name
        model._connection = None
        # pynamodb makes a client for each model, at 50 ms and a connection pool each; all of ours share one.
        table = model._get_connection()
        shared.add_meta_table(table.get_meta_table())
        table.connection = shared
    _Shared.prefix, _Shared.connection = prefix, shared


def disconnect() -> None:
    """The next `configure` makes a new client, with connections of its own."""
    _Shared.prefix = _Shared.connection = None


def connection() -> Connection:
    """The connection all tables share; its client is made on first use."""
    if _Shared.connection is None:
        raise RuntimeError("chalicelib.adapters.tables.configure has not been called")
    return _Shared.connection


@contextmanager
def translating_errors() -> Iterator[None]:
    """Every call to DynamoDB happens in this block.

    Raises:
        Retryable: DynamoDB did not answer, throttled us, or failed.
        DeploymentFault: DynamoDB refuses any such request of this role, or does not know the table.
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
    """Whether the condition of a single write did not hold."""
    return exc.cause_response_code == "ConditionalCheckFailedException"


def is_transaction_conflict(exc: PynamoDBException) -> bool:
    """Returns True if a single write conflicted with a transaction on its item."""
    return exc.cause_response_code == "TransactionConflictException"


def read_item(model: type[Model], hash_key: str, range_key: str | None = None) -> Item | None:
    """One strongly consistent read."""
    with translating_errors():
        answer = connection().get_item(model.Meta.table_name, hash_key, range_key, consistent_read=True)
    item: Item | None = answer.get("Item")
    return item


def read_items(
    model: type[Model], keys: Sequence[Mapping[str, str]], names: Sequence[str] | None = None
) -> Iterable[Item]:
    """Returns the named attributes of these items, or all of them, by one strongly consistent batch read.

    What DynamoDB leaves over is asked for again, a few times.
    """
    if len(keys) > MAX_ITEMS_AT_ONCE:
        raise ValueError(f"{len(keys)} keys are more than one batch read takes")
    table, wanted_names = model.Meta.table_name, list(names) if names is not None else None
    wanted: Sequence[Any] = keys
    found: list[Item] = []
    for pause in (*_PAUSES, None):
        if not wanted:
            break
        with translating_errors():
            answer = connection().batch_get_item(table, wanted, consistent_read=True, attributes_to_get=wanted_names)
        found += answer["Responses"].get(table, ())
        wanted = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
        if wanted and pause is None:
            raise _unavailable()
        if wanted:
            time.sleep(pause or 0)
    return found


def write_items(model: type[Model], puts: Sequence[Values] = (), deletes: Sequence[Values] = ()) -> None:
    """Writes and deletes items, 25 a request. Some of them may be done when it raises; doing it again is safe.

    What DynamoDB leaves over is asked for again, a few times. `deletes` are keys. No key may come twice.
    """
    requests: list[Any] = [{"PutRequest": {"Item": attributes(values)}} for values in puts]
    requests += [{"DeleteRequest": {"Key": attributes(key)}} for key in deletes]
    for start in range(0, len(requests), MAX_WRITES_AT_ONCE):
        _write_batch(model.Meta.table_name, requests[start : start + MAX_WRITES_AT_ONCE])


def _write_batch(table: str, requests: Sequence[Any]) -> None:
    remaining = requests
    for pause in (*_PAUSES, None):
        with translating_errors():
            answer = connection().batch_write_item(
                table,
                put_items=[each["PutRequest"]["Item"] for each in remaining if "PutRequest" in each],
                delete_items=[each["DeleteRequest"]["Key"] for each in remaining if "DeleteRequest" in each],
            )
        remaining = answer.get("UnprocessedItems", {}).get(table, ())
        if not remaining:
            return
        if pause is not None:
            time.sleep(pause)
    raise _unavailable()


class Cancelled(Exception):
    """A transaction that was not made. `failed_on` maps each write whose condition failed to the stored item.

    Without any, it conflicted with another transaction on the same items.
    """

    def __init__(self, failed_on: Mapping[str, Item]) -> None:
        super().__init__(f"conditions failed: {', '.join(failed_on) or 'none'}")
        self.failed_on = failed_on


class Transaction:
    """Writes that are made together or not at all, each under a name that tells which of them was refused."""

    def __init__(self) -> None:
        # DynamoDB is sent the writes by kind, in this order.
        self._writes: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "check": [],
            "delete": [],
            "put": [],
            "update": [],
        }

    def check(self, name: str, model: type[Model], key: Values, condition: Condition) -> None:
        """Write nothing, but require that `condition` holds."""
        self._writes["check"].append((name, write_request(model, {"Key": attributes(key)}, condition)))

    def delete(self, name: str, model: type[Model], key: Values, condition: Condition) -> None:
        """Delete the item of this key."""
        self._writes["delete"].append((name, write_request(model, {"Key": attributes(key)}, condition)))

    def put(self, name: str, model: type[Model], values: Values, condition: Condition | None = None) -> None:
        """Write an item as a whole."""
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
        """Add to numbers of an item; what is not there yet is zero."""
        self._update(name, model, key, Change(amounts=amounts), condition)

    def set(
        self, name: str, model: type[Model], key: Values, values: Values, condition: Condition | None = None
    ) -> None:
        """Set attributes of an item, and remove those whose value is None. All others stay as they are."""
        removed_names = [attribute for attribute, value in values.items() if value is None]
        self._update(name, model, key, Change(values, removed_names), condition)

    def _update(
        self, name: str, model: type[Model], key: Values, change: Change, condition: Condition | None
    ) -> None:
        request = write_request(model, {"Key": attributes(key)}, condition, change)
        self._writes["update"].append((name, request))

    def commit(self) -> None:
        """Make the writes. If others are at the same items just now, try a few times.

        Raises:
            Cancelled: a condition did not hold, or other transactions were under way on the same items.
            Retryable: DynamoDB did not answer, throttled us, or failed.
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
    """What a refused transaction comes to: DynamoDB gives a reason for each write, in the order they were sent."""
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
        # pynamodb's own error leaves the HTTP status out; botocore's, which caused it, has it
        answer = cause.__cause__.response if isinstance(cause.__cause__, ClientError) else cause.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return answer.get("Error", {}).get("Code") in _TRANSIENT or status >= 500
    return isinstance(cause, NoConnection | HTTPClientError)


def _unavailable() -> Retryable:
    return Retryable(
        "database_unavailable",
        "The database does not answer at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )
