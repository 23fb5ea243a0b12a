"""The status of an invoice follows from its facts alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import pytest

from chalicelib.domain.derived_fields import DerivedFields
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_appearance import looks_the_same
from chalicelib.domain.payment_facts import (
    AttemptFact,
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.saga import Step
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus, failed_attempt, status_of
from tests.contracts.examples import NOW, invoice
from tests.domain.example_invoices import snapshots_of

LAST_SECOND = NOW + 57_599
"""The end of the due day of `OPEN`."""

OPEN = InvoiceFact("in_1", NOW, "open", 7500, 0, 7500, "usd", due_at=NOW + 100)
PAID = replace(OPEN, status="paid", amount_paid=7500, amount_remaining=0)
BROKE = PaymentFailure(FailureReason.INSUFFICIENT_FUNDS)
EXPIRED = PaymentFailure(FailureReason.EXPIRED_CARD)
INTENT = PaymentIntentFact("pi_1", NOW + 10, "requires_payment_method", 7500, "usd", "ch_1", BROKE)
CHARGE = ChargeFact("ch_1", NOW + 10, "failed", 7500, "usd", NOW + 10, "pi_1", BROKE)
REFUND = RefundFact("re_1", NOW + 20, "succeeded", 7500, "usd", NOW + 20, "pi_1", "ch_2")


def invoice_with(*facts: Any, step: Step = Step.DONE) -> Invoice:
    blank = invoice()
    saga = replace(blank.saga, step=step, resume_at=None)
    return replace(blank, facts=snapshots_of(*facts), saga=saga)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([replace(OPEN, status="draft")], InvoiceStatus.DRAFT),
        ([replace(OPEN, status="draft", deleted=True)], InvoiceStatus.VOID),
        ([OPEN], InvoiceStatus.PENDING),
        ([OPEN, INTENT], InvoiceStatus.FAILED),
        ([OPEN, CHARGE], InvoiceStatus.FAILED),
        ([OPEN, replace(INTENT, status="processing", failure=None)], InvoiceStatus.PENDING),
        ([OPEN, replace(INTENT, failure=None)], InvoiceStatus.PENDING),
        ([OPEN, replace(INTENT, status="requires_action", failure=None)], InvoiceStatus.PENDING),
        ([PAID], InvoiceStatus.PAID),
        ([PAID, INTENT, CHARGE], InvoiceStatus.PAID),
        ([PAID, REFUND], InvoiceStatus.REFUNDED),
        ([PAID, replace(REFUND, amount=7499)], InvoiceStatus.PAID),
        ([PAID, replace(REFUND, amount=7000), replace(REFUND, id="re_2", amount=500)], InvoiceStatus.REFUNDED),
        ([PAID, replace(REFUND, status="pending")], InvoiceStatus.PAID),
        ([PAID, replace(REFUND, status="failed")], InvoiceStatus.PAID),
        ([PAID, replace(REFUND, status="canceled")], InvoiceStatus.PAID),
        ([replace(PAID, total=0, amount_paid=0)], InvoiceStatus.PAID),
        ([replace(OPEN, status="void")], InvoiceStatus.VOID),
        ([replace(OPEN, status="void"), INTENT], InvoiceStatus.VOID),
        ([replace(OPEN, status="uncollectible")], InvoiceStatus.UNCOLLECTIBLE),
        ([replace(OPEN, status="uncollectible"), INTENT], InvoiceStatus.UNCOLLECTIBLE),
    ],
)
def test_each_set_of_facts_has_its_status(facts: list[Any], status: InvoiceStatus) -> None:
    assert status_of(snapshots_of(*facts)) is status


def test_without_facts_there_is_no_status() -> None:
    with pytest.raises(ValueError, match="without facts"):
        status_of(Snapshots())
    assert invoice().status is InvoiceStatus.CREATING


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([INTENT], FailureReason.INSUFFICIENT_FUNDS),
        ([CHARGE], FailureReason.INSUFFICIENT_FUNDS),
        ([INTENT, CHARGE], FailureReason.INSUFFICIENT_FUNDS),
        # The latest attempt counts, whichever event reported it.
        (
            [INTENT, replace(CHARGE, id="ch_2", created=NOW + 50, as_of=NOW + 50, failure=EXPIRED)],
            FailureReason.EXPIRED_CARD,
        ),
        ([replace(INTENT, as_of=NOW + 50, failure=EXPIRED), CHARGE], FailureReason.EXPIRED_CARD),
        # A returned bank debit of which only one of the two events has arrived.
        (
            [
                replace(INTENT, status="processing", failure=None),
                replace(CHARGE, as_of=NOW + 400),
            ],
            FailureReason.INSUFFICIENT_FUNDS,
        ),
        # An earlier card was declined, then a bank debit is under way.
        ([replace(INTENT, status="processing", latest_charge_id="py_1", failure=None), CHARGE], None),
        ([replace(INTENT, status="succeeded", failure=None), CHARGE], None),
        ([replace(INTENT, status="canceled"), CHARGE], None),
        ([replace(CHARGE, status="pending", failure=None)], None),
        ([replace(CHARGE, failure=None)], FailureReason.OTHER),
        ([], None),
    ],
)
def test_the_failure_shown_is_the_latest_attempts(facts: list[Any], reason: FailureReason | None) -> None:
    failure = failed_attempt(snapshots_of(OPEN, *facts))
    assert (failure.reason if failure else None) is reason


def test_a_paid_part_does_not_change_the_status_of_the_remainder() -> None:
    part = replace(INTENT, id="pi_2", status="succeeded", latest_charge_id="ch_2", failure=None)
    partly_paid = replace(OPEN, amount_paid=2500, amount_remaining=5000)
    for seconds in (-5, 0, 5):
        facts = snapshots_of(partly_paid, INTENT, replace(part, as_of=INTENT.as_of + seconds))
        assert status_of(facts) is InvoiceStatus.FAILED
    paid_after_a_decline = snapshots_of(partly_paid, part, replace(CHARGE, payment_intent_id="pi_2"))
    assert status_of(paid_after_a_decline.with_failed_attempt(part.as_of)) is InvoiceStatus.PENDING
    assert status_of(snapshots_of(partly_paid, part).with_failed_attempt(part.as_of + 1)) is InvoiceStatus.FAILED


@pytest.mark.parametrize(
    "former",
    [INTENT, replace(INTENT, status="processing", failure=None), replace(INTENT, status="requires_action")],
    ids=["declined", "under_way", "waits_for_confirmation"],
)
def test_a_received_part_is_finished_whatever_its_intent_shows(former: PaymentIntentFact) -> None:
    """The event of the payment may arrive before the event of its intent."""
    partly_paid = replace(OPEN, amount_paid=2500, amount_remaining=5000)
    facts = snapshots_of(
        partly_paid, former, CHARGE, InvoicePaymentFact("inpay_1", NOW + 30, "paid", "in_1", 2500, "usd", "pi_1")
    )
    assert status_of(facts) is InvoiceStatus.PENDING
    assert not facts.payment_under_way
    assert not facts.waits_for_confirmation


@pytest.mark.parametrize("seconds", [-5, 0, 5])
def test_of_several_failed_parts_the_latest_failure_counts_whichever_intent_was_read_last(seconds: int) -> None:
    charge = replace(CHARGE, id="ch_2", created=NOW + 60, as_of=NOW + 60, payment_intent_id="pi_2", failure=EXPIRED)
    read_at = NOW + 3600
    last = replace(
        INTENT, id="pi_2", as_of=read_at, latest_charge_id="ch_2", failed_charge_id="ch_2", failure=EXPIRED
    )
    first = replace(INTENT, as_of=read_at + seconds, latest_charge_id=None)
    attempt = AttemptFact(NOW + 10, "pi_1", 7500, "usd", BROKE, "card")
    for attempts in ([attempt], []):
        failure = failed_attempt(snapshots_of(OPEN, first, last, charge, *attempts))
        assert failure is not None
        assert (failure.reason, failure.at) == (FailureReason.EXPIRED_CARD, NOW + 60)


@pytest.mark.parametrize("seconds", [-5, 0, 5])
def test_a_part_without_an_attempt_does_not_hide_the_failure_of_another(seconds: int) -> None:
    untried = replace(INTENT, id="pi_9", latest_charge_id=None, failure=None, as_of=INTENT.as_of + seconds)
    facts = snapshots_of(OPEN, INTENT, untried).with_failed_attempt(INTENT.as_of + 5)
    failure = failed_attempt(facts)
    assert failure is not None
    assert INTENT.failure is not None
    assert failure.reason is INTENT.failure.reason


@pytest.mark.parametrize("seconds", [-5, 0, 5])
def test_a_pending_part_stays_pending_after_another_part_has_failed(seconds: int) -> None:
    under_way = replace(INTENT, id="pi_9", status="processing", failure=None, as_of=INTENT.as_of + seconds)
    assert status_of(snapshots_of(OPEN, INTENT, under_way).with_failed_attempt(INTENT.as_of)) is InvoiceStatus.PENDING


def test_a_failure_without_a_known_reason_has_the_reason_other() -> None:
    facts = snapshots_of(OPEN).with_failed_attempt(NOW + 30)
    assert failed_attempt(facts) == (failed_attempt(snapshots_of(OPEN).with_failed_attempt(NOW + 30)))
    assert status_of(facts) is InvoiceStatus.FAILED
    assert status_of(facts.merge(replace(INTENT, status="processing", as_of=NOW + 40))) is InvoiceStatus.PENDING
    assert status_of(facts.merge(replace(INTENT, status="processing", as_of=NOW + 20))) is InvoiceStatus.FAILED


def test_an_invoice_has_the_status_creating_until_stripe_has_finalized_it() -> None:
    draft = replace(OPEN, status="draft")
    for step in (Step.CLAIM, Step.DRAFT, Step.LINES, Step.SEND, Step.ABORT):
        assert invoice_with(draft, step=step).status is InvoiceStatus.CREATING
    assert invoice_with(OPEN, step=Step.SEND).status is InvoiceStatus.PENDING
    assert invoice_with(replace(draft, deleted=True), step=Step.LINES).status is InvoiceStatus.VOID
    assert invoice_with(draft, step=Step.REVIEW).status is InvoiceStatus.DRAFT


@pytest.mark.parametrize(
    ("facts", "balance"),
    [
        ([OPEN], 7500),
        ([replace(OPEN, amount_paid=2500, amount_remaining=5000)], 5000),
        ([OPEN, INTENT], 7500),
        ([replace(OPEN, status="uncollectible")], 7500),
        ([PAID], 0),
        ([PAID, REFUND], 0),
        ([replace(OPEN, status="void")], 0),
    ],
)
def test_the_balance_is_the_amount_still_to_be_paid(facts: list[Any], balance: int) -> None:
    assert invoice_with(*facts).balance == balance


def test_the_balance_of_a_draft_is_the_ordered_total_until_its_lines_are_in_stripe() -> None:
    draft = replace(OPEN, status="draft", total=0, amount_remaining=0)
    assert invoice_with(draft, step=Step.LINES).balance == 7500
    assert invoice_with(replace(draft, total=10_000), step=Step.REVIEW).balance == 10_000


def test_flags_are_separate_from_the_status() -> None:
    part = invoice_with(PAID, replace(REFUND, amount=500))
    assert part.partially_refunded
    assert part.refunded_amount == 500
    assert not invoice_with(PAID, REFUND).partially_refunded
    dispute = DisputeFact("du_1", NOW, "needs_response", 7500, "usd")
    assert invoice_with(PAID, dispute).disputed
    assert invoice_with(PAID, dispute).status is InvoiceStatus.PAID
    for final_status in ("won", "lost", "warning_closed", "prevented"):
        assert not invoice_with(PAID, replace(dispute, status=final_status)).disputed


def test_overdue_is_open_and_past_its_due_date() -> None:
    """`changed` stores the flag; a change that leaves no due day clears it immediately."""
    assert not invoice_with(OPEN).changed(LAST_SECOND).overdue
    late = invoice_with(OPEN).changed(LAST_SECOND + 1)
    assert (late.overdue, late.overdue_since) == (True, dt.date(2027, 1, 16))
    assert invoice_with(OPEN, INTENT).changed(LAST_SECOND + 1).overdue
    assert not invoice_with(PAID).changed(LAST_SECOND + 1).overdue
    assert not invoice_with(replace(OPEN, due_at=None)).changed(LAST_SECOND + 1).overdue
    paid = late.knowing(replace(PAID, as_of=LAST_SECOND + 9))
    assert not paid.overdue
    assert paid.changed(LAST_SECOND + 9).overdue_since is None


def test_an_older_event_does_not_clear_the_overdue_day() -> None:
    late = invoice_with(OPEN).changed(LAST_SECOND + 1)
    assert late.changed(NOW).overdue


def test_an_invoice_becomes_overdue_once() -> None:
    assert invoice_with(OPEN).turns_overdue_at == LAST_SECOND + 1
    assert invoice_with(OPEN).changed(LAST_SECOND + 1).turns_overdue_at is None
    assert invoice_with(PAID).turns_overdue_at is None
    assert invoice_with(replace(OPEN, due_at=None)).turns_overdue_at is None


@pytest.mark.parametrize("due_at", [-(10**18), 10**18, 2**63])
def test_a_due_date_out_of_the_calendars_range_can_be_stored(due_at: int) -> None:
    assert invoice_with(replace(OPEN, due_at=due_at)).changed(NOW).due_day is not None


def test_only_a_void_invoice_frees_its_services() -> None:
    words = ("draft", "open", "uncollectible", "paid", "void")
    assert [invoice_with(replace(OPEN, status=word)).live for word in words] == [True, True, True, True, False]
    assert invoice().live
    assert not invoice_with(replace(OPEN, status="draft", deleted=True)).live


def test_a_read_that_changes_only_hidden_fields_changes_nothing_visible() -> None:
    before = invoice_with(OPEN)
    assert looks_the_same(before.knowing(replace(INTENT, failure=None)), before)
    assert looks_the_same(before.knowing(replace(OPEN, as_of=NOW + 9)), before)
    first = invoice_with(replace(OPEN, hosted_url="https://pay.test/1"))
    assert looks_the_same(invoice_with(replace(OPEN, hosted_url="https://pay.test/2")), first)
    assert not looks_the_same(first, before)
    assert not looks_the_same(before.knowing(INTENT), before)
    assert not looks_the_same(before.knowing(PAID), before)
    assert not looks_the_same(invoice_with(PAID, REFUND), invoice_with(PAID))


def test_every_part_of_the_standing_is_an_attribute_of_the_invoice_and_not_stored() -> None:
    stored = {each.name for each in fields(Invoice)}
    for each in (invoice(), invoice_with(OPEN), invoice_with(PAID)):
        assert each.status
        assert vars(each).keys() - stored == DerivedFields.__annotations__.keys()
