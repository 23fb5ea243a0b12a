"""Read an invoice from Stripe, with the revisions that have replaced it, and store what that shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.errors import Conflict
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.store_invoice import knowing_also, store


def pulled(
    invoice: Invoice, account_id: StripeAccountId, source: Source, ports: Ports, actor: UserId | None = None
) -> Invoice:
    """Returns the invoice as Stripe has it; nothing is written if that shows nothing new."""
    stripe_id = invoice.stripe_invoice_id
    if stripe_id is None:
        return invoice
    facts = ports.stripe.everything(account_id, stripe_id)
    now = ports.clock.now()

    def pulling(current: Invoice) -> Invoice:
        known = knowing_also(current, facts, invoice, ports)
        # What the sweep finds counts as missed; an expired link is renewed when somebody asks for the invoice.
        renewed = source is Source.POM and current.link_expired(now)
        if known.shows_the_same_as(current) and not renewed:
            return current
        told = HistoryEntry(now, "refreshed", source, actor=actor, stripe_id=stripe_id)
        entries = (*revision_entries(current, known, now, source), told)
        return replace(known.telling(*entries).changed(now), links_read_at=now)

    return store(invoice, pulling, ports)


def pulled_to_act_on(invoice: Invoice, account_id: StripeAccountId, ports: Ports) -> Invoice:
    """Returns the invoice as Stripe has it, for somebody who is about to act on what POM has shown.

    Raises:
        Conflict: a revision with another total or due date has replaced it in Stripe; POM knows the revision now.
    """
    present = pulled(invoice, account_id, Source.POM, ports)
    if present.stripe_invoice_id != invoice.stripe_invoice_id:
        raise revised()
    return present


def revised() -> Conflict:
    """Why nothing is done to an invoice that was replaced without POM's knowledge."""
    return Conflict(
        "invoice_revised",
        "Somebody has replaced this invoice by a revision in Stripe.",
        next_step="Refresh the invoice, look at the revision, and try again.",
    )


def with_what_was_done_in_stripe(
    before: Invoice, after: Invoice, account_id: StripeAccountId, ports: Ports
) -> Invoice:
    """Returns `after` with what people did in Stripe's dashboard, as far as it has to be read from there.

    They revise a finalized invoice, or finalize a draft: then its payments have to be met. An invoice of which POM
    hears that it is void is read once, because nobody has said that Stripe names the revision as soon as it tells of
    the void. While POM itself sends an invoice, the answer to that brings the payments.
    """
    voided = before.live and not after.live and after.facts.invoice is not None and not after.facts.invoice.deleted
    stripe_id = after.stripe_invoice_id if voided else after.facts.unread_invoice
    if stripe_id is None or after.saga.running:
        return after
    return after.settled_by(*ports.stripe.everything(account_id, stripe_id))


def revision_entries(before: Invoice, after: Invoice, at: int, source: Source) -> Iterator[HistoryEntry]:
    """Yields what the timeline tells if a revision has replaced the Stripe invoice that counted before."""
    fact = after.facts.invoice
    if fact is None or before.stripe_invoice_id in (None, fact.id):
        return
    yield HistoryEntry(at, "revised", source, amount=fact.total, currency=fact.currency, stripe_id=fact.id)
