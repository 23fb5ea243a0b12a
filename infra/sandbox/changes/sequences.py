"""Events that come otherwise: late, never, twice, in another order, or without what the double says in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime

from infra.sandbox.changes.change import Change, Named
from infra.sandbox.changes.edits import JSON, answers, drop, each_event, events, put, rename
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double.http.messages import Request, Response

_HARMFUL, _HARMLESS = Verdict.HARMFUL, Verdict.HARMLESS


def _event(story: str, text: str, verdict: Verdict = _HARMFUL) -> Named:
    return Named(Part.SEQUENCES, story, verdict, text)


def _never(type_: str) -> Callable[[list[JSON]], list[JSON]]:
    return lambda page: [each for each in page if each["type"] != type_]


def _twice(type_: str) -> Callable[[list[JSON]], list[JSON]]:
    def twice(page: list[JSON]) -> list[JSON]:
        return [
            event
            for each in page
            for event in ([{**each, "id": f"{each['id']}again"}, each] if each["type"] == type_ else [each])
        ]

    return twice


def _late(seconds: float) -> Callable[[Request, Response], Response]:
    """Lists an event only so long after it was made."""

    def edited(_: Request, response: Response) -> Response:
        now = parsedate_to_datetime(response.headers["Date"]).timestamp()
        body = json.loads(response.body)
        if "data" in body:
            body["data"] = [each for each in body["data"] if each["created"] <= now - seconds]
        return replace(response, body=json.dumps(body).encode())

    return edited


def _earlier(type_: str, seconds: int) -> Callable[[list[JSON]], list[JSON]]:
    def moved(page: list[JSON]) -> list[JSON]:
        for each in page:
            if each["type"] == type_:
                each["created"] -= seconds
        return sorted(page, key=lambda each: each["created"], reverse=True)

    return moved


SEQUENCES = (
    Change(
        "an event late",
        "Events are listed an hour after they were made.",
        _event("billing", "event missing: invoice.sent"),
        answers(_late(3600), "GET", "/v1/events"),
    ),
    Change(
        "an event never made",
        "Finalizing leaves no `invoice.finalized`.",
        _event("billing", "event missing: invoice.finalized"),
        events(_never("invoice.finalized")),
    ),
    Change(
        "an event twice",
        "Sending leaves two `invoice.sent`.",
        _event("billing", "event extra: invoice.sent"),
        events(_twice("invoice.sent")),
    ),
    Change(
        "an event of another type",
        "Finalizing leaves `invoice.opened`.",
        _event("billing", "event missing: invoice.finalized"),
        each_event(r"invoice\.finalized", rename("type", "invoice.finalized", "invoice.opened")),
    ),
    Change(
        "an event that nobody subscribes to never made",
        "Making a customer leaves no event.",
        _event("billing", "event missing: customer.created", _HARMLESS),
        events(_never("customer.created")),
    ),
    Change(
        "an event before its cause",
        "`refund.failed` is dated ten minutes before the refund was made.",
        _event("refunds", "events in another order", _HARMLESS),
        events(_earlier("refund.failed", 600)),
    ),
    Change(
        "events without their account",
        "An event of a connected account does not name it.",
        _event("billing", "missing: event.account"),
        each_event(r".*", drop("account")),
    ),
    Change(
        "events without their request",
        "An event does not say which request made it.",
        _event("billing", "other null-ness: event.request"),
        each_event(r".*", put("request", None)),
    ),
    Change(
        "refunds that do not lead to their payment",
        "A refund in an event has no `payment_intent`, in an account's old version.",
        _event("refunds", "refund.created.payment_intent"),
        each_event(r"refund\..*", drop("data.object.payment_intent")),
    ),
    Change(
        "disputes that do not lead to their payment",
        "A dispute in an event has no `payment_intent`.",
        _event("disputes", "charge.dispute.created.payment_intent"),
        each_event(r"charge\.dispute\..*", drop("data.object.payment_intent")),
    ),
)
