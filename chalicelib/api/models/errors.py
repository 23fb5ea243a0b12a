"""The error responses."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import ErrorCode
from chalicelib.domain.error_collector import MAX_ERRORS
from chalicelib.domain.errors import CustomerUnsettled, IntegrationError, ServiceAlreadyBilled

MoreDetails = Annotated[bool, Meta(description="True if there are more errors than `details` lists.")]
Message = Annotated[str, Meta(description="What is wrong, in a sentence for people.")]
NextStep = Annotated[str, Meta(description="What to do about it, in a sentence for people.")]
ErrorField = Annotated[
    str | None,
    Meta(
        description="The place in the request, such as `lineItems[3].quantity`. Null if the error is not about one "
        "field."
    ),
]


class ErrorDetail(msgspec.Struct, rename="camel", kw_only=True):
    """An error. `code` is stable and meant for programs; `message` and `nextStep` are for people."""

    code: ErrorCode
    message: Message
    field: ErrorField
    next_step: NextStep
    invoice_id: Annotated[
        str | None,
        Meta(
            description="With `service_already_billed`, POM's id of the invoice that bills the service. With "
            "`customer_has_…`, POM's id of the open invoice that blocks the erasure. Null with every other code."
        ),
    ]
    number: Annotated[
        str | None,
        Meta(
            description="With `service_already_billed`, the number of the invoice that bills the service. Null if "
            "that invoice has no number yet, and with every other code."
        ),
    ]


class FirstError(msgspec.Struct, rename="camel", kw_only=True):
    """The first error, which decides the status of the response, with all errors under `details`."""

    code: ErrorCode
    message: Message
    request_id: Annotated[str, Meta(description="The id of the request. Support needs it to find the request.")]
    field: ErrorField
    next_step: NextStep
    details: Annotated[
        list[ErrorDetail],
        Meta(
            description="All errors of the request, including this one.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_ERRORS},
        ),
    ]
    more_details: MoreDetails


class ErrorBody(msgspec.Struct, rename="camel"):
    """A response with a status of 400 or above."""

    error: Annotated[FirstError, Meta(description="The first error, with all errors under `details`.")]


class StoredBody(msgspec.Struct, rename="camel"):
    """A response with status 412: the error, and the resource as it is stored, or null if there is none."""

    error: FirstError
    stored: Any


def error_detail(error: IntegrationError, next_step: str) -> ErrorDetail:
    """Returns an error as the API returns it. `next_step` applies if the error has none of its own."""
    return ErrorDetail(
        code=error.code,
        message=error.message,
        field=error.field or None,
        next_step=error.next_step or next_step,
        invoice_id=error.invoice_id if isinstance(error, ServiceAlreadyBilled | CustomerUnsettled) else None,
        number=error.number if isinstance(error, ServiceAlreadyBilled) else None,
    )
