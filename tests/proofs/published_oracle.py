"""The changes that POM must publish for a ledger, computed in another way than the code's.

The code compares two versions, because a stream has no more. The oracle follows each object through its life. It
reads what the API returns of invoices, and the explanations of drafts. Of connections it reads every field except
those of POM's own work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from chalicelib.api.models.draft_order import DraftOrderView, draft_order_view
from chalicelib.api.models.invoices import InvoiceView, invoice_view
from chalicelib.domain.changes import Difference, ObjectKind
from chalicelib.domain.draft_changes import changes_in_stripe, moved_due_date
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.other_changes import customer_difference
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import EntryKind
from tests.proofs.ledger import Entry, Ledger

SETTLED = ("paid", "refunded")
OF_STATUS = {
    "failed": "invoice.payment_failed", "paid": "invoice.paid", "refunded": "invoice.refunded",
    "void": "invoice.voided", "uncollectible": "invoice.uncollectible",
}  # fmt: skip
NOT_SHOWN = ("version", "sweep", "tested_at", "refresh_asked_at", "authorizing_until", "connected_by")
"""The fields of a connection that describe POM's own work."""


@dataclass(frozen=True, order=True)
class Telling:
    """One change that POM must publish, or has published, with the `previous` and the new `status`."""

    kind: str
    organization_id: str
    object_id: str
    version: int
    type: str
    previous: str | None
    status: str | None


def expected(ledger: Ledger) -> list[Telling]:
    """Returns all changes of a ledger that POM must publish, the earliest first for each object."""
    return [telling for life in ledger.lives() for telling in _LIVES[life[0].kind](life)]


def differences_told(ledger: Ledger) -> Iterator[Telling]:
    """Yields the changes of invoices and customers that the code computes from one write at a time, as a stream has
    them.
    """
    compares: dict[ObjectKind, Callable[[Any, Any], Difference]] = {
        ObjectKind.INVOICE: invoice_difference,
        ObjectKind.CUSTOMER: customer_difference,
    }
    for entry in ledger.entries:
        if entry.kind in compares:
            difference = compares[entry.kind](entry.before, entry.after)
            yield from _telling(entry, difference.types, difference.previous_status, difference.status)


def _telling(entry: Entry, types: Iterable[str], previous: str | None, status: str | None) -> Iterator[Telling]:
    for each in types:
        yield Telling(entry.kind, entry.organization_id, entry.object_id, entry.version, each, previous, status)


# Invoices


@dataclass(frozen=True)
class _Billed:
    """The billed contents of an invoice in the API. `beside` has the fields that only a draft has."""

    order: DraftOrderView
    beside: tuple[object, ...] | None

    def differs_from(self, last: _Billed) -> bool:
        both_drafts = None not in (self.beside, last.beside)
        return self.order != last.order or (both_drafts and self.beside != last.beside)


@dataclass
class _Known:
    """The published changes of an invoice, and the API's view of its last version."""

    status: str | None = None
    view: InvoiceView | None = None
    attempts: int = 0
    """How many failed attempts the timeline had at the last published failure."""
    disputes: dict[str, bool] = field(default_factory=dict)
    billed: _Billed | None = None
    """The latest billed contents from a time when the invoice was not being created, edited or sent."""


def _of_invoice(life: list[Entry]) -> Iterator[Telling]:
    known = _stored_before(life[0])
    for entry in life:
        invoice = entry.after
        if invoice is None:
            yield from _telling(entry, ["invoice.deleted"] if known.status else [], known.status, None)
            known = _Known()
            continue
        view = _view(invoice, entry.at)
        creating = view.status == "creating"
        if creating and known.status is None:
            continue
        status = known.status if creating else str(view.status)
        types = list(dict.fromkeys(_invoice_types(known, view, invoice, str(status))))
        yield from _telling(entry, types, known.status, status)
        told = "invoice.payment_failed" in types
        waiting = status == known.status == "failed" and not told and _shows_a_later_attempt(invoice)
        attempts = known.attempts if waiting else _attempts(invoice)
        billed = known.billed if creating else _billed(view, invoice)
        known = _Known(status, view, attempts, {each.id: each.open for each in _disputes(invoice)}, billed)


def _stored_before(entry: Entry) -> _Known:
    """Returns the published changes of an invoice that was created before the ledger began."""
    invoice = entry.before
    if invoice is None or invoice.status == "creating":
        return _Known()
    disputes = {each.id: each.open for each in _disputes(invoice)}
    view = _view(invoice, entry.at)
    return _Known(str(invoice.status), view, _attempts(invoice), disputes, _billed(view, invoice))


def _view(invoice: Invoice, at: int) -> InvoiceView:
    return invoice_view(invoice, customer_name=None, now=at, dashboard_base="https://stripe")


def _billed(view: InvoiceView, invoice: Invoice) -> _Billed:
    order = draft_order_view(invoice.order)
    if view.status != "draft":
        return _Billed(order, None)
    shown = view.total, view.total_difference, view.discount_amount, view.due_date
    return _Billed(order, (*shown, *changes_in_stripe(invoice), *moved_due_date(invoice)))


