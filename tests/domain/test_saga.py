"""Recovery points of a saga: the key of each step, when Stripe must be checked first, and when work resumes."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from chalicelib.domain.errors import Conflict, DueDatePassed, Refused
from chalicelib.domain.identifiers import OrganizationId, digest, invoice_id_for
from chalicelib.domain.saga import KEY_TRUSTED_FOR, LEASE, LEASE_LEFT, DraftTags, Refusal, Saga, Step

NOW = 1_800_000_000
DRAFTED = DraftTags("an order", "in Stripe")
SAGA = Saga(Step.DRAFT, send=True, nonce="secret", step_began_at=NOW, resume_at=NOW + LEASE)


def test_a_repeated_step_has_the_same_idempotency_key() -> None:
    assert SAGA.key == SAGA.failed_attempt(NOW + 5, stored_by_stripe=False).key == SAGA.leased(NOW + 9).key


def test_each_step_and_each_intent_has_its_own_key() -> None:
    another_saga = Saga(Step.DRAFT, send=True, nonce="another", step_began_at=NOW)
    keys = {
        SAGA.key,
        another_saga.key,
        *(SAGA.advanced(step, NOW).key for step in (Step.LINES, Step.SEND, Step.ABORT)),
    }
    assert len(keys) == 5
    assert all(len(key) < 255 and "secret" not in key for key in keys)


def test_a_step_requested_again_by_a_user_has_a_new_key() -> None:
    review = SAGA.advanced(Step.SEND, NOW).advanced(Step.REVIEW, NOW)
    requested = review.ordered_to_send("fresh", NOW, finalized_before=False, drafted=DRAFTED)
    assert requested.key != SAGA.advanced(Step.SEND, NOW).key


def test_a_saga_recognizes_only_the_keys_of_its_own_step() -> None:
    sending = SAGA.advanced(Step.SEND, NOW)
    again = sending.found_nothing(NOW + 60)
    assert again.has_used(sending.key)
    assert again.has_used(f"{again.key}-owed")
    assert not sending.has_used(again.key)
    assert not again.has_used(SAGA.key)
    assert not again.has_used(None)


def test_a_waiting_order_stays_waiting_until_a_user_orders_it_to_be_sent() -> None:
    put_off = SAGA.failed_attempt(NOW, stored_by_stripe=False).leased(NOW + LEASE)
    assert not SAGA.interrupted
    assert put_off.advanced(Step.SEND, NOW).interrupted
    requested = put_off.advanced(Step.REVIEW, NOW).ordered_to_send("fresh", NOW, finalized_before=True, drafted=None)
    assert not requested.interrupted
    assert requested.finalized_before


def test_the_former_services_of_a_draft_are_stored_until_its_edit_or_send_has_finished() -> None:
    resting = SAGA.advanced(Step.REVIEW, NOW)
    editing = resting.ordered_to_edit("fresh", NOW, more_to_claim=True, drafted=DRAFTED)
    sending = resting.ordered_to_send("fresh", NOW, finalized_before=False, drafted=DRAFTED)
    interrupted = editing.failed_attempt(NOW, stored_by_stripe=True).leased(NOW).found_nothing(NOW)
    for busy in (editing, sending, interrupted, interrupted.advanced(Step.EDIT, NOW).advanced(Step.RELEASE, NOW)):
        assert busy.drafted == DRAFTED
        assert busy.advanced(Step.REVIEW, NOW).drafted is busy.advanced(Step.DONE, NOW).drafted is None


def test_a_key_is_trusted_for_an_hour_less_than_stripe_stores_it() -> None:
    assert KEY_TRUSTED_FOR == 23 * 3600
    assert not SAGA.must_look_first(NOW + KEY_TRUSTED_FOR)
    assert SAGA.must_look_first(NOW + KEY_TRUSTED_FOR + 1)


def test_a_failure_stored_by_stripe_is_checked_before_a_retry_with_another_key() -> None:
    failed = SAGA.failed_attempt(NOW, stored_by_stripe=True)
    assert failed.must_look_first(NOW)
    checked = failed.found_nothing(NOW + 60)
    assert checked.key != SAGA.key
    assert not checked.must_look_first(NOW + 60)


def test_a_lost_response_does_not_clear_a_stored_failure() -> None:
    failed = SAGA.failed_attempt(NOW, stored_by_stripe=True).failed_attempt(NOW + 60, stored_by_stripe=False)
    assert failed.must_look_first(NOW + 60)


def test_waits_grow_to_an_hour_at_most() -> None:
    saga, waits = SAGA, []
    for _ in range(12):
        saga = saga.failed_attempt(NOW, stored_by_stripe=False)
        waits.append((saga.resume_at or 0) - NOW)
    assert waits[:4] == [30, 60, 120, 240]
    assert max(waits) == waits[-1] == 3600


def test_a_lease_sets_the_time_to_resume_and_marks_the_saga_as_touched() -> None:
    leased = SAGA.leased(NOW + 500)
    assert leased.resume_at == NOW + 500 + LEASE
    assert SAGA.untouched
    assert not leased.untouched


@pytest.mark.parametrize(
    ("later", "until"), [(0, LEASE), (LEASE_LEFT, LEASE), (LEASE_LEFT + 1, LEASE_LEFT + 1 + LEASE)]
)
def test_a_lease_is_renewed_once_less_than_half_of_it_is_left(later: int, until: int) -> None:
    assert SAGA.advanced(Step.LINES, NOW + later).resume_at == NOW + until


@pytest.mark.parametrize("resume_at", [None, NOW - 1, NOW + LEASE + 1, NOW + 3600])
def test_each_step_has_between_half_a_lease_and_a_whole_lease(resume_at: int | None) -> None:
    """The resumption of a worker that died is never later than a lease, whatever delay an earlier failure set."""
    moving = replace(SAGA, resume_at=resume_at).advanced(Step.LINES, NOW)
    assert moving.resume_at == NOW + LEASE


def test_finished_work_is_not_resumed() -> None:
    for step in (Step.DONE, Step.REVIEW):
        finished = SAGA.advanced(step, NOW)
        assert not finished.running
        assert finished.resume_at is None
    for step in (Step.CLAIM, Step.DRAFT, Step.LINES, Step.SEND, Step.ABORT):
        unfinished = SAGA.advanced(step, NOW)
        assert unfinished.running
        assert unfinished.resume_at == NOW + LEASE


def test_the_next_step_begins_with_a_clean_record() -> None:
    failed = SAGA.failed_attempt(NOW, stored_by_stripe=True).found_nothing(NOW).advanced(Step.LINES, NOW + 9)
    assert (failed.generation, failed.attempts, failed.look_first, failed.step_began_at) == (0, 0, False, NOW + 9)


def test_a_withdrawal_stores_its_reason() -> None:
    refusal = Refusal("stripe_refused", "No.")
    assert SAGA.aborting(refusal, NOW).refusal == refusal
    assert SAGA.aborting(refusal, NOW).step is Step.ABORT


@pytest.mark.parametrize("kind", [Refused, Conflict, DueDatePassed])
def test_a_stored_refusal_has_the_code_and_texts_of_its_error(kind: type[Refused | Conflict]) -> None:
    code = "due_date_in_past" if kind is DueDatePassed else "stripe_refused"
    stored = Refusal.of(kind(code, "No.", field="dueDate", next_step="Choose a later day."))
    decoded = msgspec.json.decode(msgspec.json.encode(stored), type=Refusal).error
    assert type(decoded) is kind
    assert (decoded.code, decoded.message, decoded.field, decoded.next_step) == (
        code,
        "No.",
        "dueDate",
        "Choose a later day.",
    )


def test_no_two_lists_of_parts_share_a_digest() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc") != digest("abc", "")


def test_one_idempotency_key_of_one_organization_is_one_invoice() -> None:
    first_organization, second_organization = OrganizationId("org_1"), OrganizationId("org_2")
    assert invoice_id_for(first_organization, "key") == invoice_id_for(first_organization, "key")
    assert invoice_id_for(first_organization, "key") != invoice_id_for(second_organization, "key")
    assert invoice_id_for(OrganizationId("org_1k"), "ey") != invoice_id_for(first_organization, "key")


def test_an_unknown_step_of_another_release_is_stored_unchanged_and_not_resumed() -> None:
    decoded = msgspec.json.decode(b'"translate"', type=Step)
    assert msgspec.json.encode(decoded) == b'"translate"'
    assert decoded not in set(Step)
