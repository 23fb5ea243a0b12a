"""The kinds of values that fields of Stripe's objects hold, each within its limits."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.domain.events import LATEST_MOMENT
from chalicelib.domain.identifiers import STRIPE_ID_PATTERN

StripeId = Annotated[str, msgspec.Meta(pattern=STRIPE_ID_PATTERN)]


class Expanded(msgspec.Struct):
    """An object in the place of its id."""

    id: StripeId | None = None


Reference = StripeId | Expanded | None
Metadata = dict[str, str] | None

Amount = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
"""Stripe's amounts have at most twelve digits (https://docs.stripe.com/currencies). DynamoDB adds up 38."""

Moment = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MOMENT)]
"""Epoch seconds UTC."""

Word = Annotated[str, msgspec.Meta(max_length=255)]
"""One of Stripe's codes: a status, a reason, a currency. It is kept in the timeline, so it must not be endless."""


def id_of(reference: Reference) -> str | None:
    """Returns the id behind a reference, expanded or not."""
    return reference.id if isinstance(reference, Expanded) else reference


class Stub(msgspec.Struct):
    """An entry of a list, of which only the id is of interest."""

    id: str = ""
