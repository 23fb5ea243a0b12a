"""The kinds of values that fields of Stripe's objects hold, each within its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from chalicelib.adapters.stripe.event_subjects import LARGEST_AMOUNT
from chalicelib.domain.events import LATEST_TIMESTAMP
from chalicelib.domain.identifiers import STRIPE_ID, STRIPE_ID_PATTERN, is_id

StripeId = Annotated[str, msgspec.Meta(pattern=STRIPE_ID_PATTERN)]


class ExpandedReference(msgspec.Struct):
    """An object in the place of its id."""

    id: StripeId | None = None


Reference = StripeId | ExpandedReference | None
Metadata = dict[str, str] | None

Amount = Annotated[int, msgspec.Meta(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
"""Minor units. DynamoDB adds up numbers of 38 digits."""

Timestamp = Annotated[int, msgspec.Meta(ge=0, le=LATEST_TIMESTAMP)]
"""Epoch seconds UTC."""

Code = Annotated[str, msgspec.Meta(max_length=255)]
"""One of Stripe's codes: a status, a reason, a currency. It is kept in the timeline, so it must not be endless."""


def id_of(reference: Reference) -> str | None:
    """Returns the id behind a reference, expanded or not."""
    return reference.id if isinstance(reference, ExpandedReference) else reference


class Stub(msgspec.Struct):
    """An entry of a list, of which only the id is of interest."""

    id: str = ""


# Details that people are shown are declared as `Any` and read by the functions below. A value of another kind than
# Stripe documents counts as not said, because the object with it still tells what became of the money.

LONGEST_TEXT = 255
"""Characters of a detail. What is longer is no value of Stripe's."""

LONGEST_ADDRESS = 2048
"""Characters of a web address that a browser is sent to."""


def text_of(value: object) -> str | None:
    """Returns a text that can be shown, or None."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT else None


def cut_text_of(value: object) -> str | None:
    """Returns the beginning of a text that somebody wrote and that may be long, or None."""
    return value[:LONGEST_TEXT] if isinstance(value, str) and value else None


def amount_of(value: object) -> int | None:
    """Returns minor units, or None."""
    return value if type(value) is int and -LARGEST_AMOUNT <= value <= LARGEST_AMOUNT else None


def id_in(value: object) -> str | None:
    """Returns the id behind a reference, expanded or not, or None if it cannot be an id of Stripe's."""
    reference = value.get("id") if isinstance(value, dict) else value
    return reference if is_id(reference, STRIPE_ID) else None


def timestamp_of(value: object) -> int | None:
    """Returns epoch seconds UTC, or None."""
    return value if type(value) is int and 0 < value <= LATEST_TIMESTAMP else None


def web_address_of(value: object) -> str | None:
    """Returns an address that a browser can be sent to, or None."""
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS:
        return None
    return value if value.startswith(("https://", "http://")) else None


def mapping_of(value: object) -> Mapping[str, Any]:
    """Returns a hash, or an empty one."""
    return value if isinstance(value, dict) else {}


def seen_in(status: str, as_of: int) -> dict[str, int]:
    """Returns what a snapshot that was taken at `as_of` adds to `seen`. A snapshot without a date adds nothing."""
    return {status: as_of} if as_of > 0 else {}
