"""What can be asked for in a query string."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Id
from chalicelib.domain.errors import Malformed
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.storage import InvoiceFilter

First = Annotated[int, Meta(ge=1, le=100, description="How many to answer.")]
Cursor = Annotated[str, Meta(min_length=1, max_length=2000, description="The `endCursor` of the page before.")]
Moment = Annotated[str, Meta(max_length=40, examples=["2026-11-01", "2026-11-01T09:30:00Z"])]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters, or no body."""


class PageQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which page of a list."""

    first: First = 25
    after: Cursor | None = None


class InvoiceQuery(PageQuery, rename="camel", forbid_unknown_fields=True):
    """Which invoices."""

    status: InvoiceStatus | None = None
    customer_id: Id | None = None
    created_from: Annotated[Moment, Meta(description="A day (UTC) or a moment; inclusive.")] | None = None
    created_to: Annotated[Moment, Meta(description="A day (UTC), inclusive, or a moment, exclusive.")] | None = None
    overdue: Annotated[bool, Meta(description="Only invoices that are not paid and whose due day is over.")] = False


class CallbackQuery(msgspec.Struct):
    """What Stripe adds to the URL; there may be more, which is not looked at."""

    state: str | None = None
    code: str | None = None
    error: str | None = None


def filter_from(query: InvoiceQuery, *, now: int) -> InvoiceFilter:
    """The domain's filter.

    Raises:
        Malformed: a time is neither a day nor a moment.
    """
    created_from = _moment(query.created_from, "createdFrom", end_of_day=False)
    return InvoiceFilter(
        status=query.status,
        customer_id=CustomerId(query.customer_id) if query.customer_id else None,
        created_from=created_from,
        created_before=_moment(query.created_to, "createdTo", end_of_day=True),
        due_before=now if query.overdue else None,
        overdue=query.overdue,
    )


def _moment(text: str | None, field: str, *, end_of_day: bool) -> int | None:
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-01"):
            day = msgspec.convert(text, dt.date) + dt.timedelta(days=1 if end_of_day else 0)
            return int(dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC).timestamp())
        return int(msgspec.convert(text, Annotated[dt.datetime, Meta(tz=True)]).timestamp())
    except (msgspec.ValidationError, OverflowError) as exc:
        raise Malformed(
            "invalid_query",
            "This is neither a day nor a moment.",
            field=field,
            next_step="Write 2026-11-01 or 2026-11-01T09:30:00Z; a + in a URL is written %2B.",
        ) from exc
