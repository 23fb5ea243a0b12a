"""Translates Stripe's errors into the domain's errors (https://docs.stripe.com/error-handling)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import stripe

from chalicelib.domain.errors import (
    AccountUnreachable,
    Gone,
    IntegrationError,
    StripeBusy,
    StripeRefused,
    StripeUnavailable,
)

P = ParamSpec("P")
T = TypeVar("T")

GONE = "stripe_resource_missing"


def translates_errors(call: Callable[P, T]) -> Callable[P, T]:
    """Decorates a function that calls Stripe. It raises the domain's errors, with Stripe's error as their cause."""

    @functools.wraps(call)
    def translating(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except stripe.StripeError as exc:
            raise domain_error(exc) from exc

    return translating


def domain_error(error: stripe.StripeError) -> IntegrationError:
    """Returns the domain's error for an error of Stripe (https://docs.stripe.com/error-handling)."""
    status = error.http_status
    code = getattr(error.error, "code", None)  # OAuth errors have no code
    if isinstance(error, stripe.APIConnectionError) or status is None:
        return StripeUnavailable("stripe_unreachable", "Stripe did not respond in time.", answered=False)
    if status == 429:
        return StripeBusy("stripe_busy", "Stripe is throttling requests.", answered=False)
    if status == 409:
        return StripeBusy("stripe_busy", "Stripe is working on the same object.", answered=False)
    if status >= 500:
        return StripeUnavailable("stripe_failed", "Stripe failed to process the request.", answered=True)
    if isinstance(error, stripe.APIError):
        return unreadable_response()  # not JSON, or a status that Stripe does not document
    if isinstance(error, stripe.AuthenticationError):
        return StripeUnavailable("stripe_key_rejected", "Stripe rejected the platform's key.", answered=False)
    if isinstance(error, stripe.IdempotencyError):
        return StripeUnavailable(
            "stripe_key_reused", "Stripe knows the same request with other parameters.", answered=True
        )
    if isinstance(error, stripe.PermissionError) and code == "account_invalid":
        return AccountUnreachable(
            "stripe_account_unreachable",
            "The connection was revoked in Stripe.",
            next_step="An admin can reconnect it under Settings, Apps, Stripe.",
        )
    if code == "resource_missing" or status == 404:
        return Gone(
            GONE,
            "Stripe no longer has this object.",
            next_step="Somebody deleted it in Stripe. Load this page again, and create it again if needed.",
        )
    return StripeRefused(
        "stripe_refused",
        f"Stripe refused: {error.user_message or 'no reason given'}",
        next_step="Correct what Stripe names and repeat the request.",
    )


def unreadable_response() -> StripeUnavailable:
    """Returns the error for an undocumented response. The outcome of the request is then unknown."""
    return StripeUnavailable("stripe_answer_unreadable", "Stripe's response was not understood.", answered=True)
