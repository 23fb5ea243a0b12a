"""Amounts as a person types them."""

from __future__ import annotations

import re

from ..objects.money import decimals
from .visit import InvalidInput

_NUMBER = re.compile(r"^(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.([0-9]*))?$")


def minor_units(entered: str, currency: str) -> int:
    """Returns the minor units of an amount such as `1,200.50`. Raises InvalidInput if it is no amount of the
    currency.
    """
    number = entered.strip()
    match = _NUMBER.match(number)
    if match is None:
        raise InvalidInput(f"Enter an amount such as {decimal_text(12_345, currency)}.", "amount")
    digits, fraction = decimals(currency), match.group(1) or ""
    if len(fraction) > digits:
        decimals_allowed = f"at most {digits} decimals" if digits else "no decimals"
        raise InvalidInput(f"An amount of {currency.upper()} has {decimals_allowed}.", "amount")
    amount = int(number.partition(".")[0].replace(",", "") + fraction.ljust(digits, "0"))
    if amount == 0:
        raise InvalidInput("The amount must be more than zero.", "amount")
    return amount


def decimal_text(amount: int, currency: str) -> str:
    """Returns minor units as a person types them, such as `75.00`."""
    digits = decimals(currency)
    units, fraction = divmod(amount, 10**digits)
    return f"{units}.{fraction:0{digits}d}" if digits else str(units)
