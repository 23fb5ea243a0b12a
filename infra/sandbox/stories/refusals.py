"""Requests that Stripe is expected to refuse.

A refusal is an answer like any other: it is recorded, and compared with the double's. So a story goes on after it. It
goes on too if Stripe did not refuse, because then the two answers differ in their HTTP status. What is no refusal is
raised: no answer, a limit, a fault of Stripe's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from chalicelib.domain.errors import StripeRefused


@contextmanager
def allow_decline() -> Iterator[None]:
    """Goes on after a declined payment (HTTP 402)."""
    try:
        yield
    except stripe.CardError:
        return


@contextmanager
def allow_refusal() -> Iterator[None]:
    """Goes on after a request that Stripe refused because of the state or the parameters (HTTP 400 or 404)."""
    try:
        yield
    except (stripe.InvalidRequestError, StripeRefused):
        return
