"""Brings a draft in Stripe to an order, whatever its present state.

The draft is read first, and only differences are changed. So the same function makes a change, resumes it after a
crash, and undoes it. Changes that somebody made in Stripe's dashboard are overwritten.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

from chalicelib.domain.draft_changes import difference
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.draft_edit import (
    NOTHING,
    DraftChanges,
    changed_details,
    lines_of,
    lines_to_keep,
    without_additions,
)
from chalicelib.domain.errors import StaleWrite, TotalDiffers
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import digest
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from chalicelib.domain.terms import day_of, end_of_day
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.as_reviewed import draft_deleted
from chalicelib.usecases.invoicing.saga_progress import at_same_point, found_nothing
from chalicelib.usecases.invoicing.store_invoice import load

WITHOUT_ADDITIONS = DraftChanges(drops_additions=True)


def brought_to(order: Order, invoice: Invoice, ports: Ports) -> InvoiceFact:
    """Returns the invoice in Stripe after its draft has become what `order` says.

    Returns it as it is if it is no draft any more.

    The lines come first and are changed by two requests at most: what is not as ordered is removed, from the first
    line that differs, and added anew. Everything else is changed by one request, once Stripe has the right total. So
    if Stripe refuses, usually no more than the lines have to be brought back.

    Raises:
        StripeRefused: Stripe says no, or its total is another one.
        StaleWrite: another worker has moved on. Or an earlier attempt was undone by somebody; it is to be repeated
            with a new idempotency key.
        StripeUnavailable: to be gone on with later.
    """
    account_id, stripe_id = invoice.stripe_account_id, invoice.stripe_invoice_id or ""
    fact = ports.stripe.fetch(account_id, "invoice", stripe_id)
    if not isinstance(fact, InvoiceFact) or not fact.unfinished:
        return fact if isinstance(fact, InvoiceFact) else _gone()
    saga = invoice.saga
    present, ordered = ports.stripe.draft_lines(account_id, stripe_id), lines_of(order)
    if not without_additions(fact, present):
        fact = ports.stripe.update_draft(account_id, stripe_id, WITHOUT_ADDITIONS, f"{saga.key}-plain")
        present = ports.stripe.draft_lines(account_id, stripe_id)
    kept = lines_to_keep(present, ordered)
    removed, added = [line.id for line in present[kept:]], ordered[kept:]
    seen = [line.id for line in present]
    if removed or added:
        _require_still_ours(invoice, ports)
    if removed:
        key = f"{saga.key}-remove-{digest(*removed)}"
        fact = ports.stripe.remove_lines(account_id, stripe_id, removed, key)
    if added:
        # Two workers that have seen the same lines use the same key, so the lines are added once.
        key = f"{saga.key}-add-{digest(*seen[:kept], *map(str, added))}"
        fact = ports.stripe.add_lines(account_id, stripe_id, added, key)
    if (removed or added) and not saga.untouched:
        _require_carried_out(order, invoice, ports)
    _require_total(order, invoice, fact)
    changes = _changes(order, invoice, fact, ports)
    if changes != NOTHING:
        _require_still_ours(invoice, ports)
        fact = ports.stripe.update_draft(account_id, stripe_id, changes, f"{saga.key}-set-{digest(str(changes))}")
        _require_total(order, invoice, fact)
    return fact


def _require_still_ours(invoice: Invoice, ports: Ports) -> None:
    """Requires that no other worker has ended this edit since the draft was read.

    A worker that slept past its lease would otherwise bring back lines that a later edit has replaced. It can still
    fall asleep between this and its request, which Stripe cannot tell from another.

    Raises:
        StaleWrite: another worker has moved on.
    """
    at_same_point(load(invoice.organization_id, invoice.id, ports), invoice)


def _gone() -> InvoiceFact:
    raise draft_deleted()


def _require_carried_out(order: Order, invoice: Invoice, ports: Ports) -> None:
    """Requires that Stripe carried out the request, and did not repeat its response to an earlier attempt.

    Raises:
        StaleWrite: the lines are not as ordered; the next attempt has new keys.
    """
    lines = ports.stripe.billed_lines(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    if Counter(lines) != Counter(order.billed):
        found_nothing(invoice, ports)
        raise StaleWrite("The draft")


def _require_total(order: Order, invoice: Invoice, fact: InvoiceFact) -> None:
    if fact.total != order.total:
        ordered = replace(invoice, order=order)
        raise TotalDiffers(
            "total_differs",
            f"In Stripe {difference(ordered, fact.total)}.",
            next_step="Look in the Stripe dashboard for taxes, and for discounts of this customer, that Stripe adds "
            "automatically. Remove them, and save the draft again.",
        )


def _changes(order: Order, invoice: Invoice, fact: InvoiceFact, ports: Ports) -> DraftChanges:
    present = fact.drafted_details or DraftDetails()
    changes = changed_details(order, invoice.order, invoice.details_as_made, present)
    due_at = _due_at(order, invoice, fact, ports.clock.now())
    return replace(changes, due_at=due_at if due_at != fact.due_at else None, mails=fact.charges_automatically)


def _due_at(order: Order, invoice: Invoice, fact: InvoiceFact, now: int) -> int | None:
    """Returns when the draft is to be due (epoch seconds UTC).

    Payment terms count from the day of sending, so until then any day on which they would let it be due is right.
    A due date that has passed meanwhile cannot be given back to Stripe, and the draft stays due as it is.
    """
    if order.due_date is not None:
        due_at = end_of_day(order.due_date, order.time_zone)
        return due_at if due_at > now else fact.due_at
    same_terms = order.days_until_due == invoice.order.days_until_due
    if same_terms and fact.due_at is not None and fact.due_at in (invoice.terms_due_at, invoice.former_terms_due_at):
        return fact.due_at
    due = day_of(now, order.time_zone) + dt.timedelta(days=order.days_until_due or 0)
    return end_of_day(due, order.time_zone)
