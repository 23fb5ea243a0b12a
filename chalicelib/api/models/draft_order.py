"""The order of a draft, in the form in which a client changes it and sends it back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import FOOTER, MEMO, Day, Money
from chalicelib.api.models.invoices import DeductionView, deduction_view
from chalicelib.api.models.invoicing_settings import Methods, Terms
from chalicelib.domain.money import decimal_string
from chalicelib.domain.order import LineItem, Order
from chalicelib.domain.settings import PAYMENT_METHODS


class DraftLineView(msgspec.Struct, rename="camel", kw_only=True):
    """A service of a draft, in the form that `PUT` accepts."""

    service_id: Annotated[str, Meta(description="POM's id of the service.")]
    description: Annotated[str, Meta(description="The text of the line, without quantity, price and service date.")]
    quantity: Annotated[str, Meta(description="The quantity of the service: an exact decimal.", examples=["1.5"])]
    unit_price: Annotated[Money, Meta(description="The price of one unit, in units of the invoice's currency.")]
    taxable: Annotated[bool, Meta(description="True if the invoice's tax is charged on this line.")]
    service_date: Annotated[
        Day | None,
        Meta(description="The day of the work, in the organization's time zone. Null if POM has none."),
    ]


class DraftOrderView(msgspec.Struct, rename="camel", kw_only=True):
    """The order of a draft, in the form that `PUT` accepts. Sent back unchanged, it changes nothing.

    No field falls back to the invoicing settings: an empty memo, footer or list of payment methods means none.
    """

    line_items: Annotated[list[DraftLineView], Meta(description="The services, in the order of the invoice.")]
    deductions: Annotated[
        list[DeductionView], Meta(description="The discounts and credits. Empty if there are none.")
    ]
    payment_terms: Annotated[
        Terms | None,
        Meta(
            description="When the invoice is due, counted from the day on which it is sent. Null if `dueDate` is set."
        ),
    ]
    due_date: Annotated[
        Day | None,
        Meta(
            description="The day on which the invoice is due, in the organization's time zone. Null if "
            "`paymentTerms` is set."
        ),
    ]
    tax: Annotated[Money, Meta(description="The tax on the taxable lines, in units of the invoice's currency.")]
    memo: Annotated[str, Meta(description=f"{MEMO} Empty if there is none.")]
    footer: Annotated[
        str, Meta(description=f"{FOOTER} If empty, the Stripe account's footer applies, if it has one.")
    ]
    payment_methods: Methods


def draft_order_view(order: Order) -> DraftOrderView:
    """Returns the order of a draft as a client can change it and send it back."""
    # A record that was rebuilt from Stripe may have methods that POM does not offer.
    methods = [method for method in order.payment_methods if method in PAYMENT_METHODS]
    return DraftOrderView(
        line_items=[_line_view(line, order.currency) for line in order.line_items],
        deductions=[deduction_view(each, order.currency) for each in order.deductions],
        payment_terms=order.payment_terms,
        due_date=order.due_date.isoformat() if order.due_date is not None else None,
        tax=decimal_string(order.tax, order.currency),
        memo=order.memo or "",
        footer=order.footer or "",
        payment_methods=methods,
    )


def _line_view(line: LineItem, currency: str) -> DraftLineView:
    return DraftLineView(
        service_id=line.service_id,
        description=line.description,
        quantity=format(line.quantity, "f"),
        unit_price=decimal_string(line.unit_price, currency),
        taxable=line.taxable,
        service_date=line.service_date.isoformat() if line.service_date is not None else None,
    )
