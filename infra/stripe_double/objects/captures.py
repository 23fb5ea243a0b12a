"""Captures: a charge gets its balance transaction when its money is captured.

Cards are captured asynchronously: `balance_transaction` is null at `charge.succeeded`, and is set by `charge.updated`
(https://docs.stripe.com/payments/payment-intents/asynchronous-capture). Bank debits get it when they settle.
"""

from __future__ import annotations

from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import balance_transactions


def begin(world: World, ledger: Ledger, charge: JSON) -> None:
    """Captures a charge at once, or plans the capture for `Config.capture_seconds` later."""
    if charge["payment_method_details"]["type"] == "card" and ledger.settlement.async_capture:
        later = world.config.capture_seconds
        world.scheduler.after(later, "capture", charge["id"], lambda: _finish(world, ledger, charge))
    else:
        charge["balance_transaction"] = balance_transactions.of_charge(world, ledger, charge)["id"]


def _finish(world: World, ledger: Ledger, charge: JSON) -> None:
    before = world.snapshot(ledger, charge)
    charge["balance_transaction"] = balance_transactions.of_charge(world, ledger, charge)["id"]
    world.emit_updated(ledger, charge, before)
