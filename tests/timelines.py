"""Shortcuts to an invoice's timeline and to the log of its events."""

from __future__ import annotations

from chalicelib.domain.events import EventMarker, LoggedEvent
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import Entry
from tests.fakes import FakePorts


def kinds(invoice: Invoice) -> list[str]:
    """Returns the kinds of the timeline's entries, in order."""
    return [entry.kind.value for entry in timeline(invoice)]


def entries(invoice: Invoice, *kind_names: str) -> list[Entry]:
    """Returns the timeline's entries of these kinds, in order."""
    return [entry for entry in timeline(invoice) if entry.kind.value in kind_names]


def event_log(invoice: Invoice, ports: FakePorts) -> dict[str, LoggedEvent]:
    """Returns the log of the invoice's events, by their ids."""
    page = ports.events.of_invoice(invoice.organization_id, invoice.id, 1000, None)
    return {logged.id: logged for logged in page.items}


def markers(ports: FakePorts) -> int:
    """Returns how many events are marked as processed."""
    return sum(isinstance(entry, EventMarker) for entry in ports.database.events.values())
