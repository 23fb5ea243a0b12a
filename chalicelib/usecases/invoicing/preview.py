"""Previews a draft as its payer will see it, with the reasons why it cannot be sent.

Stripe has no preview of a draft: it creates a page and a PDF only for a finalized invoice
(https://docs.stripe.com/api/invoices/object, `hosted_invoice_url` and `invoice_pdf`), and `create_preview` takes no
draft (https://docs.stripe.com/api/invoices/create_preview). So POM builds the preview from stored data, without a
call. Sending asks Stripe once more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ParamSpec

from chalicelib.domain.connection import Connection, require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.customer import Customer
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_conflicts import creating_conflict
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.terms import day_of
from chalicelib.ports import Ports
from chalicelib.usecases.customers.customers import open_customer
from chalicelib.usecases.customers.present_address import require_address, require_present_address
from chalicelib.usecases.invoicing.as_reviewed import refusals_of_draft
from chalicelib.usecases.invoicing.store_invoice import load, require_same_account

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft as it would be sent on the day `today`, to `customer` as POM has the customer now.

    `account` is None if another account is connected than the draft was made on.
    """

    invoice: Invoice
    customer: Customer
    account: AccountFact | None
    today: dt.date
    warnings: tuple[Refused | Conflict, ...]
    """Why sending it would be refused now."""

    @property
    def due_day(self) -> dt.date | None:
        """Returns the day on which it is due if it is sent today."""
        days = self.days_until_due
        return self.invoice.due_day if days is None else self.today + dt.timedelta(days=days)

    @property
    def days_until_due(self) -> int | None:
        """Returns how many days after it is sent it is due. None if it is due on a day, whenever it is sent."""
        return self.invoice.order.days_until_due if self.invoice.due_by_terms else None

    @property
    def details(self) -> DraftDetails:
        """Returns the texts and payment methods of the order, with those that Stripe filled in for the draft."""
        details_as_made = self.invoice.details_as_made
        return (
            self.invoice.order.details.completed_from(details_as_made)
            if details_as_made
            else self.invoice.order.details
        )


def preview_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Preview:
    """Returns a draft as the payer will see it.

    If somebody changed the draft in Stripe, the preview shows POM's order, and a warning says so: POM sends nothing
    else.

    Raises:
        NotFound: this organization has no such invoice.
        Conflict: the invoice is not a draft, it is still being created, or its customer is erased, so it will not be
            sent.
    """
    invoice, now = load(organization_id, invoice_id, ports), ports.clock.now()
    if invoice.status is InvoiceStatus.CREATING:
        raise creating_conflict()
    if invoice.status is not InvoiceStatus.DRAFT:
        raise _no_draft_any_more(invoice, now)
    connection = ports.connections.get(organization_id)
    customer = open_customer(organization_id, invoice.order.customer_id, ports)
    today = day_of(now, invoice.order.time_zone)  # the zone in which sending counts its days
    same = connection.account_id == invoice.stripe_account_id
    warnings = tuple(_refusals_of_sending(invoice, customer, connection, today))
    return Preview(invoice, customer, connection.account if same else None, today, warnings)


def _no_draft_any_more(invoice: Invoice, now: int) -> Conflict:
    """Returns why an invoice that is no draft has no preview, and what shows it instead."""
    fact = invoice.facts.invoice
    if fact is None or fact.hosted_url is None:
        instead = "The customer never had it, so there is nothing to show. Bill its services in a new invoice."
    elif invoice.link_expired(now):
        instead = "Stripe's link to it has expired. Open it in the Stripe dashboard."
    else:
        instead = "Open its payment page or its PDF, which show it as the customer has it."
    return Conflict(
        "invoice_not_draft", f"An invoice that is {invoice.status} is no draft any more.", next_step=instead
    )


def _refusals_of_sending(
    invoice: Invoice, customer: Customer, connection: Connection, today: dt.date
) -> Iterator[Refused | Conflict]:
    """Yields the reasons for which sending the draft would be refused now, without reading Stripe."""
    account_id = invoice.stripe_account_id
    yield from _refusal(usable_account, connection)
    if connection.active and connection.account_id is not None:
        yield from _refusal(require_same_account, invoice, connection.account_id)
        yield from _refusal(require_ready_to_send, connection)
    yield from _refusal(require_invoicing, connection)
    yield from _refusal(require_address, customer)
    yield from _refusal(require_present_address, invoice, customer, account_id)
    yield from refusals_of_draft(invoice, today)


def _refusal(rule: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Iterator[Refused | Conflict]:
    """Yields the error with which the rule refuses these arguments; nothing if it accepts them."""
    try:
        rule(*args, **kwargs)
    except (Refused, Conflict) as refusal:
        yield refusal
