"""Thousands of connected organizations on a virtual clock: the real use cases over stores that count calls and take
time.

Webhooks bring every event here, so the figures are the cost of looking for lost events. Every call of a port adds its
latency to the clock of the calling worker, so the duration of a run is the sum of its calls.
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from chalicelib.domain.connection import Connection
from chalicelib.domain.events import API_VERSION, StripeEvent
from chalicelib.domain.facts import AccountFact, InvoiceFact
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payment_facts import InvoicePaymentFact, PaymentIntentFact
from chalicelib.domain.payout import Itemization, Payout, PayoutFact, Totals
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.sweep import DAY, TICK, ObjectsSwept, Sweep, SyncReport
from chalicelib.functions import QUEUE_TRIGGERS
from chalicelib.ports import Ports
from chalicelib.ports.listed_invoices import ListedInvoice
from chalicelib.ports.messages import Reconciliation
from chalicelib.ports.storage import InvoiceFilter, Page
from chalicelib.usecases.reconciling.plan_reconciliation import plan_reconciliation
from chalicelib.usecases.reconciling.reconcile import reconcile_account
from chalicelib.usecases.reconciling.tie_out import tie_out
from tests.contracts.examples import in_status, invoice

BEGAN = 1_800_000_000
STRIPE, READ, WRITE, SQS = 300, 5, 10, 20
"""The milliseconds that a call takes."""
KEYS_IN_A_QUERY = 6000
"""The connections that one query returns: a query reads a megabyte, and a connection's keys in the index are about
170 bytes.
"""
EVENTS_OF_AN_INVOICE = 8
WORKERS = QUEUE_TRIGGERS["reconcile_account"].concurrency


@dataclass(frozen=True)
class Kind:
    """A kind of company: its share of all companies, its invoices a month, and on how many days of 28 it or its
    payers are active.
    """

    name: str
    share: float
    invoices: int
    days: int
    unpaid: int


KINDS = (
    Kind("bills every day", 0.20, 60, 28, 20),
    Kind("bills every week", 0.30, 12, 14, 6),
    Kind("bills every month", 0.20, 4, 3, 3),
    Kind("idle", 0.30, 0, 0, 0),
)


@dataclass
class Clock:
    """A clock in milliseconds. Each caller advances it."""

    at: float = BEGAN * 1000.0

    def now(self) -> int:
        return int(self.at // 1000)

    def milliseconds(self) -> int:
        return int(self.at)

    def sleep(self, seconds: float) -> None:
        self.at += seconds * 1000

    pause = sleep


@dataclass
class Company:
    """One organization, with the data of the stores and of Stripe."""

    kind: Kind
    connection: Connection
    happened: list[int]
    reads: Counter[str] = field(default_factory=Counter)
    """The number of Stripe calls: `events` counts those of every run, and `objects` those of the daily comparison
    with its tie-out.
    """

    def invoices(self) -> list[Invoice]:
        """Returns all invoices of the last 90 days: the unpaid ones, and the paid ones of three months."""
        recent_invoices = []
        for number in range(self.kind.unpaid + 3 * self.kind.invoices):
            at = BEGAN - 3600 * (number + 1)
            base = invoice(
                f"{number}",
                organization_id=self.connection.organization_id,
                stripe_account_id=self.connection.account_id,
                created_at=at,
                stripe_invoice_id=f"in_{number}",
            )
            recent_invoices.append(_unpaid(base) if number < self.kind.unpaid else _paid(base))
        return recent_invoices

    def payouts(self) -> list[Payout]:
        """Returns a payout for each day of the last 28 on which an invoice was billed."""
        account = StripeAccountId(str(self.connection.account_id))
        itemized = Itemization(BEGAN, 10, 10, Totals())
        made = []
        for number in range(self.kind.days):
            at = BEGAN - DAY * (number + 1)
            fact = PayoutFact(f"po_{number}", at, "paid", 0, "usd", at, at, reconciliation_status="completed")
            payout = Payout(self.connection.organization_id, account, fact, at, itemized=itemized, compared_at=at)
            made.append(payout)
        return made


def _unpaid(base: Invoice) -> Invoice:
    stripe_id = str(base.stripe_invoice_id)
    payment = InvoicePaymentFact(f"inpay_{base.id}", BEGAN, "open", stripe_id, 0, "usd", f"pi_{base.id}")
    placed = in_status(base, InvoiceStatus.PENDING)
    fact = replace(_fact(placed), id=stripe_id)
    return replace(placed, facts=replace(placed.facts, invoice=fact, payments={payment.id: payment}))


def _paid(base: Invoice) -> Invoice:
    placed = in_status(base, InvoiceStatus.PAID)
    fact = replace(_fact(placed), id=str(base.stripe_invoice_id), amount_paid_off_stripe=7500)
    return replace(placed, facts=replace(placed.facts, invoice=fact))


def _fact(of: Invoice) -> InvoiceFact:
    if of.facts.invoice is None:
        raise ValueError("nothing is known of this invoice")
    return of.facts.invoice


class Town:
    """All companies. `ports` are passed to the use cases; `calls` counts the calls that leave the process."""

    def __init__(self, organizations: int, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.clock = Clock()
        self.calls: Counter[str] = Counter()
        self.in_second: Counter[int] = Counter()
        self.sent: list[Reconciliation] = []
        self.companies: dict[str, Company] = {}
        self.accounts: dict[str, Company] = {}
        self._doing = "events"
        self._invoices: tuple[str, dict[InvoiceStatus | None, list[Invoice]]] = ("", {})
        for number in range(organizations):
            self.found(number, KINDS[bisect_right(_SHARES, number % 100)])
        self.ports = cast(Ports, _ports(self))

    def found(self, number: int, kind: Kind) -> None:
        """Adds a company."""
        organization, account = OrganizationId(f"org_{number}"), StripeAccountId(f"acct_{number}")
        happened = self._happened(kind)
        known = max((at for at in happened if at <= BEGAN), default=0)
        sweep = Sweep(BEGAN - 1, objects_swept_at=BEGAN - 1, happened_at=known, expecting=kind.unpaid > 0)
        sweep = sweep.done(organization, SyncReport(BEGAN - 1), objects=ObjectsSwept(expecting=kind.unpaid > 0))
        due_at = BEGAN + self.rng.randrange(max(1, sweep.due_at - BEGAN))
        fact = AccountFact(account, BEGAN, "Blue Pools", True, True, "usd")
        connection = Connection(organization, account, connected_at=1, account=fact, version=1)
        company = Company(kind, replace(connection, sweep=replace(sweep, due_at=due_at)), happened)
        self.companies[organization] = self.accounts[account] = company

    def _happened(self, kind: Kind) -> list[int]:
        """Returns the times of events in the four weeks before the beginning and the two days after it."""
        per_day = kind.invoices * EVENTS_OF_AN_INVOICE // max(kind.days, 1)
        first = BEGAN - 28 * DAY
        days = [day for day in range(30) if self.rng.random() < kind.days / 28]
        return sorted(first + day * DAY + self.rng.randrange(DAY) for day in days for _ in range(per_day))

    def call(self, what: str, milliseconds: float, times: int = 1) -> None:
        self.calls[what] += times
        self.clock.at += milliseconds * times

    def asked(self, account: str, times: int = 1) -> None:
        """Counts Stripe calls for an account."""
        for _ in range(times):
            self.in_second[self.clock.now()] += 1
            self.call("Stripe", STRIPE)
        self.accounts[account].reads[self._doing] += times

    def invoices_of(self, organization: str, status: InvoiceStatus | None = None) -> list[Invoice]:
        """Returns the invoices of one status, or all, newest first."""
        if self._invoices[0] != organization:
            all_invoices = self.companies[organization].invoices()
            by_status: dict[InvoiceStatus | None, list[Invoice]] = {None: all_invoices}
            for each in all_invoices:
                by_status.setdefault(each.status, []).append(each)
            self._invoices = (organization, by_status)
        return self._invoices[1].get(status, [])

    def all_due(self) -> None:
        """Makes every account due, as after an outage of POM."""
        for company in self.companies.values():
            sweep = replace(company.connection.sweep, due_at=BEGAN)
            company.connection = replace(company.connection, sweep=sweep)

    # What runs

    def plan(self) -> int:
        """Runs one tick's plan."""
        return plan_reconciliation(self.ports)

    def run(self, organization: str, planned_at: int | None) -> bool:
        """Processes one message. Returns True if the objects were compared too."""
        account = str(self.companies[organization].connection.account_id)
        events = self.accounts[account].reads["events"]
        done = reconcile_account(OrganizationId(organization), self.ports, objects=False, planned_at=planned_at)
        if done.objects:
            reads = self.accounts[account].reads
            reads["objects"] += reads["events"] - events - 1
            reads["events"] = events + 1
            self._doing = "objects"
            tie_out(OrganizationId(organization), self.ports)
            self._doing = "events"
        return done.objects


