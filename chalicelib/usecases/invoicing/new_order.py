"""A request for an invoice, and the order that it becomes: exact, complete, and within every rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.domain.billing import MAX_QUANTITY, MAX_QUANTITY_DECIMALS, BillingTerms, RequestedDeduction, Service
from chalicelib.domain.connection import Connection
from chalicelib.domain.error_collector import ErrorCollector
from chalicelib.domain.errors import Refused, ServiceRepeated
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, UserId
from chalicelib.domain.money import MAX_AMOUNT, Money, exponent, line_amount, minor_units, require_chargeable
from chalicelib.domain.order import MAX_LINES, Deduction, LineItem, Order
from chalicelib.domain.payment_methods import require_currency
from chalicelib.domain.settings import InvoicingSettings, known_invoice_type, known_payment_methods, time_zone_of
from chalicelib.domain.terms import day_of, days_of_terms, valid_due_date, valid_service_date


@dataclass(frozen=True, slots=True)
class CreateInvoice:
    """A request to create an invoice. `fingerprint` differs between two bodies that have the same idempotency key."""

    organization_id: OrganizationId
    user_id: UserId
    idempotency_key: str | None
    fingerprint: str
    customer_id: CustomerId
    line_items: tuple[Service, ...]
    terms: BillingTerms
    line_currencies: Mapping[int, str] = field(default_factory=dict)
    """The currencies that lines name, by their positions. Each must be the invoice's currency."""
    invoice_type: str = "stripe"
    tax: Decimal | None = None
    deductions: tuple[RequestedDeduction, ...] = ()
    time_zone: str | None = None
    """The time zone of the order that this order replaces. None for a new invoice, which uses the time zone of the
    settings.
    """


def checked_order(command: CreateInvoice, settings: InvoicingSettings, connection: Connection, now: int) -> Order:
    """Returns the order that `command` requests. Values that the request omits come from the settings.

    Raises:
        Refused: the request breaks a rule. The error names the field, and has the other errors of the request
            attached. The total is checked only if all its parts are valid.
    """
    terms = command.terms
    currency = (terms.currency or usual_currency(settings, connection)).lower()
    has_due_terms = terms.payment_terms is not None or terms.due_date is not None
    payment_terms = terms.payment_terms if has_due_terms else settings.payment_terms
    zone = command.time_zone or time_zone_of(settings, connection.account)
    errors = ErrorCollector()
    with errors:
        known_invoice_type(command.invoice_type)
    with errors:
        exponent(currency)
    with errors:
        lines = _lines(command, currency, day_of(now, zone))
    with errors:
        tax = minor_units(command.tax or Decimal(0), currency, field="tax")
    with errors:
        deductions = _deductions(command, currency)
    with errors:
        days_until_due = _days_until_due(payment_terms, terms.due_date, day_of(now, zone))
    with errors:
        requested_methods = terms.payment_methods
        payment_methods = known_payment_methods(
            settings.payment_methods if requested_methods is None else requested_methods
        )
        require_currency(payment_methods, currency)
    errors.raise_first()
    order = Order(
        customer_id=command.customer_id,
        currency=currency,
        line_items=lines,
        payment_terms=payment_terms,
        days_until_due=days_until_due,
        due_date=terms.due_date,
        time_zone=zone,
        fingerprint=command.fingerprint,
        tax=tax,
        memo=(settings.memo if terms.memo is None else terms.memo) or None,
        footer=(settings.footer if terms.footer is None else terms.footer) or None,
        payment_methods=payment_methods,
        deductions=deductions,
    )
    _require_payable(order)
    return order


def usual_currency(settings: InvoicingSettings, connection: Connection) -> str:
    """Returns the currency of an order that names none: that of the settings, or else of the Stripe account."""
    return settings.currency or (connection.account.default_currency if connection.account else "usd")


def _lines(command: CreateInvoice, currency: str, today: dt.date) -> tuple[LineItem, ...]:
    errors = ErrorCollector()
    for position, named in command.line_currencies.items():
        with errors:
            _require_currency(named, currency, field=f"lineItems[{position}].currency")
    if not command.line_items:
        errors.add(
            Refused(
                "lines_missing",
                "An invoice needs at least one line.",
                field="lineItems",
                next_step="Select at least one billable service.",
            )
        )
    lines: list[LineItem] = []
    seen: set[ServiceId] = set()
    for position, service in enumerate(command.line_items):
        if errors.full:
            break
        if service.service_id in seen:
            errors.add(
                ServiceRepeated(
                    "service_repeated",
                    f"The service {service.service_id} is on this invoice twice.",
                    field=f"lineItems[{position}].serviceId",
                    next_step="Leave one of the two lines out, or raise the quantity of the other.",
                )
            )
        seen.add(service.service_id)
        with errors:
            lines.append(_line_item(service, currency, today, f"lineItems[{position}]"))
    if len(command.line_items) + len(command.deductions) + (1 if command.tax else 0) > MAX_LINES:
        errors.add(
            Refused(
                "lines_too_many",
                f"An invoice takes at most {MAX_LINES} lines, deductions and tax included.",
                field="lineItems",
                next_step="Split the services over several invoices.",
            )
        )
    errors.raise_first()
    return tuple(lines)


