"""Complete sandbox runs report changes of the double, report nothing on an unchanged one, and clean up after a
crash.
"""

from __future__ import annotations

import pytest

from infra.sandbox import proving
from infra.sandbox.changes.change import Change
from infra.sandbox.changes.registry import CHANGES
from infra.sandbox.cleanup import clean
from infra.sandbox.session import Session
from infra.sandbox.stories.registry import STORIES
from tests.sandbox.shared_accounts import (
    foreign_objects,
    new_double,
    new_session,
    open_objects_of_run,
    run_until_killed,
    stored_objects,
)

pytestmark = pytest.mark.proof

DOUBLES = dict(proving.unchanged_doubles())
IN_A_WHOLE_RUN = [each for each in CHANGES if each.expected.name != "payouts later"][::14]
"""Some of the changes in tests/sandbox/test_changes.py. One story is left out, because a run on the same day does not
play it.
"""
EVERY = 16
"""The run is killed at one request in this number; tests/sandbox/test_cleanup.py takes each request of a shorter
run.
"""


@pytest.mark.parametrize("name", DOUBLES)
def test_an_unchanged_double_of_any_seed_and_version_shows_no_difference(name: str) -> None:
    assert proving.differing_findings(DOUBLES[name]()) == []


@pytest.mark.parametrize("change", IN_A_WHOLE_RUN, ids=lambda change: change.name)
def test_a_complete_run_reports_a_change_of_the_double(change: Change) -> None:
    assert proving.prove_one(change, proving.WHOLE_PLAN).finding


A_DEBIT_ENDS = 10
"""The seconds in which Stripe voids no invoice with a debit under way. The first cleaning leaves that invoice."""


def all_stories(session: Session) -> None:
    for story in STORIES:
        with session.recorder.during(story.name):
            story.play(session)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_next_run_cleans_up_after_a_run_killed_at_any_request(before: bool) -> None:
    double, account = new_double()
    counting = new_session(double, account)
    all_stories(counting)
    assert counting.budget.used > 100
    for at in range(1, counting.budget.used + 1, EVERY):
        double, account = new_double()
        foreign = foreign_objects(double, account)
        others = stored_objects(double, account, foreign)
        run_until_killed(double, account, all_stories, at, before, "00000001")
        assert clean(new_session(double, account, "00000002")).remaining == [], at
        double.advance(A_DEBIT_ENDS)
        assert clean(new_session(double, account, "00000003")).remaining == [], at
        assert open_objects_of_run(double, account, foreign) == [], at
        assert stored_objects(double, account, foreign) == others, at
