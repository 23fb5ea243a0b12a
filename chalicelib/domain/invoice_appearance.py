"""The part of an invoice that users can see."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.draft_changes import changed_details, has_other_lines
from chalicelib.domain.invoice import Invoice


def looks_the_same(one: Invoice, other: Invoice) -> bool:
    """Returns True if users see the same of both invoices, and later events can be matched to both.

    Reading from Stripe always yields more than events do, such as intents without an attempt, and a different link to
    the same page. No event reports that a payment was canceled because its invoice was voided, and users do not see
    it, because nothing was paid.
    """
    return _appearance(one) == _appearance(other)


def _appearance(invoice: Invoice) -> tuple[object, ...]:
    facts = invoice.facts.without_times
    stripe_invoice = facts.invoice and replace(
        facts.invoice,
        hosted_url="link" if facts.invoice.hosted_url else None,
        pdf_url="link" if facts.invoice.pdf_url else None,
        drafted_for=None,
        drafted_lines=None,
        voided_at=None,
        marked_uncollectible_at=None,
        drafted_details=None,
    )
    failure = invoice.failure
    return (
        invoice.status,
        stripe_invoice,
        failure.reason if failure else None,
        facts.payment_under_way,
        facts.waits_for_confirmation,
        invoice.being_revised,
        has_other_lines(invoice),
        changed_details(invoice),
        {
            (charge.id, charge.method, charge.brand, charge.last4)
            for charge in facts.charges.values()
            if charge.status == "succeeded"
        },
        {
            each.id: each if each.status == "paid" else replace(each, status="open")
            for each in facts.payments.values()
        },
        facts.refunds,
        facts.disputes,
        facts.credit_notes,
    )
