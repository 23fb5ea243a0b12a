"""Explains how a draft in Stripe differs from POM's order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.domain.identifiers import digest
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import DraftTags
from chalicelib.domain.terms import day_in_words
from chalicelib.domain.wording import days, money

UNDO = (
    "Save the draft again in POM, which overwrites the change. "
    "Or undo it in the Stripe dashboard, or send the draft from there. "
    "Or void it in POM and bill its services again."
)
"""The ways to resolve a change of a draft in Stripe."""


def changes_of_draft(invoice: Invoice) -> Iterator[str]:
    """Yields how a draft in Stripe differs from POM's order, and how to resolve it."""
    changes = list(changes_in_stripe(invoice))
    if changes:
        yield from changes
        yield f"POM does not send it like this. {UNDO}"


def changes_in_stripe(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence for each change in Stripe that keeps POM from sending the draft."""
    if invoice.total_difference:
        yield f"It was changed in Stripe: {difference(invoice, invoice.total)}."
    elif has_other_lines(invoice):
        yield "It was changed in Stripe: its lines there are other than those that POM ordered."
    if changed_details(invoice):
        yield f"It was changed in Stripe: {_subject_and_verb(changed_details(invoice))} not as in POM's draft."
    if invoice.facts.invoice and invoice.facts.invoice.charges_automatically:
        yield "It was changed in Stripe, so that Stripe would charge a saved payment method and mail no invoice."


def draft_tags(draft: Invoice) -> DraftTags:
    """Returns tags of all that users see of the content of a draft that POM is not working on.

    Only what users see is part of the tags. Other lines in Stripe show in the total, if that differs too.
    """
    fact = draft.facts.invoice
    in_stripe = (
        draft.total,
        draft.amounts.discount,
        None if draft.due_by_terms else draft.due_day or draft.order.due_date,
        not draft.total_difference and has_other_lines(draft),
        changed_details(draft),
        fact is not None and fact.charges_automatically,
    )
    return DraftTags(draft.order.edit_tag, digest("in Stripe", *map(str, in_stripe)))


def moved_due_date(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence if a user chose another due date for a draft in Stripe. POM sends the draft with that date.

    Yields nothing if POM does not know the due date by the draft's terms, as for a draft whose record was lost.
    """
    order, due_day = invoice.order, invoice.due_day
    if due_day is None or invoice.due_by_terms or due_day == order.due_date:
        return
    if order.due_date is not None:
        before = f"on {day_in_words(order.due_date)}"
    elif invoice.terms_due_at is None:
        return
    else:
        wait = order.days_until_due or 0
        before = f"{days(wait)} after it is sent" if wait else "on the day on which it is sent"
    changed = f"it is due on {day_in_words(due_day)}, and not {before} as POM ordered"
    yield f"Its due date was changed in Stripe: {changed}."


def has_other_lines(invoice: Invoice) -> bool:
    """Returns True if the draft's lines in Stripe differ from POM's order. Stripe's response has ten lines at
    most.
    """
    drafted_lines = invoice.facts.invoice.drafted_lines if invoice.facts.invoice else None
    return drafted_lines is not None and not invoice.lacks_lines and drafted_lines != invoice.order.billed


def changed_details(invoice: Invoice) -> list[str]:
    """Returns the guide's word for each detail of the draft that a user changed in Stripe, such as its memo.

    Stripe fills in details that an order leaves out, such as the account's footer. So the draft is compared with its
    details at creation. If POM does not know these, the draft is compared with the order.
    """
    present = invoice.facts.invoice.drafted_details if invoice.facts.invoice else None
    if present is None:
        return []
    expected = invoice.details_as_made or invoice.order.details.completed_from(present)
    return list(expected.differences(present))


def _subject_and_verb(details: Sequence[str]) -> str:
    """Returns words such as `its memo is` or `its memo and its footer are`."""
    *first_details, last = (f"its {detail}" for detail in details)
    subject = f"{', '.join(first_details)} and {last}" if first_details else last
    is_singular = len(details) == 1 and not subject.endswith("s")
    return f"{subject} {'is' if is_singular else 'are'}"


def difference(invoice: Invoice, total: int) -> str:
    """Returns words about Stripe's `total`, such as `the total is 100.00 USD, 25.00 USD more than POM ordered`."""
    surplus = total - invoice.order.total
    by = f"{money(invoice, abs(surplus))} {'more' if surplus > 0 else 'less'}"
    return f"the total is {money(invoice, total)}, {by} than POM ordered"
