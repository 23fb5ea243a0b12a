"""Compares POM's invoices with Stripe's lists of objects, and pulls those that differ.

This finds changes that no event reported. Stripe's lists hold a hundred invoices with their payments, so an invoice
without differences costs a hundredth of a request. An invoice is fetched separately only if it differs, or if the
lists do not contain enough. The sweep goes from the newest invoice to the oldest, one window at a time. A run that
has taken long enough returns the position from which another run continues. A pulled invoice no longer differs, so
nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

from chalicelib.domain.facts import CreditNoteFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_appearance import looks_the_same
from chalicelib.domain.pacing import Pace
from chalicelib.domain.payment_facts import DisputeFact, PaymentIntentFact, RefundFact
from chalicelib.domain.status import OPEN_STATUSES, STATUSES_OF, InvoiceStatus, StatusGroup
from chalicelib.domain.sweep import ObjectsSwept
from chalicelib.ports import Ports
from chalicelib.ports.listed_invoices import ListedInvoice
from chalicelib.ports.pacing import PacedStripe, paced
from chalicelib.ports.paging import all_items, in_hundreds
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.invoicing.pull_invoice import pulled
from chalicelib.usecases.invoicing.store_invoice import merging, store

REFUNDS_MAY_FAIL_FOR = 35 * 86400
DISPUTES_LAST_FOR = 150 * 86400
CREDIT_NOTES_CHANGE_FOR = 35 * 86400
"""The age in seconds up to which objects are listed that change long after their creation
(https://docs.stripe.com/refunds).
"""

PAYMENTS_CHECKED_FOR = 150 * 86400
"""The age in seconds up to which a paid or refunded invoice is checked for payments that no event reported."""

STRIPE_STATUS = {
    InvoiceStatus.PENDING: "open",
    InvoiceStatus.FAILED: "open",
    InvoiceStatus.DRAFT: "draft",
    InvoiceStatus.UNCOLLECTIBLE: "uncollectible",
}
"""POM's statuses that are not final, and Stripe's status for each."""

WINDOW = 1000
"""The number of invoices of one status that are compared before the next ones are read."""

MADE_BEFORE, MADE_AFTER = 300, 3600
"""Seconds by which Stripe's invoice may be older or younger than POM's. Outside this range it is fetched
separately.
"""

RUN_FOR = 180
"""Seconds after which a run leaves the remaining invoices to another run. Its function has 300 seconds."""

RATE = 2_000
"""The most invoices that are fetched separately in 1,000 seconds. With their payments that is about ten requests a
second, of the 25 that a sandbox accepts.
"""

PAGE = 100

T = TypeVar("T")


def sweep_objects(
    organization_id: OrganizationId, account_id: StripeAccountId, before: int | None, ports: Ports
) -> ObjectsSwept:
    """Compares the invoices created before `before`, where the last run stopped, and corrects those that differ.

    Raises:
        StripeUnavailable, StaleWrite, Retryable: the call must be repeated. Invoices corrected so far stay corrected.
    """
    sweep = _ObjectSweep(organization_id, account_id, ports, until=ports.clock.now() + RUN_FOR)
    while True:
        invoices, since = _window(sweep, before)
        sweep.expecting |= any(invoice.status in OPEN_STATUSES for invoice in invoices)
        stripe_lists = _StripeLists.of(sweep, invoices, before)
        for invoice in sorted(invoices, key=lambda each: each.created_at, reverse=True):
            if ports.clock.now() >= sweep.until:
                return sweep.swept(before=invoice.created_at + 1)
            if stripe_lists.differs_from(invoice):
                sweep.pull(invoice)
        if since is None:
            break
        before = since
    _compare_later_objects(sweep)
    return sweep.swept(before=None)


@dataclass
class _ObjectSweep:
    """A sweep of an account's objects, and the invoices that it has corrected so far."""

    organization_id: OrganizationId
    account_id: StripeAccountId
    ports: Ports
    until: int
    expecting: bool = False
    corrected: set[InvoiceId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._asking = paced(self.ports, PacedStripe(self.ports, Pace(RATE), RATE, self.until))

    def pull(self, invoice: Invoice) -> None:
        self.note(invoice, pulled(invoice, self.account_id, Source.SWEEP, self._asking))

    def note(self, before: Invoice, after: Invoice) -> None:
        if after.version != before.version:
            self.corrected.add(after.id)

    def swept(self, before: int | None) -> ObjectsSwept:
        return ObjectsSwept(len(self.corrected), before, self.expecting)


# Which of ours


def _window(sweep: _ObjectSweep, before: int | None) -> tuple[list[Invoice], int | None]:
    """Returns POM's newest invoices created before `before` that may have changed, and the time since which they are
    complete.

    The time is None if there are no older invoices.
    """
    invoices: list[Invoice] = []
    cuts: list[int] = []
    for status in STRIPE_STATUS:
        of_status = list(islice(_all(sweep, InvoiceFilter(status, created_before=before)), WINDOW + 1))
        invoices += of_status[:WINDOW]
        if len(of_status) > WINDOW:
            cuts.append(of_status[WINDOW - 1].created_at + 1)
    since = max(cuts, default=None)
    invoices = [invoice for invoice in invoices if since is None or invoice.created_at >= since]
    invoices += _lacking_payments(sweep, since, before)
    return [invoice for invoice in invoices if invoice.stripe_account_id == sweep.account_id], since


def _lacking_payments(sweep: _ObjectSweep, since: int | None, before: int | None) -> Iterator[Invoice]:
    """Yields paid and refunded invoices that lack a payment, or the charge of a payment.

    Refunds and disputes of such a payment name only the payment.
    """
    earliest = max(since or 0, sweep.ports.clock.now() - PAYMENTS_CHECKED_FOR)
    for status in STATUSES_OF[StatusGroup.SETTLED]:
        settled = InvoiceFilter(status, created_from=earliest, created_before=before)
        for invoice in _all(sweep, settled):
            if invoice.facts.lacks_payments or invoice.facts.uncharged_payments:
                yield invoice


def _all(sweep: _ObjectSweep, invoice_filter: InvoiceFilter) -> Iterator[Invoice]:
    return all_items(partial(sweep.ports.invoices.page, sweep.organization_id, invoice_filter, PAGE))


# What Stripe lists of them


@dataclass(frozen=True)
class _StripeLists:
    invoices: dict[str, ListedInvoice]
    intents: dict[str, PaymentIntentFact]

    @classmethod
    def of(cls, sweep: _ObjectSweep, ours: Sequence[Invoice], before: int | None) -> _StripeLists:
        """Returns Stripe's lists that contain these invoices. The lists are empty if there are no invoices to
        list.
        """
        invoices: dict[str, ListedInvoice] = {}
        intents: dict[str, PaymentIntentFact] = {}
        listable = [invoice for invoice in ours if invoice.status in STRIPE_STATUS]
        if not listable:
            return cls(invoices, intents)
        since = min(invoice.created_at for invoice in listable) - MADE_BEFORE
        until = None if before is None else before + MADE_AFTER
        for status in sorted({STRIPE_STATUS[invoice.status] for invoice in listable}):
            for each in sweep.ports.stripe.invoices_of_status(sweep.account_id, status, since, until):
                invoices[each.invoice.id] = each
        if any(invoice.status is not InvoiceStatus.DRAFT for invoice in listable):
            for intent in sweep.ports.stripe.open_intents(sweep.account_id, since, until):
                intents[intent.id] = intent
        return cls(invoices, intents)

    def differs_from(self, invoice: Invoice) -> bool:
        """Returns True if Stripe's lists differ from the invoice, or do not contain enough to compare it."""
        listed_invoice = self.invoices.get(invoice.stripe_invoice_id or "")
        if listed_invoice is None or invoice.facts.uncharged_payments:
            return True
        intent_ids = {intent.id for intent in invoice.facts.payment_intents.values() if not intent.ended}
        intent_ids -= invoice.facts.intents_elsewhere
        intent_ids |= {
            each.payment_intent_id
            for each in listed_invoice.payments
            if each.status == "open" and each.payment_intent_id
        }
        if not intent_ids <= self.intents.keys():
            return True
        intents = [self.intents[intent_id] for intent_id in sorted(intent_ids)]
        return not looks_the_same(
            invoice.with_fetched(listed_invoice.invoice, *listed_invoice.payments, *intents), invoice
        )


# What becomes of invoices after they are paid


def _compare_later_objects(sweep: _ObjectSweep) -> None:
    stripe, account_id, now = sweep.ports.stripe, sweep.account_id, sweep.ports.clock.now()
    for refunds in in_hundreds(stripe.refunds(account_id, now - REFUNDS_MAY_FAIL_FOR)):
        _correct_by(refunds, lambda refund: refund.payment_intent_id, sweep)
    for disputes in in_hundreds(stripe.disputes(account_id, now - DISPUTES_LAST_FOR)):
        _correct_by(disputes, lambda dispute: dispute.payment_intent_id, sweep)
    for notes in in_hundreds(stripe.credit_notes(account_id, now - CREDIT_NOTES_CHANGE_FOR)):
        _correct_by(notes, lambda note: note.stripe_invoice_id, sweep)


L = TypeVar("L", RefundFact, DisputeFact, CreditNoteFact)


def _correct_by(facts: Sequence[L], owner_of: Callable[[L], str | None], sweep: _ObjectSweep) -> None:
    """Adds each fact to the invoice that it belongs to, unless the invoice has it."""
    ids = sorted({stripe_id for fact in facts if (stripe_id := owner_of(fact))})
    owners = sweep.ports.invoices.find_by_reference(sweep.account_id, ids) if ids else {}
    for fact in facts:
        owner = owners.get(owner_of(fact) or "")
        invoice = sweep.ports.invoices.get(*owner) if owner else None
        if invoice is not None and not invoice.facts.says(fact):
            sweep.note(invoice, _store_fact(invoice, fact, sweep.ports))


def _store_fact(invoice: Invoice, fact: RefundFact | DisputeFact | CreditNoteFact, ports: Ports) -> Invoice:
    now = ports.clock.now()

    def correcting(current: Invoice) -> Invoice:
        known = merging(current, [fact], ports)
        return current if known.facts.has_same_content_as(current.facts) else known.changed(now)

    return store(invoice, correcting, ports)
