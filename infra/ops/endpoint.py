"""`webhook-endpoint`: creates or updates the platform's webhook endpoint in Stripe."""

from __future__ import annotations

import click

from chalicelib.domain.canary import fingerprint
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.webhook import WebhookEndpoint, is_for
from infra.ops.cli import command, dry_run
from infra.ops.screen import Screen
from infra.ops.stage import Stage
from infra.ops.verification import verify_webhooks


@click.command("webhook-endpoint")
@click.option("--verify", is_flag=True, help="Only show whether events arrive; the exit status is 1 if they do not.")
@dry_run
@command
def webhook_endpoint(stage: Stage, screen: Screen, verify: bool, dry_run: bool) -> None:
    """Create or update the endpoint in Stripe, with the pinned API version and every event type that POM needs.

    The secret of a new endpoint is added to the secrets in Secrets Manager and is never printed. --verify changes
    nothing: it shows Stripe's endpoints, the result of a canary with each secret, and which events arrived or had to
    be fetched.
    """
    url = stage.webhook_url
    if verify:
        verify_webhooks(stage, screen)
        return
    endpoints = [each for each in stage.ports.stripe.webhook_endpoints() if is_for(each.url, url)]
    rows = [
        {"id": each.id, "status": _status(each), "api_version": each.api_version, "events": len(each.events)}
        for each in endpoints
    ]
    screen.table("present", f"Present endpoints of {url}", rows)
    usable = next((each for each in endpoints if each.connect and each.api_version == API_VERSION), None)
    if usable is None:
        _create(stage, screen, url, dry_run=dry_run)
    else:
        _update(stage, screen, usable, dry_run=dry_run)
    surplus = [each.id for each in endpoints if usable is None or each.id != usable.id]
    if surplus:
        advice = "not needed: delete them in Stripe when events arrive"
        screen.fact("surplus", surplus, f"{', '.join(surplus)}: {advice}.")


def _status(endpoint: WebhookEndpoint) -> str:
    return "enabled" if endpoint.enabled else "disabled"


def _create(stage: Stage, screen: Screen, url: str, *, dry_run: bool) -> None:
    new_endpoint = {"url": url, "api_version": API_VERSION, "events": len(SUBSCRIPTION), "connect": True}
    screen.table("changes", "Changes", [new_endpoint])
    if dry_run:
        screen.fact("would", "create", "Would create an endpoint, and add its secret to the others.")
        return
    store, endpoint_port = stage.ports.webhook_secrets, stage.ports.webhook_endpoints
    present_secrets = (
        store.latest().webhook_secrets
    )  # before anything is made: without it there is nowhere to put the new one
    endpoint_id, secret = endpoint_port.create(url)
    try:
        store.replace([secret, *present_secrets])
    except Exception:
        endpoint_port.delete(endpoint_id)
        raise
    screen.fact("created", endpoint_id, f"Created {endpoint_id}; its secret {fingerprint(secret)} is stored.")


def _update(stage: Stage, screen: Screen, endpoint: WebhookEndpoint, *, dry_run: bool) -> None:
    present_events, required_events = set(endpoint.events), set(SUBSCRIPTION)
    events_to_add, events_to_remove = (
        sorted(required_events - present_events),
        sorted(present_events - required_events),
    )
    if not events_to_add and not events_to_remove and endpoint.enabled:
        screen.fact("unchanged", endpoint.id, f"{endpoint.id} is configured correctly.")
        return
    changes = {"enable": [] if endpoint.enabled else [endpoint.id], "add": events_to_add, "remove": events_to_remove}
    rows = [{change: each} for change, subjects in changes.items() for each in subjects]
    screen.table("changes", "Changes", rows, tuple(changes))
    if dry_run:
        screen.fact("would", "update", f"Would update {endpoint.id}.")
        return
    stage.ports.webhook_endpoints.update(endpoint.id)
    screen.fact("updated", endpoint.id, f"Updated {endpoint.id}.")
