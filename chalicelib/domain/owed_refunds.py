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
    owed = {each.id: each.amount for each in failed}
    for given in sorted(_money_given(invoice), key=lambda each: each.at):
        before = [each for each in failed if failed_at(each) < given.at and given.concerns(each) and owed[each.id]]
        repeated = next((each for each in before if owed[each.id] == given.amount), None)
        if repeated is not None:
            owed[repeated.id] = 0
        elif not given.failed:
            _spread(given.amount, before, owed)
    for refund in failed:
        if owed[refund.id] and not _paid_in_another_way(refund, invoice):
            yield refund


@dataclass(frozen=True, slots=True)
class _Given:
    """Money that was given to the customer, or is on its way, since `at`. `failed` is True if it did not arrive.

    `payment_id` is None if the payment is unknown.
    """

    at: int
    amount: int
    payment_id: str | None
    failed: bool = False

    def concerns(self, refund: RefundFact) -> bool:
        return self.payment_id in (None, payment_id(refund))


def _money_given(invoice: Invoice) -> Iterator[_Given]:
    """Yields the invoice's refunds, its open refund orders, and the amounts given back outside Stripe by credit
    notes.
    """
    for refund in invoice.facts.refunds.values():
        if refund.status != "canceled":
            yield _Given(refund.created, refund.amount, payment_id(refund), failed=refund.status == "failed")
    for order in invoice.refund_orders:
        if order.open:
            yield _Given(order.at, order.amount, order.payment_id)
    for note in invoice.facts.credit_notes.values():
        if note.status == "issued" and note.out_of_band_amount:
            yield _Given(note.issued_at, note.out_of_band_amount, None)


def _spread(amount: int, refunds: list[RefundFact], owed: dict[str, int]) -> None:
    """Deducts the amount from what is owed of these refunds, in their order."""
    for refund in refunds:
        taken = min(amount, owed[refund.id])
        owed[refund.id] -= taken
        amount -= taken


def _paid_in_another_way(refund: RefundFact, invoice: Invoice) -> bool:
    if refund.payment_intent_id in invoice.facts.paid_elsewhere:
        return True
    payment = payment_of(invoice, payment_id(refund))
    return payment is not None and left_to_refund(invoice, payment) == 0
