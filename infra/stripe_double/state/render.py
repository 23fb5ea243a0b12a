"""Renders objects as Stripe returns them: with embedded first pages and `expand[]`. `versions` has older shapes."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidParams
from .ledger import JSON, KINDS, Ledger, public

LINES_EMBEDDED = 10
EXPANDABLE = {
    "invoice": {"customer", "default_payment_method", "discounts"},
    "line_item": {"discounts"},
    "invoiceitem": {"discounts"},
    "payment_intent": {"latest_charge", "customer", "payment_method"},
    "charge": {"customer", "payment_intent", "balance_transaction", "failure_balance_transaction", "payment_method"},
    "refund": {"charge", "payment_intent", "balance_transaction", "failure_balance_transaction", "customer"},
    "dispute": {"charge", "payment_intent"},
    "invoice_payment": {"invoice"},
    "credit_note": {"customer", "invoice", "customer_balance_transaction"},
    "balance_transaction": {"source"},
    "payout": {
        "balance_transaction",
        "destination",
        "failure_balance_transaction",
        "original_payout",
        "reversed_by",
    },
    "payment": {"payment_intent", "charge"},
    "credit_note_refund": {"refund"},
}


def as_list(url: str, data: list[JSON], has_more: bool = False, **fields: Any) -> JSON:
    """Returns a list as Stripe wraps it."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url, **fields}


def render(ledger: Ledger, obj: JSON) -> JSON:
    """Returns the object as Stripe returns it, without expansions."""
    rendered = public(obj)
    if obj["object"] == "invoice":
        lines = ledger.lines.get(obj["id"], [])
        page = [dict(line) for line in lines[:LINES_EMBEDDED]]
        url = f"/v1/invoices/{obj['id']}/lines"
        rendered["lines"] = as_list(url, page, len(lines) > LINES_EMBEDDED, total_count=len(lines))
        if not ledger.tells_paid_outside:
            rendered.pop("amount_paid_off_stripe")
    return rendered


def expand(ledger: Ledger, rendered: JSON, paths: list[str]) -> JSON:
    """Replaces ids by objects along each path, at most four levels deep, and returns `rendered`.

    https://docs.stripe.com/api/expanding_objects
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > 4:
            raise InvalidParams("You cannot expand more than 4 levels of a property", param="expand")
        _expand(ledger, rendered, steps, path)
    return rendered


def _expand(ledger: Ledger, node: JSON, steps: list[str], path: str) -> None:
    step, remaining_steps = steps[0], steps[1:]
    if step == "data" and node.get("object") == "list":
        for item in node["data"]:
            if remaining_steps:
                _expand(ledger, item, remaining_steps, path)
        return
    kind = node.get("object") or _untyped_kind(node)
    if kind == "invoice" and step == "payments":
        if not isinstance(node.get("payments"), dict):
            node["payments"] = _payments(ledger, node["id"])
    elif kind == "charge" and step == "refunds":
        refunds = [public(r) for r in reversed(list(ledger.all("refund", charge=node["id"])))]
        node["refunds"] = as_list(f"/v1/charges/{node['id']}/refunds", refunds)
    elif kind == "invoice" and step == "confirmation_secret":
        node["confirmation_secret"] = _secret(ledger, node["id"])
    elif isinstance(node.get(step), str) and step in EXPANDABLE.get(kind, ()):
        target = _lookup(ledger, node[step])
        if target is not None:
            node[step] = render(ledger, target)
    elif step not in node or (
        not remaining_steps and not isinstance(node[step], dict) and step not in EXPANDABLE.get(kind, ())
    ):
        raise InvalidParams(f"This property cannot be expanded ({path}).", param="expand")
    child = node.get(step)
    if kind == "balance_transaction" and remaining_steps and not _has(child, remaining_steps[0]):
        return  # the sources in a list are of many kinds, and some lack the field that another kind can expand
    if remaining_steps and isinstance(child, dict):
        node[step] = child = dict(child)
        if child.get("object") == "list":
            child["data"] = [dict(item) for item in child["data"]]
        _expand(ledger, child, remaining_steps, path)


def _has(source: Any, step: str) -> bool:
    return isinstance(source, dict) and (step in source or step in EXPANDABLE.get(source["object"], ()))


def _untyped_kind(node: JSON) -> str:
    if "payment_intent" in node and "type" in node:
        return "payment"
    return "credit_note_refund" if "amount_refunded" in node else ""


def _lookup(ledger: Ledger, object_id: str) -> JSON | None:
    return ledger.find(KINDS.get(object_id.split("_")[0], ""), object_id)


def _payments(ledger: Ledger, invoice_id: str) -> JSON:
    payments = [public(p) for p in ledger.all("invoice_payment", invoice=invoice_id)]
    return as_list("/v1/invoice_payments", payments[:10], len(payments) > 10)


def _secret(ledger: Ledger, invoice_id: str) -> JSON | None:
    for payment in ledger.all("invoice_payment", invoice=invoice_id, is_default=True):
        intent = ledger.find("payment_intent", payment["payment"].get("payment_intent"))
        if intent:
            return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None
