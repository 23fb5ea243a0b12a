"""What the office can really do about an invoice that is paid, for the next step of a refusal.

A paid invoice is never open again (https://docs.stripe.com/invoicing/integration/workflow-transitions). A payment in
Stripe can be refunded. What was paid outside Stripe can only be given back outside Stripe, and a credit note records
that (https://docs.stripe.com/api/credit_notes/create, `out_of_band_amount`).
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.amounts import credited_to_balance
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.wording import money

STAYS_BILLED = "Its services stay billed in POM."


def way_out(invoice: Invoice) -> str:
    """Returns in sentences how the money of a paid invoice can be given back, and what becomes of its services."""
    steps = list(_steps(invoice)) or ["Nothing is left to give back."]
    return " ".join([*steps, STAYS_BILLED])


def _steps(invoice: Invoice) -> Iterator[str]:
    amounts = invoice.amounts
    outside = _left_outside(invoice)
    put_back = credited_to_balance(invoice.facts)
    from_balance = max(amounts.balance_applied, 0)
    # A surplus is on the customer's balance already, and so is what credit notes put there.
    in_stripe = amounts.received - outside - amounts.overpaid - max(put_back - from_balance, 0)
    if invoice.disputed:
        yield (
            "Answer the dispute in the Stripe dashboard first: "
            "while the customer's bank decides, the disputed payment cannot be refunded."
        )
    elif in_stripe > 0:
        yield f"Refund {money(invoice, in_stripe)} in the Stripe dashboard."
    if outside > 0:
        amount = money(invoice, outside)
        yield (
            f"Return {amount} outside Stripe, as it was paid, and record that by a credit note over {amount} "
            "in the Stripe dashboard, as given back outside Stripe. If it never came in, return nothing: record the "
            "same credit note, and bill the work as another service."
        )
    if from_balance > put_back:
        amount = money(invoice, from_balance - put_back)
        yield f"Add {amount} to the customer's credit balance in the Stripe dashboard."


def _left_outside(invoice: Invoice) -> int:
    """Returns the minor units that were paid outside Stripe and not given back there."""
    fact = invoice.facts.invoice
    return max(fact.amount_paid_off_stripe - invoice.amounts.refunded_outside, 0) if fact else 0
