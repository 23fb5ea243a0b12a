"""The query strings that several routes share, and those of payments, payouts and Stripe's callback."""

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

First = Annotated[int, Meta(ge=1, le=100, description="The largest number of entries to list.")]
ROWS, CSV_ROWS = 25, 1000
"""The default numbers of rows of a page. A CSV table is downloaded, so its pages are longer."""
MAX_ROWS = 1000
"""The largest page of payments, payouts or lines of a payout, as JSON or as CSV."""
Rows = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_ROWS,
        description=f"The largest number of rows to list, at most {MAX_ROWS:,}. If left out, {ROWS}, or "
        f"{CSV_ROWS:,} as CSV.",
    ),
]
Cursor = Annotated[
    str, Meta(min_length=1, max_length=2000, description="The `endCursor` of the page before this one.")
]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters, or no body."""


class PageQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The page of a list."""

    first: First = ROWS
    after: Cursor | None = None


class MovementQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The filters and the page of the list of payments, refunds and disputes."""

    since: (
        Annotated[
            DayOrTimestamp,
            Meta(
                description="Lists only entries at or after this time. A day in the organization's time zone or a "
                "timestamp, inclusive."
            ),
        ]
        | None
    ) = msgspec.field(default=None, name="from")
    until: (
        Annotated[
            DayOrTimestamp,
            Meta(
                description="Lists only entries up to this time. A day in the organization's time zone, inclusive, "
                "or a timestamp, exclusive."
            ),
        ]
        | None
    ) = msgspec.field(default=None, name="to")
    kind: Annotated[MovementKind | None, Meta(description="Lists only payments, only refunds or only disputes.")] = (
        None
    )
    method: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="Lists only entries with this payment method, such as `card`, `us_bank_account` or "
                "`check`.",
                examples=["card"],
            ),
        ]
        | None
    ) = None
    first: Rows | None = None
    after: Cursor | None = None


class RowsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The page of a list that is also available as CSV."""

    first: Rows | None = None
    after: Cursor | None = None


class PayoutQuery(RowsQuery, forbid_unknown_fields=True, kw_only=True):
    """The filters and the page of the list of payouts."""

    since: (
        Annotated[dt.date, Meta(description="Lists only payouts that arrive at the bank on this day or later.")]
        | None
    ) = msgspec.field(default=None, name="from")
    until: (
        Annotated[dt.date, Meta(description="Lists only payouts that arrive at the bank on this day or earlier.")]
        | None
    ) = msgspec.field(default=None, name="to")


class CallbackQuery(msgspec.Struct):
    """The parameters that Stripe adds to the URL of the callback. Other parameters are ignored."""

    state: Annotated[
        Annotated[str, Meta(extra_json_schema={"minLength": 1})] | None,
        Meta(description="The `state` that POM passed to Stripe when the connection began."),
    ] = None
    code: Annotated[
        str | None, Meta(description="Stripe's authorization code, if the admin connected the account.")
    ] = None
    error: Annotated[str | None, Meta(description="Stripe's error code if the account was not connected.")] = None


def movement_filter_from(query: MovementQuery, *, time_zone: Callable[[], str]) -> MovementFilter:
    """Returns the domain's filter.

    `time_zone` is called only if the query has days, because reading the time zone takes time.

    Raises:
        Refused: `from` is after `to`.
    """
    since, before = period(query.since, query.until, ("from", "to"), time_zone)
    return MovementFilter(since, before, query.kind, query.method)


def payout_filter_from(query: PayoutQuery) -> PayoutFilter:
    """Returns the domain's filter. The days are Stripe's dates, without a time zone.

    Raises:
        Refused: `from` is after `to`.
    """
    since, before = period(_arrival(query.since), _arrival(query.until), ("from", "to"), lambda: "UTC")
    return PayoutFilter(since, before)


def _arrival(day: dt.date | None) -> DayOrTimestamp | None:
    """Returns the day, limited to the years 1970 to 9000, because no payout arrives outside of them."""
    return DayOrTimestamp(min(max(day, dt.date(1970, 1, 1)), dt.date(9000, 1, 1))) if day is not None else None


def period(
    first: DayOrTimestamp | None, last: DayOrTimestamp | None, names: tuple[str, str], time_zone: Callable[[], str]
) -> tuple[int | None, int | None]:
    """Returns a period in epoch seconds UTC, with an exclusive end. `names` are the names of the two parameters.

    Raises:
        Refused: the period ends before it begins.
    """
    zone = time_zone() if any(each and each.day for each in (first, last)) else "UTC"
    begins = first.begins(zone) if first else None
    ends = last.ends(zone) if last else None
    if begins is not None and ends is not None:
        # A day ends where the next day begins. So a period of days that begins there is empty, and it is refused.
        # A period between two equal timestamps is empty, too, but it is allowed.
        by_day = last is not None and last.day is not None
        if begins > ends or (by_day and begins == ends):
            raise Refused(
                "period_invalid",
                "The period ends before it begins.",
                field=names[0],
                next_step=f"Give a `{names[0]}` that is not after `{names[1]}`.",
            )
    return begins, ends
