"""The invoice aggregate: what POM asked for, how far making it is, and all that Stripe told about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Self

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.history import MAX_ENTRIES, HistoryEntry
from chalicelib.domain.identifiers import (
    InvoiceId,
    OrganizationId,
    StripeAccountId,
    UserId,
)
from chalicelib.domain.intended_act import IntendedAct
from chalicelib.domain.invoice_facts import Facts
from chalicelib.domain.order import Order
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.payment_link import link_ends_at
from chalicelib.domain.saga import Saga, Step
from chalicelib.domain.status import (
    OPEN_STATUSES,
    FailedAttempt,
    InvoiceStatus,
)
from chalicelib.domain.tallies import Counted
from chalicelib.domain.terms import day_of, end_of_day


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice with its transaction history. `version` counts stored changes; times are epoch seconds UTC."""

    organization_id: OrganizationId
    id: InvoiceId
    stripe_account_id: StripeAccountId
    livemode: bool
    order: Order
    saga: Saga
    created_at: int
    created_by: UserId
    updated_at: int
    facts: Facts = field(default_factory=Facts)
    history: tuple[HistoryEntry, ...] = ()
    sent_at: int | None = None
    stripe_customer_id: str | None = None
    stripe_invoice_id: str | None = None
    terms_due_at: int | None = None
    """When a draft is due by its payment terms (epoch seconds UTC). Somebody in Stripe chose any other due date."""
    former_terms_due_at: int | None = None
    """When Stripe had the draft due before POM moved that to `terms_due_at`. Stripe may have either after a crash."""
    details_as_made: DraftDetails | None = None
    """The draft's details in Stripe's answer when POM made it. None if it was looked up later."""
    overdue_since: dt.date | None = None
    """The day after the due day, once a write has met the invoice unpaid on it; read `overdue` instead."""
    outside_payment: OutsidePayment | None = None
    """The payment that was recorded by hand, once Stripe has recorded it; see `recorded_payment`."""
    intended: tuple[IntendedAct, ...] = ()
    """Acts that POM asks Stripe for, and whose outcome it does not know yet."""
    reminder_asked_at: int | None = None
    """When Stripe was last asked to send its e-mail again (epoch seconds UTC), whether or not its answer arrived."""
    reminded_at: int | None = None
    """When Stripe was last asked to send its e-mail again and did (epoch seconds UTC)."""
    links_read_at: int = 0
    """When the links were last read from Stripe's API, which makes them good for some days more."""
    version: int = 0
    counted: Counted = field(default=(), compare=False)
    """What the summary counts it as: see `domain/summary.py`. Stores set it, and nobody else looks at it."""

    @property
    def status(self) -> InvoiceStatus:
        fact = self.facts.invoice
        if fact is None or (self.saga.running and fact.unfinished):
            return InvoiceStatus.CREATING
        return self.facts.status

    @property
    def live(self) -> bool:
        """Returns True if its services count as billed."""
        return self.status is not InvoiceStatus.VOID

    @property
    def total(self) -> int:
        fact = self.facts.invoice
        return self.order.total if fact is None or fact.deleted or self.lacks_lines else fact.total

    @property
    def total_difference(self) -> int:
        """Returns Stripe's total less the total that POM ordered, in minor units."""
        return self.total - self.order.total

    @property
    def lacks_lines(self) -> bool:
        """Returns True if POM has yet to add lines to the draft, so that Stripe's total says nothing."""
        fact = self.facts.invoice
        return fact is not None and fact.unfinished and self.saga.running and self.saga.step is not Step.SEND

    @property
    def amounts(self) -> Amounts:
        """Returns the terms of its money as Stripe says them. The total that POM ordered is not in them."""
        return self.facts.amounts

    @property
    def paid_amount(self) -> int:
        return self.amounts.paid

    @property
    def refunded_amount(self) -> int:
        return self.amounts.refunded

    @property
    def credited_amount(self) -> int:
        """Returns the sum of all credit notes that were issued, in minor units."""
        return self.amounts.credited

    @property
    def balance(self) -> int:
        """Returns what is still to be paid, in minor units."""
        if self.status in (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE) and self.facts.invoice:
            return self.facts.invoice.amount_remaining
        return self.total if self.status in {InvoiceStatus.CREATING, InvoiceStatus.DRAFT} else 0

    @property
    def recorded_payment(self) -> OutsidePayment | None:
        """Returns the payment that was recorded by hand, if Stripe shows that a payment outside Stripe paid it."""
        fact, record = self.facts.invoice, self.outside_payment
        if fact is None or record is None or record.stripe_invoice_id != fact.id:
            return None
        return record if fact.status == "paid" and fact.amount_paid_off_stripe > 0 else None

    @property
    def paid_on(self) -> dt.date | None:
        """Returns the day on which the customer paid, in the organization's time zone, or None if it is not paid.

        A payment that was recorded by hand has the day that the office gave, unless a later payment in Stripe
        completed the amount.
        """
        fact, record = self.facts.invoice, self.recorded_payment
        if fact is None or fact.status != "paid" or fact.paid_at is None:
            return None
        if record is None:
            return self.day_of(fact.paid_at)
        charged = [charge.created for charge in self.facts.charges.values() if charge.status == "succeeded"]
        return max([record.paid_on, *map(self.day_of, charged)])

    @property
    def drafted_for(self) -> str | None:
        """Returns the Stripe customer of the draft. None if it is no draft, or if POM does not know the customer."""
        fact = self.facts.invoice
        return (fact.drafted_for or self.stripe_customer_id) if fact and fact.unfinished else None

    @property
    def being_revised(self) -> bool:
        """Returns True if somebody has begun a revision in Stripe. Only an open invoice can be revised."""
        if self.status not in (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE):
            return False
        drafts = (fact for fact in self.facts.revisions.values() if fact.unfinished)
        return any(draft.from_invoice_id == self.stripe_invoice_id for draft in drafts)

    @property
    def partially_refunded(self) -> bool:
        return self.status is not InvoiceStatus.REFUNDED and self.refunded_amount > 0

    @property
    def disputed(self) -> bool:
        return any(dispute.open for dispute in self.facts.disputes.values())

    @property
    def due_at(self) -> int | None:
        return self.facts.invoice.due_at if self.facts.invoice else None

    def link_expired(self, now: int) -> bool:
        """Returns True if Stripe's payment page can no longer be reached by the known link."""
        ends_at = link_ends_at(self.facts.invoice, self.links_read_at) if self.facts.invoice else None
        return ends_at is not None and ends_at < now

    def day_of(self, moment: int) -> dt.date:
        """Returns the calendar day of an epoch second in the time zone that the invoice was made in."""
        return day_of(moment, self.order.time_zone)

    @property
    def due_day(self) -> dt.date | None:
        """Returns the day on which it is due, in the time zone that it was made in."""
        return self.day_of(self.due_at) if self.due_at is not None else None

    @property
    def due_by_terms(self) -> bool:
        """Returns True if a draft is due as its payment terms say, and not on a day that somebody chose in Stripe."""
        fact = self.facts.invoice
        if self.order.days_until_due is None or fact is None or not fact.unfinished:
            return False
        return fact.due_at in (None, self.terms_due_at, self.former_terms_due_at)

    @property
    def overdue(self) -> bool:
        """Returns True if it was stored as unpaid after its due day. Lists, sums and sentences rest on this fact."""
        return self.overdue_since is not None and self.overdue_since == self._first_day_overdue

    @property
    def turns_overdue_at(self) -> int | None:
        """Returns when it turns overdue (epoch seconds UTC), or None if it is overdue, or nothing is to be paid."""
        first = self._first_day_overdue
        if first is None or first == self.overdue_since:
            return None
        return end_of_day(first - dt.timedelta(days=1), self.order.time_zone) + 1

    @property
    def _first_day_overdue(self) -> dt.date | None:
        """Returns the day after the due day while money is expected, or None."""
        if self.due_day is None or self.status not in OPEN_STATUSES:
            return None
        return self.due_day + dt.timedelta(days=1)

    @property
    def failure(self) -> FailedAttempt | None:
        """Returns the failed attempt that makes the status `failed`, or None."""
        return self.facts.failed_attempt if self.status is InvoiceStatus.FAILED else None

    def knowing(self, fact: StripeFact) -> Self:
        """Returns this invoice with one more fact merged.

        Raises:
            CannotOrder: only Stripe can tell which of two snapshots is newer.
        """
        return self._with_facts(self.facts.merge(fact))

    def settled_by(self, *fetched: StripeFact) -> Self:
        """Returns this invoice with facts that were read from Stripe after it had been stored."""
        facts = self.facts
        for fact in fetched:
            facts = facts.settle(fact)
        return self._with_facts(facts)

    def _with_facts(self, facts: Facts) -> Self:
        known = facts.invoice
        if known is None or known.id == self.stripe_invoice_id:
            return replace(self, facts=facts)._with_acts_seen()
        # A revision has not been e-mailed yet, whatever its original was.
        unsent = replace(self, sent_at=None, reminder_asked_at=None, reminded_at=None)
        return replace(unsent, facts=facts, stripe_invoice_id=known.id)

    def intending(self, act: IntendedAct) -> Self:
        """Returns this invoice with an act that Stripe is about to be asked for, unless it is done already.

        Acts that Stripe can no longer be doing are dropped.
        """
        fact = self.facts.invoice
        if fact is not None and act.is_over(fact):
            return self
        others = (other for other in self.intended if other.may_be_under_way(act.at) and not other.repeats(act))
        return replace(self, intended=(*others, act))

    def doing(self, act: IntendedAct) -> Self:
        """Returns this invoice after Stripe has done the act. The timeline tells it, and its payment counts."""
        others = tuple(other for other in self.intended if other.kind != act.kind)
        done = replace(self, intended=others, outside_payment=act.payment or self.outside_payment)
        return done if act.entry in done.history else done.telling(act.entry).changed(act.at)

    def dropping(self, act: IntendedAct) -> Self:
        """Returns this invoice without an act that Stripe refused. If it was done, another act may have done it."""
        return replace(self, intended=tuple(other for other in self.intended if other != act))._with_acts_seen()

    def _with_acts_seen(self) -> Self:
        """Returns this invoice after those acts that Stripe shows as done.

        If several acts may have done the same, the latest counts, provided that one person asked for all of them.
        Otherwise none is told until Stripe has answered or refused one of them.
        """
        invoice, fact = self, self.facts.invoice
        seen = [act for act in self.intended if fact is not None and act.is_seen_in(fact)]
        for kind in dict.fromkeys(act.kind for act in seen):
            alike = [act for act in seen if act.kind == kind]
            if len({act.actor for act in alike}) == 1:
                invoice = invoice.doing(alike[-1])
        return invoice

    @property
    def stripe_invoice_ids(self) -> AbstractSet[str]:
        """Returns the ids of all Stripe invoices that this one is or was. A revision in Stripe has another id."""
        return {*self.facts.invoices, *([self.stripe_invoice_id] if self.stripe_invoice_id else [])}

    def is_or_was(self, stripe_id: str, revised_id: str | None) -> bool:
        """Returns True if a Stripe invoice is this one or a revision of it, or if POM knows no Stripe id yet.

        A copy that somebody made in Stripe carries our metadata too, but is another invoice.
        """
        known = self.stripe_invoice_ids
        return not known or stripe_id in known or revised_id in known

    def telling(self, *entries: HistoryEntry) -> Self:
        """Returns this invoice with entries added to its timeline."""
        return replace(self, history=(*self.history, *entries)[:MAX_ENTRIES])

    def changed(self, at: int) -> Self:
        """Returns this invoice as changed at `at`. If its due day is over by then, it is overdue from now on."""
        updated_at, first = max(self.updated_at, at), self._first_day_overdue
        over = first is not None and self.day_of(updated_at) >= first
        return replace(self, updated_at=updated_at, overdue_since=first if over else None)
