"""Compares POM's records with Stripe's, which are read without the product's code.

Links are compared up to the part that names the invoice. In Stripe's example of a link
(https://docs.stripe.com/api/invoices/object), the part after it decodes to a number. This number is presumably the
time of reading, so that no two responses have the same link.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from chalicelib.adapters.stripe.event_subjects import INVOICE_KEY, ORGANIZATION_KEY
from chalicelib.domain.money import decimal_string
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.product.scene import NotAsAssumed, Scene
from infra.sandbox.product.steps import TIME_ZONE
from infra.stripe_double.recordings.differences import Difference, Kind

CLOCK_DIFFERENCE = 60
"""Seconds before the beginning of the run from which Stripe's objects are listed."""
DIGEST_LENGTH = 8
"""Characters of a digest in the output."""
TOKEN_LENGTH = 60
"""Characters of a link's token that identify the account and the invoice."""
UNSUCCESSFUL_REFUNDS = frozenset({"failed", "canceled"})
"""Statuses of refunds that gave no money back."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class StripeObjects:
    """Stripe's objects of the run."""

    invoices: Mapping[str, Any]
    charges: Sequence[Any]
    refunds: Sequence[Any]


def compare(scene: Scene) -> None:
    """Adds findings for each invoice, its payments and its refunds, and one for invoices on one side only."""
    scene.run_step("records", "Every invoice of POM's is in Stripe, and the other way round.", _compare_records)


def _compare_records(scene: Scene) -> str:
    stripe = StripeObjects(
        {each["id"]: each for each in _list_objects(scene, "invoices", "data.payments") if _is_ours(scene, each)},
        _list_objects(scene, "charges", "data.balance_transaction"),
        _list_objects(scene, "refunds"),
    )
    names = {invoice_id: name for name, invoice_id in scene.invoices.items()}
    pom_invoices = [scene.office.get(f"/invoices/{each['id']}") for each in _pom_invoices(scene)]
    for pom_invoice in pom_invoices:
        if (invoice := stripe.invoices.get(pom_invoice["stripeInvoiceId"])) is not None:
            scene.findings.extend(
                _findings(names.get(pom_invoice["id"], pom_invoice["id"]), pom_invoice, invoice, stripe)
            )
    in_pom = {pom_invoice["stripeInvoiceId"] for pom_invoice in pom_invoices}
    alone = {"only in Stripe": stripe.invoices.keys() - in_pom, "only in POM": in_pom - stripe.invoices.keys()}
    if any(alone.values()):
        raise NotAsAssumed("; ".join(f"{side}: {', '.join(sorted(ids))}" for side, ids in alone.items() if ids))
    return f"{len(in_pom)} invoices are on both sides."


def _list_objects(scene: Scene, kind: str, *expand: str) -> list[Any]:
    """Returns the account's objects of a kind since the beginning of the run, as Stripe's JSON."""
    since = {"gte": scene.began_at - CLOCK_DIFFERENCE}
    return scene.session.list_json(getattr(scene.session.v1, kind), {"created": since, "expand": list(expand)})


def _is_ours(scene: Scene, invoice: Any) -> bool:
    return bool(
        invoice["metadata"].get(ORGANIZATION_KEY) == scene.organization and INVOICE_KEY in invoice["metadata"]
    )


def _pom_invoices(scene: Scene) -> list[Any]:
    return list(scene.office.get("/invoices?first=100")["data"])


def _findings(name: str, pom_invoice: Any, invoice: Any, stripe: StripeObjects) -> Iterator[Finding]:
    charges, refunds = _charges_and_refunds(invoice, stripe)
    yield _finding(
        f"{name}: record",
        "invoice",
        [_stripe_invoice_row(invoice, charges, refunds)],
        [_pom_invoice_row(pom_invoice)],
    )
    payments = [each for each in pom_invoice["payments"] if each["outside"] is None and each["status"] == "succeeded"]
    succeeded_charges = [each for each in charges if each["status"] == "succeeded"]
    if payments or succeeded_charges:
        yield _finding(
            f"{name}: payments", "charge", [*map(_charge_row, succeeded_charges)], [*map(_payment_row, payments)]
        )
    pom_refunds = [refund for payment in pom_invoice["payments"] for refund in payment["refunds"]]
    if pom_refunds or refunds:
        yield _finding(
            f"{name}: refunds", "refund", [*map(_refund_row, refunds)], [*map(_pom_refund_row, pom_refunds)]
        )


def _charges_and_refunds(invoice: Any, stripe: StripeObjects) -> tuple[list[Any], list[Any]]:
    """Returns the charges and the refunds of an invoice, oldest first."""
    intents = {each["payment"].get("payment_intent") for each in invoice["payments"]["data"]}
    charges = [each for each in stripe.charges if each["payment_intent"] in intents]
    ids = {each["id"] for each in charges}
    return charges[::-1], [each for each in stripe.refunds if each["charge"] in ids][::-1]


