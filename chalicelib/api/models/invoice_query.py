"""Which invoices a list shows, and which filters of it are offered together."""

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
_FIRST_DAY = "A day of the company's time zone, or a moment; inclusive."
_LAST_DAY = "A day of the company's time zone, inclusive, or a moment, exclusive."
_QUARTERS = (
    "POM orders changes by quarters of an hour, so the range is widened to whole quarters. To miss "
    "no change, a client that polls sets `updatedFrom` to the time of its last request less one minute. It then gets "
    "some invoices twice."
)


class ListedStatus(StrEnum):
    """A status, or a group of statuses."""

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
    """Which invoices."""

    customer_id: Annotated[Id | None, Meta(description="Only invoices of this customer, by POM's id.")] = None
    status: Annotated[
        ListedStatus | None,
        Meta(
            description="Only invoices of this status, or of several: `open` is `pending` and `failed`; `unpaid` is "
            "`open` and `uncollectible`; `settled` is `paid` and `refunded`."
        ),
    ] = None
    overdue: Annotated[bool, Meta(description="Only invoices that are not paid and whose due day is over.")] = False
    disputed: Annotated[bool, Meta(description="Only invoices with a payment that a bank disputes now.")] = False
    created_from: Annotated[DayOrTimestamp | None, Meta(description=f"Created since. {_FIRST_DAY}")] = None
    created_to: Annotated[DayOrTimestamp | None, Meta(description=f"Created until. {_LAST_DAY}")] = None
    due_from: Annotated[DayOrTimestamp | None, Meta(description=f"Due since. {_FIRST_DAY}")] = None
    due_to: Annotated[DayOrTimestamp | None, Meta(description=f"Due until. {_LAST_DAY}")] = None
    updated_from: Annotated[
        DayOrTimestamp | None, Meta(description=f"Last changed since. {_FIRST_DAY} {_QUARTERS}")
    ] = None
    updated_to: Annotated[DayOrTimestamp | None, Meta(description=f"Last changed until. {_LAST_DAY} {_QUARTERS}")] = (
        None
    )
    number: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100)] | None,
        Meta(description="The invoice's number, exactly as it is printed.", examples=["A1B2C3D4-0001"]),
    ] = None
    stripe_invoice_id: Annotated[
        Annotated[str, Meta(pattern=STRIPE_INVOICE_PATTERN)] | None,
        Meta(
            description="Stripe's id of the invoice in the connected account, or of one that it has replaced.",
            examples=["in_1PgafmB7WZ01zgkW"],
        ),
    ] = None
    totals: Annotated[
        bool,
        Meta(
            description="Also count the invoices of all pages and add them up. A copy counts once it has taken the "
            "place of the invoice that it corrects. The answer's `totals` is null with a range, `customerId`, "
            "`number` or `stripeInvoiceId`, because POM keeps no sums of these."
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
        "by the quarter of an hour of the latest change, the latest first; within a quarter in no particular order",
        {},
        _UPDATED,
    ),
    Combination(
        "usually one; an organization that changed its Stripe account may have two of a number", {"number": ()}
    ),
    Combination("one or none", {"stripeInvoiceId": ()}),
)
"""The filters of invoices that are offered together. Each combination is one query a page, and has one order."""


def filter_from(query: InvoiceQuery, *, time_zone: Callable[[], str]) -> InvoiceFilter:
    """Returns the domain's filter. `time_zone` is asked for only if days are named, because it has to be read.

    Stripe's id of an invoice is not part of it.

    Raises:
        Refused: the filters are not offered together, or a range ends before it begins.
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
    """Returns the filters that a request gives, by their names in the query string."""
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
    """Returns the whole list of an invoice that was found by itself.

    Raises:
        Refused: `after` is given, and such a list has no other page.
    """
    if after is not None:
        raise Refused(
            "cursor_invalid",
            "This list has one page, so it has no cursor.",
            field="after",
            next_step="Leave `after` out.",
        )
    return Page((invoice,) if invoice is not None else (), None, has_next=False)
