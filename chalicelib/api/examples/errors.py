"""Examples of error responses, with the messages of the code that raises them.

`tests/api/test_error_examples.py` compares them with that code and with the API's responses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ParamSpec, TypeAlias

import msgspec

from chalicelib.api.examples.common import INVOICE_ID, NUMBER, error_detail
from chalicelib.api.examples.customers import IMPORT
from chalicelib.api.examples.error_sentences import SENTENCES
from chalicelib.api.http import decoding
from chalicelib.api.http.errors import INTERNAL_ERROR, INVALID_SIGNATURE, Problem
from chalicelib.api.http.route_table import Role, Route
from chalicelib.api.models.combinations import Combination, require_offered
from chalicelib.api.models.customer_query import COMBINATIONS as CUSTOMER_COMBINATIONS
from chalicelib.api.models.invoice_query import COMBINATIONS as INVOICE_COMBINATIONS
from chalicelib.domain.erasure import ErasureBlocker
from chalicelib.domain.erasure_blockers import blocker_error
from chalicelib.domain.error_collector import errors_raised_by

Details: TypeAlias = Sequence[dict[str, Any]]
P = ParamSpec("P")


def _example(code: str, **changes: str | None) -> dict[str, Any]:
    message, next_step, field = SENTENCES[code]
    return {**error_detail(code, message, next_step, field), **changes}


def _errors_of(parse: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Details:
    """Returns the errors of parsing a request, or an empty list if the request is valid."""
    errors = errors_raised_by(parse, *args, **kwargs)
    return [error_detail(each.code, each.message, each.next_step or "", each.field) for each in errors]


def _filters_not_offered(filters: Mapping[str, str], combinations: Sequence[Combination]) -> Details:
    """Returns the error of filters that a list does not offer together."""
    return _errors_of(require_offered, filters, combinations)


_BILLED_ALREADY = {
    **error_detail(
        "service_already_billed",
        f"The service svc_001 is on the invoice {NUMBER} already.",
        f"Leave the service out, or void the invoice {NUMBER} first. To change that invoice, correct it.",
        "lineItems[0].serviceId",
    ),
    "invoiceId": INVOICE_ID,
    "number": NUMBER,
}
_UNSETTLED = [
    {
        **error_detail(each.code, each.message, each.next_step or "", each.field),
        "invoiceId": each.invoice_id,
    }
    for each in map(
        blocker_error, (ErasureBlocker("invoice_open", INVOICE_ID), ErasureBlocker("batch_under_way", IMPORT["id"]))
    )
]
_PERIOD = [
    error_detail(
        "period_invalid",
        "The period ends before it begins.",
        "Give a `from` that is not after `to`.",
        "from",
    )
]

_BATCH_CHANGED = [_example("concurrent_change", message="The batch was changed by someone else at the same moment.")]

DETAILS_BY_ROUTE: Mapping[tuple[str, int], Details] = {
    ("cancel_invoice_batch", 409): _BATCH_CHANGED,
    ("complete_connection", 403): [_example("state_foreign")],
    ("complete_connection", 422): [_example("oauth_denied")],
    ("correct_invoice", 409): [
        error_detail(
            "confirmation_missing",
            f"The invoice {NUMBER}, which was mailed on 23 November 2026, is voided in Stripe for good, and its "
            "payment link stops working. Stripe does not tell the customer by e-mail. A draft copy of what POM "
            "ordered takes its place. It can be changed, and is sent only when you send it.",
            "Show this to the person who corrects the invoice, and repeat the request with `confirmed` true.",
            "confirmed",
        )
    ],
    ("correct_invoice", 422): [_example("customer_email_missing")],
    ("create_invoice", 409): [_BILLED_ALREADY],
    ("create_invoice", 422): [_example("quantity_invalid"), _example("payment_terms_unknown")],
    ("create_invoice_batch", 409): [_example("stripe_not_connected")],
    ("create_invoice_batch", 422): [
        _example("quantity_invalid", field="services[0].quantity"),
        _example("payment_terms_unknown"),
    ],
    ("edit_invoice", 409): [_example("invoice_not_editable")],
    ("edit_invoice", 422): [_example("quantity_invalid"), _example("payment_terms_unknown")],
    ("erase_customer", 409): _UNSETTLED,
    ("get_customer_import", 404): [_example("batch_not_found", field="importId")],
    ("get_customer", 404): [_example("customer_not_found")],
    ("get_erasure", 404): [_example("erasure_not_found")],
    ("get_invoice_preview", 409): [_example("invoice_not_draft")],
    ("get_summary", 422): _PERIOD,
    ("import_customers", 409): _BATCH_CHANGED,
    ("list_customers", 422): _filters_not_offered({"syncStatus": "synced", "name": "a"}, CUSTOMER_COMBINATIONS),
    ("list_invoices", 422): _filters_not_offered({"customerId": "cust_456", "status": "open"}, INVOICE_COMBINATIONS),
    ("list_payments", 422): _PERIOD,
    ("list_payouts", 422): _PERIOD,
    ("mark_invoice_paid", 409): [
        error_detail(
            "invoice_not_open",
            "An invoice that is void cannot be marked as paid.",
            "Bill its services again.",
        )
    ],
    ("mark_invoice_paid", 422): [
        error_detail(
            "paid_on_in_future",
            "The day of payment has not come yet: for this organization today is 30 November 2026.",
            "Give today or an earlier day, or record the payment on its day.",
            "paidOn",
        )
    ],
    ("put_invoicing_settings", 409): [
        _example(
            "concurrent_change", message="The record of the settings was changed by someone else at the same moment."
        )
    ],
    ("refund_payment", 422): [
        error_detail(
            "refund_exceeds_payment",
            "The refund is over 80.00 USD, and 75.00 USD is left of this payment.",
            "Refund at most 75.00 USD.",
            "amount",
        )
    ],
    ("remind_invoice", 409): [_example("sent_today")],
    ("send_invoice", 409): [_example("invoice_not_sendable")],
    ("send_invoice", 422): [_example("customer_email_missing")],
    ("send_invoice_batch", 409): [
        error_detail(
            "batch_running",
            "This batch is not finished. Its invoices are still being made.",
            "Wait until nothing of it is queued, and repeat the request.",
        )
    ],
    ("void_invoice", 409): [_example("invoice_not_voidable")],
}
"""By route and status: the details of a response, where the default example would be less helpful."""


def details_of(route: Route, status: int, codes: Sequence[str]) -> Details:
    """Returns the details of a route's response with one of these codes.

    Codes that the route declares have precedence over those that every route has.
    """
    if (route.name, status) in DETAILS_BY_ROUTE:
        return DETAILS_BY_ROUTE[route.name, status]
    if status == HTTPStatus.BAD_REQUEST:
        return _malformed_request_details(route)
    if status == HTTPStatus.FORBIDDEN and route.role is Role.ADMIN:
        return [_example("role_missing", message="This requires the role admin.")]
    return details_of_status((*route.refuses, *codes), codes)


def details_of_status(order: Sequence[str], codes: Sequence[str]) -> Details:
    """Returns the details of a response: the example of the first code of `order` that is in `codes` and has one.

    An internal error has the same response everywhere.
    """
    if list(codes) == [INTERNAL_ERROR.code]:
        return [_of_problem(INTERNAL_ERROR)]
    return [_example(next(each for each in order if each in codes and each in SENTENCES))]


def _of_problem(problem: Problem) -> dict[str, Any]:
    return error_detail(problem.code, problem.message, problem.next_step, problem.field)


def _malformed_request_details(route: Route) -> Details:
    """Returns the route's actual errors for a request whose first field is wrong."""
    if route.raw_body:
        return [_of_problem(INVALID_SIGNATURE)]
    name = next((field.encode_name for field in msgspec.structs.fields(route.takes)), None)
    if name is None:
        return _errors_of(decoding.query_as, route.takes, {"verbose": ["true"]})
    if route.takes_query:
        return _errors_of(decoding.query_as, route.takes, {name: ["1", "2"]})
    # True is invalid for every field except a boolean, for which a text is invalid.
    first, second = (msgspec.json.encode({name: value}) for value in (True, "yes"))
    return _errors_of(decoding.body_as, route.takes, first) or _errors_of(decoding.body_as, route.takes, second)
