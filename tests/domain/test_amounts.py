"""Each term of money has the amount that the facts give it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.amounts import Amounts, amounts_of, credited_to_balance, disputed_amount, lost_by_dispute
from chalicelib.domain.facts import CreditNoteFact, InvoiceFact
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, InvoicePaymentFact, PaymentIntentFact, RefundFact
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus, status_of
from tests.domain.example_invoices import snapshots_of

NOW = 1_800_000_000
OPEN = InvoiceFact("in_1", NOW, "open", 7500, 0, 7500, "usd", amount_due=7500, starting_balance=0, ending_balance=0)
PAID = replace(OPEN, status="paid", amount_paid=7500, amount_remaining=0, paid_at=NOW)
PAYMENT = InvoicePaymentFact("inpay_1", NOW, "paid", "in_1", 7500, "usd", "pi_1")
CHARGE = ChargeFact("ch_1", NOW, "succeeded", 7500, "usd", NOW, "pi_1")
REFUND = RefundFact("re_1", NOW, "succeeded", 2500, "usd", NOW, "pi_1", "ch_1")
LOST = DisputeFact("du_1", NOW, "lost", 7500, "usd", payment_intent_id="pi_1", charge_id="ch_1")
NOTE = CreditNoteFact("cn_1", NOW, "issued", 1000, "usd", "in_1", pre_payment_amount=1000)
NOTHING_KNOWN: dict[str, Any] = {"starting_balance": None, "ending_balance": None, "amount_due": None}


def amounts(*facts: Any) -> Amounts:
    return amounts_of(snapshots_of(*facts))


def test_amounts_are_unknown_for_an_invoice_that_stripe_has_not_reported() -> None:
    assert amounts_of(Snapshots()) == Amounts()
    assert amounts(replace(OPEN, deleted=True)) == Amounts()


# The customer's balance


@pytest.mark.parametrize(
    ("starting", "ending", "paid", "remaining", "applied"),
    [
        (0, 0, 7500, 0, 0),
        (-7500, 0, 0, 0, 7500),
        (-10_000, -2500, 0, 0, 7500),
        (-2500, 0, 5000, 0, 2500),
        (1000, 0, 8500, 0, -1000),
        (-7480, 20, 0, 0, 7500),
    ],
    ids=["none", "all", "more_than_all", "in_part", "debt", "rest_too_small"],
)
def test_the_balance_applied_is_the_change_of_the_customers_balance(
    starting: int, ending: int, paid: int, remaining: int, applied: int
) -> None:
    fact = replace(
        PAID, starting_balance=starting, ending_balance=ending, amount_paid=paid, amount_remaining=remaining
    )
    result = amounts(fact)
    assert (result.balance_applied, result.accounted_for) == (applied, result.total)
    before = amounts(replace(fact, **NOTHING_KNOWN))
    assert (before.balance_applied, before.accounted_for) == (applied, before.total)


@pytest.mark.parametrize("status", ["draft", "void"])
def test_a_draft_and_a_void_invoice_use_no_balance_and_ask_for_nothing(status: str) -> None:
    result = amounts(replace(OPEN, status=status, starting_balance=-2500, ending_balance=0))
    assert (result.balance_applied, result.open) == (0, 0)


def test_a_fact_stored_without_amount_due_attributes_the_difference_to_credit_notes_first() -> None:
    paid = replace(PAID, amount_paid=4000, **NOTHING_KNOWN)
    unsorted = replace(NOTE, pre_payment_amount=0)
    result = amounts(paid, unsorted)
    assert (result.credited_before_payment, result.balance_applied) == (1000, 2500)
    assert result.accounted_for == result.total


def test_a_fact_stored_without_amount_due_ignores_credit_notes_after_payment() -> None:
    result = amounts(replace(PAID, **NOTHING_KNOWN), replace(NOTE, pre_payment_amount=0))
    assert (result.credited_before_payment, result.balance_applied, result.credited) == (0, 0, 1000)


# Credit notes


def test_credit_notes_of_another_stripe_invoice_do_not_count() -> None:
    result = amounts(PAID, replace(NOTE, stripe_invoice_id="in_0", out_of_band_amount=500))
    assert (result.credited, result.refunded) == (0, 0)


def test_a_void_credit_note_does_not_count() -> None:
    assert amounts(PAID, replace(NOTE, status="void", out_of_band_amount=1000)).refunded == 0


def test_a_credit_note_that_created_a_refund_counts_once() -> None:
    note = replace(
        NOTE,
        amount=4000,
        pre_payment_amount=0,
        post_payment_amount=4000,
        refunded_amount=2500,
        out_of_band_amount=1000,
    )
    result = amounts(PAID, PAYMENT, REFUND, note)
    assert (result.refunded, result.refunded_outside, result.credited) == (3500, 1000, 4000)
    assert credited_to_balance(snapshots_of(PAID, note)) == 500


def test_an_invoice_returned_in_full_outside_stripe_is_refunded() -> None:
    note = replace(NOTE, amount=7500, pre_payment_amount=0, post_payment_amount=7500, out_of_band_amount=7500)
    assert status_of(snapshots_of(PAID, note)) is InvoiceStatus.REFUNDED
    part = replace(note, amount=7400, post_payment_amount=7400, out_of_band_amount=7400)
    assert status_of(snapshots_of(PAID, part)) is InvoiceStatus.PAID


# Refunds and the status


def test_an_invoice_is_refunded_only_if_the_surplus_went_back_too() -> None:
    twice = replace(PAID, amount_paid=15_000, amount_overpaid=7500)
    once = replace(REFUND, amount=7500)
    assert status_of(snapshots_of(twice, once)) is InvoiceStatus.PAID
    assert status_of(snapshots_of(twice, once, replace(once, id="re_2"))) is InvoiceStatus.REFUNDED


def test_a_refund_of_the_remainder_after_a_lost_dispute_leaves_the_invoice_paid() -> None:
    facts = snapshots_of(PAID, PAYMENT, REFUND, LOST)
    assert status_of(facts) is InvoiceStatus.PAID
    assert (amounts_of(facts).received, amounts_of(facts).lost) == (0, 5000)


def test_refunding_the_card_part_of_a_payment_partly_in_cash_leaves_the_invoice_paid() -> None:
    partly_in_cash = replace(PAID, amount_paid_off_stripe=5000)
    assert status_of(snapshots_of(partly_in_cash, REFUND)) is InvoiceStatus.PAID
    assert amounts(partly_in_cash, REFUND).received == 5000


def test_refunds_and_disputes_of_a_payment_of_another_stripe_invoice_do_not_count() -> None:
    elsewhere = replace(PAYMENT, stripe_invoice_id="in_0")
    result = amounts(PAID, elsewhere, REFUND, LOST)
    assert (result.refunded, result.lost) == (0, 0)


# Disputes


@pytest.mark.parametrize(
    "status",
    ["won", "warning_closed", "prevented", "needs_response", "under_review", "appeal_under_review", "of_tomorrow"],
)
def test_only_a_lost_dispute_counts_as_lost_money(status: str) -> None:
    assert amounts(PAID, PAYMENT, CHARGE, replace(LOST, status=status)).lost == 0


def test_a_partial_dispute_loses_only_its_amount() -> None:
    assert amounts(PAID, PAYMENT, replace(LOST, amount=3000)).lost == 3000


def test_two_disputes_of_one_charge_lose_at_most_its_amount() -> None:
    first, second = replace(LOST, amount=5000), replace(LOST, id="du_2", amount=5000)
    assert lost_by_dispute(snapshots_of(PAID, PAYMENT, first, second)) == {"du_1": 5000, "du_2": 2500}


def test_disputes_of_two_charges_add_up() -> None:
    first = replace(PAYMENT, amount_paid=2500)
    second = replace(PAYMENT, id="inpay_2", amount_paid=5000, payment_intent_id="pi_2")
    disputes = (replace(LOST, amount=2500), replace(LOST, id="du_2", payment_intent_id="pi_2", charge_id="ch_2"))
    assert amounts(PAID, first, second, *disputes).lost == 7500


def test_a_dispute_over_more_than_its_charge_loses_the_amount_of_the_charge() -> None:
    """A bank may bundle several charges into one dispute."""
    assert amounts(PAID, PAYMENT, replace(LOST, amount=20_000)).lost == 7500


def test_the_refunded_part_of_a_disputed_charge_is_not_counted_as_lost() -> None:
    assert amounts(PAID, PAYMENT, REFUND, LOST).lost == 5000
    assert amounts(PAID, PAYMENT, replace(REFUND, status="failed"), LOST).lost == 7500
    assert amounts(PAID, PAYMENT, replace(REFUND, payment_intent_id="pi_2", charge_id="ch_2"), LOST).lost == 7500


@pytest.mark.parametrize(
    "of_charge",
    [CHARGE, PAYMENT, PaymentIntentFact("pi_1", NOW, "succeeded", 7500, "usd")],
    ids=["charge", "payment", "intent"],
)
def test_a_dispute_in_another_currency_counts_the_amount_of_its_charge(of_charge: Any) -> None:
    foreign = replace(LOST, amount=6810, currency="eur")
    assert disputed_amount(snapshots_of(PAID, of_charge, foreign), foreign) == 7500
    assert amounts(PAID, of_charge, foreign).lost == 7500
    assert amounts(PAID, of_charge, foreign, REFUND).lost == 5000


def test_a_dispute_in_another_currency_of_an_unknown_charge_counts_the_amount_paid() -> None:
    foreign = replace(LOST, amount=6810, currency="eur", payment_intent_id=None, charge_id=None)
    assert amounts(PAID, foreign).lost == 7500


def test_the_amount_of_a_charge_in_another_currency_than_the_invoice_is_not_used() -> None:
    foreign = replace(LOST, amount=6810, currency="eur")
    converted = replace(CHARGE, amount=6810, currency="eur")
    assert amounts(PAID, converted, PAYMENT, foreign).lost == 7500
    assert amounts(PAID, converted, foreign).lost == 7500


def test_two_disputes_in_other_currencies_count_one_charge_once() -> None:
    foreign = replace(LOST, amount=100, currency="eur")
    assert amounts(PAID, PAYMENT, foreign, replace(foreign, id="du_2", currency="gbp")).lost == 7500
    assert lost_by_dispute(snapshots_of(PAID, PAYMENT, foreign, replace(LOST, id="du_9", amount=3000))) == {
        "du_9": 3000,
        "du_1": 4500,
    }


def test_the_amount_received_is_paid_minus_refunded_minus_lost() -> None:
    result = amounts(PAID, PAYMENT, REFUND, replace(LOST, amount=1000))
    assert (result.paid, result.refunded, result.lost, result.received) == (7500, 2500, 1000, 4000)


def test_an_invoice_with_a_status_unknown_to_pom_is_pending_and_its_remaining_amount_is_due() -> None:
    facts = snapshots_of(replace(OPEN, status="on_hold"))
    assert status_of(facts) is InvoiceStatus.PENDING
    assert amounts_of(facts).open == 7500
