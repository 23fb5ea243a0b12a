"""The responses that API Gateway sends without the application, in the API's error format."""

from __future__ import annotations

import json
from dataclasses import dataclass

from infra.template.intrinsics import Json, allowed_origin


@dataclass(frozen=True)
class GatewayResponse:
    """A response that API Gateway sends without invoking the application."""

    status: int
    code: str
    message: str
    next_step: str
    header: tuple[str, str] | None = None

    def body(self, request_id: str = "$context.requestId") -> str:
        """Returns the body as JSON. By default it is a template with API Gateway's variable for the request's id."""
        error: Json = {"code": self.code, "message": self.message, "field": None, "nextStep": self.next_step}
        detail = {**error, "invoiceId": None, "number": None}
        return json.dumps({"error": {**error, "requestId": request_id, "details": [detail], "moreDetails": False}})


UNAUTHORIZED = GatewayResponse(
    401,
    "unauthorized",
    "The access token is missing, expired or not valid.",
    "Sign in to Pool Office Manager again and repeat the request with the new token.",
    ("WWW-Authenticate", "Bearer"),
)
FORBIDDEN = GatewayResponse(
    403,
    "forbidden",
    "Your access token does not allow this request.",
    "Ask an administrator of your organization for the role that this needs.",
)
FILTERED = GatewayResponse(
    403,
    "forbidden",
    "The firewall before this service refused the request.",
    "Wait five minutes and repeat the request; if it is refused again, report the request id.",
)
NOT_FOUND = GatewayResponse(
    404, "not_found", "There is nothing at this address.", "Check the path against /v1/openapi.json."
)
PAYLOAD_TOO_LARGE = GatewayResponse(
    413, "payload_too_large", "The request is larger than 10 MB.", "Split the request into smaller ones."
)
UNSUPPORTED_MEDIA_TYPE = GatewayResponse(
    415, "unsupported_media_type", "The body's type is not supported.", "Send application/json."
)
TOO_MANY_REQUESTS = GatewayResponse(
    429,
    "too_many_requests",
    "The service receives too many requests at the moment.",
    "Wait a moment and repeat the request; repeating is safe with the same Idempotency-Key.",
    ("Retry-After", "1"),
)
AUTHORIZER_FAILED = GatewayResponse(
    500,
    "internal_error",
    "The access token could not be checked.",
    "Try again in a minute; if it stays so, report the request id.",
)
INTERNAL_ERROR = GatewayResponse(
    500,
    "internal_error",
    "Something went wrong on our side.",
    "Repeat the request; if it fails again, give the request's id to support.",
)
UNAVAILABLE = GatewayResponse(
    503,
    "unavailable",
    "The request took longer than a request may.",
    "Wait a moment; repeating the request is safe with the same Idempotency-Key.",
    ("Retry-After", "5"),
)
MALFORMED = GatewayResponse(
    400, "malformed_request", "The request cannot be parsed.", "Check the request against /v1/openapi.json."
)

RESPONSES = {
    "UNAUTHORIZED": UNAUTHORIZED,
    "INVALID_SIGNATURE": UNAUTHORIZED,  # an Authorization header that looks like AWS's own
    "EXPIRED_TOKEN": UNAUTHORIZED,
    "ACCESS_DENIED": FORBIDDEN,
    "WAF_FILTERED": FILTERED,
    "MISSING_AUTHENTICATION_TOKEN": NOT_FOUND,  # what API Gateway calls an unknown path or method
    "RESOURCE_NOT_FOUND": NOT_FOUND,
    "REQUEST_TOO_LARGE": PAYLOAD_TOO_LARGE,
    "UNSUPPORTED_MEDIA_TYPE": UNSUPPORTED_MEDIA_TYPE,
    "THROTTLED": TOO_MANY_REQUESTS,
    "QUOTA_EXCEEDED": TOO_MANY_REQUESTS,
    "AUTHORIZER_FAILURE": AUTHORIZER_FAILED,
    "AUTHORIZER_CONFIGURATION_ERROR": AUTHORIZER_FAILED,
    "INTEGRATION_TIMEOUT": UNAVAILABLE,
    "INTEGRATION_FAILURE": UNAVAILABLE,
    "DEFAULT_4XX": MALFORMED,
    "DEFAULT_5XX": INTERNAL_ERROR,
}
"""The responses by API Gateway's name for the cause."""

ORIGIN_HEADER = "Access-Control-Allow-Origin"


def gateway_responses() -> Json:
    """Returns the API's `GatewayResponses`. Pages of POM may read each of them."""
    return {name: _response(name, response) for name, response in RESPONSES.items()}


def _response(name: str, response: GatewayResponse) -> Json:
    headers: Json = {
        ORIGIN_HEADER: allowed_origin(),
        "Vary": "'Origin'",
        "Cache-Control": "'no-store'",
        "X-Content-Type-Options": "'nosniff'",
    }
    if response.header is not None:
        header, value = response.header
        headers |= {header: f"'{value}'", "Access-Control-Expose-Headers": "'Retry-After'"}
    properties: Json = {
        "ResponseTemplates": {"application/json": response.body()},
        "ResponseParameters": {"Headers": headers},
    }
    # DEFAULT_4XX covers several statuses, and does not change them.
    return properties if name == "DEFAULT_4XX" else {"StatusCode": str(response.status), **properties}
