"""Checks and applies the parameters that a request may set on an invoice
(https://docs.stripe.com/api/invoices/create).
"""

from __future__ import annotations

from ..errors import InvalidParams, InvalidState, NotModelled
from ..state.ledger import JSON
from . import discounts, rules
from .call import Call

CREATE = {
    "auto_advance", "automatic_tax", "collection_method", "currency", "custom_fields", "customer", "days_until_due",
    "default_tax_rates", "description", "discounts", "due_date", "effective_at", "expand", "footer", "from_invoice",
    "metadata", "number", "payment_settings", "pending_invoice_items_behavior", "rendering", "statement_descriptor",
    "application_fee_amount",
}  # fmt: skip
_NOT_AFTERWARDS = {"customer", "from_invoice", "application_fee_amount", "currency", "pending_invoice_items_behavior"}
UPDATE = CREATE - _NOT_AFTERWARDS
_OPEN = {"metadata", "auto_advance", "payment_settings", "expand"}
_FINAL = {"metadata", "expand"}
_LENGTHS = {"description": 1500, "footer": 5000, "number": 26, "statement_descriptor": 22}


def check(call: Call, modelled_names: set[str]) -> None:
    """Raises StripeFault for a parameter that is not implemented, or that is wrong for every invoice."""
    params = call.params
    for name in params:
        if name not in modelled_names:
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


def check_editable(call: Call, invoice: JSON) -> None:
    """Raises InvalidState for a parameter that can no longer be changed in the invoice's status."""
    editable = {"draft": UPDATE, "open": _OPEN, "uncollectible": _OPEN}.get(invoice["status"], _FINAL)
    for name in call.params:
        if name not in editable:
            raise InvalidState("Finalized invoices can't be updated in this way", param=name)


def check_due(call: Call, method: str, invoice: JSON | None = None) -> None:
    """Raises InvalidParams unless `send_invoice` has either `days_until_due` or `due_date`, and another method has
    neither.

    https://docs.stripe.com/invoicing/send-email
    """
    days, due = call.params.get("days_until_due"), call.params.get("due_date")
    if days is not None and due is not None:
        raise InvalidParams(
            "You may only specify one of these parameters: days_until_due, due_date.", param="due_date"
        )
    if method != "send_invoice":
        if days is not None or due is not None:
            raise InvalidParams(
                "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'."
            )
        return
    if days is None and due is None and (invoice is None or invoice["due_date"] is None):
        raise InvalidParams(
            "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'."
        )
    if days is not None and not 0 <= days <= 1825:
        raise InvalidParams("Invalid days_until_due: must be between 0 and 1825", param="days_until_due")
    if due is not None and due <= call.world.now():
        raise InvalidParams("Invalid due_date: must be in the future", param="due_date")


def check_number(call: Call, invoice: JSON | None = None) -> None:
    """Raises InvalidState if another invoice has the number."""
    number = call.params.get("number")
    if number and any(i["number"] == number for i in call.ledger.all("invoice") if i is not invoice):
        raise InvalidState(f"The invoice number {number} is already in use", param="number")


def apply(call: Call, invoice: JSON) -> None:
    """Sets the requested fields, except the due date and the collection method."""
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
        rendering = params["rendering"] or {}
        pdf = rendering.get("pdf") or {}
        invoice["rendering"] = {
            "amount_tax_display": rendering.get("amount_tax_display") or None,
            "pdf": {"page_size": pdf.get("page_size", "auto")},
            "template": rendering.get("template"),
            "template_version": None,
        }
    if "payment_settings" in params:
        types = params["payment_settings"].get(
            "payment_method_types", invoice["payment_settings"]["payment_method_types"]
        )
        invoice["payment_settings"] = {**invoice["payment_settings"], "payment_method_types": types or None}
    if "default_tax_rates" in params:
        tax_rate_ids = params["default_tax_rates"] or []
        invoice["default_tax_rates"] = [
            call.ledger.get("tax_rate", r, "default_tax_rates", 400) for r in tax_rate_ids
        ]
    discounts.replace_discounts(call, invoice)
    invoice["metadata"] = rules.metadata(invoice["metadata"], params.get("metadata"))
