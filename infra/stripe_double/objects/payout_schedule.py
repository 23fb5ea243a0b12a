"""Daily payouts: the available balance is paid out at 00:00 UTC (https://docs.stripe.com/payouts#payout-schedule)."""

from __future__ import annotations

from ..clock import DAY
from ..state.ledger import Ledger
from ..state.world import World
from . import bank_accounts
from .payout_steps import pay_out_all


def plan_next_payout(world: World, ledger: Ledger) -> None:
    """Plans the next payout if the account has a daily schedule. Cancels the payout that was planned before."""
    world.scheduler.cancel(ledger.id)
    if ledger.settlement.payout_schedule == "daily":
        midnight = (world.now() // DAY + 1) * DAY
        world.scheduler.at(midnight, "payout_daily", ledger.id, lambda: _pay_out(world, ledger))


def _pay_out(world: World, ledger: Ledger) -> None:
    plan_next_payout(world, ledger)
    ledger.funds.mature(world.now())
    for currency in ledger.funds.currencies():
        if ledger.account["payouts_enabled"] and _takes_payouts(world, ledger, currency):
            pay_out_all(world, ledger, currency)


def _takes_payouts(world: World, ledger: Ledger, currency: str) -> bool:
    """Returns False after a failed payout, until the account has another bank account."""
    return bool(bank_accounts.current(world, ledger, currency)["status"] != "errored")
