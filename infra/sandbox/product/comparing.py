"""POM's records beside Stripe's own, each with its values. Stripe's are read without the product's code.

The links are compared up to the part that names the invoice. In Stripe's example of a link
(https://docs.stripe.com/api/invoices/object) what follows it decodes to a number. It is a guess that this is the time
of reading, so that no two answers have the same link.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from chalicelib.adapters.stripe.versions import INVOICE_KEY, ORGANIZATION_KEY
from chalicelib.domain.money import decimal_string
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.product.scene import NotAsAssumed, Scene
from infra.sandbox.product.steps import ZONE
from infra.stripe_double.recordings.differences import Difference, Kind

CLOCKS_DIFFER = 60
"""Seconds before the beginning from which on Stripe's objects are listed."""
SHOWN = 8
"""Characters of a digest that are shown."""
NAMED = 60
"""Characters of a link's token that name the account and the invoice."""
ENDED = frozenset({"failed", "canceled"})
"""The statuses of refunds that gave nothing back."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class InStripe:
    """Stripe's objects of the run, by their ids."""

    invoices: Mapping[str, Any]
    charges: Sequence[Any]
    refunds: Sequence[Any]


def compare(scene: Scene) -> None:
    """Notes a finding for each invoice, for its payments and its refunds, and one for what only one side has."""
    scene.does("records", "Every invoice of POM's is in Stripe, and the other way round.", _compared)


def _compared(scene: Scene) -> str:
    stripe = InStripe(
        {each["id"]: each for each in _listed(scene, "invoices", "data.payments") if _ours(scene, each)},
        _listed(scene, "charges", "data.balance_transaction"),
        _listed(scene, "refunds"),
    )
    names = {invoice_id: name for name, invoice_id in scene.invoices.items()}
    shown = [scene.office.get(f"/invoices/{each['id']}") for each in _shown(scene)]
    for pom in shown:
        if (invoice := stripe.invoices.get(pom["stripeInvoiceId"])) is not None:
            scene.findings.extend(_findings(names.get(pom["id"], pom["id"]), pom, invoice, stripe))
    in_pom = {pom["stripeInvoiceId"] for pom in shown}
    alone = {"only in Stripe": stripe.invoices.keys() - in_pom, "only in POM": in_pom - stripe.invoices.keys()}
    if any(alone.values()):
        raise NotAsAssumed("; ".join(f"{side}: {', '.join(sorted(ids))}" for side, ids in alone.items() if ids))
    return f"{len(in_pom)} invoices are on both sides."


def _listed(scene: Scene, kind: str, *expand: str) -> list[Any]:
    """Returns the account's objects of a kind since the beginning, as Stripe's JSON has them."""
    since = {"gte": scene.began_at - CLOCKS_DIFFER}
    return scene.session.list_json(getattr(scene.session.v1, kind), {"created": since, "expand": list(expand)})


def _ours(scene: Scene, invoice: Any) -> bool:
    return bool(
        invoice["metadata"].get(ORGANIZATION_KEY) == scene.organization and INVOICE_KEY in invoice["metadata"]
    )


def _shown(scene: Scene) -> list[Any]:
    return list(scene.office.get("/invoices?first=100")["data"])


def _findings(name: str, pom: Any, invoice: Any, stripe: InStripe) -> Iterator[Finding]:
    charges, refunds = _of(invoice, stripe)
    yield _finding(
        f"{name}: record", "invoice", [_invoice_in_stripe(invoice, charges, refunds)], [_invoice_in_pom(pom)]
    )
    payments = [each for each in pom["payments"] if each["outside"] is None and each["status"] == "succeeded"]
    paid = [each for each in charges if each["status"] == "succeeded"]
    if payments or paid:
        yield _finding(f"{name}: payments", "charge", [*map(_charge, paid)], [*map(_payment, payments)])
    told = [refund for payment in pom["payments"] for refund in payment["refunds"]]
    if told or refunds:
        yield _finding(f"{name}: refunds", "refund", [*map(_refund, refunds)], [*map(_refund_in_pom, told)])


def _of(invoice: Any, stripe: InStripe) -> tuple[list[Any], list[Any]]:
    """Returns the charges and the refunds of an invoice, each oldest first."""
    intents = {each["payment"].get("payment_intent") for each in invoice["payments"]["data"]}
    charges = [each for each in stripe.charges if each["payment_intent"] in intents]
    ids = {each["id"] for each in charges}
    return charges[::-1], [each for each in stripe.refunds if each["charge"] in ids][::-1]


