"""Explains an invoice's status in plain sentences, derived only from facts and POM's own actions."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.actions import EDIT_REFUSED, EDITED, SEND_REFUSED
from chalicelib.domain.draft_changes import changes_of_draft, moved_due_date
from chalicelib.domain.explanation_of_money import (
    disputes,
    given_back,
    parts_paid,
    put_on_balance,
    refund_day,
    refund_troubles,
    terms,
)
from chalicelib.domain.explanation_of_payments import how_paid, under_way
from chalicelib.domain.failures import FAILURE_TEXTS
from chalicelib.domain.intended_act import GIVEN_UP
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.related_invoices import NO_RELATED_INVOICES, RelatedInvoices, reference, where_billed
from chalicelib.domain.status import KNOWN_STATUSES, OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.terms import day_in_words, day_of
from chalicelib.domain.timeline import latest
from chalicelib.domain.timeline_entries import EntryKind
from chalicelib.domain.wording import day, days, latest_action, money, on_day

PAYABLE = (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)


def explain(invoice: Invoice, now: int, related: RelatedInvoices = NO_RELATED_INVOICES) -> str:
    """Returns one paragraph for people: why the invoice has its status, and other things to know about it."""
    sentences = [
        *_EXPLAIN[invoice.status](invoice, now),
        *_related(invoice, related),
        *_revisions(invoice),
        *disputes(invoice),
        *refund_troubles(invoice),
        *_link(invoice, now),
    ]
    return " ".join(sentences)


def _creating(invoice: Invoice, now: int) -> Iterator[str]:
    doing = "changed" if invoice.saga.editing else "made"
    yield f"It is being {doing} in Stripe."
    yield "That continues automatically, unless invoicing is paused or Stripe is not connected."


def _draft(invoice: Invoice, now: int) -> Iterator[str]:
    reasons = [*changes_of_draft(invoice), *_due_date_passed(invoice, now)]
    yield "It is a draft: the customer has not been asked to pay." + ("" if reasons else " Review and send it.")
    if invoice.due_by_terms:
        days_to_pay = invoice.order.days_until_due
        yield (
            f"It is due {days(days_to_pay)} after it is sent."
            if days_to_pay
            else "It is due on the day on which it is sent."
        )
    yield from moved_due_date(invoice)
    yield from why_not_sent(invoice)
    yield from _not_changed(invoice)
    yield from reasons
    yield from terms(invoice)


def _due_date_passed(invoice: Invoice, now: int) -> Iterator[str]:
    """Yields a sentence if a draft cannot be sent because its due date has passed. Terms count from the day of
    sending.
    """
    today = day_of(now, invoice.order.time_zone)
    if invoice.due_day is not None and not invoice.due_by_terms and invoice.due_day < today:
        yield (
            f"It cannot be sent, because its due date, {day_in_words(invoice.due_day)}, has passed. "
            "Save the draft with a later due date, or void it and bill its services again."
        )


def why_not_sent(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence if a request to send was refused after it had been answered, with the reason."""
    refusal = latest_action(invoice, SEND_REFUSED)
    if refusal is not None:
        why = _WHY_REFUSED.get(refusal.reason or "")
        because = f", because {why}" if why else ""
        yield f"It was to be sent on {day(invoice, refusal.at)}, and that was refused{because}."


def _not_changed(invoice: Invoice) -> Iterator[str]:
    """Yields a sentence if the latest change was refused after the request for it had been answered."""
    refusal, edit = latest_action(invoice, EDIT_REFUSED), latest_action(invoice, EDITED)
    if refusal is not None and (edit is None or edit.at < refusal.at):
        yield f"It was to be changed on {day(invoice, refusal.at)}, and that was refused. It is as it was before."


_WHY_REFUSED = {
    "changed_in_stripe": "it had been changed in Stripe",
    "total_differs": "its total in Stripe was not the one that POM ordered",
    "due_date_in_past": "its due date had passed",
    "stripe_account_not_ready": "Stripe did not let the account take payments",
    "payment_under_way": "a payment of it was on its way",
    "customer_email_missing": "the customer had no e-mail address",
    "customer_email_changed": "Stripe would have mailed it to the customer's former address",
    "customer_erased": "the customer had been erased",
    "draft_of_other_customer": "the customer had been linked to another Stripe customer",
}


def _pending(invoice: Invoice, now: int) -> Iterator[str]:
    yield from _when_sent(invoice)
    yield from _unknown_status(invoice)
    yield from terms(invoice)
    yield from parts_paid(invoice)
    if invoice.facts.payment_under_way:
        yield under_way(invoice)
    else:
        yield from _progress(invoice)
        yield from _due(invoice, now)


def _progress(invoice: Invoice) -> Iterator[str]:
    unknown = sorted({intent.status for intent in invoice.facts.intents} - _INTENT_STATUSES)
    if invoice.facts.waits_for_confirmation:
        yield "The customer has begun to pay and has yet to confirm the payment with their bank."
    elif unknown:
        yield f"Stripe says '{unknown[0]}' of a payment; look at it in the Stripe dashboard."
    elif not invoice.paid_amount:
        yield "Nobody has tried to pay yet."


_INTENT_STATUSES = frozenset(
    """
    requires_payment_method requires_confirmation requires_action processing requires_capture canceled succeeded
    """.split()
)


