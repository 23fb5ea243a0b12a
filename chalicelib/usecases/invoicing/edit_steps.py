"""The recovery points of changing a draft.

    edit_claim → edit → release → at rest
                    ↘ restore ↗

Until `edit` has brought Stripe's draft to the new order, the invoice has its former one. `release` gives up the
claims of services that are neither in the invoice's order nor on Stripe's draft. Before it, the invoice holds the
services of both orders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.domain.actions import EDIT_REFUSED, EDITED, Action
from chalicelib.domain.customer import Customer
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.draft_edit import DraftEdit
from chalicelib.domain.errors import ChangedInStripe, Conflict, Refused, StaleWrite, StripeRefused
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from chalicelib.domain.saga import Refusal, Step
from chalicelib.ports import Ports
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE
from chalicelib.usecases.invoicing.as_reviewed import draft_deleted
from chalicelib.usecases.invoicing.claims import claim_in_portions
from chalicelib.usecases.invoicing.draft_in_stripe import brought_to
from chalicelib.usecases.invoicing.held_services import billed_services
from chalicelib.usecases.invoicing.saga_progress import at_same_point, found_nothing
from chalicelib.usecases.invoicing.store_invoice import knowing_also, of_other_account, store


def claim_more(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    """Claims the services that did not fit into the first write, before Stripe is called."""
    edit = _edit(invoice)
    try:
        claim_in_portions(invoice, edit.held[MAX_CLAIMS_AT_ONCE:], ports, order=edit.order)
    except Conflict as refusal:
        return _moved(invoice, Step.RELEASE, ports, refusal=refusal)
    return _moved(invoice, Step.EDIT, ports)


def edit(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    """Brings Stripe's draft to the new order, which is then the invoice's order."""
    invoice, new_order = _with_fresh_key(invoice, ports), _edit(invoice).order
    try:
        fact = brought_to(new_order, invoice, ports)
    except StripeRefused as refusal:
        facts = _everything(invoice, ports)
        if _is_draft(facts):
            return _moved(invoice, Step.RESTORE, ports, facts, refusal=refusal)
        return _ended(invoice, facts, ports)
    if not fact.unfinished:
        return _ended(invoice, _everything(invoice, ports), ports)
    return _moved(invoice, Step.RELEASE, ports, [fact], order=new_order, as_made=fact)


def restore(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    """Brings Stripe's draft back to the former order, because Stripe refused the new one."""
    invoice = _with_fresh_key(invoice, ports)
    try:
        fact = brought_to(invoice.order, invoice, ports)
    except StripeRefused:
        facts = _everything(invoice, ports)
        # Stripe refuses both orders. The draft stays as it is in Stripe, and POM shows how it differs.
        return _moved(invoice, Step.RELEASE, ports, facts) if _is_draft(facts) else _ended(invoice, facts, ports)
    if not fact.unfinished:
        return _ended(invoice, _everything(invoice, ports), ports)
    return _moved(invoice, Step.RELEASE, ports, [fact], as_made=fact)


