"""Mail an invoice only as the office has seen it.

A draft may be changed in Stripe's dashboard at any time, and the event about that may be late or lost. So Stripe is
asked right before a draft is mailed that has waited for a review, or for the end of an outage.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from chalicelib.domain.connection import require_ready_to_send, usable_account
from chalicelib.domain.errors import Conflict, Refused, StripeRefused
from chalicelib.domain.explained_money import UNDO, changes_in_stripe, difference
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.terms import day_in_words, end_of_day
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.same_account import require_same_account
from chalicelib.usecases.store_invoice import store


def as_in_stripe(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice with its draft as Stripe has it now.

    This costs one call. If the draft has more than ten lines, it costs one more, and one for each hundred lines.
    """
    account_id, stripe_id = invoice.stripe_account_id, invoice.stripe_invoice_id or ""
    present = ports.stripe.fetch(account_id, "invoice", stripe_id)
    if not isinstance(present, InvoiceFact):
        return invoice
    if present.unfinished and present.drafted_lines is None:
        recorded = ports.stripe.recorded(account_id, stripe_id)
        present = replace(present, drafted_lines=recorded.billed if recorded else None)
    return invoice.settled_by(present)


def require_as_reviewed(reviewed: Invoice, present: Invoice, ports: Ports) -> None:
    """Refuses to mail a draft that is not as POM has shown it, or that would be mailed overdue.

    `reviewed` is the invoice as POM has shown it, `present` as Stripe has it now.

    Raises:
        StripeRefused: its total differs from POM's order, or it was deleted.
        Refused: its due date has passed, or Stripe does not let the account take payments any more.
        Conflict: it was changed otherwise, or its account is not connected any more.
    """
    connection = ports.connections.get(present.organization_id)
    require_same_account(present, usable_account(connection))
    require_ready_to_send(connection)
    fact = present.facts.invoice
    if fact is None or fact.deleted:
        raise draft_deleted()
    require_our_total(present)
    for change in changes_in_stripe(present):
        raise _changed(change, UNDO)
    if fact.due_at is None or present.due_by_terms:
        return
    due = present.day_of(fact.due_at)
    if due < present.day_of(ports.clock.now()):
        raise Refused(
            "due_date_in_past",
            f"The draft's due date, {day_in_words(due)}, has passed. The customer would get an overdue invoice.",
            field="dueDate",
            next_step="Change the due date in the Stripe dashboard and send the draft again, or void it and bill its "
            "services again.",
        )
    if reviewed.due_day not in (None, due):
        raise _changed(
            f"Its due date was changed in Stripe: it is due on {day_in_words(due)} now.",
            "Load the invoice again, look at its due date, and send it if that is right.",
        )


def due_from_today(reviewed: Invoice, present: Invoice, ports: Ports) -> tuple[Invoice, Invoice]:
    """Lets a draft on payment terms be due so many days after today, because terms count from the day of sending.

    Stripe counts them from the day on which the draft was made
    (`days_until_due`, https://docs.stripe.com/api/invoices/create). A due date that somebody chose in Stripe stays.
    The new date is stored before Stripe is told, so after a crash it is not taken for somebody's choice.

    Returns `reviewed` as it is stored and `present` as Stripe has it then.
    """
    days, today = present.order.days_until_due, present.day_of(ports.clock.now())
    if days is None or present.due_day is None or not present.due_by_terms:
        return reviewed, present
    due = today + dt.timedelta(days=days)
    if present.due_day == due:
        return reviewed, present
    due_at = end_of_day(due, present.order.time_zone)
    stored = store(reviewed, lambda current: replace(current, terms_due_at=due_at), ports)
    account_id, stripe_id = present.stripe_account_id, present.stripe_invoice_id or ""
    moved = ports.stripe.set_due_date(account_id, stripe_id, due_at, f"{present.saga.key}-due-{due_at}")
    return stored, present.settled_by(moved)


def require_our_total(invoice: Invoice) -> None:
    """Refuses a draft whose total in Stripe is not the one that POM ordered.

    Raises:
        StripeRefused: it is another one.
    """
    if invoice.total_difference:
        raise StripeRefused("total_differs", f"In Stripe {difference(invoice, invoice.total)}.", next_step=UNDO)


def made_with_our_total(invoice: Invoice, fact: InvoiceFact) -> None:
    """Refuses a draft that Stripe made with another total than POM ordered.

    Raises:
        StripeRefused: the total is another one, or the draft was deleted.
    """
    if fact.deleted:
        raise draft_deleted()
    if fact.total != invoice.order.total:
        raise StripeRefused(
            "total_differs",
            f"In Stripe {difference(invoice, fact.total)}.",
            next_step="Look in the Stripe dashboard for taxes, and for discounts of this customer, that Stripe adds "
            "by itself. Remove them, and create the invoice again.",
        )


def finalized_meanwhile() -> Conflict:
    """Why a draft is not mailed that somebody has just finalized in Stripe."""
    return _changed(
        "Somebody has finalized this draft in Stripe, and it was not mailed.",
        "Load the invoice again, look at it, and send it if it is right.",
    )


def draft_deleted() -> StripeRefused:
    """Why nothing can be done with a draft that is gone."""
    return StripeRefused(
        "draft_deleted", "The draft was deleted in Stripe.", next_step="Bill its services in a new invoice."
    )


def _changed(message: str, next_step: str) -> Conflict:
    return Conflict("changed_in_stripe", message, next_step=next_step)
