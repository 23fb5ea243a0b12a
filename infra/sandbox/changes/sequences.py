"""Changes of events: late, missing, doubled, in another order, or without a field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime

from infra.sandbox.changes.change import Change, ExpectedFinding
from infra.sandbox.changes.edits import JSON, drop, each_event, events, put, rename, responses
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double.http.messages import Request, Response

_HARMFUL, _HARMLESS = Verdict.HARMFUL, Verdict.HARMLESS


def _sequence_finding(story: str, text: str, verdict: Verdict = _HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.SEQUENCES, story, verdict, text)


def _drop_events(type_: str) -> Callable[[list[JSON]], list[JSON]]:
    return lambda page: [each for each in page if each["type"] != type_]


def _repeat_events(type_: str) -> Callable[[list[JSON]], list[JSON]]:
    def edit(page: list[JSON]) -> list[JSON]:
        return [
            event
            for each in page
            for event in ([{**each, "id": f"{each['id']}again"}, each] if each["type"] == type_ else [each])
        ]

    return edit


def _delay_listing(seconds: float) -> Callable[[Request, Response], Response]:
    """Hides each event for this time after it was created."""

    def edit(_: Request, response: Response) -> Response:
        now = parsedate_to_datetime(response.headers["Date"]).timestamp()
        body = json.loads(response.body)
        if "data" in body:
            body["data"] = [each for each in body["data"] if each["created"] <= now - seconds]
        return replace(response, body=json.dumps(body).encode())

    return edit


def _date_earlier(type_: str, seconds: int) -> Callable[[list[JSON]], list[JSON]]:
    def edit(page: list[JSON]) -> list[JSON]:
        for each in page:
            if each["type"] == type_:
                each["created"] -= seconds
        return sorted(page, key=lambda each: each["created"], reverse=True)

    return edit


SEQUENCES = (
    Change(
        "an event late",
        "Events are listed an hour after they were made.",
        _sequence_finding("billing", "event missing: invoice.sent"),
        responses(_delay_listing(3600), "GET", "/v1/events"),
    ),
    Change(
        "an event never made",
        "Finalizing leaves no `invoice.finalized`.",
        _sequence_finding("billing", "event missing: invoice.finalized"),
        events(_drop_events("invoice.finalized")),
    ),
    Change(
        "an event twice",
        "Sending leaves two `invoice.sent`.",
        _sequence_finding("billing", "event extra: invoice.sent"),
        events(_repeat_events("invoice.sent")),
    ),
    Change(
        "an event of another type",
        "Finalizing leaves `invoice.opened`.",
        _sequence_finding("billing", "event missing: invoice.finalized"),
        each_event(r"invoice\.finalized", rename("type", "invoice.finalized", "invoice.opened")),
    ),
    Change(
        "an event that nobody subscribes to never made",
        "Making a customer leaves no event.",
        _sequence_finding("billing", "event missing: customer.created", _HARMLESS),
        events(_drop_events("customer.created")),
    ),
    Change(
        "an event before its cause",
        "`refund.failed` is dated ten minutes before the refund was made.",
        _sequence_finding("refunds", "events in another order", _HARMLESS),
        events(_date_earlier("refund.failed", 600)),
    ),
    Change(
        "events without their account",
        "An event of a connected account does not name it.",
        _sequence_finding("billing", "missing: event.account"),
        each_event(r".*", drop("account")),
    ),
    Change(
        "events without their request",
        "An event does not say which request made it.",
        _sequence_finding("billing", "other null-ness: event.request"),
        each_event(r".*", put("request", None)),
    ),
    Change(
        "refunds that do not lead to their payment",
        "A refund in an event has no `payment_intent`, in an account's old version.",
        _sequence_finding("refunds", "refund.created.payment_intent"),
        each_event(r"refund\..*", drop("data.object.payment_intent")),
    ),
    Change(
        "disputes that do not lead to their payment",
        "A dispute in an event has no `payment_intent`.",
        _sequence_finding("disputes", "charge.dispute.created.payment_intent"),
        each_event(r"charge\.dispute\..*", drop("data.object.payment_intent")),
    ),
)
