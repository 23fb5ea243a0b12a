"""Contract of every store of invoices, apart from claims and lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.actions import MAX_ACTIONS, REMINDER_REFUSED, Action
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.summary import invoice_removal, invoice_write
from chalicelib.ports.storage import InvoiceExists
from tests.backends import Backend
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    OTHER_ACCOUNT,
    OTHER_ORG,
    event,
    invoice,
    marker,
    reference,
    services,
)


def test_an_inserted_invoice_is_read_back_as_it_was_in_version_one(backend: Backend) -> None:
    stored = backend.invoices.insert(invoice_write(invoice()), {})
    assert stored == replace(invoice(), version=1)
    assert backend.invoices.get(ORG, stored.id) == stored


def test_several_invoices_are_read_at_once_only_within_their_organization(backend: Backend) -> None:
    first, second, _ = (backend.invoices.insert(invoice_write(invoice(name)), {}) for name in ("a", "b", "c"))
    backend.invoices.insert(invoice_write(invoice("d", organization_id=OTHER_ORG)), {})
    requested_ids = [second.id, first.id, invoice("d").id, second.id, InvoiceId("inv_none")]
    assert backend.invoices.several(ORG, requested_ids) == {first.id: first, second.id: second}
    assert backend.invoices.several(ORG, []) == {}
    with pytest.raises(ValueError, match="101 keys"):
        backend.invoices.several(ORG, [InvoiceId(f"inv_{n}") for n in range(101)])


def test_looking_up_an_unknown_invoice_returns_none(backend: Backend) -> None:
    assert backend.invoices.get(ORG, InvoiceId("inv_none")) is None


def test_an_invoice_of_another_organization_is_not_found_and_does_not_block_the_same_id(backend: Backend) -> None:
    mine = backend.invoices.insert(invoice_write(invoice()), services("svc_1"))
    assert backend.invoices.get(OTHER_ORG, mine.id) is None
    theirs = backend.invoices.insert(invoice_write(invoice(organization_id=OTHER_ORG)), services("svc_1"))
    assert backend.invoices.get(OTHER_ORG, mine.id) == theirs
    assert backend.invoices.get(ORG, mine.id) == mine


def test_a_second_insert_of_one_id_is_refused_and_changes_nothing(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), services("svc_1"))
    with pytest.raises(InvoiceExists):
        backend.invoices.insert(invoice_write(invoice(sent_at=NOW)), services("svc_1", "svc_2"))
    assert backend.invoices.get(ORG, first.id) == first
    backend.invoices.insert(invoice_write(invoice("b")), services("svc_2"))


def test_a_save_stores_the_next_version(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    second = backend.invoices.save(invoice_write(replace(first, sent_at=NOW)))
    assert second == replace(first, sent_at=NOW, version=2)
    assert backend.invoices.get(ORG, first.id) == second


def test_a_save_of_a_stale_version_is_refused_and_changes_nothing(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    second = backend.invoices.save(invoice_write(replace(first, sent_at=NOW)))
    with pytest.raises(StaleWrite):
        backend.invoices.save(invoice_write(replace(first, sent_at=1)))
    with pytest.raises(StaleWrite):
        backend.invoices.save(invoice_write(replace(first, sent_at=1)), [reference("pi_1", first)])
    assert backend.invoices.get(ORG, first.id) == second
    assert backend.invoices.find_by_reference(ACCOUNT, ["pi_1"]) == {}


def test_a_save_of_a_removed_invoice_is_refused(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    backend.invoices.remove(invoice_removal(first), [])
    with pytest.raises(StaleWrite):
        backend.invoices.save(invoice_write(first))


def test_references_are_found_within_their_account_only(backend: Backend) -> None:
    a = backend.invoices.insert(invoice_write(invoice("a")), {})
    b = backend.invoices.insert(invoice_write(invoice("b")), {})
    backend.invoices.save(invoice_write(a), [reference("pi_1", a), reference("ch_1", a), reference("pi_1", a)])
    backend.invoices.save(invoice_write(b), [reference("pi_2", b)])
    requested = ["pi_1", "pi_2", "ch_1", "pi_3", "pi_1"]
    assert backend.invoices.find_by_reference(ACCOUNT, requested) == {
        "pi_1": (ORG, a.id),
        "ch_1": (ORG, a.id),
        "pi_2": (ORG, b.id),
    }
    assert backend.invoices.find_by_reference(OTHER_ACCOUNT, requested) == {}
    assert backend.invoices.find_by_reference(ACCOUNT, []) == {}


def test_more_than_a_hundred_references_cannot_be_looked_up_at_once(backend: Backend) -> None:
    with pytest.raises(ValueError, match="101"):
        backend.invoices.find_by_reference(ACCOUNT, [f"pi_{n}" for n in range(101)])


def test_more_references_than_one_transaction_holds_are_all_stored(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    ids = [f"pi_{n}" for n in range(230)]
    stored = backend.invoices.apply(
        invoice_write(first), marker(), [reference(stripe_id, first) for stripe_id in ids]
    )
    assert stored.version == 2
    pages = [backend.invoices.find_by_reference(ACCOUNT, ids[start : start + 100]) for start in range(0, 230, 100)]
    assert sum(len(part) for part in pages) == 230


def test_an_applied_event_is_marked_and_its_change_is_stored(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    second = backend.invoices.apply(invoice_write(replace(first, sent_at=NOW)), marker(), [reference("pi_1", first)])
    assert second == replace(first, sent_at=NOW, version=2)
    assert backend.invoices.get(ORG, first.id) == second
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}
    assert backend.invoices.find_by_reference(ACCOUNT, ["pi_1"]) == {"pi_1": (ORG, first.id)}


def test_an_event_is_applied_once(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    second = backend.invoices.apply(invoice_write(first), marker())
    with pytest.raises(DuplicateEvent):
        backend.invoices.apply(invoice_write(replace(second, sent_at=NOW)), marker(), [reference("pi_1", first)])
    with pytest.raises(DuplicateEvent):
        backend.invoices.apply(invoice_write(replace(first, sent_at=NOW)), marker())
    assert backend.invoices.get(ORG, first.id) == second
    assert backend.invoices.find_by_reference(ACCOUNT, ["pi_1"]) == {}


def test_an_event_for_a_stale_version_leaves_no_marker(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    second = backend.invoices.save(invoice_write(first))
    with pytest.raises(StaleWrite):
        backend.invoices.apply(invoice_write(first), marker(), [reference("pi_1", first)])
    assert backend.events.known(ACCOUNT, ["evt_1"]) == frozenset()
    assert backend.invoices.find_by_reference(ACCOUNT, ["pi_1"]) == {}
    backend.invoices.apply(invoice_write(second), marker())


def test_the_same_event_id_of_another_account_is_another_event(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    second = backend.invoices.apply(invoice_write(first), marker())
    backend.invoices.apply(invoice_write(second), marker(account_id=OTHER_ACCOUNT))


def test_a_parked_event_can_be_applied_later_once(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    backend.events.park(event(), NOW, "KeyError")
    second = backend.invoices.apply(invoice_write(first), marker())
    assert backend.events.parked(ACCOUNT, 10) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}
    with pytest.raises(DuplicateEvent):
        backend.invoices.apply(invoice_write(second), marker())


def test_due_work_is_listed_earliest_first(backend: Backend) -> None:
    for name, resume_at in (("a", NOW + 30), ("b", NOW + 10), ("c", None), ("d", NOW + 31)):
        waiting = invoice(name)
        backend.invoices.insert(invoice_write(replace(waiting, saga=replace(waiting.saga, resume_at=resume_at))), {})
    waiting = invoice("e", organization_id=OTHER_ORG)
    backend.invoices.insert(invoice_write(replace(waiting, saga=replace(waiting.saga, resume_at=NOW + 20))), {})
    due = [(ORG, InvoiceId("inv_b")), (OTHER_ORG, InvoiceId("inv_e")), (ORG, InvoiceId("inv_a"))]
    assert list(backend.invoices.due_for_work(NOW + 30, 10)) == due
    assert list(backend.invoices.due_for_work(NOW + 30, 2)) == due[:2]
    assert list(backend.invoices.due_for_work(NOW + 9, 10)) == []


def test_finished_work_is_no_longer_due(backend: Backend) -> None:
    first = backend.invoices.insert(invoice_write(invoice()), {})
    assert len(backend.invoices.due_for_work(NOW + 1000, 10)) == 1
    backend.invoices.save(invoice_write(replace(first, saga=replace(first.saga, resume_at=None))))
    assert len(backend.invoices.due_for_work(NOW + 1000, 10)) == 0


def test_the_largest_possible_invoice_fits_into_one_item(backend: Backend) -> None:
    line = invoice().order.line_items[0]
    lines = tuple(replace(line, description=f"{n} " + "€" * 490) for n in range(250))
    acts = tuple(
        Action(
            NOW + n,
            REMINDER_REFUSED,
            actor=f"user_{n * 7919 % 1000:030d}",
            reason="authentication_required",
            stripe_id=f"in_{n * 104729**5 % 36**20:024d}",
        )
        for n in range(MAX_ACTIONS)
    )
    largest = invoice(actions=acts)
    largest = replace(largest, order=replace(largest.order, line_items=lines, memo="m" * 5000, footer="f" * 5000))
    stored = backend.invoices.insert(invoice_write(largest), {})
    assert backend.invoices.get(ORG, largest.id) == stored
    assert backend.invoices.apply(invoice_write(stored), marker()).version == 2


@pytest.mark.parametrize(
    ("first_name", "second_name"), [("a#b", "a"), ("a", "a%23b"), ("a%", "a%25"), ("account#acct_1", "acct_1")]
)
def test_ids_with_separators_in_them_are_not_confused(backend: Backend, first_name: str, second_name: str) -> None:
    for name in (first_name, second_name):
        backend.invoices.insert(invoice_write(invoice(name, organization_id=OrganizationId(name))), services(name))
        backend.invoices.insert(invoice_write(invoice("x", organization_id=OrganizationId(name))), {})
    for name in (first_name, second_name):
        stored_invoice = backend.invoices.get(OrganizationId(name), InvoiceId(f"inv_{name}"))
        assert stored_invoice is not None
        assert stored_invoice.organization_id == name
        assert (
            backend.invoices.get(
                OrganizationId(name), InvoiceId(f"inv_{second_name if name == first_name else first_name}")
            )
            is None
        )