def _stripe_invoice_row(invoice: Any, charges: Sequence[Any], refunds: Sequence[Any]) -> Row:
    currency, due = invoice["currency"], invoice["due_date"]
    refunded_amount = sum(each["amount"] for each in refunds if each["status"] not in UNSUCCESSFUL_REFUNDS)
    void = invoice["status"] == "void"
    return {
        "id": invoice["id"],
        "number": invoice["number"],
        "status": guide_status(invoice, charges, refunded_amount),
        "currency": currency,
        "total": decimal_string(invoice["total"], currency),
        "paidAmount": decimal_string(invoice["amount_paid"], currency),
        "refundedAmount": decimal_string(refunded_amount, currency),
        "balance": decimal_string(0 if void else invoice["amount_remaining"], currency),
        "dueDate": dt.datetime.fromtimestamp(due, ZoneInfo(TIME_ZONE)).date().isoformat() if due else None,
        "paymentUrl": _link_digest(invoice["hosted_invoice_url"]),
        "pdfUrl": _link_digest(invoice["invoice_pdf"]),
    }


def guide_status(invoice: Any, charges: Sequence[Any], refunded_amount: int) -> str:
    """Returns the guide's status of a Stripe invoice. `charges` are the invoice's charges, oldest first."""
    if invoice["status"] == "open":
        return "failed" if charges and charges[-1]["status"] == "failed" else "pending"
    if invoice["status"] == "paid" and 0 < invoice["amount_paid"] <= refunded_amount:
        return "refunded"
    return str(invoice["status"])


def _pom_invoice_row(pom_invoice: Any) -> Row:
    copied_fields = ("number", "status", "currency", "total", "paidAmount", "refundedAmount", "balance", "dueDate")
    links = {name: _link_digest(pom_invoice[name]) for name in ("paymentUrl", "pdfUrl")}
    return {"id": pom_invoice["stripeInvoiceId"], **{name: pom_invoice[name] for name in copied_fields}, **links}


def _charge_row(charge: Any) -> Row:
    card, balance_transaction = charge["payment_method_details"]["card"], charge["balance_transaction"]
    return {
        "id": charge["payment_intent"],
        "amount": decimal_string(charge["amount"], charge["currency"]),
        "brand": card["brand"],
        "last4": card["last4"],
        "fee": decimal_string(balance_transaction["fee"], balance_transaction["currency"])
        if balance_transaction
        else None,
    }


def _payment_row(payment: Any) -> Row:
    method = payment["method"] or {}
    card = {name: method.get(name) for name in ("brand", "last4")}
    return {"id": payment["id"], "amount": payment["amount"], **card, "fee": payment["fee"]}


def _refund_row(refund: Any) -> Row:
    amount = decimal_string(refund["amount"], refund["currency"])
    return {"id": refund["id"], "amount": amount, "status": refund["status"]}


def _pom_refund_row(refund: Any) -> Row:
    return {name: refund[name] for name in ("id", "amount", "status")}


def _link_digest(link: str | None) -> str | None:
    """Returns the host of a link, and a digest of the part that identifies the invoice. The link itself is a
    secret.
    """
    if link is None:
        return None
    parts = urlsplit(link)
    identifying_path = "/".join(each[:TOKEN_LENGTH] for each in parts.path.split("/"))
    return f"{parts.netloc} {hashlib.sha256(identifying_path.encode()).hexdigest()[:DIGEST_LENGTH]}"


def _finding(name: str, kind: str, stripe: Sequence[Row], pom: Sequence[Row]) -> Finding:
    sentence = f"POM shows what Stripe's {kind} says."
    differences = list(_differences(name, kind, {row["id"]: row for row in stripe}, {row["id"]: row for row in pom}))
    if differences:
        text = "; ".join(f"{each.path} is {each.recorded} in Stripe, {each.played} in POM" for each in differences)
        return Finding(Part.PRODUCT, name, Verdict.HARMFUL, text, sentence, differences)
    values = "; ".join(", ".join(str(value) for value in row.values() if value is not None) for row in pom)
    return Finding(Part.PRODUCT, name, Verdict.AS_ASSUMED, values, sentence)


def _differences(name: str, kind: str, stripe: Mapping[str, Row], pom: Mapping[str, Row]) -> Iterator[Difference]:
    """Yields the differences. `recorded` is Stripe's value, `played` is POM's."""
    request = f"GET /v1/{kind}s"
    for each in stripe.keys() | pom.keys():
        stripe_row, pom_row = stripe.get(each), pom.get(each)
        if stripe_row is None or pom_row is None:
            difference_kind = Kind.EXTRA if pom_row is None else Kind.MISSING
            yield Difference(difference_kind, name, request, kind, "id", stripe_row and each, pom_row and each)
            continue
        for field, value in stripe_row.items():
            if value != pom_row[field]:
                yield Difference(Kind.VALUE, name, request, kind, field, value, pom_row[field])
