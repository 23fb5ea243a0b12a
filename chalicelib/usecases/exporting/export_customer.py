"""Exports everything that POM holds of one customer, and nothing about other people.

The records come in portions. A caller takes as many portions as fit into a response, and continues later after the
last one. Some parts of the export read all payments, payouts, events, batches and changes of the organization,
because no index leads from a customer to them. So a portion may be empty, and each portion takes a short time only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import zip_longest
from types import MappingProxyType
from typing import TypeAlias

from chalicelib.domain.acts import CustomerAct
from chalicelib.domain.acts import Subject as History
from chalicelib.domain.batch import BatchKind, StoredItem
from chalicelib.domain.changes import ObjectKind
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Refused
from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.export_records import Record, RecordKind, RecordPage
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId, UserId, digest
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payout import PayoutFilter
from chalicelib.domain.retention import FEED_ROWS
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.acts.acting import customer_act
from chalicelib.usecases.customers.customers import require_customer
from chalicelib.usecases.erasing import holdings
from chalicelib.usecases.events.event_outcome import EventOutcome

INVOICES_AT_ONCE = 1
"""An invoice may take 380 KB in the table and more in JSON, so each invoice is a portion of its own."""
ROWS_AT_ONCE = 500
PAYOUTS_AT_ONCE = 5
CHANGES_AT_ONCE = 100

Part: TypeAlias = Iterator[tuple[str | None, list[Record]]]
"""Yields lists of records, each with the cursor after it, or with None if it is the last list of the part."""


def export_customer(
    organization_id: OrganizationId,
    customer_id: CustomerId,
    after: str | None,
    ports: Ports,
    *,
    actor: UserId | None = None,
    operator: str | None = None,
) -> Iterator[RecordPage]:
    """Returns the portions of a customer's export after the cursor `after`, or all of them.

    The beginning of an export is stored as an act of the user or the operator, and the act is in the export. The
    export of an erased customer contains the records that remain.

    Raises:
        NotFound: this organization has no such customer.
        Refused: the cursor is not of this customer's export.
    """
    customer = require_customer(organization_id, customer_id, ports)
    subject = Subject(customer, ports)
    if after is None:
        requester = {"actor": actor, "operator": operator}
        ports.acts.add(customer_act(organization_id, customer_id, CustomerAct.EXPORTED, ports, **requester))
    return _portions(subject, *_place(subject, after))


class Subject:
    """The exported customer, and the ids by which records about the customer are recognized."""

    def __init__(self, customer: Customer, ports: Ports) -> None:
        self.customer = customer
        self.ports = ports

    @property
    def organization_id(self) -> OrganizationId:
        return self.customer.organization_id

    @property
    def mark(self) -> str:
        """A mark in the cursors of this export, so that a cursor of another export is refused."""
        return digest("export", self.organization_id, self.customer.id)[:8]

    @property
    def invoice_filter(self) -> InvoiceFilter:
        return InvoiceFilter(customer_id=self.customer.id)

    @cached_property
    def invoices(self) -> Mapping[InvoiceId, Invoice]:
        """The customer's invoices by id. The parts after the invoices recognize their records by these ids."""
        listed = holdings.invoices_of(self.organization_id, self.customer.id, self.ports)
        return {invoice.id: invoice for invoice in listed}

    @cached_property
    def accounts(self) -> list[StripeAccountId]:
        """The Stripe accounts on which the customer is or was, in order."""
        return sorted(holdings.accounts_of(self.customer, [*self.invoices.values()], self.ports))

    def stripe_ids(self, account_id: StripeAccountId) -> frozenset[str]:
        """Returns the ids of the customer's objects on this account, including the objects of the customer's
        invoices.

        A Stripe customer that another customer of the organization is linked to by now is left out.
        """
        linked = {self.customer.linked_to(account_id)}
        ids = set()
        for invoice in self.invoices.values():
            if invoice.stripe_account_id == account_id:
                facts = invoice.facts
                linked.add(invoice.stripe_customer_id)
                ids |= {*invoice.stripe_invoice_ids, *facts.intent_ids, *facts.charges, *facts.refunds}
                ids |= {*facts.disputes, *facts.payments, *facts.credit_notes}
        ids |= {each for each in linked if each and self._holds(account_id, each)}
        return frozenset(ids)

    def _holds(self, account_id: StripeAccountId, stripe_customer_id: str) -> bool:
        holder = self.ports.customers.holder_of(self.organization_id, account_id, stripe_customer_id)
        return holder in (None, self.customer.id)


