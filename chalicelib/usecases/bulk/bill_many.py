"""Bills many customers at once: checks the whole request, makes an item of each customer's services, and stores
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.batch import Batch, BatchItem, BatchKind
from chalicelib.domain.batch_errors import field_of_services
from chalicelib.domain.billing import BillingTerms, Service
from chalicelib.domain.connection import Connection, account_to_invoice_on
from chalicelib.domain.error_collector import errors_raised_by, raise_all
from chalicelib.domain.errors import IntegrationError, Refused, ServiceRepeated
from chalicelib.domain.identifiers import (
    CustomerId,
    OrganizationId,
    ServiceId,
    UserId,
    batch_id_for,
    require_customer_id,
)
from chalicelib.domain.order import MAX_LINES
from chalicelib.domain.pacing import LANES
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.ports import Ports
from chalicelib.usecases.bulk.batches import begin
from chalicelib.usecases.bulk.bill_item import command_for
from chalicelib.usecases.invoicing.new_order import checked_order, usual_currency

MAX_SERVICES = 10_000


@dataclass(frozen=True, slots=True)
class BillMany:
    """The request. If two requests with one idempotency key have different bodies, their `fingerprint` differs."""

    organization_id: OrganizationId
    user_id: UserId
    idempotency_key: str | None
    fingerprint: str
    services: tuple[tuple[CustomerId, Service], ...]
    """Each service has the customer to bill it to."""
    terms: BillingTerms
    currencies: Mapping[int, str] = field(default_factory=dict)
    """The currencies that services name, by their positions in the request, in its order."""


def bill_many(command: BillMany, ports: Ports) -> Batch:
    """Begins a batch, or returns the batch that an earlier request with this idempotency key began.

    A customer's services are on one invoice, or on several with 250 lines each, in the order of the request.

    Raises:
        Refused: the request breaks a rule; nothing was stored. The first error carries the others.
        Conflict: not connected, or the key was used for another request.
        Retryable: not everything is stored. A repeated request resumes the storing.
    """
    key = command.idempotency_key or ports.clock.nonce()
    batch_id = batch_id_for(command.organization_id, BatchKind.INVOICES, key)
    stored_batch = ports.batches.get(command.organization_id, batch_id)
    items = _items(command.services)
    batch = Batch(
        organization_id=command.organization_id,
        id=batch_id,
        kind=BatchKind.INVOICES,
        fingerprint=command.fingerprint,
        total=len(items),
        lanes=LANES,
        created_at=ports.clock.now(),
        created_by=command.user_id,
        terms=replace(command.terms, currency=_currency_of_all(command)),
    )
    if stored_batch is None:
        connection = ports.connections.get(command.organization_id)
        account_to_invoice_on(connection, send=command.terms.send)
        settings = ports.settings.get(command.organization_id)
        raise_all(_errors_of(command, batch, items, settings, connection))
        currency = batch.terms.currency or usual_currency(settings, connection)
        batch = replace(batch, terms=replace(batch.terms, currency=currency))
    return begin(batch, items, ports)


def _currency_of_all(command: BillMany) -> str | None:
    """Returns the currency that the first service names, if every service names one. Otherwise None.

    A price without a currency is in the company's usual currency, even if other services of the request name a
    currency. The check of the orders refuses each service that names another currency than the batch has.
    """
    if len(command.currencies) < len(command.services):
        return None
    return next(iter(command.currencies.values()), None)


def _errors_of(
    command: BillMany,
    batch: Batch,
    items: Sequence[BatchItem],
    settings: InvoicingSettings,
    connection: Connection,
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
        for item in items:
            yield from _errors_of_order(command, batch, item, settings, connection)


def _errors_of_repetition(services: Sequence[tuple[CustomerId, Service]]) -> Iterator[IntegrationError]:
    service_ids: set[ServiceId] = set()
    for position, (_, service) in enumerate(services):
        if service.service_id in service_ids:
            yield ServiceRepeated(
                "service_repeated",
                f"The service {service.service_id} is in this batch twice.",
                field=f"services[{position}].serviceId",
                next_step="Leave one of the two out.",
            )
        service_ids.add(service.service_id)


def _items(services: Sequence[tuple[CustomerId, Service]]) -> list[BatchItem]:
    """Returns one item for each invoice, ordered by each customer's first service in the request."""
    by_customer: dict[CustomerId, list[Service]] = {}
    for position, (customer_id, service) in enumerate(services):
        by_customer.setdefault(customer_id, []).append(replace(service, position=position))
    invoices = (
        (customer_id, tuple(theirs[start : start + MAX_LINES]), number)
        for customer_id, theirs in by_customer.items()
        for number, start in enumerate(range(0, len(theirs), MAX_LINES), start=1)
    )
    return [BatchItem(position, *invoice) for position, invoice in enumerate(invoices)]


def _errors_of_order(
    command: BillMany, batch: Batch, item: BatchItem, settings: InvoicingSettings, connection: Connection
) -> Iterator[IntegrationError]:
    """Yields the errors of the item's invoice, each with its field in the batch's request."""
    positions = [each.position for each in item.services if each.position is not None]
    line_currencies = {
        line: command.currencies[each] for line, each in enumerate(positions) if each in command.currencies
    }
    order = replace(command_for(batch, item), line_currencies=line_currencies)
    errors = (
        *errors_raised_by(require_customer_id, order.customer_id),
        *errors_raised_by(checked_order, order, settings, connection, batch.created_at),
    )
    for error in errors:
        if isinstance(error, ServiceRepeated):  # reported for the whole batch already
            continue
        if error.field == "currency":
            field_in_batch = "services[0].currency" if _currency_of_all(command) is not None else None
        elif error.field == "customerId":
            field_in_batch = f"services[{positions[0]}].customerId"
        else:
            field_in_batch = field_of_services(error.field, positions) or error.field
        yield Refused(error.code, error.message, field=field_in_batch, next_step=error.next_step)
