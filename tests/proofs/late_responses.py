"""Proof 13, late answers: what was stored after a read of Stripe began is not set back by the answer.

Claimed. Whatever reads Stripe while others write what Stripe has just told them, when all webhooks have arrived, and
before any comparison repairs anything, every invoice and the readiness of every account are as in Stripe.

Tried. Two companies that refresh, compare, reconnect and pay while answers are on their way for some seconds, and are
dated up to eight seconds after the moment of which they speak, as Stripe's are. No webhook is lost: nothing but the
order of answers can be wrong.

Not shown. Events that were never generated, within the seconds for which an answer is on its way. Payments in parts,
and drafts finalized in Stripe: why such a payment was declined waits for the next sweep anyway, because no webhook of
the decline names an object that POM knows by then.
"""

from __future__ import annotations

import random

from chalicelib.usecases.reconciling.reconcile import reconcile_account
from tests.proofs.actions import PAYMENTS, PLAYERS
from tests.proofs.invariants import Violation, disagreements
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import ORGANIZATIONS, Figures, Town
from tests.proofs.stage import Actor, Deed

LIFE = {
    "verification": 14, "reconnect": 4, "compare": 14, "refresh": 8, "pay": 8, "refund": 3, "settle_refund": 3,
    "dispute": 3, "move_dispute": 5, "void": 2, "cash": 2, "deliver": 20, "moment": 14,
}  # fmt: skip
LENGTH = 40


def moment(town: Town, me: Actor) -> None:
    """A few seconds go by."""
    town.advance(me.rng.choice((1, 1, 2, 3)))


def pay(town: Town, me: Actor) -> None:
    """Somebody pays all that is owed, or tries to."""
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
    """The daily comparison of an organization."""
    me.patience = 300
    organization = me.rng.choice(ORGANIZATIONS)
    with town.invariants.on_behalf_of(me, organization):
        reconcile_account(organization, town.ports, objects=True)


def prove(budget: Budget) -> Result:
    found = Result("late answers", "lives of 40 deeds", seed=budget.seed)
    total = Figures()
    for number in range(budget.of(15, 150, 100_000)):
        if budget.left < 0:
            break
        wrong = lived(budget.seed + number, total)
        found.count += 1
        if wrong:
            found.failures.append(f"seed {budget.seed + number}: {wrong}")
    found.figures = {"answers overtaken": total.late, "boundaries": total.boundaries, "deliveries": total.deliveries}
    return found


def lived(seed: int, total: Figures | None = None) -> str | None:
    """What is wrong after one life; None if nothing is."""
    rng = random.Random(f"late {seed}")
    town = Town(seed, faults=False)
    players = {**PLAYERS, "moment": moment, "pay": pay, "compare": compare}
    try:
        town.play([Deed("create", rng.randrange(10**6), calm=True) for _ in range(6)], players)
        _all_arrive(town)
        names = rng.choices(list(LIFE), list(LIFE.values()), k=LENGTH)
        town.play([Deed(name, rng.randrange(10**6)) for name in names], players)
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
