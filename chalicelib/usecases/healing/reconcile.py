"""Find what webhooks did not bring, and make POM say what Stripe says.

Two sweeps. The event sweep lists Stripe's events since the last run, with an overlap, and applies those that
nobody has dealt with. The object sweep compares the objects themselves (`sweep_objects`): it finds what no event
told, because events can fail to be generated (https://docs.stripe.com/webhooks/handle-irrecoverable-events) and are
listed for 30 days only. The cursor moves only after everything before it has been applied.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import AccountUnreachable, Retryable, StaleWrite
from chalicelib.domain.events import MAY_COME_BEFORE_ITS_PAYMENT, StripeEvent
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.merging import CannotOrder, newer, settle
from chalicelib.domain.parking import ParkedEvent
from chalicelib.domain.sweep import EVENTS_LISTED_FOR, ON_ITS_WAY, ObjectsSwept, SyncReport
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.change_connection import change_connection
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.customers.customers import give_what_waited
from chalicelib.usecases.events.event_outcome import MARKED, EventOutcome
from chalicelib.usecases.events.receive_event import Receipt, receive_event
from chalicelib.usecases.healing.search_spellings import search_spellings
from chalicelib.usecases.healing.sweep_objects import RUN_FOR, sweep_objects

OVERLAP = 600
"""Seconds before the cursor that are looked at again: Stripe may list an event a little later than it happened."""

LISTED_AT_ONCE = 86400
"""Seconds whose events are held in memory: Stripe lists the newest first, and they are applied oldest first."""

PARKED_AT_ONCE = 100
STRANGERS_MET_AGAIN = 1000


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one run did. `recovered` counts events that no webhook had brought, `corrected` invoices.

    `missed` counts the listed events that nobody had dealt with, those about nothing of ours included.
    `early` counts those that were applied so soon that their webhook may still come, and find them done.
    `parked_lately` counts those of `parked` that came within a day, `given_up` those that were set aside for good.
    `objects` says whether all objects have been compared, `goes_on` whether another run is to compare the rest.
    """

    events_seen: int = 0
    missed: int = 0
    recovered: int = 0
    early: int = 0
    corrected: int = 0
    parked: int = 0
    parked_lately: int = 0
    given_up: int = 0
    objects: bool = False
    goes_on: bool = False


