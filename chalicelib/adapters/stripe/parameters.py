"""What we ask of Stripe, as its API takes it (https://docs.stripe.com/api, version in `domain.events`)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib.adapters.stripe.objects import SERVICE_KEY
from chalicelib.adapters.stripe.versions import CUSTOMER_KEY, INVOICE_KEY, ORGANIZATION_KEY
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import ADDRESS, Field, Values, as_given
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.order import LineItem
from chalicelib.domain.terms import end_of_day

if TYPE_CHECKING:
    from stripe.params import (
        CustomerCreateParams,
        CustomerCreateParamsAddress,
        CustomerModifyParams,
        InvoiceAddLinesParams,
        InvoiceAddLinesParamsLine,
        InvoiceCreateParams,
    )

MAX_DESCRIPTION = 500
TAX = "Tax"
"""How the line of POM's own tax is called; it belongs to no service."""


def customer_parameters(customer: Customer) -> CustomerCreateParams:
    """A customer with our id, so that Stripe can be asked for it again."""
    values = {field: as_given(field, value) for field, value in customer.profile.values.items()}
    parameters: CustomerCreateParams = {"metadata": _ours(customer)}
    if email := values[Field.EMAIL]:
        parameters["email"] = email
    if name := values[Field.NAME]:
        parameters["name"] = name
    if phone := values[Field.PHONE]:
        parameters["phone"] = phone
    if any(values[part] for part in ADDRESS):
        parameters["address"] = _address(values)
    return parameters


def customer_changes(customer: Customer, changes: Values) -> CustomerModifyParams:
    """Returns parameters that change these fields and set POM's ids. None empties a field; an address is whole."""
    parameters: CustomerModifyParams = {"metadata": _ours(customer)}
    if Field.EMAIL in changes:
        parameters["email"] = changes[Field.EMAIL] or ""
    if Field.NAME in changes:
        parameters["name"] = changes[Field.NAME] or ""
    if Field.PHONE in changes:
        parameters["phone"] = changes[Field.PHONE] or ""
    if any(part in changes for part in ADDRESS):
        parameters["address"] = _address(changes) if any(changes[part] for part in ADDRESS) else ""
    return parameters


def _ours(customer: Customer) -> dict[str, str]:
    return {ORGANIZATION_KEY: customer.organization_id, CUSTOMER_KEY: customer.id}


def _address(values: Values) -> CustomerCreateParamsAddress:
    return {
        "line1": values[Field.STREET] or "",
        "line2": values[Field.STREET2] or "",
        "city": values[Field.CITY] or "",
        "state": values[Field.STATE] or "",
        "postal_code": values[Field.ZIP_CODE] or "",
        "country": values[Field.COUNTRY] or "",
    }


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
    lines = [_line(line, order.currency) for line in order.line_items]
    if order.tax:
        lines.append({"amount": order.tax, "description": TAX})
    return {"lines": lines}


def _line(line: LineItem, currency: str) -> InvoiceAddLinesParamsLine:
    return {
        "amount": line.amount,
        "description": _described(line, currency),
        "metadata": {SERVICE_KEY: line.service_id},
    }


def _described(line: LineItem, currency: str) -> str:
    if line.quantity == Decimal(1):
        return line.description[:MAX_DESCRIPTION]
    counted = f" ({line.quantity.normalize():f} x {decimal_string(line.unit_price, currency)})"
    return line.description[: MAX_DESCRIPTION - len(counted)] + counted
