"""The platform's webhook endpoints, as Stripe lists them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.adapters.stripe.client import Asking
from chalicelib.adapters.stripe.errors import translated
from chalicelib.domain.webhook import WebhookEndpoint

MOST = 100
"""Endpoints in one answer: Stripe allows sixteen."""


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


class ListedEndpoints(Asking):
    """The part of the gateway that looks at the webhook endpoints."""

    @translated
    def webhook_endpoints(self) -> Sequence[WebhookEndpoint]:
        """Returns the platform's own endpoints."""
        answer = self._ask(self._v1.webhook_endpoints.list, {"limit": MOST})
        return [
            WebhookEndpoint(
                url=each.url,
                enabled=each.status == "enabled",
                connect=each.application is not None,
                api_version=each.api_version,
                events=tuple(each.enabled_events),
                id=each.id,
            )
            for each in answer.read(Endpoints).data
        ]
