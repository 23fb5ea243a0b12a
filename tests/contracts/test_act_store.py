"""Contract of every store of acts (records of who did what), and of every store that writes an act with a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.acts import (
    SETTINGS_CHANGED,
    Act,
    ConnectionAct,
    SettingsChange,
    Subject,
)
from chalicelib.domain.batch import Batch, BatchItem, BatchKind, ItemStatus
from chalicelib.domain.connection import Authorization, Connection
from chalicelib.domain.errors import DuplicateEvent, Refused, StaleWrite
from chalicelib.domain.identifiers import BatchId, CustomerId, UserId
from chalicelib.domain.settings import InvoicingSettings, Reminders
from tests.backends import Backend
from tests.contracts.examples import ACCOUNT, NOW, ORG, OTHER_ORG, customer, marker

SUBJECTS = [
    Subject.settings_of(ORG),
    Subject.connection_of(ORG),
    Subject.customer_of(ORG, CustomerId("cust_1")),
    Subject.customer_of(ORG, CustomerId("cust_1:a")),
    Subject.customer_of(ORG, CustomerId("cust_10")),
    Subject.customer_of(ORG, CustomerId("cust_1~")),
    Subject.settings_of(OTHER_ORG),
    Subject.customer_of(OTHER_ORG, CustomerId("cust_1")),
]


def act(number: int, subject: Subject = SUBJECTS[1], **facts: Any) -> Act:
    """Returns an act at `number` milliseconds after NOW."""
    milliseconds = NOW * 1000 + number
    kind = facts.pop("kind", ConnectionAct.CONNECTED)
    return Act(subject, f"{milliseconds:013d}-nonce_{number}-x", milliseconds // 1000, str(kind), **facts)


def history(backend: Backend, subject: Subject) -> list[str]:
    return [each.id for each in backend.acts.page(subject, 100, None).items]


def test_every_field_of_an_act_is_read_back(backend: Backend) -> None:
    before = InvoicingSettings(ORG, payment_methods=("card",), version=3)
    after = replace(before, reminders=Reminders(enabled=True, days_after_due=(3,)))
    full_act = act(
        1,
        kind=SETTINGS_CHANGED,
        actor=UserId("user_1"),
        operator="kim",
        reason="oauth_denied",
        stripe_id="acct_1",
        batch_id="bat_1",
        fields=("email",),
        settings=SettingsChange(("reminders",), before, after),
    )
    backend.acts.add(full_act)
    backend.acts.add(full_act)
    assert backend.acts.page(full_act.subject, 10, None).items == (full_act,)


def test_each_history_has_its_own_acts_newest_first(backend: Backend) -> None:
    for number in (2, 10, 1, 3):
        for subject in SUBJECTS:
            backend.acts.add(act(number, subject))
    for subject in SUBJECTS:
        assert history(backend, subject) == [act(number, subject).id for number in (10, 3, 2, 1)]
    assert history(backend, Subject.customer_of(ORG, CustomerId("cust_2"))) == []


def test_paging_reaches_every_act_while_new_acts_are_stored(backend: Backend) -> None:
    subject = SUBJECTS[2]
    for number in range(1, 6):
        backend.acts.add(act(number, subject))
    read_names: list[str] = []
    after, has_next = None, True
    while has_next:
        page = backend.acts.page(subject, 2, after)
        read_names += [each.id for each in page.items]
        after, has_next = page.end_cursor, page.has_next
        backend.acts.add(act(90 + len(read_names), subject))
    assert read_names == [act(number, subject).id for number in (5, 4, 3, 2, 1)]


def test_a_cursor_works_for_its_own_history_only(backend: Backend) -> None:
    for subject in SUBJECTS:
        backend.acts.add(act(1, subject))
        backend.acts.add(act(2, subject))
    cursors = {subject: backend.acts.page(subject, 1, None).end_cursor for subject in SUBJECTS}
    for of, cursor in cursors.items():
        for subject in SUBJECTS:
            if subject != of:
                with pytest.raises(Refused, match="cursor_invalid"):
                    backend.acts.page(subject, 1, cursor)


def writes(backend: Backend) -> dict[str, Callable[[Act], object]]:
    """Returns the writes that store an act together with a change. Each succeeds once, because it needs a version
    that exists only once.
    """
    connection, attempt = Connection(ORG), Authorization("hash", ORG, UserId("user_1"), NOW, NOW + 600)
    batch = backend.batches.save(
        Batch(ORG, BatchId("bat_1"), BatchKind.CUSTOMERS, "body", 1, 1, NOW, UserId("user_1"))
    )
    backend.batches.add_items(batch, [BatchItem(0, CustomerId("cust_1"))])
    [item] = backend.batches.items_at(batch, [0])
    created_item = replace(item, status=ItemStatus.CREATED)
    return {
        "settings": lambda act: backend.settings.save(InvoicingSettings(ORG), act),
        "connection": lambda act: backend.connections.save(connection, act),
        "binding": lambda act: backend.connections.bind(replace(connection, account_id=ACCOUNT), None, act),
        "event": lambda act: backend.connections.apply(connection, marker(), act),
        "attempt to connect": lambda act: backend.connections.save_authorization(attempt, act),
        "customer": lambda act: backend.customers.save(customer(), act),
        "import": lambda act: backend.batches.decide(batch, created_item, customer(), act),
    }


@pytest.mark.parametrize(
    "write", ["settings", "connection", "binding", "event", "attempt to connect", "customer", "import"]
)
def test_an_act_and_the_change_it_records_are_stored_together_or_not_at_all(backend: Backend, write: str) -> None:
    write = writes(backend)[write]
    write(act(1))
    with pytest.raises((StaleWrite, DuplicateEvent)):
        write(act(2))
    assert history(backend, act(1).subject) == [act(1).id]
