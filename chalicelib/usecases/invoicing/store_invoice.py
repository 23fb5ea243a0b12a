"""Loads an invoice, stores a change of it, and has Stripe act on it.

If another write comes first, the invoice is read again, and the change is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain.errors import AccountUnreachable, Conflict, Gone, NotFound, StaleWrite, StripeRefused
from chalicelib.domain.events import Reference
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.identifiers import OWN_KEY, InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.intended_act import IntendedAct
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.merging import CannotOrder
from chalicelib.domain.summary import invoice_write
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts

ATTEMPTS = 8
Ask = Callable[[StripeAccountId, str, str], Sequence[StripeFact]]
"""Asks Stripe for an act: the account, the Stripe invoice, the idempotency key."""

LOOK_IT_UP = "Choose the invoice from the list under Invoicing."


def load(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Invoice:
    """Returns one invoice as it is stored now.

    Raises:
        NotFound: this organization has no such invoice.
    """
    invoice = ports.invoices.get(organization_id, invoice_id)
    if invoice is None:
        raise NotFound(
            "invoice_not_found", "There is no invoice with this id.", field="invoiceId", next_step=LOOK_IT_UP
        )
    return invoice


def require_same_account(invoice: Invoice, account_id: StripeAccountId) -> StripeAccountId:
    """Returns `account_id` if the invoice was created on this account.

    Raises:
        Conflict: the invoice was created on another account.
    """
    if invoice.stripe_account_id != account_id:
        raise of_other_account()
    return account_id


def of_other_account() -> Conflict:
    """Returns why nothing can be done with an invoice whose account is gone."""
    return Conflict(
        "invoice_of_other_account",
        "This invoice was made on a Stripe account that is no longer connected.",
        next_step="Its history stays readable; reconnect that account to act on it.",
    )


def store(invoice: Invoice, change: Callable[[Invoice], Invoice], ports: Ports) -> Invoice:
    """Stores the result of `change`, and returns the stored invoice.

    `change` may be called several times, each time with the newest invoice.

    Raises:
        StaleWrite: other writes came first in every attempt.
        NotFound: the invoice was removed.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        updated = change(invoice)
        if updated == invoice:
            return invoice
        try:
            return ports.invoices.save(invoice_write(updated, invoice), new_references(invoice, updated))
        except StaleWrite:
            invoice = load(invoice.organization_id, invoice.id, ports)
    raise StaleWrite("The invoice")


def knowing_also(current: Invoice, facts: Sequence[StripeFact], read_after: Invoice, ports: Ports) -> Invoice:
    """Returns `current` with facts that were read from Stripe after `read_after` had been stored.

    If `current` has changed since then, it may have newer facts. So both are merged, and an object is read from
    Stripe again if the order of its facts is unknown.
    """
    if current.version == read_after.version:
        return current.with_fetched(*facts)
    return merging(current, facts, ports)


def merging(current: Invoice, facts: Sequence[StripeFact], ports: Ports) -> Invoice:
    """Returns `current` with `facts` merged, although their order relative to `current` is unknown.

    If they cannot be ordered, Stripe is asked for the present state.
    """
    merged = current
    try:
        for fact in facts:
            merged = merged.knowing(fact)
    except CannotOrder:
        stripe_id = merged.stripe_invoice_id or ""
        return merged.with_fetched(*ports.stripe.everything(merged.stripe_account_id, stripe_id))
    return merged


def done_in_stripe(invoice: Invoice, act: IntendedAct, ask: Ask, ports: Ports) -> Invoice:
    """Returns the invoice after Stripe has done the act.

    The act is stored before Stripe is asked. If POM crashes or receives no response, the act is added to the timeline
    by the first write whose facts show that it was done.

    Raises:
        StripeRefused, AccountUnreachable: Stripe did not do it, and the act is dropped.
        Gone: the draft was deleted. This request may have deleted it, so the act stays stored until Stripe's event
            arrives.
    """
    intended = store(invoice, lambda current: current.with_intended_act(act), ports)
    try:
        # A new key each time: Stripe would repeat an earlier refusal, and none of these acts can be done twice.
        facts = ask(invoice.stripe_account_id, act.stripe_invoice_id, f"{OWN_KEY}{ports.clock.nonce()}")
    except Gone:
        raise
    except (StripeRefused, AccountUnreachable):
        store(intended, lambda current: current.without_act(act), ports)
        raise
    return store(intended, lambda current: knowing_also(current, facts, intended, ports).with_done_act(act), ports)


def new_references(before: Invoice, after: Invoice) -> list[Reference]:
    """Returns references to the Stripe objects that `after` has and `before` lacks.

    Later events may name only these objects, and the references lead from them to the invoice. A reference is stored
    in the same write as the first fact that names its object, because later writes add no reference to it.
    """
    ids = sorted(after.stripe_invoice_ids - before.stripe_invoice_ids)
    ids += sorted(after.facts.intent_ids - before.facts.intent_ids)
    return [Reference(after.stripe_account_id, stripe_id, after.organization_id, after.id) for stripe_id in ids]
