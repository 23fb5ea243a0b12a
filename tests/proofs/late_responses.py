"""Proof `late-responses`: a response of Stripe never overwrites data that was stored after the read began.

Claim: POM reads Stripe while others write what Stripe has just reported. When all webhooks have arrived, and before
any comparison repairs anything, every invoice and the readiness of every account are as in Stripe.

Method: two companies refresh, compare, reconnect and pay while responses are under way for some seconds. The
responses are dated up to eight seconds later than the state that they describe, as Stripe's are. No webhook is lost,
so only the order of responses can be wrong.

Limits: events that were never generated within the seconds for which a response is under way. Payments in parts, and
drafts finalized in Stripe: the reason of their decline waits for the next sweep, because no webhook of the decline
names an object that POM has stored by then.
"""

from __future__ import annotations

import random

from chalicelib.usecases.reconciling.reconcile import reconcile_account
from tests.proofs.actions import PAYMENTS, PLAYERS
from tests.proofs.invariants import Violation, disagreements
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import ORGANIZATIONS, Figures, Town
from tests.proofs.stage import Action, Actor

LIFE = {
    "verification": 14, "reconnect": 4, "compare": 14, "refresh": 8, "pay": 8, "refund": 3, "settle_refund": 3,
    "dispute": 3, "move_dispute": 5, "void": 2, "cash": 2, "deliver": 20, "moment": 14,
}  # fmt: skip
LENGTH = 40


def moment(town: Town, me: Actor) -> None:
    """Lets a few seconds pass."""
    town.advance(me.rng.choice((1, 1, 2, 3)))


def pay(town: Town, me: Actor) -> None:
    """Pays the remaining amount, or fails to."""
    owed = [
        (account, invoice["id"])
        for account in sorted(town.accounts.values())
        for invoice in town.table(account, "invoice").values()
        if invoice["status"] == "open"
    ]
    if owed:
        account, invoice_id = me.rng.choice(owed)
        town.double.pay(account, invoice_id, me.rng.choice(PAYMENTS), authenticate=me.rng.random() < 0.7)


def compare(town: Town, me: Actor) -> None:
    """Runs the daily comparison of an organization."""
    me.patience = 300
    organization = me.rng.choice(ORGANIZATIONS)
    with town.invariants.on_behalf_of(me, organization):
        reconcile_account(organization, town.ports, objects=True)


def prove(budget: Budget) -> Result:
    result = Result("late responses", "lives of 40 actions", seed=budget.seed)
    total = Figures()
    for number in range(budget.of(15, 150, 100_000)):
        if budget.left < 0:
            break
        wrong = fault_after_life(budget.seed + number, total)
        result.count += 1
        if wrong:
            result.failures.append(f"seed {budget.seed + number}: {wrong}")
    result.figures = {"answers overtaken": total.late, "boundaries": total.boundaries, "deliveries": total.deliveries}
    return result


def fault_after_life(seed: int, total: Figures | None = None) -> str | None:
    """Returns what is wrong after one life, or None."""
    rng = random.Random(f"late {seed}")
    town = Town(seed, faults=False)
    players = {**PLAYERS, "moment": moment, "pay": pay, "compare": compare}
    try:
        town.play([Action("create", rng.randrange(10**6), calm=True) for _ in range(6)], players)
        _all_arrive(town)
        names = rng.choices(list(LIFE), list(LIFE.values()), k=LENGTH)
        town.play([Action(name, rng.randrange(10**6)) for name in names], players)
        _all_arrive(town)
    except Violation as violation:
        return str(violation)
    if total is not None:
        total.add(town.figures)
    return _differs(town)


def _all_arrive(town: Town) -> None:
    for _ in range(4):
        town.double.drain()
        town.advance(3600)


def _differs(town: Town) -> str | None:
    for organization in ORGANIZATIONS:
        account = town.accounts[organization]
        ours = [i for i in town.plain.database.invoices.values() if i.stripe_account_id == account]
        if wrong := disagreements(town.double.ledger(account), ours):
            return str(wrong)
        connection = town.plain.connections.get(organization)
        enabled = town.double.world.ledgers[account].account["charges_enabled"]
        if connection.active and connection.ready_to_send is not enabled:
            return f"{organization} is {'' if enabled else 'not '}enabled in Stripe, and POM says otherwise"
    return None
