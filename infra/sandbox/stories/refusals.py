"""Context managers for requests that Stripe is expected to refuse.

The recording contains a refusal like any other response, and the comparison covers it. So the story continues after a
refusal. The story also continues if Stripe did not refuse, because the two responses then differ in their HTTP
status. Other errors are raised: no response, a rate limit, or a fault of Stripe's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from chalicelib.domain.errors import StripeRefused


@contextmanager
def allow_decline() -> Iterator[None]:
    """Ignores a declined payment (HTTP 402)."""
    try:
        yield
    except stripe.CardError:
        return


@contextmanager
def allow_refusal() -> Iterator[None]:
    """Ignores a refusal because of an object's state or of a parameter (HTTP 400 or 404)."""
    try:
        yield
    except (stripe.InvalidRequestError, StripeRefused):
        return
