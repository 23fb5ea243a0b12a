"""Replaces the order of a draft as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from chalicelib.domain.billing import BillingTerms, RequestedDeduction, Service
from chalicelib.domain.connection import require_invoicing, usable_account
from chalicelib.domain.draft_changes import draft_tags
from chalicelib.domain.draft_edit import DraftEdit
from chalicelib.domain.errors import AccountUnreachable, Conflict, StaleWrite
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from chalicelib.domain.preconditions import Precondition
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.connecting.sweep_sooner import wake
from chalicelib.usecases.customers.customers import require_open_customer
from chalicelib.usecases.invoicing.claims import save_claiming
from chalicelib.usecases.invoicing.invoice_saga import run
from chalicelib.usecases.invoicing.new_order import CreateInvoice, checked_order
from chalicelib.usecases.invoicing.store_invoice import ATTEMPTS, load, require_same_account


@dataclass(frozen=True, slots=True)
class EditDraft:
    """The request. The customer, the currency and the type of the invoice stay."""

    organization_id: OrganizationId
    invoice_id: InvoiceId
    user_id: UserId
    line_items: tuple[Service, ...]
    terms: BillingTerms
    line_currencies: Mapping[int, str] = field(default_factory=dict)
    """The currencies that lines name, by their positions. Each has to be the invoice's."""
    tax: Decimal | None = None
    deductions: tuple[RequestedDeduction, ...] = ()


def edit_draft(command: EditDraft, ports: Ports, precondition: Precondition | None = None) -> Invoice:
    """Returns the invoice with the new order. It is still `running` if Stripe is slow; then a worker resumes it.

    The edit and the claims of added services are stored together, before Stripe is called. If Stripe refuses, the
    draft and its claims are as before. The precondition is checked against the version that the write replaces.

    Raises:
        NotFound: this organization has no such invoice.
        Refused: the order breaks rules, or Stripe refuses.
        Conflict: the invoice is not a draft, POM is working on it, its customer is erased, a service is billed
            elsewhere, invoicing is paused, or somebody finalized the draft in Stripe meanwhile.
        PreconditionFailed: somebody has changed the draft since the client loaded it.
    """
    invoice = load(command.organization_id, command.invoice_id, ports)
    _require_editable(invoice)
    connection = ports.connections.get(command.organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    require_invoicing(connection)
    require_open_customer(command.organization_id, invoice.order.customer_id, ports)
    wake(connection, ports)
    settings, now = ports.settings.get(command.organization_id), ports.clock.now()
    order = checked_order(_as_new(command, invoice.order), settings, connection, now)
    try:
        stored = _intended(invoice, order, command, precondition, ports)
    except AccountUnreachable:
        mark_revoked(command.organization_id, account_id, ports)
        raise
    return run(stored, ports)


def _as_new(command: EditDraft, former: Order) -> CreateInvoice:
    """Returns a request for an invoice with this order.

    It keeps the fingerprint, which names the first request, and the time zone, in which the days of the draft are.
    """
    return CreateInvoice(
        organization_id=command.organization_id,
        user_id=command.user_id,
        idempotency_key=None,
        fingerprint=former.fingerprint,
        customer_id=former.customer_id,
        line_items=command.line_items,
        terms=replace(command.terms, currency=former.currency),
        line_currencies=command.line_currencies,
        tax=command.tax,
        deductions=command.deductions,
        time_zone=former.time_zone,
    )


def _intended(
    invoice: Invoice, order: Order, command: EditDraft, precondition: Precondition | None, ports: Ports
) -> Invoice:
    """Returns the invoice, stored with the new order next to the present one and with the claims that this takes.

    Raises:
        ServiceAlreadyBilled: an added service is on another live invoice.
        StaleWrite: others kept being faster.
    """
    now, nonce = ports.clock.now(), ports.clock.nonce()
    for _ in attempts(ATTEMPTS, ports.clock):
        _require_editable(invoice)
        if precondition is not None:
            precondition.require(invoice, order.edit_tag)
        held_services = _held_beside(invoice, order)
        more_to_claim = len(held_services) > MAX_CLAIMS_AT_ONCE
        saga = invoice.saga.ordered_to_edit(nonce, now, more_to_claim=more_to_claim, drafted=draft_tags(invoice))
        edit = DraftEdit(order, command.user_id, now, held_services)
        intended = replace(invoice, edit=edit, saga=saga).changed(now)
        try:
            return save_claiming(intended, invoice, order, held_services[:MAX_CLAIMS_AT_ONCE], ports)
        except StaleWrite:
            invoice = load(command.organization_id, command.invoice_id, ports)
    raise StaleWrite("The invoice")


def _held_beside(invoice: Invoice, order: Order) -> tuple[ServiceId, ...]:
    """Returns the services to hold besides those of the present order: added ones, and those of a refused edit."""
    present = set(invoice.order.services)
    still_held = invoice.edit.held if invoice.edit is not None else ()
    return tuple(each for each in dict.fromkeys((*order.services, *still_held)) if each not in present)


def _require_editable(invoice: Invoice) -> None:
    """Raises: Conflict if the invoice is not a draft that rests."""
    if invoice.status is InvoiceStatus.CREATING or (invoice.saga.running and invoice.status is InvoiceStatus.DRAFT):
        raise Conflict(
            "invoice_creating",
            "This invoice is being made, changed or sent in Stripe at the moment.",
            next_step="Wait a moment and load it again.",
        )
    if invoice.saga.running or invoice.status is not InvoiceStatus.DRAFT:
        raise Conflict(
            "invoice_not_editable",
            f"Only a draft can be changed, and this invoice is {invoice.status}.",
            next_step=_INSTEAD.get(invoice.status, "Correct it: that voids it and makes a draft with its services."),
        )


_INSTEAD = {
    InvoiceStatus.VOID: "Bill its services in a new invoice.",
    InvoiceStatus.PAID: "It is paid. Refund what was too much, or bill what is missing in a new invoice.",
    InvoiceStatus.REFUNDED: "It was paid and refunded. Bill what is missing in a new invoice.",
}
