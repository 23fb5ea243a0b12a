"""Finds the payouts and the fees that no event announced.

Stripe's list of payouts says how each stands, so one that POM knows costs a hundredth of a request. One that POM has
as under way, and that the list does not reach, is asked for by its id. A payout whose lines POM should have, or
should compare once more, is left to the balance worker: each has that worker's time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from chalicelib.domain.connection import Connection
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.movements import MovementFilter, MovementKind
from chalicelib.domain.pacing import Pace
from chalicelib.domain.payout import Itemization, Payout, PayoutFact, PayoutFilter
from chalicelib.domain.payout_tie_out import difference_of
from chalicelib.domain.sweep import DAY, ON_ITS_WAY, PayoutsSwept
from chalicelib.ports import Ports
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.ports.pacing import PacedStripe, paced
from chalicelib.ports.paging import all_items, in_hundreds
from chalicelib.usecases.payouts.read_payment import read_payment
from chalicelib.usecases.payouts.read_payout import keep_payout

LOOKED_BACK = 35 * DAY
"""Seconds since which payouts and payments are looked at again."""

FIRST_LOOKED_BACK = 90 * DAY
"""The same for an account whose payouts were never looked at, if POM has nothing older that waits for them."""

UNDER_WAY = 3600
"""Seconds for which an event or a job may still be on its way."""

COMPARED_AFTER = DAY
"""Seconds after its lines were read from which a payout is compared with Stripe once more: fees may come late."""

OUTSIDE_COMPARED_EVERY = 7 * DAY
"""Seconds after which a payout with lines outside POM is compared again: POM may have heard of a payment late."""

COMPARED_UP_TO = 50_000
"""Lines of a payout that one run of the balance worker can compare. `too_long` counts longer payouts."""

STORED_CHECKED = 1_000
"""Payouts that POM has, those that arrive last first, among which a run looks for ones that were not listed."""

ASKED_AT_ONCE = 100
"""Such payouts that one run asks for by their ids, and that it queues, at most."""

FEES_AT_ONCE = 200
RATE = 2_000
"""Fees asked for in one run, and in 1,000 seconds, at most."""

PAGE = 100


def sweep_payouts(connection: Connection, reported_ids: Collection[str], until: int, ports: Ports) -> PayoutsSwept:
    """Returns what was found. It stops to ask for fees at `until` (epoch seconds UTC).

    `told` has the ids of payouts of which an event was applied in this run, so that they were not missed.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: to be done again; what was found is kept.
    """
    if connection.account_id is None:
        return PayoutsSwept()
    sweep = _PayoutSweep(connection, connection.account_id, reported_ids, ports, ports.clock.now())
    if connection.sweep.fees_before is None:
        sweep.compare_payouts()
    sweep.read_fees(until)
    return sweep.swept


@dataclass
class _PayoutSweep:
    """A sweep of an account's payouts, and what it has found so far."""

    connection: Connection
    account_id: StripeAccountId
    reported_ids: Collection[str]
    ports: Ports
    now: int
    swept: PayoutsSwept = field(default_factory=PayoutsSwept)

    @property
    def organization_id(self) -> OrganizationId:
        return self.connection.organization_id

    @property
    def first(self) -> bool:
        """Returns True if the payouts of this account were never looked at."""
        return self.connection.sweep.payouts_swept_at == 0

    def compare_payouts(self) -> None:
        """Compares the payouts that Stripe lists, the oldest first, and those of POM's that the list does not reach.

        Because the oldest come first, a run that dies leaves no gap behind the payouts that it kept.
        """
        stored_payouts = list(islice(self._stored_payouts(), STORED_CHECKED))
        listed_facts = list(self.ports.stripe.payouts(self.account_id, self._listed_since(stored_payouts)))
        for facts in in_hundreds(reversed(listed_facts)):
            self.compare(facts)
        ids = {fact.id for fact in listed_facts}
        unlisted = [payout for payout in stored_payouts if payout.id not in ids]
        self.compare(list(islice(self._fetched(unlisted), ASKED_AT_ONCE)))
        unread = (payout for payout in unlisted if _unread(payout, self.now))
        for payout in islice(unread, ASKED_AT_ONCE):
            self._queue(payout)

    def compare(self, facts: list[PayoutFact]) -> None:
        """Keeps each of at most 100 payouts that differs, and queues what a worker is to do with each."""
        stored_payouts = self.ports.payouts.find(self.organization_id, [fact.id for fact in facts])
        for fact in facts:
            stored = stored_payouts.get(fact.id)
            if stored is not None and stored.itemized is None and _reconciled_long_ago(stored, self.now):
                self._count(not_tied_out=1)
            if stored is not None and stored.knowing(fact) == stored:
                payout = stored
            else:
                payout = keep_payout(fact, self.organization_id, self.account_id, self.ports)
                missed = difference_of(fact, stored) is not None and self._should_be_known(fact)
                self._count(found=1, missed=int(missed))
            self._queue(payout)

    def read_fees(self, until: int) -> None:
        """Reads the fees that are still pending an hour after their payments, the newest first."""
        stripe = PacedStripe(self.ports, Pace(RATE), RATE, until)
        ports = paced(self.ports, stripe)
        before = min(self.now - UNDER_WAY, self.connection.sweep.fees_before or self.now)
        for number, settled in enumerate(self._pending(before)):
            if number >= FEES_AT_ONCE or self.ports.clock.now() >= until:
                # It gets smaller with every run, so that fees which Stripe does not know yet cannot keep runs busy.
                self.swept = replace(self.swept, fees_before=min(settled.movement.at + 1, before - 1))
                return
            row = settled.movement
            if read_payment(self.organization_id, row.charge_id or row.id, ports):
                self._count(fees=1)

    def _should_be_known(self, fact: PayoutFact) -> bool:
        """Returns True if an event should have told POM of a payout by now."""
        if self.first or self.connection.sweep.catching_up:
            return False  # Stripe sent no events of it while the account was not connected.
        return fact.id not in self.reported_ids and fact.created <= self.now - ON_ITS_WAY

    def _queue(self, payout: Payout) -> None:
        task = _task(payout, self.now)
        if task is not None:
            self.ports.queues.send(BalanceJob(self.organization_id, task, payout.id))
            self._count(queued=1)
        if payout.tied_out is False:
            self._count(not_tied_out=1)
        if payout.itemized is not None and payout.itemized.lines > COMPARED_UP_TO:
            self._count(too_long=1)

    @property
    def _swept_since(self) -> int:
        """Returns from when on payouts and payments are looked at again. A time without a sweep is made up for."""
        return min(self.now, self.connection.sweep.payouts_swept_at) - LOOKED_BACK

    def _listed_since(self, kept: Iterable[Payout]) -> int:
        """Returns from when on Stripe's payouts are listed.

        The first list reaches back to the oldest payment that POM knows no payout of: it may be older than what a
        former release kept. If the account was connected before, the list reaches back to when POM knew its payouts.
        """
        if not self.first:
            return self._swept_since
        edge = self.now - FIRST_LOOKED_BACK
        known = (payout.fact.created for payout in kept if payout.fact.created < edge)
        waiting = (settled.movement.at for settled in self._payments(None, edge) if settled.in_no_payout)
        return min(edge, max(known, default=self.now) - LOOKED_BACK, min(waiting, default=edge))

    def _stored_payouts(self) -> Iterator[Payout]:
        """Returns the payouts of the connected account that POM has, those that arrive last first."""
        kept = all_items(partial(self.ports.payouts.page, self.organization_id, PayoutFilter(), PAGE))
        return (payout for payout in kept if payout.account_id == self.account_id)

    def _fetched(self, payouts: Iterable[Payout]) -> Iterator[PayoutFact]:
        """Yields those of these payouts that were under way, as Stripe shows them now: one request for each."""
        for payout in payouts:
            fact = self.ports.stripe.payout(self.account_id, payout.id) if payout.fact.under_way else None
            if fact is not None:
                yield fact

    def _pending(self, before: int) -> Iterator[SettledMovement]:
        """Yields the payments whose fee is pending. The first time, all that POM has are looked through."""
        since = None if self.first else self._swept_since
        return (settled for settled in self._payments(since, before) if settled.fee_pending)

    def _payments(self, since: int | None, before: int) -> Iterator[SettledMovement]:
        wanted = MovementFilter(since=since, before=before, kind=MovementKind.PAYMENT)
        return all_items(partial(self.ports.payments.page, self.organization_id, wanted, PAGE))

    def _count(self, **counts: int) -> None:
        added = {name: getattr(self.swept, name) + count for name, count in counts.items()}
        self.swept = replace(self.swept, **added)


