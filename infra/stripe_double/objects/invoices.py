"""Invoices as drafts and as records (https://docs.stripe.com/api/invoices); `invoice_actions` has the transitions."""

from __future__ import annotations

from .. import lists, money, rules
from ..clock import DAY
from ..errors import InvalidParams, InvalidState, NotModelled, missing
from ..ledger import JSON
from ..router import Call, Route
from ..rules import within
from . import accounts, customers, discounts, invoice_lines, invoice_revisions
from .invoice_links import renew_link
from .invoice_sending import auto_advance

_CREATE = {
    "auto_advance", "automatic_tax", "collection_method", "currency", "custom_fields", "customer", "days_until_due",
    "default_tax_rates", "description", "discounts", "due_date", "effective_at", "expand", "footer", "from_invoice",
    "metadata", "number", "payment_settings", "pending_invoice_items_behavior", "rendering", "statement_descriptor",
    "application_fee_amount",
}  # fmt: skip
_NOT_AFTERWARDS = {"customer", "from_invoice", "application_fee_amount", "currency", "pending_invoice_items_behavior"}
_UPDATE = _CREATE - _NOT_AFTERWARDS
_OPEN = {"metadata", "auto_advance", "payment_settings", "expand"}
_FINAL = {"metadata", "expand"}
_LENGTHS = {"description": 1500, "footer": 5000, "number": 26, "statement_descriptor": 22}


