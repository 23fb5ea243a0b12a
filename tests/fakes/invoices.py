"""`InvoiceStore` in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.domain import attention
from chalicelib.domain.events import EventMarker, Reference
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES, STATUSES_OF
from chalicelib.domain.summary import InvoiceWrite
from chalicelib.ports.storage import (
    MAX_CLAIMS_AT_ONCE,
    InvoiceExists,
    InvoiceFilter,
    Page,
    ServiceClaimed,
)
from tests.fakes.database import FakeDatabase, require_unchanged
from tests.fakes.paging import page_of

_WHAT = "The invoice"


class FakeInvoices:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def get(self, organization_id: OrganizationId, invoice_id: InvoiceId) -> Invoice | None:
        with self._db.lock:
            return self._db.invoices.get((organization_id, invoice_id))

    def several(
        self, organization_id: OrganizationId, invoice_ids: Sequence[InvoiceId]
    ) -> Mapping[InvoiceId, Invoice]:
        if len(set(invoice_ids)) > 100:
            raise ValueError(f"{len(invoice_ids)} keys are more than one batch read takes")
        with self._db.lock:
            pairs = ((each, self._db.invoices.get((organization_id, each))) for each in invoice_ids)
            return {each: invoice for each, invoice in pairs if invoice is not None}

    def insert(self, write: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        invoice = write.invoice
        with self._db.lock:
            if (invoice.organization_id, invoice.id) in self._db.invoices:
                raise InvoiceExists
            self._take(invoice, claims)
            return self._store(write)

    def holders(
        self, organization_id: OrganizationId, services: Sequence[ServiceId]
    ) -> Mapping[ServiceId, InvoiceId]:
        with self._db.lock:
            known = {service_id: self._db.claims.get((organization_id, service_id)) for service_id in services}
            return {service_id: holder for service_id, holder in known.items() if holder is not None}

    def claim(self, invoice: Invoice, claims: Mapping[ServiceId, InvoiceId | None]) -> None:
        with self._db.lock:
            self._require_unchanged(invoice)
            self._take(invoice, claims)

    def save_claiming(self, write: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        with self._db.lock:
            self._require_unchanged(write.invoice)
            self._take(write.invoice, claims)
            return self._store(write)

    def release(self, invoice: Invoice, services: Sequence[ServiceId]) -> None:
        with self._db.lock:
            self._require_unchanged(invoice)
            self._give_up(invoice, services)

    def save(self, write: InvoiceWrite, references: Sequence[Reference] = ()) -> Invoice:
        with self._db.lock:
            self._require_unchanged(write.invoice)
            self._refer(references)
            return self._store(write)

    def apply(self, write: InvoiceWrite, marker: EventMarker, references: Sequence[Reference] = ()) -> Invoice:
        with self._db.lock:
            self._db.require_unmarked(marker)
            self._require_unchanged(write.invoice)
            self._db.mark(marker)
            self._refer(references)
            return self._store(write)

    def remove(self, uncounted: InvoiceWrite, services: Sequence[ServiceId]) -> None:
        invoice = uncounted.invoice
        with self._db.lock:
            self._require_unchanged(invoice)
            self._db.invoices.pop((invoice.organization_id, invoice.id), None)
            self._db.add_tallies(invoice.organization_id, uncounted.difference)
            self._give_up(invoice, services)

    def find_by_reference(
        self, account_id: StripeAccountId, stripe_ids: Sequence[str]
    ) -> Mapping[str, tuple[OrganizationId, InvoiceId]]:
        if len(stripe_ids) > 100:
            raise ValueError(f"{len(stripe_ids)} keys are more than one batch read takes")
        with self._db.lock:
            references_by_id = self._db.references
            return {
                stripe_id: references_by_id[account_id, stripe_id]
                for stripe_id in stripe_ids
                if (account_id, stripe_id) in references_by_id
            }

    def page(
        self, organization_id: OrganizationId, wanted: InvoiceFilter, first: int, after: str | None
    ) -> Page[Invoice]:
        with self._db.lock:
            rows = [
                invoice
                for invoice in self._db.invoices.values()
                if invoice.organization_id == organization_id and _fits(invoice, wanted)
            ]
        if wanted.number is not None:
            numbered = ("number", organization_id)
            return page_of(rows, lambda invoice: (0, invoice.id), numbered, first, after, descending=True)
        if wanted.attention is not None:
            name = ("attention", organization_id, wanted.attention)
            return page_of(rows, _needing_attention, name, first, after, descending=True)
        if wanted.overdue or wanted.by_due_date:
            due = ("overdue" if wanted.overdue else "due", organization_id)
            return page_of(rows, _due, due, first, after)
        if wanted.updated_from is not None or wanted.updated_before is not None:
            updated = ("updated", organization_id)
            return page_of(rows, _quarter, updated, first, after, descending=True)
        name = (
            "disputed" if wanted.disputed else "created",
            organization_id,
            wanted.status or wanted.group or "",
            wanted.customer_id or "",
        )
        return page_of(rows, lambda invoice: (invoice.created_at, invoice.id), name, first, after, descending=True)

    def due_for_work(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, InvoiceId]]:
        with self._db.lock:
            due = [
                (invoice.resume_at, invoice.organization_id, invoice.id)
                for invoice in self._db.invoices.values()
                if invoice.resume_at is not None and invoice.resume_at <= now
            ]
        return [(organization_id, invoice_id) for _, organization_id, invoice_id in sorted(due)[:limit]]

    def turning_overdue(self, now: int) -> Iterator[tuple[OrganizationId, InvoiceId]]:
        with self._db.lock:
            turning = [
                (invoice.turns_overdue_at, invoice.organization_id, invoice.id)
                for invoice in self._db.invoices.values()
                if invoice.resume_at is None
                and invoice.turns_overdue_at is not None
                and invoice.turns_overdue_at <= now
            ]
        for _, organization_id, invoice_id in sorted(turning):
            yield organization_id, invoice_id

    def _require_unchanged(self, invoice: Invoice) -> None:
        require_unchanged(self._db.invoices, (invoice.organization_id, invoice.id), invoice, _WHAT)

    def _store(self, write: InvoiceWrite) -> Invoice:
        stored = write.stored()
        self._db.add_tallies(stored.organization_id, write.difference)
        self._db.invoices[stored.organization_id, stored.id] = stored
        for movement in write.movements:
            self._db.movements[stored.organization_id, movement.id] = movement
        return stored

    def _refer(self, references: Sequence[Reference]) -> None:
        for reference in references:
            to = (reference.organization_id, reference.invoice_id)
            self._db.references[reference.account_id, reference.stripe_id] = to

    def _take(self, invoice: Invoice, claims: Mapping[ServiceId, InvoiceId | None]) -> None:
        if len(claims) > MAX_CLAIMS_AT_ONCE:
            raise ValueError(f"{len(claims)} claims are more than one transaction takes")
        holders = {service_id: self._db.claims.get((invoice.organization_id, service_id)) for service_id in claims}
        other_holders = {
            service_id: holder
            for service_id, holder in holders.items()
            if holder is not None and holder not in (invoice.id, claims[service_id])
        }
        if other_holders:
            raise ServiceClaimed(other_holders)
        for service_id in claims:
            self._db.claims[invoice.organization_id, service_id] = invoice.id

    def _give_up(self, invoice: Invoice, services: Sequence[ServiceId]) -> None:
        for service_id in services:
            if self._db.claims.get((invoice.organization_id, service_id)) == invoice.id:
                del self._db.claims[invoice.organization_id, service_id]


def _fits(invoice: Invoice, invoice_filter: InvoiceFilter) -> bool:
    if invoice_filter.status is not None and invoice.status is not invoice_filter.status:
        return False
    if invoice_filter.customer_id is not None and invoice.order.customer_id != invoice_filter.customer_id:
        return False
    if invoice_filter.created_from is not None and invoice.created_at < invoice_filter.created_from:
        return False
    if invoice_filter.created_before is not None and invoice.created_at >= invoice_filter.created_before:
        return False
    if invoice_filter.group is not None and invoice.status not in STATUSES_OF[invoice_filter.group]:
        return False
    if (invoice_filter.overdue and not invoice.overdue) or (invoice_filter.disputed and not invoice.disputed):
        return False
    quarter = invoice.updated_at // 900
    if invoice_filter.updated_from is not None and quarter < invoice_filter.updated_from // 900:
        return False
    if invoice_filter.updated_before is not None and quarter > (invoice_filter.updated_before - 1) // 900:
        return False
    if invoice_filter.number is not None and (
        invoice.facts.invoice is None or invoice.facts.invoice.number != invoice_filter.number
    ):
        return False
    trouble = attention.most_urgent(invoice)
    if invoice_filter.attention is not None and (trouble is None or trouble.kind is not invoice_filter.attention):
        return False
    return not invoice_filter.by_due_date or _is_due(invoice, invoice_filter)


def _is_due(invoice: Invoice, invoice_filter: InvoiceFilter) -> bool:
    if invoice.status not in OPEN_STATUSES:
        return False
    if invoice_filter.due_from is None and invoice_filter.due_before is None:
        return True
    due_at = invoice.due_at
    if due_at is None or due_at < (invoice_filter.due_from or 0):
        return False
    return invoice_filter.due_before is None or due_at < invoice_filter.due_before


def _due(invoice: Invoice) -> tuple[int, str]:
    return invoice.due_at if invoice.due_at is not None else 10**12, invoice.id


def _needing_attention(invoice: Invoice) -> tuple[int, str]:
    trouble = attention.most_urgent(invoice)
    return trouble.at if trouble is not None else 0, invoice.id


def _quarter(invoice: Invoice) -> tuple[int, str]:
    return invoice.updated_at // 900, invoice.id
