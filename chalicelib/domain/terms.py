"""Payment terms by name, and the due dates that follow from them."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import DueDatePassed, Refused

NAMED_TERMS: dict[str, int] = {"due_on_receipt": 0, "net_7": 7, "net_15": 15, "net_30": 30, "net_60": 60}
MAX_DAYS = 365
DAYS_PATTERN = r"^days_([0-2]?[0-9]{1,2}|3[0-5][0-9]|36[0-5])$"
"""The names that `days_of_terms` accepts besides `NAMED_TERMS`, for the API contract."""
_MONTHS = tuple("January February March April May June July August September October November December".split())


def days_of_terms(terms: str, *, field: str = "paymentTerms") -> int:
    """Returns the number of days of payment terms such as `net_30`, or `days_45` for any other number.

    Raises:
        Refused: the name is unknown, or the number is out of range.
    """
    if terms in NAMED_TERMS:
        return NAMED_TERMS[terms]
    prefix, _, number = terms.partition("_")
    if prefix == "days" and re.fullmatch(r"[0-9]{1,3}", number) and int(number) <= MAX_DAYS:
        return int(number)
    raise Refused(
        "payment_terms_unknown",
        "These payment terms are not known.",
        field=field,
        next_step=f"Use one of {', '.join(NAMED_TERMS)}, or days_N with N from 0 to {MAX_DAYS}.",
    )


def valid_due_date(date: dt.date, *, today: dt.date, field: str = "dueDate") -> dt.date:
    """Returns the due date if it is valid. `today` is a day in the organization's time zone.

    Raises:
        Refused: the day has passed, or is more than five years away.
    """
    if date < today:
        raise DueDatePassed(
            "due_date_in_past",
            f"The due date {date.isoformat()} has passed.",
            field=field,
            next_step="Choose today or a later day.",
        )
    if date > today + dt.timedelta(days=5 * 365):
        raise Refused(
            "due_date_too_far",
            "The due date is more than five years away.",
            field=field,
            next_step="Choose an earlier day.",
        )
    return date


EARLIEST_SERVICE = dt.date(2000, 1, 1)
"""The earliest valid service date. An earlier one is a typing error, such as a year with two digits."""

SERVICE_DAYS_AHEAD = 366
"""A season may be billed before it begins. A service date further ahead is a typing error."""


def valid_service_date(date: dt.date, *, today: dt.date, field: str) -> dt.date:
    """Returns the service date if it is valid. `today` is a day in the organization's time zone.

    Raises:
        Refused: the day is before 2000, or more than a year ahead.
    """
    if date < EARLIEST_SERVICE:
        raise Refused(
            "service_date_too_early",
            f"The service date {date.isoformat()} is before the year {EARLIEST_SERVICE.year}.",
            field=field,
            next_step="Correct the year, or leave the service date out.",
        )
    if date > today + dt.timedelta(days=SERVICE_DAYS_AHEAD):
        raise Refused(
            "service_date_too_far",
            f"The service date {date.isoformat()} is more than a year ahead.",
            field=field,
            next_step="Correct the year, or leave the service date out.",
        )
    return date


@cache
def _time_zones() -> frozenset[str]:
    """Returns the names in the pinned copy of the IANA database. A machine's own copy may have more names."""
    names = resources.files("tzdata").joinpath("zones").read_text()
    return frozenset(names.split()) - {"Factory"}


def is_time_zone(name: str) -> bool:
    """Returns True if `name` is an IANA time zone (https://www.iana.org/time-zones)."""
    return name in _time_zones()


def end_of_day(date: dt.date, time_zone: str) -> int:
    """Returns the last second of `date` in `time_zone`, in epoch seconds UTC."""
    midnight = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), tzinfo=ZoneInfo(time_zone))
    return int(midnight.timestamp()) - 1


def start_of_day(date: dt.date, time_zone: str) -> int:
    """Returns the first second of `date` in `time_zone`, in epoch seconds UTC."""
    return int(dt.datetime.combine(date, dt.time(), tzinfo=ZoneInfo(time_zone)).timestamp())


def day_of(moment: int, time_zone: str) -> dt.date:
    """Returns the calendar day of an epoch second in `time_zone`.

    A second outside the calendar's range returns the first or the last day, because reading Stripe's data must not
    fail.
    """
    return dt.datetime.fromtimestamp(min(max(moment, _EARLIEST), _LATEST), tz=ZoneInfo(time_zone)).date()


_EARLIEST, _LATEST = 0, 253_000_000_000
"""Epoch seconds: 1970, and the year 9987."""


def day_in_words(date: dt.date) -> str:
    """Returns a day such as 23 November 2026."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def minute_in_words(moment: int) -> str:
    """Returns an epoch second as a day and a time in UTC, such as 23 November 2026, 15:04 UTC."""
    at = dt.datetime.fromtimestamp(moment, tz=dt.UTC)
    return f"{day_in_words(at.date())}, {at:%H:%M} UTC"
