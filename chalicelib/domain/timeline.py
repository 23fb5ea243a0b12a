"""The timeline of an invoice: one entry for each event in its history, derived from facts and from POM's own actions.

No entry is stored. So the timeline does not depend on the order in which Stripe's events arrived, or on whether
webhooks or the sweep brought them. `timeline_of_money` has the entries about money.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain import actions
from chalicelib.domain.actions import Action
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.intended_act import CLOCKS_DIFFER, GIVEN_UP, MARKED_PAID, VOIDED
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payments import PaymentMethod
from chalicelib.domain.timeline_entries import Entry, EntryKind
from chalicelib.domain.timeline_of_money import money_entries, near


def timeline(invoice: Invoice) -> list[Entry]:
    """Returns the entries of an invoice's timeline, oldest first."""
    entries = [
        *_acts(invoice),
        *_mails(invoice),
        *_ends(invoice),
        *_revisions(invoice),
        *money_entries(invoice),
    ]
    return sorted(entries, key=lambda entry: entry.place)


def latest(invoice: Invoice, *kinds: EntryKind) -> Entry | None:
    """Returns the latest entry of these kinds, or None."""
    entries = [entry for entry in timeline(invoice) if entry.kind in kinds]
    return entries[-1] if entries else None


_ACTS = {
    actions.CREATED: EntryKind.CREATED,
    actions.RECREATED: EntryKind.RECREATED,
    actions.EDITED: EntryKind.EDITED,
    actions.EDIT_REFUSED: EntryKind.EDIT_REFUSED,
    actions.SEND_REFUSED: EntryKind.SEND_REFUSED,
    actions.SENT_BY_POM: EntryKind.SENT,
    actions.REMINDER_SENT: EntryKind.REMINDED,
    actions.REMINDER_REFUSED: EntryKind.REMINDER_REFUSED,
    actions.REFUND_REFUSED: EntryKind.REFUND_REFUSED,
    actions.CORRECTED: EntryKind.CORRECTED,
    actions.CORRECTION_REFUSED: EntryKind.CORRECTION_REFUSED,
    MARKED_PAID: EntryKind.MARKED_PAID,
    VOIDED: EntryKind.VOIDED,
    GIVEN_UP: EntryKind.GIVEN_UP,
}


def _acts(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for each action of POM.

    A request to send the invoice has an entry only until the invoice was sent, or sending it was refused.
    """
    for act in invoice.actions:
        kind = _ACTS.get(act.kind)
        if act.kind == actions.SEND_REQUESTED and _nothing_came_of(act, invoice):
            kind = EntryKind.SEND_REQUESTED
        if act.kind == actions.CREATED and invoice.corrects is not None:
            kind = EntryKind.CREATED_AS_CORRECTION
        if kind is None:
            continue
        entry = Entry(act.at, kind, True, act.actor, act.amount, reason=act.reason, stripe_id=act.stripe_id)
        if entry.amount is not None:
            entry = replace(entry, currency=invoice.order.currency)
        if act.kind in actions.MAILED:
            entry = replace(entry, to=_address(act.stripe_id, invoice))
        if act.kind == VOIDED and _was_draft(act, invoice):
            entry = replace(entry, kind=EntryKind.DRAFT_DELETED)
        if act.kind == actions.REFUND_REFUSED:
            entry = replace(entry, payment_id=act.stripe_id)
        if act.kind == MARKED_PAID:
            entry = _by_hand(entry, act, invoice)
        yield entry


def _nothing_came_of(request: Action, invoice: Invoice) -> bool:
    after = (act.kind for act in invoice.actions if act.at >= request.at)
    return invoice.sent_at is None and actions.SEND_REFUSED not in after


def _by_hand(entry: Entry, act: Action, invoice: Invoice) -> Entry:
    record, fact = invoice.recorded_payment, invoice.facts.invoices.get(act.stripe_id or "")
    method = PaymentMethod(record.method) if record is not None and record.recorded_at == act.at else None
    if fact is None or not fact.amount_paid_off_stripe:
        return replace(entry, method=method)
    return replace(entry, method=method, amount=fact.amount_paid_off_stripe, currency=fact.currency)


def _was_draft(act: Action, invoice: Invoice) -> bool:
    """Returns True if POM deleted a draft. Stripe voids only finalized invoices."""
    fact = invoice.facts.invoices.get(act.stripe_id or "")
    return fact is not None and fact.deleted


def _address(stripe_invoice_id: str | None, invoice: Invoice) -> str | None:
    fact = invoice.facts.invoices.get(stripe_invoice_id or invoice.stripe_invoice_id or "")
    return fact.customer_email if fact is not None else None


def _mails(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for each e-mail that Stripe sent and that no action of POM explains."""
    ours = [act for act in invoice.actions if act.kind in actions.MAILED]
    theirs = list(invoice.facts.mails)
    mailed_ids = {stripe_id for stripe_id, _ in theirs} | {act.stripe_id for act in ours}
    if invoice.sent_at is not None and invoice.stripe_invoice_id not in mailed_ids:
        theirs.append((invoice.stripe_invoice_id or "", invoice.sent_at))
    for stripe_id, at in theirs:
        # An event in an old version of Stripe's API does not say whether POM asked for the e-mail. So another e-mail
        # within `CLOCKS_DIFFER` seconds of one of POM's has no entry.
        if not any(near(at, own.at, CLOCKS_DIFFER) and own.stripe_id in (None, stripe_id) for own in ours):
            yield Entry(at, EntryKind.SENT, to=_address(stripe_id, invoice), stripe_id=stripe_id)


def _ends(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry if a user of Stripe finalized, gave up, voided or deleted the invoice."""
    fact = invoice.facts.invoice
    if fact is None:
        return
    if fact.finalized_at is not None and _finalized_by_others(fact, invoice):
        yield Entry(fact.finalized_at, EntryKind.FINALIZED, stripe_id=fact.id)
    ends = (
        (EntryKind.GIVEN_UP, GIVEN_UP, fact.marked_uncollectible_at),
        (EntryKind.VOIDED, VOIDED, None if fact.deleted else fact.voided_at),
        (EntryKind.DRAFT_DELETED, VOIDED, fact.seen.get("deleted", fact.as_of) if fact.deleted else None),
    )
    for kind, ours, at in ends:
        if at is not None and not any(act.kind == ours and act.stripe_id == fact.id for act in invoice.actions):
            yield Entry(at, kind, stripe_id=fact.id)


def _finalized_by_others(fact: InvoiceFact, invoice: Invoice) -> bool:
    """Returns True if a user of Stripe finalized the invoice without e-mailing it.

    Sending an invoice finalizes it, so a sent invoice needs no second entry. A revision has an entry of its own.
    """
    if fact.from_invoice_id is not None or fact.finalized_at is None:
        return False
    if any(act.kind == actions.SENT_BY_POM and act.stripe_id == fact.id for act in invoice.actions):
        return invoice.saga.finalized_before
    return invoice.sent_at is None or not near(fact.finalized_at, invoice.sent_at)


def _revisions(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for each revision that has replaced an earlier Stripe invoice."""
    for fact in invoice.facts.invoices.values():
        if fact.from_invoice_id is not None and fact.finalized_at is not None:
            entry = Entry(fact.finalized_at, EntryKind.REVISED, stripe_id=fact.id)
            yield replace(entry, amount=fact.total, currency=fact.currency)
