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


def difference_of(fact: PayoutFact, stored_payout: Payout | None) -> PayoutDifference | None:
    """Returns how POM's record of a payout differs from Stripe's, apart from its lines. None if it does not."""
    if stored_payout is None:
        return PayoutDifference(PayoutKind.UNKNOWN, fact.id, fact.id, _payout_text(fact), "nothing")
    if (stored_payout.fact.status, stored_payout.fact.amount) != (fact.status, fact.amount):
        return PayoutDifference(
            PayoutKind.DIFFERS, fact.id, fact.id, _payout_text(fact), _payout_text(stored_payout.fact)
        )
    if fact.reconciled and stored_payout.itemized is None:
        return PayoutDifference(PayoutKind.NOT_ITEMIZED, fact.id, fact.id, "its lines can be listed", "no lines")
    return None


def not_in_stripe(payout: Payout) -> PayoutDifference:
    """Returns the difference for a payout that Stripe does not list."""
    return PayoutDifference(PayoutKind.NOT_IN_STRIPE, payout.id, payout.id, "nothing", _payout_text(payout.fact))


def differences_of_lines(
    payout: Payout, stripe_lines: Iterable[PayoutLine], stored_lines: Iterable[PayoutLine]
) -> Iterator[PayoutDifference]:
    """Yields a difference for each line that differs between Stripe and POM.

    If no line differs, yields how the payout's stored totals differ from the sums of its lines or from its amount.
    """
    ours = {line.transaction.id: line for line in stored_lines}
    computed = sum_lines(payout.fact, ours.values(), at=0)
    differs = False
    for line in stripe_lines:
        own_line = ours.pop(line.transaction.id, None)
        if own_line is None or _line_text(own_line) != _line_text(line):
            differs, our_line = True, _line_text(own_line) if own_line is not None else "nothing"
            yield PayoutDifference(
                PayoutKind.LINE_DIFFERS, payout.id, line.transaction.id, _line_text(line), our_line
            )
    for stripe_id, line in ours.items():
        differs = True
        yield PayoutDifference(PayoutKind.LINE_DIFFERS, payout.id, stripe_id, "nothing", _line_text(line))
    if payout.itemized is not None and not differs:
        yield from _difference_of_totals(payout, payout.itemized, computed)


def _difference_of_totals(payout: Payout, ours: Itemization, computed: Itemization) -> Iterator[PayoutDifference]:
    if replace(ours, at=computed.at) != computed:
        stored_totals = f"totals of {ours.lines} lines, {ours.invoices} invoices"
        lines = f"{computed.lines} lines of {computed.invoices} invoices"
        yield PayoutDifference(PayoutKind.TOTALS_DIFFER, payout.id, payout.id, lines, stored_totals)
    elif not ours.tied_out:
        explained_amount = f"lines over {_money(ours.totals.sum - ours.totals.unexplained, payout.fact.currency)}"
        yield PayoutDifference(
            PayoutKind.UNEXPLAINED, payout.id, payout.id, _payout_text(payout.fact), explained_amount
        )


def difference_of_settlement(
    payout: Payout, line: PayoutLine, settled: SettledMovement | None
) -> PayoutDifference | None:
    """Returns how the payment, refund or dispute of a line differs from the line. None if it does not.

    `settled` is None if POM has not stored that payment, refund or dispute.
    """
    if settled is None:
        return PayoutDifference(PayoutKind.NOT_STORED, payout.id, line.transaction.id, _line_text(line), "not stored")
    settlements = (each for each in settled.settlements if each.transaction.id == line.transaction.id)
    settlement = next(settlements, None)
    if settlement is not None and settlement.payout_id == payout.id:
        return None
    where = settlement.payout_id or "no payout" if settlement is not None else "nothing"
    return PayoutDifference(PayoutKind.LINE_DIFFERS, payout.id, line.transaction.id, _line_text(line), f"in {where}")


def _payout_text(fact: PayoutFact) -> str:
    return f"{fact.status} {_money(fact.amount, fact.currency)}"


def _line_text(line: PayoutLine) -> str:
    transaction, owner = line.transaction, line.owner
    of = owner.invoice_id if owner is not None else "of no invoice"
    return f"{transaction.category} {_money(transaction.net, transaction.currency)} {of}"


def _money(amount: int, currency: str) -> str:
    return f"{decimal_string(amount, currency)} {currency.upper()}"
