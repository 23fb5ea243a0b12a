"""Lists what POM holds of a customer besides the customer's own record, for erasing, exporting and checking.

Indexes lag behind their tables, so a record that was stored seconds ago may be missing from a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from chalicelib.domain.customer import Customer
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.outside_payment import DAYS_BEFORE_INVOICE
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.ports import Ports
from chalicelib.ports.paging import AT_ONCE, all_items
from chalicelib.ports.storage import InvoiceFilter

_ROWS_AT_ONCE = 1000
_DAY = 86400

_STRIPE_IDS = re.compile(r'"([A-Za-z]+_[A-Za-z0-9_]+)"')
"""Matches the ids in the body of an event."""


@dataclass(frozen=True, slots=True)
class HeldPayoutLine:
    """A line of a payout, with the payout's id."""

    payout_id: str
    line: PayoutLine


@dataclass(frozen=True, slots=True)
class HeldParkedEvent:
    """A parked event, with its account."""

    account_id: StripeAccountId
    event: StripeEvent


def invoices_of(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Iterator[Invoice]:
    """Yields the customer's invoices as they are stored now, the newest first."""
    invoice_filter = InvoiceFilter(customer_id=customer_id)
    yield from all_items(partial(ports.invoices.page, organization_id, invoice_filter, AT_ONCE))


def movements_of(
    organization_id: OrganizationId, customer_id: CustomerId, invoices: Sequence[Invoice], ports: Ports
) -> Iterator[SettledMovement]:
    """Yields the rows of a customer's payments, refunds and disputes. `invoices` are all of the customer's invoices.

    An invoice does not name each of its rows, because its facts drop old failures. So all rows of the organization
    are read, beginning with the earliest day for which a payment by hand can be recorded on the first invoice.
    """
    if not invoices:
        return
    since = min(invoice.created_at for invoice in invoices) - (DAYS_BEFORE_INVOICE + 1) * _DAY
    movement_filter = MovementFilter(since=max(since, 0))
    for settled in all_items(partial(ports.payments.page, organization_id, movement_filter, _ROWS_AT_ONCE)):
        if settled.movement.customer_id == customer_id:
            yield settled


def payout_lines_of(
    organization_id: OrganizationId, customer_id: CustomerId, movements: Sequence[SettledMovement], ports: Ports
) -> Iterator[HeldPayoutLine]:
    """Yields the lines of payouts that belong to the customer. `movements` are all of the customer's rows.

    A row of a payment, a refund or a dispute names the payout of each of its lines.
    """
    payouts = {settlement.payout_id for settled in movements for settlement in settled.settlements}
    for payout_id in sorted(each for each in payouts if each is not None):
        for line in ports.payouts.all_lines(organization_id, payout_id):
            if line.owner is not None and line.owner.customer_id == customer_id:
                yield HeldPayoutLine(payout_id, line)


def parked_events_of(customer: Customer, invoices: Sequence[Invoice], ports: Ports) -> Iterator[HeldParkedEvent]:
    """Yields the parked events whose body names the customer or one of the customer's invoices or payments.

    `invoices` are all of the customer's invoices. An event that was set aside has no body.
    """
    customer_ids = {*customer.former_stripe_ids, *([customer.linked_id] if customer.linked_id else [])}
    for invoice in invoices:
        customer_ids |= {invoice.id, *invoice.stripe_invoice_ids, *invoice.facts.by_id, *invoice.facts.intent_ids}
        customer_ids |= {invoice.stripe_customer_id} if invoice.stripe_customer_id else set()
    for account_id in sorted(accounts_of(customer, invoices, ports)):
        for parked in ports.events.all_parked_events(account_id):
            if customer_ids.isdisjoint(_STRIPE_IDS.findall(parked.body)):
                continue
            event = ports.stripe.read_event(parked.body, account_id)
            if event is not None:
                yield HeldParkedEvent(account_id, event)


def accounts_of(customer: Customer, invoices: Sequence[Invoice], ports: Ports) -> set[StripeAccountId]:
    """Returns the present or latest account of the organization, and the accounts of the customer's link and
    invoices.
    """
    accounts = {invoice.stripe_account_id for invoice in invoices}
    linked_account = customer.link.account_id if customer.link is not None else None
    connected_account = ports.connections.get(customer.organization_id).account_id
    return accounts | {each for each in (linked_account, connected_account) if each is not None}
