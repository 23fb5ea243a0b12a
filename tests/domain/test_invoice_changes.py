"""A published change of an invoice is the difference of two stored versions, with the status before and after."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.changes import NOTHING, ChangeType
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.payment_facts import AttemptFact, PaymentFailure
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from tests.contracts.examples import NOW, in_status, invoice
from tests.domain.example_invoices import (
    BROKE,
    DAY,
    DECLINED,
    DISPUTE,
    INTENT,
    OPEN,
    PAID,
    PAYMENT,
    REFUND,
    UNDER_WAY,
    VISA,
    changed,
    draft,
    made,
    told,
)

T = ChangeType
REFUNDED = replace(REFUND, id="re_all", amount=7500)
EXPIRED = PaymentFailure(FailureReason.EXPIRED_CARD)
DECLINED_INTENT = replace(
    INTENT, status="requires_payment_method", as_of=NOW + DAY - 19, latest_charge_id="ch_0", failure=BROKE,
    failed_charge_id="ch_0",
)  # fmt: skip


# Creating and sending


@pytest.mark.parametrize("step", [Step.REPLACE, Step.CLAIM, Step.DRAFT, Step.LINES, Step.SEND, Step.ABORT])
def test_an_invoice_in_creation_is_not_published(step: Step) -> None:
    making = draft(step, send=True)
    assert making.status is InvoiceStatus.CREATING
    assert invoice_difference(None, making) == NOTHING
    assert invoice_difference(invoice(), making) == NOTHING
    assert invoice_difference(making, None) == NOTHING


def test_an_invoice_is_published_as_created_and_sent_when_stripe_has_mailed_it() -> None:
    assert told(draft(Step.SEND, send=True), made(OPEN)) == ((T.INVOICE_CREATED, T.INVOICE_SENT), None, "pending")


def test_a_draft_is_published_as_created() -> None:
    assert told(draft(Step.LINES), draft()) == ((T.INVOICE_CREATED,), None, "draft")


def test_a_sent_draft_is_published_as_sent_and_not_as_created_again() -> None:
    reviewed, sending, sent = draft(), draft(Step.SEND), made(OPEN)
    assert sending.status is InvoiceStatus.CREATING
    assert invoice_difference(reviewed, sending) == NOTHING
    assert told(sending, sent) == ((T.INVOICE_SENT,), "draft", "pending")


def test_a_draft_issued_in_stripe_without_an_e_mail_is_published_as_pending() -> None:
    assert told(draft(), made(OPEN, acts=())) == ((T.INVOICE_PENDING,), "draft", "pending")


def test_a_deleted_invoice_is_published_with_its_last_status() -> None:
    assert told(draft(), None) == ((T.INVOICE_DELETED,), "draft", None)
    assert told(draft(Step.EDIT), None) == ((T.INVOICE_DELETED,), "draft", None)
    assert told(made(OPEN), None) == ((T.INVOICE_DELETED,), "pending", None)
    assert invoice_difference(None, None) == NOTHING


# Attempts to pay


def test_a_decline_is_published_once_however_many_events_report_it() -> None:
    intent_first = made(OPEN, DECLINED_INTENT)
    assert told(made(OPEN), intent_first) == ((T.INVOICE_PAYMENT_FAILED,), "pending", "failed")
    both = made(OPEN, DECLINED_INTENT, DECLINED)
    assert both.failure != intent_first.failure
    assert invoice_difference(intent_first, both) == NOTHING
    assert invoice_difference(made(OPEN, DECLINED), both) == NOTHING


def test_the_next_failed_attempt_is_published_too() -> None:
    again = replace(DECLINED, id="ch_2", created=DECLINED.created + 60, as_of=DECLINED.as_of + 60)
    assert told(made(OPEN, DECLINED), made(OPEN, DECLINED, again)) == (
        (T.INVOICE_PAYMENT_FAILED,), "failed", "failed",
    )  # fmt: skip


def test_a_later_failed_attempt_without_a_charge_is_published_too() -> None:
    first, second = (AttemptFact(NOW + at, "pi_1", 7500, "usd", BROKE) for at in (60, 120))
    shown = replace(INTENT, status="requires_payment_method", latest_charge_id=None, failure=BROKE, as_of=first.as_of)
    before = made(OPEN, first, shown)
    after = made(OPEN, first, second, replace(shown, as_of=second.as_of))
    assert told(before, after) == ((T.INVOICE_PAYMENT_FAILED,), "failed", "failed")


def test_the_reason_of_a_failed_attempt_is_published_when_it_becomes_known() -> None:
    unexplained = made(OPEN)
    unexplained = replace(unexplained, facts=unexplained.facts.with_failed_attempt(DECLINED.created))
    explained = made(OPEN, DECLINED)
    explained = replace(explained, facts=explained.facts.with_failed_attempt(DECLINED.created))
    assert unexplained.status is InvoiceStatus.FAILED
    assert told(unexplained, explained) == ((T.INVOICE_PAYMENT_FAILED,), "failed", "failed")


def test_a_payment_of_another_part_is_not_published_as_another_failure() -> None:
    other_part = replace(INTENT, id="pi_2", latest_charge_id="ch_5")
    before, after = made(OPEN, DECLINED_INTENT), made(OPEN, DECLINED_INTENT, DECLINED, other_part)
    assert before.failure != after.failure
    assert invoice_difference(before, after) == NOTHING


def test_an_older_attempt_that_becomes_known_late_is_not_published() -> None:
    earlier = replace(DECLINED, id="ch_9", created=NOW, as_of=NOW, failure=EXPIRED)
    assert invoice_difference(made(OPEN, DECLINED), made(OPEN, DECLINED, earlier)) == NOTHING


def test_a_new_pending_attempt_is_published_as_pending() -> None:
    assert told(made(OPEN, DECLINED), made(OPEN, DECLINED, UNDER_WAY)) == ((T.INVOICE_PENDING,), "failed", "pending")


# Money


def test_a_payment_is_published_as_paid() -> None:
    assert told(made(OPEN), made(PAID, VISA, PAYMENT)) == ((T.INVOICE_PAID,), "pending", "paid")


def test_a_partial_payment_is_published_as_partly_paid_and_the_remainder_as_paid() -> None:
    part = made(replace(OPEN, amount_paid=2500, amount_remaining=5000))
    assert told(made(OPEN), part) == ((T.INVOICE_PARTLY_PAID,), "pending", "pending")
    assert told(part, made(PAID)) == ((T.INVOICE_PAID,), "pending", "paid")


def test_each_refund_is_published_and_the_status_shows_whether_it_was_full() -> None:
    half = made(PAID, VISA, PAYMENT, REFUND)
    rest = replace(REFUND, id="re_2", amount=5000)
    assert told(made(PAID, VISA, PAYMENT), half) == ((T.INVOICE_REFUNDED,), "paid", "paid")
    assert told(half, made(PAID, VISA, PAYMENT, REFUND, rest)) == ((T.INVOICE_REFUNDED,), "paid", "refunded")


def test_a_refund_that_arrives_with_its_payment_is_published_as_paid_and_refunded() -> None:
    assert told(made(OPEN), made(PAID, VISA, PAYMENT, REFUNDED)) == (
        (T.INVOICE_PAID, T.INVOICE_REFUNDED), "pending", "refunded",
    )  # fmt: skip


@pytest.mark.parametrize(("refund", "previous"), [(REFUNDED, "refunded"), (REFUND, "paid")])
def test_a_failed_refund_is_published_as_paid_again(refund: Any, previous: str) -> None:
    failed = replace(refund, status="failed", as_of=NOW + 9 * DAY)
    before, after = made(PAID, VISA, PAYMENT, refund), made(PAID, VISA, PAYMENT, failed)
    assert told(before, after) == ((T.INVOICE_PAID,), previous, "paid")


def test_a_failed_refund_of_a_partial_payment_is_published_as_partly_paid() -> None:
    part = replace(OPEN, amount_paid=2500, amount_remaining=5000)
    before, failed = made(part, REFUND), made(part, replace(REFUND, status="failed", as_of=NOW + 9 * DAY))
    assert told(before, failed) == ((T.INVOICE_PARTLY_PAID,), "pending", "pending")


def test_a_dispute_is_published_when_it_opens_and_when_it_closes() -> None:
    paid, disputed = made(PAID, VISA, PAYMENT), made(PAID, VISA, PAYMENT, DISPUTE)
    lost = made(PAID, VISA, PAYMENT, replace(DISPUTE, status="lost"))
    assert told(paid, disputed) == ((T.INVOICE_DISPUTE_OPENED,), "paid", "paid")
    assert told(disputed, lost) == ((T.INVOICE_DISPUTE_CLOSED,), "paid", "paid")
    assert told(paid, lost)[0] == (T.INVOICE_DISPUTE_OPENED, T.INVOICE_DISPUTE_CLOSED)
    assert told(lost, disputed)[0] == (T.INVOICE_DISPUTE_OPENED,), "A lost dispute was appealed."


# Voided, uncollectible, revised and overdue


@pytest.mark.parametrize(
    ("status", "change"), [("void", T.INVOICE_VOIDED), ("uncollectible", T.INVOICE_UNCOLLECTIBLE)]
)
def test_voided_and_uncollectible_invoices_are_published(status: str, change: ChangeType) -> None:
    assert told(made(OPEN), made(replace(OPEN, status=status))) == ((change,), "pending", status)


def test_an_edit_of_an_issued_invoice_in_stripe_is_published_as_revised() -> None:
    revision = replace(OPEN, id="in_2", from_invoice_id="in_1", as_of=NOW + DAY, finalized_at=NOW + DAY)
    assert told(made(OPEN), made(OPEN, revision, sent_at=None)) == ((T.INVOICE_REVISED,), "pending", "pending")


def test_an_invoice_is_published_as_overdue_once() -> None:
    before = made(OPEN)
    overdue = changed(before, overdue_since=before.first_day_overdue)
    assert overdue.overdue
    assert told(before, overdue) == ((T.INVOICE_OVERDUE,), "pending", "pending")
    assert invoice_difference(overdue, changed(overdue)) == NOTHING
    assert invoice_difference(before, changed(before, overdue_since=dt.date(2020, 1, 1))) == NOTHING


# Every pair

FACTS = (DECLINED, DECLINED_INTENT, VISA, PAYMENT, REFUND, REFUNDED, DISPUTE)
VERSIONS = [
    invoice(),
    draft(),
    *(draft(step) for step in (Step.SEND, Step.EDIT, Step.RELEASE)),
    draft(Step.LINES, send=True),
    *(in_status(invoice(), status) for status in InvoiceStatus if status is not InvoiceStatus.REFUNDED),
    made(OPEN, acts=()),
    made(OPEN, DECLINED, UNDER_WAY),
    *(
        made(present, *facts)
        for present in (OPEN, PAID, *(replace(OPEN, status=each) for each in ("void", "uncollectible")))
        for size in range(4)
        for facts in itertools.combinations(FACTS, size)
    ),
]  # fmt: skip
SHOWN_ENDS = (InvoiceStatus.DRAFT, InvoiceStatus.CREATING)
"""The statuses that no invoice returns to once Stripe has issued it."""


def shown_status(version: Invoice | None) -> str | None:
    """Returns the status that a consumer knows: an invoice is a draft until it is sent."""
    if version is None:
        return None
    if version.status is not InvoiceStatus.CREATING:
        return version.status
    fact = version.facts.invoice
    first_time = version.saga.send or fact is None or version.saga.step in (Step.DRAFT, Step.LINES)
    return None if first_time else "draft"


@given(st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_a_change_of_status_is_published_with_the_status_before_and_after(before: Invoice, after: Invoice) -> None:
    difference = invoice_difference(before, after)
    previous, status = shown_status(before), shown_status(after)
    assert len(set(difference.types)) == len(difference.types)
    if difference.types:
        assert (difference.previous_status, difference.status) == (previous, status)
    if previous != status and after.status not in SHOWN_ENDS:
        assert difference.types


@given(st.sampled_from(VERSIONS), st.integers(1, 10**6))
def test_a_version_without_a_visible_change_is_not_published(version: Invoice, later: int) -> None:
    """Users see neither when POM read Stripe, nor how often POM resumed its work."""
    facts = version.facts
    known = facts.invoice
    read_again = replace(
        facts,
        invoice=replace(known, as_of=known.as_of + later) if known else None,
        disputes={name: replace(each, as_of=each.as_of + later) for name, each in facts.disputes.items()},
        refunds={name: replace(each, as_of=each.as_of + later) for name, each in facts.refunds.items()},
    )
    saga = replace(version.saga, attempts=version.saga.attempts + 1)
    next_version = changed(
        version, facts=read_again, saga=saga, updated_at=version.updated_at + later, links_read_at=later,
        reminded_at=later,
    )  # fmt: skip
    assert invoice_difference(version, next_version) == NOTHING
