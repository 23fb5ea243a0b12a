"""Time and chance from the machine."""

from __future__ import annotations

import random
import secrets
import time


class SystemClock:
    """The clock of the machine it runs on."""

    def now(self) -> int:
        """Epoch seconds UTC."""
        return int(time.time())

    def milliseconds(self) -> int:
        """Epoch milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Wait for about so long: by chance from half of it to one and a half."""
        time.sleep(seconds * random.uniform(0.5, 1.5))  # nosec B311

    def nonce(self) -> str:
        """192 random bits, as 32 letters that fit into a URL."""
        return secrets.token_urlsafe(24)
