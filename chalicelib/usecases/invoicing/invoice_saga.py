"""Takes an invoice through Stripe, from the recovery point that it has reached.

The same function serves the first request, `send` after a review, and `resume_stuck` after a crash. Every step may be
repeated: its idempotency key is derived from stored data. Stripe may have forgotten the key, or may have stored a
failure with it. Then the step checks whether its work is done before it calls Stripe again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from chalicelib.domain.customer import Customer, require_not_erased
from chalicelib.domain.draft_edit import lines_of
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    Gone,
    Refused,
    StaleWrite,
    StripeRefused,
    StripeUnavailable,
)
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Refusal, Step
from chalicelib.domain.status import OPEN_STATUSES
from chalicelib.domain.terms import day_of, valid_due_date
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.customers.customers import open_customer
from chalicelib.usecases.customers.link_customer import ensure_in_stripe, not_synced_because
from chalicelib.usecases.customers.present_address import require_address, require_present_address
from chalicelib.usecases.customers.stripe_owner import refuses_the_choice
from chalicelib.usecases.invoicing import edit_steps
from chalicelib.usecases.invoicing.as_reviewed import (
    as_in_stripe,
    draft_deleted,
    due_from_today,
    require_as_reviewed,
    require_finalized_as_seen,
    require_made_with_our_total,
)
from chalicelib.usecases.invoicing.claims import claim_in_portions
from chalicelib.usecases.invoicing.held_services import give_up_held
from chalicelib.usecases.invoicing.replace_original import replace_original, with_due_date_ahead
from chalicelib.usecases.invoicing.saga_progress import (
    SENT,
    advance,
    found_nothing,
    found_sent,
    keep_for_review,
    keeps_draft,
    mailed,
    postpone,
    send_refused,
    take_back,
    take_back_at_once,
)
from chalicelib.usecases.invoicing.store_invoice import ATTEMPTS, load


def run(invoice: Invoice, ports: Ports, *, customer: Customer | None = None) -> Invoice:
    """Returns the invoice, finished, or still `running` if Stripe or the database failed. Then it is resumed later.

    Raises:
        Refused, Conflict: the invoice cannot be created, and has been removed.
        AccountUnreachable: the company revoked the connection. An invoice that Stripe has is resumed after a
          reconnect.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        try:
            while invoice.saga.running and invoice.saga.step in _STEPS:
                invoice = _STEPS[invoice.saga.step](invoice, customer, ports)
            return invoice
        except StaleWrite:
            invoice, customer = load(invoice.organization_id, invoice.id, ports), None
        except AccountUnreachable:
            mark_revoked(invoice.organization_id, invoice.stripe_account_id, ports)
            # A copy may have voided its original by now, so it is not taken back: it resumes after a reconnect.
            if invoice.stripe_invoice_id is None and invoice.saga.untouched and invoice.corrects is None:
                take_back_at_once(invoice, ports)
            else:
                postpone(invoice, ports, stored_by_stripe=False)
            raise
        except StripeUnavailable as failure:
            return postpone(invoice, ports, stored_by_stripe=failure.answered)
    return invoice