_SHARES = [round(100 * sum(kind.share for kind in KINDS[: n + 1])) for n in range(len(KINDS) - 1)]


@dataclass
class Lived:
    """The measurements of a period. Lists are in seconds, with one entry for each run."""

    seconds: int
    runs: int = 0
    comparisons: int = 0
    plans: list[float] = field(default_factory=list)
    due_to_done: list[float] = field(default_factory=list)
    plan_to_done: list[float] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)


MONTH = 30 * DAY
FREE_READS, READS_FOR_ONE = 10_000, 500
"""The read requests that Stripe allows: for an account in a month, and for each transaction
(https://docs.stripe.com/rate-limits).
"""


def share_of_reads(town: Town, kind: Kind, seconds: int) -> tuple[float, float]:
    """Returns the monthly calls for the most read account of this kind, and their share of the account's
    allowance.
    """
    of_kind = [each.reads for each in town.companies.values() if each.kind is kind]
    looking = max(reads["events"] for reads in of_kind) * MONTH / seconds
    comparing = max(reads["objects"] for reads in of_kind) * MONTH / DAY
    month = looking + comparing
    return month, month / max(FREE_READS, READS_FOR_ONE * kind.invoices)


def live(town: Town, seconds: int) -> Lived:
    """Plans every ten minutes. Workers process the planned messages in order, as many at a time as are deployed."""
    lived = Lived(seconds)
    free = [BEGAN * 1000.0] * WORKERS
    for tick in range(BEGAN, BEGAN + seconds, TICK):
        town.clock.at = tick * 1000.0
        town.plan()
        lived.plans.append(town.clock.at / 1000 - tick)
        queued = town.clock.at
        messages, town.sent = town.sent, []
        for message in messages:
            company = town.companies[message.organization_id]
            due_at = company.connection.sweep.due_at
            town.clock.at = max(heapq.heappop(free), queued)
            lived.comparisons += town.run(message.organization_id, message.planned_at)
            heapq.heappush(free, town.clock.at)
            lived.runs += 1
            lived.by_kind[company.kind.name] += 1
            lived.due_to_done.append(town.clock.at / 1000 - due_at)
            lived.plan_to_done.append(town.clock.at / 1000 - tick)
    return lived


