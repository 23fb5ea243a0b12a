"""Receives an authentic Stripe event: applies it, or parks it. The sender gets an error only if neither is
possible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from chalicelib.correlation import about
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.usecases.events.apply_event import apply_event
from chalicelib.usecases.events.event_outcome import EventOutcome

_STRIPE_CUSTOMERS = re.compile(r'"(cus_[A-Za-z0-9_]+)"')
"""Matches the ids of Stripe customers in the body of an event."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of an event. `error` is the reason why it was parked: an error code or the name of an exception.

    `domain.parked_reasons` has each reason in words. `failure` is the exception itself, for the log.

    `ids` are the ids of the organization and the invoice that the event is about, for the log.
    """

    outcome: EventOutcome
    event_type: str
    lag_seconds: int
    error: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict, compare=False)
    failure: Exception | None = field(default=None, compare=False, repr=False)


def receive_event(event: StripeEvent, source: Source, ports: Ports) -> Receipt:
    """Applies the event or parks it.

    Raises:
        Retryable: the event could not even be parked, so the sender must send it again.
    """
    now = ports.clock.now()
    event = event.received(now)
    lag = max(0, now - event.created)
    with about(event_id=event.id or None) as ids:
        try:
            return Receipt(apply_event(event, source, ports), event.type, lag, None, ids)
        except Exception as error:  # noqa: BLE001 after any error, the event is parked with the reason, not lost
            reason = getattr(error, "code", None) or type(error).__name__
            invoice = _invoice(ids)
            event_to_park = _without_person(event, invoice, ports)
            ports.events.park(event_to_park, now, str(reason), invoice)
            return Receipt(EventOutcome.PARKED, event.type, lag, str(reason), ids, error)


def _invoice(ids: Mapping[str, str]) -> tuple[OrganizationId, InvoiceId] | None:
    """Returns the ids of the event's organization and invoice, or None if no invoice was found."""
    organization_id, invoice_id = ids.get("organization_id"), ids.get("invoice_id")
    if organization_id is None or invoice_id is None:
        return None
    return OrganizationId(organization_id), InvoiceId(invoice_id)


def _without_person(
    event: StripeEvent, invoice: tuple[OrganizationId, InvoiceId] | None, ports: Ports
) -> StripeEvent:
    """Returns the event to park. If it is about an erased person, its body holds ids only.

    If this cannot be decided, the event is parked as it came. A fault that keeps an event from being applied, such as
    an unreadable record, may also fail this check, and must not keep the event from being parked.
    """
    with suppress(Exception):
        if _is_about_erased_person(event, invoice, ports):
            return replace(event, body=ports.stripe.pointer_to(event))
    return event


def _is_about_erased_person(
    event: StripeEvent, invoice: tuple[OrganizationId, InvoiceId] | None, ports: Ports
) -> bool:
    """Returns True if the event's invoice was erased, or, if it has no stored invoice, its Stripe customer."""
    if invoice is not None:
        stored = ports.invoices.get(*invoice)
        return stored is not None and stored.erased_at is not None
    if event.account_id is None:
        return False
    stripe_ids = {event.object_id, *_STRIPE_CUSTOMERS.findall(event.body)} - {""}
    customers = (ports.customers.find_by_stripe_id(event.account_id, stripe_id) for stripe_id in sorted(stripe_ids))
    return any(customer is not None and customer.erased for customer in customers)
