"""A stored row of money is never removed; its status changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from chalicelib.domain.movements import MovementKind, movements
from tests.properties.stories import (
    STORIES,
    Payer,
    debit_that_fails_late,
    debit_under_way,
    failed_once,
    tell,
)


def payments(story: Callable[[Payer], None]) -> list[tuple[str, int]]:
    """Returns the status and the counted amount of each payment that has a row at the end of a story."""
    invoice, _ = tell(story).replay(tell(story).events)
    rows = [row for row in movements(invoice) if row.kind is MovementKind.PAYMENT]
    return [(row.status, row.counted) for row in rows]


def test_a_pending_debit_does_not_count_yet() -> None:
    assert payments(debit_under_way) == [("pending", 0)]


def test_a_failed_debit_keeps_its_row_as_failed() -> None:
    assert payments(debit_that_fails_late) == [("failed", 0)]


def test_a_declined_card_moved_no_money_and_has_no_row() -> None:
    assert payments(failed_once) == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_no_event_removes_a_row(story: Callable[[Payer], None]) -> None:
    tale = tell(story)
    prefixes = [tale.replay(tale.events[:count])[0] for count in range(len(tale.events) + 1)]
    for before, after in itertools.pairwise(prefixes):
        assert {row.id for row in movements(before)} <= {row.id for row in movements(after)}


def test_a_returned_debit_of_a_revised_invoice_keeps_its_row_without_a_known_charge() -> None:
    def came_back_then_revised(payer: Payer) -> None:
        debit_that_fails_late(payer)
        payer.owner_revises()

    tale = tell(came_back_then_revised)
    invoice, _ = tale.replay([event for event in tale.events if not event.type.startswith("charge.")])

    assert [(row.status, row.counted) for row in movements(invoice)] == [("failed", 0)]
