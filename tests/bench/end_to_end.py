"""End to end on Amazon's DynamoDB Local: invoices over HTTP, webhooks, and dj-stripe with the same webhooks.

Our API (one process, 16 threads), its database, Stripe's double and the senders share the cores of one machine. So
the figures show the share of each and compare two programs, and say nothing about AWS. Both programs get the same
signed bodies, shuffled. Each runs alone while it is measured, in rounds that take turns at going first. Some webhooks
arrive while Stripe's API is down. Afterwards each program's tables are compared with the double's ledger, because a
rate counts only for finished work.
"""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

from infra.local.real import Unavailable, dynamodb_local
from infra.local.stack import LocalStack
from tests.bench import dj_stripe_comparison
from tests.bench.dj_stripe.side import Missing, dj_stripe
from tests.bench.figures import Figure, at_most, no_budget, percentile
from tests.bench.posting import Posted, closed_loop, cpu_seconds, open_loop, taken_at_once
from tests.bench.shares import Share, share, told
from tests.e2e.company import Company
from tests.proofs.load_stories import Load, prepared, recorded, sweep

SEED = 7
INVOICES = 80
"""The number of invoices in POM and Stripe with all acts of their payers: about ten events each."""
CREATES = 30
"""The number of timed invoices of a known customer, and the number of those of new customers."""
POSTERS = (1, 4, 8)
ROUNDS = 2
WARM_UP = 20
EACH = 70
"""The webhooks in a round."""
RATE = 20.0
"""The webhooks a second in the open loop: less than half of the rate that either program sustains on a quiet
machine.
"""
OUTAGE = 16
"""The webhooks that arrive while Stripe's API responds with 500 to every request."""
NEVER = dict.fromkeys(("plan_reconciliation", "plan_day", "resume_stuck"), 86_400.0)


def measure() -> list[Figure]:
    """Measures both programs, or returns the reason why it cannot."""
    try:
        with dynamodb_local() as dynamodb, _stack(dynamodb) as stack:
            return _measured(stack)
    except Unavailable as missing:
        return [_skipped("end to end on DynamoDB Local", str(missing))]


def _skipped(what: str, reason: str) -> Figure:
    return Figure(what, "skipped", 0.0, "", None, reason)


def _stack(dynamodb: str) -> LocalStack:
    stack = LocalStack(
        app="tests.bench.timed_app:app", variables={"AWS_ENDPOINT_URL_DYNAMODB": dynamodb}, intervals=NEVER
    )
    # A platform key of the form that dj-stripe takes for Stripe's.
    stack.secret = replace(stack.secret, api_key=f"sk_test_{secrets.token_hex(16)}")
    return stack


def _measured(stack: LocalStack) -> list[Figure]:
    load = prepared(stack, INVOICES)
    figures = _creating(stack, load.company)
    events = [event for story in load.ours for event in story]
    random.Random(SEED).shuffle(events)
    ours, theirs = Side("ours", stack.urls.webhooks, stack.pids["api"]), None
    with ExitStack() as beside:
        try:
            site = beside.enter_context(dj_stripe(stack, load.company.account_id))
            theirs = Side("dj-stripe", site.url, site.pid)
        except Missing as missing:
            figures.append(_skipped("comparison with dj-stripe", str(missing)))
        bodies = [json.dumps(event, indent=2) for event in events]
        _post(stack, load.company, [ours, theirs] if theirs else [ours], bodies)
        figures += _of_webhooks(ours, theirs)
        figures += _without_stripe(ours, theirs, len(events))
        figures += _kept(stack, load, {event["id"] for event in events})
        if theirs:
            ledger = load.company.double("GET", f"ledger/{load.company.account_id}")
            figures += dj_stripe_comparison.figures_of_records(site.told(), ledger, load)
    return figures


# Invoices


def _creating(stack: LocalStack, company: Company) -> list[Figure]:
    """Measures how long creating an invoice takes. No webhook is delivered in this time. New customers are not in
    Stripe yet, so the creation includes them.
    """
    known = [_created(company, f"known_{number}", "cust_1") for number in range(CREATES)]
    stack.pause("customer_sync")
    new = []
    for number in range(CREATES):
        customer = company.customer(f"new_{number}", f"new{number}@example.com")
        new.append(_created(company, f"new_{number}", customer))
    stack.resume("customer_sync")
    stack.wait_until_idle()
    how = f"{CREATES} over HTTP, one after the other"
    return [
        *told("create and send, known customer", known, how),
        *told("create and send, new customer", new, how),
    ]


def _created(company: Company, service: str, customer: str) -> Share:
    began = time.perf_counter()
    made = company.bill(service, customerId=customer)
    took = (time.perf_counter() - began) * 1000
    assert made.status == 201, made.text
    return share(took, made.headers["Server-Timing"])


# Webhooks


@dataclass
class Side:
    """One program that receives webhooks, and its results."""

    name: str
    url: str
    pid: int
    closed: dict[int, Posted] = field(default_factory=lambda: {posters: Posted() for posters in POSTERS})
    opened: Posted = field(default_factory=Posted)
    cpu: float = 0.0
    """The processor seconds of the program's process in the closed loops."""
    stripe_calls: int = 0
    taken_in_outage: int = 0


