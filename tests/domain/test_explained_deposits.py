"""An invoice's explanation names the deposits that contain its money."""

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


def sentences_of(*deposits: tuple[Movement, list[Deposit]]) -> list[str]:
    return list(where_money_is(deposits))


def test_a_payment_is_explained_by_its_deposit() -> None:
    assert sentences_of((PAYMENT, [ARRIVED])) == [ARRIVED.message]


def test_payments_of_one_deposit_share_one_sentence() -> None:
    assert sentences_of((PAYMENT, [ARRIVED]), (ANOTHER, [ARRIVED])) == [ARRIVED.message]


def test_payments_of_several_deposits_are_identified_by_their_amounts() -> None:
    assert sentences_of((PAYMENT, [ARRIVED]), (ANOTHER, [EXPECTED])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026.",
        "The payment of 50.00 USD: The money can be paid out from 5 December 2026 on.",
    ]


def test_payments_with_and_without_a_known_deposit_are_both_named() -> None:
    assert sentences_of((PAYMENT, [ARRIVED]), (ANOTHER, [UNKNOWN])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026."
    ]


def test_deposits_of_refunds_and_disputes_name_the_refund_or_the_dispute() -> None:
    refund = replace(PAYMENT, id="re_1", kind=MovementKind.REFUND, amount=500)
    dispute = replace(PAYMENT, id="du_1", kind=MovementKind.DISPUTE, status="lost")

    assert sentences_of((PAYMENT, [ARRIVED]), (refund, [EXPECTED]), (dispute, [ARRIVED])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026.",
        "The refund of 5.00 USD: The money can be paid out from 5 December 2026 on.",
        "The disputed amount of 25.00 USD: In the deposit of 3 December 2026.",
    ]
    assert sentences_of((PAYMENT, [ARRIVED]), (dispute, [])) == [
        "The payment of 25.00 USD: In the deposit of 3 December 2026."
    ]


def test_payments_without_money_and_unknown_payments_are_left_out() -> None:
    assert sentences_of() == []
    assert sentences_of((PAYMENT, [UNKNOWN])) == []
    assert sentences_of((PAYMENT, [])) == []
    assert sentences_of((replace(PAYMENT, status="failed"), [ARRIVED])) == []
