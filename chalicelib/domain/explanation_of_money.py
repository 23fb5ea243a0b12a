"""Explains an invoice's money in plain sentences; `amounts` defines each term."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.amounts import credited_to_balance, lost_by_dispute, succeeded_refunds
from chalicelib.domain.draft_changes import difference
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.owed_refunds import refunds_still_owed
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.wording import day, money, on_day

_REFUND_ENDED = frozenset({"succeeded", "failed", "canceled"})


def terms(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence for each discount, balance and credit note that changed the amount due."""
    amounts = invoice.amounts
    other_difference = invoice.total_difference + amounts.discount
    if other_difference and invoice.status is not InvoiceStatus.DRAFT:
        yield f"It was changed in Stripe: {difference(invoice, invoice.total)}."
    if amounts.discount:
        yield f"Discounts in Stripe took {money(invoice, amounts.discount)} off; the total is what they left."
    moved_amount = _moved_to_balance(invoice)
    from_balance = amounts.balance_applied - moved_amount
    if amounts.total < 0:
        yield f"Its total is below zero: {money(invoice, -amounts.total)} went to the customer's balance in Stripe."
        if amounts.open or amounts.paid:
            yield "The customer owed more than that from before; Stripe asks for the rest."
    elif from_balance > 0:
        yield f"{money(invoice, from_balance)} came from the customer's credit balance in Stripe."
    elif from_balance < 0:
        yield f"Stripe added {money(invoice, -from_balance)} that the customer owed from before."
    if moved_amount:
        yield (
            f"{money(invoice, moved_amount)} is less than the smallest amount that Stripe charges. "
            "Stripe did not ask for it, put it on the customer's balance, and adds it to the next invoice."
        )
    if amounts.credited_before_payment and not only_credited(invoice):
        until = "before it was paid" if invoice.status in _PAID else "what is to be paid"
        yield f"Credit notes took {money(invoice, amounts.credited_before_payment)} off {until}."


_PAID = (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)


def only_credited(invoice: Invoice) -> bool:
    """Returns True if credit notes alone settled a paid invoice."""
    amounts = invoice.amounts
    without_payment = invoice.status in _PAID and amounts.paid == 0 and amounts.balance_applied == 0
    return without_payment and amounts.credited_before_payment > 0


def parts_paid(invoice: Invoice) -> Iterator[str]:
    """Yields the amounts that were paid and given back of an invoice that is still open."""
    amounts = invoice.amounts
    if amounts.paid:
        asked_for = amounts.paid + amounts.open
        yield f"{money(invoice, amounts.paid)} of {money(invoice, asked_for)} has been paid."
    if amounts.refunded:
        yield from given_back(invoice)
        yield "Stripe does not ask for it again."


def given_back(invoice: Invoice) -> Iterator[str]:
    """Yields how much the payer got back, by refunds and outside Stripe."""
    amounts = invoice.amounts
    if refunded_amount := amounts.refunded - amounts.refunded_outside:
        yield f"{money(invoice, refunded_amount)} of it was refunded{refund_day(invoice)}."
    if amounts.refunded_outside:
        outside = money(invoice, amounts.refunded_outside)
        yield f"{outside} of it was given back outside Stripe, as a credit note records."


def put_on_balance(invoice: Invoice) -> Iterator[str]:
    """Yields how much of the payment is on the customer's credit balance, and why."""
    if credited_amount := credited_to_balance(invoice.facts):
        yield (
            f"{money(invoice, credited_amount)} went to the customer's credit balance in Stripe by a credit note; "
            "Stripe takes it off the next invoice."
        )
    amounts = invoice.amounts
    if not amounts.overpaid:
        return
    yield (
        f"The customer paid {money(invoice, amounts.overpaid)} more than was due. "
        "Stripe put it on the customer's credit balance and takes it off the next invoice."
    )
    if amounts.refunded:
        yield (
            "As money was given back too, look at the customer's balance in the Stripe dashboard: "
            "the same money should not be there as well."
        )


