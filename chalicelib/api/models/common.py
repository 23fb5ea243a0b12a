"""Types that several models share: ids, texts, times, money and pages."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from chalicelib.domain.identifiers import ID_PATTERN
from chalicelib.domain.texts import TEXT_PATTERN
from chalicelib.ports.storage import Page

CURRENCY_PATTERN = r"^[A-Za-z]{3}$(?!\n)"

Id = Annotated[str, Meta(pattern=ID_PATTERN, examples=["cust_456"])]
IdOfService = Annotated[str, Meta(pattern=ID_PATTERN, examples=["svc_101"])]
MEMO = "The text above the lines of an invoice."
FOOTER = "The text at the foot of an invoice."
Memo = Annotated[str, Meta(max_length=500, pattern=TEXT_PATTERN, description=MEMO)]
Footer = Annotated[str, Meta(max_length=1000, pattern=TEXT_PATTERN, description=FOOTER)]
ErrorCode = Annotated[
    str,
    Meta(
        description="The error code, which is stable and meant for programs.",
        extra_json_schema={"$ref": "#/components/schemas/ErrorCode"},
    ),
]
"""A code of `api.http.error_codes`. The API document has them as the schema `ErrorCode`."""
CurrencyCode = Annotated[
    str,
    Meta(
        pattern=CURRENCY_PATTERN, description="A currency code of ISO 4217, in upper or lower case.", examples=["usd"]
    ),
]
ReadOnly = Annotated[
    Any,
    Meta(
        description="Ignored. The field is accepted so that a record from `GET` can be sent back as a whole.",
        extra_json_schema={"x-ignored": True},
    ),
]

Instant = Annotated[
    str,
    Meta(description="RFC 3339, UTC.", examples=["2026-11-23T15:04:05Z"], extra_json_schema={"format": "date-time"}),
]
Link = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Day = Annotated[
    str, Meta(description="A calendar day.", examples=["2026-12-23"], extra_json_schema={"format": "date"})
]
Money = Annotated[
    str,
    Meta(
        description="An amount of money: an exact decimal in units of its currency, with exactly the decimals of "
        "that currency.",
        examples=["75.00"],
        extra_json_schema={"pattern": r"^-?[0-9]+(\.[0-9]+)?$(?!\n)"},
    ),
]

T = TypeVar("T")


class PageInfo(msgspec.Struct, rename="camel"):
    """The end of a page of a list, and whether another page follows."""

    end_cursor: Annotated[
        str | None,
        Meta(
            description="The value of `after` for the next page. It has no other meaning. The last page has one, "
            "too. Null if the page is empty, or if the list has no pages."
        ),
    ]
    has_next_page: Annotated[bool, Meta(description="True if another page follows.")]


def page_info(page: Page[T]) -> PageInfo:
    return PageInfo(page.end_cursor, page.has_next)


def instant(epoch_seconds: int) -> str:
    """Returns epoch seconds as a timestamp of RFC 3339 in UTC."""
    return dt.datetime.fromtimestamp(epoch_seconds, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_or_none(epoch_seconds: int | None) -> str | None:
    """Returns the timestamp as `instant` does, or None for None and 0."""
    return instant(epoch_seconds) if epoch_seconds else None
