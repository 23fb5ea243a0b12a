"""The timeline has one entry for each thing that happened, with its method, amount and reason."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import actions
from chalicelib.domain.actions import Action
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.intended_act import GIVEN_UP, MARKED_PAID, VOIDED
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.payment_facts import AttemptFact, PaymentFailure
from chalicelib.domain.payments import PaymentMethod
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.terms import day_of
from chalicelib.domain.timeline import latest, timeline
from chalicelib.domain.timeline_entries import Entry, EntryKind
from tests.contracts.examples import NOW
from tests.domain.example_invoices import (
    ANN,
    ARRIVED,
    BOUNCED,
    DAY,
    DEBIT,
    DECLINED,
    DISPUTE,
    INTENT,
    NOTE,
    OFFICE,
    OPEN,
    PAID,
    PAYMENT,
    REFUND,
    SENT,
    UNDER_WAY,
    VISA,
    invoice_with,
)
from tests.timelines import kinds

CREATED, SENT_BY_POM = SENT
DEBITED = PaymentMethod("us_bank_account", "STRIPE TEST BANK", "6789")


def after_sending(*facts: Any, **changes: Any) -> list[tuple[str, int]]:
    """Returns the kinds of the entries after `created` and `sent`, each with its seconds after NOW."""
    entries = timeline(invoice_with(*facts, **changes))
    assert [entry.kind for entry in entries[:2]] == [EntryKind.CREATED, EntryKind.SENT]
    return [(entry.kind.value, entry.at - NOW) for entry in entries[2:]]


def only(invoice: Invoice, kind: EntryKind) -> Entry:
    [entry] = [entry for entry in timeline(invoice) if entry.kind is kind]
    return entry


# Attempts and payments


def test_a_decline_and_a_payment_seconds_apart_are_four_entries_with_their_cards() -> None:
    attempt = replace(INTENT, failure=None)
    entries = timeline(invoice_with(PAID, DECLINED, VISA, attempt, PAYMENT))
    assert [entry.kind.value for entry in entries] == ["created", "sent", "payment_failed", "paid"]
    sent, failed, paid = entries[1:]
    assert (sent.to, sent.by_pom, sent.actor) == (ANN, True, OFFICE)
    assert (failed.at, failed.reason) == (NOW + DAY - 20, "insufficient_funds")
    assert failed.method == PaymentMethod("card", "visa", "9995", "2029-04")
    assert (paid.at, paid.amount, paid.currency) == (NOW + DAY, 7500, "usd")
    assert paid.method == PaymentMethod("card", "visa", "4242", "2029-04")
    assert not paid.by_pom


def test_several_declines_are_one_entry_each() -> None:
    again = replace(DECLINED, id="ch_00", created=DECLINED.created + 10, as_of=DECLINED.as_of + 10, last4="0069")
    failed = [
        entry for entry in timeline(invoice_with(OPEN, DECLINED, again)) if entry.kind is EntryKind.PAYMENT_FAILED
    ]
    assert [entry.method and entry.method.last4 for entry in failed] == ["9995", "0069"]


def test_a_decline_reported_by_charge_intent_and_invoice_is_one_entry() -> None:
    intent = replace(
        INTENT, as_of=DECLINED.as_of, status="requires_payment_method",
        failure=DECLINED.failure, failed_charge_id="ch_0", failed_method="card",
    )  # fmt: skip
    invoice = invoice_with(OPEN, DECLINED, intent)
    invoice = replace(invoice, facts=invoice.facts.with_failed_attempt(DECLINED.as_of + 1))
    assert kinds(invoice) == ["created", "sent", "payment_failed"]


def test_a_failure_reported_only_by_an_invoice_event_is_listed_without_a_reason() -> None:
    invoice = invoice_with(OPEN)
    invoice = replace(invoice, facts=invoice.facts.with_failed_attempt(NOW + DAY))
    failed = only(invoice, EntryKind.PAYMENT_FAILED)
    assert (failed.at, failed.reason, failed.method) == (NOW + DAY, "other", None)


def test_an_unconfirmed_attempt_is_listed_although_nothing_was_charged() -> None:
    not_confirmed = PaymentFailure(FailureReason.AUTHENTICATION_REQUIRED)
    attempt = AttemptFact(NOW + 60, "pi_1", 7500, "usd", not_confirmed, "card")
    assert after_sending(PAID, attempt, VISA, INTENT, PAYMENT) == [("payment_failed", 60), ("paid", DAY)]
    intent = replace(INTENT, status="requires_payment_method", failure=not_confirmed, latest_charge_id=None)
    failed = only(invoice_with(OPEN, attempt, intent), EntryKind.PAYMENT_FAILED)
    assert (failed.reason, failed.method) == ("authentication_required", PaymentMethod("card"))


def test_a_bank_debit_is_listed_as_pending_and_then_as_paid() -> None:
    assert after_sending(OPEN, DEBIT, UNDER_WAY) == [("payment_under_way", DAY)]
    settled = replace(PAID, paid_at=NOW + 5 * DAY)
    arrived = invoice_with(settled, ARRIVED, replace(UNDER_WAY, status="succeeded"), PAYMENT)
    assert kinds(arrived)[2:] == ["payment_under_way", "paid"]
    began, paid = timeline(arrived)[2:]
    assert (began.at, paid.at) == (NOW + DAY, NOW + 5 * DAY)
    assert began.method == paid.method == DEBITED


def test_a_returned_bank_debit_is_listed_as_pending_and_then_as_failed() -> None:
    assert after_sending(OPEN, BOUNCED) == [("payment_under_way", DAY), ("payment_failed", 5 * DAY)]
    failed = only(invoice_with(OPEN, BOUNCED), EntryKind.PAYMENT_FAILED)
    assert (failed.reason, failed.method) == ("insufficient_funds", DEBITED)


def test_a_debit_with_an_unknown_charge_is_listed_as_pending_once() -> None:
    assert after_sending(OPEN, UNDER_WAY) == [("payment_under_way", DAY)]
    assert after_sending(OPEN, UNDER_WAY, DEBIT) == [("payment_under_way", DAY)]


def test_a_partial_payment_is_listed_as_partly_paid_and_the_last_one_as_paid() -> None:
    part = replace(VISA, id="ch_2", payment_intent_id="pi_2", amount=2500)
    second_charge = replace(VISA, amount=5000, created=NOW + 2 * DAY)
    first = replace(OPEN, amount_paid=2500, amount_remaining=5000)
    assert after_sending(first, part) == [("partly_paid", DAY)]
    assert after_sending(PAID, part, second_charge) == [("partly_paid", DAY), ("paid", 2 * DAY)]
    assert [entry.amount for entry in timeline(invoice_with(PAID, part, second_charge))[2:]] == [2500, 5000]


def test_a_payment_beyond_the_total_does_not_turn_the_earlier_payment_into_a_partial_one() -> None:
    twice = replace(VISA, id="ch_2", payment_intent_id="pi_2", created=NOW + 2 * DAY)
    overpaid = replace(PAID, amount_paid=15_000, amount_overpaid=7500)
    assert after_sending(overpaid, VISA, twice) == [("paid", DAY), ("paid", 2 * DAY)]


def test_a_payment_is_listed_before_the_invoice_has_the_status_paid() -> None:
    assert after_sending(OPEN, VISA) == [("paid", DAY)]


def test_a_paid_invoice_with_an_unknown_charge_is_listed_as_paid_without_a_card() -> None:
    paid = only(invoice_with(PAID), EntryKind.PAID)
    assert (paid.at, paid.amount, paid.method) == (NOW + DAY, 7500, None)


def test_an_invoice_over_zero_is_listed_as_settled_without_money() -> None:
    paid = only(invoice_with(replace(PAID, total=0, amount_paid=0)), EntryKind.PAID)
    assert (paid.amount, paid.reason) == (None, "no_money")


# By hand


def paid_by_hand() -> Invoice:
    record = OutsidePayment(day_of(NOW, "UTC"), "check", "No. 7", NOW + DAY, OFFICE, "in_1")
    act = Action(NOW + DAY, MARKED_PAID, OFFICE, "check No. 7", "in_1")
    paid = replace(PAID, amount_paid_off_stripe=7500)
    return invoice_with(paid, acts=(*SENT, act), outside_payment=record)


def test_a_payment_recorded_by_the_office_is_one_entry_with_user_method_and_amount() -> None:
    assert kinds(paid_by_hand()) == ["created", "sent", "marked_paid"]
    marked = only(paid_by_hand(), EntryKind.MARKED_PAID)
    assert (marked.by_pom, marked.actor, marked.amount, marked.reason) == (True, OFFICE, 7500, "check No. 7")
    assert marked.method == PaymentMethod("check")


def test_a_payment_recorded_in_stripe_names_no_user_of_pom() -> None:
    invoice = invoice_with(replace(PAID, amount_paid_off_stripe=7500))
    marked = only(invoice, EntryKind.MARKED_PAID)
    assert (marked.by_pom, marked.actor, marked.amount) == (False, None, 7500)
    assert marked.method == PaymentMethod("outside_stripe")
    assert "paid" not in kinds(invoice)


def test_a_part_by_card_and_the_remainder_in_cash_are_two_entries() -> None:
    part = replace(VISA, amount=2500, created=NOW + 60)
    cash = replace(PAID, amount_paid_off_stripe=5000)
    assert after_sending(cash, part) == [("partly_paid", 60), ("marked_paid", DAY)]


# Refunds


@pytest.mark.parametrize(
    ("refund", "expected"),
    [
        pytest.param(REFUND, [("refunded", 3 * DAY)], id="done_at_once"),
        pytest.param(
            replace(REFUND, status="pending", seen={"pending": NOW + 3 * DAY}),
            [("refund_pending", 3 * DAY)],
            id="under_way",
        ),
        pytest.param(
            replace(REFUND, seen={"pending": NOW + 3 * DAY, "succeeded": NOW + 6 * DAY}),
            [("refund_pending", 3 * DAY), ("refunded", 6 * DAY)],
            id="done_days_later",
        ),
        pytest.param(
            replace(REFUND, status="failed", seen={"succeeded": NOW + 3 * DAY, "failed": NOW + 28 * DAY}),
            [("refunded", 3 * DAY), ("refund_failed", 28 * DAY)],
            id="failed_weeks_later",
        ),
        pytest.param(
            replace(REFUND, status="failed", seen={"pending": NOW + 3 * DAY, "failed": NOW + 4 * DAY}),
            [("refund_pending", 3 * DAY), ("refund_failed", 4 * DAY)],
            id="failed_and_never_done",
        ),
        pytest.param(
            replace(REFUND, status="canceled", seen={"pending": NOW + 3 * DAY, "canceled": NOW + 4 * DAY}),
            [("refund_pending", 3 * DAY), ("refund_canceled", 4 * DAY)],
            id="canceled",
        ),
    ],
)
def test_a_refund_is_listed_with_its_current_status(refund: Any, expected: list[tuple[str, int]]) -> None:
    assert after_sending(PAID, VISA, INTENT, PAYMENT, refund) == [("paid", DAY), *expected]


def test_a_refund_names_its_card_and_its_reason() -> None:
    refunded = only(invoice_with(PAID, VISA, INTENT, PAYMENT, REFUND), EntryKind.REFUNDED)
    assert (refunded.amount, refunded.reason) == (2500, "requested_by_customer")
    assert refunded.method == PaymentMethod("card", "visa", "4242", "2029-04")
    assert (refunded.by_pom, refunded.actor) == (False, None)


def test_a_refund_ordered_in_pom_names_its_user() -> None:
    order = RefundOrder("ref_1", "pi_1", 2500, None, OFFICE, NOW + 3 * DAY, "nonce", refund_id="re_1")
    invoice = invoice_with(PAID, VISA, INTENT, PAYMENT, replace(REFUND, order_id="ref_1"), refund_orders=(order,))
    refunded = only(invoice, EntryKind.REFUNDED)
    assert (refunded.by_pom, refunded.actor) == (True, OFFICE)


def test_a_refund_that_stripe_refused_later_is_listed() -> None:
    act = Action(NOW + 3 * DAY, actions.REFUND_REFUSED, OFFICE, "refund_exceeds_payment", "pi_1", 2500)
    entry = only(invoice_with(PAID, VISA, acts=(*SENT, act)), EntryKind.REFUND_REFUSED)
    assert (entry.amount, entry.currency, entry.reason) == (2500, "usd", "refund_exceeds_payment")


# Disputes and credit notes


def test_a_dispute_states_when_its_evidence_is_due() -> None:
    opened = only(invoice_with(PAID, VISA, DISPUTE), EntryKind.DISPUTE_OPENED)
    assert (opened.at, opened.amount, opened.reason, opened.due_by) == (
        NOW + 4 * DAY,
        7500,
        "fraudulent",
        NOW + 14 * DAY,
    )


@pytest.mark.parametrize(
    ("status", "kind"), [("won", "dispute_won"), ("lost", "dispute_lost"), ("warning_closed", "dispute_closed")]
)
def test_the_outcome_of_a_dispute_is_a_separate_entry(status: str, kind: str) -> None:
    closed = replace(DISPUTE, as_of=NOW + 20 * DAY, status=status, seen={status: NOW + 20 * DAY})
    expected = [("paid", DAY), ("dispute_opened", 4 * DAY), (kind, 20 * DAY)]
    assert after_sending(PAID, VISA, closed) == expected


def test_a_dispute_lost_and_then_won_on_appeal_has_both_entries() -> None:
    won = replace(DISPUTE, as_of=NOW + 40 * DAY, status="won", seen={"lost": NOW + 20 * DAY, "won": NOW + 40 * DAY})
    assert [kind for kind, _ in after_sending(PAID, VISA, won)][-2:] == ["dispute_lost", "dispute_won"]


def test_a_credit_note_and_its_voiding_are_listed() -> None:
    credited = only(invoice_with(OPEN, NOTE), EntryKind.CREDITED)
    assert (credited.amount, credited.reason) == (1500, "order_change")
    void = replace(NOTE, status="void", voided_at=NOW + 2 * DAY)
    assert after_sending(OPEN, void) == [("credited", DAY), ("credit_note_voided", 2 * DAY)]


# E-mails


def test_an_invoice_mailed_again_in_stripe_is_listed_as_sent_twice() -> None:
    invoice = invoice_with(OPEN)
    mailed = replace(invoice, facts=invoice.facts.mailed("in_1", NOW + DAY))
    assert kinds(mailed) == ["created", "sent", "sent"]
    ours, theirs = timeline(mailed)[1:]
    assert (ours.by_pom, theirs.by_pom, theirs.to) == (True, False, ANN)


def test_the_event_of_an_e_mail_ordered_by_pom_adds_no_second_entry() -> None:
    """Events on an old API version do not name their request, so POM's own e-mail looks like one sent in Stripe."""
    invoice = invoice_with(OPEN)
    assert kinds(replace(invoice, facts=invoice.facts.mailed("in_1", NOW + 2))) == ["created", "sent"]


