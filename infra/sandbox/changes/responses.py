"""Changes of errors and headers."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

from infra.sandbox.changes.change import Change, ExpectedFinding
from infra.sandbox.changes.edits import JSON, drop, errors, headers, put, status
from infra.sandbox.findings import Part, Verdict

_HARMFUL, _HARMLESS = Verdict.HARMFUL, Verdict.HARMLESS


def _shape_finding(story: str, text: str, verdict: Verdict = _HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.SHAPES, story, verdict, text)


def _promise_finding(promise: str, text: str, verdict: Verdict = _HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.PROMISES, promise, verdict, text)


def _shift_date(seconds: float) -> Callable[[dict[str, str]], object]:
    def edit(response_headers: dict[str, str]) -> None:
        date = parsedate_to_datetime(response_headers["Date"]).timestamp() + seconds
        response_headers["Date"] = formatdate(date, usegmt=True)

    return edit


def _invert_retry_advice(response_headers: dict[str, str]) -> None:
    advice = response_headers.get("Stripe-Should-Retry")
    if advice:
        response_headers["Stripe-Should-Retry"] = "false" if advice == "true" else "true"


def _without_decline(error: JSON) -> None:
    error.pop("decline_code", None)
    intent: Any = error.get("payment_intent") or {}
    drop("last_payment_error.decline_code")(intent)


RESPONSES = (
    Change(
        "answers without a date",
        "An answer has no `Date`.",
        _promise_finding("a response is dated after its change", "no Date"),
        headers(lambda answered: answered.pop("Date", None)),
    ),
    Change(
        "answers dated before they were given",
        "`Date` is ten minutes before `created` of what the request made.",
        _promise_finding("a response is dated after its change", "dated -"),
        headers(_shift_date(-600)),
    ),
    Change(
        "answers dated a minute late",
        "`Date` is a minute after `created` of what the request made.",
        _promise_finding("a response is dated after its change", "dated 6"),
        headers(_shift_date(60)),
    ),
    Change(
        "a limit without its reason",
        "A 429 has no `Stripe-Rate-Limited-Reason`.",
        _promise_finding("a rate limit has its own reason header", "reason none", _HARMLESS),
        headers(lambda answered: answered.pop("Stripe-Rate-Limited-Reason", None)),
        settings={"global_rate": 25.0},
    ),
    Change(
        "an error without its code",
        "A missing object is refused without `resource_missing`.",
        _shape_finding("customers", "other error"),
        errors(drop("code"), "resource_missing"),
    ),
    Change(
        "an error with another code",
        "A missing object is refused with `object_missing`.",
        _shape_finding("customers", "other error"),
        errors(put("code", "object_missing"), "resource_missing"),
    ),
    Change(
        "a decline with another status",
        "A declined card is answered with 400.",
        _shape_finding("cards", "other HTTP status"),
        status(400, 402),
    ),
    Change(
        "a refusal to be tried again",
        "`Stripe-Should-Retry` is true on a decline.",
        _shape_finding("cards", "other header"),
        headers(_invert_retry_advice),
    ),
    Change(
        "a decline without its reason",
        "A declined card has no `decline_code`.",
        _shape_finding("cards", "other error"),
        errors(_without_decline),
    ),
)
