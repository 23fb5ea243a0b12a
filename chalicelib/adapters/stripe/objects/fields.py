"""The types of the fields of Stripe's objects, each with its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from chalicelib.adapters.stripe.event_subjects import LARGEST_AMOUNT
from chalicelib.domain.events import LATEST_TIMESTAMP
from chalicelib.domain.identifiers import STRIPE_ID, STRIPE_ID_PATTERN, is_id

StripeId = Annotated[str, msgspec.Meta(pattern=STRIPE_ID_PATTERN)]


class ExpandedReference(msgspec.Struct):
    """A reference that was expanded to its object."""

    id: StripeId | None = None


Reference = StripeId | ExpandedReference | None
Metadata = dict[str, str] | None

Amount = Annotated[int, msgspec.Meta(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
"""Minor units. The limit keeps sums within the 38 digits of DynamoDB's numbers."""

Timestamp = Annotated[int, msgspec.Meta(ge=0, le=LATEST_TIMESTAMP)]
"""Epoch seconds UTC."""

Code = Annotated[str, msgspec.Meta(max_length=255)]
"""One of Stripe's codes: a status, a reason or a currency. Its length is limited, because the timeline stores it."""


def id_of(reference: Reference) -> str | None:
    """Returns the id in a reference, expanded or not."""
    return reference.id if isinstance(reference, ExpandedReference) else reference


class Stub(msgspec.Struct):
    """An entry of a list. Only its id is read."""

    id: str = ""


# Fields that are only displayed are declared as `Any` and read by the functions below. A value of an undocumented
# type counts as missing, because the money in the same object must still be counted.

LONGEST_TEXT = 255
"""The most characters of a displayed field. A longer text is not a value of Stripe's."""

LONGEST_ADDRESS = 2048
"""The most characters of a web address that a browser is sent to."""


def text_of(value: object) -> str | None:
    """Returns the value if it is a text that can be displayed, or None."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT else None


def cut_text_of(value: object) -> str | None:
    """Returns the beginning of a text that somebody wrote and that may be long, or None."""
    return value[:LONGEST_TEXT] if isinstance(value, str) and value else None


def amount_of(value: object) -> int | None:
    """Returns the value if it is an amount in minor units, or None."""
    return value if type(value) is int and -LARGEST_AMOUNT <= value <= LARGEST_AMOUNT else None


def id_in(value: object) -> str | None:
    """Returns the id in a reference, expanded or not, or None if the value cannot be an id of Stripe."""
    reference = value.get("id") if isinstance(value, dict) else value
    return reference if is_id(reference, STRIPE_ID) else None


def timestamp_of(value: object) -> int | None:
    """Returns the value if it is a time in epoch seconds UTC, or None."""
    return value if type(value) is int and 0 < value <= LATEST_TIMESTAMP else None


def web_address_of(value: object) -> str | None:
    """Returns the value if it is an address that a browser can be sent to, or None."""
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS:
        return None
    return value if value.startswith(("https://", "http://")) else None


def mapping_of(value: object) -> Mapping[str, Any]:
    """Returns the value if it is a hash, or an empty hash."""
    return value if isinstance(value, dict) else {}


def seen_in(status: str, as_of: int) -> dict[str, int]:
    """Returns the entry of `seen` for a status in a snapshot from `as_of`.

    A snapshot without a time adds no entry.
    """
    return {status: as_of} if as_of > 0 else {}
