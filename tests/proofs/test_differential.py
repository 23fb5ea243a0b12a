"""Plays random steps on the memory stores, which the proofs use, and on the tables. Both return the same and refuse
the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.identifiers import CustomerId, InvoiceId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_removal, invoice_write
from chalicelib.ports.storage import InvoiceExists, InvoiceFilter, ServiceClaimed
from infra.stripe_double import VERSIONS
from tests.backends import Backend, aws, fake_backend, stores_on_tables
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    OTHER_ORG,
    customer,
    event,
    in_status,
    invoice,
    linked_customer,
    marker,
    reference,
)

pytestmark = pytest.mark.proof

__all__ = ["aws", "stores_on_tables"]

REFUSALS = (StaleWrite, DuplicateEvent, InvoiceExists, ServiceClaimed)
STATUSES = (
    InvoiceStatus.PENDING,
    InvoiceStatus.PAID,
    InvoiceStatus.DRAFT,
    InvoiceStatus.VOID,
    InvoiceStatus.CREATING,
)
SERVICES = [ServiceId(f"s{number}") for number in range(5)]

Act = Callable[[Backend], Any]


class Life:
    """Chooses the next step. It retains stored records in old versions too, so that stale writes are tried."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._delivered_ids: list[Any] = []
        self._people: list[Any] = []

    def next(self) -> tuple[str, Act]:
        name = self._rng.choice([name for name in dir(self) if name.startswith("do_")])
        return name, getattr(self, name)()

    def remember(self, answer: Any) -> None:
        if isinstance(answer, Invoice):
            self._delivered_ids.append(answer)
        elif type(answer).__name__ == "Customer":
            self._people.append(answer)

    def _known(self) -> Invoice:
        return self._rng.choice(self._delivered_ids[-6:]) if self._delivered_ids else self._new()

    def _new(self) -> Invoice:
        org = self._rng.choice((ORG, ORG, OTHER_ORG))
        return invoice(self._rng.choice("abcdef"), organization_id=org, created_at=NOW + self._rng.randrange(5))

    def _changed(self) -> Invoice:
        invoice = in_status(self._known(), self._rng.choice(STATUSES), due_at=NOW + self._rng.randrange(3) * 86_400)
        return replace(invoice, updated_at=invoice.updated_at + 1)

    def _claims(self, holder: InvoiceId | None) -> dict[ServiceId, InvoiceId | None]:
        return dict.fromkeys(self._rng.sample(SERVICES, self._rng.randrange(1, 4)), holder)

    def do_insert(self) -> Act:
        invoice, claims = self._new(), self._claims(self._rng.choice((None, None, self._known().id)))
        return lambda stores: stores.invoices.insert(invoice_write(invoice), claims)

    do_insert_too = do_insert

    def do_claim(self) -> Act:
        invoice, claims = self._known(), self._claims(None)
        return lambda stores: stores.invoices.claim(invoice, claims)

    def do_save(self) -> Act:
        invoice = self._changed()
        references = [reference(f"pi_{self._rng.randrange(4)}", invoice)] if self._rng.random() < 0.5 else []
        return lambda stores: stores.invoices.save(invoice_write(invoice), references)

    do_save_too = do_save

    def do_apply(self) -> Act:
        invoice, fact = self._changed(), marker(f"evt_{self._rng.randrange(12)}")
        return lambda stores: stores.invoices.apply(invoice_write(invoice), fact)

    def do_remove(self) -> Act:
        invoice, services = self._known(), self._rng.sample(SERVICES, 3)
        return lambda stores: stores.invoices.remove(invoice_removal(invoice), services)

    def do_look(self) -> Act:
        invoice, ids = self._known(), [f"pi_{number}" for number in range(4)]
        return lambda stores: (
            stores.invoices.get(invoice.organization_id, invoice.id), stores.invoices.find_by_reference(ACCOUNT, ids)
        )  # fmt: skip

    def do_list(self) -> Act:
        org = self._rng.choice((ORG, OTHER_ORG))
        filters = self._rng.choice(
            (
                InvoiceFilter(),
                InvoiceFilter(status=self._rng.choice(STATUSES)),
                InvoiceFilter(due_before=NOW + 90_000, overdue=self._rng.random() < 0.5),
            )
        )
        return lambda stores: [(page.items, page.has_next) for page in [stores.invoices.page(org, filters, 4, None)]]

    def do_due(self) -> Act:
        return lambda stores: set(stores.invoices.due_for_work(NOW + 500, 50))

    def do_person(self) -> Act:
        old = self._rng.choice(self._people[-4:]) if self._people and self._rng.random() < 0.7 else None
        person = old or customer(str(self._rng.randrange(3)))
        person = (
            linked_customer(person, f"cus_{person.id}")
            if self._rng.random() < 0.3
            else replace(person, edition=person.edition + 1)
        )
        person = replace(person, sync_status=self._rng.choice((SyncStatus.PENDING, SyncStatus.SYNCED)))
        if self._rng.random() < 0.3:
            fact = marker(f"evt_{self._rng.randrange(12)}")
            return lambda stores: stores.customers.apply(person, fact)
        return lambda stores: stores.customers.save(person)

    def do_people(self) -> Act:
        return lambda stores: (
            stores.customers.get(ORG, CustomerId("cust_1")), sorted(stores.customers.pending(NOW + 1, 10)),
            stores.customers.find_by_stripe_id(ACCOUNT, "cus_cust_1"),
        )  # fmt: skip

    def do_park(self) -> Act:
        number, at = self._rng.randrange(12), NOW + self._rng.randrange(100)
        version = self._rng.choice((None, *VERSIONS))
        body = f'{{"n": {number}, "api_version": "{version}"}}'
        fact = event(f"evt_{number}", created=NOW + number, api_version=version, body=body)
        return lambda stores: stores.events.park(fact, at, "error")

    def do_set_aside(self) -> Act:
        name = f"evt_{self._rng.randrange(12)}"
        return lambda stores: stores.events.set_aside(ACCOUNT, name, NOW)

    def do_events(self) -> Act:
        ids = [f"evt_{number}" for number in range(12)]
        return lambda stores: (
            stores.events.known(ACCOUNT, ids), list(stores.events.parked(ACCOUNT, 20)),
            stores.events.last_received_at(ACCOUNT),
        )  # fmt: skip


def outcome(act: Act, stores: Backend) -> Any:
    try:
        return act(stores)
    except REFUSALS as refusal:
        return type(refusal).__name__, getattr(refusal, "holders", None)


@pytest.mark.parametrize("seed", range(6))
def test_the_memory_store_and_the_table_return_the_same_for_random_operations(
    seed: int, stores_on_tables: Backend
) -> None:
    memory, life, fact = fake_backend(), Life(seed), []
    for _ in range(120):
        name, act = life.next()
        here, there = outcome(act, memory), outcome(act, stores_on_tables)
        fact.append(f"{name}: {here}")
        assert here == there, "\n".join(fact[-8:])
        life.remember(here)
