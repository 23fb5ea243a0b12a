"""The bank accounts of a company, to which its payouts go. Each currency has one."""

from __future__ import annotations

from ..state.ledger import JSON, Ledger
from ..state.world import World


def current(world: World, ledger: Ledger, currency: str) -> JSON:
    """Returns the bank account for a currency. Creates it at its first use."""
    for account in ledger.all("bank_account", currency=currency, default_for_currency=True):
        return account
    settlement = ledger.settlement
    return ledger.add(
        {
            "id": f"ba_1{world.ids.token(23)}",
            "object": "bank_account",
            "account": ledger.id,
            "account_holder_name": ledger.account["settings"]["dashboard"]["display_name"],
            "account_holder_type": "company",
            "account_type": None,
            "available_payout_methods": ["standard", "instant"],
            "bank_name": settlement.bank_name,
            "country": ledger.account["country"],
            "currency": currency,
            "default_for_currency": True,
            "fingerprint": world.ids.token(16),
            "last4": settlement.bank_last4,
            "metadata": {},
            "routing_number": "110000000",
            "status": "new",
        }
    )


def replace_all(ledger: Ledger) -> None:
    """Makes the next payout use a new bank account. Earlier payouts keep their bank accounts."""
    for account in ledger.all("bank_account", default_for_currency=True):
        account["default_for_currency"] = False
