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
    draft,
    invoice_with,
    next_version,
    published_change,
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
    assert published_change(draft(Step.SEND, send=True), invoice_with(OPEN)) == (
        (T.INVOICE_CREATED, T.INVOICE_SENT),
        None,
        "pending",
    )


def test_a_draft_is_published_as_created() -> None:
    assert published_change(draft(Step.LINES), draft()) == ((T.INVOICE_CREATED,), None, "draft")


def test_a_sent_draft_is_published_as_sent_and_not_as_created_again() -> None:
    reviewed, sending, sent = draft(), draft(Step.SEND), invoice_with(OPEN)
    assert sending.status is InvoiceStatus.CREATING
    assert invoice_difference(reviewed, sending) == NOTHING
    assert published_change(sending, sent) == ((T.INVOICE_SENT,), "draft", "pending")


def test_a_draft_issued_in_stripe_without_an_e_mail_is_published_as_pending() -> None:
    assert published_change(draft(), invoice_with(OPEN, acts=())) == ((T.INVOICE_PENDING,), "draft", "pending")


def test_a_deleted_invoice_is_published_with_its_last_status() -> None:
    assert published_change(draft(), None) == ((T.INVOICE_DELETED,), "draft", None)
    assert published_change(draft(Step.EDIT), None) == ((T.INVOICE_DELETED,), "draft", None)
    assert published_change(invoice_with(OPEN), None) == ((T.INVOICE_DELETED,), "pending", None)
    assert invoice_difference(None, None) == NOTHING


# Attempts to pay


def test_a_decline_is_published_once_however_many_events_report_it() -> None:
    intent_first = invoice_with(OPEN, DECLINED_INTENT)
    assert published_change(invoice_with(OPEN), intent_first) == ((T.INVOICE_PAYMENT_FAILED,), "pending", "failed")
    both = invoice_with(OPEN, DECLINED_INTENT, DECLINED)
    assert both.failure != intent_first.failure
    assert invoice_difference(intent_first, both) == NOTHING
    assert invoice_difference(invoice_with(OPEN, DECLINED), both) == NOTHING


def test_the_next_failed_attempt_is_published_too() -> None:
    again = replace(DECLINED, id="ch_2", created=DECLINED.created + 60, as_of=DECLINED.as_of + 60)
    assert published_change(invoice_with(OPEN, DECLINED), invoice_with(OPEN, DECLINED, again)) == (
        (T.INVOICE_PAYMENT_FAILED,), "failed", "failed",
    )  # fmt: skip


def test_a_later_failed_attempt_without_a_charge_is_published_too() -> None:
    first, second = (AttemptFact(NOW + at, "pi_1", 7500, "usd", BROKE) for at in (60, 120))
    second_failure = replace(
        INTENT, status="requires_payment_method", latest_charge_id=None, failure=BROKE, as_of=first.as_of
    )
    before = invoice_with(OPEN, first, second_failure)
    after = invoice_with(OPEN, first, second, replace(second_failure, as_of=second.as_of))
    assert published_change(before, after) == ((T.INVOICE_PAYMENT_FAILED,), "failed", "failed")


def test_the_reason_of_a_failed_attempt_is_published_when_it_becomes_known() -> None:
    unexplained = invoice_with(OPEN)
    unexplained = replace(unexplained, facts=unexplained.facts.with_failed_attempt(DECLINED.created))
    explained = invoice_with(OPEN, DECLINED)
    explained = replace(explained, facts=explained.facts.with_failed_attempt(DECLINED.created))
    assert unexplained.status is InvoiceStatus.FAILED
    assert published_change(unexplained, explained) == ((T.INVOICE_PAYMENT_FAILED,), "failed", "failed")


def test_a_payment_of_another_part_is_not_published_as_another_failure() -> None:
    other_part = replace(INTENT, id="pi_2", latest_charge_id="ch_5")
    before, after = invoice_with(OPEN, DECLINED_INTENT), invoice_with(OPEN, DECLINED_INTENT, DECLINED, other_part)
    assert before.failure != after.failure
    assert invoice_difference(before, after) == NOTHING


def test_an_older_attempt_that_becomes_known_late_is_not_published() -> None:
    earlier = replace(DECLINED, id="ch_9", created=NOW, as_of=NOW, failure=EXPIRED)
    assert invoice_difference(invoice_with(OPEN, DECLINED), invoice_with(OPEN, DECLINED, earlier)) == NOTHING


def test_a_new_pending_attempt_is_published_as_pending() -> None:
    assert published_change(invoice_with(OPEN, DECLINED), invoice_with(OPEN, DECLINED, UNDER_WAY)) == (
        (T.INVOICE_PENDING,),
        "failed",
        "pending",
    )


# Money


def test_a_payment_is_published_as_paid() -> None:
    assert published_change(invoice_with(OPEN), invoice_with(PAID, VISA, PAYMENT)) == (
        (T.INVOICE_PAID,),
        "pending",
        "paid",
    )


def test_a_partial_payment_is_published_as_partly_paid_and_the_remainder_as_paid() -> None:
    part = invoice_with(replace(OPEN, amount_paid=2500, amount_remaining=5000))
    assert published_change(invoice_with(OPEN), part) == ((T.INVOICE_PARTLY_PAID,), "pending", "pending")
    assert published_change(part, invoice_with(PAID)) == ((T.INVOICE_PAID,), "pending", "paid")


