"""What a disaster's rehearsal claims; `test_restoring` plays it on the embedded DynamoDB, tests/real on Amazon's."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.errors import Conflict
from tests.backends import Aws
from tests.ops.rehearsed_town import BLUE, GREEN, HOUR, LEAVER, NEWCOMER, RehearsedTown
from tests.ops.rehearsing import Rehearsal

COPIED_EARLIER = ("claims", "payments", "payment-refs", "events")
"""AWS Backup copies each table at a time of its own. These are the worst to be early: they guard the others."""
DAY = 24 * HOUR


def rehearse(
    aws: Aws, seed: int, patch: pytest.MonkeyPatch, screen: Any, *, deeds: tuple[int, int], apart: bool, lost: bool
) -> Rehearsal:
    """A town's tables are copied, business goes on, the tables are lost or damaged, and the run book is followed.

    `deeds` are so many before and after the copying. With `apart`, tables are copied hours from each other. Without
    `lost`, the tables still hold what came after the copying.
    """
    town = RehearsedTown(seed)
    rehearsal = Rehearsal(town, aws.prefix, patch, screen)
    town.goes_on(deeds[0])
    if apart:
        rehearsal.copies_tables(COPIED_EARLIER)
        town.goes_on(deeds[0] // 2)
    rehearsal.copies_tables([name for name in NAMES.values() if name not in rehearsal.copies])
    asked, delivered = len(town.requests), len(town.delivered)

    town.goes_on(deeds[1])
    town.joins(NEWCOMER)
    town.bills(NEWCOMER, ("svc_new",), send=True)
    town.leaves(LEAVER)
    town.deliver()
    town.work()
    assert town.billed_twice() == []
    billed, refunded = town.billed(), town.refunded()

    rehearsal.restores_copies()
    if lost:
        rehearsal.loses_tables()
    told = rehearsal.follows_the_run_book()
    _went_well(told)
    _nobody_is_billed_twice(town, asked, delivered)
    _the_newcomer_is_not_billed_twice(rehearsal)

    town.advance(DAY)
    town.deliver()
    for organization in (BLUE, GREEN, NEWCOMER):
        town.sweep(organization)
    town.work()
    assert town.billed_twice() == []
    assert town.billed().keys() >= billed.keys()
    # An order that was refused before may be carried out when somebody asks again, but none is carried out twice.
    refunded_since = town.refunded() - refunded
    assert town.refunded() >= refunded
    assert [order for order, times in refunded_since.items() if times > 1 or order in refunded] == []
    assert town.differences() == []
    assert town.wrong_tallies() == []
    return rehearsal


def _went_well(told: list[tuple[list[str], int, Any]]) -> None:
    """All commands did, but for the organization whose account cannot be reached any more."""
    said = [(words, each) for words, _, document in told for each in document.get("failures", ())]
    assert [(words, each) for words, each in said if LEAVER not in each] == []
    documents = {words[0]: document for words, _, document in told}
    assert documents["backfill"]["invoices"] == [], "the last backfill of the run book finds nothing left to do"
    assert documents["tie-out"]["differences"] == []
    assert {each["parked"] for each in documents["reconcile"]["reconciled"]} == {0}


def _nobody_is_billed_twice(town: RehearsedTown, asked: int, delivered: int) -> None:
    assert town.frozen() == dict.fromkeys((BLUE, GREEN, LEAVER), False)
    assert town.bills_everything_again(BLUE) + town.bills_everything_again(GREEN) == []
    refusals = list(town.asks_all_again(asked))
    assert "idempotency_key_reused" in refusals
    town.delivers_old_messages_again(delivered)
    town.resume()
    town.advance(DAY + HOUR)  # Stripe has forgotten all idempotency keys
    town.resume()
    assert town.billed_twice() == []


def _the_newcomer_is_not_billed_twice(rehearsal: Rehearsal) -> None:
    """Nothing of it is in the copies. It connects again, and is frozen until its records are back."""
    town = rehearsal.town
    town.connect(NEWCOMER, town.accounts[NEWCOMER])
    town.saves_customers(NEWCOMER)
    with pytest.raises(Conflict, match=r"We restore data"):
        town.bills(NEWCOMER, ("svc_new",), send=True)
    status, document = rehearsal.does("backfill", NEWCOMER, "--since", "35d")
    assert (status, document["organizations"][0]["recreated"]) == (0, 1)
    assert rehearsal.does("unfreeze", NEWCOMER)[0] == 0
    assert town.bills_everything_again(NEWCOMER) == []
