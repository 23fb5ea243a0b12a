"""The balance of the Stripe account as the API returns it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.payouts import PayoutView, payout_view
from chalicelib.domain.balance_transactions import BalanceAmount
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.usecases.payouts.show_payouts import Balance


class CurrencyBalance(msgspec.Struct, rename="camel", kw_only=True):
    """The balance in one currency. Money on its way to the bank has left it."""

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    available: Annotated[
        str,
        Meta(
            description="Can be paid out now. It is negative if refunds, disputes or fees took more than there was.",
            examples=["412.50"],
        ),
    ]
    pending: Annotated[
        str,
        Meta(
            description="Will be available later: Stripe has booked it, and its day has not come.",
            examples=["980.00"],
        ),
    ]
    on_its_way: Annotated[
        str,
        Meta(description="The sum of `payouts`: on its way to the bank, as far as POM knows.", examples=["1156.80"]),
    ]
    payouts: Annotated[
        list[PayoutView], Meta(description="The payouts that are on their way, those that arrive last first.")
    ]


class BalanceView(msgspec.Struct, rename="camel"):
    """The balance of the Stripe account, and what is on its way to the bank, by currency."""

    data: list[CurrencyBalance]


def balance_view(balance: Balance) -> BalanceView:
    amounts = {amount.currency: amount for amount in balance.amounts}
    currencies = dict.fromkeys([*amounts, *(payout.fact.currency for payout in balance.under_way)])
    return BalanceView(
        [
            _currency_balance(
                amounts.get(currency, BalanceAmount(currency)),
                [payout for payout in balance.under_way if payout.fact.currency == currency],
            )
            for currency in currencies
        ]
    )


def _currency_balance(amount: BalanceAmount, under_way: list[Payout]) -> CurrencyBalance:
    return CurrencyBalance(
        currency=amount.currency,
        available=decimal_string(amount.available, amount.currency),
        pending=decimal_string(amount.pending, amount.currency),
        on_its_way=decimal_string(sum(payout.fact.amount for payout in under_way), amount.currency),
        payouts=[payout_view(payout) for payout in under_way],
    )