def _portions(subject: Subject, first: str, position: str | None) -> Iterator[RecordPage]:
    names = [*PARTS][[*PARTS].index(first) :]
    for name, following in zip_longest(names, names[1:]):
        for behind, records in PARTS[name](subject, position):
            place = (name, behind) if behind is not None else (following, "")
            yield RecordPage(records, ".".join((place[0], subject.mark, place[1])) if place[0] is not None else None)
        position = None
    yield RecordPage((), None)


def _place(subject: Subject, after: str | None) -> tuple[str, str | None]:
    """Returns the part of a cursor, and the position in that part, which is None at the beginning of the part."""
    if after is None:
        return next(iter(PARTS)), None
    name, mark, position = (*after.split(".", 2), "", "")[:3]
    if name not in PARTS or mark != subject.mark:
        raise _cursor_invalid()
    return name, position or None


def _customer(subject: Subject, position: str | None) -> Part:
    customer = subject.customer
    records = [Record(RecordKind.CUSTOMER, customer.id, customer)]
    if customer.claim is not None:
        records.append(Record(RecordKind.CLAIM, customer.claim.stripe_customer_id, customer.claim))
    yield None, records


def _acts(subject: Subject, position: str | None) -> Part:
    history = History.customer_of(subject.organization_id, subject.customer.id)
    has_more = True
    while has_more:
        page = subject.ports.acts.page(history, ROWS_AT_ONCE, position)
        position, has_more = page.end_cursor, page.has_next
        yield position if has_more else None, [Record(RecordKind.ACT, each.id, each) for each in page.items]


def _invoices(subject: Subject, position: str | None) -> Part:
    has_more = True
    while has_more:
        invoices = subject.ports.invoices
        page = invoices.page(subject.organization_id, subject.invoice_filter, INVOICES_AT_ONCE, position)
        records = [record for invoice in page.items for record in _of_invoice(invoice, subject)]
        position, has_more = page.end_cursor, page.has_next
        yield position if has_more else None, records


def _of_invoice(invoice: Invoice, subject: Subject) -> Iterator[Record]:
    yield Record(RecordKind.INVOICE, invoice.id, invoice)
    edit_services = invoice.edit.held if invoice.edit is not None else ()
    holders = subject.ports.invoices.holders(subject.organization_id, [*invoice.order.services, *edit_services])
    for service_id, holder in holders.items():
        if holder == invoice.id:
            yield Record(RecordKind.BILLED_SERVICE, service_id, {"service_id": service_id, "invoice_id": holder})
    for ids in in_hundreds(sorted({*invoice.stripe_invoice_ids, *invoice.facts.intent_ids})):
        references = subject.ports.invoices.find_by_reference(invoice.stripe_account_id, ids)
        for stripe_id, (_, invoice_id) in references.items():
            if invoice_id == invoice.id:
                yield Record(RecordKind.REFERENCE, stripe_id, {"stripe_id": stripe_id, "invoice_id": invoice_id})


def _payments(subject: Subject, position: str | None) -> Part:
    has_more = True
    while has_more:
        page = subject.ports.payments.page(subject.organization_id, MovementFilter(), ROWS_AT_ONCE, position)
        rows = [each for each in page.items if each.movement.customer_id == subject.customer.id]
        position, has_more = page.end_cursor, page.has_next
        yield position if has_more else None, [Record(RecordKind.PAYMENT, each.movement.id, each) for each in rows]


