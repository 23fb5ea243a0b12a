"""Proof 2, permutations: whatever order the events of a story come in, POM ends where Stripe is.

Claimed. For each story of an invoice, every order of its events, also all in one second, each of them twice, and some
or all in the version of the account, gives one and the same end, equal to the double's ledger.

Tried. The stories of `tests/properties/stories.py`. Of up to six events every order (720); of more, a sample.

Not shown. Stories that nobody has told; the simulation of proof 1 makes up others.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence

from chalicelib.domain.events import StripeEvent
from tests.oracle import differences
from tests.proofs.report import Budget, Result
from tests.properties.stories import STORIES, says, told

ALL_UP_TO = 6


def prove(budget: Budget) -> Result:
    found = Result("permutations of every story", "orders", seed=budget.seed)
    most = budget.of(10, 120, 720)
    rng = random.Random(budget.seed)
    whole = 0
    for number, story in enumerate(STORIES):
        tale = told(story, budget.seed + number)
        end = says(tale.retold(tale.events)[0].facts)
        told_in = {
            "as they were": tale.events,
            "in one second": tale.squeezed,
            "in mixed versions": tale.mixed(rng),
            "as Stripe lists them": tale.listed,
        }
        for name, events in told_in.items():
            whole += most >= math.factorial(len(events)) if len(events) <= ALL_UP_TO else 0
            for order in _orders(events, most, rng):
                again = [*order, *order] if found.count % 7 == 0 else order
                invoice, _ = tale.retold(again)
                found.count += 1
                if says(invoice.facts) != end or differences(dict(tale.ledger), [invoice]):
                    kinds = [event.type for event in order]
                    found.failures.append(f"{story.__name__}, {name}: {kinds} ends as {invoice.status}")
    found.figures = {"stories": len(STORIES), "stories in every order": whole}
    return found


def _orders(events: Sequence[StripeEvent], most: int, rng: random.Random) -> Iterator[Sequence[StripeEvent]]:
    if len(events) <= ALL_UP_TO and math.factorial(len(events)) <= most:
        yield from itertools.permutations(events)
        return
    yield list(reversed(events))
    for _ in range(most - 1):
        yield rng.sample(list(events), len(events))
