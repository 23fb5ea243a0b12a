"""The timeline has one entry for one thing that happened, with what a reader asks next: how, how much, why."""

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
from tests.domain.told import (
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
    made,
)

CREATED, SENT_BY_POM = SENT
DEBITED = PaymentMethod("us_bank_account", "STRIPE TEST BANK", "6789")


def kinds(invoice: Invoice) -> list[str]:
    return [entry.kind.value for entry in timeline(invoice)]


def after_sending(*facts: Any, **changes: Any) -> list[tuple[str, int]]:
    """Returns the kinds of the entries after `created` and `sent`, each with its second after NOW."""
    entries = timeline(made(*facts, **changes))
    assert [entry.kind for entry in entries[:2]] == [EntryKind.CREATED, EntryKind.SENT]
    return [(entry.kind.value, entry.at - NOW) for entry in entries[2:]]


def only(invoice: Invoice, kind: EntryKind) -> Entry:
    [entry] = [entry for entry in timeline(invoice) if entry.kind is kind]
    return entry


# Attempts and payments


def test_a_decline_and_a_payment_seconds_apart_are_four_entries_with_their_cards() -> None:
    attempt = replace(INTENT, failure=None)
    entries = timeline(made(PAID, DECLINED, VISA, attempt, PAYMENT))
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
    failed = [entry for entry in timeline(made(OPEN, DECLINED, again)) if entry.kind is EntryKind.PAYMENT_FAILED]
    assert [entry.method and entry.method.last4 for entry in failed] == ["9995", "0069"]


def test_a_decline_of_which_charge_intent_and_invoice_tell_is_one_entry() -> None:
    intent = replace(
        INTENT, as_of=DECLINED.as_of, status="requires_payment_method",
        failure=DECLINED.failure, failed_charge_id="ch_0", failed_method="card",
    )  # fmt: skip
    invoice = made(OPEN, DECLINED, intent)
    invoice = replace(invoice, facts=invoice.facts.with_failed_attempt(DECLINED.as_of + 1))
    assert kinds(invoice) == ["created", "sent", "payment_failed"]


def test_a_failure_of_which_only_the_invoices_event_has_told_is_on_the_timeline_without_a_reason() -> None:
    invoice = made(OPEN)
    invoice = replace(invoice, facts=invoice.facts.with_failed_attempt(NOW + DAY))
    failed = only(invoice, EntryKind.PAYMENT_FAILED)
    assert (failed.at, failed.reason, failed.method) == (NOW + DAY, "other", None)


def test_an_attempt_that_the_payer_did_not_confirm_is_told_although_nothing_was_charged() -> None:
    refused = PaymentFailure(FailureReason.AUTHENTICATION_REQUIRED)
    attempt = AttemptFact(NOW + 60, "pi_1", 7500, "usd", refused, "card")
    assert after_sending(PAID, attempt, VISA, INTENT, PAYMENT) == [("payment_failed", 60), ("paid", DAY)]
    intent = replace(INTENT, status="requires_payment_method", failure=refused, latest_charge_id=None)
    failed = only(made(OPEN, attempt, intent), EntryKind.PAYMENT_FAILED)
    assert (failed.reason, failed.method) == ("authentication_required", PaymentMethod("card"))


def test_a_bank_debit_is_under_way_for_days_and_then_paid() -> None:
    assert after_sending(OPEN, DEBIT, UNDER_WAY) == [("payment_under_way", DAY)]
    settled = replace(PAID, paid_at=NOW + 5 * DAY)
    arrived = made(settled, ARRIVED, replace(UNDER_WAY, status="succeeded"), PAYMENT)
    assert kinds(arrived)[2:] == ["payment_under_way", "paid"]
    began, paid = timeline(arrived)[2:]
    assert (began.at, paid.at) == (NOW + DAY, NOW + 5 * DAY)
    assert began.method == paid.method == DEBITED


def test_a_bank_debit_that_comes_back_was_under_way_and_then_failed() -> None:
    assert after_sending(OPEN, BOUNCED) == [("payment_under_way", DAY), ("payment_failed", 5 * DAY)]
    failed = only(made(OPEN, BOUNCED), EntryKind.PAYMENT_FAILED)
    assert (failed.reason, failed.method) == ("insufficient_funds", DEBITED)


def test_a_debit_whose_charge_is_not_known_yet_is_under_way_once() -> None:
    assert after_sending(OPEN, UNDER_WAY) == [("payment_under_way", DAY)]
    assert after_sending(OPEN, UNDER_WAY, DEBIT) == [("payment_under_way", DAY)]