def test_each_later_e_mail_sent_in_stripe_is_an_entry() -> None:
    invoice = invoice_with(OPEN)
    mailed = invoice.facts.mailed("in_1", NOW + 200).mailed("in_1", NOW + DAY)
    assert kinds(replace(invoice, facts=mailed)) == ["created", "sent", "sent", "sent"]


def test_an_invoice_that_pom_sent_is_not_listed_as_finalized_in_stripe() -> None:
    assert kinds(invoice_with(replace(OPEN, finalized_at=NOW + 2 * DAY))) == ["created", "sent"]


def test_reminders_are_listed_with_their_address_or_the_reason_for_not_sending() -> None:
    reminded = Action(NOW + DAY, actions.REMINDER_SENT, None, stripe_id="in_1")
    reminder_refused = Action(NOW + 2 * DAY, actions.REMINDER_REFUSED, None, "customer_email_changed", "in_1")
    invoice = invoice_with(OPEN, acts=(*SENT, reminded, reminder_refused))
    assert kinds(invoice)[2:] == ["reminded", "reminder_refused"]
    assert only(invoice, EntryKind.REMINDED).to == ANN
    assert only(invoice, EntryKind.REMINDER_REFUSED).reason == "customer_email_changed"


def test_an_order_to_send_is_listed_until_it_has_an_outcome() -> None:
    draft = replace(OPEN, status="draft", finalized_at=None)
    ordered = Action(NOW + 60, actions.SEND_REQUESTED, OFFICE, stripe_id="in_1")
    assert kinds(invoice_with(draft, acts=(CREATED, ordered))) == ["created", "send_requested"]
    assert kinds(invoice_with(OPEN, acts=(CREATED, ordered, SENT_BY_POM))) == ["created", "sent"]
    send_refused = Action(NOW + 90, actions.SEND_REFUSED, OFFICE, "changed_in_stripe", "in_1")
    invoice = invoice_with(draft, acts=(CREATED, ordered, send_refused))
    assert kinds(invoice) == ["created", "send_refused"]
    assert only(invoice, EntryKind.SEND_REFUSED).reason == "changed_in_stripe"


