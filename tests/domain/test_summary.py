"""The amounts that one invoice adds to the summary, the difference that a change adds, and the sums."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from chalicelib.domain.errors import Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import (
    Period,
    contribution,
    invoice_removal,
    invoice_write,
    period_from,
    summaries_by_currency,
)
from chalicelib.domain.tallies import Bucket, Tally, added_up
from tests.contracts.examples import NOW, in_status, invoice

TODAY = dt.date(2027, 1, 15)
DAY = 86400


def paid_invoice(at: int = NOW, amount: int = 7500) -> Invoice:
    base = in_status(invoice(), InvoiceStatus.PAID)
    assert base.facts.invoice is not None
    fact = replace(base.facts.invoice, paid_at=at, amount_paid=amount)
    return replace(base, facts=replace(base.facts, invoice=fact))


def pending_invoice(due_at: int | None = NOW + DAY, remaining: int = 7500) -> Invoice:
    base = in_status(invoice(), InvoiceStatus.PENDING, due_at=due_at)
    assert base.facts.invoice is not None
    fact = replace(base.facts.invoice, amount_remaining=remaining)
    return replace(base, facts=replace(base.facts, invoice=fact))


def in_zone(base: Invoice, time_zone: str) -> Invoice:
    return replace(base, order=replace(base.order, time_zone=time_zone))


def refund(name: str, status: str, amount: int) -> RefundFact:
    return RefundFact(name, NOW, status, amount, "usd", NOW)


def dispute(name: str, status: str, amount: int, currency: str = "usd") -> DisputeFact:
    return DisputeFact(name, NOW, status, amount, currency)


@pytest.mark.parametrize("status", InvoiceStatus)
def test_every_invoice_counts_once_by_its_status(status: InvoiceStatus) -> None:
    base = invoice()
    if status is InvoiceStatus.REFUNDED:
        base = paid_invoice().knowing(refund("re_1", "succeeded", 7500))
    elif status is not InvoiceStatus.CREATING:
        base = in_status(invoice(), status)
    counts = contribution(base)
    assert counts[Bucket("usd", "status", status)] == Tally(1, base.total, base.balance)
    assert [bucket.of for bucket in counts if bucket.kind == "status"] == [status]


def test_an_invoice_stored_as_overdue_counts_with_its_balance() -> None:
    late = pending_invoice(NOW - DAY, remaining=500)
    assert contribution(late)[Bucket("usd", "overdue")] == Tally(1, 500)
    for other_invoice in (
        replace(late, overdue_since=None),
        pending_invoice(NOW),
        pending_invoice(None),
        paid_invoice().changed(NOW),
    ):
        assert Bucket("usd", "overdue") not in contribution(other_invoice)


@pytest.mark.parametrize(
    ("time_zone", "day"),
    [("UTC", "2027-01-15"), ("Pacific/Auckland", "2027-01-16"), ("Pacific/Midway", "2027-01-14")],
)
def test_days_are_counted_in_the_time_zone_of_the_order(time_zone: str, day: str) -> None:
    moment = NOW + 3 * 3600 if time_zone == "Pacific/Auckland" else NOW  # 11:00 or 08:00 in UTC
    assert Bucket("usd", "paid", day) in contribution(in_zone(paid_invoice(at=moment), time_zone))


def test_money_counts_as_paid_on_its_day_although_a_part_was_refunded() -> None:
    partly = paid_invoice().knowing(refund("re_1", "succeeded", 500)).knowing(refund("re_2", "pending", 100))
    counts = contribution(partly)
    assert counts[Bucket("usd", "paid", "2027-01-15")] == Tally(1, 7500)
    assert counts[Bucket("usd", "refunded")] == Tally(1, 500)


def test_a_refund_that_failed_no_longer_counts() -> None:
    counts = contribution(paid_invoice().knowing(refund("re_1", "failed", 500)))
    assert Bucket("usd", "refunded") not in counts


def test_only_open_disputes_count_and_in_the_currency_of_the_invoice() -> None:
    """A dispute in the bank's own currency counts with the amount of its charge."""
    disputed = paid_invoice()
    for name, status, amount, currency in (
        ("dp_1", "needs_response", 100, "usd"),
        ("dp_2", "under_review", 200, "usd"),
        ("dp_3", "lost", 400, "usd"),
        ("dp_4", "needs_response", 800, "eur"),
    ):
        disputed = disputed.knowing(dispute(name, status, amount, currency))
    counts = contribution(disputed)
    assert counts[Bucket("usd", "disputed")] == Tally(1, 100 + 200 + 7500)
    assert Bucket("eur", "disputed") not in counts


