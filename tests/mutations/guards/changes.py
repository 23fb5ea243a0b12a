"""Telling POM what has changed: on the bus, in the feed, and what cannot be told."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.taken import Becomes, Check, Skipped

_BUS = "tests/adapters/test_event_bus.py"
_TELL = "tests/usecases/telling/test_tell_changes.py"

CHANGES = (
    guard(
        "a change has one id for each type",
        "Change.id_of",
        Becomes("change_type"),
        "tests/domain/test_other_changes.py::test_no_two_changes_have_one_id",
    ),
    guard(
        "an invoice that is being made is not told",
        "told_status",
        Becomes("invoice.status"),
        "tests/domain/test_invoice_changes.py::test_an_invoice_that_is_being_made_is_not_told",
    ),
    guard(
        "only what may be taken later is put on the bus again",
        "EventBridgeBus.put",
        Check("transient"),
        f"{_BUS}::test_an_entry_that_is_refused_for_good_is_not_put_again",
    ),
    guard(
        "no request to the bus has more entries than it takes",
        "MAX_ENTRIES",
        Becomes("100"),
        f"{_BUS}::test_no_request_has_more_than_ten_events",
    ),
    guard(
        "no request to the bus has more bytes than it takes",
        "portions(events)",
        Check("size_of"),
        f"{_BUS}::test_no_request_has_more_bytes_than_eventbridge_takes",
    ),
    guard(
        "a record that cannot be told is queued",
        "tell_changes(records)",
        Skipped("keep"),
        f"{_TELL}::test_a_record_that_nobody_can_read_is_queued_with_its_body_and_stops_nobody_else",
    ),
    guard(
        "a batch comes again from the first record that was not told",
        "_repeating",
        Becomes("outcome"),
        f"{_TELL}::test_an_event_that_may_be_taken_later_comes_again_with_all_behind_it",
    ),
    guard(
        "a record is queued before the stream forgets it",
        "_too_old",
        Becomes("False"),
        f"{_TELL}::test_what_waits_for_half_a_day_is_queued_before_the_stream_forgets_it",
    ),
)
