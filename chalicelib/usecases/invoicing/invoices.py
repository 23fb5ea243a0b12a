"""Reads an invoice, sends it after a review, and reads it from Stripe again."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.actions import SEND_REQUESTED, Action
from chalicelib.domain.connection import require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.draft_changes import draft_tags
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_conflicts import status_conflict
from chalicelib.domain.reminders import require_no_payment_under_way
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.connecting.sweep_sooner import wake
from chalicelib.usecases.invoicing.invoice_saga import run
from chalicelib.usecases.invoicing.pull_invoice import pulled, pulled_to_act_on
from chalicelib.usecases.invoicing.store_invoice import load, require_same_account, store
from chalicelib.usecases.invoicing.successors import beside


def get_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Invoice:
    """Returns one invoice with its history.

    Raises:
        NotFound: this organization has no such invoice.
    """
    return load(organization_id, invoice_id, ports)


def send_invoice(
    organization_id: OrganizationId,
    invoice_id: InvoiceId,
    user_id: UserId,
    ports: Ports,
    *,
    asked_at: int | None = None,
) -> Invoice:
    """Sends a reviewed draft, or an invoice that was finalized in Stripe and never sent.

    An invoice that was sent before is returned unchanged. `asked_at` is the time of the request (epoch seconds UTC)
    if no caller waits for the response any more. Then no user has seen later changes in Stripe, and a refusal is
    added to the timeline.

    Raises:
        NotFound: this organization has no such invoice.
        Conflict: the invoice is being created, can no longer be sent, would go to a former address, or its customer
            is erased.
        Refused: the invoice is not ready, or Stripe refuses.
    """
    invoice = load(organization_id, invoice_id, ports)
    if _sent(invoice):
        return invoice
    _require_sendable(invoice, ports)
    connection = ports.connections.get(organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    require_invoicing(connection)
    require_ready_to_send(connection)
    if invoice.status in OPEN_STATUSES:
        with marking_revocation(organization_id, account_id, ports):
            invoice = pulled_to_act_on(invoice, account_id, ports)
        _require_sendable(invoice, ports)
        require_no_payment_under_way(invoice)
    wake(connection, ports)
    now, nonce = ports.clock.now(), ports.clock.nonce()
    send_request = Action(now if asked_at is None else asked_at, SEND_REQUESTED, user_id)

    def sending(current: Invoice) -> Invoice:
        if current.saga.running or _sent(current):
            return current
        finalized = current.status in OPEN_STATUSES and not _finalized_since(asked_at, current)
        saga = current.saga.ordered_to_send(
            nonce,
            now,
            finalized_before=finalized,
            drafted=draft_tags(current) if current.status is InvoiceStatus.DRAFT else None,
            awaited=asked_at is None,
        )
        return replace(current, saga=saga).changed(now, send_request)

    return run(store(invoice, sending, ports), ports)


def _finalized_since(asked_at: int | None, invoice: Invoice) -> bool:
    """Returns True if the invoice was finalized after this time, which is the last time at which a user can have seen
    it.
    """
    fact = invoice.facts.invoice
    finalized_at = fact.finalized_at if fact is not None else None
    return asked_at is not None and finalized_at is not None and finalized_at > asked_at


def _require_sendable(invoice: Invoice, ports: Ports) -> None:
    if invoice.saga.running or invoice.status not in (*OPEN_STATUSES, InvoiceStatus.DRAFT):
        raise status_conflict(invoice, "sent", beside(invoice, ports))


def _sent(invoice: Invoice) -> bool:
    return invoice.sent_at is not None and invoice.live and not invoice.saga.running


def refresh_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, ports: Ports) -> Invoice:
    """Reads the invoice from Stripe now.

    Raises:
        NotFound: this organization has no such invoice.
        Conflict: the organization is not connected, or is connected to another account than the invoice was created
            on.
    """
    invoice = load(organization_id, invoice_id, ports)
    account_id = require_same_account(invoice, usable_account(ports.connections.get(organization_id)))
    if invoice.stripe_invoice_id is None:
        return invoice
    with marking_revocation(organization_id, account_id, ports):
        return pulled(invoice, account_id, Source.POM, ports)