def _require_currency(line_currency: str, currency: str, *, field: str) -> None:
    """Requires that the currency of a line is the invoice's currency.

    Raises:
        Refused: the line has another currency, or a currency that Stripe does not take.
    """
    if line_currency == currency:
        return
    exponent(line_currency, field=field)
    raise Refused(
        "currency_mixed",
        f"This line is in {line_currency.upper()}, the invoice in {currency.upper()}.",
        field=field,
        next_step="Make one invoice for each currency. A line that names no currency is in that of its invoice.",
    )


def _line_item(service: Service, currency: str, today: dt.date, field: str) -> LineItem:
    """Returns the line of a service. The amount is checked only if quantity and price are valid."""
    errors, quantity = ErrorCollector(), service.quantity
    if not quantity.is_finite() or not 0 < quantity <= MAX_QUANTITY:
        errors.add(
            Refused(
                "quantity_invalid",
                f"The quantity must be more than 0 and at most {MAX_QUANTITY}.",
                field=f"{field}.quantity",
                next_step="Correct the quantity, or leave the service out.",
            )
        )
    elif quantity != round(quantity, MAX_QUANTITY_DECIMALS):
        errors.add(
            Refused(
                "quantity_too_precise",
                f"The quantity has more than {MAX_QUANTITY_DECIMALS} decimals.",
                field=f"{field}.quantity",
                next_step="Round the quantity.",
            )
        )
    with errors:
        unit_price = minor_units(service.unit_price, currency, field=f"{field}.unitPrice")
    with errors:
        if service.service_date is not None:
            valid_service_date(service.service_date, today=today, field=f"{field}.serviceDate")
    errors.raise_first()
    return LineItem(
        service_id=service.service_id,
        description=service.description,
        quantity=quantity,
        unit_price=unit_price,
        amount=line_amount(quantity, unit_price, currency, field=field),
        taxable=service.taxable,
        service_date=service.service_date,
    )


def _deductions(command: CreateInvoice, currency: str) -> tuple[Deduction, ...]:
    """Returns the deductions with their exact amounts.

    Raises:
        Refused: an amount is not more than 0, or has more decimals than the currency; the first carries the others.
    """
    errors = ErrorCollector()
    deductions: list[Deduction] = []
    for position, asked in enumerate(command.deductions):
        with errors:
            field = f"deductions[{position}].amount"
            amount = minor_units(asked.amount, currency, field=field)
            if amount == 0:
                raise Refused(
                    "deduction_zero",
                    "A discount or a credit takes off more than 0.",
                    field=field,
                    next_step="Leave it out, or enter what it takes off.",
                )
            deductions.append(Deduction(asked.kind, asked.description, amount))
    errors.raise_first()
    return tuple(deductions)


def _days_until_due(payment_terms: str | None, due_date: dt.date | None, today: dt.date) -> int | None:
    """Returns the days of the payment terms, or None if the invoice is due on a day."""
    errors = ErrorCollector()
    if payment_terms is not None and due_date is not None:
        errors.add(
            Refused(
                "due_date_and_terms",
                "An invoice has payment terms or a due date, not both.",
                field="dueDate",
                next_step="Leave one of them out.",
            )
        )
    with errors:
        if due_date is not None:
            valid_due_date(due_date, today=today)
    with errors:
        days = None if payment_terms is None else days_of_terms(payment_terms)
    errors.raise_first()
    return days


def _require_payable(order: Order) -> None:
    if order.deducted > order.subtotal:
        raise Refused(
            "deductions_too_large",
            "The discounts and credits are more than the services cost.",
            field="deductions",
            next_step="Take off at most what the services cost, and the rest from a later invoice.",
        )
    if order.total > MAX_AMOUNT:
        raise Refused(
            "amount_too_large",
            f"The total is larger than {Money(MAX_AMOUNT, order.currency)} {order.currency.upper()}, "
            "the most that Stripe takes on an invoice.",
            field="lineItems",
            next_step="Split the services over several invoices.",
        )
    require_chargeable(order.total, order.currency, field="lineItems")
