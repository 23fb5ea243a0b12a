"""A service is claimed by at most one live invoice.

A void invoice keeps its claims, wherever it was voided. The next invoice with the service takes the claim over.
Stripe also voids an invoice that somebody revises there. Then the revision is live and keeps the claims, so POM asks
Stripe before it takes claims over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import TypeVar

from chalicelib.domain.error_collector import raise_all
from chalicelib.domain.errors import ServiceAlreadyBilled, StaleWrite
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.ports import Ports
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE, ServiceClaimed
from chalicelib.usecases.invoicing.held_services import give_up_held
from chalicelib.usecases.invoicing.pull_invoice import pulled

T = TypeVar("T")


def insert_claiming(invoice: Invoice, services: Sequence[ServiceId], ports: Ports) -> Invoice:
    """Stores a new invoice with claims on these services, which no live invoice may hold.

    Raises:
        InvoiceExists: an invoice of this id is stored.
        ServiceAlreadyBilled: a service is on a live invoice.
        StaleWrite: somebody claimed one at the same moment.
    """
    return _claiming(invoice, services, ports, partial(ports.invoices.insert, invoice_write(invoice)))


def claim(invoice: Invoice, services: Sequence[ServiceId], ports: Ports, *, order: Order | None = None) -> None:
    """Claims more services for a stored invoice. `order` contains them, if the invoice's own order does not.

    Raises:
        ServiceAlreadyBilled: a service is on a live invoice.
        StaleWrite: somebody claimed one at the same moment, or the invoice has changed.
    """
    ordered = invoice if order is None else replace(invoice, order=order)
    _claiming(ordered, services, ports, partial(ports.invoices.claim, invoice))


def save_claiming(
    invoice: Invoice, before: Invoice, order: Order, services: Sequence[ServiceId], ports: Ports
) -> Invoice:
    """Stores a change of an invoice together with claims on services of `order`, which will be its order.

    Raises:
        ServiceAlreadyBilled: a service is on a live invoice.
        StaleWrite: somebody claimed one at the same moment, or the invoice has changed since `before`.
    """
    write = partial(ports.invoices.save_claiming, invoice_write(invoice, before))
    return _claiming(replace(invoice, order=order), services, ports, write)


def claim_in_portions(
    invoice: Invoice, services: Sequence[ServiceId], ports: Ports, *, order: Order | None = None
) -> None:
    """Claims any number of services for a stored invoice. `order` contains them, if the invoice's own order does not.

    Raises:
        ServiceAlreadyBilled: a service is on a live invoice. Portions before it have been claimed.
        StaleWrite: somebody claimed one at the same moment, or the invoice is gone.
    """
    for start in range(0, len(services), MAX_CLAIMS_AT_ONCE):
        claim(invoice, services[start : start + MAX_CLAIMS_AT_ONCE], ports, order=order)


def _claiming(
    invoice: Invoice,
    services: Sequence[ServiceId],
    ports: Ports,
    write: Callable[[Mapping[ServiceId, InvoiceId | None]], T],
) -> T:
    free: dict[ServiceId, InvoiceId | None] = dict.fromkeys(services)
    try:
        return write(free)
    except ServiceClaimed as claimed:
        dead = _refuse_or_take_over(invoice, claimed.holders, ports)
    try:
        return write({**free, **dead})
    except ServiceClaimed as claimed:
        raise StaleWrite("A service") from claimed


def _refuse_or_take_over(
    invoice: Invoice, holders: Mapping[ServiceId, InvoiceId], ports: Ports
) -> Mapping[ServiceId, InvoiceId | None]:
    """Returns the claims to take over from void invoices, and those that a live invoice has just given up.

    Raises:
        ServiceAlreadyBilled: a holder is live. There is one error for each service that is on a live invoice.
        StripeUnavailable, StripeRefused: Stripe did not say whether a void invoice was replaced.
    """
    live = {holder_id: _live_holder(invoice, holder_id, ports) for holder_id in dict.fromkeys(holders.values())}
    free = {service_id for holder in live.values() if holder for service_id in _given_up(holder, invoice, ports)}
    positions = {line.service_id: position for position, line in enumerate(invoice.order.line_items)}
    raise_all(
        _already_billed(service_id, positions.get(service_id), holder, invoice)
        for service_id in sorted(holders, key=lambda each: positions.get(each, -1))
        if service_id not in free and (holder := live[holders[service_id]]) is not None
    )
    return {service_id: None if service_id in free else holder_id for service_id, holder_id in holders.items()}


def _given_up(holder: Invoice, invoice: Invoice, ports: Ports) -> AbstractSet[ServiceId]:
    """Returns the services that a live holder has given up, because they are neither in its order nor on its lines.

    The holder kept them because Stripe refused to undo a change of its draft. Somebody has fixed the draft there
    since.
    """
    if holder.edit is None or holder.saga.running or holder.stripe_account_id != invoice.stripe_account_id:
        return frozenset()
    remaining_edit = give_up_held(holder, ports).edit
    return set(holder.edit.held) - set(remaining_edit.held if remaining_edit is not None else ())


def _live_holder(invoice: Invoice, holder_id: InvoiceId, ports: Ports) -> Invoice | None:
    """Returns the holder if it is live, or its live revision, if POM had not read that one."""
    holder = ports.invoices.get(invoice.organization_id, holder_id)
    if holder is None or holder.live:
        return holder
    fact = holder.facts.invoice
    if fact is None or fact.deleted or holder.stripe_account_id != invoice.stripe_account_id:
        return None
    present = ports.stripe.fetch(holder.stripe_account_id, "invoice", fact.id)
    if not isinstance(present, InvoiceFact) or present.latest_revision_id is None:
        return None
    revised = pulled(holder, holder.stripe_account_id, Source.SWEEP, ports)
    return revised if revised.live else None


_PAID = (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)


def _already_billed(
    service_id: ServiceId, position: int | None, holder: Invoice, invoice: Invoice
) -> ServiceAlreadyBilled:
    number = holder.facts.invoice.number if holder.facts.invoice else None
    if number is not None:
        where = f"the invoice {number} already"
        undo = f"void the invoice {number} first. To change that invoice, correct it"
        if holder.status in _PAID:
            undo = "bill the work as another service: a paid invoice cannot be voided"
    elif holder.status is InvoiceStatus.DRAFT:
        where, undo = f"the draft {holder.id} already, which has no number yet", f"delete the draft {holder.id} first"
    else:
        where = f"the invoice {holder.id} already, which is still being made and has no number yet"
        undo = f"void the invoice {holder.id} once it has been made"
    if holder.stripe_account_id != invoice.stripe_account_id and holder.status not in _PAID:
        undo = f"reconnect the Stripe account on which {number or holder.id} was made, and void it there"
    return ServiceAlreadyBilled(
        "service_already_billed",
        f"The service {service_id} is on {where}.",
        field="lineItems" if position is None else f"lineItems[{position}].serviceId",
        next_step=f"Leave the service out, or {undo}.",
        invoice_id=holder.id,
        number=number,
    )