def test_a_part_is_partly_paid_and_the_payment_that_reaches_the_amount_is_paid() -> None:
    part = replace(VISA, id="ch_2", payment_intent_id="pi_2", amount=2500)
    rest = replace(VISA, amount=5000, created=NOW + 2 * DAY)
    first = replace(OPEN, amount_paid=2500, amount_remaining=5000)
    assert after_sending(first, part) == [("partly_paid", DAY)]
    assert after_sending(PAID, part, rest) == [("partly_paid", DAY), ("paid", 2 * DAY)]
    assert [entry.amount for entry in timeline(made(PAID, part, rest))[2:]] == [2500, 5000]


def test_a_payment_beyond_the_amount_does_not_make_the_one_before_it_a_part() -> None:
    twice = replace(VISA, id="ch_2", payment_intent_id="pi_2", created=NOW + 2 * DAY)
    overpaid = replace(PAID, amount_paid=15_000, amount_overpaid=7500)
    assert after_sending(overpaid, VISA, twice) == [("paid", DAY), ("paid", 2 * DAY)]


def test_a_payment_is_told_even_if_the_invoice_does_not_say_paid_yet() -> None:
    assert after_sending(OPEN, VISA) == [("paid", DAY)]


def test_a_paid_invoice_whose_charge_is_not_known_yet_is_paid_without_a_card() -> None:
    paid = only(made(PAID), EntryKind.PAID)
    assert (paid.at, paid.amount, paid.method) == (NOW + DAY, 7500, None)


def test_an_invoice_over_nothing_was_settled_and_no_money_is_told() -> None:
    paid = only(made(replace(PAID, total=0, amount_paid=0)), EntryKind.PAID)
    assert (paid.amount, paid.reason) == (None, "no_money")


# By hand


def by_hand() -> Invoice:
    record = OutsidePayment(day_of(NOW, "UTC"), "check", "No. 7", NOW + DAY, OFFICE, "in_1")
    act = Action(NOW + DAY, MARKED_PAID, OFFICE, "check No. 7", "in_1")
    paid = replace(PAID, amount_paid_off_stripe=7500)
    return made(paid, acts=(*SENT, act), outside_payment=record)


def test_a_payment_that_the_office_recorded_is_one_entry_with_who_how_and_how_much() -> None:
    assert kinds(by_hand()) == ["created", "sent", "marked_paid"]
    marked = only(by_hand(), EntryKind.MARKED_PAID)
    assert (marked.by_pom, marked.actor, marked.amount, marked.reason) == (True, OFFICE, 7500, "check No. 7")
    assert marked.method == PaymentMethod("check")


def test_a_payment_that_was_recorded_in_stripe_has_nobody_of_pom_in_it() -> None:
    invoice = made(replace(PAID, amount_paid_off_stripe=7500))
    marked = only(invoice, EntryKind.MARKED_PAID)
    assert (marked.by_pom, marked.actor, marked.amount) == (False, None, 7500)
    assert marked.method == PaymentMethod("outside_stripe")
    assert "paid" not in kinds(invoice)


def test_a_card_for_a_part_and_cash_for_the_rest_are_two_entries() -> None:
    part = replace(VISA, amount=2500, created=NOW + 60)
    cash = replace(PAID, amount_paid_off_stripe=5000)
    assert after_sending(cash, part) == [("partly_paid", 60), ("marked_paid", DAY)]


# Refunds


