"""An order as the parameters of a draft and of its lines (https://docs.stripe.com/api/invoices/create)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.stripe.objects.invoices import SERVICE_KEY
from chalicelib.adapters.stripe.versions import INVOICE_KEY, ORGANIZATION_KEY
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.terms import end_of_day, start_of_day

if TYPE_CHECKING:
    from stripe.params import (
        InvoiceAddLinesParams,
        InvoiceAddLinesParamsLine,
        InvoiceCreateParams,
    )

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
        parameters: InvoiceAddLinesParamsLine = {
            "amount": line.amount,
            "description": line.text(order.currency),
            "metadata": {SERVICE_KEY: line.service_id},
        }
        if line.service_date is not None:
            # Stripe shows a period only if it ends later than it begins, and the text has the day already.
            day = start_of_day(line.service_date, order.time_zone)
            parameters["period"] = {"start": day, "end": day}
        lines.append(parameters)
    lines += [{"amount": -each.amount, "description": each.description} for each in order.deductions]
    if order.tax:
        lines.append({"amount": order.tax, "description": TAX})
    return {"lines": lines}
