"""What API Gateway itself answers, in the API's error contract: the gateway responses of the deployed API."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class GatewayResponse:
    """An answer that the application has no part in."""

    status: int
    code: str
    message: str
    next_step: str

    def body(self, request_id: str) -> bytes:
        """The JSON body; `request_id` is what the caller may quote to support."""
        error = {"code": self.code, "message": self.message, "nextStep": self.next_step}
        return json.dumps({"error": {**error, "requestId": request_id, "details": [error]}}).encode()


class RefusedError(Exception):
    """The gateway answers a request itself, with `response`."""

    def __init__(self, response: GatewayResponse) -> None:
        super().__init__(response.message)
        self.response = response


UNAUTHORIZED = GatewayResponse(
    401,
    "unauthorized",
    "The access token is missing, expired or not valid.",
    "Sign in to Pool Office Manager again and repeat the request with the new token.",
)
FORBIDDEN = GatewayResponse(
    403,
    "forbidden",
    "Your access token does not allow this request.",
    "Ask an administrator of your organization for the role that this needs.",
)
NOT_FOUND = GatewayResponse(
    404, "not_found", "There is nothing at this address.", "Check the path against /v1/openapi.json."
)
METHOD_NOT_ALLOWED = GatewayResponse(
    405,
    "method_not_allowed",
    "This address does not know that HTTP method.",
    "Check the method against /v1/openapi.json.",
)
PAYLOAD_TOO_LARGE = GatewayResponse(
    413, "payload_too_large", "The request is larger than 10 MB.", "Split the request into smaller ones."
)
AUTHORIZER_FAILED = GatewayResponse(
    500,
    "internal_error",
    "The access token could not be checked.",
    "Try again in a minute; if it stays so, report the request id.",
)
