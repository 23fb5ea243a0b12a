"""Failed refunds whose money has not reached the customer in another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.payments import payment_id
from chalicelib.domain.refund_rules import left_to_refund, payment_of


def failed_at(refund: RefundFact) -> int:
    """Returns when Stripe first showed a refund as failed (epoch seconds UTC). It may have succeeded weeks before."""
    return refund.seen.get("failed", refund.as_of)


def refunds_still_owed(invoice: Invoice) -> Iterator[RefundFact]:
    """Yields the failed refunds that nothing has made up for, the earliest failure first.

    Only money that was given after a refund failed can make up for it, because earlier money had another reason.
    Money makes up for a failed refund of the same amount first, and otherwise for the earliest failure. A later
    refund of the same amount that failed too replaces the earlier one, because it repeated that refund.

    If nothing of a payment is left to refund, the customer has the money, or a dispute decides who gets it.
    """
    failed = sorted((each for each in invoice.facts.refunds.values() if each.status == "failed"), key=failed_at)
    owed_amounts = {each.id: each.amount for each in failed}
    for gift in sorted(_money_given(invoice), key=lambda each: each.at):
        candidates = [
            each for each in failed if failed_at(each) < gift.at and gift.concerns(each) and owed_amounts[each.id]
        ]
        repeated_refund = next((each for each in candidates if owed_amounts[each.id] == gift.amount), None)
        if repeated_refund is not None:
            owed_amounts[repeated_refund.id] = 0
        elif not gift.failed:
            _spread(gift.amount, candidates, owed_amounts)
    for refund in failed:
        if owed_amounts[refund.id] and not _paid_in_another_way(refund, invoice):
            yield refund


@dataclass(frozen=True, slots=True)
class _MoneyGiven:
    """Money that was given to the customer, or is on its way, since `at`. `failed` is True if it did not arrive.

    `payment_id` is None if the payment is unknown.
    """

    at: int
    amount: int
    payment_id: str | None
    failed: bool = False

    def concerns(self, refund: RefundFact) -> bool:
        return self.payment_id in (None, payment_id(refund))


def _money_given(invoice: Invoice) -> Iterator[_MoneyGiven]:
    """Yields the invoice's refunds, its open refund orders, and the amounts given back outside Stripe by credit
    notes.
    """
    for refund in invoice.facts.refunds.values():
        if refund.status != "canceled":
            yield _MoneyGiven(refund.created, refund.amount, payment_id(refund), failed=refund.status == "failed")
    for order in invoice.refund_orders:
        if order.open:
            yield _MoneyGiven(order.at, order.amount, order.payment_id)
    for note in invoice.facts.credit_notes.values():
        if note.status == "issued" and note.out_of_band_amount:
            yield _MoneyGiven(note.issued_at, note.out_of_band_amount, None)


def _spread(amount: int, refunds: list[RefundFact], owed: dict[str, int]) -> None:
    """Deducts `amount` from the `owed` amounts of the refunds, in the order of `refunds`."""
    for refund in refunds:
        deduction = min(amount, owed[refund.id])
        owed[refund.id] -= deduction
        amount -= deduction


def _paid_in_another_way(refund: RefundFact, invoice: Invoice) -> bool:
    if refund.payment_intent_id in invoice.facts.paid_elsewhere:
        return True
    payment = payment_of(invoice, payment_id(refund))
    return payment is not None and left_to_refund(invoice, payment) == 0
