"""Refunds of payments."""

from __future__ import annotations

from chalicelib import bootstrap, correlation
from chalicelib.api.http.routing import Router
from chalicelib.api.http.table import Call, Reply, Role
from chalicelib.api.models.refunds import NewRefund, OrderedRefundView, ordered_refund_view, refund_request_from
from chalicelib.usecases.invoicing.refund import refund

router = Router(__name__, "Payments")


@router.route(
    "POST",
    "/payments/{paymentId}/refunds",
    Role.ADMIN,
    takes=NewRefund,
    answers={201: OrderedRefundView, 202: OrderedRefundView},
    refuses=(404, 409, 422, 502, 503),
    idempotency_key=True,
    requires_idempotency_key=True,
)
def refund_payment(call: Call[NewRefund]) -> Reply:
    """Refund a payment through Stripe, all that is left of it or a part.

    `paymentId` is the id of a payment as the invoice shows it. The `Idempotency-Key` is required, because a refund
    that is repeated by accident pays twice: the same key and body always give the same refund.

    202 says that Stripe has not answered, and `id` is null. POM goes on by itself: the invoice shows the refund once
    Stripe has made it, or `refund_refused` on its timeline. Until then it counts as made. To hear what has become of
    it, repeat the request with the same key.
    """
    caller, key = call.caller, call.idempotency_key or ""
    request = refund_request_from(call.input, caller.organization_id, caller.user_id, call.path["paymentId"], key)
    ordered = refund(request, bootstrap.ports())
    correlation.note(invoice_id=ordered.invoice_id)
    return Reply(ordered_refund_view(ordered), 202 if ordered.fact is None else 201)
