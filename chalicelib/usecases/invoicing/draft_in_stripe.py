"""Changes a draft in Stripe until it matches an order.

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
    """Returns Stripe's invoice after its draft has been changed to match `order`.

    If the invoice is no longer a draft, it is returned unchanged.

    The lines are changed first, by at most two requests. The first line that differs and all lines after it are
    removed, and the ordered lines are added in their place. Everything else is changed by one request, after Stripe
    has the right total. So if Stripe refuses, usually only the lines have to be restored.

    Raises:
        StripeRefused: Stripe refused a change, or its total differs from the order's.
        StaleWrite: another worker has continued the edit. Or somebody undid an earlier attempt, so the step must be
            repeated with a new idempotency key.
        StripeUnavailable: the edit must be resumed later.
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
    present_ids = [line.id for line in present]
    if removed or added:
        _require_still_ours(invoice, ports)
    if removed:
        key = f"{saga.key}-remove-{digest(*removed)}"
        fact = ports.stripe.remove_lines(account_id, stripe_id, removed, key)
    if added:
        # Two workers that have seen the same lines use the same key, so the lines are added once.
        key = f"{saga.key}-add-{digest(*present_ids[:kept], *map(str, added))}"
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

    A worker that slept past its lease would otherwise bring back lines that a later edit has replaced. The worker may
    still sleep between this check and its request. Stripe cannot recognize that request as outdated.

    Raises:
        StaleWrite: another worker has continued the edit.
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

    Payment terms count from the day of sending. Until then, a draft keeps the due date that POM computed from the
    same terms. If an ordered due date has passed, the draft keeps its present due date, because Stripe accepts no
    date in the past.
    """
    if order.due_date is not None:
        due_at = end_of_day(order.due_date, order.time_zone)
        return due_at if due_at > now else fact.due_at
    same_terms = order.days_until_due == invoice.order.days_until_due
    if same_terms and fact.due_at is not None and fact.due_at in (invoice.terms_due_at, invoice.former_terms_due_at):
        return fact.due_at
    due = day_of(now, order.time_zone) + dt.timedelta(days=order.days_until_due or 0)
    return end_of_day(due, order.time_zone)
