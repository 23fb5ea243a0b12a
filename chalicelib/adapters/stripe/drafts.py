"""An order as the parameters of a draft and of its lines (https://docs.stripe.com/api/invoices/create)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib.adapters.stripe.objects.invoices import SERVICE_KEY
from chalicelib.adapters.stripe.versions import INVOICE_KEY, ORGANIZATION_KEY
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.terms import end_of_day

if TYPE_CHECKING:
    from stripe.params import (
        InvoiceAddLinesParams,
        InvoiceAddLinesParamsLine,
        InvoiceCreateParams,
    )

MAX_DESCRIPTION = 500
TAX = "Tax"
"""How the line of POM's own tax is called; it belongs to no service."""


def draft_parameters(invoice: Invoice, stripe_customer_id: str) -> InvoiceCreateParams:
    """A draft that Stripe neither finalizes nor e-mails by itself, and that takes in no foreign pending items."""
    order = invoice.order
    parameters: InvoiceCreateParams = {
        "customer": stripe_customer_id,
        "collection_method": "send_invoice",
        "currency": order.currency,
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "metadata": {ORGANIZATION_KEY: invoice.organization_id, INVOICE_KEY: invoice.id},
    }
    if order.due_date is not None:
        parameters["due_date"] = end_of_day(order.due_date, order.time_zone)
    else:
        parameters["days_until_due"] = order.days_until_due or 0
    if order.memo:
        parameters["description"] = order.memo
    if order.footer:
        parameters["footer"] = order.footer
    if order.payment_methods:
        parameters["payment_settings"] = {"payment_method_types": list(order.payment_methods)}
    return parameters


def lines_parameters(invoice: Invoice) -> InvoiceAddLinesParams:
    """All lines in one request. The amounts are POM's own: nobody else multiplies."""
    order = invoice.order
    lines: list[InvoiceAddLinesParamsLine] = []
    for line in order.line_items:
        counted = ""
        if line.quantity != Decimal(1):
            counted = f" ({line.quantity.normalize():f} x {decimal_string(line.unit_price, order.currency)})"
        lines.append(
            {
                "amount": line.amount,
                "description": line.description[: MAX_DESCRIPTION - len(counted)] + counted,
                "metadata": {SERVICE_KEY: line.service_id},
            }
        )
    if order.tax:
        lines.append({"amount": order.tax, "description": TAX})
    return {"lines": lines}
