"""AWS's list prices, from `prices.json`, which has their dates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("prices.json")


class Price(msgspec.Struct, frozen=True):
    """`dollars` for each `per` units; `unit` names the unit, and `source` is the page that states the price."""

    dollars: float
    per: int
    unit: str
    source: str

    def of(self, amount: float) -> float:
        """Returns the dollars for an amount of the unit."""
        return amount * self.dollars / self.per


class PriceList(msgspec.Struct, frozen=True):
    """The prices of one region in one month."""

    as_of: str
    region: str
    note: str
    prices: Mapping[str, Price]


def price_list() -> PriceList:
    """Returns the price list in this repository."""
    return msgspec.json.decode(FILE.read_bytes(), type=PriceList)
