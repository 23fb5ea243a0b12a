"""Saving a draft many times drops none of the acts that sending and correcting it depend on."""

from __future__ import annotations

import pytest

from chalicelib.domain.actions import (
    CORRECTED,
    CREATED,
    EDITED,
    MAX_ACTIONS,
    REMINDER_REFUSED,
    SEND_REFUSED,
    SEND_REQUESTED,
    SENT_BY_POM,
    Action,
    within_limit,
)


def saves(number: int) -> list[Action]:
    return [Action(at, EDITED, "user_office") for at in range(number)]


@pytest.mark.parametrize("kind", [CREATED, SEND_REFUSED, SENT_BY_POM, CORRECTED])
def test_acts_other_than_saves_are_kept_before_and_after_any_number_of_saves(kind: str) -> None:
    first, last = Action(0, kind, "first"), Action(9, kind, "last")
    remaining = within_limit((first, *saves(MAX_ACTIONS + 5), last))
    assert (remaining[0], remaining[-1], len(remaining)) == (first, last, MAX_ACTIONS)


def test_the_oldest_saves_are_dropped_first() -> None:
    remaining = within_limit(saves(MAX_ACTIONS + 1))
    assert [remaining[0].at, remaining[-1].at] == [1, MAX_ACTIONS]


def test_the_latest_request_to_send_is_never_dropped() -> None:
    requests = [Action(at, SEND_REQUESTED, "user_office") for at in range(MAX_ACTIONS)]
    remaining = within_limit((*requests, *saves(MAX_ACTIONS)))
    assert [act for act in remaining if act.kind == SEND_REQUESTED] == [requests[-1]]
    assert len(remaining) == MAX_ACTIONS


def test_refusals_to_send_are_never_dropped() -> None:
    refusals = tuple(Action(at, SEND_REFUSED) for at in range(MAX_ACTIONS + 1))
    assert within_limit(refusals) == refusals


def test_refused_reminders_are_dropped_for_later_acts() -> None:
    refusals = [Action(at, REMINDER_REFUSED) for at in range(MAX_ACTIONS)]
    remaining = within_limit((*refusals, Action(5000, CORRECTED)))
    assert (len(remaining), remaining[-1].kind, remaining[0].at) == (MAX_ACTIONS, CORRECTED, 1)
