"""Finds the payouts and the fees that no event reported.

Stripe's list has the status of each payout, so comparing a stored payout costs a hundredth of a request. A payout
that POM has stored as under way, and that is not in the list, is fetched by its id. If a payout's lines are missing
or due to be compared again, the balance worker does that, with its own time limit for each payout.
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
from chalicelib.usecases.payouts.read_payout import store_payout

LOOKED_BACK = 35 * DAY
"""The age in seconds up to which payouts and payments are checked again."""

FIRST_LOOKED_BACK = 90 * DAY
"""The same for an account whose payouts were never checked, if POM has nothing older that waits for them."""

UNDER_WAY = 3600
"""Seconds for which an event or a job may still be under way."""

COMPARED_AFTER = DAY
"""Seconds after the reading of its lines when a payout is compared with Stripe once more, because fees may come
late.
"""

OUTSIDE_COMPARED_EVERY = 7 * DAY
"""Seconds after which a payout with lines outside POM is compared again, because POM may have stored a payment
late.
"""

COMPARED_UP_TO = 50_000
"""The most lines of a payout that one run of the balance worker can compare. `too_long` counts longer payouts."""

STORED_CHECKED = 1_000
"""The number of stored payouts, latest arrival first, among which a run looks for unlisted ones."""

ASKED_AT_ONCE = 100
"""The most unlisted payouts that one run fetches by id, and that it queues."""

FEES_AT_ONCE = 200
RATE = 2_000
"""The most fees that are read in one run (`FEES_AT_ONCE`) and in 1,000 seconds (`RATE`)."""

PAGE = 100


def sweep_payouts(connection: Connection, reported_ids: Collection[str], until: int, ports: Ports) -> PayoutsSwept:
    """Returns the result of the sweep. It stops reading fees at `until` (epoch seconds UTC).

    `reported_ids` are the payouts with an event that was applied in this run, so they were not missed.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: the sweep must be repeated; the payouts stored
            so far stay stored.
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
    """A sweep of an account's payouts, and its result so far."""

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
        """True if the payouts of this account were never checked."""
        return self.connection.sweep.payouts_swept_at == 0

    def compare_payouts(self) -> None:
        """Compares the payouts that Stripe lists, oldest first, and POM's payouts that are not in the list.

        Because the oldest come first, a run that crashes leaves no gap between the payouts that it stored.
        """
        stored_payouts = list(islice(self._stored_payouts(), STORED_CHECKED))
        listed_facts = list(self.ports.stripe.payouts(self.account_id, self._listed_since(stored_payouts)))
        for facts in in_hundreds(reversed(listed_facts)):
            self.compare(facts)
        ids = {fact.id for fact in listed_facts}
        unlisted = [payout for payout in stored_payouts if payout.id not in ids]
        self.compare(list(islice(self._fetched(unlisted), ASKED_AT_ONCE)))
        unread = (payout for payout in unlisted if _needs_reading(payout, self.now))
        for payout in islice(unread, ASKED_AT_ONCE):
            self._queue(payout)

    def compare(self, facts: list[PayoutFact]) -> None:
        """Stores each of at most 100 payouts that differs, and queues the work that each needs."""
        stored_payouts = self.ports.payouts.find(self.organization_id, [fact.id for fact in facts])
        for fact in facts:
            stored = stored_payouts.get(fact.id)
            if stored is not None and stored.itemized is None and _reconciled_long_ago(stored, self.now):
                self._count(not_tied_out=1)
            if stored is not None and stored.knowing(fact) == stored:
                payout = stored
            else:
                payout = store_payout(fact, self.organization_id, self.account_id, self.ports)
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
                # The limit gets smaller with every run, so that fees which Stripe has not booked yet cannot keep runs
                # busy.
                self.swept = replace(self.swept, fees_before=min(settled.movement.at + 1, before - 1))
                return
            row = settled.movement
            if read_payment(self.organization_id, row.charge_id or row.id, ports):
                self._count(fees=1)

    def _should_be_known(self, fact: PayoutFact) -> bool:
        """Returns True if an event should have reported the payout by now."""
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
        """The time from which payouts and payments are checked again. A time without a sweep is made up for."""
        return min(self.now, self.connection.sweep.payouts_swept_at) - LOOKED_BACK

    def _listed_since(self, kept: Iterable[Payout]) -> int:
        """Returns the time from which Stripe's payouts are listed.

        The first list reaches back to the oldest payment without a stored payout: it may be older than the payouts
        that a former release stored. If the account was connected before, the list reaches back to POM's payouts of
        that time.
        """
        if not self.first:
            return self._swept_since
        edge = self.now - FIRST_LOOKED_BACK
        known = (payout.fact.created for payout in kept if payout.fact.created < edge)
        waiting = (settled.movement.at for settled in self._payments(None, edge) if settled.in_no_payout)
        return min(edge, max(known, default=self.now) - LOOKED_BACK, min(waiting, default=edge))

    def _stored_payouts(self) -> Iterator[Payout]:
        """Returns the stored payouts of the connected account, latest arrival first."""
        kept = all_items(partial(self.ports.payouts.page, self.organization_id, PayoutFilter(), PAGE))
        return (payout for payout in kept if payout.account_id == self.account_id)

    def _fetched(self, payouts: Iterable[Payout]) -> Iterator[PayoutFact]:
        """Yields Stripe's present data of the payouts that were under way. Each costs one request."""
        for payout in payouts:
            fact = self.ports.stripe.payout(self.account_id, payout.id) if payout.fact.under_way else None
            if fact is not None:
                yield fact

    def _pending(self, before: int) -> Iterator[SettledMovement]:
        """Yields the payments whose fee is pending. The first sweep checks all payments."""
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


def _needs_reading(payout: Payout, now: int) -> bool:
    """Returns True if Stripe has reconciled the payout and POM has not read its lines, or if POM read its lines
    within 90 days and they have not all matched Stripe's lines and POM's payments.
    """
    if payout.itemized is None:
        return payout.fact.reconciled
    return payout.compared_at == 0 and payout.itemized.at > now - FIRST_LOOKED_BACK


def _task(payout: Payout, now: int) -> BalanceTask | None:
    """Returns the task of a worker for this payout, or None if there is nothing to do."""
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