def reconcile_account(
    organization_id: OrganizationId, ports: Ports, *, objects: bool, planned_at: int = 0, since: int | None = None
) -> Reconciled:
    """One run for one organization's account; nothing if it was planned, and one that began later has been made.

    It begins where the latest one ended, or at `since` (epoch seconds UTC) if that is earlier.

    Raises:
        StripeUnavailable, StaleWrite, Retryable: to be run again; the cursor has not moved.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return Reconciled()
    if planned_at and connection.sweep.swept_until >= planned_at:
        return Reconciled()
    account_id, began_at = connection.account_id, ports.clock.now()
    account: _AccountRead | None = None
    swept: ObjectsSwept | None = None
    try:
        run = _sweep_events(connection, account_id, began_at, since, ports)
        if objects or connection.sweep.objects_wanted(organization_id, began_at):
            _remember_missed(organization_id, run, began_at, ports)
            account = _AccountRead.now(organization_id, account_id, ports)
            give_what_waited(organization_id, account_id, ports)
            swept = sweep_objects(organization_id, account_id, connection.sweep.objects_before, ports)
            if swept.before is None:
                search_spellings(organization_id, account_id, began_at + RUN_FOR, ports)
        if run.learned or run.parked or (swept and swept.corrected):
            _meet_strangers_again(run, account_id, began_at, ports)
    except AccountUnreachable:
        mark_revoked(organization_id, account_id, ports)
        return Reconciled()
    done = Reconciled(
        events_seen=run.seen,
        missed=run.not_dealt_with,
        recovered=run.missed,
        early=run.early,
        corrected=swept.corrected if swept else 0,
        parked=run.parked_still,
        parked_lately=run.parked_lately,
        given_up=len(run.given_up),
        objects=swept is not None and swept.before is None,
        goes_on=swept is not None and swept.before is not None,
    )
    alone = _move_cursor(connection, began_at, done, swept, run, account, ports)
    if done.goes_on and alone:
        with suppress(Retryable):  # the next plan goes on with it, at the latest
            ports.queues.reconcile(organization_id, objects=False)
    return done


@dataclass
class _Run:
    """What has become of events so far, each by its id. Strangers are about nothing of ours, or not yet.

    No webhook is under way of what happened until `told_until`; none was ever sent of what happened before
    `connected_at`. `missed_at` is when the newest event happened that a webhook should have brought and had not,
    `early_at` the same of those whose webhook may still come. `met` are events that may have come before.
    `known_until` is when the newest event happened that had been dealt with before this run. `parked_before` are
    parked events that came more than a day ago, `given_up` are those that are not to be tried any more.
    """

    told_until: int
    connected_at: int
    seen: int = 0
    not_dealt_with: int = 0
    missed: int = 0
    missed_at: int = 0
    early_at: int = 0
    early: int = 0
    happened_at: int = 0
    outcomes: dict[str, EventOutcome] = field(default_factory=dict)
    known_until: int = 0
    met: set[str] = field(default_factory=set)
    parked: list[StripeEvent] = field(default_factory=list)
    strangers: list[StripeEvent] = field(default_factory=list)
    parked_before: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)

    def receive(self, event: StripeEvent, strangers: list[StripeEvent], ports: Ports) -> Receipt:
        receipt = receive_event(event, Source.SWEEP, ports)
        outcome = receipt.outcome
        self.outcomes[event.id] = outcome
        if outcome in MARKED and not self._may_have_come(event):
            self._count(event, recovered=outcome is EventOutcome.RECOVERED)
        if outcome in (*MARKED, EventOutcome.PARKED):
            self.notice(event)
        else:
            strangers.append(event)
        return receipt

    def _may_have_come(self, event: StripeEvent) -> bool:
        """Returns True if a webhook may have brought the event when POM did not know its payment yet.

        Nothing is kept of such a webhook. Later events have come by then, or webhooks would bring none at all.
        """
        return event.type in MAY_COME_BEFORE_ITS_PAYMENT and event.created <= self.known_until

    def _count(self, event: StripeEvent, *, recovered: bool) -> None:
        """Counts an event that no webhook has brought yet."""
        late = event.created <= self.told_until
        self.missed += recovered and late
        self.early += recovered and not late
        if event.created < self.connected_at or event.id in self.met:
            return
        if late:
            self.missed_at = max(self.missed_at, event.created)
        else:
            self.early_at = max(self.early_at, event.created)

    def notice(self, event: StripeEvent) -> None:
        """An event about something of ours."""
        self.happened_at = max(self.happened_at, event.created)

    @property
    def learned(self) -> bool:
        return any(outcome in MARKED for outcome in self.outcomes.values())

    @property
    def parked_still(self) -> int:
        """How many could not be applied, however often that was tried."""
        return list(self.outcomes.values()).count(EventOutcome.PARKED)

    @property
    def parked_lately(self) -> int:
        """Returns how many of them came within the last day."""
        still = {event_id for event_id, outcome in self.outcomes.items() if outcome is EventOutcome.PARKED}
        return len(still - self.parked_before)


def window_begins(connection: Connection, now: int, since: int | None = None) -> int:
    """From when on a run looks at events, in epoch seconds: Stripe lists them for 30 days."""
    looked_at = connection.sweep.swept_until - OVERLAP
    return max(looked_at if since is None else min(since, looked_at), now - EVENTS_LISTED_FOR)


def _sweep_events(
    connection: Connection, account_id: StripeAccountId, now: int, since: int | None, ports: Ports
) -> _Run:
    """Oldest first: what a payment is about is told by its first events, and later ones lean on that."""
    connected_at = connection.connected_at or 0
    run = _Run(max(now - ON_ITS_WAY, connected_at - 1), connected_at)
    begin = window_begins(connection, now, since)
    for parked in ports.events.parked(account_id, PARKED_AT_ONCE):
        _try_again(parked, account_id, now, run, ports)
    for start in range(begin, now + 1, LISTED_AT_ONCE):
        missed: list[StripeEvent] = []
        for page in ports.stripe.events(account_id, start, min(start + LISTED_AT_ONCE - 1, now)):
            run.seen += len(page)
            known = ports.events.known(account_id, [event.id for event in page]) if page else frozenset()
            missed += [event for event in page if event.id not in known | run.given_up]
            run.not_dealt_with += len(page) - len(known)
            for event in page:
                if event.id in known:
                    run.notice(event)
                    run.known_until = max(run.known_until, event.created)
        for event in reversed(missed):
            run.receive(event, run.strangers, ports)
    return run


def _try_again(parked: ParkedEvent, account_id: StripeAccountId, now: int, run: _Run, ports: Ports) -> None:
    """Applies a parked event, or sets it aside if it still cannot be applied and is not to be tried any more."""
    event = ports.stripe.read_event(parked.body, account_id)
    if event is None:
        run.given_up.add(parked.event_id)
        ports.events.set_aside(account_id, parked.event_id, now)
        return
    run.met.add(event.id)
    receipt = run.receive(event, run.parked, ports)
    if receipt.outcome is not EventOutcome.PARKED:
        return
    if parked.is_given_up(now, receipt.error):
        run.given_up.add(event.id)
        del run.outcomes[event.id]
        ports.events.set_aside(account_id, event.id, now)
    elif not parked.is_new(now):
        run.parked_before.add(event.id)


def _remember_missed(organization_id: OrganizationId, run: _Run, began_at: int, ports: Ports) -> None:
    """Stores what was missed before the objects are compared: if that fails, the events are no longer unknown."""
    if run.missed_at or run.early_at:
        change_connection(
            organization_id,
            lambda current: replace(
                current, sweep=current.sweep.having_missed(run.missed_at, run.early_at, found_at=began_at)
            ),
            ports,
        )


def _meet_strangers_again(run: _Run, account_id: StripeAccountId, now: int, ports: Ports) -> None:
    """The run may have learned whose they are; parked ones that are still nobody's are not to be tried again."""
    run.met.update(event.id for event in run.strangers)
    still_parked: list[StripeEvent] = []
    for event in run.parked:
        run.receive(event, still_parked, ports)
    for event in run.strangers[-STRANGERS_MET_AGAIN:]:
        run.receive(event, [], ports)
    for event in still_parked:
        ports.events.set_aside(account_id, event.id, now)


