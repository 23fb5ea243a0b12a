"""Reads an invoice and its revisions from Stripe, and stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.errors import Conflict, StripeRefused
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_appearance import looks_the_same
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.store_invoice import knowing_also, store


def pulled(invoice: Invoice, account_id: StripeAccountId, source: Source, ports: Ports) -> Invoice:
    """Returns the invoice as Stripe has it. Writes nothing if Stripe shows nothing new."""
    stripe_id = invoice.stripe_invoice_id
    if stripe_id is None:
        return invoice
    facts = [*ports.stripe.everything(account_id, stripe_id), *_drafts_of_revisions(invoice, account_id, ports)]
    now = ports.clock.now()

    def pulling(current: Invoice) -> Invoice:
        updated = knowing_also(current, facts, invoice, ports)
        # A difference that the sweep finds is a missed event. Only a person who asks for the invoice renews its link.
        renewed = source is Source.POM and current.link_expired(now)
        # An invoice that an earlier release stored is written even so, because its payments are in no list yet.
        if looks_the_same(updated, current) and current.payments_listed and not renewed:
            return current
        return replace(updated.changed(now), links_read_at=now)

    return store(invoice, pulling, ports)


def pulled_to_act_on(invoice: Invoice, account_id: StripeAccountId, ports: Ports) -> Invoice:
    """Returns the invoice as Stripe has it, for a user who is about to act on the version that POM displayed.

    Raises:
        Conflict: a revision with another total or due date has replaced it in Stripe. POM has stored the revision.
    """
    present = pulled(invoice, account_id, Source.POM, ports)
    if present.stripe_invoice_id != invoice.stripe_invoice_id:
        raise revised()
    return present


def sent_unless_revised(account_id: StripeAccountId, stripe_id: str, key: str, ports: Ports) -> Sequence[StripeFact]:
    """Returns what sending an open invoice again brings.

    Raises:
        Conflict: Stripe refuses, because a revision has replaced the invoice a moment ago.
    """
    try:
        return ports.stripe.send(account_id, stripe_id, key)
    except StripeRefused as refusal:
        present = ports.stripe.fetch(account_id, "invoice", stripe_id)
        if isinstance(present, InvoiceFact) and present.latest_revision_id is not None:
            raise revised() from refusal
        raise


def revised() -> Conflict:
    """Returns the refusal to act on an invoice that a revision has replaced without POM's knowledge."""
    return Conflict(
        "invoice_revised",
        "Somebody has replaced this invoice by a revision in Stripe.",
        next_step="Refresh the invoice, look at the revision, and try again.",
    )


def with_what_was_done_in_stripe(
    before: Invoice, after: Invoice, account_id: StripeAccountId, ports: Ports
) -> Invoice:
    """Returns `after`, read from Stripe again if somebody has voided, revised or finalized it there.

    When an event says that an invoice is void, POM reads it once from Stripe, because the event may not name the
    revision yet. If somebody revised the invoice or finalized its draft, then POM must read its payments. While POM
    itself sends an invoice, Stripe's response has the payments.
    """
    fact = after.facts.invoice
    if fact is not None and before.live and not after.live and not fact.deleted:
        present = ports.stripe.fetch(account_id, "invoice", fact.id)
        after = after.with_fetched(present) if isinstance(present, InvoiceFact) else after
    stripe_id, current = after.facts.invoice_to_read, after.facts.invoice
    sending = after.saga.running and current is not None and current.from_invoice_id is None
    if stripe_id is None or (sending and stripe_id == after.stripe_invoice_id):
        return after
    return after.with_fetched(*ports.stripe.everything(account_id, stripe_id))


def _drafts_of_revisions(invoice: Invoice, account_id: StripeAccountId, ports: Ports) -> Sequence[InvoiceFact]:
    """Returns the known drafts of revisions as they are now, because no event reports their deletion."""
    drafts = [fact.id for fact in invoice.facts.revisions.values() if fact.unfinished]
    found = [ports.stripe.fetch(account_id, "invoice", stripe_id) for stripe_id in drafts]
    return [fact for fact in found if isinstance(fact, InvoiceFact)]