def create(call: Call) -> JSON:
    """POST /v1/invoices: a draft without lines."""
    params, world, ledger = call.params, call.world, call.ledger
    _check(call, params, _CREATE)
    if "from_invoice" in params:
        return _revise(call)
    if "customer" not in params:
        raise missing("customer")
    method: str = params.get("collection_method", "charge_automatically")
    _check_due(call, params, method, None)
    customer = customers.living(ledger, params["customer"], "customer", 400)
    _check_number(call, params, None)
    currency = money.currency(params.get("currency") or customer["currency"] or ledger.account["default_currency"])
    now = world.now()
    due = params.get("due_date")
    if due is None and params.get("days_until_due") is not None:
        due = now + params["days_until_due"] * DAY
    invoice: JSON = {
        "id": f"in_1{world.ids.token(23)}",
        "object": "invoice",
        "account_country": ledger.account["country"],
        "account_name": accounts.name_of(ledger.account),
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": world.config.application_id if call.through_platform else None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": method,
        "created": now,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": due,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"account": None, "type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "livemode": ledger.livemode,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None, "payment_method_options": None, "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": {
            "finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "threshold_reason": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
        "_token": world.ids.token(48),
        "_application_fee": params.get("application_fee_amount"),
    }  # fmt: skip
    _apply(call, invoice)
    ledger.add(invoice)
    invoice_lines.total(ledger, invoice)
    world.emit(ledger, "invoice.created", invoice)
    if customer["currency"] is None:  # the first invoice settles the customer's currency
        before = world.snapshot(ledger, customer)
        customer["currency"] = currency
        world.updated(ledger, customer, before)
    _plan(call, invoice)
    return invoice


def _revise(call: Call) -> JSON:
    for name in call.params:
        if name not in ("from_invoice", "metadata", "description", "expand"):
            raise NotModelled(f"{name} beside from_invoice", name)
    revision = invoice_revisions.draft(call)
    _apply(call, revision)
    return revision


def update(call: Call) -> JSON:
    """POST /v1/invoices/{id}: everything of a draft, very little afterwards."""
    _check(call, call.params, _UPDATE)
    invoice = call.ledger.get("invoice", call.id)
    allowed = {"draft": _UPDATE, "open": _OPEN, "uncollectible": _OPEN}.get(invoice["status"], _FINAL)
    for name in call.params:
        if name not in allowed:
            raise InvalidState(
                f"Finalized invoices can't be updated in this way: {name}", code="invoice_not_editable", param=name
            )
    _check_due(call, call.params, str(call.params.get("collection_method", invoice["collection_method"])), invoice)
    _check_number(call, call.params, invoice)
    before = call.world.snapshot(call.ledger, invoice)
    if "collection_method" in call.params:
        invoice["collection_method"] = call.params["collection_method"]
    if call.params.get("due_date") is not None:
        invoice["due_date"] = call.params["due_date"]
    elif call.params.get("days_until_due") is not None:
        invoice["due_date"] = invoice["created"] + call.params["days_until_due"] * DAY
    _apply(call, invoice)
    if invoice["status"] == "draft":
        invoice_lines.total(call.ledger, invoice)
    call.world.updated(call.ledger, invoice, before)
    _plan(call, invoice)
    return invoice


def retrieve(call: Call) -> JSON:
    """GET /v1/invoices/{id}, with links that work."""
    invoice = call.ledger.get("invoice", call.id)
    renew_link(call.world, call.ledger, invoice)
    return invoice


def list_(call: Call) -> JSON:
    """GET /v1/invoices."""
    params = call.params
    if "subscription" in params:
        raise NotModelled("subscriptions", "subscription")
    items = lists.matching(call, call.ledger.all("invoice"), "status", "customer", "collection_method")
    found = (i for i in lists.created(call, items) if within(i["due_date"], params.get("due_date")))
    return lists.page(call, found, "/v1/invoices", kind="invoice")


def delete(call: Call) -> JSON:
    """DELETE /v1/invoices/{id}: drafts only, gone for good."""
    invoice = call.ledger.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise InvalidState("You can only delete draft invoices. To void a finalized invoice, use the Void endpoint.")
    call.world.emit(call.ledger, "invoice.deleted", invoice)
    call.world.scheduler.cancel(invoice["id"])
    call.ledger.remove("invoice", invoice["id"])
    call.ledger.lines.pop(invoice["id"], None)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


def _check(call: Call, params: JSON, modelled: set[str]) -> None:
    for name in params:
        if name not in modelled:
            raise NotModelled(f"the parameter {name} here", name)
    rules.length(params, _LENGTHS)
    rules.metadata({}, params.get("metadata"))
    if params.get("automatic_tax", {}).get("enabled"):
        raise InvalidState(
            "You must have a valid head office address to enable automatic tax calculation in test mode.",
            param="automatic_tax[enabled]",
        )
    fields = params.get("custom_fields") or []
    if len(fields) > 4:
        raise InvalidParams("An invoice has at most 4 custom fields", param="custom_fields")
    for index, item in enumerate(fields):
        rules.length(item, {"name": 40, "value": 140})
        if not item["name"]:
            raise InvalidParams("Invalid name", param=f"custom_fields[{index}][name]")
    for name in params.get("payment_settings") or ():
        if name != "payment_method_types":
            raise NotModelled(f"payment_settings[{name}]", f"payment_settings[{name}]")
    if "application_fee_amount" in params and not call.through_platform:
        raise InvalidParams(
            "Can only apply an application_fee_amount when the request is made on behalf of another account",
            param="application_fee_amount",
        )


def _check_due(call: Call, params: JSON, method: str, invoice: JSON | None) -> None:
    """`send_invoice` needs exactly one of the two (https://docs.stripe.com/invoicing/send-email)."""
    days, due = params.get("days_until_due"), params.get("due_date")
    if days is not None and due is not None:
        raise InvalidParams(
            "You may only specify one of these parameters: days_until_due, due_date.", param="due_date"
        )
    if method != "send_invoice":
        for name, value in (("days_until_due", days), ("due_date", due)):
            if value is not None:
                raise InvalidParams(f"`{name}` is only valid if `collection_method` is `send_invoice`.", param=name)
        return
    if days is None and due is None and (invoice is None or invoice["due_date"] is None):
        raise InvalidParams(
            "If invoices are set to `collection_method=send_invoice`, you must specify one of `days_until_due` or"
            " `due_date`.",
            param="days_until_due",
        )
    if days is not None and not 0 <= days <= 1825:
        raise InvalidParams("Invalid days_until_due: must be between 0 and 1825", param="days_until_due")
    if due is not None and due <= call.world.now():
        raise InvalidParams("Invalid due_date: must be in the future", param="due_date")


def _check_number(call: Call, params: JSON, invoice: JSON | None) -> None:
    number = params.get("number")
    if number and any(i["number"] == number for i in call.ledger.all("invoice") if i is not invoice):
        raise InvalidState(f"The invoice number {number} is already in use", param="number")


def _apply(call: Call, invoice: JSON) -> None:
    params = call.params
    for name in ("description", "footer", "number", "statement_descriptor"):
        if name in params:
            invoice[name] = params[name] or None
    for name in ("auto_advance", "effective_at"):
        if name in params:
            invoice[name] = params[name]
    if "custom_fields" in params:
        invoice["custom_fields"] = params["custom_fields"] or None
    if "rendering" in params:
        given = params["rendering"] or {}
        pdf = given.get("pdf")
        invoice["rendering"] = {
            "amount_tax_display": given.get("amount_tax_display") or None,
            "pdf": {"page_size": pdf.get("page_size", "auto")} if pdf else None,
            "template": given.get("template"),
            "template_version": None,
        }
    if "payment_settings" in params:
        types = params["payment_settings"].get(
            "payment_method_types", invoice["payment_settings"]["payment_method_types"]
        )
        invoice["payment_settings"] = {**invoice["payment_settings"], "payment_method_types": types or None}
    if "default_tax_rates" in params:
        wanted = params["default_tax_rates"] or []
        invoice["default_tax_rates"] = [call.ledger.get("tax_rate", r, "default_tax_rates", 400) for r in wanted]
    discounts.put(call, invoice)
    invoice["metadata"] = rules.metadata(invoice["metadata"], params.get("metadata"))


def _plan(call: Call, invoice: JSON) -> None:
    """A draft with `auto_advance` finalizes itself after an hour, and is e-mailed then."""
    world, ledger = call.world, call.ledger
    if invoice["status"] != "draft":
        return
    world.scheduler.cancel(invoice["id"])
    invoice["automatically_finalizes_at"] = None
    if invoice["auto_advance"] and invoice["collection_method"] == "send_invoice":
        due = world.now() + 3600
        invoice["automatically_finalizes_at"] = due
        world.scheduler.at(due, "auto_finalize", invoice["id"], lambda: auto_advance(world, ledger, invoice))


ROUTES = [
    Route("POST", "/v1/invoices", "InvoiceCreateParams", create),
    Route("GET", "/v1/invoices", "InvoiceListParams", list_),
    Route("GET", "/v1/invoices/{id}", "InvoiceRetrieveParams", retrieve),
    Route("POST", "/v1/invoices/{id}", "InvoiceUpdateParams", update),
    Route("DELETE", "/v1/invoices/{id}", "InvoiceDeleteParams", delete),
]