# The ports


def _ports(town: Town) -> Any:
    return SimpleNamespace(
        clock=town.clock,
        connections=_Connections(town),
        customers=_Customers(town),
        events=_Events(town),
        invoices=_Invoices(town),
        payments=_Payments(town),
        payouts=_Payouts(town),
        queues=_Queues(town),
        stripe=_Stripe(town),
    )


@dataclass
class _Customers:
    """A store in which no customer has to be searched for: POM created all of them long ago."""

    town: Town

    def to_search(self, organization_id: str, updated_before: int, limit: int) -> Sequence[str]:
        self.town.call("DynamoDB", READ)
        return ()

    def waiting_for(self, organization_id: str, account_id: str, limit: int) -> Sequence[str]:
        self.town.call("DynamoDB", READ)
        return ()


@dataclass
class _Connections:
    town: Town

    def get(self, organization_id: str) -> Connection:
        self.town.call("DynamoDB", READ)
        return self.town.companies[organization_id].connection

    def save(self, connection: Connection, *acts: Any) -> Connection:
        self.town.call("DynamoDB", WRITE)
        stored = replace(connection, version=connection.version + 1)
        self.town.companies[connection.organization_id].connection = stored
        return stored

    def webhook_check(self) -> None:
        self.town.call("DynamoDB", READ)

    def canary_run(self) -> None:
        self.town.call("DynamoDB", READ)

    def due_for_sweep(self, by: int) -> Iterator[str]:
        due = [each.connection for each in self.town.companies.values() if each.connection.sweep.due_at <= by]
        self.town.call("DynamoDB", READ, 1 + len(due) // KEYS_IN_A_QUERY)
        return iter([each.organization_id for each in sorted(due, key=lambda each: each.sweep.due_at)])


@dataclass
class _Events:
    town: Town

    def known(self, account_id: str, event_ids: Sequence[str]) -> frozenset[str]:
        self.town.call("DynamoDB", READ)
        return frozenset(event_ids)

    def parked(self, account_id: str, limit: int) -> Sequence[str]:
        self.town.call("DynamoDB", READ)
        return []


@dataclass
class _Invoices:
    town: Town

    def page(self, organization_id: str, wanted: InvoiceFilter, first: int, after: str | None) -> Page[Invoice]:
        self.town.call("DynamoDB", READ)
        earliest, latest = wanted.created_from or 0, wanted.created_before or sys.maxsize
        rows = [
            each
            for each in self.town.invoices_of(organization_id, wanted.status)
            if earliest <= each.created_at < latest
        ]
        start = int(after or 0)
        shown = tuple(rows[start : start + first])
        return Page(shown, str(start + len(shown)), has_next=start + first < len(rows))

    def get(self, organization_id: str, invoice_id: str) -> Invoice | None:
        self.town.call("DynamoDB", READ)
        return next((each for each in self.town.invoices_of(organization_id) if each.id == invoice_id), None)


@dataclass
class _Payments:
    """A store in which the fees of all payments are known."""

    town: Town

    def page(self, organization_id: str, wanted: MovementFilter, first: int, after: str | None) -> Page[Any]:
        kind = self.town.companies[organization_id].kind
        self.town.call("DynamoDB", READ, 1 + kind.invoices // first)
        return Page((), None, has_next=False)


@dataclass
class _Payouts:
    """A store in which all payouts are known and were compared."""

    town: Town

    def find(self, organization_id: str, payout_ids: Sequence[str]) -> dict[str, Payout]:
        self.town.call("DynamoDB", READ)
        company = self.town.companies[organization_id]
        return {each.id: each for each in company.payouts() if each.id in set(payout_ids)}

    def page(self, organization_id: str, wanted: object, first: int, after: str | None) -> Page[Payout]:
        self.town.call("DynamoDB", READ)
        payouts = sorted(self.town.companies[organization_id].payouts(), key=lambda each: -each.fact.arrival_date)
        start = int(after or 0)
        return Page(tuple(payouts[start : start + first]), str(start + first), start + first < len(payouts))


@dataclass
class _Queues:
    town: Town

    def send(self, message: Reconciliation) -> None:
        self.town.call("SQS", SQS)
        self.town.sent.append(message)

    def send_all(self, messages: Sequence[Reconciliation]) -> None:
        self.town.call("SQS", SQS, math.ceil(len(messages) / 10))
        self.town.sent += messages


@dataclass
class _Stripe:
    town: Town

    def events(self, account_id: str, since: int, until: int) -> Iterator[list[StripeEvent]]:
        happened = self.town.accounts[account_id].happened
        found = happened[bisect_left(happened, since) : bisect_right(happened, until)]
        for start in range(0, len(found) or 1, 100):
            self.town.asked(account_id)
            yield [_event(account_id, at) for at in found[start : start + 100]]

    def account(self, account_id: str) -> AccountFact | None:
        self.town.asked(account_id)
        return self.town.accounts[account_id].connection.account

    def invoices_of_status(
        self, account_id: str, status: str, since: int, before: int | None
    ) -> Iterator[ListedInvoice]:
        for each in self._paged(account_id, InvoiceStatus.PENDING, since, before):
            yield ListedInvoice(_fact(each), tuple(each.facts.payments.values()), each.id)

    def open_intents(self, account_id: str, since: int, before: int | None) -> Iterator[PaymentIntentFact]:
        for each in self._paged(account_id, InvoiceStatus.PENDING, since, before):
            yield PaymentIntentFact(f"pi_{each.id}", BEGAN, "requires_payment_method", 7500, "usd")

    def invoices_since(self, account_id: str, since: int) -> Iterator[ListedInvoice]:
        for each in self._paged(account_id, None, since, None):
            yield ListedInvoice(_fact(each), invoice_id=each.id)

    def _paged(
        self, account_id: str, status: InvoiceStatus | None, since: int, before: int | None
    ) -> Iterator[Invoice]:
        made = self.town.invoices_of(self.town.accounts[account_id].connection.organization_id, status)
        rows = [each for each in made if since <= each.created_at < (before or sys.maxsize)]
        self.town.asked(account_id, max(1, math.ceil(len(rows) / 100)))
        return iter(rows)

    def _nothing(self, account_id: str, since: int) -> Iterator[Any]:
        self.town.asked(account_id)
        return iter(())

    refunds = disputes = credit_notes = charges = _nothing

    def payouts(self, account_id: str, since: int) -> Iterator[PayoutFact]:
        self.town.asked(account_id)
        return iter([each.fact for each in self.town.accounts[account_id].payouts()])


def _event(account_id: str, at: int) -> StripeEvent:
    return StripeEvent(
        f"evt_{at}",
        "invoice.updated",
        StripeAccountId(account_id),
        True,
        at,
        API_VERSION,
        "invoice",
        "in_1",
        None,
        "",
    )