def _unknown_status(invoice: Invoice) -> Iterator[str]:
    stripe_invoice = invoice.facts.invoice
    if stripe_invoice is not None and stripe_invoice.status not in KNOWN_STATUSES:
        yield (
            f"Stripe says '{stripe_invoice.status}', which POM does not know. "
            "Look at the invoice in the Stripe dashboard."
        )


def _failed(invoice: Invoice, now: int) -> Iterator[str]:
    attempt = invoice.failure
    if attempt is not None:
        text = FAILURE_TEXTS[attempt.reason]
        yield f"The latest attempt to pay, on {day(invoice, attempt.at)}, failed. {text.message} {text.next_step}"
    yield from terms(invoice)
    yield from parts_paid(invoice)
    yield from _due(invoice, now)


def _paid(invoice: Invoice, now: int) -> Iterator[str]:
    yield how_paid(invoice)
    yield from terms(invoice)
    yield from given_back(invoice)
    yield from put_on_balance(invoice)
    if invoice.facts.payment_under_way:
        yield (
            "Another payment is on its way. If it arrives, it is more than was due, "
            "and Stripe puts it on the customer's credit balance."
        )


def _refunded(invoice: Invoice, now: int) -> Iterator[str]:
    yield how_paid(invoice)
    yield from terms(invoice)
    if invoice.amounts.refunded_outside:
        yield from given_back(invoice)
    yield f"Refunded in full{refund_day(invoice)}."
    yield from put_on_balance(invoice)


def _void(invoice: Invoice, now: int) -> Iterator[str]:
    deleted = invoice.facts.invoice is not None and invoice.facts.invoice.deleted
    ending = latest(invoice, EntryKind.VOIDED, EntryKind.DRAFT_DELETED)
    word = "Its draft was deleted" if deleted else "Voided"
    when = on_day(invoice, ending.at if ending else None)
    why = " to correct it" if invoice.corrected_by is not None else ""
    yield f"{word}{when}{why}: nothing is to be paid."
    yield from _had_been_paid(invoice)


def _related(invoice: Invoice, related: RelatedInvoices) -> Iterator[str]:
    """Yields where the services of a void invoice are billed now, or which invoice a draft corrects."""
    if invoice.status is InvoiceStatus.VOID:
        yield where_billed(related)
    elif invoice.status is InvoiceStatus.DRAFT and related.original is not None:
        yield f"It is the copy of {reference(related.original)}, which was voided to correct it."


def _uncollectible(invoice: Invoice, now: int) -> Iterator[str]:
    window = latest_action(invoice, GIVEN_UP)
    ending = latest(invoice, EntryKind.GIVEN_UP)
    why = f": it was not paid within {window.reason} after it was due" if window and window.reason else ""
    yield f"Given up{on_day(invoice, ending.at if ending else None)}{why}. It can still be paid."
    yield from terms(invoice)
    yield from parts_paid(invoice)


_EXPLAIN = {
    InvoiceStatus.CREATING: _creating,
    InvoiceStatus.DRAFT: _draft,
    InvoiceStatus.PENDING: _pending,
    InvoiceStatus.FAILED: _failed,
    InvoiceStatus.PAID: _paid,
    InvoiceStatus.REFUNDED: _refunded,
    InvoiceStatus.VOID: _void,
    InvoiceStatus.UNCOLLECTIBLE: _uncollectible,
}


def _revisions(invoice: Invoice) -> Iterator[str]:
    """Yields sentences about revisions that a user makes in Stripe's dashboard."""
    if invoice.facts.replaced_numbers:
        yield f"It was revised in Stripe and replaces {' and '.join(invoice.facts.replaced_numbers)}."
    if invoice.being_revised:
        yield "Somebody is revising it in Stripe; until that is finalized, this invoice is the one to be paid."


def _when_sent(invoice: Invoice) -> Iterator[str]:
    finalized_at = invoice.facts.invoice.finalized_at if invoice.facts.invoice else None
    if invoice.sent_at is not None:
        yield f"Sent on {day(invoice, invoice.sent_at)}."
    else:
        yield f"Finalized{on_day(invoice, finalized_at)}, but no e-mail has been sent from POM."
        yield from why_not_sent(invoice)


def _due(invoice: Invoice, now: int) -> Iterator[str]:
    if invoice.due_at is None or invoice.due_day is None:
        return
    on, late = day(invoice, invoice.due_at), (day_of(now, invoice.order.time_zone) - invoice.due_day).days
    if late < 0:
        yield f"It is due on {on}."
    elif late == 0:
        yield "It is due today."
    elif not invoice.overdue or late == 1:
        yield f"It was due yesterday, on {on}." if late == 1 else f"It was due on {on}."
    else:
        yield f"It was due on {on}, {late} days ago."


def _had_been_paid(invoice: Invoice) -> Iterator[str]:
    if invoice.amounts.paid:
        yield f"{money(invoice, invoice.amounts.paid)} had been paid."
        yield from given_back(invoice)


def _link(invoice: Invoice, now: int) -> Iterator[str]:
    if invoice.status in PAYABLE and invoice.link_expired(now):
        yield "The payment link has expired; refresh the invoice to get a new one."
