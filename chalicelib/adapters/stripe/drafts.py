"""The parameters of a draft and of its lines, made from an order (https://docs.stripe.com/api/invoices/create)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.stripe.event_subjects import CORRECTS_KEY, INVOICE_KEY, ORGANIZATION_KEY
from chalicelib.adapters.stripe.objects.invoices import DEDUCTION_KEY, SERVICE_KEY, TAX_KEY
from chalicelib.domain.draft_edit import DraftChanges, DraftLine
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.terms import end_of_day

if TYPE_CHECKING:
    from stripe.params import (
        InvoiceAddLinesParams,
        InvoiceAddLinesParamsLine,
        InvoiceCreateParams,
        InvoiceRemoveLinesParams,
        InvoiceUpdateParams,
    )


def draft_parameters(invoice: Invoice, stripe_customer_id: str) -> InvoiceCreateParams:
    """Returns the parameters of a draft that Stripe does not finalize, e-mail, or fill with pending items."""
    order = invoice.order
    parameters: InvoiceCreateParams = {
        "customer": stripe_customer_id,
        "collection_method": "send_invoice",
        "currency": order.currency,
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "metadata": _our_ids(invoice),
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


def _our_ids(invoice: Invoice) -> dict[str, str]:
    """Returns the ids that identify the invoice and the one that it corrects, even if POM has lost its record."""
    ids = {ORGANIZATION_KEY: str(invoice.organization_id), INVOICE_KEY: str(invoice.id)}
    return ids if invoice.corrects is None else {**ids, CORRECTS_KEY: str(invoice.corrects)}


def lines_parameters(lines: Sequence[DraftLine]) -> InvoiceAddLinesParams:
    """Returns all lines for one request. Each amount is POM's own total, so Stripe does not multiply."""
    return {"lines": [_line(line) for line in lines]}


def _line(line: DraftLine) -> InvoiceAddLinesParamsLine:
    parameters: InvoiceAddLinesParamsLine = {"amount": line.amount, "description": line.text}
    if line.service_id is not None:
        parameters["metadata"] = {SERVICE_KEY: line.service_id}
    elif line.deduction is not None:
        parameters["metadata"] = {DEDUCTION_KEY: line.deduction.value}
    elif line.tax:
        parameters["metadata"] = {TAX_KEY: "true"}
    if line.day_began_at is not None:
        # Stripe shows a period only if it ends later than it begins. The line's text has the day already.
        parameters["period"] = {"start": line.day_began_at, "end": line.day_began_at}
    return parameters


def removal_parameters(line_ids: Sequence[str]) -> InvoiceRemoveLinesParams:
    """Returns parameters that delete the lines. Lines that are only detached would be on the next invoice."""
    return {"lines": [{"id": line_id, "behavior": "delete"} for line_id in line_ids]}


def changes_parameters(changes: DraftChanges) -> InvoiceUpdateParams:
    """Returns the parameters of an update.

    An empty text clears a field (https://docs.stripe.com/api/invoices/update).
    """
    parameters: InvoiceUpdateParams = {}
    if changes.description is not None:
        parameters["description"] = changes.description
    if changes.footer is not None:
        parameters["footer"] = changes.footer
    if changes.payment_method_types is not None:
        methods: Any = list(changes.payment_method_types) or ""
        parameters["payment_settings"] = {"payment_method_types": methods}
    if changes.custom_fields is not None:
        fields = [{"name": name, "value": value} for name, value in changes.custom_fields]
        parameters["custom_fields"] = cast(Any, fields or "")
    if changes.due_at is not None:
        parameters["due_date"] = changes.due_at
    if changes.mails:
        parameters["collection_method"] = "send_invoice"
    if changes.drops_additions:
        parameters["discounts"] = ""
        parameters["default_tax_rates"] = ""
    return parameters
