"""Find what webhooks did not bring, and make POM say what Stripe says.

Two sweeps. The event sweep lists Stripe's events since the last run, with an overlap, and applies those that
nobody has dealt with. The object sweep compares the objects themselves: it finds what no event told, because
events can fail to be generated (https://docs.stripe.com/webhooks/handle-irrecoverable-events) and are listed
for 30 days only. The cursor moves only after everything before it has been applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from chalicelib.domain.connection import Connection, SyncReport
from chalicelib.domain.errors import AccountUnreachable, StaleWrite
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.facts import AccountFact, CannotOrder, DisputeFact, RefundFact, newer, settle
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.storage import InvoiceFilter
from chalicelib.usecases.connect import REVOKED, mark_disconnected
from chalicelib.usecases.event_outcome import MARKED, EventOutcome
from chalicelib.usecases.invoices import pulled
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.receive_event import receive_event
from chalicelib.usecases.store_invoice import merging, store

OVERLAP = 600
"""Seconds before the cursor that are looked at again: Stripe may list an event a little later than it happened."""

EVENTS_LISTED_FOR = 30 * 86400
"""Seconds for which Stripe lists events (https://docs.stripe.com/api/events/list)."""

LISTED_AT_ONCE = 86400
"""Seconds whose events are held in memory: Stripe lists the newest first, and they are applied oldest first."""

OBJECTS_EVERY = 86400
"""Seconds between object sweeps of one account."""

REFUNDS_MAY_FAIL_FOR = 35 * 86400
DISPUTES_LAST_FOR = 150 * 86400
"""How far back objects are listed that change long after they were made (https://docs.stripe.com/refunds)."""

PAYMENTS_CHECKED_FOR = 150 * 86400
"""How old a paid invoice may be whose payments are looked up where they were never told."""

PARKED_AT_ONCE = 100
STRANGERS_MET_AGAIN = 1000
PAGE = 100


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one run did. `recovered` counts events that no webhook had brought, `corrected` invoices."""

    events_seen: int = 0
    recovered: int = 0
    corrected: int = 0
    parked: int = 0
    objects: bool = False


def plan_reconciliation(ports: Ports) -> int:
    """Ask for a run of every connected organization; each object sweep comes once a day. Answers how many."""
    planned = 0
    for organization_id in ports.connections.all_active():
        ports.queues.reconcile(organization_id, objects=False)
        planned += 1
    return planned


def reconcile_account(organization_id: OrganizationId, ports: Ports, *, objects: bool) -> Reconciled:
    """One run for one organization's account.

    Raises:
        StripeUnavailable, StaleWrite, Retryable: to be run again; the cursor has not moved.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return Reconciled()
    account_id, began_at = connection.account_id, ports.clock.now()
    account: AccountFact | None = None
    try:
        run = _sweep_events(connection, account_id, began_at, ports)
        done = Reconciled()
        if objects or _objects_due(connection, began_at):
            account = ports.stripe.account(account_id)
            corrected = _sweep_objects(organization_id, account_id, ports)
            done = Reconciled(corrected=corrected, objects=True)
        if run.learned or done.corrected or run.parked:
            _meet_strangers_again(run, account_id, began_at, ports)
    except AccountUnreachable:
        mark_disconnected(organization_id, account_id, REVOKED, ports)
        return Reconciled()
    recovered, parked = run.outcomes.count(EventOutcome.RECOVERED), run.outcomes.count(EventOutcome.PARKED)
    done = replace(done, events_seen=run.seen, recovered=recovered, parked=parked)
    _move_cursor(organization_id, account_id, began_at, done, account, ports)
    return done


def _objects_due(connection: Connection, now: int) -> bool:
    sweep = connection.sweep
    gap_too_long = now - sweep.swept_until > EVENTS_LISTED_FOR
    return sweep.objects_due or gap_too_long or now - sweep.objects_swept_at > OBJECTS_EVERY


@dataclass
class _Run:
    """What has become of events so far. Strangers are those that are about nothing of ours, or not yet."""

    seen: int = 0
    outcomes: list[EventOutcome] = field(default_factory=list)
    parked: list[StripeEvent] = field(default_factory=list)
    strangers: list[StripeEvent] = field(default_factory=list)

    def receive(self, event: StripeEvent, strangers: list[StripeEvent], ports: Ports) -> None:
        outcome = receive_event(event, Source.SWEEP, ports).outcome
        self.outcomes.append(outcome)
        if outcome not in (*MARKED, EventOutcome.PARKED):
            strangers.append(event)

    @property
    def learned(self) -> bool:
        return any(outcome in MARKED for outcome in self.outcomes)


def _sweep_events(connection: Connection, account_id: StripeAccountId, now: int, ports: Ports) -> _Run:
    """Oldest first: what a payment is about is told by its first events, and later ones lean on that."""
    run = _Run()
    since = max(connection.sweep.swept_until - OVERLAP, now - EVENTS_LISTED_FOR)
    for body in ports.events.parked(account_id, PARKED_AT_ONCE):
        run.receive(ports.stripe.read_event(body, account_id), run.parked, ports)
    for start in range(since, now + 1, LISTED_AT_ONCE):
        missed: list[StripeEvent] = []
        for page in ports.stripe.events(account_id, start, min(start + LISTED_AT_ONCE - 1, now)):
            run.seen += len(page)
            known = ports.events.known(account_id, [event.id for event in page]) if page else frozenset()
            missed += [event for event in page if event.id not in known]
        for event in reversed(missed):
            run.receive(event, run.strangers, ports)
    return run


def _meet_strangers_again(run: _Run, account_id: StripeAccountId, now: int, ports: Ports) -> None:
    """The run may have learned whose they are; parked ones that are still nobody's are not to be tried again."""
    still_parked: list[StripeEvent] = []
    for event in run.parked:
        run.receive(event, still_parked, ports)
    for event in run.strangers[-STRANGERS_MET_AGAIN:]:
        run.receive(event, [], ports)
    for event in still_parked:
        ports.events.set_aside(account_id, event.id, now)


def _move_cursor(
    organization_id: OrganizationId,
    account_id: StripeAccountId,
    began_at: int,
    done: Reconciled,
    account: AccountFact | None,
    ports: Ports,
) -> None:
    """Remember how far the run came, and the account's readiness if it was looked at."""
    while True:
        connection = ports.connections.get(organization_id)
        if connection.account_id != account_id:
            return
        moved = connection.sweep.done(began_at, _report_of(began_at, done), objects=done.objects)
        with suppress(StaleWrite):
            ports.connections.save(replace(connection, sweep=moved, account=_latest(connection.account, account)))
            return


def _report_of(began_at: int, done: Reconciled) -> SyncReport:
    return SyncReport(began_at, done.events_seen, done.recovered, done.corrected, done.parked)


def _latest(known: AccountFact | None, looked_at: AccountFact | None) -> AccountFact | None:
    if looked_at is None:
        return known
    try:
        return newer(known, looked_at)
    except CannotOrder:
        return settle(known, looked_at)


def _sweep_objects(organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> int:
    """Compare objects; answers how many invoices had to be corrected."""
    corrected: set[InvoiceId] = set()
    open_in_stripe = {ours for _, ours in ports.stripe.open_invoices(account_id) if ours is not None}
    for invoice in _unfinished(organization_id, account_id, open_in_stripe, ports):
        if pulled(invoice, account_id, Source.SWEEP, ports).version != invoice.version:
            corrected.add(invoice.id)
    now = ports.clock.now()
    for refund in ports.stripe.refunds(account_id, now - REFUNDS_MAY_FAIL_FOR):
        corrected |= _corrected_by(refund, account_id, ports)
    for dispute in ports.stripe.disputes(account_id, now - DISPUTES_LAST_FOR):
        corrected |= _corrected_by(dispute, account_id, ports)
    return len(corrected)


def _unfinished(
    organization_id: OrganizationId,
    account_id: StripeAccountId,
    open_in_stripe: set[InvoiceId],
    ports: Ports,
) -> Iterable[Invoice]:
    """Our invoices that are not at their end, and those that only Stripe takes for open.

    A paid one of whose payment we were never told is looked at too: its refunds and disputes name nothing else.
    """
    told: set[InvoiceId] = set()
    for status in (*OPEN_STATUSES, InvoiceStatus.DRAFT, InvoiceStatus.UNCOLLECTIBLE):
        for invoice in _all(organization_id, InvoiceFilter(status=status), ports):
            if invoice.stripe_account_id == account_id:
                told.add(invoice.id)
                yield invoice
    paid = InvoiceFilter(status=InvoiceStatus.PAID, created_from=ports.clock.now() - PAYMENTS_CHECKED_FOR)
    for invoice in _all(organization_id, paid, ports):
        if invoice.stripe_account_id == account_id and invoice.lacks_payments:
            yield invoice
    for invoice_id in sorted(open_in_stripe - told):
        closed_here = ports.invoices.get(organization_id, invoice_id)
        if closed_here is not None and closed_here.stripe_account_id == account_id:
            yield closed_here


def _all(organization_id: OrganizationId, wanted: InvoiceFilter, ports: Ports) -> Iterable[Invoice]:
    after: str | None = None
    while True:
        page = ports.invoices.page(organization_id, wanted, PAGE, after)
        yield from page.items
        if not page.has_next:
            return
        after = page.end_cursor


def _corrected_by(fact: RefundFact | DisputeFact, account_id: StripeAccountId, ports: Ports) -> set[InvoiceId]:
    if fact.payment_intent_id is None:
        return set()
    owners = ports.invoices.find_by_reference(account_id, [fact.payment_intent_id])
    owner = owners.get(fact.payment_intent_id)
    invoice = ports.invoices.get(*owner) if owner else None
    if invoice is None:
        return set()
    now = ports.clock.now()
    kind = "refund_found" if isinstance(fact, RefundFact) else "dispute_found"
    told = HistoryEntry(
        now,
        kind,
        Source.SWEEP,
        amount=fact.amount,
        currency=fact.currency,
        reason=fact.status,
        stripe_id=fact.id,
    )

    def correcting(current: Invoice) -> Invoice:
        known = merging(current, [fact], ports)
        return current if known.says_the_same_as(current) else known.telling(told).changed(now)

    return {invoice.id} if store(invoice, correcting, ports).version != invoice.version else set()
