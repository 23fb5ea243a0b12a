"""Conversion into the currency in which an account settles (https://docs.stripe.com/currencies/conversions)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ..state.ledger import Ledger
from ..state.world import World
from .money import decimals


@dataclass(frozen=True)
class Gross:
    """An amount before fees, in minor units of the currency in which it settles."""

    amount: int
    currency: str
    exchange_rate: float | None = None


def settlement_gross(world: World, ledger: Ledger, amount: int, currency: str) -> Gross:
    """Returns the amount in the currency in which the account settles it: converted, if the account has no balance in
    its own.

    A currency without a rate in `Config.exchange_rates` is not converted.
    """
    settlement_currencies = ledger.settlement.settlement_currencies or (ledger.account["default_currency"],)
    dollar_rates = world.config.exchange_rates
    if (
        currency in settlement_currencies
        or currency not in dollar_rates
        or settlement_currencies[0] not in dollar_rates
    ):
        return Gross(amount, currency)
    minor = Decimal(10) ** (decimals(settlement_currencies[0]) - decimals(currency))
    rate = round(
        Decimal(str(dollar_rates[currency])) / Decimal(str(dollar_rates[settlement_currencies[0]])) * minor, 6
    )
    return Gross(half_up(amount * rate), settlement_currencies[0], float(rate))


def half_up(amount: Decimal) -> int:
    """Returns whole minor units, rounded half away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