def test_a_draft_finalized_in_stripe_is_listed_as_finalized_and_not_as_sent() -> None:
    assert kinds(invoice_with(replace(OPEN, finalized_at=NOW + DAY), acts=(CREATED,))) == ["created", "finalized"]


# How an invoice ends


@pytest.mark.parametrize(
    ("act", "fact", "kind"),
    [
        (VOIDED, replace(OPEN, status="void", voided_at=NOW + DAY), EntryKind.VOIDED),
        (GIVEN_UP, replace(OPEN, status="uncollectible", marked_uncollectible_at=NOW + DAY), EntryKind.GIVEN_UP),
    ],
    ids=["voided", "given_up"],
)
def test_an_invoice_ended_in_pom_or_in_stripe_has_one_entry_with_that_source(
    act: str, fact: Any, kind: EntryKind
) -> None:
    by_pom = only(invoice_with(fact, acts=(*SENT, Action(NOW + DAY - 2, act, OFFICE, "14 days", "in_1"))), kind)
    assert (by_pom.by_pom, by_pom.actor, by_pom.reason) == (True, OFFICE, "14 days")
    in_stripe = only(invoice_with(fact), kind)
    assert (in_stripe.by_pom, in_stripe.actor, in_stripe.at) == (False, None, NOW + DAY)


