"""Make an invoice: check the order, record the intent with its claims, and take it through Stripe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.connection import Connection, require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Conflict, IntegrationError, NotFound, Refused, ServiceRepeated, StaleWrite
from chalicelib.domain.every_error import attach, errors_of, raise_all
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import (
    CustomerId,
    InvoiceId,
    OrganizationId,
    ServiceId,
    UserId,
    invoice_id_for,
    require_customer_id,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import MAX_AMOUNT, Money, exponent, line_amount, minor_units, require_chargeable
from chalicelib.domain.order import MAX_LINES, LineItem, Order
from chalicelib.domain.saga import LEASE, Saga, Step
from chalicelib.domain.settings import InvoicingSettings, known_invoice_type, known_payment_methods, time_zone_of
from chalicelib.domain.terms import Due, day_of, days_of_terms, due_on
from chalicelib.ports import Ports
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE, InvoiceExists
from chalicelib.usecases.connecting.revocation import noticing_revocation
from chalicelib.usecases.connecting.sweep_sooner import wake
from chalicelib.usecases.customers.customers import get_customer
from chalicelib.usecases.customers.present_address import require_address
from chalicelib.usecases.invoicing.claims import insert_claiming
from chalicelib.usecases.invoicing.invoice_saga import run

MAX_QUANTITY = Decimal(100_000)
MAX_QUANTITY_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class NewLine:
    """One service to bill, as POM says it."""

    service_id: ServiceId
    description: str
    quantity: Decimal
    unit_price: Decimal
    currency: str | None = None
    taxable: bool = False


@dataclass(frozen=True, slots=True)
class CreateInvoice:
    """The request. `fingerprint` tells two bodies with one idempotency key apart."""

    organization_id: OrganizationId
    user_id: UserId
    idempotency_key: str | None
    fingerprint: str
    customer_id: CustomerId
    line_items: tuple[NewLine, ...]
    invoice_type: str = "stripe"
    payment_terms: str | None = None
    due_date: dt.date | None = None
    currency: str | None = None
    tax: Decimal | None = None
    memo: str | None = None
    footer: str | None = None
    payment_methods: tuple[str, ...] | None = None
    send: bool = True


def create_invoice(command: CreateInvoice, ports: Ports) -> Invoice:
    """Make the invoice, or answer the one that this idempotency key made before.

    The answer's saga is still `running` if Stripe was slow; the work goes on without the caller.

    Raises:
        Refused, NotFound: the order breaks rules, or there is no such customer; nothing was made. The first error
            carries the others.
        Conflict: not connected, services are billed already, or the key was used for another order.
    """
    invoice_id = invoice_id_for(command.organization_id, command.idempotency_key or ports.clock.nonce())
    known = ports.invoices.get(command.organization_id, invoice_id)
    if known is not None:
        return _same_request(known, command)
    connection = ports.connections.get(command.organization_id)
    account_id = usable_account(connection)
    require_invoicing(connection)
    if command.send:
        require_ready_to_send(connection)
    wake(connection, ports)
    now = ports.clock.now()
    try:
        customer = _billable_customer(command, ports)
    except (NotFound, Refused) as error:
        attach(error, errors_of(_order, command, connection, now, ports))
        raise
    order = _order(command, connection, now, ports)
    first = tuple(line.service_id for line in order.line_items)[:MAX_CLAIMS_AT_ONCE]
    more_to_claim = len(order.line_items) > len(first)
    invoice = Invoice(
        organization_id=command.organization_id,
        id=invoice_id,
        stripe_account_id=account_id,
        livemode=connection.livemode,
        order=order,
        saga=Saga(
            step=Step.CLAIM if more_to_claim else Step.DRAFT,
            send=command.send,
            nonce=ports.clock.nonce(),
            step_began_at=now,
            resume_at=now + LEASE,
        ),
        created_at=now,
        created_by=command.user_id,
        updated_at=now,
        history=(HistoryEntry(now, "created", Source.POM, actor=command.user_id),),
    )
    try:
        with noticing_revocation(command.organization_id, account_id, ports):
            stored = insert_claiming(invoice, first, ports)
    except InvoiceExists:
        return _made_meanwhile(command, invoice_id, ports)
    return run(stored, ports, customer=customer)


def _same_request(known: Invoice, command: CreateInvoice) -> Invoice:
    if known.order.fingerprint != command.fingerprint:
        raise Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another invoice.",
            field="Idempotency-Key",
            next_step="Use a new key for a new invoice; repeat the same body to repeat the request.",
        )
    return known


def _made_meanwhile(command: CreateInvoice, invoice_id: InvoiceId, ports: Ports) -> Invoice:
    known = ports.invoices.get(command.organization_id, invoice_id)
    if known is None:
        raise StaleWrite("The invoice")
    return _same_request(known, command)


def _billable_customer(command: CreateInvoice, ports: Ports) -> Customer:
    customer_id = require_customer_id(command.customer_id)
    customer = get_customer(command.organization_id, customer_id, ports)
    require_address(customer)
    return customer


def _order(command: CreateInvoice, connection: Connection, now: int, ports: Ports) -> Order:
    return checked_order(command, ports.settings.get(command.organization_id), connection, now)


def checked_order(command: CreateInvoice, settings: InvoicingSettings, connection: Connection, now: int) -> Order:
    """Returns the order, exact and complete.

    Raises:
        Refused: it breaks a rule; names the field, and carries the other rules that it breaks. The total is judged
            once every part of it is right.
    """
    currency = _currency(command, settings, connection)
    zone = time_zone_of(settings, connection.account)
    today = day_of(now, zone)
    raise_all(_errors_of_parts(command, settings, currency, today))
    due = _due(command, settings, today)
    order = Order(
        customer_id=command.customer_id,
        currency=currency,
        line_items=tuple(_line_item(line, currency, _field(n)) for n, line in enumerate(command.line_items)),
        payment_terms=None if command.due_date else _terms(command, settings),
        days_until_due=due.days,
        due_date=due.date,
        time_zone=zone,
        fingerprint=command.fingerprint,
        tax=_tax(command, currency),
        memo=command.memo if command.memo is not None else settings.memo,
        footer=command.footer if command.footer is not None else settings.footer,
        payment_methods=_payment_methods(command, settings),
    )
    _require_payable(order)
    return order


def usual_currency(settings: InvoicingSettings, connection: Connection) -> str:
    """Returns the currency of an order that names none: that of the settings, or else of the Stripe account."""
    return settings.currency or (connection.account.default_currency if connection.account else "usd")


def _errors_of_parts(
    command: CreateInvoice, settings: InvoicingSettings, currency: str, today: dt.date
) -> Iterator[IntegrationError]:
    yield from errors_of(known_invoice_type, command.invoice_type)
    yield from errors_of(exponent, currency)
    for position, line in enumerate(command.line_items):
        yield from errors_of(_require_currency, line, currency, _field(position))
    yield from errors_of(_require_some_lines, command.line_items)
    yield from _errors_of_lines(command.line_items, currency)
    yield from errors_of(_require_few_lines, command)
    yield from errors_of(_tax, command, currency)
    yield from _errors_of_due(command, settings, today)
    yield from errors_of(_payment_methods, command, settings)


def _errors_of_lines(lines: Sequence[NewLine], currency: str) -> Iterator[IntegrationError]:
    seen: set[ServiceId] = set()
    for position, line in enumerate(lines):
        if line.service_id in seen:
            yield ServiceRepeated(
                "service_repeated",
                f"The service {line.service_id} is on this invoice twice.",
                field=f"{_field(position)}.serviceId",
                next_step="Leave one of the two lines out, or raise the quantity of the other.",
            )
        seen.add(line.service_id)
        yield from _errors_of_line(line, currency, _field(position))


def _errors_of_line(line: NewLine, currency: str, field: str) -> Iterator[IntegrationError]:
    """Yields the errors of quantity and price; the amount is judged once these are right."""
    refused = list(errors_of(_line_item, line, currency, field))
    if refused:
        of_parts = [
            *errors_of(_require_quantity, line.quantity, field=f"{field}.quantity"),
            *errors_of(minor_units, line.unit_price, currency, field=f"{field}.unitPrice"),
        ]
        yield from of_parts or refused


def _line_item(line: NewLine, currency: str, field: str) -> LineItem:
    _require_quantity(line.quantity, field=f"{field}.quantity")
    unit_price = minor_units(line.unit_price, currency, field=f"{field}.unitPrice")
    return LineItem(
        service_id=line.service_id,
        description=line.description,
        quantity=line.quantity,
        unit_price=unit_price,
        amount=line_amount(line.quantity, unit_price, currency, field=field),
        taxable=line.taxable,
    )


def _field(position: int) -> str:
    return f"lineItems[{position}]"


def _currency(command: CreateInvoice, settings: InvoicingSettings, connection: Connection) -> str:
    return (command.currency or usual_currency(settings, connection)).lower()


def _require_currency(line: NewLine, currency: str, field: str) -> None:
    if line.currency is not None and line.currency.lower() != currency:
        raise Refused(
            "currency_mixed",
            f"This line is in {line.currency.upper()}, the invoice in {currency.upper()}.",
            field=f"{field}.currency",
            next_step="Make one invoice for each currency.",
        )


def _require_some_lines(lines: Sequence[NewLine]) -> None:
    if not lines:
        raise Refused(
            "lines_missing",
            "An invoice needs at least one line.",
            field="lineItems",
            next_step="Select at least one billable service.",
        )


def _require_few_lines(command: CreateInvoice) -> None:
    if len(command.line_items) + (1 if command.tax else 0) > MAX_LINES:
        raise Refused(
            "lines_too_many",
            f"An invoice takes at most {MAX_LINES} lines, tax included.",
            field="lineItems",
            next_step="Split the services over several invoices.",
        )


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


def _tax(command: CreateInvoice, currency: str) -> int:
    return minor_units(command.tax, currency, field="tax") if command.tax is not None else 0


def _payment_methods(command: CreateInvoice, settings: InvoicingSettings) -> tuple[str, ...]:
    methods = command.payment_methods if command.payment_methods is not None else settings.payment_methods
    return known_payment_methods(methods)


def _require_payable(order: Order) -> None:
    """Raises: Refused."""
    if order.total > MAX_AMOUNT:
        raise Refused(
            "amount_too_large",
            f"The total is larger than {Money(MAX_AMOUNT, order.currency)} {order.currency.upper()}, "
            "the most that Stripe takes on an invoice.",
            field="lineItems",
            next_step="Split the services over several invoices.",
        )
    require_chargeable(order.total, order.currency, field="lineItems")


def _errors_of_due(command: CreateInvoice, settings: InvoicingSettings, today: dt.date) -> Iterator[IntegrationError]:
    """Yields the errors of the due date and of the payment terms. If both are sent, each has its own as well."""
    if command.due_date is not None and command.payment_terms is not None:
        yield Refused(
            "due_date_and_terms",
            "An invoice has payment terms or a due date, not both.",
            field="dueDate",
            next_step="Leave one of them out.",
        )
        yield from errors_of(due_on, command.due_date, today=today)
        yield from errors_of(days_of_terms, command.payment_terms)
    else:
        yield from errors_of(_due, command, settings, today)


def _due(command: CreateInvoice, settings: InvoicingSettings, today: dt.date) -> Due:
    if command.due_date is not None:
        return due_on(command.due_date, today=today)
    return Due(days=days_of_terms(_terms(command, settings)), date=None)


def _terms(command: CreateInvoice, settings: InvoicingSettings) -> str:
    return settings.payment_terms if command.payment_terms is None else command.payment_terms
