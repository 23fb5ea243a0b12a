"""Stripe's state when a form was recorded. Workers read it when they handle the form's messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from infra.stripe_double import StripeDouble
from infra.stripe_double.objects.cards import Method
from infra.stripe_double.state.ledger import Ledger

Json = dict[str, Any]


def dump(double: StripeDouble) -> Json:
    """Returns the objects of every account. Events are left out: a sweep finds none, and none is lost by that."""
    return {name: _account(ledger) for name, ledger in double.world.ledgers.items()}


def restore(double: StripeDouble, accounts: Json) -> None:
    """Gives the double these accounts with their objects in place of its own."""
    double.world.ledgers.clear()
    for name, account_state in accounts.items():
        ledger = Ledger(
            account_state["account"],
            livemode=False,
            api_version=account_state["api_version"],
            connected=account_state["connected"],
        )
        for each in account_state["objects"]:
            method = each.get("_method")
            ledger.add({**each, "_method": Method(**method)} if isinstance(method, dict) else each)
        ledger.lines.update(account_state["lines"])
        transactions = ledger.tables.get("balance_transaction", {})
        ledger.funds._lines = {
            payout: [transactions[each] for each in ids] for payout, ids in account_state["payouts"].items()
        }
        double.world.ledgers[name] = ledger


def _account(ledger: Ledger) -> Json:
    objects = [_plain(each) for table in ledger.tables.values() for each in table.values()]
    return {
        "account": ledger.account,
        "api_version": ledger.api_version,
        "connected": ledger.connected,
        "objects": objects,
        "lines": {invoice: [_plain(each) for each in lines] for invoice, lines in ledger.lines.items()},
        "payouts": {name: [each["id"] for each in lines] for name, lines in ledger.funds._lines.items()},
    }


def _plain(value: Json) -> Json:
    """Returns an object of the double as JSON can hold it: the way to pay is an object of its own."""
    return {name: asdict(each) if isinstance(each, Method) else each for name, each in value.items()}
