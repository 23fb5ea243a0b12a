"""An invoice names the deposit that contains its money, or when to expect the deposit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from chalicelib.domain.balance_transactions import BalanceTransaction, Settlement
from chalicelib.domain.deposits import DepositStatus, SettledMovement, deposits_of
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.movements import Movement, MovementKind
from chalicelib.domain.payout import Payout, PayoutFact

TODAY = dt.date(2026, 12, 1)
AVAILABLE_ON = int(dt.datetime(2026, 12, 2, tzinfo=dt.UTC).timestamp())
PAYMENT = Movement(
    "pi_1", MovementKind.PAYMENT, "succeeded", 1_796_000_000, 10_000, "usd", InvoiceId("inv_a"), CustomerId("c_1")
)
BOOKED = BalanceTransaction(
    "txn_1", "charge", "charge", 10_000, 320, 9_680, "usd", 1_796_000_000, AVAILABLE_ON,
    source_type="charge", source_id="ch_1", payment_id="pi_1",
)  # fmt: skip


def payout(stripe_id: str, status: str, day: int, *, amount: int = 9_680, **changes: object) -> Payout:
    """Returns a payout with this status that arrives on this day of December 2026."""
    arrives = int(dt.datetime(2026, 12, day, tzinfo=dt.UTC).timestamp())
    fact = PayoutFact(stripe_id, 1_796_000_000, status, amount, "usd", 1_796_000_000, arrives)
    return replace(Payout(OrganizationId("org_1"), StripeAccountId("acct_1"), fact), **changes)  # type: ignore[arg-type]


def status_and_text(
    movement: SettledMovement, *payouts: Payout, today: dt.date = TODAY
) -> list[tuple[DepositStatus, str]]:
    deposits = deposits_of(movement, {each.id: each for each in payouts}, today)
    return [(deposit.status, deposit.message) for deposit in deposits]


IN_PAYOUT = SettledMovement(PAYMENT, (Settlement(BOOKED, "po_1"),))


def test_a_payment_shows_the_deposit_that_arrived() -> None:
    assert status_and_text(IN_PAYOUT, payout("po_1", "paid", 3)) == [
        (DepositStatus.ARRIVED, "In the deposit of 3 December 2026.")
    ]


@pytest.mark.parametrize("status", ["pending", "in_transit"])
def test_a_deposit_in_transit_is_expected(status: str) -> None:
    assert status_and_text(IN_PAYOUT, payout("po_1", status, 3)) == [
        (DepositStatus.ON_ITS_WAY, "In the deposit that is expected on 3 December 2026.")
    ]


def test_a_booked_payment_states_when_it_becomes_available_for_payout() -> None:
    assert status_and_text(SettledMovement(PAYMENT, (Settlement(BOOKED),))) == [
        (DepositStatus.EXPECTED, "The money can be paid out from 2 December 2026 on.")
    ]


def test_no_deposit_is_promised_for_available_money_without_a_known_payout() -> None:
    assert status_and_text(SettledMovement(PAYMENT, (Settlement(BOOKED),)), today=dt.date(2026, 12, 20)) == [
        (
            DepositStatus.DEPOSIT_UNKNOWN,
            "The money became available on 2 December 2026. Stripe has not said which deposit has it. For deposits "
            "that are made by hand, Stripe never says it.",
        )
    ]


def test_a_bank_debit_that_has_not_settled_is_normal() -> None:
    debit = replace(PAYMENT, status="pending", method="us_bank_account")

    assert status_and_text(SettledMovement(debit)) == [
        (DepositStatus.NOT_SETTLED, "The bank debit is on its way. That takes some days and is normal.")
    ]


def test_a_pending_payment_with_an_unknown_method_is_normal_too() -> None:
    assert status_and_text(SettledMovement(replace(PAYMENT, status="pending"))) == [
        (
            DepositStatus.NOT_SETTLED,
            "The payment has not arrived yet. A bank debit takes some days, which is normal.",
        )
    ]


def test_a_payment_without_a_balance_transaction_has_a_pending_fee() -> None:
    settled = SettledMovement(PAYMENT)

    assert settled.fee_pending
    assert status_and_text(settled) == [
        (DepositStatus.NOT_SETTLED, "POM has not read yet when Stripe will pay out this money.")
    ]


@pytest.mark.parametrize(
    "movement",
    [
        replace(PAYMENT, id="outside_inv_a"),
        replace(PAYMENT, status="failed"),
        replace(PAYMENT, kind=MovementKind.REFUND),
    ],
)
def test_a_payment_outside_stripe_has_no_deposit_and_no_fee(movement: Movement) -> None:
    settled = SettledMovement(movement)

    assert (status_and_text(settled), settled.fee_pending) == ([], False)


def test_a_failed_deposit_states_where_its_money_is_now() -> None:
    failed = payout("po_1", "failed", 3)

    assert status_and_text(IN_PAYOUT, failed) == [
        (DepositStatus.RETURNED, "The deposit of 3 December 2026 failed; its money came back to the Stripe balance.")
    ]
    assert status_and_text(IN_PAYOUT, replace(failed, returned_in="po_2"), payout("po_2", "paid", 7)) == [
        (
            DepositStatus.ARRIVED,
            "The deposit of 3 December 2026 failed; its money is in the deposit of 7 December 2026.",
        )
    ]


def test_money_returned_twice_is_followed_to_its_latest_payout() -> None:
    first = payout("po_1", "failed", 3, returned_in="po_2")
    second = payout("po_2", "failed", 7, returned_in="po_3")

    assert status_and_text(IN_PAYOUT, first, second, payout("po_3", "in_transit", 10)) == [
        (
            DepositStatus.ON_ITS_WAY,
            "The deposit of 3 December 2026 failed; its money is in the deposit that is expected on "
            "10 December 2026.",
        )
    ]


def test_a_canceled_or_reversed_deposit_returned_its_money() -> None:
    paid = payout("po_1", "paid", 3)
    reversed_ = replace(paid, fact=replace(paid.fact, reversed_by_id="po_9"))

    assert status_and_text(IN_PAYOUT, payout("po_1", "canceled", 3)) == [
        (
            DepositStatus.RETURNED,
            "The deposit of 3 December 2026 was canceled; its money came back to the Stripe balance.",
        )
    ]
    assert status_and_text(IN_PAYOUT, reversed_, payout("po_9", "paid", 7, amount=-9_680)) == [
        (
            DepositStatus.RETURNED,
            "The deposit of 3 December 2026 was reversed; its money came back to the Stripe balance.",
        )
    ]


def test_a_debit_of_the_bank_account_is_not_called_a_deposit() -> None:
    assert status_and_text(IN_PAYOUT, payout("po_1", "paid", 3, amount=-500)) == [
        (
            DepositStatus.ARRIVED,
            "In the debit of 3 December 2026: the balance was negative, so Stripe took the amount from the bank "
            "account.",
        )
    ]
    assert status_and_text(IN_PAYOUT, payout("po_1", "in_transit", 3, amount=-500)) == [
        (
            DepositStatus.ON_ITS_WAY,
            "In the debit that is expected on 3 December 2026: the balance was negative, so Stripe takes the amount "
            "from the bank account.",
        )
    ]
    assert status_and_text(IN_PAYOUT, payout("po_1", "failed", 3, amount=-500)) == [
        (DepositStatus.RETURNED, "The debit of 3 December 2026 failed; its amount came back to the Stripe balance.")
    ]


def test_a_dispute_withdrawn_and_reinstated_is_in_two_deposits() -> None:
    dispute = replace(PAYMENT, id="du_1", kind=MovementKind.DISPUTE, status="won")
    withdrawal = Settlement(replace(BOOKED, id="txn_2", amount=-10_000), "po_1")
    back = Settlement(replace(BOOKED, id="txn_3"), "po_2")

    deposits = status_and_text(
        SettledMovement(dispute, (withdrawal, back)), payout("po_1", "paid", 3), payout("po_2", "in_transit", 9)
    )

    assert [status for status, _ in deposits] == [DepositStatus.ARRIVED, DepositStatus.ON_ITS_WAY]


@pytest.mark.parametrize(
    ("status", "expected_text"),
    [
        ("in_transit", "It is being reversed: the payout po_9 takes its money back from the bank account, which is "
                       "expected on 7 December 2026."),
        ("failed", "The payout po_9 was to take its money back and failed, so the money stays at the bank."),
        ("canceled", "The payout po_9 was to take its money back and was canceled, so the money stays at the bank."),
    ],
)  # fmt: skip
def test_a_failed_reversal_leaves_the_money_at_the_bank(status: str, expected_text: str) -> None:
    paid = payout("po_1", "paid", 3)
    original = replace(paid, fact=replace(paid.fact, reversed_by_id="po_9"))

    assert status_and_text(IN_PAYOUT, original, payout("po_9", status, 7, amount=-9_680)) == [
        (DepositStatus.ARRIVED, f"In the deposit of 3 December 2026. {expected_text}")
    ]


def test_a_deposit_whose_day_has_passed_is_not_called_expected() -> None:
    assert status_and_text(IN_PAYOUT, payout("po_1", "in_transit", 3), today=dt.date(2026, 12, 4)) == [
        (
            DepositStatus.ON_ITS_WAY,
            "In the deposit that was expected on 3 December 2026; Stripe has not said that it arrived.",
        )
    ]


def test_a_refund_without_a_deposit_will_lower_a_later_deposit() -> None:
    refund = replace(PAYMENT, id="re_1", kind=MovementKind.REFUND)
    settled_refund = SettledMovement(refund, (Settlement(replace(BOOKED, amount=-10_000, fee=0, net=-10_000)),))

    assert status_and_text(settled_refund) == [
        (DepositStatus.EXPECTED, "It lowers a deposit from 2 December 2026 on.")
    ]
    assert status_and_text(settled_refund, today=dt.date(2026, 12, 20))[0][1].startswith(
        "It lowers the balance since 2 December 2026."
    )
