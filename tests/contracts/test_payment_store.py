"""Contract of every store of payments: rows are stored with their invoice, have their fees, and are listed in the
order in which the money moved.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.errors import DuplicateEvent, Refused, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import Movement, MovementFilter, MovementKind
from chalicelib.domain.summary import InvoiceWrite, invoice_write
from tests.backends import Backend
from tests.contracts import pages
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    OTHER_ORG,
    balance_transaction,
    invoice,
    marker,
    payment,
    reference,
    refund,
)
from tests.contracts.test_invoice_pages import fresh

ALL = MovementFilter()


def write_with_rows(backend: Backend, *rows: Movement, organization_id: OrganizationId = ORG) -> InvoiceWrite:
    """Stores an invoice, and returns the write that stores it again with these rows."""
    stored_invoice = backend.invoices.insert(invoice_write(invoice(organization_id=organization_id)), {})
    return invoice_write(stored_invoice)._replace(movements=rows)


def all_rows(
    backend: Backend, movement_filter: MovementFilter = ALL, first: int = 50, organization_id: OrganizationId = ORG
) -> list[Movement]:
    return [each.movement for each in all_settled_rows(backend, movement_filter, first, organization_id)]


def all_settled_rows(
    backend: Backend, movement_filter: MovementFilter = ALL, first: int = 50, organization_id: OrganizationId = ORG
) -> list[SettledMovement]:
    return pages.all_items(lambda after: backend.payments.page(organization_id, movement_filter, first, after), first)


def test_a_payment_is_stored_with_its_invoice_and_read_back_equal(backend: Backend) -> None:
    first, second = payment("ch_1", number="A-0001"), refund("re_1", at=NOW + 5, reason="duplicate")
    backend.invoices.save(write_with_rows(backend, first, second))
    assert all_rows(backend) == [second, first]


def test_a_new_invoice_is_stored_with_its_payments(backend: Backend) -> None:
    backend.invoices.insert(invoice_write(invoice())._replace(movements=(payment(),)), {})
    assert all_rows(backend) == [payment()]


def test_a_changed_payment_replaces_its_row(backend: Backend) -> None:
    pending = payment(status="pending")
    stored = backend.invoices.save(write_with_rows(backend, pending))
    succeeded = replace(pending, status="succeeded", at=NOW + 86400)
    backend.invoices.apply(invoice_write(stored)._replace(movements=(succeeded,)), marker())
    assert all_rows(backend) == [succeeded]


def test_no_payment_is_stored_if_its_invoice_is_not(backend: Backend) -> None:
    stale = write_with_rows(backend, payment("ch_1"))
    backend.invoices.save(stale._replace(movements=()))
    with pytest.raises(StaleWrite):
        backend.invoices.save(stale)
    with pytest.raises(StaleWrite):
        backend.invoices.apply(stale, marker())
    assert all_rows(backend) == []


def test_an_event_that_was_already_processed_stores_no_payment(backend: Backend) -> None:
    backend.events.mark(marker())
    with pytest.raises(DuplicateEvent):
        backend.invoices.apply(write_with_rows(backend, payment()), marker())
    assert all_rows(backend) == []


@pytest.mark.parametrize("count", [40, 41, 100])
def test_an_invoice_with_many_payments_stores_all_of_them(backend: Backend, count: int) -> None:
    """The rows and references do not fit into one transaction."""
    rows = [payment(f"ch_{n:03d}", at=NOW + n) for n in range(count)]
    paid = write_with_rows(backend, *rows)
    backend.invoices.apply(paid, marker(), [reference(each.id, paid.invoice) for each in rows])
    assert all_rows(backend) == rows[::-1]
    assert len(backend.invoices.find_by_reference(ACCOUNT, [each.id for each in rows])) == count


def test_many_payments_of_a_stale_invoice_are_not_stored(backend: Backend) -> None:
    stale = write_with_rows(backend, *(payment(f"ch_{n}") for n in range(41)))
    backend.invoices.save(stale._replace(movements=()))
    with pytest.raises(StaleWrite):
        backend.invoices.save(stale)
    assert all_rows(backend) == []


def test_payments_of_other_organizations_are_not_listed(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment("ch_1")))
    backend.invoices.save(write_with_rows(backend, payment("ch_2"), organization_id=OTHER_ORG))
    assert [each.id for each in all_rows(backend)] == ["ch_1"]
    assert [each.id for each in all_rows(backend, organization_id=OTHER_ORG)] == ["ch_2"]


def test_a_cursor_of_another_organizations_payments_is_refused(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment("ch_1"), payment("ch_2")))
    cursor = backend.payments.page(ORG, ALL, 1, None).end_cursor
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.payments.page(OTHER_ORG, ALL, 1, cursor)


def test_an_empty_list_of_payments_is_one_empty_page(backend: Backend) -> None:
    page = backend.payments.page(ORG, ALL, 10, None)
    assert (page.items, page.end_cursor, page.has_next) == ((), None, False)


def settlements_of(backend: Backend, organization_id: OrganizationId = ORG) -> object:
    """Returns the stored settlements of the payment ch_1. Asserts that the list and the read by id agree."""
    [settled] = backend.payments.find(organization_id, ["ch_1"]).values()
    assert settled in all_settled_rows(backend, organization_id=organization_id)
    return settled.settlements


def test_the_fees_of_a_payment_are_read_back_equal_earliest_first(backend: Backend) -> None:
    dear = balance_transaction("txn_2", created=NOW + 9, description="Zahlung für Rechnung 1", exchange_rate="1.0837")
    backend.invoices.save(write_with_rows(backend, payment()))
    backend.payments.settle(
        ORG, [("ch_1", Settlement(dear, "po_1")), ("ch_1", Settlement(balance_transaction("txn_1")))]
    )
    assert settlements_of(backend) == (Settlement(balance_transaction("txn_1")), Settlement(dear, "po_1"))


def test_a_changed_payment_keeps_its_fees(backend: Backend) -> None:
    stored = backend.invoices.save(write_with_rows(backend, payment(status="pending")))
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction(), "po_1"))])
    long = "a reason that is long enough to be stored in another form " * 9
    for changed_payment in (payment(reason=long), payment(at=NOW + 7)):
        stored = backend.invoices.save(invoice_write(stored)._replace(movements=(changed_payment,)))
        assert all_settled_rows(backend) == [
            SettledMovement(changed_payment, (Settlement(balance_transaction(), "po_1"),))
        ]


def test_storing_fees_does_not_change_the_payment(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment(number="A-0001")))
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction()))])
    assert all_rows(backend) == [payment(number="A-0001")]


def test_a_fee_that_arrives_late_does_not_remove_a_payment_from_its_payout(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment()))
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction(), "po_1"))])
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction()))])
    assert settlements_of(backend) == (Settlement(balance_transaction(), "po_1"),)


def test_a_payout_is_noted_on_a_payment_whose_fee_is_known(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment()))
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction()))])
    for payout_id in ("po_1", "po_2"):
        backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction(), payout_id))])
        assert settlements_of(backend) == (Settlement(balance_transaction(), payout_id),)


def test_a_balance_transaction_given_twice_in_one_call_keeps_its_payout(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment()))
    backend.payments.settle(
        ORG, [("ch_1", Settlement(balance_transaction(), "po_1")), ("ch_1", Settlement(balance_transaction()))]
    )
    assert settlements_of(backend) == (Settlement(balance_transaction(), "po_1"),)


def test_settling_again_changes_nothing(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment()))
    settled = [
        ("ch_1", Settlement(balance_transaction("txn_1"))),
        ("ch_1", Settlement(balance_transaction("txn_2"), "po_1")),
    ]
    backend.payments.settle(ORG, settled)
    before = settlements_of(backend)
    backend.payments.settle(ORG, settled)
    assert settlements_of(backend) == before


def test_settlements_without_a_stored_payment_are_left_out(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment()))
    backend.payments.settle(
        ORG, [("ch_9", Settlement(balance_transaction("txn_9"))), ("ch_1", Settlement(balance_transaction()))]
    )
    assert all_settled_rows(backend) == [SettledMovement(payment(), (Settlement(balance_transaction()),))]
    assert backend.payments.find(ORG, ["ch_9"]) == {}


def test_a_hundred_payments_are_settled_and_found_at_once(backend: Backend) -> None:
    rows = [payment(f"ch_{n:03d}", at=NOW + n) for n in range(100)]
    backend.invoices.save(write_with_rows(backend, *rows))
    settled = {
        row.id: Settlement(balance_transaction(f"txn_{row.id}", amount=n), "po_1") for n, row in enumerate(rows)
    }
    backend.payments.settle(ORG, list(settled.items()))
    rows_found = backend.payments.find(ORG, list(settled))
    assert rows_found == {row.id: SettledMovement(row, (settled[row.id],)) for row in rows}
    with pytest.raises(ValueError, match="101"):
        backend.payments.find(ORG, [f"ch_{n}" for n in range(101)])


def test_payments_of_other_organizations_are_neither_settled_nor_found(backend: Backend) -> None:
    backend.invoices.save(write_with_rows(backend, payment()))
    backend.invoices.save(write_with_rows(backend, payment(), organization_id=OTHER_ORG))
    backend.payments.settle(ORG, [("ch_1", Settlement(balance_transaction()))])
    assert settlements_of(backend, organization_id=OTHER_ORG) == ()
    assert backend.payments.find(OrganizationId("org_3"), ["ch_1"]) == {}


def test_looking_up_no_payments_reads_nothing(backend: Backend) -> None:
    assert backend.payments.find(ORG, []) == {}
    backend.payments.settle(ORG, [])


moments = st.none() | st.integers(NOW - 1, NOW + 5)
METHODS = ["card", "us_bank_account", None]
filters = st.builds(
    MovementFilter,
    since=moments,
    before=moments,
    kind=st.none() | st.sampled_from(MovementKind),
    method=st.sampled_from(METHODS),
)
rows = st.lists(
    st.tuples(st.integers(NOW, NOW + 4), st.sampled_from(MovementKind), st.sampled_from(METHODS)), max_size=12
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, filter_list=st.lists(filters, min_size=1, max_size=4), first=st.integers(1, 5))
def test_any_filter_returns_the_same_payments_as_plain_python(
    backend: Backend, rows: list[tuple[int, MovementKind, str | None]], filter_list: list[MovementFilter], first: int
) -> None:
    organization_id = OrganizationId(f"org-payments-{next(fresh)}")
    rows_to_store = [payment(f"ch_{n}", at=at, kind=kind, method=method) for n, (at, kind, method) in enumerate(rows)]
    backend.invoices.save(write_with_rows(backend, *rows_to_store, organization_id=organization_id))
    for each_filter in filter_list:
        fitting = [
            each
            for each in rows_to_store
            if (each_filter.since is None or each.at >= each_filter.since)
            and (each_filter.before is None or each.at < each_filter.before)
            and (each_filter.kind is None or each.kind is each_filter.kind)
            and (each_filter.method is None or each.method == each_filter.method)
        ]
        latest_first = sorted(fitting, key=lambda each: (each.at, each.id), reverse=True)
        assert all_rows(backend, each_filter, first, organization_id) == latest_first
