"""The published changes are exactly the stored ones: for stories in several orders, and for a simulated town with
faults.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.domain.history import Source
from chalicelib.usecases.events.receive_event import receive_event
from tests.fakes import FakePorts
from tests.proofs import publishing
from tests.proofs.ledger import recorded
from tests.proofs.published_oracle import differences_told, expected
from tests.properties.stories import STORIES_OF_MONEY, copy_database, tell

ORDERS = 6


@pytest.mark.parametrize("story", STORIES_OF_MONEY)
def test_each_version_publishes_exactly_its_changes(story: Any) -> None:
    tale = tell(story)
    rng = random.Random(story.__name__)
    for order in (
        tale.events,
        tale.within_one_second,
        *(rng.sample(tale.partly_listed(rng), len(tale.events)) for _ in range(ORDERS)),
    ):
        ports = FakePorts(
            stripe=tale.ports.stripe, database=copy_database(tale.ports.database), clock=tale.ports.clock
        )
        ledger = recorded(ports.database, ports.clock)
        for event in order:
            receive_event(event, Source.WEBHOOK, ports)
        assert set(differences_told(ledger)) == set(expected(ledger)), [event.type for event in order]


def test_despite_faults_exactly_the_stored_changes_of_a_town_are_published() -> None:
    faults = publishing.run_town(3)
    assert faults.faults == []
    assert faults.figures["published"] > 20
    assert faults.figures["kill_before"] + faults.figures["kill_after"] > 0


def test_exactly_the_stored_changes_of_a_town_with_drafts_are_published() -> None:
    faults = publishing.run_town(2)
    assert faults.faults == []
    assert faults.figures["drafts changed"] > 0


def test_a_worker_killed_at_any_call_publishes_the_remaining_changes_when_repeated() -> None:
    faults = publishing.killed_everywhere(1, 3)
    assert faults.faults == []
    assert faults.figures["deaths"] == 3
