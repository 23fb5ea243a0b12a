"""Values that several examples share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

ResponseExamples: TypeAlias = Mapping[tuple[str, int], Mapping[str, Any]]
"""Named examples of responses, by the name of the route and the status, if they differ from the model's example."""

CUSTOMER_ID = "cust_456"
OFFICE = "user_7"
INVOICE_ID, NUMBER = "inv_2m3c5q7xk4jw6ranfhz3l5e7ta", "A1B2C3D4-0001"
STRIPE_INVOICE_ID = "in_1PgafmB7WZ01zgkW"
FAILED_INVOICE_ID, FAILED_NUMBER = "inv_5xk4jw6ranfhz3l5e7ta2m3c5q", "A1B2C3D4-0002"
FAILED_STRIPE_INVOICE_ID = "in_1PhqKnB7WZ01zgkWd8sX0rTe"
COPY_ID, COPY_STRIPE_INVOICE_ID = "inv_7q5wz2kmd4xa6ranfhz3l5e7tb", "in_1PgdF2B7WZ01zgkWc4Yb7uLp"
BATCH_INVOICE_ID = "inv_6ranfhz3l5e7ta2m3c5q7xk4jw"
DASHBOARD = "https://dashboard.stripe.com/acct_1Pgc6tJ9qL2pool/test"
LAST_PAGE = {"endCursor": "b3BhcXVl", "hasNextPage": False}
WHOLE_LIST = {"endCursor": None, "hasNextPage": False}
"""The page info of a list that has no pages."""


def error_detail(code: str, message: str, next_step: str, field: str | None = None) -> dict[str, Any]:
    """Returns an error as an item of `details`."""
    return {
        "code": code,
        "message": message,
        "field": field,
        "nextStep": next_step,
        "invoiceId": None,
        "number": None,
    }


def only_error(code: str, message: str, next_step: str, field: str | None = None) -> dict[str, Any]:
    """Returns the error of an item of bulk work that has only one error."""
    return {
        "code": code,
        "message": message,
        "field": field,
        "nextStep": next_step,
        "details": [error_detail(code, message, next_step, field)],
        "moreDetails": False,
    }
