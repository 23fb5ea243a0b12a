"""Of several concurrent writers one succeeds, the others are refused, and nothing is lost."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from chalicelib.domain.connection import Connection
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.errors import Conflict, DuplicateEvent, PreconditionFailed, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.preconditions import Precondition
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.summary import invoice_write
from chalicelib.ports.storage import InvoiceExists, ServiceClaimed, StripeCustomerClaimed
from chalicelib.usecases.customers.customers import put_customer
from chalicelib.usecases.invoicing import invoicing_settings
from tests.backends import Backend
from tests.contracts.examples import ACCOUNT, NOW, ORG, customer, invoice, marker, services
from tests.fakes.ports import FakeClock, FakeQueues

T = TypeVar("T")

RACERS = 6
LOST = (
    StaleWrite,
    InvoiceExists,
    ServiceClaimed,
    DuplicateEvent,
    Conflict,
    PreconditionFailed,
    StripeCustomerClaimed,
)


@pytest.fixture(autouse=True)
def eager_threads() -> Iterator[None]:
    """Makes threads switch as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def run_concurrently(run: Callable[[int], T]) -> tuple[list[T], list[Exception]]:
    """Runs `run(n)` for all racers at once. Returns the results of those that succeeded and the errors of the
    others.
    """
    start = threading.Barrier(RACERS)
    won: list[T] = []
    lost: list[Exception] = []

    def racer(number: int) -> None:
        start.wait()
        try:
            won.append(run(number))
        except LOST as error:
            lost.append(error)

    threads = [threading.Thread(target=racer, args=(n,)) for n in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) + len(lost) == RACERS, "a racer failed in another way"
    return won, lost


def test_one_of_concurrent_inserts_of_one_invoice_succeeds(backend: Backend) -> None:
    won, lost = run_concurrently(lambda n: backend.invoices.insert(invoice_write(invoice(sent_at=n)), services("s1")))
    assert len(won) == 1
    assert all(isinstance(error, InvoiceExists | StaleWrite) for error in lost)
    assert backend.invoices.get(ORG, won[0].id) == won[0]


def test_one_of_concurrent_invoices_for_one_service_succeeds(backend: Backend) -> None:
    won, lost = run_concurrently(
        lambda n: backend.invoices.insert(invoice_write(invoice(str(n))), services("s1", f"own-{n}"))
    )
    assert len(won) == 1
    assert all(isinstance(error, ServiceClaimed | StaleWrite) for error in lost)
    stored = [backend.invoices.get(ORG, invoice(str(n)).id) for n in range(RACERS)]
    assert [each for each in stored if each] == won


def test_one_of_concurrent_takeovers_succeeds(backend: Backend) -> None:
    dead = backend.invoices.insert(invoice_write(invoice("dead")), services("s1"))
    won, _ = run_concurrently(
        lambda n: backend.invoices.insert(invoice_write(invoice(str(n))), services("s1", dead=dead))
    )
    assert len(won) == 1


def test_one_of_concurrent_saves_of_one_version_succeeds(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    won, _ = run_concurrently(lambda n: backend.invoices.save(invoice_write(replace(first, sent_at=n))))
    assert len(won) == 1
    assert backend.invoices.get(ORG, first.id) == won[0]


def test_one_event_delivered_several_times_at_once_is_applied_once(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    won, lost = run_concurrently(lambda n: backend.invoices.apply(invoice_write(replace(first, sent_at=n)), marker()))
    assert len(won) == 1
    assert all(isinstance(error, DuplicateEvent | StaleWrite) for error in lost)
    assert backend.invoices.get(ORG, first.id) == won[0]


def test_concurrent_events_all_reach_the_invoice_when_refused_ones_are_retried(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice(sent_at=0)), {})

    def apply(n: int) -> Invoice:
        while True:
            loaded = backend.invoices.get(ORG, first.id)
            assert loaded is not None
            try:
                return backend.invoices.apply(
                    invoice_write(replace(loaded, sent_at=(loaded.sent_at or 0) + 1)), marker(f"evt_{n}")
                )
            except StaleWrite:
                continue

    won, _ = run_concurrently(apply)
    assert sorted(each.version for each in won) == list(range(2, RACERS + 2))
    last = backend.invoices.get(ORG, first.id)
    assert last is not None
    assert last.sent_at == RACERS
    assert len(backend.events.known(ACCOUNT, [f"evt_{n}" for n in range(RACERS)])) == RACERS


def test_one_of_organizations_that_bind_one_account_at_once_succeeds(backend: Backend) -> None:
    won, lost = run_concurrently(
        lambda n: backend.connections.bind(replace(Connection(OrganizationId(f"org_{n}")), account_id=ACCOUNT))
    )
    assert len(won) == 1
    assert all(isinstance(error, Conflict | StaleWrite) for error in lost)
    assert backend.connections.organization_of(ACCOUNT) == won[0].organization_id
    assert list(backend.connections.all_active()) == [won[0].organization_id]


def test_one_of_customers_that_claim_one_stripe_customer_at_once_succeeds(backend: Backend) -> None:
    saved = [backend.customers.save(customer(str(n))) for n in range(RACERS)]
    won, lost = run_concurrently(lambda n: backend.customers.save(saved[n].linking(ACCOUNT, "cus_1")))
    assert (len(won), len(lost)) == (1, RACERS - 1)
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == won[0].id
    for each in saved:
        now = backend.customers.get(ORG, each.id)
        assert now is not None
        assert (now.linked_to(ACCOUNT) == "cus_1") is (each.id == won[0].id)


def test_an_authorization_is_completed_by_one_of_concurrent_requests(backend: Backend) -> None:
    from tests.contracts.test_connection_store import attempt

    backend.connections.put_authorization(attempt())
    authorization = backend.connections.authorization("hash")
    assert authorization is not None
    won, _ = run_concurrently(
        lambda n: backend.connections.save_authorization(replace(authorization, completed_at=NOW + n))
    )
    assert len(won) == 1


def ports(backend: Backend) -> Any:
    """Returns the ports that saving a customer or the settings needs."""
    stores = {"customers": backend.customers, "connections": backend.connections, "settings": backend.settings}
    return SimpleNamespace(**stores, clock=FakeClock(), queues=FakeQueues())


def test_one_of_concurrent_saves_of_one_version_of_a_customer_succeeds(backend: Backend) -> None:
    loaded = backend.customers.save(customer())
    precondition = Precondition(frozenset({loaded.edit_tag}))

    def save(n: int) -> Any:
        return put_customer(ORG, loaded.id, Save(Profile(first_name=f"Ann {n}")), ports(backend), precondition)

    won, lost = run_concurrently(save)
    assert (len(won), {type(error) for error in lost}) == (1, {PreconditionFailed})
    stored = backend.customers.get(ORG, loaded.id)
    assert stored == won[0]
    assert all(isinstance(error, PreconditionFailed) and error.stored == stored for error in lost)


def test_one_of_concurrent_saves_of_one_version_of_the_settings_succeeds(backend: Backend) -> None:
    precondition = Precondition(frozenset({backend.settings.get(ORG).edit_tag}))

    def change(n: int) -> InvoicingSettings:
        return invoicing_settings.change(ORG, InvoicingSettings(ORG, memo=str(n)), ports(backend), precondition)

    won, lost = run_concurrently(change)
    assert (len(won), {type(error) for error in lost}) == (1, {PreconditionFailed})
    assert backend.settings.get(ORG) == won[0]
