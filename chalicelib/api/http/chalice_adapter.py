"""The only module that uses Chalice's requests and responses.

`chalice_middleware` is registered as middleware. It stores the request in a context variable, because Chalice's own
`current_request` belongs to the app object, which the threads of the local stack share. It also replaces Chalice's
own error responses, such as 405, by responses of our error contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from chalice.app import Request, Response

from chalicelib.api.http.errors import Problem, problem_of_status
from chalicelib.api.http.route_table import JSON

_request: ContextVar[Request] = ContextVar("request")

HTML = "text/html; charset=utf-8"
COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
REVALIDATED = {"Cache-Control": "private, no-cache"}
"""A browser may store the response, and must revalidate it with its ETag before each use."""
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as API Gateway hands it over. Header names are in lower case."""

    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    authorizer: Mapping[str, object]
    repeated_headers: frozenset[str]
    """Names of headers that were sent more than once. `headers` has one of their values."""


def request_id() -> str:
    """Returns API Gateway's id of the current request, or the Lambda's own id where there is no API Gateway."""
    request = _request.get()
    gateway_id = request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", None)
    return str(gateway_id or "unknown")


def source_address() -> str:
    """Returns the IP address of the connection as API Gateway reports it, or "" where there is none.

    `X-Forwarded-For` is never read, because any sender can write any address there.
    """
    identity = _request.get().context.get("identity")
    return str(identity.get("sourceIp") or "") if isinstance(identity, Mapping) else ""


def base_path() -> str:
    """Returns the path in front of the API's own paths, such as `/api` of a stage, or "" where there is none.

    It is empty locally and under a domain of its own. API Gateway's `path` includes the stage or the domain's base
    path, and `resourcePath` is the path of the route
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html).
    """
    context = _request.get().context
    path, route = str(context.get("path", "")), str(context.get("resourcePath", ""))
    return path.removesuffix(route) if route and path.endswith(route) else ""


def incoming_request() -> Incoming:
    """Returns the current request."""
    request = _request.get()
    event = request.to_original_event()
    authorizer = request.context.get("authorizer")
    header_values: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    occurrences = Counter(name.lower() for name, values in header_values.items() for _ in values)
    body = event["body"]
    if isinstance(body, str) and not event.get("isBase64Encoded"):
        # A lone surrogate stays one, so that the body is refused as no UTF-8. `raw_body` would fail on it.
        raw: str | bytes = body.encode("utf-8", "surrogatepass")
    else:
        raw = request.raw_body
    return Incoming(
        query=event.get("multiValueQueryStringParameters") or {},
        headers={name.lower(): value for name, value in request.headers.items()},
        body=raw if isinstance(raw, bytes) else raw.encode(),
        authorizer=authorizer if isinstance(authorizer, Mapping) else {},
        repeated_headers=frozenset(name for name, count in occurrences.items() if count > 1),
    )


def accept_header() -> str | None:
    """Returns the Accept header of the current request, or None."""
    header: str | None = _request.get().headers.get("accept")
    return header


def origin_header() -> str | None:
    """Returns the Origin header of the current request, or None if no page of another origin sent it."""
    header: str | None = _request.get().headers.get("origin")
    return header


def response(status: int, body: str, content_type: str = JSON, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    """Returns a response with the headers that all responses have."""
    return Response(body, {"Content-Type": content_type, **COMMON_HEADERS, **headers}, status)


def problem_response(problem: Problem, request_id: str) -> Response:
    """Returns a problem as a JSON response."""
    return response(problem.status, problem.json(request_id), headers=problem.headers)


def chalice_middleware(request: Request | None, get_response: Callable[[Request | None], Response]) -> Response:
    """Stores the current request, and replaces Chalice's own error responses by responses of our error contract."""
    token = _request.set(request) if request is not None else None
    try:
        chalice_response = get_response(request)
        if not isinstance(chalice_response.body, dict):
            return chalice_response  # POM's own bodies are text; a dictionary is one of Chalice's error bodies.
        problem = problem_of_status(chalice_response.status_code)
        contract_response = problem_response(problem, "" if request is None else request_id())
        contract_response.headers.update(
            {name: value for name, value in chalice_response.headers.items() if name.lower() == "allow"}
        )
        return contract_response
    finally:
        if token is not None:
            _request.reset(token)
