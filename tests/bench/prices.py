"""AWS's list prices, from `prices.json`, which has their dates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("prices.json")


class Price(msgspec.Struct, frozen=True):
    """`dollars` for each `per` of what `unit` names; `source` is the page that says so."""

    dollars: float
    per: int
    unit: str
    source: str

    def of(self, amount: float) -> float:
        """Dollars for so much of it."""
        return amount * self.dollars / self.per


class PriceList(msgspec.Struct, frozen=True):
    """As of a month, in one region."""

    as_of: str
    region: str
    note: str
    prices: Mapping[str, Price]


def price_list() -> PriceList:
    """The list that this repository holds."""
    return msgspec.json.decode(FILE.read_bytes(), type=PriceList)
