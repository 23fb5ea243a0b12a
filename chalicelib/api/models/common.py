"""What several models share: names of types, times and money as they are written."""

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
"""One of `api.http.error_codes`, which the document has as the schema `ErrorCode`."""
CurrencyCode = Annotated[
    str, Meta(pattern=CURRENCY_PATTERN, description="ISO 4217, in either case.", examples=["usd"])
]
ReadOnly = Annotated[
    Any,
    Meta(
        description="Ignored, so that a record from `GET` can be sent back whole.",
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
        description="An amount of money: an exact decimal in units of the currency beside it, with exactly the "
        "decimals of that currency.",
        examples=["75.00"],
        extra_json_schema={"pattern": r"^-?[0-9]+(\.[0-9]+)?$(?!\n)"},
    ),
]

T = TypeVar("T")


class PageInfo(msgspec.Struct, rename="camel"):
    """Where a page of a list ends, and whether there is another one."""

    end_cursor: Annotated[
        str | None,
        Meta(
            description="Give it as `after` to get the next page. It means nothing else. The last page has one, too. "
            "Null if the page is empty, and for lists that have no pages."
        ),
    ]
    has_next_page: Annotated[bool, Meta(description="True if there is more behind this page.")]


def page_info(page: Page[T]) -> PageInfo:
    return PageInfo(page.end_cursor, page.has_next)


def instant(epoch_seconds: int) -> str:
    """Epoch seconds as RFC 3339 in UTC."""
    return dt.datetime.fromtimestamp(epoch_seconds, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_or_none(epoch_seconds: int | None) -> str | None:
    """Like `instant`; zero and None are no time at all."""
    return instant(epoch_seconds) if epoch_seconds else None
