"""The same stores twice, empty: in memory, and over DynamoDB; for tests that check both against one contract.

A `conftest.py` imports the fixtures by `from tests.backends import aws, backend, stores_on_tables`.

DynamoDB and SQS are the embedded AWS. With POM_TEST_REAL=1 they are the services that AWS_ENDPOINT_URL_DYNAMODB and
AWS_ENDPOINT_URL_SQS name, for example DynamoDB Local and ElasticMQ, with a fresh prefix.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import pytest

from chalicelib.adapters import tables
from chalicelib.adapters.tables import database
from chalicelib.ports import (
    ActStore,
    BatchStore,
    ChangeFeed,
    ConnectionStore,
    CustomerStore,
    EventStore,
    InvoiceStore,
    PaymentStore,
    PayoutStore,
    SettingsStore,
    SummaryStore,
)
from infra.local import resources
from infra.local.aws import embedded_aws
from tests.fakes import (
    FakeActs,
    FakeBatches,
    FakeChanges,
    FakeClock,
    FakeConnections,
    FakeCustomers,
    FakeDatabase,
    FakeEvents,
    FakeInvoices,
    FakePayments,
    FakePayouts,
    FakeSettings,
    FakeSummaries,
)

REAL_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass(frozen=True)
class Backend:
    """One set of stores over one database."""

    name: str
    invoices: InvoiceStore
    payments: PaymentStore
    payouts: PayoutStore
    customers: CustomerStore
    connections: ConnectionStore
    settings: SettingsStore
    acts: ActStore
    events: EventStore
    summaries: SummaryStore
    batches: BatchStore
    changes: ChangeFeed
    clock: FakeClock


STORES = tuple(field.name for field in fields(Backend) if field.name not in {"name", "clock"})
"""The names of the stores, which are attributes of `Ports` too."""


@dataclass(frozen=True)
class Aws:
    """An AWS with POM's tables and queues. `queue_urls` has the queues by their names without the prefix."""

    prefix: str
    queue_urls: dict[str, str]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """Returns POM's tables and queues, created for each test module."""
    with aws_with_resources() as fresh:
        yield fresh


@pytest.fixture
def stores_on_tables(aws: Aws) -> Backend:
    """Returns the real stores, over empty tables."""
    empty_tables()
    return table_backend()


@pytest.fixture(params=["fake", "table"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Returns a backend with empty stores. Each test with this fixture runs twice: on the fakes and on the tables."""
    if request.param == "fake":
        return fake_backend()
    stores: Backend = request.getfixturevalue("stores_on_tables")
    return stores


def fake_backend() -> Backend:
    memory, clock = FakeDatabase(), FakeClock()
    return Backend(
        "fake",
        FakeInvoices(memory),
        FakePayments(memory),
        FakePayouts(memory),
        FakeCustomers(memory),
        FakeConnections(memory),
        FakeSettings(memory),
        FakeActs(memory),
        FakeEvents(memory),
        FakeSummaries(memory),
        FakeBatches(memory),
        FakeChanges(memory, clock),
        clock,
    )


def table_backend() -> Backend:
    clock = FakeClock()
    return Backend(
        "table",
        tables.TableInvoices(),
        tables.TablePayments(),
        tables.TablePayouts(),
        tables.TableCustomers(),
        tables.TableConnections(),
        tables.TableSettings(),
        tables.TableActs(),
        tables.TableEvents(),
        tables.TableSummaries(),
        tables.TableBatches(),
        tables.TableChanges(clock),
        clock,
    )


@contextmanager
def aws_with_resources() -> Iterator[Aws]:
    """Creates tables and queues under a new prefix. On a real AWS stand-in, deletes the tables at the end."""
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    if os.environ.get("POM_TEST_REAL") != "1":
        with embedded_aws():
            yield _create_resources(prefix)
        return
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"):
        if name not in os.environ:
            raise RuntimeError(f"POM_TEST_REAL=1 needs {name}: tests must not reach an AWS account by accident")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in REAL_ENVIRONMENT.items():
            environment.setenv(name, value)
        try:
            yield _create_resources(prefix)
        finally:
            for model in tables.TABLES:
                model.delete_table()


def _create_resources(prefix: str) -> Aws:
    resources.create_tables(prefix)
    return Aws(prefix, resources.create_queues(prefix))


def empty_tables() -> None:
    """Deletes every item."""
    for model in tables.TABLES:
        with model.batch_write() as batch:
            for item in model.scan():
                batch.delete(item)


@contextmanager
def requests_to_dynamodb() -> Iterator[list[str]]:
    """Yields a list to which each DynamoDB operation called within the block adds its name."""
    operations: list[str] = []

    def note(model: Any, **_: Any) -> None:
        operations.append(model.name)

    with _with_hook("before-call.dynamodb", note):
        yield operations


@contextmanager
def dynamodb_answering(answer: Callable[..., Any]) -> Iterator[None]:
    """Calls `answer` before each request to DynamoDB. The request is sent only if `answer` returns None: an exception
    or a response replaces the request.
    """
    with _with_hook("before-send.dynamodb", answer):
        yield


@contextmanager
def _with_hook(event: str, hook: Callable[..., Any]) -> Iterator[None]:
    events = database.connection().client.meta.events
    events.register_first(event, hook)
    try:
        yield
    finally:
        events.unregister(event, hook)
