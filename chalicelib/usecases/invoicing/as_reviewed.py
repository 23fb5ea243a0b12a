"""Ensures that an invoice is mailed only as the office has seen it.

A draft may be changed in Stripe's dashboard at any time, and the event about that may be late or lost. So Stripe is
asked right before a draft is mailed that has waited for a review, or for the end of an outage.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.actions import SEND_REQUESTED
from chalicelib.domain.connection import require_ready_to_send, usable_account
from chalicelib.domain.draft_changes import UNDO, changes_in_stripe, difference
from chalicelib.domain.draft_edit import DraftChanges
from chalicelib.domain.errors import (
    ChangedInStripe,
    Conflict,
    DueDatePassed,
    Refused,
    StripeRefused,
    TotalDiffers,
)
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import require_no_payment_under_way
from chalicelib.domain.terms import day_in_words, day_of, end_of_day
from chalicelib.domain.wording import latest_action
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.store_invoice import require_same_account, store


def as_in_stripe(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice with its draft as Stripe has it now.

    This costs one call. If the draft has more than ten lines, it costs one more for each hundred lines.
    """
    account_id, stripe_id = invoice.stripe_account_id, invoice.stripe_invoice_id or ""
    present = ports.stripe.fetch(account_id, "invoice", stripe_id)
    if not isinstance(present, InvoiceFact):
        return invoice
    if present.unfinished and present.drafted_lines is None:
        present = replace(present, drafted_lines=ports.stripe.billed_lines(account_id, stripe_id))
    return invoice.with_fetched(present)


def require_as_reviewed(reviewed: Invoice, present: Invoice, ports: Ports) -> None:
    """Refuses to mail a draft that differs from the version that users saw, or that would be mailed overdue.

    `reviewed` is the invoice as POM displayed it, and `present` as Stripe has it now. If the order was to be sent at
    once, nobody has reviewed the draft, so its due date must be the ordered due date.

    Raises:
        StripeRefused: its total differs from POM's order, or it was deleted.
        Refused: its due date has passed, or Stripe does not let the account take payments any more.
        Conflict: it was changed otherwise, or its account is not connected any more.
    """
    _require_usable_account(present, ports)
    for refusal in refusals_of_draft(present, day_of(ports.clock.now(), present.order.time_zone)):
        raise refusal
    due = present.due_day
    if due is None or present.due_by_terms:
        return
    if not _is_due_as_seen(reviewed, due):
        raise _changed(
            f"Its due date was changed in Stripe: it is due on {day_in_words(due)} now.",
            "Load the invoice again, look at its due date, and send it if that is right.",
        )


def refusals_of_draft(present: Invoice, today: dt.date) -> Iterator[Refused | Conflict]:
    """Yields the reasons in the draft itself for which POM does not mail it. `present` is the draft as Stripe has it
    now.
    """
    fact = present.facts.invoice
    if fact is None or fact.deleted:
        yield draft_deleted()
        return
    changes = changes_in_stripe(present)
    if present.total_difference:
        next(changes)  # says the same of the total
        yield TotalDiffers("total_differs", f"In Stripe {difference(present, present.total)}.", next_step=UNDO)
    for change in changes:
        yield _changed(change, UNDO)
    due = present.due_day
    if due is not None and not present.due_by_terms and due < today:
        yield DueDatePassed(
            "due_date_in_past",
            f"The draft's due date, {day_in_words(due)}, has passed. The customer would get an overdue invoice.",
            field="dueDate",
            next_step="Save the draft with a later due date and send it again. Or void it and bill its services "
            "again.",
        )


def _is_due_as_seen(reviewed: Invoice, due: dt.date) -> bool:
    if reviewed.saga.send or (reviewed.saga.interrupted and _was_read_since(reviewed)):
        return reviewed.order.due_date == due
    return reviewed.due_day in (None, due)


def _was_read_since(reviewed: Invoice) -> bool:
    """Returns True if POM read the draft after its sending was requested, so its due date may be unknown to the
    office.

    If it was read again without a change, it is refused once without need, because only the latest reading is stored.
    """
    request, fact = latest_action(reviewed, SEND_REQUESTED), reviewed.facts.invoice
    return request is not None and fact is not None and fact.as_of > request.at


