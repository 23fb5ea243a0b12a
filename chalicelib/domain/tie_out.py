"""Compares Stripe's books with POM's: the payments, refunds and disputes that differ between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.amounts import disputed_amount, lost_by_dispute
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.snapshots import Snapshots

LIVE = frozenset({"open", "paid", "uncollectible"})
"""Statuses of a Stripe invoice that asks, or asked, a customer for money."""


class Kind(StrEnum):
    """The kind of a difference."""

    PAID = "paid"
    """The paid amount of the invoice differs."""
    STATUS = "status"
    """The invoice has another status, and the same paid amount."""
    REFUNDED = "refunded"
    """POM lacks the refund, or has it with another status or amount."""
    DISPUTED = "disputed"
    """POM lacks the dispute, or has it with another status, such as `lost`, or amount."""
    UNKNOWN_TO_US = "unknown_to_us"
    """Stripe has an invoice with POM's id, or a revision of one, that POM has no record of."""
    UNKNOWN_TO_STRIPE = "unknown_to_stripe"
    """POM has an invoice that Stripe does not list."""
    BILLED_TWICE = "billed_twice"
    """Stripe has several live invoices for one invoice of POM, and POM may have created more than one of them."""
    COPIED = "copied"
    """Stripe has several live invoices for one invoice of POM, and all but one were provably not created by POM."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between Stripe's books and POM's. Amounts are minor units."""

    kind: Kind
    stripe_id: str
    invoice_id: InvoiceId | None
    stripe_says: str
    we_say: str


@dataclass(frozen=True, slots=True)
class Amounts:
    """The paid, refunded, disputed and lost amounts, in minor units of one currency.

    A dispute that was won, and an inquiry that was closed, do not count.
    """

    paid: int = 0
    refunded: int = 0
    disputed: int = 0
    lost: int = 0

    @property
    def net(self) -> int:
        return self.paid - self.refunded - self.disputed - self.lost


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC, as the epoch second of its beginning) in one currency, by Stripe's books and by POM's."""

    begins_at: int
    currency: str
    stripe: Amounts
    ours: Amounts


@dataclass(frozen=True, slots=True)
class TieOut:
    """The result of a comparison."""

    days: tuple[Day, ...] = ()
    differences: tuple[Difference, ...] = ()
    compared: bool = True
    """False if nothing could be compared, because the organization is not connected."""

    @property
    def billed_twice(self) -> int:
        return sum(difference.kind is Kind.BILLED_TWICE for difference in self.differences)

    @property
    def copied(self) -> int:
        return sum(difference.kind is Kind.COPIED for difference in self.differences)


@dataclass(frozen=True, slots=True)
class Books:
    """Stripe's books: the invoices with POM's ids, and their refunds and disputes, each dispute with its first
    day.
    """

    invoices: Sequence[tuple[InvoiceFact, InvoiceId]] = ()
    refunds: Mapping[str, tuple[RefundFact, Invoice]] = field(default_factory=dict)
    disputes: Mapping[str, tuple[DisputeFact, Invoice, int]] = field(default_factory=dict)
    applications: Mapping[str, str | None] = field(default_factory=dict)
    """The Connect application that created each Stripe invoice, by the invoice's id: see `ListedInvoice`."""


def disputed_amounts(facts: Snapshots) -> Iterable[tuple[str, Amounts]]:
    """Yields each dispute's id with its disputed or lost amount, in the invoice's currency. Won ones are left out."""
    lost = lost_by_dispute(facts)
    for dispute in facts.disputes.values():
        if dispute.id in lost:
            yield dispute.id, Amounts(lost=lost[dispute.id])
        elif dispute.open:
            yield dispute.id, Amounts(disputed=disputed_amount(facts, dispute))


