"""`explain` of a customer: whether Stripe has the same data, what happened to the customer, and its latest invoices.

Addresses and telephone numbers are not shown, because no operator needs them to explain a difference.
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.acts import Subject
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_history import CustomerEntry
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.ports.storage import InvoiceFilter
from infra.ops.act_lines import show_acts
from infra.ops.erasure_rows import blocker_row, erasure_in_words, erasure_row
from infra.ops.invoice_lines import Forms
from infra.ops.related import show_related
from infra.ops.screen import Row, Screen, timestamp
from infra.ops.stage import Stage
from infra.timeline_words import clock_time, money

INVOICES_SHOWN = 10
"""The number of invoices that are shown, the latest ones."""

WHY = {
    SyncStatus.PENDING: "POM has not sent the latest edition to Stripe yet. A worker does it automatically.",
    SyncStatus.SYNCED: "Stripe has the same data of the customer as POM.",
    SyncStatus.NEEDS_CHOICE: (
        "Several Stripe customers have this e-mail address. The office must choose one, on the customer's page."
    ),
    SyncStatus.FAILED: "Stripe did not accept the customer.",
    SyncStatus.NOT_CONNECTED: "The organization was not connected to Stripe at the last attempt.",
    SyncStatus.WAITING_FOR_INVOICE: (
        "The connected Stripe account does not have the customer until its next invoice. That is normal."
    ),
    SyncStatus.DELETED_IN_STRIPE: (
        "The customer was deleted in Stripe. POM links or creates it again when the customer is next needed."
    ),
}
"""The meaning of each status, in a sentence."""


def show_customer(stage: Stage, screen: Screen, organization: str, customer_id: str) -> None:
    """Shows the state of a customer.

    Raises:
        NotFound: the organization has no such customer.
    """
    organization_id = OrganizationId(organization)
    customer = stage.ports.customers.get(organization_id, CustomerId(customer_id))
    if customer is None:
        raise NotFound("customer_not_found", f"{organization} has no customer {customer_id}.")
    screen.table("customer", f"Customer {customer.id} of {organization}", [_customer_row(customer)])
    why = " ".join(filter(None, (WHY[customer.sync_status], customer.sync_error)))
    erasure = customer.erasure
    if erasure is not None:
        screen.table("erasure", "Erasure (UTC)", [erasure_row(customer, erasure)])
        waits_for = [blocker_row(each) for each in erasure.waits_for]
        if waits_for:
            screen.table("waitsFor", "The erasure waits for", waits_for)
        why = erasure_in_words(erasure)
    screen.fact("explanation", why, why)
    entries = [_entry_row(each) for each in customer.history]
    screen.lines("timeline", "Timeline (UTC)", entries, [_entry_line(each) for each in entries])
    show_acts(stage, screen, "acts", "the customer", Subject.customer_of(organization_id, customer.id))
    invoice_filter = InvoiceFilter(customer_id=customer.id)
    page = stage.ports.invoices.page(organization_id, invoice_filter, INVOICES_SHOWN, None)
    invoices = [_invoice_row(each) for each in page.items]
    title = f"The latest {INVOICES_SHOWN} invoices (UTC)" if page.has_next else "Invoices (UTC)"
    screen.lines("invoices", title, invoices, [_invoice_line(each) for each in invoices])
    show_related(screen, organization, [("invoice", row["id"]) for row in invoices])


def _customer_row(customer: Customer) -> dict[str, Any]:
    return {
        "customer": customer.id,
        "name": customer.profile.display_name,
        "has_email": bool(customer.profile.email),
        "status": customer.sync_status.value,
        "stripe": customer.displayed_stripe_id,
        "account": customer.link.account_id if customer.link is not None else None,
        "synced_at": timestamp(customer.synced_at),
        "candidates": ", ".join(customer.candidates) or None,
        "changed": timestamp(customer.updated_at),
    }


def _entry_row(entry: CustomerEntry) -> dict[str, Any]:
    return {
        "at": timestamp(entry.at),
        "kind": entry.kind.value,
        "source": entry.source.value,
        "fields": [each.value for each in entry.fields],
        "stripe_id": entry.stripe_id,
    }


def _entry_line(row: Row) -> Forms:
    fields = f": {', '.join(row['fields'])}" if row["fields"] else ""
    line = f"{clock_time(row['at'])}  {row['kind'].replace('_', ' ').capitalize()}{fields} ({row['source']})"
    return (f"{line}  {row['stripe_id']}", line) if row["stripe_id"] else (line,)


def _invoice_row(invoice: Invoice) -> dict[str, Any]:
    fact, currency = invoice.facts.invoice, invoice.order.currency
    return {
        "id": invoice.id,
        "number": fact.number if fact is not None else None,
        "status": invoice.status.value,
        "created": timestamp(invoice.created_at),
        "total": decimal_string(invoice.total, currency),
        "currency": currency,
    }


def _invoice_line(row: Row) -> Forms:
    amount = money(row["total"], row["currency"])
    line = f"{clock_time(row['created'])}  {row['number'] or 'no number yet'}  {amount}, {row['status']}"
    return f"{line}  {row['id']}", line
