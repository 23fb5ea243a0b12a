"""Explains in plain sentences which deposits an invoice's money is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.domain.deposits import Deposit, DepositStatus
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import Movement, MovementKind


def where_money_is(deposits: Sequence[tuple[Movement, Sequence[Deposit]]]) -> Iterator[str]:
    """Yields where the money of an invoice's payments, refunds and disputes is, as far as POM knows.

    `deposits` holds the deposits of each movement of the invoice. If there are only payments and they all have the
    same sentences, these are returned once. Otherwise each sentence names its movement, because an invoice that was
    refunded or disputed is in several deposits.
    """
    sentences_by_movement = {movement: _sentences(each) for movement, each in deposits if _moved_money(movement)}
    only_payments = all(movement.kind is MovementKind.PAYMENT for movement in sentences_by_movement)
    if only_payments and len(set(sentences_by_movement.values())) == 1:
        yield from next(iter(sentences_by_movement.values()))
        return
    for movement, sentences in sentences_by_movement.items():
        if sentences:
            amount = f"{decimal_string(movement.amount, movement.currency)} {movement.currency.upper()}"
            yield f"{_NAMES[movement.kind]} of {amount}: {' '.join(sentences)}"


_NAMES = {
    MovementKind.PAYMENT: "The payment",
    MovementKind.REFUND: "The refund",
    MovementKind.DISPUTE: "The disputed amount",
}


def _moved_money(movement: Movement) -> bool:
    return movement.kind is not MovementKind.PAYMENT or movement.status == "succeeded"


def _sentences(deposits: Sequence[Deposit]) -> tuple[str, ...]:
    """Returns the sentences about a movement's deposits, each once. Empty if no deposit is known yet."""
    messages = (deposit.message for deposit in deposits if deposit.status is not DepositStatus.NOT_SETTLED)
    return tuple(dict.fromkeys(messages))
