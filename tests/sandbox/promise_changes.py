"""For each promise a change of the double that breaks it, and the verdict that the promise must return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from infra.sandbox.changes.change import Wrap
from infra.sandbox.changes.edits import (
    bodies,
    each_event,
    errors,
    events,
    headers,
    objects,
    put,
    requests,
    responses,
    turn,
    without,
)
from infra.sandbox.findings import Verdict
from infra.stripe_double.http.messages import Request, Response, as_json

HARMLESS, HARMFUL = Verdict.HARMLESS, Verdict.HARMFUL
DAY = 86_400
JSON = dict[str, Any]


def _no_event(type_: str) -> Wrap:
    return events(lambda page: [each for each in page if each["type"] != type_])


def _twice(type_: str) -> Wrap:
    return events(lambda page: [copy for each in page for copy in [each] * (1 + (each["type"] == type_))])


def _once(type_: str) -> Wrap:
    """Only the oldest event of a type is listed."""

    def edited(page: list[JSON]) -> list[JSON]:
        all_of_type = [each for each in page if each["type"] == type_]
        return [each for each in page if each["type"] != type_ or each is all_of_type[-1]]

    return events(edited)


def _with_other_code(code: str) -> Wrap:
    return errors(put("code", "something_else"), code)


def _instead(method: str, path: str, status: int, body: JSON) -> Wrap:
    return responses(lambda *_: as_json(status, body), method, path)


def _header(name: str, value: str, status: int | None = None, path: str = "") -> Wrap:
    def edited(_: Request, response: Response) -> Response:
        if status in (None, response.status):
            response.headers[name] = value
        return response

    return responses(edited, path=path)


def _body(edit: Callable[[JSON], object], method: str = "", path: str = "") -> Wrap:
    """The change of each whole body, in place."""

    def edited(body: JSON) -> None:
        edit(body)

    return bodies(edited, method, path)


def _no_small_letters(request: Request, response: Response) -> Response:
    return response if "Ann" in request.query else as_json(200, {"object": "search_result", "data": []})


def _in_the_version_asked_for(request: Request, response: Response) -> Response:
    version = request.header("stripe-version").encode()
    return replace(response, body=response.body.replace(b'"2020-08-27"', b'"' + version + b'"'))


def _second_use_refused_otherwise() -> Wrap:
    uses = count(1)

    def edited(_: Request, response: Response) -> Response:
        return response if next(uses) == 1 else as_json(400, {"error": "invalid_request", "error_description": "No."})

    return responses(edited, path="/oauth/token")


def _insufficient_funds_to_be_retried(_: Request, response: Response) -> Response:
    """Only one of the cards, because the SDK waits before it tries again."""
    if response.status == 402 and b"insufficient_funds" in response.body:
        response.headers["Stripe-Should-Retry"] = "true"
    return response


def _lists_for_anybody(_: Request, response: Response) -> Response:
    return as_json(200, {"object": "list", "data": [], "has_more": False}) if response.status == 403 else response


def _typed_with_capitals(request: Request) -> Request:
    return replace(request, query=request.query.replace("ann.sandbox", "Ann.Sandbox").replace("example", "Example"))


INVOICE, CUSTOMER = r"/v1/invoices/in_\w+", r"/v1/customers/cus_\w+"
STEP: Callable[[str], str] = lambda name: rf"/v1/invoices/in_\w+/{name}"  # noqa: E731
MOVED = "00000001-moved@example.com"
OTHER_LINK = "https://invoice.stripe.com/i/other"

CHANGES: Mapping[str, tuple[Wrap, Verdict]] = {
    "send mails once": (_twice("invoice.sent"), HARMFUL),
    "finalizing makes a default payment": (objects("invoice", put("payments.data", []), path=STEP("send")), HARMFUL),
    "a draft is not finalized automatically": (
        objects("invoice", put("automatically_finalizes_at", 1_900_000_000)),
        HARMFUL,
    ),
    "days until due count from the draft": (objects("invoice", turn("due_date", lambda at: at + 3 * DAY)), HARMFUL),
    "added lines stand at the end": (_body(turn("data", lambda data: data[::-1]), "GET", STEP("lines")), HARMLESS),
    "one line makes one invoice item": (_no_event("invoiceitem.deleted"), HARMLESS),
    "the payment link stays the same": (objects("invoice", put("hosted_invoice_url", OTHER_LINK), "GET"), HARMLESS),
    "sending again mails again": (_once("invoice.sent"), HARMFUL),
    "an issued invoice cannot be deleted": (
        _instead("DELETE", INVOICE, 200, {"object": "invoice", "deleted": True}),
        HARMFUL,
    ),
    "foreign pending items stay out": (objects("invoice", put("total", 900), "POST", "/v1/invoices"), HARMFUL),
    "finalizing without lines pays": (
        _instead("POST", STEP("finalize"), 400, {"error": {"type": "invalid_request_error"}}),
        HARMLESS,
    ),
    "zero is paid at finalization": (objects("invoice", put("status", "open"), path=STEP("finalize")), HARMFUL),
    "less than the minimum is paid at finalization": (
        objects("invoice", put("status", "open"), path=STEP("finalize")),
        HARMFUL,
    ),
    "a key replays its response": (headers(lambda named: named.pop("Idempotent-Replayed", None)), HARMFUL),
    "a key refuses other parameters": (errors(put("type", "invalid_request_error")), HARMFUL),
    "keys belong to their account": (_with_other_code("resource_missing"), HARMFUL),
    "a failure is stored": (requests(lambda each: without(each, "idempotency-key"), path=STEP("void")), HARMLESS),
    "a refused state is not to be retried": (_header("Stripe-Should-Retry", "true", 400), HARMLESS),
    "a key in use conflicts": (
        requests(lambda each: without(each, "idempotency-key"), path="/v1/customers"),
        HARMFUL,
    ),
    "open payments are listed with their intents": (_body(put("data", []), path="/v1/invoice_payments"), HARMFUL),
    "an expansion has four levels": (
        requests(lambda each: replace(each, query="limit=1"), "GET", "/v1/invoices"),
        HARMLESS,
    ),
    "a new invoice is found by its metadata": (objects("invoice", put("metadata", {}), "GET"), HARMFUL),
    "an event names the key of its request": (each_event(".*", put("request.idempotency_key", None)), HARMFUL),
    "a listed event names no other account": (each_event(".*", put("account", "acct_other")), HARMFUL),
    "an event is listed soon": (_no_event("invoice.sent"), HARMFUL),
    "events are listed in their account's version": (
        responses(_in_the_version_asked_for, path="/v1/events.*"),
        HARMLESS,
    ),
    "lists are newest first": (_body(turn("data", lambda data: data[::-1]), "GET", "/v1/invoices"), HARMFUL),
    "a decline has a decline code": (errors(put("decline_code", None), "card_declined"), HARMFUL),
    "a decline is not to be retried": (responses(_insufficient_funds_to_be_retried), HARMLESS),
    "a payment has its event": (_no_event("invoice_payment.paid"), HARMLESS),
    "the fee comes later": (_no_event("charge.updated"), HARMFUL),
    "an out-of-band payment cancels the intent": (_no_event("payment_intent.canceled"), HARMLESS),
    "an invoice shows what was paid outside Stripe": (objects("invoice", put("amount_paid_off_stripe", 0)), HARMFUL),
    "a processing debit forbids voiding": (_with_other_code("payment_intent_unexpected_state"), HARMLESS),
    "a processing debit forbids out-of-band payment": (_with_other_code("payment_intent_unexpected_state"), HARMLESS),
    "a processing debit allows marking as uncollectible": (
        _instead("POST", STEP("mark_uncollectible"), 400, {"error": {"type": "invalid_request_error"}}),
        HARMLESS,
    ),
    "amount_paid contains a surplus": (objects("invoice", turn("amount_paid", lambda _: 4200), "GET"), HARMFUL),
    "a refund that is too large has no code": (errors(put("param", "charge")), HARMFUL),
    "a refunded invoice stays paid": (objects("invoice", put("status", "open"), "GET"), HARMFUL),
    "a refund has its events": (_no_event("refund.created"), HARMLESS),
    "a refund is available with its payment": (
        objects("balance_transaction", turn("available_on", lambda at: at + DAY), path="/v1/refunds"),
        HARMLESS,
    ),
    "a refund of what is refunded has a code": (_with_other_code("charge_already_refunded"), HARMFUL),
    "a manual payout has no lines": (
        _body(put("error.code", "parameter_invalid"), path="/v1/balance_transactions"),
        HARMFUL,
    ),
    "a manual payout is not reconciled": (
        objects("payout", put("reconciliation_status", "in_progress")),
        HARMLESS,
    ),
    "a payout above the balance is refused": (_with_other_code("balance_insufficient"), HARMLESS),
    "a revision leads to its original": (objects("invoice", put("latest_revision", None)), HARMFUL),
    "a revision has all metadata or none": (
        objects("invoice", put("metadata", {"pom_invoice_id": "other"}), "POST", "/v1/invoices"),
        HARMLESS,
    ),
    "a revision emits the events of both invoices": (_no_event("invoice.voided"), HARMLESS),
    "the list of customers is case-sensitive": (requests(_typed_with_capitals, "GET", "/v1/customers"), HARMLESS),
    "metadata are stored in full": (
        objects("customer", turn("metadata.filler_7", lambda text: text[:255]), "POST", CUSTOMER),
        HARMFUL,
    ),
    "an issued invoice keeps its address": (objects("invoice", put("customer_email", MOVED), "GET"), HARMLESS),
    "a deleted customer can be read": (
        _instead("GET", CUSTOMER, 404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}),
        HARMFUL,
    ),
    "open invoices survive their customer": (
        _instead("POST", STEP("void"), 400, {"error": {"type": "invalid_request_error"}}),
        HARMFUL,
    ),
    "the search of customers ignores case": (responses(_no_small_letters, "GET", "/v1/customers/search"), HARMFUL),
    "an invoice names its application": (objects("invoice", put("application", None)), HARMLESS),
    "an account that is not connected is unreachable": (_with_other_code("account_invalid"), HARMFUL),
    "an endpoint takes our subscription": (
        objects("webhook_endpoint", turn("enabled_events", lambda types: types[1:])),
        HARMFUL,
    ),
    "a Connect endpoint names its application": (objects("webhook_endpoint", put("application", None)), HARMFUL),
    "a response is dated after its change": (_header("Date", "Thu, 01 Jan 2026 00:00:00 GMT"), HARMFUL),
    "a rate limit has its own reason header": (_header("Retry-After", "1", 429), HARMLESS),
    "an unconnected account cannot be deauthorized": (
        _body(put("error_description", "No."), path="/oauth/deauthorize"),
        HARMFUL,
    ),
    "a wrong code is an invalid grant": (_body(put("error", "invalid_request"), path="/oauth/token"), HARMFUL),
    "a restricted key can connect and disconnect": (
        _instead("POST", "/oauth/token", 401, {"error": "invalid_client", "error_description": "Not with this key."}),
        HARMFUL,
    ),
    "a code grants an account": (_body(put("scope", "read_only"), path="/oauth/token"), HARMFUL),
    "a code is used once": (_second_use_refused_otherwise(), HARMLESS),
    "a disconnected account is unreachable": (responses(_lists_for_anybody, "GET", "/v1/customers"), HARMFUL),
}
