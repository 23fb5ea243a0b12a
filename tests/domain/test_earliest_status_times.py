"""The earliest time of each status is stored, even if the rest of its event is outdated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.snapshots import Snapshots

KNOWN = RefundFact("re_1", 50, "succeeded", 100, "usd", 10, "pi_1", "ch_1", seen={"succeeded": 50})
EARLIER = replace(KNOWN, as_of=20, status="pending", amount=7, seen={"pending": 20})


def test_an_earlier_status_is_stored_and_nothing_else_of_its_event() -> None:
    facts = Snapshots().merge(KNOWN).with_seen_times_of(EARLIER)
    assert facts.refunds["re_1"] == replace(KNOWN, seen={"pending": 20, "succeeded": 50})


def test_the_earliest_time_of_a_status_stays() -> None:
    facts = Snapshots().merge(KNOWN)
    assert facts.with_seen_times_of(replace(KNOWN, seen={"succeeded": 40})).refunds["re_1"].seen == {"succeeded": 40}
    later = replace(KNOWN, as_of=90, seen={"succeeded": 90})
    assert facts.with_seen_times_of(later) is facts, "a fact that adds nothing creates no new snapshots"


def test_an_earlier_status_of_an_unknown_object_is_not_stored() -> None:
    facts = Snapshots()
    assert facts.with_seen_times_of(KNOWN) is facts


@pytest.mark.parametrize("current", [True, False], ids=["the invoice", "a draft of its revision"])
def test_the_time_of_a_deletion_is_corrected_to_the_earliest(current: bool) -> None:
    found_deleted = InvoiceFact("in_1", 0, "draft", 0, 0, 0, "", deleted=True, seen={"deleted": 90})
    invoice = InvoiceFact("in_0", 5, "open", 100, 0, 100, "usd", finalized_at=5)
    facts = Snapshots().merge(found_deleted) if current else Snapshots().merge(invoice).merge(found_deleted)
    updated = facts.with_seen_times_of(replace(found_deleted, as_of=60, seen={"deleted": 60}))
    assert updated.invoices["in_1"].seen == {"deleted": 60}
    assert (updated.invoice.id if updated.invoice else None) == ("in_1" if current else "in_0")
