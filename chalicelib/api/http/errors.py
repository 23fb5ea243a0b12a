"""The only module that maps errors to HTTP statuses.

A client receives a stable code, a message, the field and the next step. For an unforeseen error it receives
`internal_error` and the request's id, and nothing about the cause. All codes are in `error_codes`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from chalicelib.api.models.errors import ErrorBody, ErrorDetail, FirstError, error_detail
from chalicelib.domain.error_collector import errors_in
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    CursorExpired,
    Forbidden,
    IntegrationError,
    InvalidSignature,
    Malformed,
    NotFound,
    PreconditionFailed,
    Refused,
    Retryable,
    StaleWrite,
    StripeUnavailable,
    TooLarge,
    Unsupported,
)
from chalicelib.domain.identity import Unauthorized

PAYLOAD_TOO_LARGE = "payload_too_large"
UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"

STATUS: Mapping[type[IntegrationError], int] = {
    Malformed: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    AccountUnreachable: 409,
    StaleWrite: 409,
    CursorExpired: 410,
    PreconditionFailed: 412,
    TooLarge: 413,
    Unsupported: 415,
    Refused: 422,
    StripeUnavailable: 503,
    Retryable: 503,
}
"""The status of each class of errors. For a subclass without an entry, its nearest ancestor decides."""

USUAL_NEXT_STEP: Mapping[int, str] = {
    400: "Compare the request with /v1/openapi.json.",
    401: "Sign in again and repeat the request with the new token.",
    403: "Ask an admin of your organization.",
    404: "Check the id; the object may never have existed, or may have been withdrawn.",
    409: "Load it again, then decide whether to repeat the request.",
    410: "Begin again without the cursor.",
    412: "Load it again, then decide whether to repeat the request.",
    413: "Send less at once.",
    415: "Send application/json.",
    422: "Correct it and repeat the request.",
    502: "Nothing is lost. Wait a moment; repeating the request is safe.",
    503: "Nothing is lost. Wait a moment; repeating the request is safe.",
}
"""The next step for errors that have none of their own, so that no error response is without one."""

STRIPE_FAILED = 502

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the form of the error contract, with the further errors of the same request."""

    status: int
    code: str
    message: str
    next_step: str
    field: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    details: Sequence[ErrorDetail] = ()
    """All errors, this one first. Empty if this error is the only one and has no further fields."""
    more_details: bool = False

    def json(self, request_id: str) -> str:
        """Returns the body of the error response."""
        return _encode(ErrorBody(self.error(request_id))).decode()

    def error(self, request_id: str) -> FirstError:
        """Returns the error in the form of the contract."""
        alone = ErrorDetail(
            code=self.code,
            message=self.message,
            field=self.field,
            next_step=self.next_step,
            invoice_id=None,
            number=None,
        )
        return FirstError(
            code=self.code,
            message=self.message,
            request_id=request_id,
            field=self.field,
            next_step=self.next_step,
            details=list(self.details) or [alone],
            more_details=self.more_details,
        )


INTERNAL_ERROR = Problem(
    500,
    "internal_error",
    "Something went wrong on our side.",
    next_step="Repeat the request; if it fails again, give the request's id to support.",
)

INVALID_SIGNATURE = Problem(
    400,
    "invalid_signature",
    "This is not signed by Stripe for this endpoint, or it was signed too long ago.",
    next_step="Check the webhook endpoint's signing secret.",
)

_CHALICE_PROBLEMS: Mapping[int, Problem] = {
    400: Problem(400, "malformed_request", "The request cannot be parsed.", next_step="See /v1/openapi.json."),
    404: Problem(404, "not_found", "There is nothing at this path.", next_step="See /v1/openapi.json."),
    405: Problem(
        405, "method_not_allowed", "This path does not support this method.", next_step="See /v1/openapi.json."
    ),
    415: Problem(
        415, UNSUPPORTED_MEDIA_TYPE, "The body's type is not supported.", next_step="Send application/json."
    ),
}


def problem_of(error: Exception) -> Problem:
    """Returns an error as a problem that a client can be sent."""
    if isinstance(error, InvalidSignature):
        return INVALID_SIGNATURE
    if not isinstance(error, IntegrationError):
        return INTERNAL_ERROR
    status = _status(error)
    if status is None:
        return INTERNAL_ERROR
    usual = USUAL_NEXT_STEP[status]
    return Problem(
        status,
        error.code,
        error.message,
        error.next_step or usual,
        error.field,
        _headers(error, status),
        [error_detail(each, usual) for each in errors_in(error)],
        error.more,
    )


def problem_of_status(status: int) -> Problem:
    """Returns the problem for one of Chalice's own error responses."""
    return _CHALICE_PROBLEMS.get(status, INTERNAL_ERROR)


def _status(error: IntegrationError) -> int | None:
    if isinstance(error, StripeUnavailable) and error.answered:
        return STRIPE_FAILED
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)


def _headers(error: IntegrationError, status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, Retryable) and not isinstance(error, StaleWrite):
        return {"Retry-After": str(error.retry_after)}
    return {}
