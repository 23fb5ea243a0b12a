"""The balance of the Stripe account."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.payouts import PayoutView, payout_view
from chalicelib.domain.balance_transactions import BalanceAmount
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.usecases.payouts.show_payouts import Balance


class CurrencyBalance(msgspec.Struct, rename="camel", kw_only=True):
    """The balance in one currency. Money on its way to the bank is no longer part of the balance."""

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    available: Annotated[
        str,
        Meta(
            description="The money that can be paid out now, in `currency`. Negative if refunds, disputes or fees "
            "took more than there was.",
            examples=["412.50"],
        ),
    ]
    pending: Annotated[
        str,
        Meta(
            description="The money that Stripe has booked and that becomes available on a later day, in `currency`.",
            examples=["980.00"],
        ),
    ]
    on_its_way: Annotated[
        str,
        Meta(
            description="The sum of the `payouts` to the bank whose arrival Stripe has not reported yet, in "
            "`currency`.",
            examples=["1156.80"],
        ),
    ]
    being_taken: Annotated[
        str,
        Meta(
            description="The sum of the `payouts` that Stripe debits from the bank account, in `currency`, without "
            "a sign. Stripe debits it because the balance was negative, or because a payout is reversed.",
            examples=["0.00"],
        ),
    ]
    payouts: Annotated[
        list[PayoutView],
        Meta(
            description="The connected account's payouts that are under way, the latest day of arrival first. A "
            "payout is left out more than 14 days after its day of arrival."
        ),
    ]


class BalanceView(msgspec.Struct, rename="camel"):
    """The balance of the Stripe account and the payouts that are under way, by currency."""

    data: Annotated[
        list[CurrencyBalance], Meta(description="One entry for each currency of the balance or of a payout.")
    ]


def balance_view(balance: Balance) -> BalanceView:
    amounts = {amount.currency: amount for amount in balance.amounts}
    currencies = dict.fromkeys([*amounts, *(payout.fact.currency for payout in balance.under_way)])
    return BalanceView(
        [
            _currency_balance(
                amounts.get(currency, BalanceAmount(currency)),
                [payout for payout in balance.under_way if payout.fact.currency == currency],
                balance.known,
            )
            for currency in currencies
        ]
    )


def _currency_balance(
    amount: BalanceAmount, under_way: list[Payout], related_payouts: RelatedPayouts
) -> CurrencyBalance:
    money = partial(decimal_string, currency=amount.currency)
    return CurrencyBalance(
        currency=amount.currency,
        available=money(amount.available),
        pending=money(amount.pending),
        on_its_way=money(sum(payout.fact.amount for payout in under_way if not payout.fact.takes)),
        being_taken=money(-sum(payout.fact.amount for payout in under_way if payout.fact.takes)),
        payouts=[payout_view(payout, related_payouts) for payout in under_way],
    )
