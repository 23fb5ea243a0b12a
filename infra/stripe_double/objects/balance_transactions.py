"""Balance transactions: the money that each payment, refund and dispute moves.

https://docs.stripe.com/reports/balance-transaction-types lists the types. `reporting_category` groups the types for
accounting (https://docs.stripe.com/reports/reporting-categories).
"""

from __future__ import annotations

from ..clock import DAY
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import fees
from .exchange import Gross, settlement_gross


def record(
    world: World,
    ledger: Ledger,
    type_: str,
    category: str,
    gross: Gross,
    source: str | None,
    *,
    fee_details: list[JSON] | None = None,
    available_on: int | None = None,
    description: str | None = None,
) -> JSON:
    """Stores and returns a balance transaction. It is available at once unless `available_on` is later."""
    now = world.now()
    fee_details = fee_details or []
    fee = sum(part["amount"] for part in fee_details)
    transaction: JSON = {
        "id": f"txn_3{world.ids.token(23)}",
        "object": "balance_transaction",
        "amount": gross.amount,
        "available_on": now if available_on is None else available_on,
        "balance_type": "payments",
        "created": now,
        "currency": gross.currency,
        "description": description,
        "exchange_rate": gross.exchange_rate,
        "fee": fee,
        "fee_details": fee_details,
        "net": gross.amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "pending",
        "type": type_,
    }
    if ledger.funds.add(transaction, now):
        mature = ledger.funds.mature
        world.scheduler.at(transaction["available_on"], "available", transaction["id"], lambda: mature(world.now()))
    return ledger.add(transaction)


def of_charge(world: World, ledger: Ledger, charge: JSON) -> JSON:
    """Records the transaction of a payment, with Stripe's fee, and returns it. The type differs for cards and bank
    debits.
    """
    gross = settlement_gross(world, ledger, charge["amount"], charge["currency"])
    is_card = _is_card(charge)
    fee = fees.card(gross.amount) if is_card else fees.bank_debit(gross.amount)
    return record(
        world, ledger, "charge" if is_card else "payment", "charge", gross, charge["id"],
        fee_details=fees.details(ledger, fee, gross.currency, "Stripe processing fees"),
        available_on=world.now() if charge["_skips_pending"] else _settlement_time(world, ledger),
        description=charge["description"],
    )  # fmt: skip


def of_refund(world: World, ledger: Ledger, charge: JSON, refund: JSON) -> JSON:
    """Records the transaction of a refund and returns it. Stripe keeps the fee of the payment."""
    gross = settlement_gross(world, ledger, -refund["amount"], refund["currency"])
    return record(
        world, ledger, "refund" if _is_card(charge) else "payment_refund", "refund", gross, refund["id"],
        available_on=_withdrawal_time(world, ledger, charge),
        description=f"REFUND FOR CHARGE ({charge['description']})",
    )  # fmt: skip


def of_failed_refund(world: World, ledger: Ledger, refund: JSON) -> JSON:
    """Records the transaction that returns the money of a failed or canceled refund, and returns it."""
    gross = settlement_gross(world, ledger, refund["amount"], refund["currency"])
    return record(world, ledger, "refund_failure", "refund_failure", gross, refund["id"])


def of_dispute(world: World, ledger: Ledger, charge: JSON, dispute: JSON) -> JSON:
    """Records the transaction that takes the disputed amount and the fee together, and returns it.

    https://support.stripe.com/questions/dispute-fees-faq
    """
    gross = settlement_gross(world, ledger, -dispute["amount"], dispute["currency"])
    return record(
        world, ledger, "adjustment", "dispute", gross, dispute["id"],
        fee_details=fees.details(ledger, fees.DISPUTE, gross.currency, "Dispute fee"),
        available_on=_withdrawal_time(world, ledger, charge),
        description=f"Chargeback withdrawal for {charge['id']}",
    )  # fmt: skip


def of_won_dispute(world: World, ledger: Ledger, charge: JSON, dispute: JSON) -> JSON:
    """Records the transaction that returns the disputed amount, and returns it.

    The fee is returned too, unless `returns_dispute_fees` is false
    (https://support.stripe.com/questions/dispute-fees-faq).
    """
    gross = settlement_gross(world, ledger, dispute["amount"], dispute["currency"])
    returned_fee = fees.details(ledger, -fees.DISPUTE, gross.currency, "Dispute fee refund")
    stripe_keeps_fee = not ledger.returns_dispute_fees
    return record(
        world, ledger, "adjustment", "dispute_reversal", gross, dispute["id"],
        fee_details=[] if stripe_keeps_fee else returned_fee,
        available_on=_settlement_time(world, ledger) if stripe_keeps_fee else None,
        description=f"Chargeback reversal for {charge['id']}",
    )  # fmt: skip


def _is_card(charge: JSON) -> bool:
    return bool(charge["payment_method_details"]["type"] == "card")


def _settlement_time(world: World, ledger: Ledger) -> int:
    """Returns the epoch second at which a payment of today is available: 00:00 UTC, `settlement_days` from today."""
    today = world.now() // DAY * DAY
    return today + ledger.settlement.settlement_days * DAY


def _withdrawal_time(world: World, ledger: Ledger, charge: JSON) -> int:
    """Returns the epoch second at which a refund or dispute lowers the balance: now, or with the payment if it is
    pending.
    """
    payment_transaction = ledger.find("balance_transaction", charge["balance_transaction"])
    return max(
        world.now(), payment_transaction["available_on"] if payment_transaction else _settlement_time(world, ledger)
    )
