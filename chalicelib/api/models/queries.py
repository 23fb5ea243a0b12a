"""What can be asked for in a query string."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Id
from chalicelib.api.models.moments import DayOrMoment
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.storage import InvoiceFilter

First = Annotated[int, Meta(ge=1, le=100, description="How many to answer.")]
Cursor = Annotated[str, Meta(min_length=1, max_length=2000, description="The `endCursor` of the page before.")]


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
    created_from: (
        Annotated[DayOrMoment, Meta(description="A day of the company's time zone, or a moment; inclusive.")] | None
    ) = None
    created_to: (
        Annotated[
            DayOrMoment, Meta(description="A day of the company's time zone, inclusive, or a moment, exclusive.")
        ]
        | None
    ) = None
    overdue: Annotated[bool, Meta(description="Only invoices that are not paid and whose due day is over.")] = False


class CallbackQuery(msgspec.Struct):
    """What Stripe adds to the URL; there may be more, which is not looked at."""

    state: Annotated[str, Meta(extra_json_schema={"minLength": 1})] | None = None
    code: str | None = None
    error: str | None = None


def filter_from(query: InvoiceQuery, *, now: int, time_zone: Callable[[], str]) -> InvoiceFilter:
    """Returns the domain's filter. `time_zone` is asked for only if days are named, because it has to be read.

    Raises:
        Refused: `createdFrom` is after `createdTo`.
    """
    zone = time_zone() if any(each and each.day for each in (query.created_from, query.created_to)) else "UTC"
    created_from = query.created_from.begins(zone) if query.created_from else None
    created_before = query.created_to.ends(zone) if query.created_to else None
    if created_from is not None and created_before is not None:
        # A day is meant to its end: a period from the next day's first second on has ended before. A moment is not.
        by_day = query.created_to is not None and query.created_to.day is not None
        if created_from > created_before or (by_day and created_from == created_before):
            raise Refused(
                "period_invalid",
                "The period ends before it begins.",
                field="createdFrom",
                next_step="Give a `createdFrom` that is not after `createdTo`.",
            )
    return InvoiceFilter(
        status=query.status,
        customer_id=CustomerId(query.customer_id) if query.customer_id else None,
        created_from=created_from,
        created_before=created_before,
        due_before=now if query.overdue else None,
        overdue=query.overdue,
    )
