"""Pages of invoices, with totals and the names of the customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Money, PageInfo, page_info
from chalicelib.api.models.invoices import InvoiceView, invoice_view
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_totals import InvoiceTotal
from chalicelib.domain.money import decimal_string
from chalicelib.ports.storage import Page


class InvoiceTotals(msgspec.Struct, rename="camel", kw_only=True):
    """The totals of the invoices in one currency, on all pages of the list."""

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    invoices: Annotated[int, Meta(ge=1, description="The number of invoices.")]
    total: Annotated[
        Money | None,
        Meta(
            description="The sum of the invoices' totals, in units of `currency`. Null for `overdue` and "
            "`disputed`, because POM does not maintain this sum."
        ),
    ]
    balance: Annotated[
        Money | None,
        Meta(
            description="The sum that remains to be paid, in units of `currency`. Null for `disputed`, because POM "
            "does not maintain this sum."
        ),
    ]
    disputed_amount: Annotated[
        Money | None,
        Meta(
            description="The sum of the open disputes, in units of `currency`. Null unless the query has `disputed`."
        ),
    ]


class InvoiceList(msgspec.Struct, rename="camel", kw_only=True):
    """A page of invoices. The order depends on the combination of filters."""

    data: Annotated[list[InvoiceView], Meta(description="The invoices of this page.")]
    totals: Annotated[
        list[InvoiceTotals] | None,
        Meta(
            description="The totals of the invoices on all pages, by currency. The copy of a corrected invoice is "
            "counted once it has replaced the invoice, so that no service is counted twice. Until then the copy is "
            "listed as `creating`. Null unless the query has `totals`, and if POM does not maintain sums for this "
            "list."
        ),
    ]
    page_info: PageInfo


def invoice_list(
    page: Page[Invoice],
    names: Mapping[CustomerId, str],
    totals: Sequence[InvoiceTotal] | None,
    *,
    now: int,
    dashboard_base: str,
) -> InvoiceList:
    """Returns a page of invoices. `names` holds the customers' names."""
    return InvoiceList(
        data=[
            invoice_view(
                each, customer_name=names.get(each.order.customer_id), now=now, dashboard_base=dashboard_base
            )
            for each in page.items
        ],
        totals=[_totals_view(each) for each in totals] if totals is not None else None,
        page_info=page_info(page),
    )


def _totals_view(total: InvoiceTotal) -> InvoiceTotals:
    def money(amount: int | None) -> str | None:
        return decimal_string(amount, total.currency) if amount is not None else None

    return InvoiceTotals(
        currency=total.currency,
        invoices=total.invoices,
        total=money(total.total),
        balance=money(total.balance),
        disputed_amount=money(total.disputed),
    )
