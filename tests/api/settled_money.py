"""Balance transactions and payouts of Stripe, for the tests of fees, deposits and payouts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chalicelib.domain.balance_transactions import BalanceTransaction, FeePart, Settlement
from chalicelib.domain.deposits import SettledMovement, deposits_of
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.movements import Movement
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.payout_lines import Owner, PayoutLine, sum_lines
from chalicelib.usecases.payouts.show_deposits import Deposited
from tests.world import BEGAN, ORGANIZATION, World

ACCOUNT = StripeAccountId("acct_1")
OWNER = Owner(InvoiceId("inv_1"), CustomerId("cust_1"), "A1-0001")

NOT_SETTLED: dict[str, Any] = {
    "feeStatus": None,
    "fee": None,
    "feeParts": [],
    "net": None,
    "settlementCurrency": None,
    "exchange": None,
    "settlements": [],
    "deposits": [],
}
"""The fields about fees and deposits of a payment that has not changed the Stripe balance."""

NOT_READ: dict[str, Any] = {
    **NOT_SETTLED,
    "feeStatus": "pending",
    "deposits": [
        {
            "status": "not_settled",
            "on": None,
            "payoutId": None,
            "message": "POM has not read yet when Stripe will pay out this money.",
        }
    ],
}
"""The same fields of a payment that succeeded, before POM has read its fee."""


def midnight(day: str) -> int:
    """Returns the beginning of a day in UTC, in epoch seconds."""
    return int(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), dt.UTC).timestamp())


def payment_transaction(stripe_id: str, amount: int, fee: int = 0, **changes: Any) -> BalanceTransaction:
    """Returns a balance transaction of a payment. `changes` replace its fields."""
    parts = (FeePart("stripe_fee", fee, "Stripe processing fees"),) if fee else ()
    fact = BalanceTransaction(
        id=stripe_id,
        type="charge",
        category="charge",
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency="usd",
        created=BEGAN,
        available_on=midnight("2027-01-18"),
        fee_parts=parts,
        source_type="charge",
        source_id=f"ch_{stripe_id}",
        payment_id=f"pi_{stripe_id}",
    )
    return replace(fact, **changes)


def account_fee(stripe_id: str, amount: int, **changes: Any) -> BalanceTransaction:
    """Returns a fee of the account, which belongs to no payment."""
    no_source: dict[str, Any] = {"source_type": None, "source_id": None, "payment_id": None}
    return payment_transaction(stripe_id, -amount, type="stripe_fee", category="fee", **no_source, **changes)


def payout_fact(stripe_id: str, amount: int, **changes: Any) -> PayoutFact:
    """Returns an automatic payout that arrived on 20 January 2027."""
    fact = PayoutFact(
        id=stripe_id,
        as_of=BEGAN,
        status="paid",
        amount=amount,
        currency="usd",
        created=BEGAN,
        arrival_date=midnight("2027-01-20"),
        reconciliation_status="completed",
        destination="STRIPE TEST BANK",
        last4="6789",
    )
    return replace(fact, **changes)


def store_payout(
    world: World,
    fact: PayoutFact,
    lines: Sequence[PayoutLine] | None = None,
    *,
    organization: OrganizationId = ORGANIZATION,
    **changes: Any,
) -> Payout:
    """Stores a payout of the connected account with its lines, and returns the payout.

    An organization without a connection is connected first.
    """
    connection = world.ports.connections.get(organization)
    if connection.account_id is None:
        connection = world.ports.connections.save(replace(connection, account_id=ACCOUNT, connected_at=BEGAN))
    payout = replace(Payout(organization, connection.account_id or ACCOUNT, fact), **changes)
    if lines is not None:
        for start in range(0, len(lines), 100):
            world.ports.payouts.put_lines(organization, fact.id, lines[start : start + 100])
        payout = replace(payout, itemized=sum_lines(fact, lines, BEGAN))
    return world.ports.payouts.save(payout)


def of_pom(transaction: BalanceTransaction, owner: Owner = OWNER) -> PayoutLine:
    return PayoutLine(transaction, owner)


def settled_payment(movement: Movement, *settlements: Settlement, payouts: Sequence[Payout] = ()) -> Deposited:
    """Returns a row of `GET /payments` with these balance transactions."""
    settled_movement = SettledMovement(movement, settlements)
    today = dt.datetime.fromtimestamp(BEGAN, dt.UTC).date()
    return Deposited(
        settled_movement, deposits_of(settled_movement, {payout.id: payout for payout in payouts}, today)
    )
