"""The store of invoices, of the claims on services, and of the references from Stripe objects to invoices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from chalicelib.adapters.tables.database import Cancelled, Transaction, read_item, read_items, translating_errors
from chalicelib.adapters.tables.invoice_items import RESUME, TURN_OVERDUE, invoice_values, stored_invoice
from chalicelib.adapters.tables.invoice_pages import invoice_page, several_invoices
from chalicelib.adapters.tables.markers import put_marker
from chalicelib.adapters.tables.models import ClaimItem, InvoiceItem, PaymentReferenceItem
from chalicelib.adapters.tables.payments import ROWS_AT_ONCE, put_movements
from chalicelib.adapters.tables.summaries import add_tallies
from chalicelib.adapters.tables.versions import commit, has_version, put
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.events import EventMarker, Reference
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement
from chalicelib.domain.summary import InvoiceWrite
from chalicelib.ports.paging import in_hundreds
from chalicelib.ports.storage import (
    MAX_CLAIMS_AT_ONCE,
    InvoiceExists,
    InvoiceFilter,
    Page,
    ServiceClaimed,
)

_INVOICE = "invoice"
_SERVICE = "service#"
_REFERENCE = "reference#"
_OBJECT_NAME = "The invoice"


class TableInvoices:
    """Implements `InvoiceStore`."""

    def get(self, organization_id: OrganizationId, invoice_id: InvoiceId) -> Invoice | None:
        item = read_item(InvoiceItem, organization_id, invoice_id)
        return stored_invoice(item) if item else None

    def several(
        self, organization_id: OrganizationId, invoice_ids: Sequence[InvoiceId]
    ) -> Mapping[InvoiceId, Invoice]:
        return several_invoices(organization_id, invoice_ids)

    def insert(self, write: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        stored = write.stored()
        transaction = Transaction()
        transaction.put(_INVOICE, InvoiceItem, invoice_values(write.invoice, stored), has_version(InvoiceItem, 0))
        _claim(transaction, stored, claims)
        add_tallies(transaction, stored.organization_id, stored.id, write.difference)
        put_movements(transaction, stored.organization_id, write.movements)
        try:
            transaction.commit()
        except Cancelled as exc:
            if _INVOICE in exc.failed_on:
                raise InvoiceExists from exc
            raise _claim_error(exc) from exc
        return stored

    def holders(
        self, organization_id: OrganizationId, services: Sequence[ServiceId]
    ) -> Mapping[ServiceId, InvoiceId]:
        keys = [{"owner": organization_id, "claim": _SERVICE + each} for each in dict.fromkeys(services)]
        return {
            ServiceId(item["claim"]["S"].removeprefix(_SERVICE)): InvoiceId(item["holder"]["S"])
            for portion in in_hundreds(keys)
            for item in read_items(ClaimItem, portion)
        }

    def claim(self, invoice: Invoice, claims: Mapping[ServiceId, InvoiceId | None]) -> None:
        transaction = Transaction()
        transaction.check(_INVOICE, InvoiceItem, _key(invoice), has_version(InvoiceItem, invoice.version))
        _claim(transaction, invoice, claims)
        _commit_claims(transaction)

    def save_claiming(self, write: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        stored = write.stored()
        expected = has_version(InvoiceItem, write.invoice.version)
        transaction = Transaction()
        transaction.put(_INVOICE, InvoiceItem, invoice_values(write.invoice, stored), expected)
        _claim(transaction, stored, claims)
        add_tallies(transaction, stored.organization_id, stored.id, write.difference)
        _commit_claims(transaction)
        return stored

    def release(self, invoice: Invoice, services: Sequence[ServiceId]) -> None:
        remaining = list(dict.fromkeys(services))
        for start in range(0, len(remaining), MAX_CLAIMS_AT_ONCE):
            _release(invoice, remaining[start : start + MAX_CLAIMS_AT_ONCE])

    def save(self, write: InvoiceWrite, references: Sequence[Reference] = ()) -> Invoice:
        if references or write.difference or write.movements:
            return self.apply(write, None, references)
        stored = write.stored()
        put(
            InvoiceItem,
            invoice_values(write.invoice, stored),
            has_version(InvoiceItem, write.invoice.version),
            _OBJECT_NAME,
        )
        return stored

    def apply(self, write: InvoiceWrite, marker: EventMarker | None, references: Sequence[Reference] = ()) -> Invoice:
        """Writes the invoice, its movements, its tallies, the event's marker and the references in one transaction.

        References and movements that do not fit into the transaction are written before it. They are true even if the
        invoice does not include them yet.
        """
        movements = _write_overflow(write)
        remaining = [asdict(reference) for reference in dict.fromkeys(references)]
        room = MAX_CLAIMS_AT_ONCE - len(movements)
        while len(remaining) > room:
            transaction = Transaction()
            _refer(transaction, remaining[:MAX_CLAIMS_AT_ONCE])
            commit(transaction, _OBJECT_NAME)
            del remaining[:MAX_CLAIMS_AT_ONCE]
        stored = write.stored()
        transaction = Transaction()
        expected = has_version(InvoiceItem, write.invoice.version)
        transaction.put(_INVOICE, InvoiceItem, invoice_values(write.invoice, stored), expected)
        _refer(transaction, remaining)
        put_movements(transaction, stored.organization_id, movements)
        add_tallies(transaction, stored.organization_id, stored.id, write.difference)
        if marker is not None:
            put_marker(transaction, marker)
        commit(transaction, _OBJECT_NAME)
        return stored

    def remove(self, uncounted: InvoiceWrite, services: Sequence[ServiceId]) -> None:
        remaining = list(dict.fromkeys(services))
        while len(remaining) > MAX_CLAIMS_AT_ONCE:
            _release(uncounted.invoice, remaining[:MAX_CLAIMS_AT_ONCE])
            del remaining[:MAX_CLAIMS_AT_ONCE]
        _release(uncounted.invoice, remaining, together_with=uncounted)

    def find_by_reference(
        self, account_id: StripeAccountId, stripe_ids: Sequence[str]
    ) -> Mapping[str, tuple[OrganizationId, InvoiceId]]:
        keys = [{"account_id": account_id, "stripe_id": stripe_id} for stripe_id in dict.fromkeys(stripe_ids)]
        attribute_names = ("stripe_id", "organization_id", "invoice_id")
        return {
            item["stripe_id"]["S"]: (OrganizationId(item["organization_id"]["S"]), InvoiceId(item["invoice_id"]["S"]))
            for item in read_items(PaymentReferenceItem, keys, attribute_names)
        }

    def page(
        self, organization_id: OrganizationId, invoice_filter: InvoiceFilter, first: int, after: str | None
    ) -> Page[Invoice]:
        return invoice_page(organization_id, invoice_filter, first, after)

    def due_for_work(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, InvoiceId]]:
        with translating_errors():
            due = InvoiceItem.due_work.query(RESUME, InvoiceItem.resume_at <= now, limit=limit)
            return [(OrganizationId(item.organization_id), InvoiceId(item.invoice_id)) for item in due]

    def turning_overdue(self, now: int) -> Iterator[tuple[OrganizationId, InvoiceId]]:
        with translating_errors():
            for item in InvoiceItem.due_work.query(TURN_OVERDUE, InvoiceItem.resume_at <= now):
                yield OrganizationId(item.organization_id), InvoiceId(item.invoice_id)


def _key(invoice: Invoice) -> Values:
    return {"organization_id": invoice.organization_id, "invoice_id": invoice.id}


def _write_overflow(write: InvoiceWrite) -> list[Movement]:
    """Writes the movements that do not fit into the invoice's transaction, and returns the others.

    Raises:
        StaleWrite: the invoice has changed since it was read.
    """
    remaining, invoice = list(write.movements), write.invoice
    while len(remaining) > ROWS_AT_ONCE:
        transaction = Transaction()
        transaction.check(_INVOICE, InvoiceItem, _key(invoice), has_version(InvoiceItem, invoice.version))
        put_movements(transaction, invoice.organization_id, remaining[:ROWS_AT_ONCE])
        commit(transaction, _OBJECT_NAME)
        del remaining[:ROWS_AT_ONCE]
    return remaining


def _refer(transaction: Transaction, references: Sequence[Values]) -> None:
    for values in references:
        transaction.put(_REFERENCE + values["stripe_id"], PaymentReferenceItem, values)


def _claim(transaction: Transaction, invoice: Invoice, claims: Mapping[ServiceId, InvoiceId | None]) -> None:
    if len(claims) > MAX_CLAIMS_AT_ONCE:
        raise ValueError(f"{len(claims)} claims are more than one transaction takes")
    for service_id, former_holder in claims.items():
        free = ClaimItem.holder.does_not_exist() | (ClaimItem.holder == invoice.id)
        if former_holder is not None:
            free |= ClaimItem.holder == former_holder
        values = {**_claim_key(invoice, service_id), "holder": invoice.id}
        transaction.put(_SERVICE + service_id, ClaimItem, values, free)


def _claim_key(invoice: Invoice, service_id: ServiceId) -> Values:
    return {"owner": invoice.organization_id, "claim": _SERVICE + service_id}


def _commit_claims(transaction: Transaction) -> None:
    """Commits. Raises StaleWrite if the invoice has changed since it was read, or ServiceClaimed."""
    try:
        transaction.commit()
    except Cancelled as exc:
        if _INVOICE in exc.failed_on:
            raise StaleWrite(_OBJECT_NAME) from exc
        raise _claim_error(exc) from exc


def _claim_error(cancelled: Cancelled) -> Exception:
    if not cancelled.failed_on:
        return StaleWrite("A service of this invoice")
    return ServiceClaimed(
        {
            ServiceId(name.removeprefix(_SERVICE)): InvoiceId(item["holder"]["S"])
            for name, item in cancelled.failed_on.items()
        }
    )


def _release(invoice: Invoice, services: Sequence[ServiceId], together_with: InvoiceWrite | None = None) -> None:
    """Releases the invoice's claims, and deletes the invoice if `together_with` is given. Others' claims stay."""
    unchanged_invoice = has_version(InvoiceItem, invoice.version)
    own_services = list(services)
    while True:
        transaction = Transaction()
        if together_with is not None:
            transaction.delete(_INVOICE, InvoiceItem, _key(invoice), unchanged_invoice)
            add_tallies(transaction, invoice.organization_id, invoice.id, together_with.difference)
        else:
            transaction.check(_INVOICE, InvoiceItem, _key(invoice), unchanged_invoice)
        for service_id in own_services:
            free = ClaimItem.holder.does_not_exist() | (ClaimItem.holder == invoice.id)
            transaction.delete(_SERVICE + service_id, ClaimItem, _claim_key(invoice, service_id), free)
        try:
            transaction.commit()
        except Cancelled as exc:
            held_by_others = {ServiceId(name.removeprefix(_SERVICE)) for name in exc.failed_on if name != _INVOICE}
            if _INVOICE in exc.failed_on or not held_by_others:
                raise StaleWrite(_OBJECT_NAME) from exc
            own_services = [service_id for service_id in own_services if service_id not in held_by_others]
        else:
            return