def require_finalized_as_seen(invoice: Invoice, ports: Ports) -> Invoice:
    """Refuses to mail a finalized invoice that no user has reviewed in its present form, or that the customer is
    about to pay.

    If it was a draft when its sending was requested, either POM's own request finalized it and failed before the
    mailing, or somebody finalized it in Stripe. Stripe's event names the idempotency key of the request.

    Returns the invoice with its payments as Stripe has them now.

    Raises:
        Conflict: somebody else finalized it or changed it, a payment is under way, or its account is not connected.
        StripeRefused: POM's request finalized it with another total than was ordered.
        Refused: Stripe does not let the account take payments any more.
    """
    _require_usable_account(invoice, ports)
    account_id, stripe_id = invoice.stripe_account_id, invoice.stripe_invoice_id or ""
    present = invoice.with_fetched(*ports.stripe.everything(account_id, stripe_id))
    if not invoice.saga.finalized_before:
        finalized_events = ports.stripe.events_about(account_id, stripe_id, "invoice.finalized", invoice.created_at)
        if not any(invoice.saga.has_used(event.idempotency_key) for event in finalized_events):
            raise finalized_meanwhile()
        if present.total_difference:
            words = f"In Stripe {difference(present, present.total)}, and it is finalized."
            raise TotalDiffers("total_differs", words, next_step=_SEND_IF_RIGHT)
        if ports.stripe.billed_lines(account_id, stripe_id) != present.order.billed:
            raise _changed("It was finalized with other lines than those that POM ordered.", _SEND_IF_RIGHT)
    require_no_payment_under_way(present)
    return present


def _require_usable_account(invoice: Invoice, ports: Ports) -> None:
    connection = ports.connections.get(invoice.organization_id)
    require_same_account(invoice, usable_account(connection))
    require_ready_to_send(connection)


def due_from_today(reviewed: Invoice, present: Invoice, ports: Ports) -> tuple[Invoice, Invoice]:
    """Moves the due date of a draft on payment terms, because terms count from the day of sending.

    Stripe counts them from the day of the draft's creation (`days_until_due`,
    https://docs.stripe.com/api/invoices/create). A due date that somebody chose in Stripe stays. Both dates are
    stored before Stripe is called, so after a crash neither counts as somebody's choice.

    Returns `reviewed` as stored, and `present` as Stripe has it then.
    """
    days, today = present.order.days_until_due, day_of(ports.clock.now(), present.order.time_zone)
    if days is None or present.due_day is None or not present.due_by_terms:
        return reviewed, present
    due = today + dt.timedelta(days=days)
    if present.due_day == due:
        return reviewed, present
    due_at = end_of_day(due, present.order.time_zone)
    former = present.due_at
    stored = store(reviewed, lambda current: replace(current, terms_due_at=due_at, former_terms_due_at=former), ports)
    account_id, stripe_id = present.stripe_account_id, present.stripe_invoice_id or ""
    later, key = DraftChanges(due_at=due_at), f"{present.saga.key}-due-{due_at}"
    updated_draft = ports.stripe.update_draft(account_id, stripe_id, later, key)
    return stored, present.with_fetched(updated_draft)


def require_made_with_our_total(invoice: Invoice, fact: InvoiceFact) -> None:
    """Refuses a draft whose total in Stripe differs from POM's order.

    Raises:
        StripeRefused: the total differs, or the draft was deleted.
    """
    if fact.deleted:
        raise draft_deleted()
    if fact.total != invoice.order.total:
        raise TotalDiffers(
            "total_differs",
            f"In Stripe {difference(invoice, fact.total)}.",
            next_step="Look in the Stripe dashboard for taxes, and for discounts of this customer, that Stripe adds "
            "automatically. Remove them, and create the invoice again.",
        )


def finalized_meanwhile() -> ChangedInStripe:
    """Returns the refusal to mail a draft that somebody has just finalized in Stripe."""
    return _changed(
        "Somebody has finalized this draft in Stripe, and it was not mailed.",
        _SEND_IF_RIGHT,
    )


_SEND_IF_RIGHT = "Load the invoice again, look at it, and send it if it is right, or void it."


def draft_deleted() -> StripeRefused:
    """Returns the refusal of any action on a draft that was deleted."""
    return StripeRefused(
        "draft_deleted", "The draft was deleted in Stripe.", next_step="Bill its services in a new invoice."
    )


def _changed(message: str, next_step: str) -> ChangedInStripe:
    return ChangedInStripe("changed_in_stripe", message, next_step=next_step)
