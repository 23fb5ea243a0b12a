"""The rows of an invoice's money: one for each payment, refund and dispute. They add up to the amount received."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.movements import Movement, MovementKind, changed_movements, movements
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.payment_facts import AttemptFact
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.terms import day_of
from tests.contracts.examples import NOW
from tests.domain.example_invoices import (
    ARRIVED,
    BOUNCED,
    BROKE,
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
    UNDER_WAY,
    VISA,
    invoice_with,
)

LOST = replace(DISPUTE, status="lost")
GIVEN_BACK = replace(NOTE, pre_payment_amount=0, post_payment_amount=1500, out_of_band_amount=1500)


def rows(*facts: Any, **changes: Any) -> dict[str, Movement]:
    return {row.id: row for row in movements(invoice_with(*facts, **changes))}


def test_a_payment_is_one_row_with_its_card_and_its_invoice() -> None:
    assert rows(PAID, DECLINED, VISA, INTENT, PAYMENT) == {
        "pi_1": Movement(
            "pi_1", MovementKind.PAYMENT, "succeeded", NOW + DAY, 7500, "usd",
            invoice_with().id, invoice_with().order.customer_id,
            number="A-0001", charge_id="ch_1", method="card", brand="visa", last4="4242",
        )
    }  # fmt: skip


def test_a_declined_card_moved_no_money_and_has_no_row() -> None:
    assert rows(OPEN, DECLINED) == {}


def test_an_unconfirmed_payment_has_no_row() -> None:
    assert rows(OPEN, replace(INTENT, status="requires_action", latest_charge_id=None)) == {}


def test_a_bank_debit_has_one_row_from_pending_to_its_outcome() -> None:
    assert rows(OPEN, DEBIT, UNDER_WAY)["pi_1"].status == "pending"
    assert rows(PAID, ARRIVED)["pi_1"].status == "succeeded"
    assert rows(OPEN, BOUNCED)["pi_1"].status == "failed"


def test_a_debit_that_comes_back_replaces_its_pending_row() -> None:
    [row] = changed_movements(invoice_with(OPEN, DEBIT, UNDER_WAY), invoice_with(OPEN, BOUNCED))
    assert (row.id, row.status, row.counted) == ("pi_1", "failed", 0)


def test_a_stored_pending_row_that_never_succeeded_is_stored_as_failed() -> None:
    [row] = changed_movements(invoice_with(OPEN, UNDER_WAY), invoice_with(OPEN, replace(INTENT, status="canceled")))
    assert (row.id, row.status, row.counted) == ("pi_1", "failed", 0)


def test_a_refund_names_the_payment_and_the_card_that_it_goes_back_to() -> None:
    row = rows(PAID, VISA, REFUND)["re_1"]
    assert (row.kind, row.payment_id, row.amount, row.counted) == (MovementKind.REFUND, "pi_1", 2500, -2500)
    assert (row.method, row.last4, row.reason) == ("card", "4242", "requested_by_customer")


@pytest.mark.parametrize("status", ["pending", "failed", "canceled"])
def test_a_refund_counts_only_once_it_has_succeeded(status: str) -> None:
    assert rows(PAID, VISA, replace(REFUND, status=status))["re_1"].counted == 0


@pytest.mark.parametrize(("status", "expected_amount"), [("needs_response", 0), ("won", 0), ("lost", -7500)])
def test_a_dispute_counts_only_once_it_is_lost(status: str, expected_amount: int) -> None:
    row = rows(PAID, VISA, replace(DISPUTE, status=status))["du_1"]
    assert (row.kind, row.amount, row.counted) == (MovementKind.DISPUTE, 7500, expected_amount)


def test_a_payment_by_check_is_a_row_with_its_reference() -> None:
    record = OutsidePayment(day_of(NOW, "UTC"), "check", "No. 7", NOW + DAY, OFFICE, "in_1")
    [row] = rows(replace(PAID, amount_paid_off_stripe=7500), outside_payment=record).values()
    assert (row.method, row.reason, row.counted) == ("check", "No. 7", 7500)


def test_a_credit_note_refunded_outside_stripe_is_a_row_until_it_is_voided() -> None:
    row = rows(PAID, VISA, GIVEN_BACK)["cn_1"]
    assert (row.kind, row.method, row.counted) == (MovementKind.REFUND, "outside_stripe", -1500)
    assert rows(PAID, VISA, replace(GIVEN_BACK, status="void"))["cn_1"].counted == 0


@pytest.mark.parametrize(
    "facts",
    [
        (PAID, VISA, INTENT, PAYMENT),
        (PAID, VISA, INTENT, PAYMENT, REFUND),
        (PAID, VISA, INTENT, PAYMENT, replace(REFUND, status="failed")),
        (PAID, VISA, INTENT, PAYMENT, REFUND, LOST),
        (PAID, VISA, INTENT, PAYMENT, GIVEN_BACK),
        (PAID, ARRIVED, replace(INTENT, latest_charge_id="py_1"), PAYMENT),
        (replace(PAID, amount_paid_off_stripe=7500),),
        (
            replace(PAID, amount_paid=15_000, amount_overpaid=7500),
            *(VISA, INTENT, PAYMENT),
            replace(VISA, id="ch_2", payment_intent_id="pi_2"),
            replace(PAYMENT, id="inpay_2", payment_intent_id="pi_2"),
        ),
        (OPEN, DECLINED),
        (OPEN, DEBIT, UNDER_WAY),
        (OPEN, BOUNCED),
        (PAID, replace(INTENT, status="requires_payment_method", latest_charge_id=None), PAYMENT),
        (PAID, DECLINED, PAYMENT),
        (PAID, UNDER_WAY, DEBIT, PAYMENT),
        (PAID, UNDER_WAY, PAYMENT, REFUND),
    ],
    ids=[
        "paid", "refunded_in_part", "refund_failed", "lost_after_a_refund", "given_back_outside", "debit", "by_hand",
        "overpaid", "declined", "under_way", "came_back", "only_the_payment_came_in",
        "declined_before_the_payment_came_in", "debit_whose_payment_came_in", "refunded_before_the_intent_succeeded",
    ],
)  # fmt: skip
def test_the_rows_add_up_to_what_the_invoice_received(facts: tuple[Any, ...]) -> None:
    invoice = invoice_with(*facts)
    assert sum(row.counted for row in movements(invoice)) == invoice.amounts.received


CARD_LATER = replace(VISA, as_of=NOW + 6 * DAY, created=NOW + 6 * DAY)
TO_CONFIRM = replace(INTENT, as_of=NOW + 6 * DAY, status="requires_action", latest_charge_id="py_1")
UNCHARGED = AttemptFact(NOW + 6 * DAY, "pi_1", 7500, "usd", BROKE, "card")


@pytest.mark.parametrize(
    ("facts", "charge_id"),
    [
        ((PAID, BOUNCED, CARD_LATER), "ch_1"),
        ((PAID, BOUNCED, replace(INTENT, latest_charge_id="ch_9")), "ch_9"),
        ((OPEN, BOUNCED, replace(DECLINED, created=NOW + 6 * DAY)), "ch_0"),
        ((OPEN, BOUNCED, UNCHARGED), None),
        ((OPEN, BOUNCED, TO_CONFIRM), None),
        ((PAID, BOUNCED, PAYMENT), None),
        ((PAID, BOUNCED, replace(INTENT, status="requires_payment_method", latest_charge_id="py_1"), PAYMENT), None),
    ],
    ids=[
        "card",
        "card_not_known",
        "declined",
        "not_charged",
        "not_confirmed",
        "payment_came_in",
        "payment_came_in_and_the_intent_shows_the_debit",
    ],
)
def test_a_returned_debit_has_its_own_row_once_its_payment_shows_another_attempt(
    facts: tuple[Any, ...], charge_id: str | None
) -> None:
    movements = rows(*facts)
    assert (movements["pi_1"].charge_id, movements["pi_1"].other_charges) == (charge_id, ("py_1",))
    assert (movements["py_1"].charge_id, movements["py_1"].status, movements["py_1"].payment_id) == (
        "py_1",
        "failed",
        "pi_1",
    )


@pytest.mark.parametrize("cards", [5, 50])
def test_a_returned_debit_keeps_its_row_however_many_cards_are_declined_after_it(cards: int) -> None:
    later = [replace(DECLINED, id=f"ch_{number}", created=NOW + 6 * DAY + number) for number in range(cards)]
    movements = rows(OPEN, *later, BOUNCED)
    assert movements.keys() == rows(OPEN, BOUNCED, *later).keys() == {"pi_1", "py_1"}
    assert (movements["pi_1"].charge_id, movements["py_1"].status) == (f"ch_{cards - 1}", "failed")


@pytest.mark.parametrize(
    "intent", [replace(UNDER_WAY, latest_charge_id=None), replace(UNDER_WAY, latest_charge_id="py_1"), None]
)
def test_a_returned_debit_is_one_row_while_it_is_the_latest_attempt(intent: Any) -> None:
    movements = rows(OPEN, BOUNCED, *filter(None, [intent]))
    assert movements.keys() == {"pi_1"}


def test_every_settlement_of_a_payment_is_on_exactly_one_row_while_rows_change() -> None:
    """A debit was returned. The payer begins a card payment, does not confirm it, and pays by card later."""
    confirming, given_up = (
        invoice_with(OPEN, BOUNCED, TO_CONFIRM),
        invoice_with(OPEN, BOUNCED, replace(INTENT, status="canceled")),
    )
    stored: dict[str, Movement] = {}
    before = None
    for invoice in (invoice_with(OPEN, BOUNCED), confirming, given_up, invoice_with(PAID, BOUNCED, CARD_LATER)):
        stored |= {row.id: row for row in changed_movements(before, invoice)}
        before = invoice
        for charge_id in ("py_1", "ch_1", "ch_unknown", None):
            assert sum(row.shows(charge_id) for row in stored.values()) == 1, charge_id


def test_a_refund_names_the_method_of_its_charge() -> None:
    refund = replace(REFUND, charge_id="py_1", status="failed")
    assert rows(PAID, BOUNCED, CARD_LATER, refund)["re_1"].method == "us_bank_account"


def test_only_rows_that_changed_are_stored() -> None:
    paid, refunded = invoice_with(PAID, VISA), invoice_with(PAID, VISA, REFUND)
    assert changed_movements(paid, paid) == ()
    assert [row.id for row in changed_movements(paid, refunded)] == ["re_1"]
    assert invoice_write(refunded, paid).movements == changed_movements(paid, refunded)


def test_the_next_write_of_an_invoice_from_an_earlier_release_stores_all_its_rows() -> None:
    before = invoice_with(PAID, VISA, REFUND, payments_listed=False)
    assert {row.id for row in changed_movements(before, invoice_with(PAID, VISA, REFUND))} == {"pi_1", "re_1"}
    assert invoice_write(before, before).stored().payments_listed
