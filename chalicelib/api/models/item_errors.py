"""Why an item of bulk work failed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.errors import ErrorDetail, MoreDetails
from chalicelib.domain.batch_errors import MAX_ITEM_ERRORS, ItemError

TRY_AGAIN = "Correct what is wrong and try it again."
"""What to do about an item's error that does not say it itself."""


class ItemErrorView(msgspec.Struct, rename="camel", kw_only=True):
    """Why it failed, with a stable code as everywhere. `details` has every error of the item, this one first."""

    code: str
    message: str
    field: str | UnsetType = UNSET
    next_step: str
    details: Annotated[list[ErrorDetail], Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_ITEM_ERRORS})]
    more_details: MoreDetails | UnsetType = UNSET


def item_error_view(error: ItemError | None) -> ItemErrorView | UnsetType:
    if error is None:
        return UNSET
    return ItemErrorView(
        code=error.code,
        message=error.message,
        field=error.field or UNSET,
        next_step=error.next_step or TRY_AGAIN,
        details=[_detail(each) for each in (error, *error.others)],
        more_details=error.more or UNSET,
    )


def _detail(error: ItemError) -> ErrorDetail:
    return ErrorDetail(
        code=error.code,
        message=error.message,
        field=error.field or UNSET,
        next_step=error.next_step or TRY_AGAIN,
        invoice_id=error.invoice_id or UNSET,
        number=error.number if error.invoice_id else UNSET,
    )
