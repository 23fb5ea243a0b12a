"""`status`: one screen of a whole stage."""

from __future__ import annotations

from typing import Any

import click

from chalicelib.domain.canary import Flight
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.usecases.connecting.webhook_health import arrival_problem
from infra.ops import books
from infra.ops.cli import command
from infra.ops.refused import HOURS, refused_signatures
from infra.ops.screen import Screen, ago, moment
from infra.ops.stage import Stage

STUCK_AT_ONCE = 500


@click.command()
@command
def status(stage: Stage, screen: Screen) -> None:
    """One screen: organizations, queues, parked events, dead letters, stuck invoices, and how webhooks get in.

    Refused signatures are a figure and no more: anybody can send some.
    """
    now = stage.ports.clock.now()
    rows: list[dict[str, Any]] = []
    frozen: list[dict[str, Any]] = []
    for connection in screen.each(books.organizations(stage), "Organizations"):
        if connection.frozen is not None:
            frozen.append(_freeze(connection.organization_id, connection.frozen))
        account = connection.account_id
        last = stage.ports.events.last_received_at(account) if account else None
        latest = connection.sweep.latest
        rows.append(
            {
                "organization": connection.organization_id,
                "account": account,
                "status": connection.status(now).value,
                "frozen": connection.frozen is not None,
                "last_event": ago(last, now),
                "swept": ago(connection.sweep.swept_until, now),
                "recovered": latest.recovered + latest.corrected + latest.payouts if latest else 0,
                "webhooks": _webhooks(connection, stage),
                "parked": sum(1 for _ in books.parked(stage, account)) if account else 0,
            }
        )
    freeze = stage.ports.connections.platform_freeze()
    if freeze is not None:
        since = f"since {moment(freeze.at)}, by {freeze.by}: {freeze.reason}"
        screen.fact("platformFrozen", since, f"FROZEN for everybody, whoever connects now included, {since}")
    screen.table("organizations", "Organizations", rows)
    screen.table("frozen", "Frozen organizations", frozen)
    screen.table("queues", "Queues", books.queue_depths(stage))
    stuck = stage.ports.invoices.due_for_work(now, STUCK_AT_ONCE)
    screen.table("stuck", "Stuck invoices", [{"organization": one, "invoice": other} for one, other in stuck])
    endpoint = _endpoint(stage.ports.connections.webhook_check(), now)
    screen.fact("webhookEndpoint", endpoint, f"Webhook endpoint in Stripe: {endpoint}")
    canary = _canary(stage.ports.connections.canary_flight(), now)
    screen.fact("canary", canary, f"Canary: {canary}")
    refused = refused_signatures(stage)
    figure = "unknown" if refused is None else refused
    screen.fact("refusedSignatures", figure, f"Webhooks refused for their signature in {HOURS} hours: {figure}")


def _freeze(organization_id: OrganizationId, freeze: Freeze) -> dict[str, Any]:
    return {"organization": organization_id, "since": moment(freeze.at), "by": freeze.by, "reason": freeze.reason}


def _webhooks(connection: Connection, stage: Stage) -> str:
    """Returns in words what the sweep found out about whether webhooks arrive."""
    if not connection.active:
        return "not connected"
    return arrival_problem(connection, stage.ports) or "no problem known"


def _endpoint(check: WebhookCheck | None, now: int) -> str:
    if check is None:
        return "not looked at yet"
    if not check.usable(now):
        return f"not known: the latest look, {ago(check.at, now)} ago, is too old or Stripe did not answer"
    return check.problem or "as it should be"


def _canary(flight: Flight | None, now: int) -> str:
    if flight is None:
        return "not flown yet"
    if not flight.usable(now):
        return f"not known: the latest flight is {ago(flight.at, now)} old"
    return f"{flight.problem or flight.verdict}, {ago(flight.at, now)} ago"
