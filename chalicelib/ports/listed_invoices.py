"""Invoices as Stripe's lists return them, without a separate request for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.payment_facts import InvoicePaymentFact


@dataclass(frozen=True, slots=True)
class ListedInvoice:
    """An invoice with all its payments. `invoice_id` is POM's id, or None if the invoice does not carry one."""

    invoice: InvoiceFact
    payments: tuple[InvoicePaymentFact, ...] = ()
    invoice_id: InvoiceId | None = None
    application: str | None = ""
    """The Connect application that created it. None if there was none, as in the dashboard; empty if Stripe does not
    say.
    """


def with_owners(
    invoices: Iterable[tuple[InvoiceFact, InvoiceId | None]], known_owners: Mapping[str, InvoiceId]
) -> list[tuple[InvoiceFact, InvoiceId]]:
    """Returns the Stripe invoices that belong to POM's invoices, each with POM's id.

    Such an invoice carries POM's id, or is a revision of one that does, because Stripe does not document whether
    revisions copy the metadata. `known_owners` maps ids of Stripe's invoices to POM's ids.
    """
    facts = list(invoices)
    owners = dict(known_owners) | {fact.id: invoice_id for fact, invoice_id in facts if invoice_id is not None}
    origins = {fact.id: fact.from_invoice_id for fact, _ in facts}
    for stripe_id in origins:
        chain = [stripe_id]
        while (origin := origins.get(chain[-1])) is not None and origin not in chain:
            chain.append(origin)
        owner = next((owners[each] for each in chain if each in owners), None)
        if owner is not None:
            owners[stripe_id] = owner
    return [(fact, owners[fact.id]) for fact, _ in facts if fact.id in owners]
