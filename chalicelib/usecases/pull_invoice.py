"""Reads an invoice and its revisions from Stripe, and stores them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.store_invoice import knowing_also, store


def pulled(
    invoice: Invoice, account_id: StripeAccountId, source: Source, ports: Ports, actor: UserId | None = None
) -> Invoice:
    """Returns the invoice as Stripe has it. Writes nothing if Stripe shows nothing new."""
    stripe_id = invoice.stripe_invoice_id
    if stripe_id is None:
        return invoice
    facts = ports.stripe.everything(account_id, stripe_id)
    now = ports.clock.now()

    def pulling(current: Invoice) -> Invoice:
        known = knowing_also(current, facts, invoice, ports)
        # A difference that the sweep finds is a missed event. Only a person who asks for the invoice renews its link.
        renewed = source is Source.POM and current.link_expired(now)
        if known.shows_the_same_as(current) and not renewed:
            return current
        told = HistoryEntry(now, "refreshed", source, actor=actor, stripe_id=stripe_id)
        entries = (*revision_entries(current, known, now, source), told)
        return replace(known.telling(*entries).changed(now), links_read_at=now)

    return store(invoice, pulling, ports)


def with_what_was_done_in_stripe(
    before: Invoice, after: Invoice, account_id: StripeAccountId, ports: Ports
) -> Invoice:
    """Returns `after`, read from Stripe again if somebody has voided, revised or finalized it there.

    When an event says that an invoice is void, POM reads it once from Stripe, because the event may not name the
    revision yet. If somebody revised the invoice or finalized its draft, then POM must learn its payments. While POM
    itself sends an invoice, Stripe's answer brings the payments.
    """
    voided = before.live and not after.live and after.facts.invoice is not None and not after.facts.invoice.deleted
    stripe_id = after.stripe_invoice_id if voided else after.facts.unread_invoice
    if stripe_id is None or after.saga.running:
        return after
    return after.settled_by(*ports.stripe.everything(account_id, stripe_id))


def revision_entries(before: Invoice, after: Invoice, at: int, source: Source) -> Iterator[HistoryEntry]:
    """Yields a history entry if a revision has replaced the invoice in Stripe."""
    fact = after.facts.invoice
    if fact is None or before.stripe_invoice_id in (None, fact.id):
        return
    yield HistoryEntry(at, "revised", source, amount=fact.total, currency=fact.currency, stripe_id=fact.id)
