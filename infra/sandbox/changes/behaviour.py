"""Changes of Stripe's behaviour: sending, paying, voiding, revising, refunding."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from infra.sandbox.changes.change import Change, ExpectedFinding, Handle
from infra.sandbox.changes.edits import JSON, bodies, drop, events, objects, put, rename, responses
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double import DAY, StripeDouble
from infra.stripe_double.http.messages import Request, Response

_HARMFUL, _HARMLESS = Verdict.HARMFUL, Verdict.HARMLESS


def _shape_finding(story: str, text: str, verdict: Verdict = _HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.SHAPES, story, verdict, text)


def _promise_finding(promise: str, text: str, verdict: Verdict = _HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.PROMISES, promise, verdict, text)


def _send_without_finalizing(handle: Handle) -> Handle:
    def handle_changed(request: Request) -> Response:
        if request.method == "POST" and request.path.endswith("/send"):
            retrieval = replace(request, method="GET", path=request.path.removesuffix("/send"), body=b"", query="")
            response = handle(retrieval)
            if json.loads(response.body).get("status") == "draft":
                return response
        return handle(request)

    return handle_changed


def _send_event_twice(page: list[JSON]) -> list[JSON]:
    return [
        event
        for each in page
        for event in ([{**each, "id": f"{each['id']}again"}] if each["type"] == "invoice.sent" else []) + [each]
    ]


def _mark_payments_paid(invoice: JSON) -> None:
    """Marks the open payment of an invoice that was paid out of band as paid."""
    payments = (invoice.get("payments") or {}).get("data", ())
    if invoice.get("status") == "paid" and not any(payment["status"] == "paid" for payment in payments):
        for payment in payments:
            payment.update(status="paid", amount_paid=invoice["amount_paid"])


def _without_organization(invoice: JSON) -> None:
    if invoice["from_invoice"]:
        invoice["metadata"].pop("pom_organization_id", None)


def _make_payout(double: StripeDouble, account: str) -> None:
    """Makes an automatic payout of the account."""
    double.update_account(account, payout_schedule="daily")
    double.outside_charge(account, 5000)
    double.advance(4 * DAY)


def _reopen_original(invoice: JSON) -> None:
    if invoice.get("latest_revision"):
        rename("status", "void", "open")(invoice)


def _use_requested_version(request: Request, response: Response) -> Response:
    body: JSON = json.loads(response.body)
    for event in body.get("data", [body]) if body.get("object") == "list" else [body]:
        event["api_version"] = request.header("stripe-version")
    return replace(response, body=json.dumps(body).encode())


def _list_no_payout_lines(handle: Handle) -> Handle:
    """Returns an empty list of a payout's lines."""

    def handle_changed(request: Request) -> Response:
        response = handle(request)
        if request.path == "/v1/balance_transactions" and re.search(r"(^|&)payout=", request.query):
            body: JSON = json.loads(response.body)
            response = replace(response, body=json.dumps({**body, "data": [], "has_more": False}).encode())
        return response

    return handle_changed


BEHAVIOUR = (
    Change(
        "an old account without refund events",
        "An account on a version of 2018 leaves no `refund.created`.",
        ExpectedFinding(Part.SEQUENCES, "refunds", _HARMFUL, "event missing: refund.created"),
        settings={"account_version": "2018-02-28"},
        prepare=lambda double, _: double.set_delivery(refunds_before_acacia=False),
    ),
    Change(
        "an old account without events of its payments",
        "An account on a version before 2025-03-31 leaves no `invoice_payment.paid`.",
        _promise_finding("a payment has its event", "It did not come", _HARMLESS),
        settings={"account_version": "2022-08-01"},
        prepare=lambda double, _: double.set_delivery(invoice_payments_before_basil=False),
    ),
    Change(
        "sending does not finalize",
        "Sending a draft leaves it a draft.",
        _shape_finding("billing", "invoice.status"),
        _send_without_finalizing,
    ),
    Change(
        "sending mails twice",
        "Sending leaves two `invoice.sent`.",
        _promise_finding("send mails once", "2 x invoice.sent"),
        events(_send_event_twice),
    ),
    Change(
        "voiding leaves the intent",
        "The intent of a void invoice can still be paid.",
        ExpectedFinding(Part.SEQUENCES, "revision", _HARMFUL, "event missing: payment_intent.canceled"),
        events(lambda page: [each for each in page if each["type"] != "payment_intent.canceled"]),
    ),
    Change(
        "cash makes a payment",
        "An invoice that is paid out of band has a paid invoice payment.",
        _promise_finding("an out-of-band payment cancels the intent", "the status of its payments is paid"),
        objects("invoice", _mark_payments_paid),
    ),
    Change(
        "a revision with a part of the metadata",
        "A revision has POM's ids of its original, but for the organization's.",
        _promise_finding("a revision has all metadata or none", "of the", _HARMLESS),
        objects("invoice", _without_organization),
        settings={"revisions_copy_metadata": True},
    ),
    Change(
        "a revision that voids nothing",
        "The original of a finalized revision stays open.",
        _shape_finding("revision", "other value: invoice.status"),
        objects("invoice", _reopen_original),
    ),
    Change(
        "a debit that settles at once",
        "A bank debit has succeeded when the request is answered.",
        _shape_finding("debits", "other value: payment_intent.status"),
        objects("payment_intent", rename("status", "processing", "succeeded"), "POST"),
    ),
    Change(
        "a debit that never settles",
        "A bank debit is processing for weeks.",
        _shape_finding("debits", "after 180 s"),
        prepare=lambda double, _: setattr(double.config, "ach_days", 60.0),
    ),
    Change(
        "a fee that never comes",
        "A charge never has its `balance_transaction`.",
        _shape_finding("payouts", "charge.balance_transaction"),
        objects("charge", put("balance_transaction", None)),
    ),
    Change(
        "a fee at once",
        "A charge has its `balance_transaction` when it succeeds.",
        _promise_finding("the fee comes later", "had a balance transaction at first", _HARMLESS),
        prepare=lambda double, account: double.update_account(account, async_capture=False),
    ),
    Change(
        "a refund that stays pending",
        "A refund of a card payment is pending.",
        _shape_finding("refunds", "other value: refund.status"),
        objects("refund", rename("status", "succeeded", "pending")),
    ),
    Change(
        "a dispute without its transaction",
        "A dispute has no `balance_transactions`.",
        _shape_finding("disputes", "missing: dispute.balance_transactions", _HARMLESS),
        objects("dispute", drop("balance_transactions")),
    ),
    Change(
        "a credit note that lowers nothing",
        "`pre_payment_amount` of an open invoice's credit note is zero.",
        _shape_finding("credit notes", "other value: credit_note.pre_payment_amount"),
        objects("credit_note", put("pre_payment_amount", 0)),
    ),
    Change(
        "an account without requirements",
        "An account has no `requirements`.",
        _shape_finding("accounts", "missing: account.requirements"),
        objects("account", drop("requirements")),
    ),
    Change(
        "a payout without lines",
        "The list of an automatic payout's transactions is empty.",
        _shape_finding("payouts later", "add up to 0"),
        _list_no_payout_lines,
        prepare=_make_payout,
    ),
    Change(
        "events in the reader's version",
        "Events are listed in the version that the reader sends.",
        _promise_finding("events are listed in their account's version", "endive", _HARMLESS),
        responses(_use_requested_version, "GET", "/v1/events(/.*)?"),
    ),
    Change(
        "live mode",
        "Objects say that they are live.",
        _promise_finding("test mode", "livemode"),
        bodies(lambda body: {**body, "livemode": True}),
    ),
)
