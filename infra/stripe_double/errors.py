"""Stripe's errors as exceptions (https://docs.stripe.com/api/errors).

StripeFault            any response that is not 2xx
  InvalidParams        400 before the handler runs: never stored under an idempotency key
  InvalidState         400 while the handler runs: stored under the idempotency key
  NoSuchObject         404 resource_missing
  CardDeclined         402 card_error
  OAuthFault           400 {"error", "error_description"}
ConnectionDropped      no response is sent: the client's connection is closed
"""

from __future__ import annotations

from typing import Any


class StripeFault(Exception):
    """An error that Stripe responds with. `stored` is True if the response is stored under the idempotency key.

    `should_retry` becomes the header `Stripe-Should-Retry` (docs.stripe.com/error-low-level). With None, the header
    is absent.
    """

    stored = True

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        should_retry: bool | None = None,
        stored: bool | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {**(headers or {})}
        if should_retry is not None:
            self.headers["Stripe-Should-Retry"] = str(should_retry).lower()
        if stored is not None:
            self.stored = stored
        error: dict[str, Any] = {"message": message, "type": kind}
        if code is not None:
            error["code"] = code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param is not None:
            error["param"] = param
        error.update({k: v for k, v in extra.items() if v is not None})
        self.error = error

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the response."""
        return {"error": self.error}


class InvalidParams(StripeFault):
    """A 400 for a wrong parameter, before anything is executed."""

    stored = False

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(400, message, code=code, param=param)


class InvalidState(StripeFault):
    """A 400 for a well-formed request that the object's state does not allow."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None, **extra: Any) -> None:
        super().__init__(400, message, code=code, param=param, should_retry=False, **extra)


class NoSuchObject(StripeFault):
    """A 404 for an id that this account does not have, even if another account has it."""

    def __init__(self, kind: str, object_id: str, param: str = "id", status: int = 404) -> None:
        super().__init__(status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


class CardDeclined(StripeFault):
    """A 402 that holds the decline, the failed charge and the payment intent."""

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(402, message, kind="card_error", should_retry=False, **fields)


class NotModelled(StripeFault):
    """A 400 for a parameter that Stripe has and this double does not implement."""

    stored = False

    def __init__(self, subject: str, param: str | None = None) -> None:
        super().__init__(400, f"The Stripe double does not model {subject}.", code="double_not_modelled", param=param)


class OAuthFault(Exception):
    """An error in the shape of OAuth (https://docs.stripe.com/connect/oauth-reference)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


class ConnectionDropped(Exception):
    """A fault closed the connection, so no response was sent."""


def missing(param: str) -> InvalidParams:
    """Returns the error for a request without a required parameter."""
    return InvalidParams(f"Missing required param: {param}.", param=param, code="parameter_missing")


def unknown(param: str) -> InvalidParams:
    """Returns the error for a parameter that Stripe does not have."""
    return InvalidParams(f"Received unknown parameter: {param}", param=param, code="parameter_unknown")
