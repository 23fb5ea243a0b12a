"""Whole sandbox runs: changes of the double are named, unchanged ones show nothing, killed runs leave nothing."""

from __future__ import annotations

import pytest

from infra.sandbox import proving
from infra.sandbox.changes.change import Change
from infra.sandbox.changes.every import CHANGES
from infra.sandbox.cleaning import clean
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.every import STORIES
from tests.sandbox.shared_accounts import foreign_objects, killed, laboratory, new_double, open_things, stored

pytestmark = pytest.mark.proof

DOUBLES = dict(proving.unchanged_doubles())
IN_A_WHOLE_RUN = [each for each in CHANGES if each.names.name != "payouts later"][::14]
"""Some of those that tests/sandbox/test_changes.py has. A run on the day itself does not play the story left out."""
EVERY = 16
"""The run is killed at one request in so many; tests/sandbox/test_cleaning.py takes each request of a shorter run."""


@pytest.mark.parametrize("name", DOUBLES)
def test_no_seed_and_no_version_of_an_account_shows_a_difference(name: str) -> None:
    assert proving.unexpected(DOUBLES[name]()) == []


@pytest.mark.parametrize("change", IN_A_WHOLE_RUN, ids=lambda change: change.name)
def test_a_whole_run_names_a_change(change: Change) -> None:
    assert proving.prove_one(change, proving.WHOLE).named


A_DEBIT_ENDS = 10
"""Seconds. Until then Stripe voids no invoice whose debit is under way; the first cleaning gives it up."""


def all_stories(lab: Laboratory) -> None:
    for story in STORIES:
        with lab.recorder.during(story.name):
            story.play(lab)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_next_run_ends_what_was_left_wherever_the_stories_were_killed(before: bool) -> None:
    double, account = new_double()
    counting = laboratory(double, account)
    all_stories(counting)
    assert counting.budget.used > 100
    for at in range(1, counting.budget.used + 1, EVERY):
        double, account = new_double()
        foreign = foreign_objects(double, account)
        others = stored(double, account, foreign)
        killed(double, account, all_stories, at, before, "00000001")
        assert clean(laboratory(double, account, "00000002")).left == [], at
        double.advance(A_DEBIT_ENDS)
        assert clean(laboratory(double, account, "00000003")).left == [], at
        assert open_things(double, account, foreign) == [], at
        assert stored(double, account, foreign) == others, at
