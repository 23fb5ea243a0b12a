"""Crashes at any outward call, and Stripe's failures, for the tests of work that must be resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.domain.saga import LEASE
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.world import World

SOON, NEXT_DAY = LEASE + 1, 25 * 3600
GAPS = pytest.mark.parametrize("gap", [SOON, NEXT_DAY], ids=["resumed_soon", "resumed_after_a_day"])
BEFORE_AND_AFTER = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])

FAULTS: list[dict[str, Any]] = [
    {"kind": "close_before"},
    {"kind": "close_after"},
    {"kind": "error_before"},
    {"kind": "error_before", "stored": True},
    {"kind": "error_after"},
    {"kind": "rate_limit"},
    {"kind": "lock_timeout"},
    {"kind": "conflict"},
]
EACH_FAULT = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))


def at_each_call(calls: Sequence[str]) -> pytest.MarkDecorator:
    """Returns the mark that runs a test once with the `number` of each outward call."""
    return pytest.mark.parametrize("number", range(len(calls)), ids=[f"{n}-{c}" for n, c in enumerate(calls)])


def crash(world: World, number: int, act: Callable[[], object], *, after: bool) -> None:
    """Runs `act` until the process dies, before or after the outward call of this number."""
    count_calls(world, fatal=number, after=after)
    with pytest.raises(ProcessKilled):
        act()
    stop_counting(world)