def _reconciled_long_ago(payout: Payout, now: int) -> bool:
    """Returns True if a worker should have read the payout's lines by now."""
    return payout.fact.reconciled and payout.fact.as_of <= now - UNDER_WAY


def _unread(payout: Payout, now: int) -> bool:
    """Returns True if POM lacks a payout's lines, or has not found all of them beside their payments yet."""
    if payout.itemized is None:
        return payout.fact.reconciled
    return payout.compared_at == 0 and payout.itemized.at > now - FIRST_LOOKED_BACK


def _task(payout: Payout, now: int) -> BalanceTask | None:
    """Returns what a worker is to do with a payout, or None if there is nothing to do."""
    if payout.itemized is None:
        return BalanceTask.PAYOUT if payout.fact.reconciled else None
    if payout.itemized.lines > COMPARED_UP_TO:
        return None
    again = not payout.itemized.tied_out or _compared_again(payout, payout.itemized, now)
    return BalanceTask.COMPARE if again else None


def _compared_again(payout: Payout, itemized: Itemization, now: int) -> bool:
    """Returns True if it is time to compare the lines of a payout that ties out with Stripe's."""
    if payout.compared_at == 0:
        return itemized.at <= now - COMPARED_AFTER
    return itemized.totals.outside_pom != 0 and payout.compared_at <= now - OUTSIDE_COMPARED_EVERY
