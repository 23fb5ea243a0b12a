"""How often an account is swept (read again from Stripe), and when its objects are compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.sweep import EventsSwept, ObjectsSwept, PayoutsSwept, Sweep, SyncReport

NOW = 1_800_000_000
DAY = 86400
ORGANIZATION = OrganizationId("org_1")
CALM = Sweep(swept_until=NOW - 600, objects_swept_at=NOW)


def after(sweep: Sweep, now: int = NOW, **findings: int) -> Sweep:
    return sweep.done(ORGANIZATION, SyncReport(now, **findings))


def intervals(sweep: Sweep) -> set[int]:
    """Returns the seconds between two runs at several times of day; the daily comparison may make one shorter."""
    return {after(sweep, NOW + hour * 3600).due_at - NOW - hour * 3600 for hour in range(24)}


@pytest.mark.parametrize("finding", ["recovered", "corrected", "parked", "payouts"])
def test_an_account_with_missed_events_is_swept_every_ten_minutes(finding: str) -> None:
    assert after(CALM, **{finding: 1}).due_at == NOW + 600


@pytest.mark.parametrize(
    ("sweep", "seconds"),
    [
        (replace(CALM, happened_at=NOW - DAY + 1), 600),
        (replace(CALM, happened_at=NOW - DAY), 3600),
        (replace(CALM, happened_at=NOW - 7 * DAY + 1), 3600),
        (replace(CALM, happened_at=NOW - 7 * DAY), 6 * 3600),
        (replace(CALM, happened_at=NOW - 7 * DAY, expecting=True), 3600),
        (replace(CALM, happened_at=NOW - 7 * DAY, catching_up=True), 600),
        (replace(CALM, happened_at=NOW - 7 * DAY, objects_due=True), 600),
    ],
)
def test_the_longer_an_account_is_idle_the_less_often_it_is_swept(sweep: Sweep, seconds: int) -> None:
    assert after(sweep).due_at == NOW + seconds


def test_an_idle_account_is_swept_when_its_comparison_is_due() -> None:
    gaps = intervals(replace(CALM, happened_at=0))
    assert max(gaps) == 6 * 3600
    assert sum(gap < 6 * 3600 for gap in gaps) <= 6


def test_objects_are_compared_once_a_day() -> None:
    swept, compared = CALM, []
    for tick in range(NOW, NOW + 10 * DAY, 600):
        is_due = swept.should_compare_objects(ORGANIZATION, tick)
        if is_due:
            compared.append(tick)
        swept = swept.done(ORGANIZATION, SyncReport(tick), objects=ObjectsSwept() if is_due else None)
    assert len(compared) == 10
    assert {later - earlier for earlier, later in pairwise(compared)} == {DAY}


def test_the_organizations_daily_comparisons_are_spread_over_the_day() -> None:
    began = Counter(
        next(
            tick
            for tick in range(600, DAY + 600, 600)
            if CALM.should_compare_objects(OrganizationId(f"org_{n}"), NOW + tick)
        )
        for n in range(2880)
    )
    assert len(began) == 144
    assert max(began.values()) < 3 * 2880 / 144


def test_a_comparison_of_several_runs_resumes_immediately_and_ends_once() -> None:
    before = replace(CALM, objects_swept_at=NOW - DAY, objects_due=True)
    first = before.done(ORGANIZATION, SyncReport(NOW), objects=ObjectsSwept(before=NOW - 500, expecting=True))
    assert (first.objects_before, first.objects_swept_at, first.due_at) == (NOW - 500, NOW - DAY, NOW)
    assert first.objects_due
    assert first.should_compare_objects(ORGANIZATION, NOW + 1)
    last = first.done(ORGANIZATION, SyncReport(NOW + 9), objects=ObjectsSwept())
    assert (last.objects_before, last.objects_swept_at, last.expecting) == (None, NOW + 9, True)
    assert not last.objects_due
    assert not last.done(ORGANIZATION, SyncReport(NOW + 99), objects=ObjectsSwept()).expecting


def test_an_account_with_new_work_is_swept_soon() -> None:
    idle = replace(CALM, due_at=NOW + 5000)
    assert not idle.is_due_soon(NOW)
    woken = idle.with_run_due_soon(NOW)
    assert woken.is_due_soon(NOW)
    assert after(woken, NOW + 600).due_at == NOW + 1200


def test_the_delay_of_a_sweep_counts_from_its_due_time() -> None:
    idle = replace(CALM, swept_until=NOW, due_at=NOW + 6 * 3600)
    assert not idle.late(NOW + 6 * 3600 + 3000)
    assert idle.late(NOW + 6 * 3600 + 3001)


def test_missed_events_are_remembered_until_the_account_is_connected_again() -> None:
    with_missed = CALM.done(ORGANIZATION, SyncReport(NOW, recovered=2), events=EventsSwept(missed_at=NOW - 300))
    assert (with_missed.missed_at, with_missed.missed_found_at, with_missed.missed_just_now) == (NOW - 300, NOW, True)
    calm = after(with_missed, NOW + 600)
    assert (calm.missed_at, calm.missed_found_at, calm.missed_just_now) == (NOW - 300, NOW, False)
    older = calm.done(ORGANIZATION, SyncReport(NOW + 900, recovered=1), events=EventsSwept(missed_at=NOW - 9000))
    assert (older.missed_at, older.missed_just_now) == (NOW - 300, True)
    again = older.resumed(NOW + 1000)
    assert (again.missed_at, again.missed_just_now) == (0, False)


def run(sweep: Sweep, *, objects: ObjectsSwept | None = None, payouts: PayoutsSwept | None = None) -> Sweep:
    return sweep.done(ORGANIZATION, SyncReport(NOW), objects=objects, payouts=payouts)


def test_payouts_are_compared_after_the_other_objects() -> None:
    quiet = replace(CALM, happened_at=NOW - 30 * DAY)
    compared = run(quiet, objects=ObjectsSwept())
    assert (compared.payouts_due, compared.payouts_swept_at, compared.due_at) == (True, 0, NOW + 600)
    swept = run(compared, payouts=PayoutsSwept())
    assert (swept.payouts_due, swept.payouts_swept_at) == (False, NOW)
    assert swept.due_at > NOW + 600


def test_fees_left_for_another_run_are_resumed_immediately() -> None:
    unfinished = run(CALM, objects=ObjectsSwept(), payouts=PayoutsSwept(fees_before=NOW - DAY))
    assert (unfinished.payouts_due, unfinished.fees_before, unfinished.payouts_swept_at, unfinished.due_at) == (
        True,
        NOW - DAY,
        0,
        NOW,
    )
    finished = run(unfinished, payouts=PayoutsSwept())
    assert (finished.payouts_due, finished.fees_before, finished.payouts_swept_at) == (False, None, NOW)


def test_a_missed_payout_counts_as_missed_and_not_as_a_corrected_invoice() -> None:
    swept = after(replace(CALM, happened_at=NOW - 30 * DAY), payouts=1)
    assert (swept.recovered, swept.corrected, swept.due_at) == (1, 0, NOW + 600)


def test_a_reconnected_account_looks_for_fees_from_the_beginning() -> None:
    assert replace(CALM, fees_before=NOW - DAY).resumed(NOW).fees_before is None
