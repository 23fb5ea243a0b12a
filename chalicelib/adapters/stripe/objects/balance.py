"""An account's balance in Stripe's form."""

from __future__ import annotations

from collections import Counter

import msgspec

from chalicelib.adapters.stripe.objects.fields import Amount, Code
from chalicelib.domain.balance_transactions import BalanceAmount


class Funds(msgspec.Struct):
    """Money in one currency, in minor units."""

    amount: Amount
    currency: Code


class Balance(msgspec.Struct):
    """https://docs.stripe.com/api/balance/balance_object

    `instant_available` is a part of these two amounts. Neither includes the amount that Stripe reserves for a
    connected account.
    """

    available: list[Funds]
    pending: list[Funds]

    def amounts(self) -> tuple[BalanceAmount, ...]:
        """Returns one amount for each currency, sorted by currency."""
        available, pending = _by_currency(self.available), _by_currency(self.pending)
        currencies = sorted({*available, *pending})
        return tuple(BalanceAmount(each, available[each], pending[each]) for each in currencies)


def _by_currency(funds: list[Funds]) -> Counter[str]:
    amounts: Counter[str] = Counter()
    for each in funds:
        amounts[each.currency] += each.amount
    return amounts