def _claim(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    try:
        claim_in_portions(invoice, invoice.order.services[MAX_CLAIMS_AT_ONCE:], ports)
    except Conflict as refusal:
        return take_back(invoice, refusal, ports)
    return advance(invoice, Step.DRAFT, ports)


def _replace(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    return replace_original(invoice, ports)


def _draft(invoice: Invoice, customer: Customer | None, ports: Ports) -> Invoice:
    account_id = invoice.stripe_account_id
    draft, drafted_for = invoice.facts.invoice, None
    if draft is not None:
        # An event brought the draft before this step stored it. Another draft would leave one of the two behind.
        return take_back(invoice, draft_deleted(), ports) if draft.deleted else advance(invoice, Step.LINES, ports)
    if invoice.saga.must_look_first(ports.clock.now()):
        draft = ports.stripe.find_invoice(account_id, invoice)
        if draft is None:
            invoice = found_nothing(invoice, ports)
    if draft is None:
        invoice = with_due_date_ahead(invoice, ports)
        try:
            if invoice.order.due_date is not None:  # it may have passed while the order waited
                valid_due_date(invoice.order.due_date, today=day_of(ports.clock.now(), invoice.order.time_zone))
            drafted_for = known_to_stripe(customer, invoice, ports).linked_to(account_id) or ""
            draft = _drafted(invoice, drafted_for, ports)
        except (Refused, Conflict) as refusal:
            return take_back(invoice, refusal, ports)
    return advance(invoice, Step.LINES, ports, [draft], drafted_for=drafted_for)


def _drafted(invoice: Invoice, stripe_customer_id: str, ports: Ports) -> InvoiceFact:
    try:
        return ports.stripe.create_draft(invoice.stripe_account_id, invoice, stripe_customer_id, invoice.saga.key)
    except Gone as gone:
        customer = open_customer(invoice.organization_id, invoice.order.customer_id, ports)
        if invoice.saga.generation > 0 or customer.linked_to(invoice.stripe_account_id) != stripe_customer_id:
            raise
        # The Stripe customer was deleted, and no event has reported that. Begin again with a new customer and another
        # key.
        ports.customers.save(customer.unlinked())
        found_nothing(invoice, ports)
        raise StaleWrite("The customer") from gone


def known_to_stripe(customer: Customer | None, invoice: Invoice, ports: Ports) -> Customer:
    """Returns the invoice's customer after its present edition was sent to Stripe.

    Raises:
        Refused, Conflict: the customer has no e-mail address or is erased, or it is not settled which Stripe customer
            it is.
    """
    current = customer or open_customer(invoice.organization_id, invoice.order.customer_id, ports)
    require_not_erased(current)
    require_address(current)
    try:
        return ensure_in_stripe(current, invoice.stripe_account_id, ports)
    except (Refused, Conflict) as refusal:
        ports.customers.save(not_synced_because(current, refusal))
        if refuses_the_choice(refusal):
            refusal.field = "customerId"  # as the request for an invoice names it
        raise


def _lines(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    account_id, stripe_id = invoice.stripe_account_id, _stripe_id(invoice)
    following = Step.SEND if invoice.saga.send else Step.REVIEW
    facts: Sequence[StripeFact] = ()
    try:
        if invoice.saga.must_look_first(ports.clock.now()):
            # Somebody may have added lines to the draft before POM did.
            missing = Counter(invoice.order.billed) - Counter(ports.stripe.billed_lines(account_id, stripe_id))
            if not missing:
                facts = ports.stripe.everything(account_id, stripe_id)
            else:
                invoice = found_nothing(invoice, ports)
        facts = facts or [ports.stripe.add_lines(account_id, stripe_id, lines_of(invoice.order), invoice.saga.key)]
        require_made_with_our_total(invoice, next(fact for fact in facts if isinstance(fact, InvoiceFact)))
    except StripeRefused as refusal:
        if not keeps_draft(invoice, refusal):
            return take_back(invoice, refusal, ports)
        keep_for_review(invoice, refusal, ports)
        raise
    return advance(invoice, following, ports, facts)


def _send(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    account_id, stripe_id = invoice.stripe_account_id, _stripe_id(invoice)
    if invoice.saga.must_look_first(ports.clock.now()):
        if sent := ports.stripe.events_about(account_id, stripe_id, SENT, invoice.created_at):
            return found_sent(invoice, sent, ports)
        invoice = found_nothing(invoice, ports)
    try:
        return _mail(invoice, ports)
    except AccountUnreachable:
        if not invoice.saga.send and invoice.saga.untouched:
            advance(invoice, Step.REVIEW, ports)  # nothing was sent, and the caller gets the reason
        raise
    except (Refused, Conflict) as refusal:
        sent = (
            ()
            if invoice.saga.untouched
            else ports.stripe.events_about(account_id, stripe_id, SENT, invoice.created_at)
        )
        if sent:
            # An earlier attempt got through, and the customer has changed since.
            return found_sent(invoice, sent, ports)
        if invoice.saga.send and not keeps_draft(invoice, refusal):
            return take_back(invoice, refusal, ports)
        keep_for_review(invoice, refusal, ports)
        raise


def _mail(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice after Stripe has mailed it.

    Raises:
        Refused, Conflict: the invoice may not be mailed in its present form, or Stripe refuses.
    """
    account_id, stripe_id = invoice.stripe_account_id, _stripe_id(invoice)
    reviewed, saga = invoice, invoice.saga
    # A draft that has waited for a review, or for the end of an outage, may have been changed in Stripe meanwhile.
    waited = saga.interrupted or not (saga.send or saga.finalized_before)
    if waited:
        invoice = as_in_stripe(invoice, ports)
    fact = invoice.facts.invoice
    finalized = fact.finalized_at if fact is not None and not fact.unfinished else None
    if finalized is not None:
        if sent := ports.stripe.events_about(account_id, stripe_id, SENT, finalized):
            # It was mailed, and the event of that is still on its way.
            return found_sent(reviewed, sent, ports)
        if waited or not saga.finalized_before:
            invoice = require_finalized_as_seen(invoice, ports)
        if invoice.status not in OPEN_STATUSES:
            # It was paid or ended meanwhile, and there is nothing to ask for.
            return advance(reviewed, Step.DONE, ports, ports.stripe.everything(account_id, stripe_id))
    else:
        if waited:
            require_as_reviewed(reviewed, invoice, ports)
        reviewed, invoice = due_from_today(reviewed, invoice, ports)
    if reviewed.edit is not None:
        reviewed = give_up_held(reviewed, ports)
    _require_its_customer(invoice, ports)
    free = invoice.order.total == 0 and finalized is None
    deliver = ports.stripe.finalize if free else ports.stripe.send
    facts = deliver(account_id, stripe_id, invoice.saga.key)
    if free and any(isinstance(fact, InvoiceFact) and fact.status == "open" for fact in facts):
        # The customer owed something from before, and finalizing added it to what is to be paid.
        facts, free = ports.stripe.send(account_id, stripe_id, f"{invoice.saga.key}-owed"), False
    return advance(reviewed, Step.DONE, ports, facts) if free else mailed(reviewed, facts, ports)


def _require_its_customer(invoice: Invoice, ports: Ports) -> None:
    """Gives Stripe the customer's present e-mail address, and refuses an invoice that would go to another address.

    This comes right before Stripe is asked to send, because the customer may have been edited or linked to another
    Stripe customer since the step before, which may be hours ago. Finalizing copies the address for good
    (https://docs.stripe.com/invoicing/integration/workflow-transitions).
    """
    account_id = invoice.stripe_account_id
    customer = known_to_stripe(None, invoice, ports)
    fact = invoice.facts.invoice
    if fact is not None and fact.unfinished and invoice.drafted_for is None:
        # Stored by a release that did not keep whose draft it is.
        invoice = invoice.with_fetched(*ports.stripe.everything(account_id, _stripe_id(invoice)))
    require_present_address(invoice, customer, account_id)


def _abort(invoice: Invoice, _: Customer | None, ports: Ports) -> Invoice:
    """Removes the draft in Stripe, the claims and the record, and then raises the reason."""
    refusal = invoice.saga.refusal or Refusal(
        "invoice_refused", "The invoice could not be made.", next_step="Create the invoice again."
    )
    if invoice.stripe_invoice_id is not None:
        try:
            ports.stripe.delete_draft(invoice.stripe_account_id, invoice.stripe_invoice_id)
        except StripeRefused:
            # Somebody finalized the draft in Stripe. The invoice is live, so POM keeps it as it is in Stripe.
            facts = ports.stripe.everything(invoice.stripe_account_id, invoice.stripe_invoice_id)
            entry = send_refused(invoice, refusal.code, ports) if invoice.saga.send else None
            return advance(invoice, Step.DONE, ports, facts, entry=entry)
    take_back_at_once(invoice, ports)
    raise refusal.error


_STEPS: dict[Step, Callable[[Invoice, Customer | None, Ports], Invoice]] = {
    Step.REPLACE: _replace,
    Step.CLAIM: _claim,
    Step.DRAFT: _draft,
    Step.LINES: _lines,
    Step.SEND: _send,
    Step.ABORT: _abort,
    **edit_steps.STEPS,
}


def _stripe_id(invoice: Invoice) -> str:
    if invoice.stripe_invoice_id is None:
        raise StaleWrite("The invoice")
    return invoice.stripe_invoice_id