def differences(books: Books, ours: Mapping[InvoiceId, Invoice], *, settled_by: int) -> Iterable[Difference]:
    """Yields all differences. Events after `settled_by` may still be on their way to POM, so they are left out."""
    yield from _billed_twice(books, ours)
    for fact, invoice_id in books.invoices:
        yield from _of_invoice(fact, invoice_id, ours.get(invoice_id), settled_by)
    for refund, invoice in books.refunds.values():
        stored_refund = invoice.facts.refunds.get(refund.id)
        if refund.created <= settled_by and (
            stored_refund is None or (stored_refund.status, stored_refund.amount) != _state(refund)
        ):
            yield Difference(Kind.REFUNDED, refund.id, invoice.id, _text(refund), _text(stored_refund))
    for dispute, invoice, began_at in books.disputes.values():
        stored_dispute = invoice.facts.disputes.get(dispute.id)
        if began_at <= settled_by and (
            stored_dispute is None or (stored_dispute.status, stored_dispute.amount) != _state(dispute)
        ):
            yield Difference(Kind.DISPUTED, dispute.id, invoice.id, _text(dispute), _text(stored_dispute))
    stripe_ids = {fact.id for fact, _ in books.invoices}
    for invoice in ours.values():
        mine = invoice.facts.invoice
        if mine is None or mine.deleted or mine.id in stripe_ids or invoice.updated_at > settled_by:
            continue
        yield Difference(Kind.UNKNOWN_TO_STRIPE, mine.id, invoice.id, "nothing", f"{mine.status} {mine.amount_paid}")


def _of_invoice(
    fact: InvoiceFact, invoice_id: InvoiceId, invoice: Invoice | None, settled_by: int
) -> Iterable[Difference]:
    if fact.status == "draft" or max(fact.finalized_at or 0, fact.paid_at or 0) > settled_by:
        return
    says = f"{fact.status} {fact.amount_paid} of {fact.total} {fact.currency}"
    if invoice is None or (mine := invoice.facts.invoice) is None:
        yield Difference(Kind.UNKNOWN_TO_US, fact.id, invoice_id, says, "nothing")
    elif fact.id not in invoice.stripe_invoice_ids and fact.from_invoice_id and fact.status in LIVE:
        yield Difference(Kind.UNKNOWN_TO_US, fact.id, invoice_id, says, f"{mine.status} {mine.id}")
    elif mine.id == fact.id and invoice.updated_at <= settled_by:
        we_say = f"{mine.status} {mine.amount_paid} of {mine.total} {mine.currency}"
        if mine.amount_paid != fact.amount_paid:
            yield Difference(Kind.PAID, fact.id, invoice_id, says, we_say)
        elif mine.status != fact.status:
            yield Difference(Kind.STATUS, fact.id, invoice_id, says, we_say)


def _billed_twice(books: Books, ours: Mapping[InvoiceId, Invoice]) -> Iterable[Difference]:
    copies = _not_by_pom(books, ours)
    live = [(fact, invoice_id) for fact, invoice_id in books.invoices if fact.status in LIVE and not fact.deleted]
    often = {invoice_id for invoice_id, times in Counter(each for _, each in live).items() if times > 1}
    by_pom = Counter(invoice_id for fact, invoice_id in live if fact.id not in copies)
    for fact, invoice_id in live:
        if invoice_id in often:
            other_ids = ", ".join(other.id for other, each in live if each == invoice_id and other.id != fact.id)
            kind = Kind.BILLED_TWICE if by_pom[invoice_id] > 1 else Kind.COPIED
            yield Difference(kind, fact.id, invoice_id, f"{fact.status}, beside {other_ids}", "one invoice")


def _not_by_pom(books: Books, ours: Mapping[InvoiceId, Invoice]) -> frozenset[str]:
    """Returns the ids of the Stripe invoices that were provably created by somebody other than POM.

    Stripe names the Connect application that created an invoice (https://docs.stripe.com/api/invoices/object). That
    proves something only if Stripe names an application for an invoice that POM certainly created.
    """
    applications = {
        books.applications.get(fact.id)
        for fact, invoice_id in books.invoices
        if fact.from_invoice_id is None and invoice_id in ours and fact.id in ours[invoice_id].stripe_invoice_ids
    }
    pom = {application for application in applications if application}
    if not pom:
        return frozenset()
    return frozenset(id_ for id_, maker in books.applications.items() if maker != "" and maker not in pom)


def _state(fact: RefundFact | DisputeFact) -> tuple[str, int]:
    return fact.status, fact.amount


def _text(fact: RefundFact | DisputeFact | None) -> str:
    return f"{fact.status} {fact.amount} {fact.currency}" if fact else "nothing"
