"""A service is claimed by at most one live invoice.

A void invoice keeps its claims, wherever it was voided. The next invoice with the service takes the claim over.
Stripe also voids an invoice that somebody revises there. Then the revision is live and keeps the claims, so POM asks
Stripe before it takes claims over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from chalicelib.domain.errors import Conflict, StaleWrite
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.storage import ServiceClaimed
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.pull_invoice import pulled

T = TypeVar("T")


def insert_claiming(invoice: Invoice, services: Sequence[ServiceId], ports: Ports) -> Invoice:
    """Store a new invoice with claims on these services that no live invoice holds.

    Raises:
        InvoiceExists: an invoice of this id is stored.
        Conflict: a service is billed on a live one.
        StaleWrite: somebody claimed one at the same moment.
    """
    return _claiming(invoice, services, ports, ports.invoices.insert)


def claim(invoice: Invoice, services: Sequence[ServiceId], ports: Ports) -> None:
    """Claim more services for an invoice that is stored.

    Raises:
        Conflict: a service is billed on a live one.
        StaleWrite: somebody claimed one at the same moment, or the invoice is gone.
    """
    _claiming(invoice, services, ports, ports.invoices.claim)


def _claiming(
    invoice: Invoice,
    services: Sequence[ServiceId],
    ports: Ports,
    write: Callable[[Invoice, Mapping[ServiceId, InvoiceId | None]], T],
) -> T:
    free: dict[ServiceId, InvoiceId | None] = dict.fromkeys(services)
    try:
        return write(invoice, free)
    except ServiceClaimed as claimed:
        dead = _refuse_or_take_over(invoice, claimed.holders, ports)
    try:
        return write(invoice, {**free, **dead})
    except ServiceClaimed as claimed:
        raise StaleWrite("A service") from claimed


def _refuse_or_take_over(
    invoice: Invoice, holders: Mapping[ServiceId, InvoiceId], ports: Ports
) -> Mapping[ServiceId, InvoiceId | None]:
    """Returns the claims to take over from void invoices.

    Raises:
        Conflict: a holder is live. The message names the service and the invoice.
        StripeUnavailable, StripeRefused: Stripe did not say whether a void invoice was replaced.
    """
    lives = {holder_id: _lives(invoice, holder_id, ports) for holder_id in dict.fromkeys(holders.values())}
    for service_id, holder_id in holders.items():
        if lives[holder_id]:
            raise Conflict(
                "service_already_billed",
                f"The service {service_id} is on the invoice {holder_id} already.",
                field=_field_of(invoice, service_id),
                next_step=f"Leave it out, or void the invoice {holder_id} first.",
            )
    return dict(holders)


def _lives(invoice: Invoice, holder_id: InvoiceId, ports: Ports) -> bool:
    """Returns True if the holder is live, or was replaced by a live revision that POM has not read."""
    holder = ports.invoices.get(invoice.organization_id, holder_id)
    if holder is None or holder.live:
        return holder is not None
    fact = holder.facts.invoice
    if fact is None or fact.deleted or holder.stripe_account_id != invoice.stripe_account_id:
        return False
    present = ports.stripe.fetch(holder.stripe_account_id, "invoice", fact.id)
    if not isinstance(present, InvoiceFact) or present.latest_revision_id is None:
        return False
    return pulled(holder, holder.stripe_account_id, Source.SWEEP, ports).live


def _field_of(invoice: Invoice, service_id: ServiceId) -> str:
    positions = [n for n, line in enumerate(invoice.order.line_items) if line.service_id == service_id]
    return f"lineItems[{positions[0]}].serviceId" if positions else "lineItems"