def test_a_draft_deleted_in_stripe_is_listed_at_the_time_of_its_event() -> None:
    deleted_fact = replace(OPEN, status="draft", finalized_at=None, deleted=True, seen={"deleted": NOW + DAY})
    assert kinds(invoice_with(deleted_fact, acts=(CREATED,))) == ["created", "draft_deleted"]
    assert only(invoice_with(deleted_fact, acts=(CREATED,)), EntryKind.DRAFT_DELETED).at == NOW + DAY


def test_a_draft_deleted_by_the_office_is_one_entry_from_pom() -> None:
    deleted_fact = replace(OPEN, status="draft", finalized_at=None, deleted=True, seen={"deleted": NOW + DAY})
    invoice = invoice_with(deleted_fact, acts=(CREATED, Action(NOW + DAY, VOIDED, OFFICE, None, "in_1")))
    assert kinds(invoice) == ["created", "draft_deleted"]
    assert only(invoice, EntryKind.DRAFT_DELETED).actor == OFFICE


def test_an_invoice_paid_after_it_was_uncollectible_has_both_entries() -> None:
    fact = replace(PAID, marked_uncollectible_at=NOW + DAY - 60)
    assert after_sending(fact, VISA) == [("given_up", DAY - 60), ("paid", DAY)]


def test_a_revision_is_one_entry_and_its_original_is_not_listed_as_voided() -> None:
    original = replace(OPEN, status="void", voided_at=NOW + DAY, latest_revision_id="in_2")
    revision = replace(OPEN, id="in_2", from_invoice_id="in_1", total=10_000, finalized_at=NOW + DAY)
    invoice = invoice_with(original, revision)
    revised = only(invoice, EntryKind.REVISED)
    assert (revised.at, revised.amount, revised.stripe_id) == (NOW + DAY, 10_000, "in_2")
    assert EntryKind.VOIDED.value not in kinds(invoice)


