"""An invoice's explanation says which deposits its money is in."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.deposits import Deposit, DepositStatus
from chalicelib.domain.explained_deposits import where_money_is
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import Movement, MovementKind

PAYMENT = Movement(
    "pi_1", MovementKind.PAYMENT, "succeeded", 1_796_000_000, 2_500, "usd", InvoiceId("inv_a"), CustomerId("c_1")
)
ANOTHER = replace(PAYMENT, id="pi_2", amount=5_000)
ARRIVED = Deposit(DepositStatus.ARRIVED, "In the deposit of 3 December 2026.")
EXPECTED = Deposit(DepositStatus.EXPECTED, "Expected in a deposit from 5 December 2026 on.")
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
        "The payment of 50.00 USD: Expected in a deposit from 5 December 2026 on.",
    ]


def test_a_payment_whose_deposit_is_known_is_named_beside_one_whose_deposit_is_not() -> None:
    assert told((PAYMENT, [ARRIVED]), (ANOTHER, [UNKNOWN])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026."
    ]


def test_nothing_is_told_of_what_brought_no_money_or_is_not_known() -> None:
    refund = replace(PAYMENT, kind=MovementKind.REFUND)

    assert told() == []
    assert told((PAYMENT, [UNKNOWN])) == []
    assert told((PAYMENT, [])) == []
    assert told((refund, [ARRIVED])) == []
    assert told((replace(PAYMENT, status="failed"), [ARRIVED])) == []
