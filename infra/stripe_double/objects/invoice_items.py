"""Invoice items that wait for the customer's next invoice (https://docs.stripe.com/api/invoiceitems).

A draft takes waiting items if it is created with `pending_invoice_items_behavior` `include`; the default is `exclude`
(https://docs.stripe.com/api/invoices/create). `invoice_lines` makes the items of an invoice's own lines.
"""

from __future__ import annotations

from ..errors import NotModelled, missing
from ..state.ledger import JSON
from . import customers, invoice_lines, lists, money, rules
from .call import Call, Route

_CREATE = ("amount", "currency", "customer", "description", "metadata", "expand")


def create(call: Call) -> JSON:
    """Handles POST /v1/invoiceitems: an amount that belongs to no invoice yet."""
    params, ledger = call.params, call.ledger
    for name in params:
        if name not in _CREATE:
            raise NotModelled(f"the parameter {name} of invoice items", name)
    for name in ("customer", "amount"):
        if name not in params:
            raise missing(name)
    customer = customers.existing(ledger, params["customer"], "customer", 400)
    currency = money.currency(params.get("currency") or customer["currency"] or ledger.account["default_currency"])
    rules.metadata({}, params.get("metadata"))
    no_invoice: JSON = {"id": None, "currency": currency, "customer": customer["id"], "default_tax_rates": []}
    line_params: JSON = {name: params[name] for name in ("amount", "description", "metadata") if name in params}
    line = invoice_lines.make(call, no_invoice, line_params, "")
    item = invoice_lines.item_of(ledger, no_invoice, line)
    item["_line"] = line
    call.world.emit(ledger, "invoiceitem.created", item)
    return item


def add_waiting_items(call: Call, invoice: JSON) -> None:
    """Moves the customer's waiting items in the invoice's currency into a new draft, newest first."""
    world, ledger = call.world, call.ledger
    items = ledger.all("invoiceitem", customer=invoice["customer"], currency=invoice["currency"], invoice=None)
    for item in reversed(list(items)):
        before = world.snapshot(ledger, item)
        item["invoice"] = invoice["id"]
        ledger.lines.setdefault(invoice["id"], []).append({**item["_line"], "invoice": invoice["id"]})
        world.emit_updated(ledger, item, before)


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/invoiceitems/{id}."""
    return call.ledger.get("invoiceitem", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/invoiceitems, by customer or invoice. `pending` selects items that wait, or items that do
    not.
    """
    params = call.params
    items = lists.filter_by_fields(call, call.ledger.all("invoiceitem"), "customer", "invoice")
    items_in_period = (item for item in items if rules.within(item["date"], params.get("created")))
    filtered = (item for item in items_in_period if params.get("pending") in (None, item["invoice"] is None))
    return lists.page(call, filtered, "/v1/invoiceitems", kind="invoice item")


def delete(call: Call) -> JSON:
    """Handles DELETE /v1/invoiceitems/{id}, while the item waits for an invoice."""
    item = call.ledger.get("invoiceitem", call.id)
    if item["invoice"] is not None:
        raise NotModelled("deleting an invoice item that is in an invoice")
    call.world.emit(call.ledger, "invoiceitem.deleted", item)
    call.ledger.remove("invoiceitem", call.id)
    return {"id": call.id, "object": "invoiceitem", "deleted": True}


ROUTES = [
    Route("POST", "/v1/invoiceitems", "InvoiceItemCreateParams", create),
    Route("GET", "/v1/invoiceitems", "InvoiceItemListParams", list_),
    Route("GET", "/v1/invoiceitems/{id}", "InvoiceItemRetrieveParams", retrieve),
    Route("DELETE", "/v1/invoiceitems/{id}", "InvoiceItemDeleteParams", delete),
]
