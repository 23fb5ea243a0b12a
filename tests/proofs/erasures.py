"""Proof 14, erasures at any moment: whoever is erased stays erased, and the books stay true.

Claimed. Whenever an admin asks for an erasure, whatever is under way then, and whatever fails or ends at whatever
boundary of the worker: nothing open is erased. Once a record is erased, no write brings back what it said of the
person, whatever events, sweeps and late failures come. In the end each erasure that waits for nothing is over, and
the person is in no record that POM keeps. All other invariants hold as without erasures: each status is Stripe's,
no event is lost, sums and payouts tie out, and nobody is billed twice.

Tried. Random schedules of deeds, in which companies clear up often, so that erasures are granted, and in which erased
customers are billed, edited in Stripe and paid back. Crashes at every boundary of one erasure are in `crashes`.

Not shown. As in proof 1. Streams, queues, logs and the tables themselves: see tests/privacy.
"""

from __future__ import annotations

import random

from tests.proofs import conservation
from tests.proofs.actions import DEEDS
from tests.proofs.report import Budget, Result
from tests.proofs.stage import Deed

PAID = ("create", "create", "deliver", "pay", "pay", "deliver") * 4
"""Invoices are made and paid first, so that there is something to erase. No fault strikes yet."""
ASKED = ("deliver", "erase", "erase", "erase", "erase", "work", "wait", "resume", "work")
"""Erasures are asked for while others go on."""
OFTEN = {
    "erase": 8, "work": 24, "wait": 20, "resume": 10, "refund": 14, "dispute": 10, "settle_refund": 12,
    "move_dispute": 8, "resend": 10, "sweep": 8, "customer_in_dashboard": 8, "batch": 3, "draft": 3, "cash": 5,
}  # fmt: skip
"""What happens more often than in other towns."""


def schedule(seed: int) -> list[Deed]:
    """Returns a random schedule."""
    rng = random.Random(f"erasures {seed}")
    weights = {name: OFTEN.get(name, weight) for name, (weight, _) in DEEDS.items()}
    begun = [Deed(name, rng.randrange(1_000_000), calm=True) for name in PAID]
    before, after = (rng.choices(list(weights), list(weights.values()), k=count) for count in (16, 50))
    return begun + [Deed(name, rng.randrange(1_000_000)) for name in (*before, *ASKED, *after)]


def prove(budget: Budget) -> Result:
    """Seeds, until the time is up and some have been played, or until enough have been played."""
    found = Result("erasures at any moment", f"schedules of {len(schedule(0))} deeds", seed=budget.seed)
    asked = finished = 0
    for number in range(budget.of(6, 100, 1_000_000)):
        if budget.left < 0 and number >= budget.of(3, 15, 50):
            break
        played = conservation.run(budget.seed + number, schedule(budget.seed + number))
        found.count += 1
        asked += played.erasures
        finished += played.erased
        if played.violation is not None:
            least = conservation.shortest(played)
            found.failures.append(f"{least.violation}\n  {conservation.replay_line(least)}")
    found.figures = {"erasures": asked, "finished": finished}
    return found
