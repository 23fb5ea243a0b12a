"""Behaviour of real Stripe accounts and reports of real users. Each is a small file in `cases/`, named by the report.

`docs/field.md` lists the kinds. A fault that is found outside becomes a case here before it is fixed.
"""

from __future__ import annotations

import pytest

from tests.api.client import ApiClient
from tests.field.play import CASES, Case, Play, differences
from tests.world import World

ALL = [Case(path) for path in sorted(CASES.glob("*.json"))]
PLAYED = [pytest.param(case, version, id=f"{case.name}-{version}") for case in ALL for version in case.versions]
BY_HAND = {"mark_paid", "record_payment", "paid_in_cash_in_stripe"}
"""Steps in which money is paid outside Stripe."""
PAID_OUTSIDE = [case for case in ALL if BY_HAND & {name for step in case.steps for name in step}]


@pytest.mark.parametrize(("case", "version"), PLAYED)
def test_pom_returns_what_the_case_expects(case: Case, version: str, world: World, api: ApiClient) -> None:
    play = Play(world, api, version, case.account)
    play.play(case.steps)
    wrong = differences(case.expected, play.shown())
    assert not wrong, "\n".join([case.report, *wrong])


@pytest.mark.parametrize("case", PAID_OUTSIDE, ids=lambda case: str(case.name))
def test_pom_returns_the_same_on_accounts_with_amount_paid_off_stripe(
    case: Case, world: World, api: ApiClient
) -> None:
    play = Play(world, api, case.versions[-1], {**case.account, "tells_paid_outside": True})
    play.play(case.steps)
    assert not differences(case.expected, play.shown()), case.report


def test_each_case_has_its_own_sentence() -> None:
    said = [case.report for case in ALL]
    assert len(said) == len(set(said))
