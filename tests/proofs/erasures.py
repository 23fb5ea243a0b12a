"""Proof `erasures`: an erased customer stays erased, and the books stay right.

Claim: an admin requests an erasure at any time, and anything may fail or crash at any boundary of the worker. No open
business is erased. After a record is erased, no write restores its text about the person, whatever events, sweeps and
late failures arrive. In the end each erasure that waits for nothing is finished, and no stored record holds the
person. All other invariants hold as without erasures: each status is Stripe's, no event is lost, sums and payouts tie
out, and no customer is billed twice.

Method: random schedules in which companies often finish their open business, so that erasures are granted, and in
which erased customers are billed, edited in Stripe and paid back. `crashes` has a crash at every boundary of one
erasure.

Limits: as in `conservation`. Streams, queues, logs and the bytes of the tables are checked by tests/privacy.
"""

from __future__ import annotations

import random

from tests.proofs import conservation
from tests.proofs.actions import ACTIONS
from tests.proofs.report import Budget, Result
from tests.proofs.stage import Action

PAID = ("create", "create", "deliver", "pay", "pay", "deliver") * 4
"""Invoices are made and paid first, so that there is something to erase. No fault strikes yet."""
ASKED = ("deliver", "erase", "erase", "erase", "erase", "work", "wait", "resume", "work")
"""Erasures are requested while other actions run."""
OFTEN = {
    "erase": 8, "work": 24, "wait": 20, "resume": 10, "refund": 14, "dispute": 10, "settle_refund": 12,
    "move_dispute": 8, "resend": 10, "sweep": 8, "customer_in_dashboard": 8, "batch": 3, "draft": 3, "cash": 5,
}  # fmt: skip
"""The weights of steps that happen more often than in other towns."""


def schedule(seed: int) -> list[Action]:
    """Returns a random schedule."""
    rng = random.Random(f"erasures {seed}")
    weights = {name: OFTEN.get(name, weight) for name, (weight, _) in ACTIONS.items()}
    begun = [Action(name, rng.randrange(1_000_000), calm=True) for name in PAID]
    before, after = (rng.choices(list(weights), list(weights.values()), k=count) for count in (16, 50))
    return begun + [Action(name, rng.randrange(1_000_000)) for name in (*before, *ASKED, *after)]


def prove(budget: Budget) -> Result:
    """Plays seeds until the time is up and a minimum was played, or until the slice's number is reached."""
    result = Result("erasures at any time", f"schedules of {len(schedule(0))} actions", seed=budget.seed)
    requested = finished = 0
    for number in range(budget.of(6, 100, 1_000_000)):
        if budget.left < 0 and number >= budget.of(3, 15, 50):
            break
        execution = conservation.run(budget.seed + number, schedule(budget.seed + number))
        result.count += 1
        requested += execution.erasures
        finished += execution.erased
        if execution.violation is not None:
            least = conservation.shortest(execution)
            result.failures.append(f"{least.violation}\n  {conservation.replay_line(least)}")
    result.figures = {"erasures": requested, "finished": finished}
    return result
