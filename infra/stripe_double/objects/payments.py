"""Charges and invoice payments: the routes that read and annotate them."""

from __future__ import annotations

from ..errors import InvalidParams, NotModelled
from ..state.ledger import JSON
from . import lists, rules
from .call import Call, Route


def retrieve_charge(call: Call) -> JSON:
    """Handles GET /v1/charges/{id}."""
    return call.ledger.get("charge", call.id)


def list_charges(call: Call) -> JSON:
    """Handles GET /v1/charges."""
    charges = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("charge"), "customer", "payment_intent")
    )
    return lists.page(call, charges, "/v1/charges", kind="charge")


def update_charge(call: Call) -> JSON:
    """Handles POST /v1/charges/{id}: changes the description and metadata."""
    for name in call.params:
        if name not in ("description", "metadata", "expand"):
            raise NotModelled(f"the parameter {name} of charges", name)
    charge = call.ledger.get("charge", call.id)
    before = call.world.snapshot(call.ledger, charge)
    charge["description"] = call.params.get("description", charge["description"])
    charge["metadata"] = rules.metadata(charge["metadata"], call.params.get("metadata"))
    call.world.emit_updated(call.ledger, charge, before)
    return charge


def retrieve_payment(call: Call) -> JSON:
    """Handles GET /v1/invoice_payments/{id}."""
    return call.ledger.get("invoice_payment", call.id)


def list_payments(call: Call) -> JSON:
    """Handles GET /v1/invoice_payments, by invoice or by payment."""
    payment_filter = call.params.get("payment") or {}
    kind = payment_filter.get("type")
    if kind and kind not in payment_filter:
        raise InvalidParams(
            f"Missing required param: payment[{kind}].", param=f"payment[{kind}]", code="parameter_missing"
        )
    items = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("invoice_payment"), "invoice", "status")
    )
    filtered = (p for p in items if not kind or p["payment"].get(kind) == payment_filter[kind])
    return lists.page(call, filtered, "/v1/invoice_payments", kind="invoice payment")


ROUTES = [
    Route("GET", "/v1/charges", "ChargeListParams", list_charges),
    Route("GET", "/v1/charges/{id}", "ChargeRetrieveParams", retrieve_charge),
    Route("POST", "/v1/charges/{id}", "ChargeUpdateParams", update_charge),
    Route("GET", "/v1/invoice_payments", "InvoicePaymentListParams", list_payments),
    Route("GET", "/v1/invoice_payments/{id}", "InvoicePaymentRetrieveParams", retrieve_payment),
]
