"""Lists of invoices as they are answered, with their totals and the names of their customers."""

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
    """What the invoices of one currency come to, on all pages of the list."""

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    invoices: Annotated[int, Meta(ge=1, description="How many invoices.")]
    total: Annotated[
        Money | None,
        Meta(
            description="The sum of their totals, in units of `currency`. Null for `overdue` and `disputed`, "
            "because POM keeps no sum of it."
        ),
    ]
    balance: Annotated[
        Money | None,
        Meta(
            description="The sum that is still to be paid, in units of `currency`. Null for `disputed`, because POM "
            "keeps no sum of it."
        ),
    ]
    disputed_amount: Annotated[
        Money | None,
        Meta(
            description="The sum that banks dispute now, in units of `currency`. Null unless only disputed "
            "invoices were asked for."
        ),
    ]


class InvoiceList(msgspec.Struct, rename="camel", kw_only=True):
    """A page of invoices. The list of combinations of filters says the order of each list."""

    data: Annotated[list[InvoiceView], Meta(description="The invoices of this page.")]
    totals: Annotated[
        list[InvoiceTotals] | None,
        Meta(
            description="What the invoices of all pages come to, by currency. A copy counts once it has taken the "
            "place of the invoice that it corrects, so that nothing is counted twice. Until then it is listed as "
            "`creating`. Null if `totals` was not asked for, or if POM keeps no sums of this list."
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
    """Returns a page of invoices. `names` has what their customers are called."""
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
