"""Webhook endpoints of the platform and of accounts (https://docs.stripe.com/api/webhook_endpoints)."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..errors import InvalidParams, InvalidState
from ..state.ledger import JSON, Ledger, public
from ..state.world import World
from . import lists, rules
from .call import Call, Route

MAX_ENDPOINTS = 16


def create(call: Call) -> JSON:
    """Handles POST /v1/webhook_endpoints. Only this response contains the secret."""
    params, owner = call.params, call.ledger
    if urlsplit(params["url"]).scheme not in ("http", "https") or not urlsplit(params["url"]).hostname:
        raise InvalidParams(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param="url", code="url_invalid"
        )
    if call.livemode and not params["url"].startswith("https://"):
        raise InvalidParams("Invalid URL: URL must use HTTPS in live mode.", param="url", code="url_invalid")
    if params.get("connect") and owner is not call.world.platform:
        raise InvalidState("Only a platform can have Connect endpoints.", param="connect")
    endpoint = make(
        call.world,
        owner,
        url=params["url"],
        enabled_events=params["enabled_events"],
        connect=params.get("connect", False),
        api_version=params.get("api_version"),
        livemode=call.livemode,
        description=params.get("description") or None,
        metadata=rules.metadata({}, params.get("metadata")),
    )
    return {**public(endpoint), "secret": endpoint["_secrets"][0]}


def make(
    world: World,
    owner: Ledger,
    *,
    url: str,
    enabled_events: list[str] | None = None,
    connect: bool = True,
    api_version: str | None = None,
    livemode: bool = False,
    secret: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> JSON:
    """Stores and returns an endpoint. Raises InvalidState if its owner has sixteen already."""
    if sum(e["livemode"] == livemode for e in owner.all("webhook_endpoint")) >= MAX_ENDPOINTS:
        raise InvalidState(f"You have reached the maximum of {MAX_ENDPOINTS} webhook endpoints.")
    endpoint: JSON = {
        "id": f"we_1{world.ids.token(23)}",
        "object": "webhook_endpoint",
        "api_version": api_version,
        "application": _application(world, livemode) if connect else None,
        "created": world.now(),
        "description": description,
        "enabled_events": list(enabled_events or ["*"]),
        "livemode": livemode,
        "metadata": metadata or {},
        "status": "enabled",
        "url": url,
        "_connect": connect,
        "_secrets": [secret or f"whsec_{world.ids.token(32)}"],
    }
    return owner.add(endpoint)


def _application(world: World, livemode: bool) -> str:
    """Returns the application id that marks an endpoint as a Connect endpoint.

    https://github.com/stripe/stripe-dotnet/issues/1876
    """
    return world.config.client_id(livemode)


def update(call: Call) -> JSON:
    """Handles POST /v1/webhook_endpoints/{id}. The API version and `connect` cannot be changed."""
    endpoint = call.ledger.get("webhook_endpoint", call.id)
    params = call.params
    for name in ("url", "enabled_events"):
        if name in params:
            endpoint[name] = params[name]
    if "description" in params:
        endpoint["description"] = params["description"] or None
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    endpoint["metadata"] = rules.metadata(endpoint["metadata"], params.get("metadata"))
    return endpoint


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/webhook_endpoints/{id}."""
    return call.ledger.get("webhook_endpoint", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/webhook_endpoints."""
    endpoints = (e for e in call.ledger.all("webhook_endpoint") if e["livemode"] == call.livemode)
    return lists.page(call, endpoints, "/v1/webhook_endpoints", kind="webhook endpoint")


def delete(call: Call) -> JSON:
    """Handles DELETE /v1/webhook_endpoints/{id}."""
    owner = call.ledger
    owner.get("webhook_endpoint", call.id)
    owner.remove("webhook_endpoint", call.id)
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


ROUTES = [
    Route("POST", "/v1/webhook_endpoints", "WebhookEndpointCreateParams", create),
    Route("GET", "/v1/webhook_endpoints", "WebhookEndpointListParams", list_),
    Route("GET", "/v1/webhook_endpoints/{id}", "WebhookEndpointRetrieveParams", retrieve),
    Route("POST", "/v1/webhook_endpoints/{id}", "WebhookEndpointUpdateParams", update),
    Route("DELETE", "/v1/webhook_endpoints/{id}", "WebhookEndpointDeleteParams", delete),
]
