"""Compares Stripe's payouts and their lines with the ones that POM stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Itemization, Payout, PayoutFact
from chalicelib.domain.payout_lines import PayoutLine, sum_lines


class PayoutKind(StrEnum):
    """The kind of a difference between a payout in Stripe and POM's record of it."""

    UNKNOWN = "payout_unknown"
    """POM does not know the payout."""
    DIFFERS = "payout_differs"
    """POM knows it with another status or amount."""
    NOT_ITEMIZED = "payout_not_itemized"
    """Stripe can list its lines, and POM does not have all of them."""
    LINE_DIFFERS = "payout_line_differs"
    """POM lacks a line, has a line that Stripe does not list, or has it with another amount, invoice or payment."""
    NOT_STORED = "payout_payment_not_stored"
    """A line belongs to an invoice whose payment, refund or dispute POM has not stored yet."""
    TOTALS_DIFFER = "payout_totals_differ"
    """POM has the lines as Stripe lists them, and its totals are not the sums of these lines."""
    NOT_IN_STRIPE = "payout_not_in_stripe"
    """POM has a payout that Stripe does not list."""
    UNEXPLAINED = "payout_unexplained"
    """Its lines do not add up to its amount, although POM has them as Stripe lists them."""


@dataclass(frozen=True, slots=True)
class PayoutDifference:
    """One difference, in words for operators. Amounts are exact decimals.

    `subject` is the id of a balance transaction if the difference is about a line, and otherwise the payout's id.
    """

    kind: PayoutKind
    payout_id: str
    subject: str
    stripe_says: str
    we_say: str


def difference_of(fact: PayoutFact, known: Payout | None) -> PayoutDifference | None:
    """Returns how POM's record of a payout differs from Stripe's, apart from its lines. None if it does not."""
    if known is None:
        return PayoutDifference(PayoutKind.UNKNOWN, fact.id, fact.id, _said(fact), "nothing")
    if (known.fact.status, known.fact.amount) != (fact.status, fact.amount):
        return PayoutDifference(PayoutKind.DIFFERS, fact.id, fact.id, _said(fact), _said(known.fact))
    if fact.reconciled and known.itemized is None:
        return PayoutDifference(PayoutKind.NOT_ITEMIZED, fact.id, fact.id, "its lines can be listed", "no lines")
    return None


def not_in_stripe(payout: Payout) -> PayoutDifference:
    """Returns the difference for a payout that Stripe does not list."""
    return PayoutDifference(PayoutKind.NOT_IN_STRIPE, payout.id, payout.id, "nothing", _said(payout.fact))


def differences_of_lines(
    payout: Payout, listed: Iterable[PayoutLine], stored: Iterable[PayoutLine]
) -> Iterator[PayoutDifference]:
    """Yields a difference for each line that differs between Stripe and POM.

    If no line differs, yields how the payout's stored totals differ from the sums of its lines or from its amount.
    """
    ours = {line.transaction.id: line for line in stored}
    come_to = sum_lines(payout.fact, ours.values(), at=0)
    differs = False
    for line in listed:
        mine = ours.pop(line.transaction.id, None)
        if mine is None or _told(mine) != _told(line):
            differs, said = True, _told(mine) if mine is not None else "nothing"
            yield PayoutDifference(PayoutKind.LINE_DIFFERS, payout.id, line.transaction.id, _told(line), said)
    for stripe_id, line in ours.items():
        differs = True
        yield PayoutDifference(PayoutKind.LINE_DIFFERS, payout.id, stripe_id, "nothing", _told(line))
    if payout.itemized is not None and not differs:
        yield from _difference_of_totals(payout, payout.itemized, come_to)


def _difference_of_totals(payout: Payout, ours: Itemization, come_to: Itemization) -> Iterator[PayoutDifference]:
    if replace(ours, at=come_to.at) != come_to:
        said = f"totals of {ours.lines} lines, {ours.invoices} invoices"
        lines = f"{come_to.lines} lines of {come_to.invoices} invoices"
        yield PayoutDifference(PayoutKind.TOTALS_DIFFER, payout.id, payout.id, lines, said)
    elif not ours.tied_out:
        explained = f"lines over {_money(ours.totals.sum - ours.totals.unexplained, payout.fact.currency)}"
        yield PayoutDifference(PayoutKind.UNEXPLAINED, payout.id, payout.id, _said(payout.fact), explained)


def difference_of_settlement(
    payout: Payout, line: PayoutLine, settled: SettledMovement | None
) -> PayoutDifference | None:
    """Returns how the payment, refund or dispute of a line differs from the line. None if it does not.

    `settled` is None if POM has not stored that payment, refund or dispute.
    """
    if settled is None:
        return PayoutDifference(PayoutKind.NOT_STORED, payout.id, line.transaction.id, _told(line), "not stored")
    beside = (each for each in settled.settlements if each.transaction.id == line.transaction.id)
    settlement = next(beside, None)
    if settlement is not None and settlement.payout_id == payout.id:
        return None
    where = settlement.payout_id or "no payout" if settlement is not None else "nothing"
    return PayoutDifference(PayoutKind.LINE_DIFFERS, payout.id, line.transaction.id, _told(line), f"in {where}")


def _said(fact: PayoutFact) -> str:
    return f"{fact.status} {_money(fact.amount, fact.currency)}"


def _told(line: PayoutLine) -> str:
    moved, owner = line.transaction, line.owner
    of = owner.invoice_id if owner is not None else "of no invoice"
    return f"{moved.category} {_money(moved.net, moved.currency)} {of}"


def _money(amount: int, currency: str) -> str:
    return f"{decimal_string(amount, currency)} {currency.upper()}"
