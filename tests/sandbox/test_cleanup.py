"""A run's objects are ended even if the run was killed, and no other object is changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.sandbox.cleanup import CleanupResult, EndedObject, RemainingObject, clean
from infra.sandbox.client import Budget
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import send_invoice
from tests.sandbox.shared_accounts import (
    foreign_objects,
    new_double,
    new_session,
    open_objects_of_run,
    run_until_killed,
    stored_objects,
)


def create_objects_of_every_kind(session: Session) -> None:
    """One of each: a draft, an open one, a paid one, one with a payment, an endpoint, and a customer alone."""
    send_invoice(session, 7500)
    paid_invoice, partly_paid_invoice = send_invoice(session, 6000), send_invoice(session, 8000)
    double = session.target.double  # type: ignore[attr-defined]
    double.pay(session.account, paid_invoice.invoice)
    double.pay(session.account, partly_paid_invoice.invoice, amount=3000)
    order = session.orders.invoice(4000)
    session.gateway.create_draft(session.account, order, paid_invoice.customer, f"{session.run}-left")
    session.v1.webhook_endpoints.create(
        {"url": "https://example.com", "enabled_events": ["*"], "metadata": session.marks}
    )
    session.gateway.create_customer(session.account, session.orders.customer(), f"{session.run}-alone")


def ways(cleanup: CleanupResult) -> list[tuple[str, str]]:
    return [(each.kind, each.how) for each in cleanup.ended]


def test_each_kind_of_object_is_ended_in_its_own_way_and_open_objects_come_first() -> None:
    double, account = new_double()
    session = new_session(double, account)
    create_objects_of_every_kind(session)
    cleanup = clean(session)
    assert cleanup.remaining == []
    assert ways(cleanup) == [
        ("webhook endpoint", "deleted"),
        ("invoice", "deleted"),
        ("invoice", "marked uncollectible"),
        ("invoice", "voided"),
        *[("customer", "deleted")] * 4,
    ]
    invoices = double.ledger(account)["objects"]["invoice"]
    assert sorted(each["status"] for each in invoices) == ["paid", "uncollectible", "void"]


def test_a_second_cleanup_finds_nothing_and_requests_only_the_five_lists() -> None:
    double, account = new_double()
    create_objects_of_every_kind(new_session(double, account))
    clean(new_session(double, account, "00000002"))
    again = new_session(double, account, "00000003")
    assert clean(again) == CleanupResult()
    assert again.budget.used == 5


def test_objects_of_others_on_the_account_are_unchanged_to_the_byte() -> None:
    double, account = new_double()
    foreign = foreign_objects(double, account)
    before = stored_objects(double, account, foreign)
    create_objects_of_every_kind(new_session(double, account))
    clean(new_session(double, account, "00000002"), everything=True)
    assert stored_objects(double, account, foreign) == before
    assert open_objects_of_run(double, account, foreign) == []


def test_objects_older_than_thirty_days_are_ended_only_with_the_option_for_all() -> None:
    double, account = new_double()
    send_invoice(new_session(double, account), 7500)
    double.advance(31 * 86_400)
    assert ways(clean(new_session(double, account, "00000002"))) == []
    assert ways(clean(new_session(double, account, "00000003"), everything=True)) == [
        ("invoice", "voided"),
        ("customer", "deleted"),
    ]


def test_lists_are_read_to_their_last_page() -> None:
    double, account = new_double()
    session = new_session(double, account)
    for _ in range(101):
        session.gateway.create_customer(
            session.account, session.orders.customer(), f"{session.run}-{session.orders.number()}"
        )
    assert ways(clean(session)) == [("customer", "deleted")] * 101


def test_an_invoice_that_a_debit_keeps_from_being_voided_is_marked_uncollectible() -> None:
    double, account = new_double()
    session = new_session(double, account)
    debit = send_invoice(session, 5000)
    double.pay(account, debit.invoice, "pm_usBankAccount_success")
    cleanup = clean(session)
    assert cleanup.remaining == []
    assert EndedObject("invoice", debit.invoice, "marked uncollectible") in cleanup.ended


def test_a_refusal_is_reported_and_the_other_objects_are_ended() -> None:
    double, account = new_double()
    session = new_session(double, account)
    locked_invoice, other_invoice = send_invoice(session, 5000), send_invoice(session, 7000)
    double.order_fault("lock_timeout", path=f"/v1/customers/{locked_invoice.customer}", count=9)
    cleanup = clean(session)
    (remaining_object,) = cleanup.remaining
    assert (remaining_object.kind, remaining_object.id) == ("customer", locked_invoice.customer)
    assert remaining_object.reason != ""
    assert EndedObject("customer", other_invoice.customer, "deleted") in cleanup.ended


def test_a_list_that_the_key_may_not_read_is_reported() -> None:
    double, account = new_double()
    session = new_session(double, account)
    send_invoice(session, 7500)
    double.order_fault("error_before", path="/v1/webhook_endpoints", count=3)
    cleanup = clean(session)
    assert [each.kind for each in cleanup.remaining] == ["list of webhook endpoints"]
    assert len(cleanup.ended) == 2


def test_the_requests_reserved_for_cleaning_are_used_and_their_end_is_reported() -> None:
    double, account = new_double()
    session = new_session(double, account, budget=Budget(allowed=11, reserved=6))
    send_invoice(session, 5000)
    session.budget.used = 5
    cleanup = clean(session)
    assert ways(cleanup) == [("invoice", "voided")]
    assert cleanup.remaining == [RemainingObject("further objects", "", "The 11 requests of a run are used up.")]


def requests_of(play: Callable[[Session], None]) -> int:
    double, account = new_double()
    session = new_session(double, account)
    play(session)
    return session.budget.used


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_next_run_ends_the_objects_of_a_run_that_was_killed_at_any_request(before: bool) -> None:
    for at in range(1, requests_of(create_objects_of_every_kind) + 1):
        double, account = new_double()
        foreign = foreign_objects(double, account)
        foreign_before = stored_objects(double, account, foreign)
        run_until_killed(double, account, create_objects_of_every_kind, at, before, "00000001")
        cleanup = clean(new_session(double, account, "00000002"))
        assert cleanup.remaining == [], at
        assert open_objects_of_run(double, account, foreign) == [], at
        assert stored_objects(double, account, foreign) == foreign_before, at


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_cleanup_that_was_killed_at_any_request_is_finished_by_the_next(before: bool) -> None:
    double, account = new_double()
    create_objects_of_every_kind(new_session(double, account))
    counting = new_session(double, account, "00000002")
    clean(counting)
    for at in range(1, counting.budget.used + 1):
        double, account = new_double()
        create_objects_of_every_kind(new_session(double, account))
        run_until_killed(double, account, clean, at, before, "00000002")
        assert clean(new_session(double, account, "00000003")).remaining == [], at
        assert open_objects_of_run(double, account, []) == [], at


def test_a_lost_connection_is_reported_and_does_not_stop_the_cleanup() -> None:
    double, account = new_double()
    session = new_session(double, account)
    open_invoice = send_invoice(session, 5000)
    double.order_fault("close_before", path=f"/v1/invoices/{open_invoice.invoice}/void", count=3)
    cleanup = clean(session)
    assert [each.id for each in cleanup.remaining] == [open_invoice.invoice]
    assert ways(cleanup) == [("customer", "deleted")]


def test_an_uncollectible_invoice_with_a_processing_debit_is_marked_and_skipped_later() -> None:
    double, account = new_double()
    session = new_session(double, account)
    open_invoice = send_invoice(session, 7500)
    double.pay(account, open_invoice.invoice, "pm_usBankAccount_processing")
    session.v1.invoices.mark_uncollectible(open_invoice.invoice, None, session.on_account())
    cleanup = clean(session)
    assert cleanup.remaining == []
    assert ("invoice", "marked cleaned") in ways(cleanup)
    assert clean(new_session(double, account, "00000002")) == CleanupResult()
