"""The system's time and randomness."""

from __future__ import annotations

import random
import secrets
import time


class SystemClock:
    """Implements `Clock` with the clock of the machine."""

    def now(self) -> int:
        """Returns epoch seconds UTC."""
        return int(time.time())

    def milliseconds(self) -> int:
        """Returns epoch milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        """Waits for this many seconds."""
        time.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Waits for a random time between half and one and a half times `seconds`."""
        time.sleep(seconds * random.uniform(0.5, 1.5))  # nosec B311

    def nonce(self) -> str:
        """Returns 192 random bits as 32 characters that are safe in a URL."""
        return secrets.token_urlsafe(24)
