"""Converts objects to the shapes of older API versions, by one table of changes.

Stripe renders an event when it is created, in the default version of its account (docs.stripe.com/api/events). A
webhook is rendered in its endpoint's version. An old shape may need facts from other objects of the ledger.
`RelatedObjects` holds these facts as they were when the event was created, because the ledger changes later.

These changes are certain, from docs.stripe.com/changelog and the release notes of the SDK that first pinned the
version: the fields that basil removed from invoices, lines, credit notes, intents and charges (2025-03-31); the
account's `settings` and `requirements` (2019-02-19); the intent's `allowed_source_types` and `next_source_action`
(2019-02-11); that `closed` and `forgiven` came before `auto_advance` and the status `uncollectible` (2018-11-08).

These are from recordings of real accounts: `payment_intent` on refunds, disputes and charges in every version, and
`invoice` on charges and intents until basil.

These are from memory: the lists on customers, intents and charges (2020-08-27, 2022-11-15), the renames of
2019-10-17, 2019-05-16 and 2019-03-14, the old names of an intent's statuses and of its next action, which invoices
were `closed`, and the shape of `price` on old lines.

No change since basil to the fields of the double is known. `previous_attributes` stay in the current version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .ledger import JSON, Ledger, frozen, public

VERSIONS = (
    "2018-02-06", "2020-08-27", "2022-11-15", "2025-03-31.basil", "2025-11-17.clover", "2026-10-28.endive",
)  # fmt: skip
"""Versions of real accounts, oldest first, for tests that mix them."""
ACACIA, BASIL = "2024-10-28", "2025-03-31"


@dataclass(frozen=True)
class RelatedObjects:
    """The facts from other objects that old shapes contain, as they were when an event was created."""

    invoice: str | None = None
    """The invoice that an intent or a charge pays."""
    payment_intent: str | None = None
    charge: str | None = None
    """The intent that pays an invoice, and the latest charge of that intent."""
    paid_outside: bool = False
    """True if a part of an invoice was paid out of band."""
    charges: tuple[tuple[JSON, RelatedObjects], ...] = ()
    """The charges of an intent, newest first."""
    refunds: tuple[JSON, ...] = ()
    """The refunds of a charge, newest first."""


def related_objects(ledger: Ledger, obj: JSON) -> RelatedObjects:
    """Returns the facts from the ledger, as of now, that old shapes of the object contain."""
    if obj["object"] == "invoice":
        return _payment_of_invoice(ledger, obj)
    if obj["object"] == "payment_intent":
        charges = reversed(list(ledger.all("charge", payment_intent=obj["id"])))
        charges_with_related = tuple((frozen(public(c)), related_objects(ledger, c)) for c in charges)
        return RelatedObjects(invoice=_invoice_of(ledger, obj), charges=charges_with_related)
    if obj["object"] == "charge":
        refunds = reversed(list(ledger.all("refund", charge=obj["id"])))
        intent = ledger.find("payment_intent", obj["payment_intent"])
        return RelatedObjects(invoice=_invoice_of(ledger, intent), refunds=tuple(frozen(public(r)) for r in refunds))
    return RelatedObjects()


def in_version(rendered: JSON, version: str, related: RelatedObjects) -> JSON:
    """Returns the object in a version. Returns the same object if its shape has not changed since that version."""
    version_date = version[:10]
    changes = [change for since, kind, change in CHANGES if kind == rendered["object"] and version_date < since]
    if not changes:
        return rendered
    old = dict(rendered)
    for change in changes:
        change(old, related)
    if old["object"] == "payment_intent" and "charges" in old:
        charges = [in_version(charge, version, its) for charge, its in related.charges]
        old["charges"] = _list(f"/v1/charges?payment_intent={old['id']}", charges)
    return old


def before_acacia(version: str) -> bool:
    """Returns True for versions before 2024-10-28.acacia, since which every refund has its own events."""
    return version[:10] < ACACIA


def before_basil(version: str) -> bool:
    """Returns True for versions before 2025-03-31.basil, since which invoices have several payments."""
    return version[:10] < BASIL


def _payment_of_invoice(ledger: Ledger, invoice: JSON) -> RelatedObjects:
    payments = sorted(ledger.all("invoice_payment", invoice=invoice["id"]), key=lambda p: not p["is_default"])
    paid_outside = bool(invoice["amount_paid_off_stripe"])
    if not payments:
        return RelatedObjects(paid_outside=paid_outside)
    intent = ledger.get("payment_intent", payments[0]["payment"]["payment_intent"])
    return RelatedObjects(payment_intent=intent["id"], charge=intent["latest_charge"], paid_outside=paid_outside)


def _invoice_of(ledger: Ledger, intent: JSON | None) -> str | None:
    payment = ledger.find("invoice_payment", (intent or {}).get("_payment"))
    return str(payment["invoice"]) if payment else None


def _list(url: str, data: list[JSON]) -> JSON:
    return {"object": "list", "data": data, "has_more": False, "total_count": len(data), "url": url}


# -- 2025-03-31.basil ------------------------------------------------------------------------------------------------


def _single_payment_of_invoice(old: JSON, related: RelatedObjects) -> None:
    taxes = old.get("total_taxes") or []
    old["payment_intent"], old["charge"] = related.payment_intent, related.charge
    old["paid"] = old["status"] == "paid"
    old["paid_out_of_band"] = related.paid_outside
    old["tax"] = sum(tax["amount"] for tax in taxes) if taxes else None
    old["total_tax_amounts"] = [_tax_amount(tax) for tax in taxes]
    old.update(application_fee_amount=None, discount=None, quote=None, subscription=None, transfer_data=None)
    if isinstance(old.get("lines"), dict):
        old["lines"] = {**old["lines"], "data": [_old_line(line) for line in old["lines"]["data"]]}
    _drop(
        old, "total_taxes", "amount_overpaid", "amount_paid_off_stripe", "parent", "confirmation_secret", "payments"
    )


def _invoice_of_payment(old: JSON, related: RelatedObjects) -> None:
    old["invoice"] = related.invoice


def _single_refund_of_note(old: JSON, related: RelatedObjects) -> None:
    refunds = old.get("refunds") or []
    old["refund"] = refunds[0]["refund"] if refunds else None
    old["tax_amounts"] = [_tax_amount(tax) for tax in old.get("total_taxes") or []]
    lines = [{**line, "tax_amounts": [_tax_amount(tax) for tax in line["taxes"]]} for line in old["lines"]["data"]]
    for line in lines:
        _drop(line, "taxes")
    old["lines"] = {**old["lines"], "data": lines}
    _drop(old, "refunds", "total_taxes")


def _priced_item(old: JSON, related: RelatedObjects) -> None:
    old.update(_priced(old))
    _drop(old, "pricing", "parent", "net_amount")


def _old_line(line: JSON) -> JSON:
    details = line["parent"]["invoice_item_details"]
    old = {**line, **_priced(line), "type": "invoiceitem", "invoice_item": details["invoice_item"]}
    old["tax_amounts"] = [_tax_amount(tax) for tax in line["taxes"]]
    old.update(proration=False, tax_rates=[])
    _drop(old, "pricing", "parent", "taxes", "subtotal")
    return old


def _priced(line: JSON) -> JSON:
    pricing = line["pricing"]
    price = {
        "id": pricing["price_details"]["price"], "object": "price", "currency": line["currency"],
        "product": pricing["price_details"]["product"], "type": "one_time",
        "unit_amount_decimal": pricing["unit_amount_decimal"],
    }  # fmt: skip
    return {"plan": None, "price": price}


def _tax_amount(tax: JSON) -> JSON:
    return {
        "amount": tax["amount"],
        "inclusive": tax["tax_behavior"] == "inclusive",
        "tax_rate": (tax.get("tax_rate_details") or {}).get("tax_rate"),
        "taxable_amount": tax.get("taxable_amount"),
    }


# -- 2022-11-15 and before -------------------------------------------------------------------------------------------


def _charges_of_intent(old: JSON, related: RelatedObjects) -> None:
    _drop(old, "latest_charge")
    old["charges"] = None  # `in_version` fills it, in the requested version


def _refunds_of_charge(old: JSON, related: RelatedObjects) -> None:
    old["refunds"] = _list(f"/v1/charges/{old['id']}/refunds", list(related.refunds))


def _lists_of_customer(old: JSON, related: RelatedObjects) -> None:
    for name in ("sources", "subscriptions", "tax_ids"):
        old[name] = _list(f"/v1/customers/{old['id']}/{name}", [])


def _billing(old: JSON, related: RelatedObjects) -> None:
    old["billing"] = old.pop("collection_method")


def _account_balance(old: JSON, related: RelatedObjects) -> None:
    old["account_balance"] = old.pop("balance")


def _finalized_at(old: JSON, related: RelatedObjects) -> None:
    old["finalized_at"] = old.pop("status_transitions")["finalized_at"]


def _date(old: JSON, related: RelatedObjects) -> None:
    old["date"] = old.pop("created")
    old["application_fee"] = old.pop("application_fee_amount")


def _flat_account(old: JSON, related: RelatedObjects) -> None:
    profile, settings, requirements = old["business_profile"], old["settings"], old["requirements"]
    reason = requirements["disabled_reason"]
    old["business_name"], old["business_url"] = profile["name"], profile["url"]
    old["display_name"] = settings["dashboard"]["display_name"]
    old["timezone"] = settings["dashboard"]["timezone"]
    old["statement_descriptor"] = settings["payments"]["statement_descriptor"]
    old["verification"] = {
        "disabled_reason": "fields_needed" if reason == "requirements.past_due" else reason,
        "due_by": requirements["current_deadline"],
        "fields_needed": [*requirements["past_due"], *_others(requirements)],
    }
    _drop(old, "business_profile", "business_type", "capabilities", "future_requirements", "requirements", "settings")


def _others(requirements: JSON) -> list[Any]:
    return [name for name in requirements["currently_due"] if name not in requirements["past_due"]]


_SOURCES = {"requires_payment_method": "requires_source", "requires_action": "requires_source_action"}


def _sources_of_intent(old: JSON, related: RelatedObjects) -> None:
    old["status"] = _SOURCES.get(old["status"], old["status"])
    old["allowed_source_types"] = old.pop("payment_method_types")
    action = old.pop("next_action")
    if action is not None and action["type"] == "redirect_to_url":
        action = {"type": "authorize_with_url", "authorize_with_url": action["redirect_to_url"]}
    old["next_source_action"] = action


def _closed_and_forgiven(old: JSON, related: RelatedObjects) -> None:
    status = old.pop("status")
    old["closed"] = status in ("paid", "void", "uncollectible")
    old["forgiven"] = status == "uncollectible"
    _drop(old, "auto_advance")


def _drop(old: JSON, *names: str) -> None:
    for name in names:
        old.pop(name, None)


CHANGES: tuple[tuple[str, str, Callable[[JSON, RelatedObjects], None]], ...] = (
    (BASIL, "invoice", _single_payment_of_invoice),
    (BASIL, "payment_intent", _invoice_of_payment),
    (BASIL, "charge", _invoice_of_payment),
    (BASIL, "credit_note", _single_refund_of_note),
    (BASIL, "invoiceitem", _priced_item),
    ("2022-11-15", "payment_intent", _charges_of_intent),
    ("2022-11-15", "charge", _refunds_of_charge),
    ("2020-08-27", "customer", _lists_of_customer),
    ("2019-10-17", "invoice", _billing),
    ("2019-10-17", "customer", _account_balance),
    ("2019-05-16", "invoice", _finalized_at),
    ("2019-03-14", "invoice", _date),
    ("2019-02-19", "account", _flat_account),
    ("2019-02-11", "payment_intent", _sources_of_intent),
    ("2018-11-08", "invoice", _closed_and_forgiven),
)
"""(the version that changed the shape, the kind, the function that gives a copy its earlier shape), newest first."""
