"""What several examples share."""

from __future__ import annotations

from typing import Any

INVOICE_ID = "inv_2m3c5q7xk4jw6ranfhz3l5e7ta"
LAST_PAGE = {"endCursor": "b3BhcXVl", "hasNextPage": False}
MORE_PAGES = {"endCursor": "b3BhcXVl", "hasNextPage": True}
WHOLE_LIST = {"endCursor": None, "hasNextPage": False}
"""Of a list that has no pages."""


def error_detail(code: str, message: str, next_step: str, field: str | None = None) -> dict[str, Any]:
    """Returns one error as it is listed in `details`."""
    return {
        "code": code,
        "message": message,
        "field": field,
        "nextStep": next_step,
        "invoiceId": None,
        "number": None,
    }


def only_error(code: str, message: str, next_step: str, field: str | None = None) -> dict[str, Any]:
    """Returns the error of an item of bulk work that has no other."""
    return {
        "code": code,
        "message": message,
        "field": field,
        "nextStep": next_step,
        "details": [error_detail(code, message, next_step, field)],
        "moreDetails": False,
    }
