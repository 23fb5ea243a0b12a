"""Bill many customers at once: check the whole request, make one item of each customer's services, write it down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.batch import Batch, BatchItem, BatchKind, BillingTerms, Service
from chalicelib.domain.batch_errors import field_of_services
from chalicelib.domain.connection import Connection, require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.errors import IntegrationError, Refused, ServiceRepeated
from chalicelib.domain.every_error import errors_of, raise_all
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, UserId, batch_id_for
from chalicelib.domain.order import MAX_LINES
from chalicelib.domain.pacing import LANES
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.ports import Ports
from chalicelib.usecases.bulk.batches import begin
from chalicelib.usecases.invoicing.create_invoice import CreateInvoice, NewLine, checked_order, usual_currency

MAX_SERVICES = 10_000


@dataclass(frozen=True, slots=True)
class BillableService:
    """A service, and whom to bill it to."""

    customer_id: CustomerId
    line: NewLine


@dataclass(frozen=True, slots=True)
class BillMany:
    """The request. `fingerprint` tells two bodies with one idempotency key apart."""

    organization_id: OrganizationId
    user_id: UserId
    idempotency_key: str | None
    fingerprint: str
    services: tuple[BillableService, ...]
    payment_terms: str | None = None
    due_date: dt.date | None = None
    memo: str | None = None
    footer: str | None = None
    payment_methods: tuple[str, ...] | None = None
    send: bool = True


@dataclass(frozen=True, slots=True)
class _Group:
    """The services of one invoice, and where each stands in the request."""

    customer_id: CustomerId
    number: int
    positions: tuple[int, ...]


def bill_many(command: BillMany, ports: Ports) -> Batch:
    """Begin a batch, or answer the one that this idempotency key began before.

    A customer's services are on one invoice, or on several of 250 lines each, in the order of the request.

    Raises:
        Refused: the request breaks a rule; nothing was stored. The first error carries the others.
        Conflict: not connected, or the key was used for another request.
        Retryable: repeating the request goes on with it.
    """
    key = command.idempotency_key or ports.clock.nonce()
    batch_id = batch_id_for(command.organization_id, BatchKind.INVOICES, key)
    known = ports.batches.get(command.organization_id, batch_id)
    currency = _one_currency(command.services)
    groups = _grouped(command.services)
    if known is None:
        connection, now = _connection_to_bill_with(command, ports), ports.clock.now()
        settings = ports.settings.get(command.organization_id)
        raise_all(_errors_of(command, groups, settings, connection, now))
        currency = currency or usual_currency(settings, connection)
    items = [_item(position, group, command) for position, group in enumerate(groups)]
    terms = BillingTerms(
        currency=currency,
        payment_terms=command.payment_terms,
        due_date=command.due_date,
        memo=command.memo,
        footer=command.footer,
        payment_methods=command.payment_methods,
        send=command.send,
    )
    batch = Batch(
        organization_id=command.organization_id,
        id=batch_id,
        kind=BatchKind.INVOICES,
        fingerprint=command.fingerprint,
        total=len(items),
        lanes=LANES,
        created_at=ports.clock.now(),
        created_by=command.user_id,
        terms=terms,
    )
    return begin(batch, items, ports)


def _connection_to_bill_with(command: BillMany, ports: Ports) -> Connection:
    """Raises: Conflict, Refused."""
    connection = ports.connections.get(command.organization_id)
    usable_account(connection)
    require_invoicing(connection)
    if command.send:
        require_ready_to_send(connection)
    return connection


def _errors_of(
    command: BillMany, groups: Sequence[_Group], settings: InvoicingSettings, connection: Connection, now: int
) -> Iterator[IntegrationError]:
    """Yields the errors of the services, and those that an invoice would have for any customer."""
    if not command.services:
        yield Refused(
            "services_missing",
            "There is nothing to bill.",
            field="services",
            next_step="Select at least one billable service.",
        )
    elif len(command.services) > MAX_SERVICES:
        yield Refused(
            "services_too_many",
            f"A batch takes at most {MAX_SERVICES} services.",
            field="services",
            next_step="Bill the rest in another batch.",
        )
    else:
        yield from _errors_of_repetition(command.services)
        yield from _errors_of_orders(command, groups, settings, connection, now)


def _errors_of_repetition(services: Sequence[BillableService]) -> Iterator[IntegrationError]:
    seen: set[ServiceId] = set()
    for position, service in enumerate(services):
        if service.line.service_id in seen:
            yield ServiceRepeated(
                "service_repeated",
                f"The service {service.line.service_id} is in this batch twice.",
                field=f"services[{position}].serviceId",
                next_step="Leave one of the two out.",
            )
        seen.add(service.line.service_id)


def _grouped(services: Sequence[BillableService]) -> list[_Group]:
    """One group an invoice, in the order in which the customers come first."""
    positions: dict[CustomerId, list[int]] = {}
    for position, service in enumerate(services):
        positions.setdefault(service.customer_id, []).append(position)
    return [
        _Group(customer_id, number, tuple(theirs[start : start + MAX_LINES]))
        for customer_id, theirs in positions.items()
        for number, start in enumerate(range(0, len(theirs), MAX_LINES), start=1)
    ]


def _one_currency(services: Sequence[BillableService]) -> str | None:
    """That of the first service that names one; the check of the orders finds those that differ."""
    return next((service.line.currency for service in services if service.line.currency), None)


def _errors_of_orders(
    command: BillMany, groups: Sequence[_Group], settings: InvoicingSettings, connection: Connection, now: int
) -> Iterator[IntegrationError]:
    currency = _one_currency(command.services)
    for group in groups:
        order = CreateInvoice(
            organization_id=command.organization_id,
            user_id=command.user_id,
            idempotency_key=None,
            fingerprint=command.fingerprint,
            customer_id=group.customer_id,
            line_items=tuple(command.services[position].line for position in group.positions),
            payment_terms=command.payment_terms,
            due_date=command.due_date,
            currency=currency,
            payment_methods=command.payment_methods,
        )
        for error in errors_of(checked_order, order, settings, connection, now):
            if not isinstance(error, ServiceRepeated):  # told of the whole batch already
                field = _field_in_batch(error.field, group, command.services)
                yield Refused(error.code, error.message, field=field, next_step=error.next_step)


def _field_in_batch(field: str | None, group: _Group, services: Sequence[BillableService]) -> str | None:
    """Returns the field of the batch's body that stands for this field of an invoice's body."""
    if field == "currency":  # that of the first service that names one
        named = (position for position, service in enumerate(services) if service.line.currency)
        return next((f"services[{position}].currency" for position in named), None)
    return field_of_services(field, group.positions) or field


def _item(position: int, group: _Group, command: BillMany) -> BatchItem:
    services = tuple(_service(each, command.services[each].line) for each in group.positions)
    return BatchItem(position, group.customer_id, services, group.number)


def _service(position: int, line: NewLine) -> Service:
    return Service(line.service_id, line.description, line.quantity, line.unit_price, line.taxable, position)
