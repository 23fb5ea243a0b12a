"""Queues the tasks of a day: marking invoices as overdue, sending reminders, and closing payment windows.

Days begin at different times in each time zone, so this runs every hour. It only queues tasks, and each task checks
its invoice again. So planning twice does nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import (
    due_days_to_remind_of,
    is_today,
    reminder_is_due,
    window_has_passed,
)
from chalicelib.domain.settings import InvoicingSettings, time_zone_of
from chalicelib.domain.terms import end_of_day
from chalicelib.ports import Ports
from chalicelib.ports.messages import InvoiceJob, InvoiceTask
from chalicelib.ports.paging import all_items
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.invoicing.store_invoice import store

PAGE = 100
DAY = 86400


@dataclass(frozen=True, slots=True)
class Planned:
    """The number of invoices that are queued for a check, by task."""

    overdue: int = 0
    reminders: int = 0
    closings: int = 0


def plan_day(ports: Ports) -> Planned:
    """Queues the tasks that are due in each organization. Invoices of disconnected organizations become overdue
    too.
    """
    overdue = 0
    for organization_id, invoice_id in ports.invoices.turning_overdue(ports.clock.now()):
        ports.queues.send(InvoiceJob(organization_id, invoice_id, InvoiceTask.MARK_OVERDUE))
        overdue += 1
    reminders = closings = 0
    for organization_id in ports.connections.all_active():
        settings = ports.settings.get(organization_id)
        reminders += _queue(_to_remind_of(settings, ports), InvoiceTask.REMIND, ports)
        closings += _queue(_to_close(settings, ports), InvoiceTask.CLOSE, ports)
    return Planned(overdue, reminders, closings)


def mark_overdue(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Stores that an unpaid invoice is overdue. Returns False if it is not, or was stored as overdue before.

    Raises:
        StaleWrite: the call must be repeated.
    """
    invoice = ports.invoices.get(organization_id, invoice_id)
    return invoice is not None and marked_overdue(invoice, ports) is not invoice


def marked_overdue(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice, stored as overdue if it is unpaid and its due day is over.

    Raises:
        StaleWrite: the call must be repeated.
    """
    now = ports.clock.now()

    def marked(current: Invoice) -> Invoice:
        turns = current.turns_overdue_at
        return current if turns is None or turns > now else current.changed(now)

    return store(invoice, marked, ports)


def _to_remind_of(settings: InvoicingSettings, ports: Ports) -> Iterator[Invoice]:
    if not settings.reminders.enabled:
        return  # before anything is read: this is asked for each organization every hour
    zone = time_zone_of(settings, ports.connections.get(settings.organization_id).account)
    timestamp = ports.clock.now()
    now = dt.datetime.fromtimestamp(timestamp, ZoneInfo(zone))
    for day in due_days_to_remind_of(settings.reminders, now):
        # An invoice keeps the time zone that it was made in, where the same day begins and ends up to a day apart.
        invoice_filter = InvoiceFilter(
            due_from=end_of_day(day, zone) - 2 * DAY, due_before=end_of_day(day, zone) + DAY
        )
        for invoice in _each(settings.organization_id, invoice_filter, ports):
            done = is_today(invoice.reminded_at, timestamp, zone)
            if invoice.due_day == day and not done and reminder_is_due(invoice, settings, now):
                yield invoice


def _to_close(settings: InvoicingSettings, ports: Ports) -> Iterator[Invoice]:
    """Yields invoices whose payment window has passed."""
    window, now = settings.payment_window, ports.clock.now()
    if window is not None:
        invoice_filter = InvoiceFilter(due_before=now - (window - 1) * DAY)
        for invoice in _each(settings.organization_id, invoice_filter, ports):
            if window_has_passed(invoice, window, now):
                yield invoice


def _each(organization_id: OrganizationId, invoice_filter: InvoiceFilter, ports: Ports) -> Iterator[Invoice]:
    return all_items(partial(ports.invoices.page, organization_id, invoice_filter, PAGE))


def _queue(invoices: Iterator[Invoice], task: InvoiceTask, ports: Ports) -> int:
    queued = 0
    for invoice in invoices:
        ports.queues.send(InvoiceJob(invoice.organization_id, invoice.id, task))
        queued += 1
    return queued
