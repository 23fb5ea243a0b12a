"""The error of an item of bulk work."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import ErrorCode
from chalicelib.api.models.errors import ErrorDetail, ErrorField, Message, MoreDetails, NextStep
from chalicelib.domain.batch_errors import MAX_ITEM_ERRORS, ItemError

TRY_AGAIN = "Correct what is wrong and try again."
"""The next step for an error that has none of its own."""


class ItemErrorView(msgspec.Struct, rename="camel", kw_only=True):
    """Why the item failed. `details` has every error of the item, this one first."""

    code: ErrorCode
    message: Message
    field: ErrorField
    next_step: NextStep
    details: Annotated[
        list[ErrorDetail],
        Meta(
            description="All errors of the item, including this one.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_ITEM_ERRORS},
        ),
    ]
    more_details: MoreDetails


def item_error_view(error: ItemError | None) -> ItemErrorView | None:
    if error is None:
        return None
    return ItemErrorView(
        code=error.code,
        message=error.message,
        field=error.field or None,
        next_step=error.next_step or TRY_AGAIN,
        details=[_detail(each) for each in (error, *error.others)],
        more_details=error.more,
    )


def _detail(error: ItemError) -> ErrorDetail:
    return ErrorDetail(
        code=error.code,
        message=error.message,
        field=error.field or None,
        next_step=error.next_step or TRY_AGAIN,
        invoice_id=error.invoice_id or None,
        number=error.number if error.invoice_id else None,
    )
