"""Proof 7, healing: whatever events are lost, one run makes POM equal Stripe, and the next writes nothing.

Claimed. After a life in which all webhooks were lost, or a random half, or no event was generated at all, one
reconciliation run with objects makes every invoice equal, and the work that it queues makes every payout of 90 days
and every fee equal; the second run writes nothing; and Stripe is called no more than the budget says: a list for each
hundred events, a look at each invoice that is not at its end, and one for each fee that is not known. The
second run makes its lists and looks at no invoice by itself. Where Stripe made every event, its list of events is
enough, whatever version the account is on: the ten-minute sweep does not wait for the daily comparison.

Tried. Random lives of 8 to 14 invoices, paid, declined, refunded, disputed and voided in Stripe itself, with daily
payouts, some of which the bank sends back, and with sales of another business.

Not shown. Edits of a customer in Stripe that leave no event: the objects of customers are not swept. By events alone,
attempts at a further part of a payment in parts: their events name only an intent that POM has not met (0017).
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
from tests.proofs.stage import Deed

LOSSES = {
    "every webhook lost": {"lose_rate": 1.0},
    "a random half lost": {"lose_rate": 0.5},
    "no event generated": {"never_generate_rate": 1.0},
    "half never generated, half of the rest lost": {"never_generate_rate": 0.5, "lose_rate": 0.5},
}
TOLD = ("every webhook lost", "a random half lost")
"""Losses of which Stripe's list of events tells everything."""
LISTS = 9
"""Of the second run: the account, invoices of three statuses, intents, refunds, disputes, credit notes, payouts."""
LATER = {
    "pay": 14, "refund": 5, "settle_refund": 2, "dispute": 3, "move_dispute": 3, "settle_debit": 3, "wait": 4,
    "in_dashboard": 4, "deliver": 6, "account_business": 3, "payout_moves": 3,
}  # fmt: skip


def lived(seed: int, loss: str) -> Town:
    """A town some of whose events are lost from the day its invoices have been sent."""
    rng = random.Random(f"healing {seed} {loss}")
    town = Town(seed, faults=False)
    town.play([Deed("create", rng.randrange(10**6), calm=True) for _ in range(14)], PLAYERS)
    town.double.drain()
    for organization in ORGANIZATIONS:
        town.sweep(organization)
    town.double.set_delivery(**LOSSES[loss])
    names = rng.choices(list(LATER), list(LATER.values()), k=40)
    town.play([Deed(name, rng.randrange(10**6), calm=True) for name in names], PLAYERS)
    town.double.drain()
    return town


def healed(seed: int, loss: str) -> str | None:
    """What is wrong after one run; None if nothing is."""
    town = lived(seed, loss)
    try:
        for organization in ORGANIZATIONS:
            wrong = _heal_by_events(town, organization) if loss in TOLD else None
            wrong = wrong or _heal(town, organization)
            if wrong:
                return f"{organization}: {wrong}"
        return _heal_money(town)
    except Violation as found:
        return str(found)


def _heal_money(town: Town) -> str | None:
    """What differs of fees and payouts after the next daily sweep, which may not write twice."""
    town.double.set_delivery(lose_rate=0.0, never_generate_rate=0.0)
    a_day_later(town)
    for organization in ORGANIZATIONS:
        books = Books(town.double, town.accounts[organization], town.plain.database, organization)
        found = faults_of_money(books)
        if found:
            return f"{organization}: {found}"
    kept = town.invariants.everything_kept()
    for organization in ORGANIZATIONS:
        town.sweep(organization)
    again = town.invariants.everything_kept()
    changed = [name for name in kept if kept[name] != again[name]]
    return f"the sweep after that changed {changed}" if changed else None


def _heal_by_events(town: Town, organization: OrganizationId) -> str | None:
    """What the list of events alone does not bring."""
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
    found = [
        line
        for line in disagreements(town.double.ledger(account), ours)
        if not line.startswith("Stripe has an invoice for")
    ]
    return f"by events alone: {found}" if found else None


def _heal(town: Town, organization: OrganizationId) -> str | None:
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
    found = disagreements(town.double.ledger(account), now)
    if found:
        return str(found)
    if calls > budget:
        return f"{calls} Stripe calls, {budget} allowed"
    kept = town.invariants.everything_kept()
    before = town.double.api.log.total()
    town.sweep(organization)
    calls = town.double.api.log.total() - before
    if calls > math.ceil(events / 100) + LISTS:
        return f"{calls} Stripe calls to find that nothing differs"
    again = town.invariants.everything_kept()
    changed = [name for name in kept if kept[name] != again[name]]
    return f"the second run changed {changed}" if changed else None


def prove(budget: Budget) -> Result:
    found = Result("reconciliation", "lives", seed=budget.seed)
    for number in range(budget.of(2, 60, 100_000)):
        if budget.left < 0:
            break
        for loss in LOSSES:
            seed = budget.seed + number
            found.count += 1
            wrong = healed(seed, loss)
            if wrong:
                found.failures.append(f"{loss}, seed {seed}: {wrong}")
    return found
