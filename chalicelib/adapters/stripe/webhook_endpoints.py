"""The platform's webhook endpoints (https://docs.stripe.com/api/webhook_endpoints).

The gateway lists them. Operators set them up; no function changes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import stripe

from chalicelib.adapters.stripe.client import StripeCalls
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.webhook import WebhookEndpoint

PAGE_SIZE = 100
"""Endpoints in one response. Stripe allows sixteen."""


class Endpoint(msgspec.Struct):
    """https://docs.stripe.com/api/webhook_endpoints/object; only Connect endpoints name an application."""

    url: str
    status: str = "enabled"
    application: str | None = None
    api_version: str | None = None
    enabled_events: list[str] = []
    id: str = ""


class Endpoints(msgspec.Struct):
    data: list[Endpoint]


class ListedEndpoints(StripeCalls):
    """The part of the gateway that reads the webhook endpoints."""

    @translates_errors
    def webhook_endpoints(self) -> Sequence[WebhookEndpoint]:
        """Returns the platform's own endpoints."""
        response = self._call(self._v1.webhook_endpoints.list, {"limit": PAGE_SIZE})
        return [
            WebhookEndpoint(
                url=each.url,
                enabled=each.status == "enabled",
                connect=each.application is not None,
                api_version=each.api_version,
                events=tuple(each.enabled_events),
                id=each.id,
            )
            for each in response.parse(Endpoints).data
        ]


class WebhookEndpoints:
    """Creates, updates and deletes endpoints. Raises the domain's errors instead of Stripe's."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._endpoints: Any = client.v1.webhook_endpoints

    @translates_errors
    def create(self, url: str) -> tuple[str, str]:
        """Creates an endpoint for connected accounts, and returns its id and its signing secret.

        The endpoint has the pinned API version and every event that we subscribe to. Stripe returns the secret only
        this once.
        """
        endpoint = self._endpoints.create(
            {
                "url": url,
                "connect": True,
                "api_version": API_VERSION,
                "enabled_events": list(SUBSCRIPTION),
                "description": "POM-Stripe",
            }
        )
        return str(endpoint.id), str(endpoint.secret)

    @translates_errors
    def update(self, endpoint_id: str) -> None:
        """Enables an endpoint, and subscribes it to exactly the events that we need."""
        self._endpoints.update(endpoint_id, {"enabled_events": list(SUBSCRIPTION), "disabled": False})

    @translates_errors
    def delete(self, endpoint_id: str) -> None:
        """Deletes an endpoint, so that Stripe sends no more events to it."""
        self._endpoints.delete(endpoint_id)