@pytest.mark.parametrize(
    ("refund", "told"),
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
def test_a_refund_is_told_as_far_as_it_has_come(refund: Any, told: list[tuple[str, int]]) -> None:
    assert after_sending(PAID, VISA, INTENT, PAYMENT, refund) == [("paid", DAY), *told]


def test_a_refund_names_the_card_that_it_goes_back_to_and_why() -> None:
    refunded = only(made(PAID, VISA, INTENT, PAYMENT, REFUND), EntryKind.REFUNDED)
    assert (refunded.amount, refunded.reason) == (2500, "requested_by_customer")
    assert refunded.method == PaymentMethod("card", "visa", "4242", "2029-04")
    assert (refunded.by_pom, refunded.actor) == (False, None)


def test_a_refund_that_the_office_ordered_in_pom_names_who_ordered_it() -> None:
    order = RefundOrder("ref_1", "pi_1", 2500, None, OFFICE, NOW + 3 * DAY, "nonce", refund_id="re_1")
    invoice = made(PAID, VISA, INTENT, PAYMENT, replace(REFUND, order_id="ref_1"), refund_orders=(order,))
    refunded = only(invoice, EntryKind.REFUNDED)
    assert (refunded.by_pom, refunded.actor) == (True, OFFICE)


def test_a_refund_that_stripe_refused_later_is_told() -> None:
    act = Action(NOW + 3 * DAY, actions.REFUND_REFUSED, OFFICE, "refund_exceeds_payment", "pi_1", 2500)
    refused = only(made(PAID, VISA, acts=(*SENT, act)), EntryKind.REFUND_REFUSED)
    assert (refused.amount, refused.currency, refused.reason) == (2500, "usd", "refund_exceeds_payment")


# Disputes and credit notes


def test_a_dispute_tells_until_when_evidence_is_due() -> None:
    opened = only(made(PAID, VISA, DISPUTE), EntryKind.DISPUTE_OPENED)
    assert (opened.at, opened.amount, opened.reason, opened.due_by) == (
        NOW + 4 * DAY,
        7500,
        "fraudulent",
        NOW + 14 * DAY,
    )


@pytest.mark.parametrize(
    ("status", "kind"), [("won", "dispute_won"), ("lost", "dispute_lost"), ("warning_closed", "dispute_closed")]
)
def test_how_a_dispute_ended_is_an_entry_of_its_own(status: str, kind: str) -> None:
    closed = replace(DISPUTE, as_of=NOW + 20 * DAY, status=status, seen={status: NOW + 20 * DAY})
    expected = [("paid", DAY), ("dispute_opened", 4 * DAY), (kind, 20 * DAY)]
    assert after_sending(PAID, VISA, closed) == expected


def test_a_dispute_that_was_lost_and_won_on_appeal_tells_both() -> None:
    won = replace(DISPUTE, as_of=NOW + 40 * DAY, status="won", seen={"lost": NOW + 20 * DAY, "won": NOW + 40 * DAY})
    assert [kind for kind, _ in after_sending(PAID, VISA, won)][-2:] == ["dispute_lost", "dispute_won"]


def test_a_credit_note_and_its_voiding_are_told() -> None:
    credited = only(made(OPEN, NOTE), EntryKind.CREDITED)
    assert (credited.amount, credited.reason) == (1500, "order_change")
    void = replace(NOTE, status="void", voided_at=NOW + 2 * DAY)
    assert after_sending(OPEN, void) == [("credited", DAY), ("credit_note_voided", 2 * DAY)]


# E-mails


def test_an_invoice_that_somebody_mailed_again_in_stripe_was_sent_twice() -> None:
    invoice = made(OPEN)
    mailed = replace(invoice, facts=invoice.facts.mailed("in_1", NOW + DAY))
    assert kinds(mailed) == ["created", "sent", "sent"]
    ours, theirs = timeline(mailed)[1:]
    assert (ours.by_pom, theirs.by_pom, theirs.to) == (True, False, ANN)


def test_the_event_of_an_e_mail_that_pom_ordered_is_no_second_entry() -> None:
    """An account on an old API version tells no key of the request, so the event looks like somebody else's."""
    invoice = made(OPEN)
    assert kinds(replace(invoice, facts=invoice.facts.mailed("in_1", NOW + 2))) == ["created", "sent"]


def test_each_later_e_mail_that_somebody_else_had_stripe_send_is_an_entry() -> None:
    invoice = made(OPEN)
    mailed = invoice.facts.mailed("in_1", NOW + 200).mailed("in_1", NOW + DAY)
    assert kinds(replace(invoice, facts=mailed)) == ["created", "sent", "sent", "sent"]


def test_an_invoice_that_pom_finalized_by_sending_it_is_not_told_as_finalized_in_stripe() -> None:
    assert kinds(made(replace(OPEN, finalized_at=NOW + 2 * DAY))) == ["created", "sent"]


def test_reminders_are_told_with_their_address_or_with_why_none_was_sent() -> None:
    reminded = Action(NOW + DAY, actions.REMINDER_SENT, None, stripe_id="in_1")
    refused = Action(NOW + 2 * DAY, actions.REMINDER_REFUSED, None, "customer_email_changed", "in_1")
    invoice = made(OPEN, acts=(*SENT, reminded, refused))
    assert kinds(invoice)[2:] == ["reminded", "reminder_refused"]
    assert only(invoice, EntryKind.REMINDED).to == ANN
    assert only(invoice, EntryKind.REMINDER_REFUSED).reason == "customer_email_changed"


def test_an_order_to_send_is_told_until_something_comes_of_it() -> None:
    draft = replace(OPEN, status="draft", finalized_at=None)
    ordered = Action(NOW + 60, actions.SEND_REQUESTED, OFFICE, stripe_id="in_1")
    assert kinds(made(draft, acts=(CREATED, ordered))) == ["created", "send_requested"]
    assert kinds(made(OPEN, acts=(CREATED, ordered, SENT_BY_POM))) == ["created", "sent"]
    refused = Action(NOW + 90, actions.SEND_REFUSED, OFFICE, "changed_in_stripe", "in_1")
    invoice = made(draft, acts=(CREATED, ordered, refused))
    assert kinds(invoice) == ["created", "send_refused"]
    assert only(invoice, EntryKind.SEND_REFUSED).reason == "changed_in_stripe"


def test_a_draft_that_somebody_finalized_in_stripe_is_told_as_finalized_and_not_as_sent() -> None:
    assert kinds(made(replace(OPEN, finalized_at=NOW + DAY), acts=(CREATED,))) == ["created", "finalized"]


# How an invoice ends


@pytest.mark.parametrize(
    ("act", "fact", "kind"),
    [
        (VOIDED, replace(OPEN, status="void", voided_at=NOW + DAY), EntryKind.VOIDED),
        (GIVEN_UP, replace(OPEN, status="uncollectible", marked_uncollectible_at=NOW + DAY), EntryKind.GIVEN_UP),
    ],
    ids=["voided", "given_up"],
)
def test_what_pom_ended_is_one_entry_of_poms_and_what_stripe_ended_is_one_of_stripes(
    act: str, fact: Any, kind: EntryKind
) -> None:
    by_pom = only(made(fact, acts=(*SENT, Action(NOW + DAY - 2, act, OFFICE, "14 days", "in_1"))), kind)
    assert (by_pom.by_pom, by_pom.actor, by_pom.reason) == (True, OFFICE, "14 days")
    in_stripe = only(made(fact), kind)
    assert (in_stripe.by_pom, in_stripe.actor, in_stripe.at) == (False, None, NOW + DAY)


def test_a_draft_that_somebody_deleted_in_stripe_is_told_with_the_second_of_its_event() -> None:
    gone = replace(OPEN, status="draft", finalized_at=None, deleted=True, seen={"deleted": NOW + DAY})
    assert kinds(made(gone, acts=(CREATED,))) == ["created", "draft_deleted"]
    assert only(made(gone, acts=(CREATED,)), EntryKind.DRAFT_DELETED).at == NOW + DAY


def test_a_draft_that_the_office_deleted_is_deleted_once_and_by_pom() -> None:
    gone = replace(OPEN, status="draft", finalized_at=None, deleted=True, seen={"deleted": NOW + DAY})
    invoice = made(gone, acts=(CREATED, Action(NOW + DAY, VOIDED, OFFICE, None, "in_1")))
    assert kinds(invoice) == ["created", "draft_deleted"]
    assert only(invoice, EntryKind.DRAFT_DELETED).actor == OFFICE


def test_an_invoice_that_was_given_up_and_paid_later_tells_both() -> None:
    fact = replace(PAID, marked_uncollectible_at=NOW + DAY - 60)
    assert after_sending(fact, VISA) == [("given_up", DAY - 60), ("paid", DAY)]


def test_a_revision_is_one_entry_with_its_total_and_its_original_is_not_voided_on_the_timeline() -> None:
    original = replace(OPEN, status="void", voided_at=NOW + DAY, latest_revision_id="in_2")
    revision = replace(OPEN, id="in_2", from_invoice_id="in_1", total=10_000, finalized_at=NOW + DAY)
    invoice = made(original, revision)
    revised = only(invoice, EntryKind.REVISED)
    assert (revised.at, revised.amount, revised.stripe_id) == (NOW + DAY, 10_000, "in_2")
    assert EntryKind.VOIDED.value not in kinds(invoice)


# Order


def test_things_of_one_second_stand_in_the_order_in_which_such_things_happen() -> None:
    at_once = {"created": NOW, "as_of": NOW}
    paid = replace(PAID, paid_at=NOW)
    refund = replace(REFUND, **at_once, seen={"succeeded": NOW})
    dispute = replace(DISPUTE, **at_once, status="lost", seen={"lost": NOW})
    invoice = made(paid, replace(DECLINED, **at_once), replace(VISA, **at_once), refund, dispute)
    assert kinds(invoice) == [
        "created", "sent", "payment_failed", "paid", "refunded", "dispute_opened", "dispute_lost",
    ]  # fmt: skip


def test_the_order_in_which_facts_became_known_does_not_matter() -> None:
    facts = (PAID, DECLINED, VISA, INTENT, REFUND)
    expected = timeline(made(*facts))
    for order in itertools.permutations(facts):
        assert timeline(made(*order)) == expected


def test_the_latest_entry_of_some_kinds_is_found() -> None:
    invoice = made(PAID, DECLINED, VISA)
    found = latest(invoice, EntryKind.PAID, EntryKind.PAYMENT_FAILED)
    assert found is not None
    assert found.kind is EntryKind.PAID
    assert latest(invoice, EntryKind.VOIDED) is None
