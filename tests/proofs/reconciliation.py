"""Proof `reconciliation`: after any loss of events one run makes POM equal to Stripe, and the next writes nothing.

Claim: all webhooks of a life were lost, or a random half, or no event was generated. One reconciliation run with
objects makes every invoice equal to Stripe's, and the work that it queues does the same for every payout of 90 days
and every fee. The second run writes nothing. The calls of Stripe stay within a budget: one list call for each hundred
events, one read of each invoice that is not finished, and one of each missing fee. The second run makes its list
calls and reads no single invoice. If Stripe generated every event, its list of events is enough, in any version of
the account, so the ten-minute sweep does not wait for the daily comparison.

Method: random lives of 8 to 14 invoices that are paid, declined, refunded, disputed and voided in Stripe itself, with
daily payouts, some of which fail, and with sales of another business.

Limits: edits of a customer in Stripe that leave no event, because the sweep does not read the objects of customers.
By events alone, attempts at a further part of a payment in parts: their events name only an intent that POM has not
stored (0017).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from unittest.mock import patch

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.sweep import ON_ITS_WAY, Sweep
from tests.proofs.actions import PLAYERS
from tests.proofs.books import Books, faults_of_money
from tests.proofs.conservation import a_day_later
from tests.proofs.invariants import Violation, disagreements
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import ORGANIZATIONS, Town
from tests.proofs.stage import Action

LOSSES = {
    "every webhook lost": {"lose_rate": 1.0},
    "a random half lost": {"lose_rate": 0.5},
    "no event generated": {"never_generate_rate": 1.0},
    "half never generated, half of the rest lost": {"never_generate_rate": 0.5, "lose_rate": 0.5},
}
TOLD = ("every webhook lost", "a random half lost")
"""Losses after which Stripe's list of events is complete."""
LISTS = 9
"""The budget of the second run: the account, invoices of three statuses, intents, refunds, disputes, credit notes,
payouts.
"""
LATER = {
    "pay": 14, "refund": 5, "settle_refund": 2, "dispute": 3, "move_dispute": 3, "settle_debit": 3, "wait": 4,
    "in_dashboard": 4, "deliver": 6, "account_business": 3, "payout_moves": 3,
}  # fmt: skip


def town_with_losses(seed: int, loss: str) -> Town:
    """Returns a town that loses some of its events from the day on which its invoices were sent."""
    rng = random.Random(f"healing {seed} {loss}")
    town = Town(seed, faults=False)
    town.play([Action("create", rng.randrange(10**6), calm=True) for _ in range(14)], PLAYERS)
    town.double.drain()
    for organization in ORGANIZATIONS:
        town.sweep(organization)
    town.double.set_delivery(**LOSSES[loss])
    names = rng.choices(list(LATER), list(LATER.values()), k=40)
    town.play([Action(name, rng.randrange(10**6), calm=True) for name in names], PLAYERS)
    town.double.drain()
    return town


def fault_after_run(seed: int, loss: str) -> str | None:
    """Returns what is wrong after one run, or None."""
    town = town_with_losses(seed, loss)
    try:
        for organization in ORGANIZATIONS:
            wrong = _check_events_alone(town, organization) if loss in TOLD else None
            wrong = wrong or _run_and_check(town, organization)
            if wrong:
                return f"{organization}: {wrong}"
        return _check_money(town)
    except Violation as difference:
        return str(difference)


def _check_money(town: Town) -> str | None:
    """Returns what differs in fees and payouts after the next daily sweep, which may not write twice."""
    town.double.set_delivery(lose_rate=0.0, never_generate_rate=0.0)
    a_day_later(town)
    for organization in ORGANIZATIONS:
        books = Books(town.double, town.accounts[organization], town.plain.database, organization)
        difference = faults_of_money(books)
        if difference:
            return f"{organization}: {difference}"
    rows_before = town.invariants.everything_kept()
    for organization in ORGANIZATIONS:
        town.sweep(organization)
    again = town.invariants.everything_kept()
    changed_tables = [name for name in rows_before if rows_before[name] != again[name]]
    return f"the sweep after that changed {changed_tables}" if changed_tables else None


def _check_events_alone(town: Town, organization: OrganizationId) -> str | None:
    """Returns what the list of events alone does not bring, or None."""
    town.advance(ON_ITS_WAY)
    with patch.object(Sweep, "should_compare_objects", lambda *_: False):
        town.sweep(organization, objects=False)
    account = town.accounts[organization]
    parts = Counter(payment["invoice"] for payment in town.table(account, "invoice_payment").values())
    ours = [
        invoice
        for invoice in town.plain.database.invoices.values()
        if invoice.stripe_account_id == account and parts[invoice.stripe_invoice_id] < 2
    ]
    difference = [
        line
        for line in disagreements(town.double.ledger(account), ours)
        if not line.startswith("Stripe has an invoice for")
    ]
    return f"by events alone: {difference}" if difference else None


def _run_and_check(town: Town, organization: OrganizationId) -> str | None:
    account = town.accounts[organization]
    ours = [i for i in town.plain.database.invoices.values() if i.stripe_account_id == account]
    events = len(town.double.world.ledgers[account].events)
    refunds, disputes = len(town.table(account, "refund")), len(town.table(account, "dispute"))
    parts = len(town.table(account, "invoice_payment")) + len(town.table(account, "payment_intent"))
    before = town.double.api.log.total()
    town.sweep(organization)
    calls = town.double.api.log.total() - before
    budget = math.ceil(events / 100) + 7 + 2 * len(ours) + 4 * parts + events // 4 + refunds + disputes
    now = [i for i in town.plain.database.invoices.values() if i.stripe_account_id == account]
    difference = disagreements(town.double.ledger(account), now)
    if difference:
        return str(difference)
    if calls > budget:
        return f"{calls} Stripe calls, {budget} allowed"
    rows_before = town.invariants.everything_kept()
    before = town.double.api.log.total()
    town.sweep(organization)
    calls = town.double.api.log.total() - before
    if calls > math.ceil(events / 100) + LISTS:
        return f"{calls} Stripe calls to find that nothing differs"
    again = town.invariants.everything_kept()
    changed_tables = [name for name in rows_before if rows_before[name] != again[name]]
    return f"the second run changed {changed_tables}" if changed_tables else None


def prove(budget: Budget) -> Result:
    result = Result("reconciliation", "lives", seed=budget.seed)
    for number in range(budget.of(2, 60, 100_000)):
        if budget.left < 0:
            break
        for loss in LOSSES:
            seed = budget.seed + number
            result.count += 1
            wrong = fault_after_run(seed, loss)
            if wrong:
                result.failures.append(f"{loss}, seed {seed}: {wrong}")
    return result
