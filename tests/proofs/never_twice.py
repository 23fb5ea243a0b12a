"""Proof `never-twice`: no service is billed twice, and no e-mail is sent twice.

Claim: a create is repeated any number of times, at the same time or late, while requests are lost, stored as a
failure, or end on the way. There is one live Stripe invoice for each order, one live invoice for each service, one
e-mail for each send, and one refund for each key.

Method: towns that mostly create, edit, send, void, correct, pay, refund and resume the same few services, one by one
and in batches of drafts that are sent after a review, under many faults, while the clock jumps past the 24 hours for
which Stripe stores idempotency keys.

Limits: an `invoice.sent` event that Stripe never generates. After a stored failure only this event proves that the
e-mail was sent, so POM could mail the invoice a second time.
"""

from __future__ import annotations

import random

from tests.proofs.conservation import Run, replay_line, run, shortest
from tests.proofs.report import Budget, Result
from tests.proofs.stage import Action

WEIGHTS = {
    "create": 40, "create_many": 1, "send": 12, "void": 8, "edit_draft": 14, "correct": 8, "resume": 12, "work": 24,
    "wait": 14, "deliver": 8, "edit_customer": 4, "customer_in_dashboard": 2, "in_dashboard": 3, "sweep": 2,
    "remind": 3, "pay": 16, "refund_in_pom": 20, "refund": 2, "dispute": 1, "batch": 24,
}  # fmt: skip
LENGTH = 70


def run_with_rivals(seed: int) -> list[Action]:
    """Plays a schedule of rivals."""
    rng = random.Random(f"never twice {seed}")
    names = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=LENGTH)
    return [Action(name, rng.randrange(1_000_000)) for name in names]


def prove(budget: Budget) -> Result:
    result = Result("never twice", "schedules of 70 rival actions", seed=budget.seed)
    faults = 0
    for number in range(budget.of(12, 300, 1_000_000)):
        if budget.left < 0:
            break
        execution: Run = run(budget.seed + number, run_with_rivals(budget.seed + number))
        result.count += 1
        faults += sum(execution.figures.faults.values())
        if execution.violation is not None:
            least = shortest(execution)
            result.failures.append(f"{least.violation}\n  {replay_line(least)}")
    result.figures = {"faults": faults}
    return result
