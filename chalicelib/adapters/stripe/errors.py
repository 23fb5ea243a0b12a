"""Stripe's errors in the domain's words (https://docs.stripe.com/error-handling)."""

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
    """Decorates whatever calls Stripe: its errors come out in the domain's words, with their cause."""

    @functools.wraps(call)
    def translating(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except stripe.StripeError as exc:
            raise domain_error(exc) from exc

    return translating


def domain_error(error: stripe.StripeError) -> IntegrationError:
    """One Stripe error in the domain's words (https://docs.stripe.com/error-handling)."""
    status = error.http_status
    code = getattr(error.error, "code", None)  # an error of OAuth has none
    if isinstance(error, stripe.APIConnectionError) or status is None:
        return StripeUnavailable("stripe_unreachable", "Stripe did not answer in time.", answered=False)
    if status == 429:
        return StripeBusy("stripe_busy", "Stripe is throttling requests.", answered=False)
    if status == 409:
        return StripeBusy("stripe_busy", "Stripe is working on the same object.", answered=False)
    if status >= 500:
        return StripeUnavailable("stripe_failed", "Stripe failed to process the request.", answered=True)
    if isinstance(error, stripe.APIError):
        return unreadable_response()  # no JSON, or a status that Stripe does not document
    if isinstance(error, stripe.AuthenticationError):
        return StripeUnavailable("stripe_key_rejected", "Stripe rejected our platform key.", answered=False)
    if isinstance(error, stripe.IdempotencyError):
        return StripeUnavailable("stripe_key_reused", "Stripe saw the same request otherwise.", answered=True)
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
            next_step="Somebody deleted it in Stripe. Load this page again, and make it anew if it is still needed.",
        )
    return StripeRefused(
        "stripe_refused",
        f"Stripe refused: {error.user_message or 'no reason given'}",
        next_step="Correct what Stripe names and repeat the request.",
    )


def unreadable_response() -> StripeUnavailable:
    """Returns the error of an answer that Stripe does not document. Nobody knows what became of the request."""
    return StripeUnavailable("stripe_answer_unreadable", "Stripe's answer was not understood.", answered=True)
