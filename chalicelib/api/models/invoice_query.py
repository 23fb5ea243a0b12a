"""The query of the list of invoices, and its combinations of filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from chalicelib.api.models.combinations import Combination, require_offered
from chalicelib.api.models.common import Id
from chalicelib.api.models.day_or_timestamp import DayOrTimestamp
from chalicelib.api.models.queries import PageQuery, period
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus, StatusGroup
from chalicelib.ports.storage import InvoiceFilter, Page

STRIPE_INVOICE_PATTERN = r"^in_[A-Za-z0-9_]{1,252}$(?!\n)"
_FIRST_DAY = "A day in the organization's time zone or a timestamp, inclusive."
_LAST_DAY = "A day in the organization's time zone, inclusive, or a timestamp, exclusive."
_QUARTERS = (
    "POM orders changes by quarters of an hour, so the range is widened to whole quarters. To miss no change, a "
    "client that polls sets `updatedFrom` to the time of its last request less one minute. It then receives some "
    "invoices twice."
)


class ListedStatus(StrEnum):
    """A status of invoices, or a group of statuses."""

    CREATING = InvoiceStatus.CREATING.value
    DRAFT = InvoiceStatus.DRAFT.value
    PENDING = InvoiceStatus.PENDING.value
    PAID = InvoiceStatus.PAID.value
    FAILED = InvoiceStatus.FAILED.value
    REFUNDED = InvoiceStatus.REFUNDED.value
    VOID = InvoiceStatus.VOID.value
    UNCOLLECTIBLE = InvoiceStatus.UNCOLLECTIBLE.value
    OPEN = StatusGroup.OPEN.value
    UNPAID = StatusGroup.UNPAID.value
    SETTLED = StatusGroup.SETTLED.value


class InvoiceQuery(PageQuery, rename="camel", forbid_unknown_fields=True):
    """The filters and the page of a list of invoices."""

    customer_id: Annotated[
        Id | None, Meta(description="Lists only invoices of the customer with this id in POM.")
    ] = None
    status: Annotated[
        ListedStatus | None,
        Meta(
            description="Lists only invoices with this status, or in this group of statuses: `open` is `pending` "
            "and `failed`; `unpaid` is `open` and `uncollectible`; `settled` is `paid` and `refunded`."
        ),
    ] = None
    overdue: Annotated[bool, Meta(description="Lists only unpaid invoices whose due day has passed.")] = False
    disputed: Annotated[bool, Meta(description="Lists only invoices with a payment that is disputed now.")] = False
    created_from: Annotated[
        DayOrTimestamp | None, Meta(description=f"Lists only invoices created at or after this time. {_FIRST_DAY}")
    ] = None
    created_to: Annotated[
        DayOrTimestamp | None, Meta(description=f"Lists only invoices created up to this time. {_LAST_DAY}")
    ] = None
    due_from: Annotated[
        DayOrTimestamp | None, Meta(description=f"Lists only invoices due at or after this time. {_FIRST_DAY}")
    ] = None
    due_to: Annotated[
        DayOrTimestamp | None, Meta(description=f"Lists only invoices due up to this time. {_LAST_DAY}")
    ] = None
    updated_from: Annotated[
        DayOrTimestamp | None,
        Meta(
            description=f"Lists only invoices whose latest change was at or after this time. {_FIRST_DAY} {_QUARTERS}"
        ),
    ] = None
    updated_to: Annotated[
        DayOrTimestamp | None,
        Meta(description=f"Lists only invoices whose latest change was up to this time. {_LAST_DAY} {_QUARTERS}"),
    ] = None
    number: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100)] | None,
        Meta(
            description="Lists only invoices with this number, exactly as it is printed.", examples=["A1B2C3D4-0001"]
        ),
    ] = None
    stripe_invoice_id: Annotated[
        Annotated[str, Meta(pattern=STRIPE_INVOICE_PATTERN)] | None,
        Meta(
            description="Lists only the invoice with this id in the connected Stripe account, or the invoice "
            "that has replaced it.",
            examples=["in_1PgafmB7WZ01zgkW"],
        ),
    ] = None
    totals: Annotated[
        bool,
        Meta(
            description="True to also return the number and the sums of the invoices on all pages. The copy of a "
            "corrected invoice is counted once it has replaced the invoice. `totals` of the response is null with "
            "a range, `customerId`, `number` or `stripeInvoiceId`, because POM does not maintain sums for these."
        ),
    ] = False


_GROUPS = frozenset({ListedStatus.OPEN, ListedStatus.UNPAID, ListedStatus.SETTLED})
_CREATED, _DUE, _UPDATED = ("createdFrom", "createdTo"), ("dueFrom", "dueTo"), ("updatedFrom", "updatedTo")
_NEWEST = "newest first"
_EARLIEST_DUE = "the earliest due first"
_TRUE = ("true",)

COMBINATIONS = (
    Combination(_NEWEST, {}),
    Combination(_NEWEST, {}, _CREATED),
    Combination(_NEWEST, {"customerId": ()}, _CREATED),
    Combination(_NEWEST, {"status": tuple(InvoiceStatus)}, _CREATED),
    Combination(_NEWEST, {"status": (StatusGroup.UNPAID, StatusGroup.SETTLED)}, _CREATED),
    Combination(f"{_EARLIEST_DUE}, and those without a due date last", {"status": (StatusGroup.OPEN,)}, _DUE),
    Combination(f"{_EARLIEST_DUE}, which is the longest overdue", {"overdue": _TRUE}, _DUE),
    Combination(_NEWEST, {"disputed": _TRUE}, _CREATED),
    Combination(
        "by the quarter of an hour of the latest change, latest first; within a quarter in no particular order",
        {},
        _UPDATED,
    ),
    Combination(
        "usually one invoice; an organization that changed its Stripe account may have two with the same number",
        {"number": ()},
    ),
    Combination("one invoice or none", {"stripeInvoiceId": ()}),
)
"""The combinations of filters that the list of invoices offers. Each costs one query a page and has one order."""


def filter_from(query: InvoiceQuery, *, time_zone: Callable[[], str]) -> InvoiceFilter:
    """Returns the domain's filter, without `stripeInvoiceId`.

    `time_zone` is called only if the query has days, because reading the time zone takes time.

    Raises:
        Refused: the list does not offer these filters together, or a range ends before it begins.
    """
    require_offered(_filters_of(query), COMBINATIONS)
    created_from, created_before = period(query.created_from, query.created_to, _CREATED, time_zone)
    due_from, due_before = period(query.due_from, query.due_to, _DUE, time_zone)
    updated_from, updated_before = period(query.updated_from, query.updated_to, _UPDATED, time_zone)
    group = StatusGroup(query.status) if query.status in _GROUPS else None
    return InvoiceFilter(
        status=InvoiceStatus(query.status) if query.status is not None and group is None else None,
        group=group,
        customer_id=CustomerId(query.customer_id) if query.customer_id else None,
        created_from=created_from,
        created_before=created_before,
        due_from=due_from,
        due_before=due_before,
        overdue=query.overdue,
        disputed=query.disputed,
        updated_from=updated_from,
        updated_before=updated_before,
        number=query.number,
    )


def _filters_of(query: InvoiceQuery) -> Mapping[str, str]:
    """Returns the filters of a request, by their names in the query string."""
    values = {
        "customerId": query.customer_id,
        "status": query.status,
        "overdue": "true" if query.overdue else None,
        "disputed": "true" if query.disputed else None,
        "createdFrom": query.created_from,
        "createdTo": query.created_to,
        "dueFrom": query.due_from,
        "dueTo": query.due_to,
        "updatedFrom": query.updated_from,
        "updatedTo": query.updated_to,
        "number": query.number,
        "stripeInvoiceId": query.stripe_invoice_id,
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def single_invoice_page(invoice: Invoice | None, after: str | None) -> Page[Invoice]:
    """Returns a list of one invoice or none.

    Raises:
        Refused: `after` is given, although this list has only one page.
    """
    if after is not None:
        raise Refused(
            "cursor_invalid",
            "This list has one page, so it has no cursor.",
            field="after",
            next_step="Leave `after` out.",
        )
    return Page((invoice,) if invoice is not None else (), None, has_next=False)
