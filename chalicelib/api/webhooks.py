"""The endpoint that receives Stripe's events."""

from __future__ import annotations

from chalicelib import bootstrap, correlation, observability
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.queries import Nothing
from chalicelib.api.models.system import Received
from chalicelib.domain.canary import is_canary
from chalicelib.domain.errors import InvalidSignature
from chalicelib.domain.history import Source
from chalicelib.usecases.events.canary import receive_canary
from chalicelib.usecases.events.receive_event import receive_event

router = Router(__name__, "Stripe")


@router.route(
    "POST",
    "/stripe/webhooks",
    Role.PUBLIC,
    takes=Nothing,
    responses={200: Received},
    refuses=("database_unavailable", "invalid_signature", "queue_unavailable", "secrets_unavailable"),
    raw_body=True,
)
def receive_webhook(call: Call[Nothing]) -> Reply:
    """Receive an event that Stripe signed. The event is applied or stored for later before the response.

    The `Stripe-Signature` header is required. After a response of 500 or above, Stripe sends the event again.
    """
    try:
        event = bootstrap.webhook_opener().open(call.body, call.headers.get("stripe-signature"))
    except InvalidSignature:
        observability.signature_refused()
        raise
    if is_canary(event):
        receive_canary(event, bootstrap.ports())
        return Reply(Received(received=True))
    receipt = receive_event(event, Source.WEBHOOK, bootstrap.ports())
    correlation.note(**receipt.ids)
    observability.event_received(receipt.event_type, receipt.outcome, receipt.lag_seconds)
    if receipt.failure is not None:
        observability.event_parked(receipt.failure)
    return Reply(Received(received=True))
