"""Payment terms, and due dates in the company's own days."""

from __future__ import annotations

import datetime as dt

import pytest

from chalicelib.domain.errors import Refused
from chalicelib.domain.terms import NAMED_TERMS, day_of, days_of_terms, end_of_day, valid_due_date

TODAY = dt.date(2027, 1, 15)


@pytest.mark.parametrize(
    ("terms", "days"), [*NAMED_TERMS.items(), ("days_0", 0), ("days_45", 45), ("days_365", 365), ("days_007", 7)]
)
def test_terms_are_a_number_of_days(terms: str, days: int) -> None:
    assert days_of_terms(terms) == days


@pytest.mark.parametrize(
    "terms",
    [
        "",
        "net_45",
        "days_",
        "days_366",
        "days_-1",
        "days_1.5",
        "days_٣",
        "days_²",
        "days_" + "9" * 5000,
        "NET_30",
        "days",
    ],
)
def test_unknown_terms_are_refused_with_the_ones_that_are_known(terms: str) -> None:
    with pytest.raises(Refused) as refusal:
        days_of_terms(terms)
    assert refusal.value.code == "payment_terms_unknown"
    assert "net_30" in str(refusal.value.next_step)


def test_today_is_an_allowed_due_date() -> None:
    assert valid_due_date(TODAY, today=TODAY) == TODAY


@pytest.mark.parametrize(
    ("date", "code"), [(dt.date(2027, 1, 14), "due_date_in_past"), (dt.date(2033, 1, 1), "due_date_too_far")]
)
def test_a_due_date_in_the_past_or_too_far_ahead_is_refused(date: dt.date, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        valid_due_date(date, today=TODAY)
    assert (refusal.value.code, refusal.value.field) == (code, "dueDate")
    assert refusal.value.next_step


@pytest.mark.parametrize(
    ("date", "zone", "utc"),
    [
        (dt.date(2027, 1, 15), "UTC", "2027-01-15T23:59:59"),
        (dt.date(2027, 1, 15), "America/New_York", "2027-01-16T04:59:59"),
        (dt.date(2027, 7, 15), "America/New_York", "2027-07-16T03:59:59"),
        (dt.date(2027, 1, 15), "Australia/Sydney", "2027-01-15T12:59:59"),
        (dt.date(2027, 3, 14), "America/New_York", "2027-03-15T03:59:59"),  # the clocks go forward
        (dt.date(2027, 11, 7), "America/New_York", "2027-11-08T04:59:59"),  # and back
        (dt.date(2027, 1, 15), "Asia/Kathmandu", "2027-01-15T18:14:59"),
    ],
)
def test_an_invoice_is_due_at_the_end_of_the_day_in_the_companys_time_zone(
    date: dt.date, zone: str, utc: str
) -> None:
    assert end_of_day(date, zone) == int(dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC).timestamp())
    assert day_of(end_of_day(date, zone), zone) == date


def test_the_same_time_is_another_day_in_another_time_zone() -> None:
    moment = int(dt.datetime(2027, 1, 15, 3, tzinfo=dt.UTC).timestamp())
    assert day_of(moment, "America/Los_Angeles") == dt.date(2027, 1, 14)
    assert day_of(moment, "Pacific/Auckland") == dt.date(2027, 1, 15)
