"""Faults in the records of an invoice: the log of its events, and the rows of its payments, refunds and disputes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from chalicelib.domain.events import LoggedEvent, StripeEvent
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement, movements
from chalicelib.ports import Ports
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import Receipt
from tests.fakes import FakeDatabase

PAGE = 100


def event_log(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> list[LoggedEvent]:
    """Returns the whole event log of an invoice, page by page as people read it."""
    page = ports.events.of_invoice(organization_id, invoice_id, PAGE, None)
    rows = list(page.items)
    while page.has_next:
        page = ports.events.of_invoice(organization_id, invoice_id, PAGE, page.end_cursor)
        rows += page.items
    return rows


def faults_of_log(invoice: Invoice, deliveries: Iterable[tuple[StripeEvent, Receipt]], ports: Ports) -> list[str]:
    """Returns the differences between an invoice's log and the outcomes of the events about it, in words.

    Each event is in the log once, with its outcome, and with the number of repetitions after it had been processed.
    """
    outcomes: dict[str, str] = {}
    repeated: Counter[str] = Counter()
    for event, receipt in deliveries:
        if receipt.ids.get("invoice_id") != invoice.id:
            continue
        if receipt.outcome is EventOutcome.DUPLICATE:
            repeated[event.id] += 1
        else:
            outcomes[event.id] = receipt.outcome.value
    log = event_log(invoice.organization_id, invoice.id, ports)
    times = Counter(row.id for row in log)
    faults = [f"{name} is {count} times in the event log" for name, count in times.items() if count > 1]
    logged = {row.id: row for row in log}
    faults += [f"{name} is not in the event log" for name in outcomes.keys() - logged.keys()]
    for name in outcomes.keys() & logged.keys():
        expected_entries = (logged[name].outcome, logged[name].repeated)
        if expected_entries != (outcomes[name], repeated[name]):
            faults.append(
                f"the log has {expected_entries} for {name}, expected {outcomes[name]} and {repeated[name]} repeats"
            )
    return faults


def faults_of_rows(invoice: Invoice, database: FakeDatabase) -> list[str]:
    """Returns the differences between the stored rows of an invoice's money and the invoice, in words."""
    stored = rows_of(database).get((invoice.organization_id, invoice.id), {})
    current = {row.id: row for row in movements(invoice)}
    faults = [f"row {name} of {invoice.id} is no movement of it any more" for name in stored.keys() - current.keys()]
    for name, row in current.items():
        if stored.get(name) != row:
            faults.append(f"row {name} of {invoice.id} is {stored.get(name)}, and the invoice says {row}")
    return faults


def rows_of(database: FakeDatabase) -> Mapping[tuple[OrganizationId, InvoiceId], Mapping[str, Movement]]:
    """Returns the stored rows of money by invoice."""
    faults: dict[tuple[OrganizationId, InvoiceId], dict[str, Movement]] = {}
    for (organization_id, name), row in database.movements.items():
        faults.setdefault((organization_id, row.invoice_id), {})[name] = row
    return faults
