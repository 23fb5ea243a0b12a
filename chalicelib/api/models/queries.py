"""What can be asked for in a query string."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.day_or_timestamp import DayOrTimestamp
from chalicelib.domain.errors import Refused
from chalicelib.domain.movements import MovementFilter, MovementKind
from chalicelib.domain.payout import PayoutFilter

First = Annotated[int, Meta(ge=1, le=100, description="How many to list at most.")]
ROWS, CSV_ROWS = 25, 1000
"""Rows of a page if nobody says how many. A table is downloaded, so its pages are long."""
MAX_ROWS = 1000
"""The most rows of a page of payments, payouts or lines of a payout, as JSON or as CSV."""
Rows = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_ROWS,
        description=f"How many rows to list, at most {MAX_ROWS:,}. If left out: {ROWS}, or {CSV_ROWS:,} as CSV.",
    ),
]
Cursor = Annotated[str, Meta(min_length=1, max_length=2000, description="The `endCursor` of the page before.")]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters, or no body."""


class PageQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which page of a list."""

    first: First = ROWS
    after: Cursor | None = None


class MovementQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which payments, refunds and disputes."""

    since: (
        Annotated[DayOrTimestamp, Meta(description="A day of the company's time zone, or a moment; inclusive.")]
        | None
    ) = msgspec.field(default=None, name="from")
    until: (
        Annotated[
            DayOrTimestamp, Meta(description="A day of the company's time zone, inclusive, or a moment, exclusive.")
        ]
        | None
    ) = msgspec.field(default=None, name="to")
    kind: Annotated[MovementKind | None, Meta(description="Only payments, only refunds or only disputes.")] = None
    method: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="A payment method, such as `card`, `us_bank_account` or `check`.",
                examples=["card"],
            ),
        ]
        | None
    ) = None
    first: Rows | None = None
    after: Cursor | None = None


class RowsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which page of a list that is answered as CSV, too."""

    first: Rows | None = None
    after: Cursor | None = None


class PayoutQuery(RowsQuery, forbid_unknown_fields=True, kw_only=True):
    """Which payouts."""

    since: (
        Annotated[dt.date, Meta(description="The first day on which a payout arrives at the bank, included.")] | None
    ) = msgspec.field(default=None, name="from")
    until: (
        Annotated[dt.date, Meta(description="The last day on which a payout arrives at the bank, included.")] | None
    ) = msgspec.field(default=None, name="to")


class CallbackQuery(msgspec.Struct):
    """What Stripe adds to the URL; there may be more, which is not looked at."""

    state: Annotated[
        Annotated[str, Meta(extra_json_schema={"minLength": 1})] | None,
        Meta(description="The state that POM gave to Stripe when the connection was begun."),
    ] = None
    code: Annotated[
        str | None, Meta(description="Stripe's authorization code, if the admin connected the account.")
    ] = None
    error: Annotated[str | None, Meta(description="Stripe's word for why the account was not connected.")] = None


def movement_filter_from(query: MovementQuery, *, time_zone: Callable[[], str]) -> MovementFilter:
    """Returns the domain's filter. `time_zone` is asked for only if days are named, because it has to be read.

    Raises:
        Refused: `from` is after `to`.
    """
    since, before = period(query.since, query.until, ("from", "to"), time_zone)
    return MovementFilter(since, before, query.kind, query.method)


def payout_filter_from(query: PayoutQuery) -> PayoutFilter:
    """Returns the domain's filter. The days are Stripe's, in no time zone.

    Raises:
        Refused: `from` is after `to`.
    """
    since, before = period(_arrival(query.since), _arrival(query.until), ("from", "to"), lambda: "UTC")
    return PayoutFilter(since, before)


def _arrival(day: dt.date | None) -> DayOrTimestamp | None:
    """Returns a day on which a payout may arrive: no payout arrived before 1970, or will after the year 9000."""
    return DayOrTimestamp(min(max(day, dt.date(1970, 1, 1)), dt.date(9000, 1, 1))) if day is not None else None


def period(
    first: DayOrTimestamp | None, last: DayOrTimestamp | None, names: tuple[str, str], time_zone: Callable[[], str]
) -> tuple[int | None, int | None]:
    """Returns a period in epoch seconds UTC, with an exclusive end. `names` are those of the two parameters.

    Raises:
        Refused: it ends before it begins.
    """
    zone = time_zone() if any(each and each.day for each in (first, last)) else "UTC"
    begins = first.begins(zone) if first else None
    ends = last.ends(zone) if last else None
    if begins is not None and ends is not None:
        # A day is meant to its end: a period from the next day's first second on has ended before. A moment is not.
        by_day = last is not None and last.day is not None
        if begins > ends or (by_day and begins == ends):
            raise Refused(
                "period_invalid",
                "The period ends before it begins.",
                field=names[0],
                next_step=f"Give a `{names[0]}` that is not after `{names[1]}`.",
            )
    return begins, ends