def _post(stack: LocalStack, company: Company, sides: list[Side], bodies: list[str]) -> None:
    """Sends all bodies to each program: a few to warm up, rounds of closed loops, an open loop, and some during an
    outage.
    """
    outage, rest = bodies[:OUTAGE], iter(bodies[OUTAGE:])

    def post(side: Side, part: list[str], posters: int) -> Posted:
        with _counted(company, side):
            return closed_loop(stack, side.url, part, posters)

    to_warm_up = list(islice(rest, WARM_UP))
    for side in sides:
        post(side, to_warm_up, 1)
    for number in range(ROUNDS):
        for posters in POSTERS:
            part = list(islice(rest, EACH))
            for side in sides[:: -1 if number % 2 else 1]:
                before = cpu_seconds(side.pid)
                side.closed[posters].add(post(side, part, posters))
                side.cpu += cpu_seconds(side.pid) - before
    last = list(rest)
    for side in sides:
        with _counted(company, side):
            side.opened = open_loop(stack, side.url, last, RATE)
        company.double("POST", "faults", kind="error_before", count=100 * OUTAGE)
        side.taken_in_outage = taken_at_once(stack, side.url, outage)
        company.clear_faults()
        post(side, outage, 1)


@contextmanager
def _counted(company: Company, side: Side) -> Iterator[None]:
    company.double("DELETE", "requests")
    yield
    side.stripe_calls += sum(company.double("GET", "requests")["counts"].values())


def _of_webhooks(ours: Side, theirs: Side | None) -> list[Figure]:
    figures = []
    for posters in POSTERS:
        mine = ours.closed[posters]
        who = f"{posters} poster" + ("s" if posters > 1 else "")
        how = f"{mine.count} of many stories, shuffled; p50 {_ms(mine, 0.5)}, p99 {_ms(mine, 0.99)}{_refusals(mine)}"
        their = theirs.closed[posters] if theirs else None
        ratio = mine.rate / their.rate if their else None
        figures.append(no_budget(f"webhooks on DynamoDB Local, {who}", mine.rate, "/s", how, ratio=ratio))
        if their:
            how = f"the same, into PostgreSQL; p50 {_ms(their, 0.5)}, p99 {_ms(their, 0.99)}{_refusals(their)}"
            figures.append(no_budget(f"  dj-stripe, {who}", their.rate, "/s", how))
    figures += _of_cpu(ours, theirs)
    figures += told("a webhook, 1 poster", ours.closed[1].shares, "where its time goes")
    for side in (ours, theirs):
        if side is not None:
            how = f"open loop of {side.opened.count}, from when each was due{_refusals(side.opened)}"
            what = f"webhooks at {RATE:.0f}/s, {side.name}"
            figures += [
                no_budget(f"{what}, p50", percentile(side.opened.milliseconds, 0.5), "ms", how),
                no_budget(f"{what}, p99", percentile(side.opened.milliseconds, 0.99), "ms", ""),
            ]
    return figures


def _of_cpu(ours: Side, theirs: Side | None) -> list[Figure]:
    """Returns the processor times, which other work on the machine hardly changes. Databases, the double and senders
    are not included.
    """
    figures = []
    for side in (ours, theirs):
        if side and side.cpu:
            each = 1000 * side.cpu / sum(posted.count for posted in side.closed.values())
            what = f"processor time of a webhook, {side.name}"
            ratio = ours.cpu / theirs.cpu if theirs and side is ours else None
            figures.append(no_budget(what, each, "ms", "its server process alone", ratio=ratio))
    return figures


def _ms(posted: Posted, part: float) -> str:
    return f"{percentile(posted.milliseconds, part):.0f} ms"


def _refusals(posted: Posted) -> str:
    return f"; {posted.refused} got 5xx and were sent again" if posted.refused else ""


WHY_CALLS = "a worker reads a payment's fee, and events of one second in the wrong order need the object"


def _without_stripe(ours: Side, theirs: Side | None, events: int) -> list[Figure]:
    """Yields each program's Stripe calls, and its refused webhooks while Stripe is unavailable."""
    calls, refused = "calls of Stripe for each webhook", "webhooks refused while Stripe is down"
    figures = [
        at_most(calls, ours.stripe_calls / events, 0.6, "", f"of {events}: {WHY_CALLS}", is_count=True),
        at_most(refused, OUTAGE - ours.taken_in_outage, 0, "", f"of {OUTAGE}", is_count=True),
    ]
    if theirs:
        reads = "it reads each object anew; a call takes a few ms here, many times that at Stripe"
        again = f"of {OUTAGE}; taken when sent again"
        figures += [
            no_budget(f"  dj-stripe: {calls}", theirs.stripe_calls / events, "", reads),
            no_budget(f"  dj-stripe: {refused}", OUTAGE - theirs.taken_in_outage, "", again),
        ]
    return figures


def _kept(stack: LocalStack, load: Load, sent: set[str]) -> list[Figure]:
    """Yields the lost events and wrong invoices after the next sweep, which applies events that arrived too early."""
    before = recorded(stack, load)
    sweep(stack)
    after = recorded(stack, load)
    count, lost = len(load.invoices), len(sent - after["outcomes"].keys())
    wrong, wrong_before = len(after["differences"]), len(before["differences"])
    early = f"of {len(sent)}; {len(sent - before['outcomes'].keys())} by the sweep"
    right = f"{count - wrong} of {count} right; {count - wrong_before} before the sweep"
    return [
        at_most("acknowledged webhooks without a record", lost, 0, "", early, is_count=True),
        at_most("invoices wrong after shuffled delivery", wrong, 0, "", right, is_count=True),
    ]
