"""Finds changes that webhooks did not bring, and brings POM up to date with Stripe.

There are three sweeps. `sweep_events` lists Stripe's events since the last run, with an overlap, and applies those
that POM has not handled. `sweep_objects` compares the objects themselves and finds changes that no event reported,
because events can fail to be generated (https://docs.stripe.com/webhooks/handle-irrecoverable-events) and are listed
for 30 days only. Once the objects are compared, `sweep_payouts` compares payouts and fees. The cursor moves only
after everything before it has been applied.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import AccountUnreachable, Retryable, StaleWrite
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.merging import CannotOrder, newer, prefer_fetched
from chalicelib.domain.sweep import EventsSwept, ObjectsSwept, PayoutsSwept, SyncReport
from chalicelib.ports import Ports
from chalicelib.ports.contention import LONGEST_PAUSE
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.connecting.change_connection import change_connection
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.customers.customers import queue_waiting_customers
from chalicelib.usecases.reconciling.search_spellings import search_spellings
from chalicelib.usecases.reconciling.sweep_events import sweep_events
from chalicelib.usecases.reconciling.sweep_objects import RUN_FOR, sweep_objects
from chalicelib.usecases.reconciling.sweep_payouts import sweep_payouts


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """The result of one run. `recovered` counts events that no webhook had brought, `corrected` counts invoices.

    `missed` counts the listed events that POM had not handled, including those about other systems' objects. `early`
    counts the events that were applied so soon that their webhook may still arrive as a repetition. `unheard` counts
    the recovered events that a webhook should have brought, because the account was connected. `parked_lately` counts
    the events in `parked` that arrived within a day. `given_up` counts the events that were set aside for good.
    `objects` is True if all objects have been compared, and `goes_on` if another run is to compare the remaining
    ones. `payouts` is the result for payouts and fees, or None if they were not compared.
    """

    events_seen: int = 0
    missed: int = 0
    recovered: int = 0
    early: int = 0
    unheard: int = 0
    corrected: int = 0
    parked: int = 0
    parked_lately: int = 0
    given_up: int = 0
    objects: bool = False
    goes_on: bool = False
    payouts: PayoutsSwept | None = None


def reconcile_account(
    organization_id: OrganizationId,
    ports: Ports,
    *,
    objects: bool,
    planned_at: int | None = None,
    since: int | None = None,
) -> ReconcileResult:
    """Reconciles one organization's account. Does nothing if it was planned and a later run has already finished.

    The run begins where the latest one ended, or at `since` (epoch seconds UTC) if that is earlier.

    Raises:
        StripeUnavailable, StaleWrite, Retryable: to be run again; the cursor has not moved.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return ReconcileResult()
    if planned_at is not None and connection.sweep.swept_until >= planned_at:
        return ReconcileResult()
    account_id, began_at = connection.account_id, ports.clock.now()
    account: _FetchedAccount | None = None
    swept: ObjectsSwept | None = None
    payouts: PayoutsSwept | None = None
    try:
        events = sweep_events(connection, account_id, began_at, since, ports)
        if objects or connection.sweep.should_compare_objects(organization_id, began_at):
            _store_missed(organization_id, events.swept, began_at, ports)
            account = _FetchedAccount.now(organization_id, account_id, ports)
            queue_waiting_customers(organization_id, account_id, ports)
            swept = sweep_objects(organization_id, account_id, connection.sweep.objects_before, ports)
            if swept.before is None:
                search_spellings(organization_id, account_id, began_at + RUN_FOR, ports)
        if events.applied_any or events.parked_unmatched or (swept and swept.corrected):
            events.match_again()
        until = began_at + RUN_FOR
        compared = swept is not None and swept.before is None
        if (compared or connection.sweep.payouts_due) and ports.clock.now() < until:
            payouts = sweep_payouts(connection, events.payouts_reported, until, ports)
    except AccountUnreachable:
        mark_revoked(organization_id, account_id, ports)
        return ReconcileResult()
    result = ReconcileResult(
        events_seen=events.listed,
        missed=events.not_dealt_with,
        recovered=events.recovered,
        early=events.early,
        unheard=events.unheard,
        corrected=swept.corrected if swept else 0,
        parked=len(events.still_parked),
        parked_lately=events.parked_lately,
        given_up=len(events.given_up),
        objects=swept is not None and swept.before is None,
        goes_on=(swept is not None and swept.before is not None) or (payouts is not None and not payouts.finished),
        payouts=payouts,
    )
    missed = payouts.missed if payouts is not None else 0
    report = SyncReport(began_at, result.events_seen, result.recovered, result.corrected, result.parked, missed)
    alone = _move_cursor(connection, report, events.swept, swept, payouts, account, ports)
    if result.goes_on and alone:
        with suppress(Retryable):  # the next plan resumes it, at the latest
            ports.queues.send(Reconciliation(organization_id))
    return result


def _store_missed(organization_id: OrganizationId, events: EventsSwept, began_at: int, ports: Ports) -> None:
    """Stores the missed events before the objects are compared: if the comparison fails, the events are no longer
    new.
    """
    if events.missed_at or events.early_at:
        change_connection(
            organization_id,
            lambda current: replace(current, sweep=current.sweep.with_event_times(events, found_at=began_at)),
            ports,
        )


def _move_cursor(
    before: Connection,
    report: SyncReport,
    events: EventsSwept,
    objects: ObjectsSwept | None,
    payouts: PayoutsSwept | None,
    account: _FetchedAccount | None,
    ports: Ports,
) -> bool:
    """Stores the progress of the run, and the account's requirements if they were read.

    Returns True if no other run has finished since. If another run has, that one continues with the objects and the
    payouts, so only a finished comparison of them is stored.

    The write is repeated until it succeeds: the events are applied by now, so another run would not find the missed
    ones.
    """
    finished = objects is not None and objects.before is None
    payouts_finished = payouts is not None and payouts.finished
    while True:
        connection = ports.connections.get(before.organization_id)
        if connection.account_id != before.account_id:
            return False
        alone = connection.sweep.swept_until == before.sweep.swept_until
        sweep = connection.sweep.done(
            connection.organization_id,
            report,
            events=events,
            objects=objects if alone or finished else None,
            payouts=payouts if alone or payouts_finished else None,
        )
        present = account.merged_into(connection.account) if account else connection.account
        try:
            ports.connections.save(replace(connection, sweep=sweep, account=present))
        except StaleWrite:
            ports.clock.pause(LONGEST_PAUSE)
        else:
            return alone


@dataclass(frozen=True)
class _FetchedAccount:
    """An account as fetched from Stripe, and the account that was stored at that time."""

    stored: AccountFact | None
    fetched: AccountFact

    @classmethod
    def now(cls, organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> _FetchedAccount:
        stored = ports.connections.get(organization_id).account
        return cls(stored, ports.stripe.account(account_id))

    def merged_into(self, known: AccountFact | None) -> AccountFact | None:
        """Returns the account to store if `known` is stored by now. If both are from the same second, `known`
        stays.
        """
        if known == self.stored:
            return prefer_fetched(known, self.fetched)
        try:
            return newer(known, self.fetched)
        except CannotOrder:
            return known
