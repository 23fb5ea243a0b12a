"""Functions with which the sandbox's promises read Stripe's responses, refusals and events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import stripe

from infra.sandbox.session import Session

JSON = dict[str, Any]

CLOCK_MARGIN = 300
"""The most seconds by which this machine's clock and Stripe's may differ."""
POLL_DELAYS = (3.0, 3.0, 3.0, 6.0, 12.0)
"""Seconds between two lists of events, until the expected events are listed."""


def response_json(response: Any) -> JSON:
    """Returns the JSON of a response of the SDK."""
    document: JSON = json.loads(response.last_response.body)
    return document


def response_header(response: Any, name: str) -> str | None:
    """Returns a header of a response or of an error; None if it is missing. `name` is in small letters."""
    headers = response.headers if isinstance(response, stripe.StripeError) else response.last_response.headers
    return {each.lower(): value for each, value in (headers or {}).items()}.get(name)


def refusal(request: Callable[[], Any]) -> stripe.StripeError | None:
    """Makes a request. Returns the error with which Stripe refused it; None if Stripe did not refuse."""
    try:
        request()
    except stripe.StripeError as error:
        return error
    return None


def refusal_text(error: stripe.StripeError | None) -> str:
    """Returns a refusal as text: status, type, code, decline code and parameter."""
    if error is None:
        return "not refused"
    details = error_object(error)
    parts = [
        f"{name} {details[name]}"
        for name in ("type", "code", "decline_code", "message_code", "param")
        if details.get(name)
    ]
    return f"refused with {', '.join([str(error.http_status), *parts])}"


def error_object(error: stripe.StripeError) -> JSON:
    """Returns the error object of a refusal."""
    details = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    return details if isinstance(details, dict) else {"type": details}


def events_about(session: Session, ids: Collection[str], expected: Collection[str] = ()) -> list[JSON]:
    """Returns the account's events whose object names one of these ids, oldest first.

    The events of the stories are known. If they do not contain an event for each expected type, events are listed for
    up to half a minute. Such a list covers the last CLOCK_MARGIN seconds, and at most the newest hundred events.
    """
    of_stories = _events_naming(session.story_events, ids)
    if expected and Counter(expected) <= Counter(event_types(of_stories)):
        return of_stories
    since = len(session.recorder.exchanges)
    query = {"limit": 100, "created": {"gte": session.now() - CLOCK_MARGIN}}
    for wait in (0.0, *POLL_DELAYS):
        if wait:
            session.wait(wait, f"{', '.join(sorted(expected))} may be listed later")
        page = response_json(session.v1.events.list(query, session.on_account()))["data"]
        events = _events_naming(page, ids)
        complete = Counter(expected) <= Counter(event_types(events))
        if complete:
            break
    session.recorder.keep_last_poll(since, {"data.*.type": min(expected)} if expected and complete else {})
    return events


def _events_naming(listed: Sequence[JSON], ids: Collection[str]) -> list[JSON]:
    return [each for each in reversed(listed) if any(id_ in json.dumps(each["data"]["object"]) for id_ in ids)]


def event_types(events: Sequence[JSON]) -> list[str]:
    """Returns the types of the events, in order."""
    return [each["type"] for each in events]
