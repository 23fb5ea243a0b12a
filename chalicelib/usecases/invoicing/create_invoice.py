"""Creates an invoice: checks the order, stores the invoice with its claims, and takes it through Stripe."""

from __future__ import annotations

from chalicelib.domain.actions import CREATED, Action
from chalicelib.domain.connection import account_to_invoice_on
from chalicelib.domain.error_collector import ErrorCollector
from chalicelib.domain.errors import AccountUnreachable, Conflict, StaleWrite
from chalicelib.domain.identifiers import InvoiceId, invoice_id_for, require_customer_id
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import LEASE, Saga, Step
from chalicelib.ports import Ports
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE, InvoiceExists
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.connecting.sweep_sooner import wake
from chalicelib.usecases.customers.customers import open_customer
from chalicelib.usecases.customers.present_address import require_address
from chalicelib.usecases.invoicing.claims import insert_claiming
from chalicelib.usecases.invoicing.invoice_saga import run
from chalicelib.usecases.invoicing.new_order import CreateInvoice, checked_order


def create_invoice(command: CreateInvoice, ports: Ports) -> Invoice:
    """Creates the invoice, or returns the invoice that an earlier request with this idempotency key created.

    Its saga is still `running` if Stripe was slow; then a worker resumes it.

    Raises:
        Refused, NotFound: the order breaks rules, or there is no such customer; nothing was made. The first error
            carries the others.
        Conflict: not connected, the customer is erased, services are billed already, or the key was used for another
            order.
    """
    invoice_id = invoice_id_for(command.organization_id, command.idempotency_key or ports.clock.nonce())
    earlier = ports.invoices.get(command.organization_id, invoice_id)
    if earlier is not None:
        return _same_request(earlier, command)
    connection = ports.connections.get(command.organization_id)
    account_id = account_to_invoice_on(connection, send=command.terms.send)
    wake(connection, ports)
    now = ports.clock.now()
    errors = ErrorCollector()
    with errors:
        require_customer_id(command.customer_id)
        customer = open_customer(command.organization_id, command.customer_id, ports)
        require_address(customer)
    with errors:
        order = checked_order(command, ports.settings.get(command.organization_id), connection, now)
    errors.raise_first()
    first = order.services[:MAX_CLAIMS_AT_ONCE]
    more_to_claim = len(order.line_items) > len(first)
    invoice = Invoice(
        organization_id=command.organization_id,
        id=invoice_id,
        stripe_account_id=account_id,
        livemode=connection.livemode,
        order=order,
        saga=Saga(
            step=Step.CLAIM if more_to_claim else Step.DRAFT,
            send=command.terms.send,
            nonce=ports.clock.nonce(),
            step_began_at=now,
            resume_at=now + LEASE,
        ),
        created_at=now,
        created_by=command.user_id,
        updated_at=now,
        actions=(Action(now, CREATED, command.user_id),),
    )
    try:
        stored = insert_claiming(invoice, first, ports)
    except AccountUnreachable:
        mark_revoked(command.organization_id, account_id, ports)
        raise
    except InvoiceExists:
        return _made_meanwhile(command, invoice_id, ports)
    return run(stored, ports, customer=customer)


def _same_request(stored: Invoice, command: CreateInvoice) -> Invoice:
    if stored.order.fingerprint != command.fingerprint:
        raise Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another invoice.",
            field="Idempotency-Key",
            next_step="Use a new key for a new invoice; repeat the same body to repeat the request.",
        )
    return stored


def _made_meanwhile(command: CreateInvoice, invoice_id: InvoiceId, ports: Ports) -> Invoice:
    stored = ports.invoices.get(command.organization_id, invoice_id)
    if stored is None:
        raise StaleWrite("The invoice")
    return _same_request(stored, command)
