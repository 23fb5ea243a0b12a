"""Refunds of payments."""

from __future__ import annotations

from chalicelib import bootstrap, correlation
from chalicelib.api.http.route_error_codes import CALLS_STRIPE, CHANGES_A_RECORD
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.refunds import NewRefund, OrderedRefundView, ordered_refund_view, refund_request_from
from chalicelib.usecases.invoicing.refund import refund

router = Router(__name__, "Payments")

REFUND_ERRORS = (
    "amount_negative",
    "amount_too_large",
    "amount_too_precise",
    "amount_zero",
    "invoice_of_other_account",
    "payment_not_found",
    "refund_already_made",
    "refund_exceeds_balance",
    "refund_exceeds_payment",
    "refund_not_allowed",
    "refund_not_possible",
    "refund_of_disputed_payment",
    "refund_of_outside_payment",
    "refund_of_unpaid",
    "refund_reason_unknown",
    "refund_refused",
    "refund_too_small",
    "stripe_not_connected",
    *CHANGES_A_RECORD,
    *CALLS_STRIPE,
)
"""The error codes of a refund."""


@router.route(
    "POST",
    "/payments/{paymentId}/refunds",
    Role.ADMIN,
    takes=NewRefund,
    responses={201: OrderedRefundView, 202: OrderedRefundView},
    refuses=REFUND_ERRORS,
    idempotency_key=True,
    requires_idempotency_key=True,
)
def refund_payment(call: Call[NewRefund]) -> Reply:
    """Refund a payment through Stripe, in full or in part.

    `paymentId` is the id of a payment in the invoice's `payments`. The `Idempotency-Key` is required, because a
    request that is repeated by accident would pay twice. The same key and body always return the same refund.

    202 means that Stripe has not responded yet; `id` is null. POM asks Stripe again, after 30 seconds at the
    earliest. The timeline shows `refund_requested` until then, and afterwards the refund or `refund_refused`. Until
    the outcome is known, the amount counts as refunded. Repeat the request with the same key to get the outcome.
    """
    caller, key = call.caller, call.idempotency_key or ""
    request = refund_request_from(call.input, caller.organization_id, caller.user_id, call.path["paymentId"], key)
    refund_order = refund(request, bootstrap.ports())
    correlation.note(invoice_id=refund_order.invoice_id)
    return Reply(ordered_refund_view(refund_order), 202 if refund_order.fact is None else 201)