def _invoice_in_stripe(invoice: Any, charges: Sequence[Any], refunds: Sequence[Any]) -> Row:
    currency, due = invoice["currency"], invoice["due_date"]
    refunded = sum(each["amount"] for each in refunds if each["status"] not in ENDED)
    void = invoice["status"] == "void"
    return {
        "id": invoice["id"],
        "number": invoice["number"],
        "status": status_by_the_guide(invoice, charges, refunded),
        "currency": currency,
        "total": decimal_string(invoice["total"], currency),
        "paidAmount": decimal_string(invoice["amount_paid"], currency),
        "refundedAmount": decimal_string(refunded, currency),
        "balance": decimal_string(0 if void else invoice["amount_remaining"], currency),
        "dueDate": dt.datetime.fromtimestamp(due, ZoneInfo(ZONE)).date().isoformat() if due else None,
        "paymentUrl": _named_by(invoice["hosted_invoice_url"]),
        "pdfUrl": _named_by(invoice["invoice_pdf"]),
    }


def status_by_the_guide(invoice: Any, charges: Sequence[Any], refunded: int) -> str:
    """Returns the guide's word for where an invoice of Stripe's stands. `charges` are its own, oldest first."""
    if invoice["status"] == "open":
        return "failed" if charges and charges[-1]["status"] == "failed" else "pending"
    if invoice["status"] == "paid" and 0 < invoice["amount_paid"] <= refunded:
        return "refunded"
    return str(invoice["status"])


def _invoice_in_pom(pom: Any) -> Row:
    same = ("number", "status", "currency", "total", "paidAmount", "refundedAmount", "balance", "dueDate")
    links = {name: _named_by(pom[name]) for name in ("paymentUrl", "pdfUrl")}
    return {"id": pom["stripeInvoiceId"], **{name: pom[name] for name in same}, **links}


def _charge(charge: Any) -> Row:
    card, booked = charge["payment_method_details"]["card"], charge["balance_transaction"]
    return {
        "id": charge["payment_intent"],
        "amount": decimal_string(charge["amount"], charge["currency"]),
        "brand": card["brand"],
        "last4": card["last4"],
        "fee": decimal_string(booked["fee"], booked["currency"]) if booked else None,
    }


def _payment(payment: Any) -> Row:
    method = payment["method"] or {}
    named = {name: method.get(name) for name in ("brand", "last4")}
    return {"id": payment["id"], "amount": payment["amount"], **named, "fee": payment["fee"]}


def _refund(refund: Any) -> Row:
    amount = decimal_string(refund["amount"], refund["currency"])
    return {"id": refund["id"], "amount": amount, "status": refund["status"]}


def _refund_in_pom(refund: Any) -> Row:
    return {name: refund[name] for name in ("id", "amount", "status")}


def _named_by(link: str | None) -> str | None:
    """Returns the host of a link and a digest of the part that names the invoice, because a link opens its page."""
    if link is None:
        return None
    parts = urlsplit(link)
    named = "/".join(each[:NAMED] for each in parts.path.split("/"))
    return f"{parts.netloc} {hashlib.sha256(named.encode()).hexdigest()[:SHOWN]}"


def _finding(name: str, kind: str, stripe: Sequence[Row], pom: Sequence[Row]) -> Finding:
    sentence = f"POM shows what Stripe's {kind} says."
    differences = list(_differences(name, kind, {row["id"]: row for row in stripe}, {row["id"]: row for row in pom}))
    if differences:
        said = "; ".join(f"{each.path} is {each.recorded} in Stripe, {each.played} in POM" for each in differences)
        return Finding(Part.PRODUCT, name, Verdict.HARMFUL, said, sentence, differences)
    values = "; ".join(", ".join(str(value) for value in row.values() if value is not None) for row in pom)
    return Finding(Part.PRODUCT, name, Verdict.AS_ASSUMED, values, sentence)


def _differences(name: str, kind: str, stripe: Mapping[str, Row], pom: Mapping[str, Row]) -> Iterator[Difference]:
    """Yields what differs. `recorded` is Stripe's value, `played` is POM's."""
    request = f"GET /v1/{kind}s"
    for each in stripe.keys() | pom.keys():
        theirs, ours = stripe.get(each), pom.get(each)
        if theirs is None or ours is None:
            kind_of = Kind.EXTRA if ours is None else Kind.MISSING
            yield Difference(kind_of, name, request, kind, "id", theirs and each, ours and each)
            continue
        for field, value in theirs.items():
            if value != ours[field]:
                yield Difference(Kind.VALUE, name, request, kind, field, value, ours[field])
