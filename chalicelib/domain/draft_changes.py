"""Explains how a draft differs in Stripe from what POM ordered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.wording import money

UNDO = (
    "Undo the change in the Stripe dashboard, or send the draft from there. "
    "Or void it in POM and bill its services again."
)
"""What can be done about a draft that was changed in Stripe."""


def changes_of_draft(invoice: Invoice) -> Iterator[str]:
    """Yields how a draft differs in Stripe from what POM ordered, and what can be done about it."""
    changes = list(changes_in_stripe(invoice))
    if changes:
        yield from changes
        yield f"POM does not send it like this. {UNDO}"


def changes_in_stripe(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence for each change of a draft in Stripe that POM does not send."""
    if invoice.total_difference:
        yield f"It was changed in Stripe: {difference(invoice, invoice.total)}."
    elif invoice.has_other_lines:
        yield "It was changed in Stripe: its lines there are other than those that POM ordered."
    if invoice.changed_details:
        yield f"It was changed in Stripe: {_are(invoice.changed_details)} not as in POM's draft."
    if invoice.facts.invoice and invoice.facts.invoice.charges_automatically:
        yield "It was changed in Stripe, so that Stripe would charge a saved payment method and mail no invoice."


def _are(details: Sequence[str]) -> str:
    """Returns words such as `its memo is` or `its memo and its footer are`."""
    *others, last = (f"its {detail}" for detail in details)
    named = f"{', '.join(others)} and {last}" if others else last
    one = len(details) == 1 and not named.endswith("s")
    return f"{named} {'is' if one else 'are'}"


def difference(invoice: Invoice, total: int) -> str:
    """Returns words about Stripe's `total`, such as `the total is 100.00 USD, 25.00 USD more than POM ordered`."""
    more = total - invoice.order.total
    by = f"{money(invoice, abs(more))} {'more' if more > 0 else 'less'}"
    return f"the total is {money(invoice, total)}, {by} than POM ordered"
