"""Stripe's published fees in the United States (https://stripe.com/pricing).

Amounts are in minor units of the settlement currency. It is an assumption that fees in other currencies have the same
percentages and the same numbers of minor units.
"""

from __future__ import annotations

from decimal import Decimal

from ..state.ledger import JSON, Ledger
from .exchange import half_up

DISPUTE = 1_500


def card(amount: int) -> int:
    """Returns the fee of a card payment: 2.9 % and 30 cents."""
    return half_up(amount * Decimal("0.029")) + 30


def bank_debit(amount: int) -> int:
    """Returns the fee of an ACH direct debit: 0.8 %, at most 5 dollars."""
    return min(half_up(amount * Decimal("0.008")), 500)


def instant_payout(amount: int) -> int:
    """Returns the fee of an instant payout: 1.5 %, at least 50 cents."""
    return max(half_up(amount * Decimal("0.015")), 50)


def details(ledger: Ledger, fee: int, currency: str, description: str) -> list[JSON]:
    """Returns the parts of a fee, including the tax on it if the account pays tax. A fee of 0 has no parts.

    A negative fee is a fee that Stripe returns.
    """
    if fee == 0:
        return []
    parts = [_part(fee, currency, description, "stripe_fee")]
    if tax := half_up(fee * Decimal(str(ledger.settlement.fee_tax_rate)) / 100):
        parts.append(_part(tax, currency, "Sales tax", "tax"))
    return parts


def _part(amount: int, currency: str, description: str, type_: str) -> JSON:
    return {"amount": amount, "application": None, "currency": currency, "description": description, "type": type_}