# Order


def test_entries_of_one_second_are_in_their_natural_order() -> None:
    at_once = {"created": NOW, "as_of": NOW}
    paid = replace(PAID, paid_at=NOW)
    refund = replace(REFUND, **at_once, seen={"succeeded": NOW})
    dispute = replace(DISPUTE, **at_once, status="lost", seen={"lost": NOW})
    invoice = invoice_with(paid, replace(DECLINED, **at_once), replace(VISA, **at_once), refund, dispute)
    assert kinds(invoice) == [
        "created", "sent", "payment_failed", "paid", "refunded", "dispute_opened", "dispute_lost",
    ]  # fmt: skip


def test_the_timeline_does_not_depend_on_the_order_of_facts() -> None:
    facts = (PAID, DECLINED, VISA, INTENT, REFUND)
    expected = timeline(invoice_with(*facts))
    for order in itertools.permutations(facts):
        assert timeline(invoice_with(*order)) == expected


def test_the_latest_entry_of_some_kinds_is_found() -> None:
    invoice = invoice_with(PAID, DECLINED, VISA)
    latest_entry = latest(invoice, EntryKind.PAID, EntryKind.PAYMENT_FAILED)
    assert latest_entry is not None
    assert latest_entry.kind is EntryKind.PAID
    assert latest(invoice, EntryKind.VOIDED) is None
