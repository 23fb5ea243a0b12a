"""Stripe-like ids and secrets from the double's seeded generator: the same seed gives the same ids."""

from __future__ import annotations

import random
import string

_ALPHABET = string.ascii_letters + string.digits


class Ids:
    """Draws ids. Call its methods only while you hold the world's lock."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def new(self, prefix: str, size: int = 24) -> str:
        """Returns `<prefix>_` and `size` letters and digits."""
        return f"{prefix}_{self.token(size)}"

    def token(self, size: int) -> str:
        """Returns letters and digits."""
        return "".join(self._rng.choices(_ALPHABET, k=size))

    def account(self) -> str:
        """Returns an account id."""
        return f"acct_1{self.token(15)}"

    def invoice_prefix(self) -> str:
        """Returns eight capital letters and digits, with which a customer's invoice numbers begin."""
        return "".join(self._rng.choices(string.ascii_uppercase + string.digits, k=8))
