"""Change a stored invoice although others change it too: read again and repeat the change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain.errors import NotFound, StaleWrite
from chalicelib.domain.events import Reference
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_facts import Facts
from chalicelib.domain.merging import CannotOrder
from chalicelib.domain.summary import recounted
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts

ATTEMPTS = 8
LOOK_IT_UP = "Choose the invoice from the list under Invoicing."


def load(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Invoice:
    """One invoice as it is stored now.

    Raises:
        NotFound: this organization has no such invoice.
    """
    invoice = ports.invoices.get(organization_id, invoice_id)
    if invoice is None:
        raise NotFound(
            "invoice_not_found", "There is no invoice of this id.", field="invoiceId", next_step=LOOK_IT_UP
        )
    return invoice


def store(invoice: Invoice, change: Callable[[Invoice], Invoice], ports: Ports) -> Invoice:
    """Store `change` of the invoice. The change may be made several times, each time to what is stored then.

    Raises:
        StaleWrite: others kept being faster.
        NotFound: it is gone.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        changed = change(invoice)
        if changed == invoice:
            return invoice
        try:
            return ports.invoices.save(recounted(changed), new_references(invoice, changed))
        except StaleWrite:
            invoice = load(invoice.organization_id, invoice.id, ports)
    raise StaleWrite("The invoice")


def knowing_also(current: Invoice, facts: Sequence[StripeFact], read_after: Invoice, ports: Ports) -> Invoice:
    """`current` with facts that were read from Stripe after `read_after` had been stored.

    If `current` has changed since then, what it learned meanwhile may be newer than the facts: they are merged,
    and where that cannot be told, Stripe is asked again.
    """
    if current.version == read_after.version:
        return current.settled_by(*facts)
    return merging(current, facts, ports)


def merging(current: Invoice, facts: Sequence[StripeFact], ports: Ports) -> Invoice:
    """`current` with facts of which it is not known what they were read after; Stripe settles what is in doubt."""
    known = current
    try:
        for fact in facts:
            known = known.knowing(fact)
    except CannotOrder:
        stripe_id = known.stripe_invoice_id or ""
        return known.settled_by(*ports.stripe.everything(known.stripe_account_id, stripe_id))
    return known


def new_references(before: Invoice, after: Invoice) -> list[Reference]:
    """To the Stripe objects that `after` knows and `before` did not: later events name nothing else of an invoice.

    They are stored with whatever brought the knowledge. Once the invoice knows an object, nobody asks again.
    """
    ids = sorted(after.stripe_invoice_ids - before.stripe_invoice_ids)
    ids += sorted(_intents(after.facts) - _intents(before.facts))
    return [_reference(after, stripe_id) for stripe_id in ids]


def _intents(facts: Facts) -> set[str]:
    """The payment intents that pay the invoice: some are told of by nothing but their charge."""
    named = [payment.payment_intent_id for payment in facts.payments.values()]
    named += [charge.payment_intent_id for charge in facts.charges.values()]
    return {*facts.payment_intents, *(stripe_id for stripe_id in named if stripe_id)}


def _reference(invoice: Invoice, stripe_id: str) -> Reference:
    """From a Stripe object to this invoice."""
    return Reference(invoice.stripe_account_id, stripe_id, invoice.organization_id, invoice.id)
