"""What Stripe would do otherwise: sending, paying, voiding, correcting, refunding."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from infra.sandbox.changes.change import Change, Handle, Named
from infra.sandbox.changes.edits import JSON, bodies, drop, each_event, events, objects, put, rename
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double.http.messages import Request, Response

_HARMFUL, _HARMLESS = Verdict.HARMFUL, Verdict.HARMLESS


def _shape(story: str, text: str, verdict: Verdict = _HARMFUL) -> Named:
    return Named(Part.SHAPES, story, verdict, text)


def _refuted(promise: str, text: str, verdict: Verdict = _HARMFUL) -> Named:
    return Named(Part.PROMISES, promise, verdict, text)


def _send_without_finalizing(handle: Handle) -> Handle:
    def handled(request: Request) -> Response:
        if request.method == "POST" and request.path.endswith("/send"):
            read = replace(request, method="GET", path=request.path.removesuffix("/send"), body=b"", query="")
            found = handle(read)
            if json.loads(found.body).get("status") == "draft":
                return found
        return handle(request)

    return handled


def _sent_twice(page: list[JSON]) -> list[JSON]:
    return [
        event
        for each in page
        for event in ([{**each, "id": f"{each['id']}again"}] if each["type"] == "invoice.sent" else []) + [each]
    ]


def _paid_by_invoice_payment(invoice: JSON) -> None:
    """Lets the open payment of an invoice that was paid out of band count as paid."""
    if invoice.get("amount_paid_off_stripe"):
        for payment in (invoice.get("payments") or {}).get("data", ()):
            if payment["status"] == "canceled":
                payment.update(status="paid", amount_paid=invoice["amount_paid_off_stripe"])


def _credit_ignored(invoice: JSON) -> None:
    credited = invoice["pre_payment_credit_notes_amount"]
    invoice["pre_payment_credit_notes_amount"] = 0
    invoice["amount_due"] += credited
    invoice["amount_remaining"] += credited


def _original_open(invoice: JSON) -> None:
    if invoice.get("latest_revision"):
        rename("status", "void", "open")(invoice)


def _nothing_listed(handle: Handle) -> Handle:
    """Lists no lines of a payout."""

    def handled(request: Request) -> Response:
        response = handle(request)
        if request.path == "/v1/balance_transactions" and re.search(r"(^|&)payout=", request.query):
            body: JSON = json.loads(response.body)
            response = replace(response, body=json.dumps({**body, "data": [], "has_more": False}).encode())
        return response

    return handled


BEHAVIOUR = (
    Change(
        "sending does not finalize",
        "Sending a draft leaves it a draft.",
        _shape("billing", "invoice.status"),
        _send_without_finalizing,
    ),
    Change(
        "sending mails twice",
        "Sending leaves two `invoice.sent`.",
        _refuted("send finalizes and mails once", "2"),
        events(_sent_twice),
    ),
    Change(
        "voiding leaves the intent",
        "The intent of a void invoice can still be paid.",
        _shape("ends", "other value: payment_intent.status"),
        objects("payment_intent", rename("status", "canceled", "requires_payment_method")),
    ),
    Change(
        "cash makes a payment",
        "An invoice that is paid out of band has a paid invoice payment.",
        _shape("ends", "invoice_payment.status"),
        objects("invoice", _paid_by_invoice_payment),
    ),
    Change(
        "a revision with the metadata of its original",
        "A revision has the metadata of its original.",
        _refuted("a revision has no metadata of its original", "metadata", _HARMLESS),
        settings={"revisions_copy_metadata": True},
    ),
    Change(
        "a revision that voids nothing",
        "The original of a finalized revision stays open.",
        _shape("revision", "other value: invoice.status"),
        objects("invoice", _original_open),
    ),
    Change(
        "a debit that settles at once",
        "A bank debit has succeeded when the request is answered.",
        _shape("debits", "payment_intent.status"),
        settings={"ach_days": 0.0},
    ),
    Change(
        "a debit that never settles",
        "A bank debit is processing for weeks.",
        _shape("debits", "not in time"),
        settings={"ach_days": 60.0},
    ),
    Change(
        "a fee that never comes",
        "A charge never has its `balance_transaction`.",
        _shape("payouts", "charge.balance_transaction"),
        objects("charge", put("balance_transaction", None)),
    ),
    Change(
        "a fee at once",
        "A charge has its `balance_transaction` when it succeeds.",
        _refuted("the balance transaction comes later", "at once", _HARMLESS),
        settings={"capture_seconds": 0.0},
    ),
    Change(
        "a refund that stays pending",
        "A refund of a card payment is pending.",
        _shape("refunds", "other value: refund.status"),
        objects("refund", rename("status", "succeeded", "pending")),
    ),
    Change(
        "a dispute without its transaction",
        "A dispute has no `balance_transactions`.",
        _shape("disputes", "missing: dispute.balance_transactions", _HARMLESS),
        objects("dispute", drop("balance_transactions")),
    ),
    Change(
        "a credit note that changes nothing",
        "A credit note leaves the amount that remains on the invoice.",
        _shape("credit notes", "other value: invoice.amount_remaining"),
        objects("invoice", _credit_ignored),
    ),
    Change(
        "an account without requirements",
        "An account has no `requirements`.",
        _shape("accounts", "missing: account.requirements"),
        objects("account", drop("requirements")),
    ),
    Change(
        "a payout without lines",
        "The list of an automatic payout's transactions is empty.",
        _shape("payouts", "balance_transaction"),
        _nothing_listed,
    ),
    Change(
        "events in the reader's version",
        "Events are listed in the version that the reader sends.",
        _refuted("events come in the version of their account", "version"),
        each_event(".*", put("api_version", "2026-10-28.endive")),
    ),
    Change(
        "live mode",
        "Objects say that they are live.",
        _refuted("test mode", "livemode"),
        bodies(lambda body: {**body, "livemode": True}),
    ),
)
