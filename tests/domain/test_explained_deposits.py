"""An invoice's explanation says which deposits its money is in."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.deposits import Deposit, DepositStatus
from chalicelib.domain.explanation_of_deposits import where_money_is
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import Movement, MovementKind

PAYMENT = Movement(
    "pi_1", MovementKind.PAYMENT, "succeeded", 1_796_000_000, 2_500, "usd", InvoiceId("inv_a"), CustomerId("c_1")
)
ANOTHER = replace(PAYMENT, id="pi_2", amount=5_000)
ARRIVED = Deposit(DepositStatus.ARRIVED, "In the deposit of 3 December 2026.")
EXPECTED = Deposit(DepositStatus.EXPECTED, "The money can be paid out from 5 December 2026 on.")
UNKNOWN = Deposit(DepositStatus.NOT_SETTLED, "POM has not read yet when Stripe will pay out this money.")


def told(*deposits: tuple[Movement, list[Deposit]]) -> list[str]:
    return list(where_money_is(deposits))


def test_a_payment_is_told_by_its_deposit() -> None:
    assert told((PAYMENT, [ARRIVED])) == [ARRIVED.message]


def test_payments_of_one_deposit_are_told_once() -> None:
    assert told((PAYMENT, [ARRIVED]), (ANOTHER, [ARRIVED])) == [ARRIVED.message]


def test_payments_of_several_deposits_are_told_by_their_amounts() -> None:
    assert told((PAYMENT, [ARRIVED]), (ANOTHER, [EXPECTED])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026.",
        "The payment of 50.00 USD: The money can be paid out from 5 December 2026 on.",
    ]


def test_a_payment_whose_deposit_is_known_is_named_beside_one_whose_deposit_is_not() -> None:
    assert told((PAYMENT, [ARRIVED]), (ANOTHER, [UNKNOWN])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026."
    ]


def test_a_refund_and_a_dispute_are_named_so_that_nobody_takes_them_for_the_payment() -> None:
    refund = replace(PAYMENT, id="re_1", kind=MovementKind.REFUND, amount=500)
    dispute = replace(PAYMENT, id="du_1", kind=MovementKind.DISPUTE, status="lost")

    assert told((PAYMENT, [ARRIVED]), (refund, [EXPECTED]), (dispute, [ARRIVED])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026.",
        "The refund of 5.00 USD: The money can be paid out from 5 December 2026 on.",
        "The disputed amount of 25.00 USD: In the deposit of 3 December 2026.",
    ]
    assert told((PAYMENT, [ARRIVED]), (dispute, [])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026."
    ]


def test_nothing_is_told_of_what_brought_no_money_or_is_not_known() -> None:
    assert told() == []
    assert told((PAYMENT, [UNKNOWN])) == []
    assert told((PAYMENT, [])) == []
    assert told((replace(PAYMENT, status="failed"), [ARRIVED])) == []