def refund_day(invoice: Invoice) -> str:
    """Returns the day of the latest refund that succeeded, such as ` on 23 November 2026`."""
    return on_day(invoice, max((refund.created for refund in succeeded_refunds(invoice.facts)), default=None))


def refund_troubles(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence for each refund that has not succeeded."""
    for order in invoice.refund_orders:
        if order.open:
            beginning = f"A refund of {money(invoice, order.amount)} was ordered{on_day(invoice, order.at)}"
            yield f"{beginning}, and Stripe has not responded yet. POM continues automatically."
    owed_ids = {refund.id for refund in refunds_still_owed(invoice)}
    for refund in sorted(invoice.facts.refunds.values(), key=lambda each: (each.created, each.id)):
        amount = money(invoice, refund.amount, refund.currency)
        if refund.status in {"pending", "requires_action"}:
            yield f"A refund of {amount} is on its way."
        elif refund.status == "failed" and refund.id not in owed_ids:
            yield f"A refund of {amount} failed{why_failed(refund)}. Nothing is owed to the customer for it any more."
        elif refund.status == "failed":
            yield (
                f"A refund of {amount} failed{why_failed(refund)}: the customer does not have it. "
                "Refund it again, or give it back in another way."
            )
        elif refund.status not in _REFUND_ENDED:
            yield f"Stripe says '{refund.status}' of a refund of {amount}; look at it in the Stripe dashboard."


def why_failed(refund: RefundFact) -> str:
    """Returns why a refund failed, in words (https://docs.stripe.com/api/refunds/object)."""
    why = _WHY_FAILED.get(refund.failure_reason or "")
    return f", because {why}" if why else ""


_WHY_FAILED = {
    "lost_or_stolen_card": "the card is lost or stolen",
    "expired_or_canceled_card": "the card has expired or was canceled",
    "charge_for_pending_refund_disputed": "the customer has disputed the payment",
    "insufficient_funds": "the company's balance at Stripe was too low",
    "declined": "the customer's bank declined it",
    "merchant_request": "the company asked Stripe to stop it",
}


def disputes(invoice: Invoice) -> Iterator[str]:
    """Yields the state of each dispute."""
    lost_amounts = lost_by_dispute(invoice.facts)
    for dispute in sorted(invoice.facts.disputes.values(), key=lambda each: each.id):
        yield from _dispute(invoice, dispute, lost_amounts.get(dispute.id))


def _dispute(invoice: Invoice, dispute: DisputeFact, lost_amount: int | None) -> Iterator[str]:
    amount = money(invoice, dispute.amount, dispute.currency)
    if dispute.status == "lost":
        yield f"A dispute over {amount} was lost: the customer's bank has taken it back."
        if lost_amount is not None and money(invoice, lost_amount) != amount:
            yield f"Of this invoice, {money(invoice, lost_amount)} is lost by it."
    elif dispute.status.endswith("needs_response"):
        until = f" by {day(invoice, dispute.due_by)}" if dispute.due_by else ""
        yield f"The customer's bank disputes {amount}; answer it in the Stripe dashboard{until}."
    elif dispute.status.endswith("under_review"):
        yield f"The customer's bank is looking into a dispute over {amount}; there is nothing to do until it decides."
    elif dispute.open:
        yield f"Stripe says '{dispute.status}' of a dispute over {amount}; look at it in the Stripe dashboard."


def _moved_to_balance(invoice: Invoice) -> int:
    """Returns the amount that was too small to charge and that Stripe moved to the customer's balance."""
    fact = invoice.facts.invoice
    if fact is None or fact.starting_balance is None or fact.ending_balance is None:
        return 0
    owed_before = max(fact.starting_balance, 0)
    return max(fact.ending_balance - owed_before, 0) if invoice.amounts.balance_applied else 0
