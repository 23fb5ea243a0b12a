"""Proof 4, never twice: nobody is billed twice for a service, and no e-mail is sent twice.

Claimed. However often, however concurrently and however late a create is repeated, and whatever is lost, stored as a
failure, or ended on the way: one live Stripe invoice an intent, one live invoice a service, one e-mail a send,
one refund a key.

Tried. Towns in which nearly everything is creating, editing, sending, voiding, correcting, paying, refunding and
resuming the same few services, one by one and in batches of drafts that are sent after a review, under many faults,
with the clock jumping past the 24 hours for which Stripe keeps idempotency keys.

Not shown. An `invoice.sent` event that Stripe never generates: after a stored failure it is our only proof that the
e-mail went out, so such an invoice could be mailed a second time.
"""

from __future__ import annotations

import random

from tests.proofs.conservation import Run, replay_line, run, shortest
from tests.proofs.report import Budget, Result
from tests.proofs.stage import Deed

WEIGHTS = {
    "create": 40, "create_many": 1, "send": 12, "void": 8, "edit_draft": 14, "correct": 8, "resume": 12, "work": 24,
    "wait": 14, "deliver": 8, "edit_customer": 4, "customer_in_dashboard": 2, "in_dashboard": 3, "sweep": 2,
    "remind": 3, "pay": 16, "refund_in_pom": 20, "refund": 2, "dispute": 1, "batch": 24,
}  # fmt: skip
LENGTH = 70


def crowded(seed: int) -> list[Deed]:
    """A schedule of rivals."""
    rng = random.Random(f"never twice {seed}")
    names = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=LENGTH)
    return [Deed(name, rng.randrange(1_000_000)) for name in names]


def prove(budget: Budget) -> Result:
    found = Result("never twice", "schedules of 70 rival deeds", seed=budget.seed)
    faults = 0
    for number in range(budget.of(12, 300, 1_000_000)):
        if budget.left < 0:
            break
        played: Run = run(budget.seed + number, crowded(budget.seed + number))
        found.count += 1
        faults += sum(played.figures.faults.values())
        if played.violation is not None:
            least = shortest(played)
            found.failures.append(f"{least.violation}\n  {replay_line(least)}")
    found.figures = {"faults": faults}
    return found
