"""The lines of a payout: one for each balance transaction in it, with the invoice that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.balance_transactions import FEES, BalanceTransaction
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.payout import Itemization, PayoutFact, Totals


class LineKind(StrEnum):
    """The kind of a line, for users. Stripe's own category is shown next to it."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    FEE = "fee"
    OTHER = "other"


_KINDS = {
    "charge": LineKind.PAYMENT,
    "charge_failure": LineKind.PAYMENT,
    "partial_capture_reversal": LineKind.PAYMENT,
    "refund": LineKind.REFUND,
    "refund_failure": LineKind.REFUND,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE,
    **dict.fromkeys(FEES, LineKind.FEE),
}
"""Stripe's reporting categories (https://docs.stripe.com/reports/reporting-categories). All others are `other`."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The invoice that a line belongs to."""

    invoice_id: InvoiceId
    customer_id: CustomerId
    number: str | None = None


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One balance transaction of a payout. `owner` is None if it belongs to no invoice of POM."""

    transaction: BalanceTransaction
    owner: Owner | None = None

    @property
    def kind(self) -> LineKind:
        """Returns the kind. A category that POM does not know is `other`, and is shown by its name."""
        return _KINDS.get(self.transaction.category, LineKind.OTHER)

    @property
    def outside_pom(self) -> bool:
        """Returns True if it is a payment, a refund or a dispute of the company's other business."""
        return self.owner is None and self.transaction.moves_a_payment

    @property
    def pays_again(self) -> str | None:
        """Returns the id of an earlier payout whose amount came back into the balance by this line, or None.

        A payout that reverses another one by a debit of the bank account is a `payout` line that brings money. A
        manual payout takes money, and gave nothing back.
        """
        transaction = self.transaction
        came_back = transaction.type in _GAVE_BACK or (transaction.type == "payout" and transaction.amount > 0)
        return transaction.source_id if came_back else None

    @property
    def totals(self) -> Totals:
        """Returns what this line adds to the payout's totals."""
        transaction = self.transaction
        if self.outside_pom:
            return Totals(outside_pom=transaction.net)
        match self.kind:
            case LineKind.PAYMENT:
                return Totals(payments=transaction.gross, fees=-transaction.cost)
            case LineKind.REFUND:
                return Totals(refunds=transaction.gross, fees=-transaction.cost)
            case LineKind.DISPUTE:
                return Totals(disputes=transaction.gross, fees=-transaction.cost)
            case LineKind.FEE:
                return Totals(fees=-transaction.cost)
            case LineKind.OTHER:
                return Totals(other=transaction.gross, fees=-transaction.cost)


_GAVE_BACK = frozenset({"payout_failure", "payout_cancel"})
"""Types of balance transactions by which a failed or canceled payout gives its amount back."""

_OF_THE_PAYOUT = frozenset({"payout", "payout_failure", "payout_cancel"})
"""Types of balance transactions by which a payout takes its money from the balance, or gives it back."""


def line_of(transaction: BalanceTransaction, payout: PayoutFact, owner: Owner | None) -> PayoutLine | None:
    """Returns the line of a balance transaction that Stripe lists in a payout, or None for the payout's own
    transaction.

    The payout's own transaction takes the payout from the balance. If Stripe charged a fee for the payout, that fee
    alone is a line. Money that Stripe holds back from the payout is a line, even if it names the payout as its
    source.
    """
    own = (payout.balance_transaction_id, payout.failure_balance_transaction_id)
    about_it = transaction.source_id == payout.id and transaction.type in _OF_THE_PAYOUT
    if transaction.id not in own and not about_it:
        return PayoutLine(transaction, owner)
    if not transaction.fee:
        return None
    fee = replace(transaction, category="fee", amount=-transaction.fee, fee=0, fee_parts=(), net=-transaction.fee)
    return PayoutLine(fee)


def sum_lines(payout: PayoutFact, lines: Iterable[PayoutLine], at: int) -> Itemization:
    """Returns the sums of a payout's lines. `unexplained` is the payout's amount less all lines."""
    totals, invoices, count, paid_again = Totals(), set(), 0, set()
    for line in lines:
        count += 1
        totals = _sum(totals, line.totals)
        if line.owner is not None:
            invoices.add(line.owner.invoice_id)
        if line.pays_again and line.pays_again != payout.id:
            paid_again.add(line.pays_again)
    totals = replace(totals, unexplained=payout.amount - totals.sum)
    return Itemization(at, count, len(invoices), totals, tuple(sorted(paid_again)))


def _sum(one: Totals, other: Totals) -> Totals:
    return Totals(
        payments=one.payments + other.payments,
        refunds=one.refunds + other.refunds,
        disputes=one.disputes + other.disputes,
        fees=one.fees + other.fees,
        other=one.other + other.other,
        outside_pom=one.outside_pom + other.outside_pom,
    )