def _payout_lines(subject: Subject, position: str | None) -> Part:
    has_more = True
    while has_more:
        page = subject.ports.payouts.page(subject.organization_id, PayoutFilter(), PAYOUTS_AT_ONCE, position)
        records = [
            Record(RecordKind.PAYOUT_LINE, line.transaction.id, {"payout_id": payout.id, "line": line})
            for payout in page.items
            for line in subject.ports.payouts.all_lines(subject.organization_id, payout.id)
            if line.owner is not None and line.owner.customer_id == subject.customer.id
        ]
        position, has_more = page.end_cursor, page.has_next
        yield position if has_more else None, records


def _events(subject: Subject, position: str | None) -> Part:
    """Yields the events about the customer's Stripe customer and the customer's invoices."""
    account, _, after = (position or "").partition(".")
    if position is not None and account not in subject.accounts:
        raise _cursor_invalid()
    for account_id in subject.accounts:
        if account_id >= account:
            ids = subject.stripe_ids(account_id)
            begin = after if account_id == account else None
            for behind, event in subject.ports.events.recorded(account_id, begin or None):
                yield f"{account_id}.{behind}", [_event(event)] if _is_theirs(event, ids, subject) else []


def _event(event: RecordedEvent) -> Record:
    row = "parked" if event.logged.outcome == EventOutcome.PARKED else ""
    return Record(RecordKind.EVENT, event.logged.id, event, row, event.expires_at)


def _is_theirs(event: RecordedEvent, stripe_ids: frozenset[str], subject: Subject) -> bool:
    """Returns True if the event is about this customer. A parked event may name the customer in its body only."""
    if event.invoice is not None:
        organization_id, invoice_id = event.invoice
        return organization_id == subject.organization_id and invoice_id in subject.invoices
    if event.logged.object_id in stripe_ids:
        return True
    return event.body is not None and any(f'"{stripe_id}"' in event.body for stripe_id in stripe_ids)


def _batch_items(subject: Subject, position: str | None) -> Part:
    for behind, stored in subject.ports.batches.every_item(subject.organization_id, position):
        yield (
            behind,
            [_batch_item(stored, subject)] if stored.item.customer_id == subject.customer.id else [],
        )


def _batch_item(stored: StoredItem, subject: Subject) -> Record:
    batch = subject.ports.batches.get(subject.organization_id, stored.batch_id)
    row = "item of an import" if batch is not None and batch.kind is BatchKind.CUSTOMERS else None
    return Record(
        RecordKind.BATCH_ITEM,
        f"{stored.batch_id}/{stored.item.position}",
        stored,
        row,
        stored.expires_at,
    )


def _changes(subject: Subject, position: str | None) -> Part:
    has_more = True
    while has_more:
        page = subject.ports.changes.after(subject.organization_id, position, CHANGES_AT_ONCE)
        records = []
        for entry in page.entries:
            change = entry.change
            of_customer = change.object_kind is ObjectKind.CUSTOMER and change.object_id == subject.customer.id
            if of_customer or (change.object_kind is ObjectKind.INVOICE and change.object_id in subject.invoices):
                expires_at = change.at + FEED_ROWS.seconds
                records.append(Record(RecordKind.CHANGE, change.id_of(entry.type), entry, expires_at=expires_at))
        position, has_more = page.cursor, page.has_more
        yield position if has_more else None, records


PARTS: Mapping[str, Callable[[Subject, str | None], Part]] = MappingProxyType(
    {
        "customer": _customer,
        "acts": _acts,
        "invoices": _invoices,
        "payments": _payments,
        "payouts": _payout_lines,
        "events": _events,
        "batches": _batch_items,
        "changes": _changes,
    }
)
"""The parts of an export in their order."""


def _cursor_invalid() -> Refused:
    return Refused(
        "cursor_invalid",
        "This cursor does not belong to this export.",
        field="after",
        next_step="Begin again without `after`.",
    )
