"""`webhook-endpoint`: Stripe's endpoint for connected accounts, as the code needs it."""

from __future__ import annotations

from typing import Any

import click
import stripe

from chalicelib.adapters.stripe.client import build_client
from chalicelib.adapters.stripe.errors import translated
from chalicelib.domain.canary import fingerprint
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.webhook import is_for
from infra.ops.cli import command, dry_run
from infra.ops.control import Secret
from infra.ops.screen import Screen
from infra.ops.stage import Stage
from infra.ops.verification import verify_webhooks

LISTED = 100


@click.command("webhook-endpoint")
@click.option("--verify", is_flag=True, help="Only tell what is known of whether events arrive; status 1 if not.")
@dry_run
@command
def webhook_endpoint(stage: Stage, screen: Screen, verify: bool, dry_run: bool) -> None:
    """Create or update the endpoint in Stripe, with the pinned API version and every event we subscribe to.

    A new endpoint's secret goes to Secrets Manager, beside the others, and never to the screen. With --verify nothing
    is changed: Stripe's endpoints, a canary with each secret, and events that arrived or had to be fetched are told.
    """
    url = stage.webhook_url
    if verify:
        verify_webhooks(stage, screen)
        return
    client = _client(stage)
    found = _ours(client, url)
    rows = [
        {"id": each.id, "status": each.status, "api_version": each.api_version, "events": len(each.enabled_events)}
        for each in found
    ]
    screen.table("present", f"Present endpoints of {url}", rows)
    usable = next((each for each in found if each.application and each.api_version == API_VERSION), None)
    if usable is None:
        _create(stage, screen, client, url, dry_run=dry_run)
    else:
        _update(screen, client, usable, dry_run=dry_run)
    surplus = [each.id for each in found if usable is None or each.id != usable.id]
    if surplus:
        said = "not needed: delete in Stripe when all is well"
        screen.fact("surplus", surplus, f"{', '.join(surplus)}: {said}.")


def _client(stage: Stage) -> stripe.StripeClient:
    secrets = stage.ports.secrets()
    config = stage.config
    return build_client(
        secrets.api_key, secrets.client_id, api_base=config.stripe_api_base, connect_base=config.stripe_connect_base
    )


@translated
def _ours(client: stripe.StripeClient, url: str) -> list[Any]:
    return [each for each in client.v1.webhook_endpoints.list({"limit": LISTED}).data if is_for(each.url, url)]


@translated
def _create(stage: Stage, screen: Screen, client: stripe.StripeClient, url: str, *, dry_run: bool) -> None:
    planned = {"url": url, "api_version": API_VERSION, "events": len(SUBSCRIPTION), "connect": True}
    screen.table("changes", "Changes", [planned])
    if dry_run:
        screen.fact("would", "create", "Would create an endpoint, and keep its secret beside the others.")
        return
    secret = Secret(stage)  # before anything is made: without it there is nowhere to put the new one
    wanted: Any = {
        "url": url,
        "connect": True,
        "api_version": API_VERSION,
        "enabled_events": list(SUBSCRIPTION),
        "description": "POM-Stripe",
    }
    made = client.v1.webhook_endpoints.create(wanted)
    try:
        secret.keep([str(made.secret), *secret.webhook_secrets])
    except Exception:
        client.v1.webhook_endpoints.delete(made.id)
        raise
    screen.fact("created", made.id, f"Created {made.id}; its secret {fingerprint(str(made.secret))} is kept.")


@translated
def _update(screen: Screen, client: stripe.StripeClient, endpoint: Any, *, dry_run: bool) -> None:
    present, wanted = set(endpoint.enabled_events), set(SUBSCRIPTION)
    added, removed = sorted(wanted - present), sorted(present - wanted)
    if not added and not removed and endpoint.status == "enabled":
        screen.fact("unchanged", endpoint.id, f"{endpoint.id} is as it has to be.")
        return
    enabled = [] if endpoint.status == "enabled" else [endpoint.id]
    changes = {"enable": enabled, "add": added, "remove": removed}
    rows = [{change: each} for change, subjects in changes.items() for each in subjects]
    screen.table("changes", "Changes", rows, tuple(changes))
    if dry_run:
        screen.fact("would", "update", f"Would update {endpoint.id}.")
        return
    wanted_settings: Any = {"enabled_events": list(SUBSCRIPTION), "disabled": False}
    client.v1.webhook_endpoints.update(endpoint.id, wanted_settings)
    screen.fact("updated", endpoint.id, f"Updated {endpoint.id}.")
