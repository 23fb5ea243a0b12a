"""Creates, changes, reads and deletes invoices (https://docs.stripe.com/api/invoices).

`invoice_actions` finalizes, sends, pays and voids them.
"""

from __future__ import annotations

from ..clock import DAY
from ..errors import InvalidState, NotModelled, missing
from ..state.ledger import JSON
from . import customers, invoice_items, invoice_lines, invoice_params, invoice_revisions, invoice_shape, lists, money
from .call import Call, Route
from .invoice_links import renew_link
from .invoice_sending import auto_advance
from .rules import within


def create(call: Call) -> JSON:
    """Handles POST /v1/invoices: a draft without lines."""
    params, world, ledger = call.params, call.world, call.ledger
    invoice_params.check(call, invoice_params.CREATE)
    if "from_invoice" in params:
        return _revise(call)
    if "customer" not in params:
        raise missing("customer")
    method: str = params.get("collection_method", "charge_automatically")
    invoice_params.check_due(call, method)
    customer = customers.existing(ledger, params["customer"], "customer", 400)
    invoice_params.check_number(call)
    currency = money.currency(params.get("currency") or customer["currency"] or ledger.account["default_currency"])
    invoice = invoice_shape.draft(call, customer, method, currency)
    invoice_params.apply(call, invoice)
    ledger.add(invoice)
    if params.get("pending_invoice_items_behavior") == "include":
        invoice_items.add_waiting_items(call, invoice)
    invoice_lines.total(ledger, invoice)
    world.emit(ledger, "invoice.created", invoice)
    if customer["currency"] is None:  # the first invoice determines the customer's currency
        before = world.snapshot(ledger, customer)
        customer["currency"] = currency
        world.emit_updated(ledger, customer, before)
    _plan(call, invoice)
    return invoice


def _revise(call: Call) -> JSON:
    for name in call.params:
        if name not in ("from_invoice", "metadata", "description", "expand"):
            raise NotModelled(f"{name} together with from_invoice", name)
    revision = invoice_revisions.draft(call)
    invoice_params.apply(call, revision)
    return revision


def update(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}: any field of a draft, and a few fields of a finalized invoice."""
    invoice_params.check(call, invoice_params.UPDATE)
    invoice = call.ledger.get("invoice", call.id)
    invoice_params.check_editable(call, invoice)
    method = str(call.params.get("collection_method", invoice["collection_method"]))
    invoice_params.check_due(call, method, invoice)
    invoice_params.check_number(call, invoice)
    before = call.world.snapshot(call.ledger, invoice)
    invoice["collection_method"] = method
    if call.params.get("due_date") is not None:
        invoice["due_date"] = call.params["due_date"]
    elif call.params.get("days_until_due") is not None:
        invoice["due_date"] = invoice["created"] + call.params["days_until_due"] * DAY
    invoice_params.apply(call, invoice)
    if invoice["status"] == "draft":
        invoice_lines.total(call.ledger, invoice)
    call.world.emit_updated(call.ledger, invoice, before)
    _plan(call, invoice)
    return invoice


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/invoices/{id}. The links in the response are valid."""
    invoice = call.ledger.get("invoice", call.id, "invoice")
    renew_link(call.world, call.ledger, invoice)
    return invoice


def list_(call: Call) -> JSON:
    """Handles GET /v1/invoices."""
    params = call.params
    if "subscription" in params:
        raise NotModelled("subscriptions", "subscription")
    matching = lists.filter_by_fields(call, call.ledger.all("invoice"), "status", "customer", "collection_method")
    invoices = (i for i in lists.filter_by_created(call, matching) if within(i["due_date"], params.get("due_date")))
    return lists.page(call, invoices, "/v1/invoices", kind="invoice")


def delete(call: Call) -> JSON:
    """Handles DELETE /v1/invoices/{id}, for drafts only. The invoice is removed completely."""
    invoice = call.ledger.get("invoice", call.id, "invoice")
    if invoice["status"] != "draft":
        raise InvalidState("You can only delete draft invoices.")
    call.world.emit(call.ledger, "invoice.deleted", invoice)
    call.world.scheduler.cancel(invoice["id"])
    call.ledger.remove("invoice", invoice["id"])
    call.ledger.lines.pop(invoice["id"], None)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


def _plan(call: Call, invoice: JSON) -> None:
    """Plans to finalize and e-mail a draft with `auto_advance`, an hour and a second after its creation."""
    world, ledger = call.world, call.ledger
    if invoice["status"] != "draft":
        return
    world.scheduler.cancel(invoice["id"])
    invoice["automatically_finalizes_at"] = None
    if invoice["auto_advance"] and invoice["collection_method"] == "send_invoice":
        due = max(invoice["created"] + 3601, world.now())
        invoice["automatically_finalizes_at"] = due
        world.scheduler.at(due, "auto_finalize", invoice["id"], lambda: auto_advance(world, ledger, invoice))


ROUTES = [
    Route("POST", "/v1/invoices", "InvoiceCreateParams", create),
    Route("GET", "/v1/invoices", "InvoiceListParams", list_),
    Route("GET", "/v1/invoices/{id}", "InvoiceRetrieveParams", retrieve),
    Route("POST", "/v1/invoices/{id}", "InvoiceUpdateParams", update),
    Route("DELETE", "/v1/invoices/{id}", "InvoiceDeleteParams", delete),
]
