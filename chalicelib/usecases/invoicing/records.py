"""Reads the event log of an invoice, and an organization's payments, refunds and disputes."""

from __future__ import annotations

from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.events import LoggedEvent
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.ports import Ports
from chalicelib.ports.storage import Page
from chalicelib.usecases.invoicing.store_invoice import load


def list_events(
    organization_id: OrganizationId, invoice_id: InvoiceId, first: int, after: str | None, ports: Ports
) -> tuple[Invoice, Page[LoggedEvent]]:
    """Returns an invoice and a page of the events about it, the latest arrival first.

    Raises:
        NotFound: this organization has no such invoice.
        Refused: the cursor is not from this invoice's log.
    """
    invoice = load(organization_id, invoice_id, ports)
    return invoice, ports.events.of_invoice(organization_id, invoice.id, first, after)


def list_movements(
    organization_id: OrganizationId, movement_filter: MovementFilter, first: int, after: str | None, ports: Ports
) -> Page[SettledMovement]:
    """Returns a page of an organization's payments, refunds and disputes with their fees, the newest first.

    Raises:
        Refused: the cursor is not from this list.
    """
    return ports.payments.page(organization_id, movement_filter, first, after)
