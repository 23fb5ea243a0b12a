"""The invoice aggregate: POM's order, the progress of creating the invoice, and all facts from Stripe about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Self

from chalicelib.domain.actions import CORRECTED, CORRECTION_REFUSED, Action, within_limit
from chalicelib.domain.amounts import amounts_of
from chalicelib.domain.derived_fields import DerivedFields
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.draft_edit import DraftEdit
from chalicelib.domain.erased_facts import facts_without_person
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.identifiers import (
    InvoiceId,
    OrganizationId,
    StripeAccountId,
    UserId,
    correction_id_for,
)
from chalicelib.domain.intended_act import IntendedAct
from chalicelib.domain.merging import prefer_fetched
from chalicelib.domain.order import Order
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.refund_order import RefundOrder, with_order, with_outcomes
from chalicelib.domain.saga import Saga, Step
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus, failed_attempt, status_of
from chalicelib.domain.tallies import Counts
from chalicelib.domain.terms import day_of, end_of_day

LINK_AFTER_DUE, LINK_AT_MOST = 30 * 86400, 120 * 86400
"""Stripe's payment page works for 30 days after the due date, and for at most 120 days after the invoice was
finalized (https://docs.stripe.com/invoicing/hosted-invoice-page). Both are in seconds.
"""

LINK_AFTER_READING = 10 * 86400
"""Seconds for which a link works at least after it was read from Stripe's API."""


@dataclass(frozen=True)
class Invoice(DerivedFields):
    """An invoice: POM's order, Stripe's facts, and POM's own actions. `version` counts stored changes.

    Times are epoch seconds UTC. `timeline` derives what happened from the facts and the actions.
    """

    organization_id: OrganizationId
    id: InvoiceId
    stripe_account_id: StripeAccountId
    livemode: bool
    order: Order
    saga: Saga
    created_at: int
    created_by: UserId
    updated_at: int
    facts: Snapshots = field(default_factory=Snapshots)
    actions: tuple[Action, ...] = ()
    refund_orders: tuple[RefundOrder, ...] = ()
    """The refunds that people ordered in POM."""
    sent_at: int | None = None
    stripe_customer_id: str | None = None
    stripe_invoice_id: str | None = None
    terms_due_at: int | None = None
    """When a draft is due by its payment terms (epoch seconds UTC). Another due date was chosen by a user in
    Stripe.
    """
    former_terms_due_at: int | None = None
    """The due date in Stripe before POM moved it to `terms_due_at`. After a crash, Stripe may have either."""
    details_as_made: DraftDetails | None = None
    """The draft's details in Stripe's response when POM created it. None if POM found the draft later."""
    edit: DraftEdit | None = None
    """The order that is about to replace the present one."""
    overdue_since: dt.date | None = None
    """The day after the due day, once a write has found the invoice unpaid on that day. Read `overdue` instead."""
    outside_payment: OutsidePayment | None = None
    """The payment that was recorded by hand, once Stripe has recorded it; see `recorded_payment`."""
    intended: tuple[IntendedAct, ...] = ()
    """Acts that POM asked Stripe for, and whose outcome it does not know yet."""
    reminder_asked_at: int | None = None
    """When POM last asked Stripe to send the e-mail again (epoch seconds UTC), whether or not a response arrived."""
    reminded_at: int | None = None
    """When Stripe last sent the e-mail again (epoch seconds UTC)."""
    links_read_at: int = 0
    """When the links were last read from Stripe's API, after which they work for some days."""
    corrects: InvoiceId | None = None
    """The invoice that was voided so that this copy takes its place."""
    erased_at: int | None = None
    """When the person was removed from the invoice (epoch seconds UTC). Facts merged later lose the person too."""
    version: int = 0
    payments_listed: bool = field(default=True, compare=False)
    """False if an earlier release stored it, which listed no payments. Its next write lists them."""
    counted: Counts = field(default=(), compare=False)
    """The invoice's present share of the summary: see `domain/summary.py`. Only stores set and read it."""

    def __getattr__(self, name: str) -> Any:
        """Computes the derived fields when the first of them is read: see `DerivedFields`.

        A change produces several invoices in a row, and the derived fields of most of them are never read.
        """
        if name not in DerivedFields.__annotations__:
            raise AttributeError(name)
        fact = self.facts.invoice
        drafting = fact is not None and fact.unfinished and self.saga.running
        amounts = amounts_of(self.facts)
        status = InvoiceStatus.CREATING if fact is None or drafting else status_of(self.facts, amounts)
        # Writes past `frozen`, as `cached_property` does. Each part uses the parts before it.
        vars(self).update(
            status=status,
            amounts=amounts,
            live=status is not InvoiceStatus.VOID,
            lacks_lines=drafting and self.saga.step is not Step.SEND,
            failure=failed_attempt(self.facts) if status is InvoiceStatus.FAILED else None,
            drafted_for=(fact.drafted_for or self.stripe_customer_id) if fact and fact.unfinished else None,
        )
        vars(self).update(self._money())
        vars(self).update(self._days())
        return vars(self)[name]

    def _money(self) -> Mapping[str, object]:
        """Returns the derived fields about money."""
        facts, fact, record = self.facts, self.facts.invoice, self.outside_payment
        total = self.order.total if fact is None or fact.deleted or self.lacks_lines else fact.total
        balance = total if self.status in (InvoiceStatus.CREATING, InvoiceStatus.DRAFT) else 0
        to_be_paid = fact is not None and self.status in (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)
        if fact is not None and to_be_paid:
            balance = fact.amount_remaining
        paid_outside = fact is not None and fact.status == "paid" and fact.amount_paid_off_stripe > 0
        is_recorded = fact and record and paid_outside and record.stripe_invoice_id == fact.id
        drafts = [draft for draft in facts.revisions.values() if draft.unfinished]
        return {
            "total": total,
            "total_difference": total - self.order.total,
            "balance": balance,
            "partially_refunded": self.status is not InvoiceStatus.REFUNDED and self.amounts.refunded > 0,
            "disputed": any(dispute.open for dispute in facts.disputes.values()),
            "being_revised": to_be_paid and any(each.from_invoice_id == self.stripe_invoice_id for each in drafts),
            "recorded_payment": record if is_recorded else None,
        }

    def _days(self) -> Mapping[str, object]:
        """Returns the derived fields about days."""
        fact, zone = self.facts.invoice, self.order.time_zone
        due_at = fact.due_at if fact else None
        due_day = day_of(due_at, zone) if due_at is not None else None
        overdue_from = due_day + dt.timedelta(days=1) if due_day and self.status in OPEN_STATUSES else None
        overdue = overdue_from is not None and overdue_from == self.overdue_since
        on_terms = fact is not None and fact.unfinished and self.order.days_until_due is not None
        paid_on = None
        if fact is not None and fact.status == "paid" and fact.paid_at is not None:
            paid_on = day_of(fact.paid_at, zone)
            if self.recorded_payment is not None:
                # The office entered that day. It counts unless a later payment in Stripe completed the amount.
                charges = [charge for charge in self.facts.charges.values() if charge.status == "succeeded"]
                paid_on = max([self.recorded_payment.paid_on, *(day_of(each.created, zone) for each in charges)])
        return {
            "due_at": due_at,
            "due_day": due_day,
            "due_by_terms": on_terms and due_at in (None, self.terms_due_at, self.former_terms_due_at),
            "first_day_overdue": overdue_from,
            "overdue": overdue,
            "paid_on": paid_on,
            "turns_overdue_at": end_of_day(due_day, zone) + 1 if due_day and overdue_from and not overdue else None,
        }

    @property
    def edit_tag(self) -> str:
        """Returns the edit tag: it covers what clients can write of a draft, which is its order and not its
        status.
        """
        return self.order.edit_tag

    @property
    def stripe_invoice_ids(self) -> AbstractSet[str]:
        """Returns the ids of all Stripe invoices that this invoice is or was. A revision in Stripe has another id."""
        return {*self.facts.invoices, *([self.stripe_invoice_id] if self.stripe_invoice_id else [])}

    @property
    def corrected_by(self) -> InvoiceId | None:
        """Returns the id of the copy that has replaced it, or None."""
        kinds = [act.kind for act in self.actions if act.kind in (CORRECTED, CORRECTION_REFUSED)]
        return correction_id_for(self.organization_id, self.id) if kinds and kinds[-1] == CORRECTED else None

    @property
    def replaces_nothing_yet(self) -> bool:
        """Returns True if it is a copy and the invoice that it corrects is not voided."""
        return self.corrects is not None and self.saga.step in (Step.REPLACE, Step.ABORT)

    @property
    def resume_at(self) -> int | None:
        """Returns when POM resumes creating the invoice, or a refund without a known outcome (epoch seconds UTC)."""
        waiting = [order.resume_at for order in self.refund_orders if order.resume_at is not None]
        return min([self.saga.resume_at, *waiting] if self.saga.resume_at is not None else waiting, default=None)

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

    def link_expired(self, now: int) -> bool:
        """Returns True if the stored link to Stripe's payment page has expired."""
        fact = self.facts.invoice
        if fact is None or fact.hosted_url is None or fact.finalized_at is None:
            return False
        expires_at = min((fact.due_at or fact.finalized_at) + LINK_AFTER_DUE, fact.finalized_at + LINK_AT_MOST)
        return max(expires_at, self.links_read_at + LINK_AFTER_READING if self.links_read_at else 0) < now

    def knowing(self, fact: StripeFact) -> Self:
        """Returns this invoice with one more fact merged.

        Raises:
            CannotOrder: POM cannot decide which of two snapshots is newer, so the object must be read from Stripe.
        """
        return self._with_facts(self.facts.merge(fact))

    def with_seen_times_of(self, fact: StripeFact) -> Self:
        """Returns this invoice with the times at which `fact` shows a status, and nothing else of `fact`."""
        facts = self.facts.with_seen_times_of(fact)
        return self if facts is self.facts else self._with_facts(facts)

    def with_fetched(self, *fetched: StripeFact) -> Self:
        """Returns this invoice with facts that were read from Stripe after the invoice had been stored."""
        facts = self.facts
        for fact in fetched:
            facts = facts.merge(fact, prefer_fetched)
        return self._with_facts(facts)

    def _with_facts(self, facts: Snapshots) -> Self:
        """Returns this invoice with these facts, and with the acts and refunds that they show as done.

        If several acts may have had the same effect, the latest counts, provided that one person asked for all of
        them. Otherwise none counts until Stripe has confirmed or refused one of them.
        """
        if self.erased_at is not None:
            facts = facts_without_person(facts)
        fact = facts.invoice
        invoice = replace(self, facts=facts, refund_orders=with_outcomes(self.refund_orders, facts.refunds.values()))
        if fact is not None and fact.id != self.stripe_invoice_id:
            # A revision has not been e-mailed yet, whether or not its original was.
            unsent = replace(invoice, sent_at=None, reminder_asked_at=None, reminded_at=None)
            return replace(unsent, stripe_invoice_id=fact.id)
        confirmed = [act for act in self.intended if fact is not None and act.is_confirmed_by(fact)]
        for kind in dict.fromkeys(act.kind for act in confirmed):
            alike = [act for act in confirmed if act.kind == kind]
            if len({act.actor for act in alike}) == 1:
                invoice = invoice.with_done_act(alike[-1])
        return invoice

    def with_intended_act(self, act: IntendedAct) -> Self:
        """Returns this invoice with an act that POM is about to ask Stripe for, unless Stripe shows it as done.

        Acts that Stripe can no longer be doing are dropped.
        """
        fact = self.facts.invoice
        if fact is not None and act.is_done_in(fact):
            return self
        other_acts = (other for other in self.intended if other.may_be_under_way(act.at) and not other.repeats(act))
        return replace(self, intended=(*other_acts, act))

    def with_done_act(self, act: IntendedAct) -> Self:
        """Returns this invoice after Stripe has done the act, with the act in its timeline and the act's payment."""
        other_acts = tuple(other for other in self.intended if other.kind != act.kind)
        invoice = replace(self, intended=other_acts, outside_payment=act.payment or self.outside_payment)
        return invoice if act.action in invoice.actions else invoice.changed(act.at, act.action)

    def without_act(self, act: IntendedAct) -> Self:
        """Returns this invoice without an act that Stripe refused. If the effect is there, another act may have had
        it.
        """
        other_acts = tuple(other for other in self.intended if other != act)
        return replace(self, intended=other_acts)._with_facts(self.facts)

    def refund_order(self, order_id: str) -> RefundOrder | None:
        """Returns the order of this id, or None."""
        return next((order for order in self.refund_orders if order.id == order_id), None)

    def with_refund_order(self, order: RefundOrder) -> Self:
        """Returns this invoice with the order. It replaces a stored order with the same id."""
        return replace(self, refund_orders=with_order(self.refund_orders, order))

    def without_order(self, order: RefundOrder) -> Self:
        """Returns this invoice without an order whose refund was not made and never will be."""
        return replace(self, refund_orders=tuple(each for each in self.refund_orders if each.id != order.id))

    def is_or_was(self, stripe_id: str, revised_id: str | None) -> bool:
        """Returns True if a Stripe invoice is this one or a revision of it, or if POM has no Stripe id yet.

        A copy that a user made in Stripe has POM's metadata too, but is another invoice.
        """
        stripe_ids = self.stripe_invoice_ids
        return not stripe_ids or stripe_id in stripe_ids or revised_id in stripe_ids

    def telling(self, *actions: Action) -> Self:
        """Returns this invoice with these actions added to its timeline."""
        return replace(self, actions=within_limit((*self.actions, *actions)))

    def changed(self, at: int, *actions: Action) -> Self:
        """Returns this invoice as changed at `at` (epoch seconds UTC), with these actions added to its timeline.

        If its due day has passed by then, it is overdue from now on.
        """
        updated_at, first = max(self.updated_at, at), self.first_day_overdue
        over = first is not None and day_of(updated_at, self.order.time_zone) >= first
        invoice = self.telling(*actions) if actions else self
        return replace(invoice, updated_at=updated_at, overdue_since=first if over else None)
