"""The error contract."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import ErrorCode
from chalicelib.domain.error_collector import MAX_ERRORS
from chalicelib.domain.errors import CustomerUnsettled, IntegrationError, ServiceAlreadyBilled

MoreDetails = Annotated[bool, Meta(description="True if there are more errors than `details` lists.")]
Message = Annotated[str, Meta(description="What is wrong, in a sentence for people.")]
NextStep = Annotated[str, Meta(description="What can be done about it, in a sentence for people.")]
ErrorField = Annotated[
    str | None,
    Meta(description="Where in the request, such as `lineItems[3].quantity`. Null if it is about no single field."),
]


class ErrorDetail(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that is wrong. `code` is stable and meant for programs; `message` and `nextStep` are for people."""

    code: ErrorCode
    message: Message
    field: ErrorField
    next_step: NextStep
    invoice_id: Annotated[
        str | None,
        Meta(
            description="With `service_already_billed`: POM's id of the invoice that the service is on. With "
            "`customer_has_…`: of the invoice that has to be settled before the customer can be erased. Null with "
            "every other code."
        ),
    ]
    number: Annotated[
        str | None,
        Meta(
            description="With `service_already_billed`: that invoice's number. Null if it has none yet, and with "
            "every other code."
        ),
    ]


class FirstError(msgspec.Struct, rename="camel", kw_only=True):
    """The first thing that is wrong, which decides the status, and under `details` everything that is wrong."""

    code: ErrorCode
    message: Message
    request_id: Annotated[str, Meta(description="The id of the request, to give to support.")]
    field: ErrorField
    next_step: NextStep
    details: Annotated[
        list[ErrorDetail],
        Meta(
            description="Every error of the request. The first one is repeated here, so there is always one.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_ERRORS},
        ),
    ]
    more_details: MoreDetails


class ErrorBody(msgspec.Struct, rename="camel"):
    """Every answer of 400 and above."""

    error: Annotated[FirstError, Meta(description="The first error, with all others under `details`.")]


class StoredBody(msgspec.Struct, rename="camel"):
    """An answer of 412: the error, and beside it the thing as it is stored, or null if there is no such thing."""

    error: FirstError
    stored: Any


def error_detail(error: IntegrationError, next_step: str) -> ErrorDetail:
    """Returns one error as a client sees it; `next_step` is what to do if the error does not say it itself."""
    return ErrorDetail(
        code=error.code,
        message=error.message,
        field=error.field or None,
        next_step=error.next_step or next_step,
        invoice_id=error.invoice_id if isinstance(error, ServiceAlreadyBilled | CustomerUnsettled) else None,
        number=error.number if isinstance(error, ServiceAlreadyBilled) else None,
    )
