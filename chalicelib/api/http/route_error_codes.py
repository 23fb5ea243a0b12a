"""The error codes of each route: those that follow from what it takes, and those that it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.api.http.route_table import READING, SUFFICIENT, Role, Route

ON_EVERY_ROUTE = ("malformed_request", "payload_too_large", "too_many_requests", "internal_error", "unavailable")
"""Codes that API Gateway and this service return on every route."""

CALLS_STRIPE = (
    "stripe_account_unreachable",
    "stripe_answer_unreadable",
    "stripe_busy",
    "stripe_failed",
    "stripe_key_rejected",
    "stripe_key_reused",
    "stripe_refused",
    "stripe_resource_missing",
    "stripe_unreachable",
    "secrets_unavailable",
)
"""Codes of a route that calls Stripe and waits for the response."""

CHANGES_A_RECORD = ("concurrent_change", "record_too_large")
"""Codes of a route that changes a stored record."""

TAKES_TERMS = (
    "due_date_and_terms",
    "due_date_in_past",
    "due_date_too_far",
    "payment_method_currency",
    "payment_method_unknown",
    "payment_terms_unknown",
)
"""Codes of a route that takes the terms of an invoice."""

TAKES_LINES = (
    "amount_below_minimum",
    "amount_negative",
    "amount_too_large",
    "amount_too_precise",
    "currency_mixed",
    "quantity_invalid",
    "quantity_too_precise",
    "service_date_too_early",
    "service_date_too_far",
    "service_repeated",
)
"""Codes of a route that takes services to bill."""

CHANGES_AN_INVOICE = (
    "invoice_not_found",
    "invoice_creating",
    "invoice_of_other_account",
    "invoice_revised",
    "stripe_not_connected",
    *CHANGES_A_RECORD,
    *CALLS_STRIPE,
)
"""Codes of a route that changes an invoice in Stripe."""

SYNCS_THE_CUSTOMER = (
    "customer_email_missing",
    "customer_erased",
    "customer_needs_choice",
    "stripe_customer_taken",
    "stripe_customer_unknown",
)
"""Codes of a route that first syncs the invoice's customer to Stripe."""

SENDS_AN_INVOICE = (
    "changed_in_stripe",
    "customer_email_changed",
    "draft_deleted",
    "draft_of_other_customer",
    "due_date_in_past",
    "invoicing_frozen",
    "stripe_account_not_ready",
    "total_differs",
    *SYNCS_THE_CUSTOMER,
)
"""Codes of a route that sends an invoice."""


def error_codes_of(route: Route) -> Mapping[int, Sequence[str]]:
    """Returns the error codes that a route can return, by status.

    `details` may have codes of other statuses too, because the first error decides the status.
    """
    codes = {*_implied_codes(route), *route.refuses}
    by_status = {
        status: [code for code in codes_of_status if code in codes and not _belongs_elsewhere(code, status, route)]
        for status, codes_of_status in ERROR_CODES.items()
    }
    return {status: status_codes for status, status_codes in by_status.items() if status_codes}


def _belongs_elsewhere(code: str, status: int, route: Route) -> bool:
    """Returns True if `customer_erased` has this status only on other routes.

    An erased customer cannot be read (404) and cannot be changed (409).
    """
    reads_customer = route.tag == "Customers" and route.method in READING
    return code == "customer_erased" and (status == HTTPStatus.NOT_FOUND) != reads_customer


def _implied_codes(route: Route) -> Iterator[str]:
    """Yields the codes that follow from what a route takes and from the role that it requires."""
    yield from ON_EVERY_ROUTE
    if route.role is not Role.PUBLIC:
        yield from ("unauthorized", "database_unavailable")
    if route.role in SUFFICIENT:
        yield from ("forbidden", "role_missing")
    if not route.raw_body:
        yield from (
            "invalid_query",
            "invalid_body",
            "malformed_json",
            "invalid_precondition",
        )  # also on routes that take no parameter or body
    if route.has_body:
        yield "unsupported_media_type"
    if "{" in route.path:
        yield "invalid_id"
    if route.idempotency_key:
        yield "invalid_idempotency_key"
    if route.idempotency_key and route.has_body:
        yield "idempotency_key_reused"
    if route.requires_idempotency_key:
        yield "idempotency_key_missing"
    if route.reply_of_stored is not None:
        yield "precondition_failed"
    if "after" in route.takes.__struct_fields__:
        yield "cursor_invalid"
