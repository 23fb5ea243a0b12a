"""The platform's webhook endpoints (https://docs.stripe.com/api/webhook_endpoints), as operators set them up.

The gateway lists them (`StripeGateway.webhook_endpoints`); no function changes them.
"""

from __future__ import annotations

from typing import Any

import stripe

from chalicelib.adapters.stripe.client import translated
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION


class WebhookEndpoints:
    """Creates, updates and deletes endpoints. Stripe's errors come out in the domain's words."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._endpoints: Any = client.v1.webhook_endpoints

    @translated
    def create(self, url: str) -> tuple[str, str]:
        """Make one for connected accounts, with the pinned API version and every event that we subscribe to.

        Returns its id and its signing secret, which Stripe's API returns this once only.
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

    @translated
    def update(self, endpoint_id: str) -> None:
        """Enable one, and subscribe it to every event that we need and to no other."""
        self._endpoints.update(endpoint_id, {"enabled_events": list(SUBSCRIPTION), "disabled": False})

    @translated
    def delete(self, endpoint_id: str) -> None:
        """Delete one: Stripe sends nothing to it any more."""
        self._endpoints.delete(endpoint_id)
