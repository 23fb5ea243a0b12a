"""Why an item of a batch failed, and which field of the batch's request each error is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.error_collector import errors_in
from chalicelib.domain.errors import IntegrationError, ServiceAlreadyBilled
from chalicelib.domain.identifiers import InvoiceId

MAX_ITEM_ERRORS = 10
"""The number of errors that a failed item stores at most, because a batch has thousands of items."""


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why an item failed. `others` are the further errors of the same item."""

    code: str
    message: str
    field: str | None = None
    next_step: str | None = None
    invoice_id: InvoiceId | None = None
    number: str | None = None
    """With `service_already_billed`: the invoice that the service is on, and its number, if it has one."""
    others: tuple[ItemError, ...] = ()
    more: bool = False
    """True if there were more errors than are stored."""


FieldInRequest = Callable[[str | None], str | None]


def _same_field(field: str | None) -> str | None:
    return field


def item_error(error: IntegrationError, field_in_request: FieldInRequest = _same_field) -> ItemError:
    """Returns the error with its attached errors, in the form that an item stores.

    `field_in_request` translates the field that a rule names into the field of the batch's request.
    """
    stored_error = merge_errors([_to_item_error(each, field_in_request(each.field)) for each in errors_in(error)])
    return replace(stored_error, more=stored_error.more or error.more)


def _to_item_error(error: IntegrationError, field: str | None) -> ItemError:
    stored_error = ItemError(error.code, error.message, field, error.next_step)
    if isinstance(error, ServiceAlreadyBilled):
        return replace(stored_error, invoice_id=InvoiceId(error.invoice_id), number=error.number)
    return stored_error


def merge_errors(errors: Sequence[ItemError]) -> ItemError:
    """Returns the first of these errors with all others attached. `errors` must not be empty."""
    each = [replace(each_error, others=()) for error in errors for each_error in (error, *error.others)]
    has_more = len(each) > MAX_ITEM_ERRORS or any(error.more for error in errors)
    return replace(each[0], others=tuple(each[1:MAX_ITEM_ERRORS]), more=has_more)


_LINE = re.compile(r"lineItems\[(\d+)\](.*)")


def field_of_services(field: str | None, positions: Sequence[int]) -> str | None:
    """Returns where a field of an invoice's lines is in a batch's request, or None if it is not a field of its lines.

    `positions` are the positions of the lines in `services` of the request.
    """
    if field == "lineItems":
        return f"services[{positions[0]}]"
    line = _LINE.fullmatch(field or "")
    return f"services[{positions[int(line[1])]}]{line[2]}" if line else None


FIELDS_IN_COMMON = ("paymentTerms", "dueDate", "memo", "footer", "paymentMethods")
"""Fields that an invoice's body and a batch's body have by the same names."""