def test_each_refund_is_published_and_the_status_shows_whether_it_was_full() -> None:
    half = invoice_with(PAID, VISA, PAYMENT, REFUND)
    second_refund = replace(REFUND, id="re_2", amount=5000)
    assert published_change(invoice_with(PAID, VISA, PAYMENT), half) == ((T.INVOICE_REFUNDED,), "paid", "paid")
    assert published_change(half, invoice_with(PAID, VISA, PAYMENT, REFUND, second_refund)) == (
        (T.INVOICE_REFUNDED,),
        "paid",
        "refunded",
    )


def test_a_refund_that_arrives_with_its_payment_is_published_as_paid_and_refunded() -> None:
    assert published_change(invoice_with(OPEN), invoice_with(PAID, VISA, PAYMENT, REFUNDED)) == (
        (T.INVOICE_PAID, T.INVOICE_REFUNDED), "pending", "refunded",
    )  # fmt: skip


@pytest.mark.parametrize(("refund", "previous"), [(REFUNDED, "refunded"), (REFUND, "paid")])
def test_a_failed_refund_is_published_as_paid_again(refund: Any, previous: str) -> None:
    failed = replace(refund, status="failed", as_of=NOW + 9 * DAY)
    before, after = invoice_with(PAID, VISA, PAYMENT, refund), invoice_with(PAID, VISA, PAYMENT, failed)
    assert published_change(before, after) == ((T.INVOICE_PAID,), previous, "paid")


def test_a_failed_refund_of_a_partial_payment_is_published_as_partly_paid() -> None:
    part = replace(OPEN, amount_paid=2500, amount_remaining=5000)
    before, failed = (
        invoice_with(part, REFUND),
        invoice_with(part, replace(REFUND, status="failed", as_of=NOW + 9 * DAY)),
    )
    assert published_change(before, failed) == ((T.INVOICE_PARTLY_PAID,), "pending", "pending")


def test_a_dispute_is_published_when_it_opens_and_when_it_closes() -> None:
    paid, disputed = invoice_with(PAID, VISA, PAYMENT), invoice_with(PAID, VISA, PAYMENT, DISPUTE)
    lost = invoice_with(PAID, VISA, PAYMENT, replace(DISPUTE, status="lost"))
    assert published_change(paid, disputed) == ((T.INVOICE_DISPUTE_OPENED,), "paid", "paid")
    assert published_change(disputed, lost) == ((T.INVOICE_DISPUTE_CLOSED,), "paid", "paid")
    assert published_change(paid, lost)[0] == (T.INVOICE_DISPUTE_OPENED, T.INVOICE_DISPUTE_CLOSED)
    assert published_change(lost, disputed)[0] == (T.INVOICE_DISPUTE_OPENED,), "A lost dispute was appealed."


# Voided, uncollectible, revised and overdue


@pytest.mark.parametrize(
    ("status", "change"), [("void", T.INVOICE_VOIDED), ("uncollectible", T.INVOICE_UNCOLLECTIBLE)]
)
def test_voided_and_uncollectible_invoices_are_published(status: str, change: ChangeType) -> None:
    assert published_change(invoice_with(OPEN), invoice_with(replace(OPEN, status=status))) == (
        (change,),
        "pending",
        status,
    )


def test_an_edit_of_an_issued_invoice_in_stripe_is_published_as_revised() -> None:
    revision = replace(OPEN, id="in_2", from_invoice_id="in_1", as_of=NOW + DAY, finalized_at=NOW + DAY)
    assert published_change(invoice_with(OPEN), invoice_with(OPEN, revision, sent_at=None)) == (
        (T.INVOICE_REVISED,),
        "pending",
        "pending",
    )


def test_an_invoice_is_published_as_overdue_once() -> None:
    before = invoice_with(OPEN)
    overdue = next_version(before, overdue_since=before.first_day_overdue)
    assert overdue.overdue
    assert published_change(before, overdue) == ((T.INVOICE_OVERDUE,), "pending", "pending")
    assert invoice_difference(overdue, next_version(overdue)) == NOTHING
    assert invoice_difference(before, next_version(before, overdue_since=dt.date(2020, 1, 1))) == NOTHING


# Every pair

FACTS = (DECLINED, DECLINED_INTENT, VISA, PAYMENT, REFUND, REFUNDED, DISPUTE)
VERSIONS = [
    invoice(),
    draft(),
    *(draft(step) for step in (Step.SEND, Step.EDIT, Step.RELEASE)),
    draft(Step.LINES, send=True),
    *(in_status(invoice(), status) for status in InvoiceStatus if status is not InvoiceStatus.REFUNDED),
    invoice_with(OPEN, acts=()),
    invoice_with(OPEN, DECLINED, UNDER_WAY),
    *(
        invoice_with(present, *facts)
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
    fact = facts.invoice
    read_again = replace(
        facts,
        invoice=replace(fact, as_of=fact.as_of + later) if fact else None,
        disputes={name: replace(each, as_of=each.as_of + later) for name, each in facts.disputes.items()},
        refunds={name: replace(each, as_of=each.as_of + later) for name, each in facts.refunds.items()},
    )
    saga = replace(version.saga, attempts=version.saga.attempts + 1)
    later_version = next_version(
        version, facts=read_again, saga=saga, updated_at=version.updated_at + later, links_read_at=later,
        reminded_at=later,
    )  # fmt: skip
    assert invoice_difference(version, later_version) == NOTHING
