"""The HTTP status of each error, and the details that the response and the log contain."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice, Request, Response

from chalicelib import observability
from chalicelib.api import apps
from chalicelib.api.http import chalice_adapter
from chalicelib.api.http.errors import problem_of
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    Forbidden,
    IntegrationError,
    InvalidSignature,
    Malformed,
    NotFound,
    Refused,
    Retryable,
    StaleWrite,
    StripeRefused,
    StripeUnavailable,
    TooLarge,
    Unsupported,
)
from chalicelib.domain.identity import Unauthorized
from tests.api.client import ApiClient
from tests.world import World

SECRET = "dana@example.test sk_live_123"


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Malformed("c", "m"), 400, None),
        (InvalidSignature(), 400, None),
        (Unauthorized("expired"), 401, None),
        (Forbidden("c", "m"), 403, None),
        (NotFound("c", "m"), 404, None),
        (Conflict("c", "m"), 409, None),
        (AccountUnreachable("c", "m"), 409, None),
        (StaleWrite("The invoice"), 409, None),
        (TooLarge("payload_too_large", "m"), 413, None),
        (Unsupported("unsupported_media_type", "m"), 415, None),
        (Refused("c", "m"), 422, None),
        (StripeRefused("c", "m"), 422, None),
        (StripeUnavailable("c", "m", answered=True), 502, "5"),
        (StripeUnavailable("c", "m", answered=False), 503, "5"),
        (Retryable("c", "m"), 503, "5"),
        (IntegrationError("c", "m"), 500, None),
        (KeyError("c"), 500, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_status(error: Exception, status: int, retry_after: str | None) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.headers.get("Retry-After")) == (status, retry_after)
    assert problem.next_step or status in {413, 415}


def test_every_error_class_has_a_status() -> None:
    def descendants(kind: type[IntegrationError]) -> set[type[IntegrationError]]:
        return {kind}.union(*(descendants(child) for child in kind.__subclasses__()))

    for kind in descendants(IntegrationError) - {IntegrationError}:
        error = kind.__new__(kind)
        IntegrationError.__init__(error, "c", "m")
        error.answered = False  # type: ignore[attr-defined]
        error.invoice_id = error.number = "1"  # type: ignore[attr-defined]
        assert problem_of(error).status < 500 or isinstance(error, Retryable), kind


ALWAYS_THERE = {"code", "message", "field", "requestId", "nextStep", "details", "moreDetails"}


def broken(*_: object) -> None:
    try:
        raise ValueError(f"inside: {SECRET}")
    except ValueError as cause:
        raise RuntimeError(f"outside: {SECRET}") from cause


def test_an_unexpected_exception_is_500_without_detail_and_logged_with_its_cause(
    api: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_lines: list[dict[str, Any]] = []
    monkeypatch.setattr(apps.connection_report, "report", broken)
    monkeypatch.setattr(observability.logger, "error", lambda _, extra: log_lines.append(extra))
    response = api.get("/apps")
    assert response.status == 500
    assert set(response.error) == ALWAYS_THERE
    assert response.code == "internal_error"
    [line] = log_lines
    assert (line["route"], line["status"], line["outcome"]) == ("GET /v1/apps", 500, "failed")
    assert line["request_id"] == response.error["requestId"]
    assert line["error"]["type"] == "builtins.RuntimeError"
    assert [cause["type"] for cause in line["error"]["causes"]] == ["builtins.ValueError"]
    assert any("test_errors.py" in place for place in line["error"]["at"])
    assert SECRET not in json.dumps(line) + response.text


def test_refusals_by_chalice_itself_use_poms_messages(app: Chalice) -> None:
    response = app({"requestContext": {}}, None)
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["error"]["code"] == "internal_error"


def test_only_pages_of_pom_may_read_private_responses(api: ApiClient) -> None:
    for response in (
        api.get("/apps"),
        api.get("/invoices?first=0"),
        api.acting("member").delete("/stripe/connection"),
    ):
        assert response.headers["access-control-allow-origin"] == "https://pom.example.test"
    for path in ("/health", "/stripe/oauth/callback"):
        assert "access-control-allow-origin" not in api.get(path, token=None).headers


def test_responses_are_cached_only_by_a_browser_that_revalidates_each_time(api: ApiClient) -> None:
    cache_controls = {"/health": "private, no-cache", "/apps": "private, no-cache", "/invoices?first=0": "no-store"}
    for path, cache_control in cache_controls.items():
        response = api.get(path)
        assert response.headers["cache-control"] == cache_control
        assert response.headers["x-content-type-options"] == "nosniff"
    assert api.post("/customers/nobody/sync").headers["cache-control"] == "no-store"


def test_the_request_id_is_the_one_of_api_gateway(app: Chalice, world: World) -> None:
    event = {
        "requestContext": {"httpMethod": "GET", "resourcePath": "/v1/apps", "requestId": "req-42"},
        "headers": {},
        "pathParameters": None,
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": None,
    }
    assert json.loads(app(event, None)["body"])["error"]["requestId"] == "req-42"


def test_requests_in_several_threads_do_not_share_state() -> None:
    """Chalice stores the current request on the app, which all threads of the local stack share."""
    both_are_in = threading.Barrier(2)

    def response(_: Request | None) -> Response:
        both_are_in.wait(timeout=10)
        return Response(chalice_adapter.request_id())

    def serve(number: int) -> str:
        context = {"httpMethod": "GET", "resourcePath": "/v1/apps", "requestId": f"req-{number}"}
        parts = dict.fromkeys(("multiValueQueryStringParameters", "pathParameters", "body", "stageVariables"))
        request = Request({"requestContext": context, "headers": {}, **parts})
        return str(chalice_adapter.chalice_middleware(request, response).body)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(serve, (1, 2))) == ["req-1", "req-2"]


def test_only_the_two_outermost_handlers_catch_every_exception() -> None:
    root = Path(__file__).parents[2]
    sources = [*(root / "chalicelib" / "api").rglob("*.py"), root / "chalicelib" / "observability.py"]
    catching = {source.name for source in sources if "except Exception" in source.read_text()}
    assert catching == {"serving.py", "observability.py"}