def _invoice_types(known: _Known, view: InvoiceView, invoice: Invoice, status: str) -> Iterator[str]:
    last, entered = known.view, known.status != status
    if last is None:
        yield "invoice.created"
    elif last.stripe_invoice_id and last.stripe_invoice_id != view.stripe_invoice_id:
        yield "invoice.revised"
    at_rest = view.status != "creating"
    if at_rest and known.billed is not None and _billed(view, invoice).differs_from(known.billed):
        yield "invoice.edited"
    mailed = view.sent_at is not None and (last is None or last.sent_at != view.sent_at)
    if mailed:
        yield "invoice.sent"
    if entered and status == "pending" and not mailed:
        yield "invoice.pending"
    if entered and status in OF_STATUS:
        yield OF_STATUS[status]
    if status in SETTLED and known.status not in SETTLED:
        yield "invoice.paid"
    if not entered and status == "failed" and last is not None and _fails_again(known, last, view, invoice):
        yield "invoice.payment_failed"
    paid, refunded = (last.paid_amount, last.refunded_amount) if last is not None else ("0", "0")
    more, less = _more(view.paid_amount, paid), _more(refunded, view.refunded_amount)
    if status not in SETTLED and (more or (less and float(view.paid_amount) > 0)):
        yield "invoice.partly_paid"
    if status == "paid" and less:
        yield "invoice.paid"
    if _more(view.refunded_amount, refunded):
        yield "invoice.refunded"
    yield from _dispute_types(known, invoice)
    if view.overdue and not (last is not None and last.overdue):
        yield "invoice.overdue"


def _fails_again(known: _Known, last: InvoiceView, view: InvoiceView, invoice: Invoice) -> bool:
    if last.failure is None or view.failure is None or last.failure == view.failure:
        return False
    return last.failure.reason != view.failure.reason or _attempts(invoice) > known.attempts


def _attempts(invoice: Invoice) -> int:
    """Returns how many failed attempts people read in the timeline."""
    return len(_failed_at(invoice))


def _shows_a_later_attempt(invoice: Invoice) -> bool:
    """Returns True if the timeline has a failed attempt after the one that the status is about.

    An earlier attempt may become known later than the latest one, and the timeline may learn of one after the status.
    """
    failure = invoice.failure
    return failure is not None and max(_failed_at(invoice), default=0) > failure.at


def _failed_at(invoice: Invoice) -> list[int]:
    return [entry.at for entry in timeline(invoice) if entry.kind is EntryKind.PAYMENT_FAILED]


def _more(amount: str, than: str) -> bool:
    return float(amount) > float(than)


def _disputes(invoice: Invoice) -> Iterable[Any]:
    return invoice.facts.disputes.values()


def _dispute_types(known: _Known, invoice: Invoice) -> Iterator[str]:
    moves = [(known.disputes.get(each.id), each.open) for each in _disputes(invoice)]
    if any(was is None or (not was and is_open) for was, is_open in moves):
        yield "invoice.dispute_opened"
    if any(was is not False and not is_open for was, is_open in moves):
        yield "invoice.dispute_closed"


# The others


def _of_customer(life: list[Entry]) -> Iterator[Telling]:
    before = life[0].before
    for entry in life:
        customer, previous = entry.after, str(before.sync_status) if before is not None else None
        if customer is None:
            yield from _telling(entry, ["customer.deleted"], previous, None)
        else:
            yield from _telling(entry, _customer_types(before, customer), previous, str(customer.sync_status))
        before = customer


def _customer_types(before: Any, customer: Any) -> Iterator[str]:
    """Yields the types of the changes of a customer that was `before`, by its status and its history."""
    was, now = str(before.sync_status) if before is not None else None, str(customer.sync_status)
    if now == "failed" and (was, before.sync_error if before is not None else None) != (now, customer.sync_error):
        yield "customer.sync_failed"
    if now == "synced" and (was, before.linked_id if before is not None else None) != (now, customer.linked_id):
        yield "customer.synced"
    taken, taken_before = _taken_over(customer), _taken_over(before) if before is not None else Counter()
    if any(count > taken_before[each] for each, count in taken.items()):
        yield "customer.updated_in_stripe"
    if now == "deleted_in_stripe" != was:
        yield "customer.deleted_in_stripe"


def _taken_over(customer: Any) -> Counter[Any]:
    return Counter(each for each in customer.history if each.kind == "taken_over_from_stripe")


def _of_connection(life: list[Entry]) -> Iterator[Telling]:
    for entry in life:
        shown = [_shown_of_connection(each) for each in (entry.before, entry.after)]
        previous = str(entry.before.status(entry.at)) if entry.before is not None else None
        if entry.after is None:
            yield from _telling(entry, ["connection.deleted"], previous, None)
        elif shown[0] != shown[1]:
            yield from _telling(entry, ["connection.changed"], previous, str(entry.after.status(entry.at)))


def _shown_of_connection(connection: Any) -> dict[str, Any]:
    if connection is None:
        return {}
    every = {name: value for name, value in asdict(connection).items() if name not in NOT_SHOWN}
    if every["account"]:
        every["account"].pop("as_of")
    del every["organization_id"]
    return {name: value for name, value in every.items() if value not in (None, False, 0)}


def _of_payout(life: list[Entry]) -> Iterator[Telling]:
    status: str | None = None
    for entry in life:
        now = str(entry.after.fact.status) if entry.after is not None else None
        types = ["payout.deleted"] if now is None else []
        if now != status and now in ("paid", "failed", "canceled"):
            types.append(f"payout.{now}")
        yield from _telling(entry, types, status, now)
        status = now


_LIVES = {
    ObjectKind.INVOICE: _of_invoice,
    ObjectKind.CUSTOMER: _of_customer,
    ObjectKind.CONNECTION: _of_connection,
    ObjectKind.PAYOUT: _of_payout,
}
