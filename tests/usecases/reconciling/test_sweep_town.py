"""Tests the sweeps of two hundred organizations over some hours. `make bench` measures ten thousand organizations."""

from __future__ import annotations

import pytest

from tests.bench.sweep_town import KINDS, TICK, Town, live, share_of_reads

HOURS = 6


@pytest.fixture(scope="module")
def town() -> Town:
    town = Town(200)
    town.lived = live(town, HOURS * 3600)  # type: ignore[attr-defined]
    return town


def test_every_due_organization_is_swept_within_one_period(town: Town) -> None:
    assert max(town.lived.due_to_done) < TICK  # type: ignore[attr-defined]
    now = town.clock.now()
    assert all(now - each.connection.sweep.swept_until < 6 * 3600 + TICK for each in town.companies.values())


def test_sweeps_stay_below_stripes_read_limits(town: Town) -> None:
    assert all(share_of_reads(town, kind, HOURS * 3600)[1] < 0.8 for kind in KINDS)


def test_idle_accounts_are_swept_rarely_and_busy_accounts_at_every_plan(town: Town) -> None:
    runs = town.lived.by_kind  # type: ignore[attr-defined]
    of_kind = {kind.name: runs[kind.name] / (200 * kind.share * HOURS) for kind in KINDS}
    assert of_kind["bills every day"] == pytest.approx(6, abs=0.7)
    assert of_kind["idle"] < 0.5


def test_comparisons_of_objects_are_spread_over_the_day(town: Town) -> None:
    assert town.lived.comparisons == pytest.approx(200 * HOURS / 24, rel=0.4)  # type: ignore[attr-defined]
