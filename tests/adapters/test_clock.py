"""The system clock and random values."""

from __future__ import annotations

import re
import time

from chalicelib.adapters.clock import SystemClock


def test_now_is_the_current_epoch_second() -> None:
    assert isinstance(SystemClock().now(), int)
    assert abs(SystemClock().now() - time.time()) < 2


def test_nonces_are_long_distinct_and_safe_in_a_url() -> None:
    nonces = {SystemClock().nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", nonce) for nonce in nonces)
