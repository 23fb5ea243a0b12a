"""Idempotency keys that Stripe would treat otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from infra.sandbox.changes.change import Change, Handle, Named, Wrap
from infra.sandbox.changes.edits import answers, headers, requests, without
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double.http.messages import Request, Response

KEY = "idempotency-key"
REPLAYED = "Idempotent-Replayed"


def _refuted(promise: str, text: str, verdict: Verdict = Verdict.HARMFUL) -> Named:
    return Named(Part.PROMISES, promise, verdict, text)


def _remembered(about: Callable[[Request], object]) -> Wrap:
    """Returns the change that every later request with a key gets the first answer, if `about` is the same."""

    def wrap(handle: Handle) -> Handle:
        stored: dict[object, Response] = {}

        def handled(request: Request) -> Response:
            key = request.header(KEY)
            if not key or request.method != "POST":
                return handle(request)
            known = stored.get((key, about(request)))
            if known is None:
                known = stored[key, about(request)] = handle(request)
                return known
            return replace(known, headers={**known.headers, REPLAYED: "true"})

        return handled

    return wrap


def _forget_failures(handle: Handle) -> Handle:
    """Executes a request again whose first answer was a failure."""
    failed: dict[str, int] = {}

    def handled(request: Request) -> Response:
        key = request.header(KEY)
        if key and failed.get(key):
            request = replace(request, headers={**request.headers, KEY: f"{key}-{failed[key]}"})
        response = handle(request)
        if key and response.status >= 400:
            failed[key] = failed.get(key, 0) + 1
        return response

    return handled


KEYS = (
    Change(
        "a key not honoured",
        "A second request with the same key makes a second object.",
        _refuted("a key in use conflicts", "Two customers were made"),
        requests(lambda request: without(request, KEY)),
    ),
    Change(
        "a replay without its header",
        "A replayed answer lacks `Idempotent-Replayed`.",
        _refuted("a key replays its answer", "idempotent-replayed is None; the answer is the same"),
        headers(lambda answered: answered.pop(REPLAYED, None)),
    ),
    Change(
        "a key that takes other parameters",
        "A key with other parameters gets the first answer.",
        _refuted("a key refuses other parameters", "not refused"),
        _remembered(lambda request: request.header("stripe-account")),
    ),
    Change(
        "a key refused with another type",
        "A key with other parameters is refused as an `invalid_request_error`.",
        _refuted("a key refuses other parameters", "invalid_request_error"),
        answers(
            lambda _, response: replace(
                response, body=response.body.replace(b'"idempotency_error"', b'"invalid_request_error"')
            )
        ),
    ),
    Change(
        "keys shared by accounts",
        "A key that one account has used gives its answer to another account.",
        _refuted("keys belong to their account", "not refused"),
        _remembered(lambda request: request.body),
    ),
    Change(
        "a failure is not kept",
        "A request that failed is executed again with the same key.",
        _refuted("a failure is stored", "idempotent-replayed is None", Verdict.HARMLESS),
        _forget_failures,
    ),
)