def _move_cursor(
    read: Connection,
    began_at: int,
    done: Reconciled,
    swept: ObjectsSwept | None,
    run: _Run,
    account: _AccountRead | None,
    ports: Ports,
) -> bool:
    """Remember how far the run came, and the account's readiness if it was looked at.

    Returns True if no other run has come to its end meanwhile. If one has, it is that one's business to go on.
    """
    found = SyncReport(began_at, done.events_seen, done.recovered, done.corrected, done.parked)
    while True:
        connection = ports.connections.get(read.organization_id)
        if connection.account_id != read.account_id:
            return False
        sweep = connection.sweep
        alone = sweep.swept_until == read.sweep.swept_until
        moved = sweep.done(
            connection.organization_id,
            began_at,
            found,
            objects=swept if alone or done.objects else None,
            happened_at=run.happened_at,
            missed_at=run.missed_at,
            early_at=run.early_at,
        )
        with suppress(StaleWrite):
            latest = account.met_by(connection.account) if account else connection.account
            ports.connections.save(replace(connection, sweep=moved, account=latest))
            return alone


@dataclass(frozen=True)
class _AccountRead:
    """An account as Stripe had it, and the one that was stored when Stripe was asked."""

    stored: AccountFact | None
    read: AccountFact

    @classmethod
    def now(cls, organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> _AccountRead:
        stored = ports.connections.get(organization_id).account
        return cls(stored, ports.stripe.account(account_id))

    def met_by(self, known: AccountFact | None) -> AccountFact | None:
        """Returns the account to store where `known` is stored by now. Within one second, `known` stays."""
        if known == self.stored:
            return settle(known, self.read)
        try:
            return newer(known, self.read)
        except CannotOrder:
            return known
