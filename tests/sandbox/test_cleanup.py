"""What a run made is ended, wherever it was killed, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.sandbox.cleanup import CleanupResult, EndedObject, RemainingObject, clean
from infra.sandbox.client import Budget
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import send_invoice
from tests.sandbox.shared_accounts import foreign_objects, killed, new_double, new_session, open_things, stored


def mixed(session: Session) -> None:
    """One of each: a draft, an open one, a paid one, one with a payment, an endpoint, and a customer alone."""
    send_invoice(session, 7500)
    paid, partly = send_invoice(session, 6000), send_invoice(session, 8000)
    double = session.target.double  # type: ignore[attr-defined]
    double.pay(session.account, paid.invoice)
    double.pay(session.account, partly.invoice, amount=3000)
    order = session.orders.invoice(4000)
    session.gateway.create_draft(session.account, order, paid.customer, f"{session.run}-left")
    session.v1.webhook_endpoints.create(
        {"url": "https://example.com", "enabled_events": ["*"], "metadata": session.marks}
    )
    session.gateway.create_customer(session.account, session.orders.customer(), f"{session.run}-alone")


def ways(cleaned: CleanupResult) -> list[tuple[str, str]]:
    return [(each.kind, each.how) for each in cleaned.ended]


def test_each_kind_of_object_is_ended_in_its_own_way_and_open_objects_come_first() -> None:
    double, account = new_double()
    session = new_session(double, account)
    mixed(session)
    cleaned = clean(session)
    assert cleaned.remaining == []
    assert ways(cleaned) == [
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
    mixed(new_session(double, account))
    clean(new_session(double, account, "00000002"))
    again = new_session(double, account, "00000003")
    assert clean(again) == CleanupResult()
    assert again.budget.used == 5


def test_objects_of_others_on_the_account_are_unchanged_to_the_byte() -> None:
    double, account = new_double()
    foreign = foreign_objects(double, account)
    before = stored(double, account, foreign)
    mixed(new_session(double, account))
    clean(new_session(double, account, "00000002"), everything=True)
    assert stored(double, account, foreign) == before
    assert open_things(double, account, foreign) == []


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
    cleaned = clean(session)
    assert cleaned.remaining == []
    assert EndedObject("invoice", debit.invoice, "marked uncollectible") in cleaned.ended


def test_a_refusal_is_reported_and_the_other_objects_are_ended() -> None:
    double, account = new_double()
    session = new_session(double, account)
    locked, other = send_invoice(session, 5000), send_invoice(session, 7000)
    double.order_fault("lock_timeout", path=f"/v1/customers/{locked.customer}", count=9)
    cleaned = clean(session)
    (left,) = cleaned.remaining
    assert (left.kind, left.id) == ("customer", locked.customer)
    assert left.reason != ""
    assert EndedObject("customer", other.customer, "deleted") in cleaned.ended


def test_a_list_that_the_key_may_not_read_is_reported() -> None:
    double, account = new_double()
    session = new_session(double, account)
    send_invoice(session, 7500)
    double.order_fault("error_before", path="/v1/webhook_endpoints", count=3)
    cleaned = clean(session)
    assert [each.kind for each in cleaned.remaining] == ["list of webhook endpoints"]
    assert len(cleaned.ended) == 2


def test_the_requests_reserved_for_cleaning_are_used_and_their_end_is_reported() -> None:
    double, account = new_double()
    session = new_session(double, account, budget=Budget(allowed=11, reserved=6))
    send_invoice(session, 5000)
    session.budget.used = 5
    cleaned = clean(session)
    assert ways(cleaned) == [("invoice", "voided")]
    assert cleaned.remaining == [RemainingObject("further objects", "", "The 11 requests of a run are used up.")]


def requests_of(play: Callable[[Session], None]) -> int:
    double, account = new_double()
    session = new_session(double, account)
    play(session)
    return session.budget.used


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_next_run_ends_the_objects_of_a_run_that_was_killed_at_any_request(before: bool) -> None:
    for at in range(1, requests_of(mixed) + 1):
        double, account = new_double()
        foreign = foreign_objects(double, account)
        others = stored(double, account, foreign)
        killed(double, account, mixed, at, before, "00000001")
        cleaned = clean(new_session(double, account, "00000002"))
        assert cleaned.remaining == [], at
        assert open_things(double, account, foreign) == [], at
        assert stored(double, account, foreign) == others, at


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_cleanup_that_was_killed_at_any_request_is_finished_by_the_next(before: bool) -> None:
    double, account = new_double()
    mixed(new_session(double, account))
    counting = new_session(double, account, "00000002")
    clean(counting)
    for at in range(1, counting.budget.used + 1):
        double, account = new_double()
        mixed(new_session(double, account))
        killed(double, account, clean, at, before, "00000002")
        assert clean(new_session(double, account, "00000003")).remaining == [], at
        assert open_things(double, account, []) == [], at


def test_a_lost_connection_is_reported_and_does_not_stop_the_cleanup() -> None:
    double, account = new_double()
    session = new_session(double, account)
    sent = send_invoice(session, 5000)
    double.order_fault("close_before", path=f"/v1/invoices/{sent.invoice}/void", count=3)
    cleaned = clean(session)
    assert [each.id for each in cleaned.remaining] == [sent.invoice]
    assert ways(cleaned) == [("customer", "deleted")]


def test_an_uncollectible_invoice_with_a_processing_debit_is_marked_and_skipped_later() -> None:
    double, account = new_double()
    session = new_session(double, account)
    made = send_invoice(session, 7500)
    double.pay(account, made.invoice, "pm_usBankAccount_processing")
    session.v1.invoices.mark_uncollectible(made.invoice, None, session.on_account())
    cleaned = clean(session)
    assert cleaned.remaining == []
    assert ("invoice", "marked cleaned") in ways(cleaned)
    assert clean(new_session(double, account, "00000002")) == CleanupResult()
