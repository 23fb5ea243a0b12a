"""Proof `permutations`: any order of a story's events ends in Stripe's state.

Claim: for each story of an invoice, every order of its events gives the same end, equal to the double's ledger, also
if all of them are in one second, arrive twice, or are in the version of the account. The invoice has the same
timeline, payments and rows of money, and its event log has each event once. POM publishes the differences between the
versions on the way.

Method: the stories of `tests/properties/stories.py`, in every order of up to six events (720), and in a sample of the
orders of more events.

Limits: events that no story makes; the simulation of `conservation` makes others.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import movements
from chalicelib.domain.payments import Payment, payments_of
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.events.receive_event import receive_event
from tests.fakes import FakePorts
from tests.oracle import differences
from tests.proofs.ledger import Ledger, recorded
from tests.proofs.published_oracle import differences_told, expected
from tests.proofs.records import faults_of_log, faults_of_rows
from tests.proofs.report import Budget, Result
from tests.properties.stories import STORIES, FinishedStory, comparable_facts, copy_database, tell

ALL_UP_TO = 6


def prove(budget: Budget) -> Result:
    result = Result("permutations of every story", "orders", seed=budget.seed)
    most = budget.of(10, 120, 720)
    rng = random.Random(budget.seed)
    whole = 0
    for number, story in enumerate(STORIES):
        tale = tell(story, budget.seed + number)
        end = _end(tale.replay(tale.events)[0])
        told_in = {
            "as they were": tale.events,
            "in one second": tale.within_one_second,
            "in mixed versions": tale.partly_listed(rng),
            "as Stripe lists them": tale.listed,
        }
        for name, events in told_in.items():
            # Events that are moved into one second have other times, so they have their own timeline.
            read = _read_state(tale.replay(events)[0])
            whole += most >= math.factorial(len(events)) if len(events) <= ALL_UP_TO else 0
            for order in _orders(events, most, rng):
                again = [*order, *order] if result.count % 7 == 0 else order
                invoice, faults = _published_events(tale, again)
                result.count += 1
                where = f"{story.__name__}, {name}: {[event.type for event in order]}"
                if _end(invoice) != end or differences(dict(tale.ledger), [invoice]):
                    result.failures.append(f"{where} ends as {invoice.status}")
                result.failures += [f"{where}: {fault}" for fault in faults]
                if _read_state(invoice) != read:
                    result.failures.append(f"{where} has another timeline, other payments or other movements")
    result.figures = {"stories": len(STORIES), "stories in every order": whole}
    return result


def _published_events(tale: FinishedStory, events: Sequence[StripeEvent]) -> tuple[Invoice, list[str]]:
    """Returns the invoice after these events came in this order, and what is wrong with its event log and rows."""
    ports = FakePorts(stripe=tale.ports.stripe, database=copy_database(tale.ports.database), clock=tale.ports.clock)
    ledger = recorded(ports.database, ports.clock)
    arrived = [(event, receive_event(event, Source.WEBHOOK, ports)) for event in events]
    invoice = ports.database.invoices[tale.invoice.organization_id, tale.invoice.id]
    faults = [*faults_of_log(invoice, arrived, ports), *faults_of_rows(invoice, ports.database)]
    return invoice, [*faults, *faults_of_published(ledger)]


def faults_of_published(ledger: Ledger) -> Iterator[str]:
    """Yields the differences between the published changes and the changes from version to version."""
    wanted, published = set(expected(ledger)), set(differences_told(ledger))
    if wanted != published:
        missing, invented = sorted(wanted - published), sorted(published - wanted)
        yield f"stored and not published: {missing}; published and not stored: {invented}"


def _end(invoice: Invoice) -> Snapshots:
    """Returns what the facts of an invoice say, whenever each became known and each e-mail was sent."""
    end_state = comparable_facts(invoice.facts)
    return replace(end_state, mails=tuple((stripe_id, 0) for stripe_id, _ in end_state.mails))


def _read_state(invoice: Invoice) -> Any:
    """Returns what people read of an invoice: its timeline, its payments and the rows of its money."""
    payments = [_undated(payment) for payment in payments_of(invoice)]
    return timeline(invoice), payments, sorted(movements(invoice), key=lambda row: row.id)


def _undated(payment: Payment) -> Payment:
    """Returns a payment without the seconds at which POM read its refunds and disputes. No user sees these
    seconds.
    """
    return replace(
        payment,
        refunds=tuple(replace(each, as_of=0) for each in payment.refunds),
        disputes=tuple(replace(each, as_of=0) for each in payment.disputes),
    )


def _orders(events: Sequence[StripeEvent], most: int, rng: random.Random) -> Iterator[Sequence[StripeEvent]]:
    if len(events) <= ALL_UP_TO and math.factorial(len(events)) <= most:
        yield from itertools.permutations(events)
        return
    yield list(reversed(events))
    for _ in range(most - 1):
        yield rng.sample(list(events), len(events))
