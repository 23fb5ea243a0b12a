"""The parts that all routes of one invoice share: the id in the path, and the reply with the invoice."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap, correlation
from chalicelib.api.http.route_table import Call, Reply
from chalicelib.api.models.invoices import invoice_view
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports
from chalicelib.usecases.customers.names import names_of

INVOICE_PATH = "/invoices/{invoiceId}"


def invoice_id_in(call: Call[Any]) -> InvoiceId:
    """Returns the id of the invoice that the path names."""
    return InvoiceId(call.path["invoiceId"])


def customer_name(invoice: Invoice, ports: Ports) -> str | None:
    """Returns the name of the invoice's customer as POM has it now."""
    customer_id = invoice.order.customer_id
    return names_of(invoice.organization_id, [customer_id], ports).get(customer_id)


def invoice_reply(invoice: Invoice, ports: Ports, *, finished_status: int = 200) -> Reply:
    """Returns the invoice with `finished_status`, or with 202 while its saga is running."""
    correlation.note(invoice_id=invoice.id)
    base = bootstrap.config().stripe_dashboard_base
    name = customer_name(invoice, ports)
    view = invoice_view(invoice, customer_name=name, now=ports.clock.now(), dashboard_base=base)
    return Reply(view, 202 if invoice.saga.running else finished_status, edit_tag=invoice.edit_tag)


def stored_invoice_reply(invoice: Invoice) -> Reply:
    """Returns the stored invoice, for a client whose `If-Match` names another version."""
    return invoice_reply(invoice, bootstrap.ports())
