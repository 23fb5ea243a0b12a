"""The error contract."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.errors import IntegrationError, ServiceAlreadyBilled
from chalicelib.domain.every_error import MAX_ERRORS

MoreDetails = Annotated[
    bool, Meta(description="True if there are more errors than `details` lists. Left out otherwise.")
]


class ErrorDetail(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that is wrong. `code` is stable and meant for programs; `message` and `nextStep` are for people."""

    code: str
    message: str
    field: Annotated[str, Meta(description="Where in the request, such as `lineItems[3].quantity`.")] | UnsetType = (
        UNSET
    )
    next_step: str | UnsetType = UNSET
    invoice_id: (
        Annotated[str, Meta(description="With `service_already_billed`: the invoice that the service is on.")]
        | UnsetType
    ) = UNSET
    number: (
        Annotated[
            str | None,
            Meta(description="With `service_already_billed`: that invoice's number; null if it has none yet."),
        ]
        | UnsetType
    ) = UNSET


class FirstError(msgspec.Struct, rename="camel", kw_only=True):
    """The first thing that is wrong, which decides the status, and under `details` everything that is wrong."""

    code: str
    message: str
    request_id: str
    field: str | UnsetType = UNSET
    next_step: str | UnsetType = UNSET
    details: Annotated[
        list[ErrorDetail],
        Meta(
            description="Every error of the request. The first one is repeated here, so there is always one.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_ERRORS},
        ),
    ]
    more_details: MoreDetails | UnsetType = UNSET


class ErrorBody(msgspec.Struct, rename="camel"):
    """Every answer of 400 and above."""

    error: FirstError


class StoredBody(msgspec.Struct, rename="camel"):
    """An answer of 412: the error, and beside it the thing as it is stored, or null if there is no such thing."""

    error: FirstError
    stored: Any


def error_detail(error: IntegrationError, next_step: str) -> ErrorDetail:
    """Returns one error as a client sees it; `next_step` is what to do if the error does not say it itself."""
    detail = ErrorDetail(
        code=error.code,
        message=error.message,
        field=error.field or UNSET,
        next_step=error.next_step or next_step,
    )
    if isinstance(error, ServiceAlreadyBilled):
        detail.invoice_id, detail.number = error.invoice_id, error.number
    return detail
