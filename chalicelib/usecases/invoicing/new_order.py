"""A request for an invoice, and the order that it becomes: exact, complete, and within every rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.domain.billing import MAX_QUANTITY, MAX_QUANTITY_DECIMALS, BillingTerms, Service
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import IntegrationError, Refused
from chalicelib.domain.every_error import errors_of, raise_all
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, UserId
from chalicelib.domain.invoice import MAX_LINES, LineItem, Order
from chalicelib.domain.money import MAX_AMOUNT, Money, exponent, line_amount, minor_units, require_chargeable
from chalicelib.domain.settings import InvoicingSettings, known_invoice_type, known_payment_methods, time_zone_of
from chalicelib.domain.terms import day_of, days_of_terms, due_on


@dataclass(frozen=True, slots=True)
class CreateInvoice:
    """The request. `fingerprint` tells two bodies with one idempotency key apart."""

    organization_id: OrganizationId
    user_id: UserId
    idempotency_key: str | None
    fingerprint: str
    customer_id: CustomerId
    line_items: tuple[Service, ...]
    terms: BillingTerms
    line_currencies: Mapping[int, str] = field(default_factory=dict)
    """The currencies that lines name, by the position of the line. They have to be the invoice's."""
    invoice_type: str = "stripe"
    tax: Decimal | None = None


def checked_order(command: CreateInvoice, settings: InvoicingSettings, connection: Connection, now: int) -> Order:
    """Returns the order. What the request leaves out comes from the settings.

    Raises:
        Refused: it breaks a rule; names the field, and carries the other rules that it breaks. The total is judged
            once every part of it is right.
    """
    terms = command.terms
    currency = (terms.currency or usual_currency(settings, connection)).lower()
    named_neither = terms.payment_terms is None and terms.due_date is None
    payment_terms = settings.payment_terms if named_neither else terms.payment_terms
    methods = settings.payment_methods if terms.payment_methods is None else terms.payment_methods
    zone = time_zone_of(settings, connection.account)
    raise_all(_errors_of(command, currency, payment_terms, methods, day_of(now, zone)))
    order = Order(
        customer_id=command.customer_id,
        currency=currency,
        line_items=tuple(line_item(line, currency, _field(n)) for n, line in enumerate(command.line_items)),
        payment_terms=payment_terms,
        days_until_due=None if payment_terms is None else days_of_terms(payment_terms),
        due_date=terms.due_date,
        time_zone=zone,
        fingerprint=command.fingerprint,
        tax=minor_units(command.tax or Decimal(0), currency, field="tax"),
        memo=settings.memo if terms.memo is None else terms.memo,
        footer=settings.footer if terms.footer is None else terms.footer,
        payment_methods=known_payment_methods(methods),
    )
    _require_payable(order)
    return order


def usual_currency(settings: InvoicingSettings, connection: Connection) -> str:
    """Returns the currency of an order that names none: that of the settings, or else of the Stripe account."""
    return settings.currency or (connection.account.default_currency if connection.account else "usd")


def line_item(service: Service, currency: str, field: str) -> LineItem:
    """Returns the line of a service. `field` is where it stands in the request.

    Raises:
        Refused: the quantity, the price or the amount breaks a rule.
    """
    _require_quantity(service.quantity, field=f"{field}.quantity")
    unit_price = minor_units(service.unit_price, currency, field=f"{field}.unitPrice")
    return LineItem(
        service_id=service.service_id,
        description=service.description,
        quantity=service.quantity,
        unit_price=unit_price,
        amount=line_amount(service.quantity, unit_price, currency, field=field),
        taxable=service.taxable,
    )


def _errors_of(
    command: CreateInvoice, currency: str, payment_terms: str | None, methods: tuple[str, ...], today: dt.date
) -> Iterator[IntegrationError]:
    """Yields the errors of the parts, in the order in which a client is told of them."""
    yield from errors_of(known_invoice_type, command.invoice_type)
    yield from errors_of(exponent, currency)
    yield from _errors_of_lines(command, currency)
    yield from errors_of(minor_units, command.tax or Decimal(0), currency, field="tax")
    yield from _errors_of_due(payment_terms, command.terms.due_date, today)
    yield from errors_of(known_payment_methods, methods)


def _errors_of_lines(command: CreateInvoice, currency: str) -> Iterator[IntegrationError]:
    for position, named in command.line_currencies.items():
        if named != currency:
            yield Refused(
                "currency_mixed",
                f"This line is in {named.upper()}, the invoice in {currency.upper()}.",
                field=f"{_field(position)}.currency",
                next_step="Make one invoice for each currency.",
            )
    if not command.line_items:
        yield Refused(
            "lines_missing",
            "An invoice needs at least one line.",
            field="lineItems",
            next_step="Select at least one billable service.",
        )
    seen: set[ServiceId] = set()
    for position, line in enumerate(command.line_items):
        if line.service_id in seen:
            yield Refused(
                "service_repeated",
                f"The service {line.service_id} is on this invoice twice.",
                field=f"{_field(position)}.serviceId",
                next_step="Leave one of the two lines out, or raise the quantity of the other.",
            )
        seen.add(line.service_id)
        yield from _errors_of_line(line, currency, _field(position))
    if len(command.line_items) + (1 if command.tax else 0) > MAX_LINES:
        yield Refused(
            "lines_too_many",
            f"An invoice takes at most {MAX_LINES} lines, tax included.",
            field="lineItems",
            next_step="Split the services over several invoices.",
        )


def _errors_of_line(line: Service, currency: str, field: str) -> Iterator[IntegrationError]:
    """Yields the errors of quantity and price; the amount is judged once these are right."""
    refused = list(errors_of(line_item, line, currency, field))
    if refused:
        of_parts = [
            *errors_of(_require_quantity, line.quantity, field=f"{field}.quantity"),
            *errors_of(minor_units, line.unit_price, currency, field=f"{field}.unitPrice"),
        ]
        yield from of_parts or refused


def _errors_of_due(payment_terms: str | None, due_date: dt.date | None, today: dt.date) -> Iterator[IntegrationError]:
    if due_date is not None and payment_terms is not None:
        yield Refused(
            "due_date_and_terms",
            "An invoice has payment terms or a due date, not both.",
            field="dueDate",
            next_step="Leave one of them out.",
        )
    if due_date is not None:
        yield from errors_of(due_on, due_date, today=today)
    if payment_terms is not None:
        yield from errors_of(days_of_terms, payment_terms)


def _require_quantity(quantity: Decimal, *, field: str) -> None:
    if not quantity.is_finite() or not 0 < quantity <= MAX_QUANTITY:
        raise Refused(
            "quantity_invalid",
            f"The quantity must be more than 0 and at most {MAX_QUANTITY}.",
            field=field,
            next_step="Correct the quantity, or leave the service out.",
        )
    if quantity != round(quantity, MAX_QUANTITY_DECIMALS):
        raise Refused(
            "quantity_too_precise",
            f"The quantity has more than {MAX_QUANTITY_DECIMALS} decimals.",
            field=field,
            next_step="Round the quantity.",
        )


def _require_payable(order: Order) -> None:
    if order.total > MAX_AMOUNT:
        raise Refused(
            "amount_too_large",
            f"The total is larger than {Money(MAX_AMOUNT, order.currency)} {order.currency.upper()}, "
            "the most that Stripe takes on an invoice.",
            field="lineItems",
            next_step="Split the services over several invoices.",
        )
    require_chargeable(order.total, order.currency, field="lineItems")


def _field(position: int) -> str:
    return f"lineItems[{position}]"
