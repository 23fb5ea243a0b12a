"""Schedules that once failed, each with its fault; they must hold."""

from __future__ import annotations

import pytest

from tests.proofs.conservation import run
from tests.proofs.stage import Action

pytestmark = pytest.mark.proof

SCHEDULES = {
    "a parked event of another system was retried permanently": (39, "create.481306-,deliver.332048,"
        "customer_in_dashboard.545052-,deliver.713013-"),
    "a payment that a reminder brought had no reference, so its refund was unmatched": (138, "create.339562-,"
        "customer_in_dashboard.495841-,remind.436549,pay.679641-,edit_customer.410315-,resend.369310-,pay.355282-,"
        "refund.896291-"),
    "a draft deleted before POM stored it left a second one behind": (201, "create.628397,wait.293077-,"
        "in_dashboard.432764-"),
    "a dispute of a payment without events was not found": (141, "create.397173-,create.270391-,"
        "create.965448-,in_dashboard.561164-,never_generated.322845-,pay.317606-"),
    "the failure reason of an invoice paid in parts depended on the read": (102, "create.23485,create.845865-,"
        "send.870045-,sweep.247735-,cash.166517-,pay.63332-,pay.749212-,settle_debit.158238-"),
    "a part without an attempt hid the reason why another part had failed": (
        475, "work.93024-,create.515006-,remind.691958-,"
        "pay.405134-"),
    "a failed debit lost its row when its invoice was revised": (73, "create.860645-,pay.363255-,"
        "never_generated.656545-,settle_debit.487391-,revise.157-"),
    "a part that had failed made another part, which was under way, look failed": (229, "create.46166,pay.582326,"
        "wait.121306,pay.355309"),
    "a payment had an event and its intent and charge had none, so the paid invoice had no row": (155,
        "create.329903-,create.451790-,never_generated.174501-,revise.643979-,deliver.385770-,reconnect.154637-,"
        "pay.849497-,create.204193-,account_business.712457-"),
    "of two failed parts, the one that was read last counted as the last to fail": (60, "create.584581-,"
        "pay.722684-,deliver.711906-,verification.840870-,wait.284692-,pay.229611-"),
    "declined cards replaced a failed debit, whose row was no payment of the invoice any more": (1708,
        "create.518778-,pay.279204-,settle_debit.947417-,pay.720479-,pay.21769-,pay.639446-,pay.521300-,"
        "pay.367174-,settle_debit.998949-"),
    "the log had the deletion of a draft that POM had not stored, and the proof assigned it to another invoice": (
        1252,
        "create.123078,create.336328,create.312522-,create.395131-,create.858546-,create.238419,pay.699698-,"
        "correct.357797,plan_mails.647888-,refresh.846002-,deliver.895836-,dispute.657507-,create.716117,"
        "wait.970526-,in_dashboard.398362-,deliver.63853-,disconnect.266687-,deliver.694734-"),
    "a draft without a response stays on a replaced account, and the proof counted it as lost": (
        920082, "begin.713379-,begin.240721,grant.394347-,pay.392983-,complete.768657-,create.960006"),
}  # fmt: skip
"""Each fault, with the town's seed and the shortest schedule that showed it."""


@pytest.mark.parametrize("found", SCHEDULES)
def test_a_schedule_that_once_failed_holds(found: str) -> None:
    seed, schedule = SCHEDULES[found]
    actions = [Action.parse(text) for text in schedule.split(",")]
    assert run(seed, actions, plain=True).violation is None
    assert run(seed, actions).violation is None


@pytest.mark.parametrize("seed", [6, 9, 39, 102, 136, 138, 141, 147, 165, 174, 201])
@pytest.mark.parametrize("plain", [True, False], ids=["our_version", "mixed_versions_and_late_responses"])
def test_a_seed_that_once_failed_holds(seed: int, plain: bool) -> None:
    assert run(seed, plain=plain).violation is None
