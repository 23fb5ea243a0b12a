"""Conflicts for invoices that cannot be sent, voided or corrected, with what the office can do instead.

A paid invoice is never open again (https://docs.stripe.com/invoicing/integration/workflow-transitions). A payment in
Stripe can be refunded. Money that was paid outside Stripe can only be given back outside Stripe, and a credit note
records that (https://docs.stripe.com/api/credit_notes/create, `out_of_band_amount`).
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.amounts import credited_to_balance
from chalicelib.domain.errors import Conflict
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.related_invoices import NO_RELATED_INVOICES, RelatedInvoices, what_to_do_instead
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.wording import money

STAYS_BILLED = "Its services stay billed in POM."


def how_to_give_back(invoice: Invoice) -> str:
    """Returns sentences about how a paid invoice's money can be given back, and what happens to its services."""
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


def status_conflict(invoice: Invoice, verb: str, related: RelatedInvoices = NO_RELATED_INVOICES) -> Conflict:
    """Returns the conflict of an invoice that cannot be sent or voided in its status. `verb` is `sent` or `voided`.

    `beside` holds the invoices that bill the services of a void invoice now.
    """
    if invoice.status is InvoiceStatus.CREATING:
        return creating_conflict()
    return Conflict(
        f"invoice_not_{'sendable' if verb == 'sent' else 'voidable'}",
        f"An invoice that is {invoice.status} cannot be {verb}.",
        next_step=_instead(invoice, related),
    )


def correction_conflict(invoice: Invoice, related: RelatedInvoices) -> Conflict:
    """Returns the conflict of an invoice that no draft copy can replace in its status."""
    if invoice.status is InvoiceStatus.CREATING:
        return creating_conflict()
    if invoice.status is InvoiceStatus.DRAFT:
        return Conflict(
            "invoice_not_issued",
            "This invoice is a draft: the customer has not been asked to pay.",
            next_step="Change the draft itself: PUT it with its new order.",
        )
    return Conflict(
        "invoice_not_correctable",
        f"An invoice that is {invoice.status} cannot be corrected.",
        next_step=_instead(invoice, related),
    )


def creating_conflict() -> Conflict:
    """Returns the conflict of an invoice that POM is still creating in Stripe."""
    return Conflict(
        "invoice_creating",
        "This invoice is still being made in Stripe.",
        next_step="Wait a moment and load it again.",
    )


def _instead(invoice: Invoice, related: RelatedInvoices) -> str:
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED):
        return how_to_give_back(invoice)
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        return (
            "Its payment link still works. Record a payment, or correct it: "
            "that voids it, unless Stripe refuses that, and makes a draft copy."
        )
    return what_to_do_instead(related)
