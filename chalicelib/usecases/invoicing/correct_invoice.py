"""Corrects an issued invoice: voids it, and creates a draft copy that can be changed and sent.

An issued invoice cannot be changed (https://docs.stripe.com/invoicing/integration/workflow-transitions). The copy is
stored first, with an id that is derived from the original's. So a repeated request finds the same copy, and a crash
is resumed like that of any other invoice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.actions import CREATED, Action
from chalicelib.domain.connection import account_to_invoice_on
from chalicelib.domain.draft_changes import difference
from chalicelib.domain.errors import Conflict, StaleWrite
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId, correction_id_for
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_conflicts import correction_conflict
from chalicelib.domain.saga import LEASE, Saga, Step
from chalicelib.domain.settings import time_zone_of
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.terms import day_in_words, day_of
from chalicelib.domain.wording import day, money
from chalicelib.ports import Ports
from chalicelib.ports.storage import InvoiceExists
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.connecting.sweep_sooner import wake
from chalicelib.usecases.customers.customers import require_open_customer
from chalicelib.usecases.invoicing.invoice_saga import known_to_stripe, run
from chalicelib.usecases.invoicing.store_invoice import load, require_same_account
from chalicelib.usecases.invoicing.successors import beside
from chalicelib.usecases.invoicing.void_invoice import VOIDABLE


def correct_invoice(
    organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, ports: Ports, *, confirmed: bool
) -> Invoice:
    """Returns the draft copy that replaces an invoice, or the copy that an earlier request created.

    Its saga is still `running` if Stripe was slow; then a worker resumes it.

    Raises:
        NotFound: this organization has no such invoice.
        Conflict: nobody has confirmed it, it was not issued or is paid, its customer is erased, a payment of it is
            under way, or a service has been billed elsewhere since it was voided.
        Refused: the customer has no e-mail address, Stripe does not let the account take payments, so that the copy
            could not be sent, or Stripe refuses.
    """
    original = load(organization_id, invoice_id, ports)
    copy = ports.invoices.get(organization_id, correction_id_for(organization_id, invoice_id))
    if copy is not None and copy.live:
        return copy
    if original.status not in VOIDABLE:
        raise correction_conflict(original, beside(original, ports))
    connection = ports.connections.get(organization_id)
    # The office voids the invoice because it wants to send the copy. So the account has to take payments first.
    account_id = require_same_account(original, account_to_invoice_on(connection, send=True))
    require_open_customer(organization_id, original.order.customer_id, ports)
    if not confirmed:
        raise _unconfirmed(original, ports)
    with marking_revocation(organization_id, account_id, ports):
        # A refusal because of the customer is found while the original is unchanged.
        customer = known_to_stripe(None, original, ports)
    wake(connection, ports)
    zone = time_zone_of(ports.settings.get(organization_id), connection.account)
    copy = _copy_of(original, user_id, zone, ports)
    try:
        stored = ports.invoices.insert(invoice_write(copy), {})
    except InvoiceExists:
        return _made_meanwhile(copy, ports)
    return run(stored, ports, customer=customer)


def _copy_of(original: Invoice, user_id: UserId, zone: str, ports: Ports) -> Invoice:
    """Returns the new copy with the original's order, and with days in the organization's present time zone."""
    now = ports.clock.now()
    return Invoice(
        organization_id=original.organization_id,
        id=correction_id_for(original.organization_id, original.id),
        stripe_account_id=original.stripe_account_id,
        livemode=original.livemode,
        order=replace(original.order, time_zone=zone),
        saga=Saga(Step.REPLACE, send=False, nonce=ports.clock.nonce(), step_began_at=now, resume_at=now + LEASE),
        created_at=now,
        created_by=user_id,
        updated_at=now,
        actions=(Action(now, CREATED, user_id),),
        corrects=original.id,
    )


def _made_meanwhile(copy: Invoice, ports: Ports) -> Invoice:
    stored = ports.invoices.get(copy.organization_id, copy.id)
    if stored is None:
        raise StaleWrite("The invoice")
    return stored


def _unconfirmed(original: Invoice, ports: Ports) -> Conflict:
    """Returns the refusal of an unconfirmed correction, with its consequences for the person who has to confirm
    it.
    """
    return Conflict(
        "confirmation_missing",
        " ".join(_consequences(original, ports.clock.now())),
        field="confirmed",
        next_step="Show this to the person who corrects the invoice, and repeat the request with `confirmed` true.",
    )


def _consequences(original: Invoice, now: int) -> Iterator[str]:
    fact, order = original.facts.invoice, original.order
    number = fact.number if fact and fact.number else original.id
    mailed = f", which was mailed on {day(original, original.sent_at)}," if original.sent_at is not None else ""
    yield f"The invoice {number}{mailed} is voided in Stripe for good, and its payment link stops working."
    yield "Stripe does not tell the customer by e-mail."
    if original.amounts.credited:
        yield f"Its credit notes over {money(original, original.amounts.credited)} are not on the copy."
    yield "A draft copy of what POM ordered takes its place. It can be changed, and is sent only when you send it."
    if original.total_difference:
        yield f"In Stripe {difference(original, original.total)}."
    if order.due_date is not None and order.due_date < day_of(now, order.time_zone):
        yield f"Its due date, {day_in_words(order.due_date)}, has passed: the copy has the settings' payment terms."
