"""The demo's own clock."""

from __future__ import annotations

from typing import Any

import pytest

from infra.demo.acts.scene import DAY, LATE, Scene
from infra.local.cloudwatch.clock import SkippingClock

MIDNIGHT = 20_000 * DAY


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (MIDNIGHT - 1, MIDNIGHT + 1),
        (MIDNIGHT - LATE + 1, MIDNIGHT + 1),
        (MIDNIGHT - LATE, MIDNIGHT - LATE),
        (MIDNIGHT, MIDNIGHT),
    ],
)
def test_payments_of_the_first_acts_are_of_one_day_in_utc(begins: int, goes_on: int) -> None:
    nobody: Any = None
    scene = Scene(nobody, SkippingClock(lambda: begins), nobody, nobody, nobody, nobody, nobody)

    scene.begins_well_before_midnight()

    assert scene.clock.now() == goes_on
