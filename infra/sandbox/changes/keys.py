"""Changes of idempotency keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from infra.sandbox.changes.change import Change, ExpectedFinding, Handle, Wrap
from infra.sandbox.changes.edits import headers, requests, responses, without
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double.http.messages import Request, Response

KEY = "idempotency-key"
REPLAYED = "Idempotent-Replayed"


def _promise_finding(promise: str, text: str, verdict: Verdict = Verdict.HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.PROMISES, promise, verdict, text)


def _replay_first_response(about: Callable[[Request], object]) -> Wrap:
    """Returns a wrapper that replays the first response to a key for later requests with an equal `about`."""

    def wrap(handle: Handle) -> Handle:
        first_responses: dict[object, Response] = {}

        def handle_changed(request: Request) -> Response:
            key = request.header(KEY)
            if not key or request.method != "POST":
                return handle(request)
            first_response = first_responses.get((key, about(request)))
            if first_response is None:
                first_response = first_responses[key, about(request)] = handle(request)
                return first_response
            return replace(first_response, headers={**first_response.headers, REPLAYED: "true"})

        return handle_changed

    return wrap


def _forget_failures(handle: Handle) -> Handle:
    """Executes a request again if its first response was a failure."""
    failure_counts: dict[str, int] = {}

    def handle_changed(request: Request) -> Response:
        key = request.header(KEY)
        if key and failure_counts.get(key):
            request = replace(request, headers={**request.headers, KEY: f"{key}-{failure_counts[key]}"})
        response = handle(request)
        if key and response.status >= 400:
            failure_counts[key] = failure_counts.get(key, 0) + 1
        return response

    return handle_changed


KEYS = (
    Change(
        "a key not honoured",
        "A second request with the same key makes a second object.",
        _promise_finding("a key in use conflicts", "Two customers were made"),
        requests(lambda request: without(request, KEY)),
    ),
    Change(
        "a replay without its header",
        "A replayed answer lacks `Idempotent-Replayed`.",
        _promise_finding("a key replays its response", "idempotent-replayed is None; the answer is the same"),
        headers(lambda answered: answered.pop(REPLAYED, None)),
    ),
    Change(
        "a key that takes other parameters",
        "A key with other parameters gets the first answer.",
        _promise_finding("a key refuses other parameters", "not refused"),
        _replay_first_response(lambda request: request.header("stripe-account")),
    ),
    Change(
        "a key refused with another type",
        "A key with other parameters is refused as an `invalid_request_error`.",
        _promise_finding("a key refuses other parameters", "invalid_request_error"),
        responses(
            lambda _, response: replace(
                response, body=response.body.replace(b'"idempotency_error"', b'"invalid_request_error"')
            )
        ),
    ),
    Change(
        "keys shared by accounts",
        "A key that one account has used gives its answer to another account.",
        _promise_finding("keys belong to their account", "not refused"),
        _replay_first_response(lambda request: request.body),
    ),
    Change(
        "a failure is not kept",
        "A request that failed is executed again with the same key.",
        _promise_finding("a failure is stored", "idempotent-replayed is None", Verdict.HARMLESS),
        _forget_failures,
    ),
)
