"""The payments of an invoice: each once, with its method, its outcome, and its refunds and disputes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.failures import FailureReason
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.payment_facts import AttemptFact, PaymentFailure
from chalicelib.domain.payments import PaymentMethod, PaymentStatus, payments_of
from chalicelib.domain.terms import day_of, start_of_day
from tests.contracts.examples import NOW
from tests.domain.example_invoices import (
    ARRIVED,
    BOUNCED,
    DAY,
    DEBIT,
    DECLINED,
    DISPUTE,
    INTENT,
    OFFICE,
    OPEN,
    PAID,
    PAYMENT,
    REFUND,
    UNDER_WAY,
    VISA,
    invoice_with,
)

NOT_CONFIRMED = PaymentFailure(FailureReason.AUTHENTICATION_REQUIRED)


def test_without_an_attempt_there_is_no_payment() -> None:
    untried = replace(INTENT, status="requires_payment_method", latest_charge_id=None)
    assert payments_of(invoice_with(OPEN, untried)) == []
    assert payments_of(invoice_with(OPEN, replace(untried, status="canceled"))) == []


def test_a_payment_by_card_shows_brand_last_four_expiry_and_receipt() -> None:
    [payment] = payments_of(invoice_with(PAID, INTENT, VISA, PAYMENT))
    assert (payment.id, payment.status, payment.at) == ("pi_1", PaymentStatus.SUCCEEDED, NOW + DAY)
    assert (payment.amount, payment.currency) == (7500, "usd")
    assert payment.method == PaymentMethod("card", "visa", "4242", "2029-04")
    assert (payment.charge_id, payment.receipt_url) == ("ch_1", "https://receipt")


def test_the_attempts_of_an_intent_are_one_payment_that_shows_the_successful_one() -> None:
    [payment] = payments_of(invoice_with(PAID, INTENT, DECLINED, VISA, PAYMENT))
    assert (payment.charge_id, payment.failure) == ("ch_1", None)


def test_without_a_success_a_payment_shows_the_latest_attempt_and_its_reason() -> None:
    later = replace(
        DECLINED, id="ch_2", created=NOW + 2 * DAY, last4="0069", failure=PaymentFailure(FailureReason.EXPIRED_CARD)
    )
    [payment] = payments_of(invoice_with(OPEN, later, DECLINED))
    assert (payment.status, payment.failure) == (PaymentStatus.FAILED, FailureReason.EXPIRED_CARD)
    assert payment.method is not None
    assert payment.method.last4 == "0069"


UNPAID = replace(INTENT, as_of=NOW, status="requires_payment_method", latest_charge_id=None)
FORMER = {
    "nobody_had_tried": (UNPAID,),
    "a_card_was_declined": (
        replace(UNPAID, latest_charge_id="ch_0", failed_charge_id="ch_0", failure=DECLINED.failure),
        DECLINED,
    ),
    "only_the_declined_card_is_known": (DECLINED,),
    "waits_for_confirmation": (replace(UNPAID, status="requires_action"),),
    "under_way": (UNDER_WAY,),
}
"""States of an intent that POM may have stored when the payment is received."""


@pytest.mark.parametrize("former", FORMER.values(), ids=FORMER)
def test_a_received_payment_has_succeeded_whatever_its_intent_shows(former: tuple[Any, ...]) -> None:
    [payment] = payments_of(invoice_with(PAID, *former, PAYMENT))
    assert (payment.id, payment.status, payment.amount) == ("pi_1", PaymentStatus.SUCCEEDED, 7500)
    assert (payment.at, payment.failure, payment.refundable) == (NOW + DAY, None, 7500)


def test_a_pending_debit_has_succeeded_once_its_payment_is_received() -> None:
    [payment] = payments_of(invoice_with(PAID, UNDER_WAY, DEBIT, replace(PAYMENT, as_of=NOW + 5 * DAY)))
    assert (payment.status, payment.at, payment.charge_id) == (PaymentStatus.SUCCEEDED, NOW + 5 * DAY, "py_1")
    assert payment.method == PaymentMethod("us_bank_account", "STRIPE TEST BANK", "6789")


def test_an_unconfirmed_attempt_is_a_failed_payment_without_a_charge() -> None:
    attempt = AttemptFact(NOW + DAY, "pi_1", 7500, "usd", NOT_CONFIRMED, "card")
    untried = replace(INTENT, status="requires_payment_method", failure=NOT_CONFIRMED, latest_charge_id=None)
    [payment] = payments_of(invoice_with(OPEN, attempt, untried))
    assert (payment.status, payment.charge_id) == (PaymentStatus.FAILED, None)
    assert payment.failure is FailureReason.AUTHENTICATION_REQUIRED


@pytest.mark.parametrize(
    ("charge", "status", "at"),
    [
        (DEBIT, PaymentStatus.PENDING, NOW + DAY),
        (ARRIVED, PaymentStatus.SUCCEEDED, NOW + 5 * DAY),
        (BOUNCED, PaymentStatus.FAILED, NOW + 5 * DAY),
    ],
    ids=["under_way", "arrived", "came_back"],
)
def test_a_bank_debit_is_pending_until_it_succeeds_or_is_returned(
    charge: object, status: PaymentStatus, at: int
) -> None:
    [payment] = payments_of(invoice_with(OPEN, charge))
    assert (payment.status, payment.at) == (status, at)
    assert payment.method == PaymentMethod("us_bank_account", "STRIPE TEST BANK", "6789")


def test_a_debit_with_an_unknown_charge_is_pending_since_its_intent_was_processing() -> None:
    [payment] = payments_of(invoice_with(OPEN, replace(UNDER_WAY, as_of=NOW + 3 * DAY)))
    assert (payment.status, payment.at, payment.method) == (PaymentStatus.PENDING, NOW + DAY, None)


def test_refunds_and_disputes_are_listed_with_their_payment() -> None:
    other_charge = replace(VISA, id="ch_2", payment_intent_id="pi_2", created=NOW + 2 * DAY)
    first, second = payments_of(invoice_with(PAID, VISA, other_charge, REFUND, DISPUTE))
    assert ([each.id for each in first.refunds], [each.id for each in first.disputes]) == (["re_1"], ["du_1"])
    assert (second.refunds, second.disputes) == ((), ())


def test_a_refund_that_names_only_its_charge_belongs_to_the_charges_payment() -> None:
    [payment] = payments_of(invoice_with(PAID, VISA, replace(REFUND, payment_intent_id=None)))
    assert [each.id for each in payment.refunds] == ["re_1"]


def test_a_charge_without_an_intent_is_a_separate_payment() -> None:
    [payment] = payments_of(invoice_with(PAID, replace(VISA, payment_intent_id=None)))
    assert (payment.id, payment.through_stripe, payment.refundable) == ("ch_1", True, 7500)


def test_the_refundable_amount_counts_no_failed_or_canceled_refund() -> None:
    pending = replace(REFUND, id="re_2", status="pending", amount=1000)
    failed = replace(REFUND, id="re_3", status="failed", amount=500)
    canceled = replace(REFUND, id="re_4", status="canceled", amount=500)
    [payment] = payments_of(invoice_with(PAID, VISA, REFUND, pending, failed, canceled))
    assert payment.refundable == 7500 - 2500 - 1000
    [fully_refunded] = payments_of(invoice_with(PAID, VISA, replace(REFUND, amount=7500)))
    assert fully_refunded.refundable == 0


@pytest.mark.parametrize("charge", [DEBIT, BOUNCED, DECLINED], ids=["under_way", "came_back", "declined"])
def test_money_that_has_not_arrived_cannot_be_refunded(charge: object) -> None:
    [payment] = payments_of(invoice_with(OPEN, charge))
    assert payment.refundable == 0


def test_a_check_recorded_by_the_office_is_a_payment_on_its_day() -> None:
    day = day_of(NOW - 3 * DAY, "UTC")
    record = OutsidePayment(day, "check", "No. 7", NOW + DAY, OFFICE, "in_1")
    invoice = invoice_with(replace(PAID, amount_paid_off_stripe=7500), outside_payment=record)
    [payment] = payments_of(invoice)
    assert (payment.id, payment.amount, payment.method) == (f"outside_{invoice.id}", 7500, PaymentMethod("check"))
    assert payment.at == start_of_day(day, "UTC")
    assert payment.outside == record
    assert (payment.through_stripe, payment.refundable) == (False, 0)


def test_a_payment_recorded_in_stripe_has_no_method() -> None:
    [payment] = payments_of(invoice_with(replace(PAID, amount_paid_off_stripe=7500)))
    assert (payment.method, payment.at) == (PaymentMethod("outside_stripe"), NOW + DAY)


def test_payments_are_listed_in_the_order_of_arrival() -> None:
    part = replace(VISA, id="ch_2", payment_intent_id="pi_2", amount=2500, created=NOW + 60)
    cash = replace(PAID, amount_paid_off_stripe=2500, paid_at=NOW + 9 * DAY)
    assert [each.amount for each in payments_of(invoice_with(cash, VISA, part))] == [2500, 7500, 2500]
