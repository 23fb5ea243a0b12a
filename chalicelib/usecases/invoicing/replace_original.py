"""The step in which a copy takes the place of the invoice that it corrects.

The original is voided before Stripe has a draft of the copy. So the services are never on two invoices that somebody
could pay. Everything here may be repeated: an invoice that is void stays void, and a claim that the copy holds stays
with the copy.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.actions import CORRECTED, Action
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.terms import day_of, days_of_terms
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.claims import claim_in_portions
from chalicelib.usecases.invoicing.saga_progress import add_entry_once, advance, take_back
from chalicelib.usecases.invoicing.store_invoice import store
from chalicelib.usecases.invoicing.void_invoice import void_invoice


def replace_original(copy: Invoice, ports: Ports) -> Invoice:
    """Returns the copy at its next recovery point, after its original was voided and its services are the copy's.

    If the original cannot be voided, or somebody else has billed a service meanwhile, the copy is to be taken back.
    """
    if copy.corrects is None:
        raise ValueError(f"{copy.id} corrects nothing")
    try:
        original = void_invoice(copy.organization_id, copy.corrects, copy.created_by, ports)
        claim_in_portions(copy, copy.order.services, ports)
    except (Refused, Conflict) as refusal:
        return take_back(copy, refusal, ports)
    add_entry_once(original, Action(ports.clock.now(), CORRECTED, copy.created_by), ports)
    return advance(copy, Step.DRAFT, ports)


def with_due_date_ahead(copy: Invoice, ports: Ports) -> Invoice:
    """Returns a copy whose due date has passed with the payment terms of the settings instead.

    Any other invoice is returned as it is.
    """
    order = copy.order
    if copy.corrects is None or order.due_date is None:
        return copy
    if order.due_date >= day_of(ports.clock.now(), order.time_zone):
        return copy
    terms = ports.settings.get(copy.organization_id).payment_terms
    on_terms = replace(order, due_date=None, payment_terms=terms, days_until_due=days_of_terms(terms))
    return store(copy, lambda current: replace(current, order=on_terms), ports)