def release(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    """Releases the claims of services that this invoice no longer bills, and finishes the edit.

    Raises:
        Refused, Conflict: the edit was refused.
    """
    held = _edit(invoice).held
    billed = billed_services(invoice, ports) if held else frozenset()
    ports.invoices.release(invoice, [service_id for service_id in held if service_id not in billed])
    refusal = invoice.saga.refusal
    finished = _at_rest(invoice, [service_id for service_id in held if service_id in billed], ports)
    if refusal is not None:
        raise refusal.error
    return finished


def end_unreachable(invoice: Invoice, ports: Ports) -> Invoice:
    """Ends the edit of a draft on a replaced account, because POM can no longer read or change the draft.

    The invoice keeps its present order. The other services can be billed on the new account, even if the draft has
    lines for them: the draft is not sent automatically, and POM does not send it with other lines than it ordered.

    Raises:
        Conflict: the edit was not carried out.
    """
    if invoice.saga.step is not Step.RELEASE:
        invoice = _moved(invoice, Step.RELEASE, ports, refusal=of_other_account())
    ports.invoices.release(invoice, _edit(invoice).held)
    refusal = invoice.saga.refusal
    finished = _at_rest(invoice, (), ports)
    if refusal is not None:
        raise refusal.error
    return finished


STEPS: dict[Step, Callable[[Invoice, Customer | None, Ports], Invoice]] = {
    Step.EDIT_CLAIM: claim_more,
    Step.EDIT: edit,
    Step.RESTORE: restore,
    Step.RELEASE: release,
}


def _edit(invoice: Invoice) -> DraftEdit:
    if invoice.edit is None:
        raise StaleWrite("The invoice")
    return invoice.edit


def _with_fresh_key(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice with a new idempotency key if Stripe may have forgotten the old one, or stored a failure.

    The step reads what Stripe has before it asks for anything, so a new key repeats nothing.
    """
    return found_nothing(invoice, ports) if invoice.saga.must_look_first(ports.clock.now()) else invoice


def _everything(invoice: Invoice, ports: Ports) -> Sequence[StripeFact]:
    return ports.stripe.everything(invoice.stripe_account_id, invoice.stripe_invoice_id or "")


def _is_draft(facts: Sequence[StripeFact]) -> bool:
    return any(isinstance(fact, InvoiceFact) and fact.unfinished for fact in facts)


def _ended(invoice: Invoice, facts: Sequence[StripeFact], ports: Ports) -> Invoice:
    """Returns the invoice after somebody has finalized or deleted its draft in Stripe while it was edited.

    The customer is asked to pay the finalized lines. So the new order is stored only if these lines are its lines.
    """
    if any(isinstance(fact, InvoiceFact) and fact.deleted for fact in facts):
        return _moved(invoice, Step.RELEASE, ports, facts, refusal=draft_deleted())
    new_order = _edit(invoice).order
    billed = ports.stripe.billed_lines(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    adopted = new_order if billed == new_order.billed != invoice.order.billed else None
    return _moved(invoice, Step.RELEASE, ports, facts, order=adopted, refusal=finalized_meanwhile())


def finalized_meanwhile() -> ChangedInStripe:
    """Returns the refusal to edit a draft that somebody has just finalized in Stripe."""
    return ChangedInStripe(
        "changed_in_stripe",
        "Somebody finalized this draft in Stripe while it was being saved.",
        next_step="Load the invoice again and look at it. If it is wrong, correct it: that voids it and makes a "
        "draft copy.",
    )


def _moved(
    invoice: Invoice,
    step: Step,
    ports: Ports,
    facts: Sequence[StripeFact] = (),
    *,
    order: Order | None = None,
    as_made: InvoiceFact | None = None,
    refusal: Refused | Conflict | None = None,
) -> Invoice:
    """Stores the invoice at its next recovery point and the facts of the step in one write, and returns the invoice.

    `order` is the invoice's order from now on. `as_made` is the draft after POM has brought it to that order.

    Raises:
        StaleWrite: another worker has continued the edit.
    """
    now = ports.clock.now()

    def moving(current: Invoice) -> Invoice:
        updated = knowing_also(at_same_point(current, invoice), facts, invoice, ports)
        saga = current.saga.advanced(step, now)
        if refusal is not None:
            saga = saga.undoing(Refusal.of(refusal))
        if order is not None:
            updated = _with_order(
                updated, order, records_edit=order != current.order or _was_changed(current, as_made)
            )
        if as_made is not None:
            updated = replace(
                updated,
                details_as_made=as_made.drafted_details,
                terms_due_at=as_made.due_at if updated.order.days_until_due is not None else None,
                former_terms_due_at=None,
            )
        return replace(updated, saga=saga).changed(now)

    return store(invoice, moving, ports)


def _was_changed(before: Invoice, edited: InvoiceFact | None) -> bool:
    """Returns True if the edit changed the draft that POM had stored from Stripe.

    If POM's order is the same, this means that somebody else had changed the draft. Stripe's response has the lines
    of a draft only if there are at most ten.
    """
    former = before.facts.invoice
    if former is None or edited is None:
        return False
    lines = None not in (former.drafted_lines, edited.drafted_lines) and former.drafted_lines != edited.drafted_lines
    details = (former.drafted_details or DraftDetails()).differences(edited.drafted_details or DraftDetails())
    return (
        lines
        or any(details)
        or (former.total, former.due_at, former.charges_automatically)
        != (edited.total, edited.due_at, edited.charges_automatically)
    )


def _with_order(invoice: Invoice, order: Order, *, records_edit: bool) -> Invoice:
    """Returns the invoice with the new order. Its claims on services that are not in the order are marked as held.

    The timeline gets an entry only for a save that changed something, because a form that saves automatically would
    fill the timeline otherwise.
    """
    edit = _edit(invoice)
    claimed = dict.fromkeys((*invoice.order.services, *edit.held))
    freed_services = tuple(service_id for service_id in claimed if service_id not in set(order.services))
    ordered = replace(invoice, order=order, edit=replace(edit, held=freed_services))
    if not records_edit:
        return ordered
    stripe_id = invoice.stripe_invoice_id
    return ordered.telling(Action(edit.asked_at, EDITED, edit.asked_by, stripe_id=stripe_id, amount=order.total))


def _at_rest(invoice: Invoice, held: Sequence[str], ports: Ports) -> Invoice:
    """Stores the invoice with its edit finished, and returns it. `held` are the services that are billed on Stripe's
    lines and are not in the order.
    """
    now, refusal = ports.clock.now(), invoice.saga.refusal

    def finish(current: Invoice) -> Invoice:
        edit, fact = _edit(at_same_point(current, invoice)), current.facts.invoice
        step = Step.REVIEW if fact is not None and fact.unfinished else Step.DONE
        remaining_edit = replace(edit, held=tuple(each for each in edit.held if each in set(held))) if held else None
        finished = replace(current, edit=remaining_edit, saga=current.saga.advanced(step, now).undoing(None))
        if refusal is not None and current.saga.interrupted:
            finished = finished.telling(Action(now, EDIT_REFUSED, None, refusal.code, current.stripe_invoice_id))
        return finished.changed(now)

    return store(invoice, finish, ports)
