"""What a run costs: its requests, by story and part, and the seconds that it waits at least."""

from __future__ import annotations

from infra.sandbox import proving
from infra.sandbox.client import CLEANUP_REQUESTS, MAX_REQUESTS
from infra.sandbox.promises.timing import SIMULTANEOUS_REQUESTS
from infra.sandbox.running import MIN_WAIT_SECONDS, run
from infra.sandbox.stories.registry import STORIES

STORIES_COST, PROMISES_COST, PRODUCT_COST, CLEANING_COST = 170, 65, 118, 17
"""Requests at most, if all that is waited for is there at the first look. Those of the product are held by
test_product.py."""


def test_the_limit_is_enough_for_a_whole_run_with_the_product() -> None:
    assert STORIES_COST + PROMISES_COST + SIMULTANEOUS_REQUESTS + PRODUCT_COST + CLEANING_COST <= MAX_REQUESTS
    assert CLEANING_COST <= CLEANUP_REQUESTS


def test_stories_promises_and_cleanup_stay_within_their_shares_of_the_requests() -> None:
    session = proving.new_session(proving.new_double())
    waited: list[float] = []
    passes = session.target.pass_time
    session.target.pass_time = lambda seconds: (waited.append(seconds), passes(seconds))[1]  # type: ignore[method-assign]
    done = run(session, proving.WHOLE_PLAN)
    by_part = dict(done.by_part)
    assert sum(by_part.values()) == done.requests
    promises, cleaning = by_part.pop("promises"), by_part.pop("cleaning")
    assert {each.name for each in STORIES if not each.later} <= set(by_part)
    assert sum(by_part.values()) <= STORIES_COST
    assert promises - SIMULTANEOUS_REQUESTS <= PROMISES_COST
    assert cleaning <= CLEANING_COST
    assert sum(waited) <= MIN_WAIT_SECONDS
