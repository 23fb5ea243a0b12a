"""The money of one account: its pending and available balance transactions, and those in payouts."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]


class Funds:
    """Balance transactions that are pending, available, or lines of an automatic payout. All sums are net of fees."""

    def __init__(self) -> None:
        self._pending: dict[int, list[JSON]] = {}
        self._available: dict[str, list[JSON]] = {}
        self._lines: dict[str, list[JSON]] = {}

    def add(self, transaction: JSON, now: int) -> bool:
        """Adds a new transaction. Returns True if no other pending transaction has the same `available_on`."""
        available_on = transaction["available_on"]
        if available_on <= now:
            self._release(transaction)
            return False
        first = available_on not in self._pending
        self._pending.setdefault(available_on, []).append(transaction)
        return first

    def mature(self, now: int) -> None:
        """Makes the transactions available that were pending until now or earlier."""
        for available_on in sorted(m for m in self._pending if m <= now):
            for transaction in self._pending.pop(available_on):
                self._release(transaction)

    def available(self, currency: str) -> int:
        """Returns the amount that can be paid out, in minor units; negative if the account owes Stripe money."""
        return sum(each["net"] for each in self._available.get(currency, ()))

    def pending(self, currency: str) -> int:
        """Returns the amount that is not available yet, in minor units."""
        transactions = (each for available_on in self._pending.values() for each in available_on)
        return sum(each["net"] for each in transactions if each["currency"] == currency)

    def currencies(self) -> list[str]:
        """Returns the currencies of the pending and the available transactions."""
        pending = {each["currency"] for available_on in self._pending.values() for each in available_on}
        return sorted(pending | self._available.keys())

    def take(self, currency: str, payout: str) -> None:
        """Makes all available transactions of a currency the lines of a payout."""
        self._lines[payout] = self._available.pop(currency, [])

    def lines(self, payout: str) -> list[JSON]:
        """Returns the lines of an automatic payout, including the payout's own transaction."""
        return self._lines.get(payout, [])

    def _release(self, transaction: JSON) -> None:
        transaction["status"] = "available"
        self._available.setdefault(transaction["currency"], []).append(transaction)