def test_money_lost_in_a_dispute_counts_as_lost_and_not_as_paid() -> None:
    lost = paid_invoice().knowing(refund("re_1", "succeeded", 500)).knowing(dispute("dp_1", "lost", 3000))
    counts = contribution(lost)
    assert counts[Bucket("usd", "lost")] == Tally(1, 3000)
    assert counts[Bucket("usd", "paid", "2027-01-15")] == Tally(1, 4500)
    assert counts[Bucket("usd", "refunded")] == Tally(1, 500)
    [usd] = summaries_by_currency(counts)
    assert (usd.lost, usd.disputed) == (Tally(1, 3000), Tally(0, 0))


def test_a_dispute_lost_in_another_currency_counts_in_the_currency_of_the_invoice() -> None:
    counts = contribution(paid_invoice().knowing(dispute("dp_1", "lost", 6810, "eur")))
    assert counts[Bucket("usd", "lost")] == Tally(1, 7500)
    assert {bucket.currency for bucket in counts} == {"usd"}


def test_a_dispute_won_on_appeal_no_longer_counts_as_lost() -> None:
    lost = invoice_write(paid_invoice().knowing(dispute("dp_1", "lost", 7500))).stored()
    appealed = lost.knowing(replace(dispute("dp_1", "won", 7500), as_of=NOW + 60))
    difference = invoice_write(appealed).difference
    assert difference == {
        Bucket("usd", "lost"): Tally(-1, -7500),
        Bucket("usd", "paid", "2027-01-15"): Tally(0, 7500),
    }


def test_a_change_adds_its_difference_to_the_tallies_once() -> None:
    first, added = invoice_write(pending_invoice()).stored(), invoice_write(pending_invoice()).difference
    assert added == contribution(pending_invoice())
    assert invoice_write(first, first) == (first, {}, first.counted, ())
    later = replace(paid_invoice(), counted=first.counted)
    stored, difference = invoice_write(later).stored(), invoice_write(later).difference
    assert added_up(first.counted, difference.items()) == contribution(later)
    assert dict(stored.counted) == contribution(later)
    taken_off = {bucket: Tally(*(-number for number in tally)) for bucket, tally in contribution(later).items()}
    assert invoice_removal(stored).difference == taken_off


def test_an_invoice_counted_differently_by_another_release_is_corrected() -> None:
    former = (Bucket("usd", "moon", "full"), Tally(1, 5))
    difference = invoice_write(replace(pending_invoice(), counted=(former,))).difference
    assert difference[former[0]] == Tally(-1, -5)
    assert Bucket("usd", "status", "pending") in difference


def test_the_overdue_invoices_are_summed_up() -> None:
    examples = [
        pending_invoice(NOW - 5 * DAY),
        pending_invoice(NOW - DAY, 100),
        pending_invoice(NOW),
        pending_invoice(NOW + 40 * DAY),
        pending_invoice(None),
    ]
    [usd] = summaries_by_currency(added_up(*(contribution(each).items() for each in examples)))
    assert usd.overdue == Tally(2, 7600)
    assert usd.by_status == {InvoiceStatus.PENDING: Tally(5, 37500, 30100)}


def test_currencies_are_never_mixed() -> None:
    examples = [pending_invoice(), replace(pending_invoice(), order=replace(invoice().order, currency="jpy"))]
    eur, usd = summaries_by_currency(added_up(*(contribution(each).items() for each in examples)))
    assert (eur.currency, usd.currency) == ("jpy", "usd")
    assert eur.by_status == usd.by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        (None, None, ("2027-01-01", "2027-01-31")),
        ("2026-11-05", None, ("2026-11-05", "2027-01-31")),
        (None, "2026-02-10", ("2026-02-01", "2026-02-10")),
        ("2027-03-03", None, ("2027-03-03", "2027-03-31")),
        ("2028-02-29", "2028-02-29", ("2028-02-29", "2028-02-29")),
        ("2028-01-01", "2028-12-31", ("2028-01-01", "2028-12-31")),
        ("9999-12-31", None, ("9999-12-31", "9999-12-31")),
        (None, "0001-01-05", ("0001-01-01", "0001-01-05")),
    ],
)
def test_the_default_period_is_this_month(first: str | None, last: str | None, period: tuple[str, str]) -> None:
    days = [dt.date.fromisoformat(day) if day else None for day in (first, last)]
    expected = Period(*map(dt.date.fromisoformat, period))
    assert period_from(days[0], days[1], TODAY) == expected


@pytest.mark.parametrize(
    ("first", "last"), [("2027-01-02", "2027-01-01"), ("2026-01-01", "2027-01-02"), ("0001-01-01", "9999-12-31")]
)
def test_an_invalid_or_too_long_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(Refused) as refusal:
        period_from(dt.date.fromisoformat(first), dt.date.fromisoformat(last), TODAY)
    assert (refusal.value.code, refusal.value.field) == ("period_invalid", "from")
