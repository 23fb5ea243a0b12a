"""The connection as POM shows it: where it stands, and whether Stripe's events arrive as they happen."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.connection import Connection, ConnectionStatus
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.usecases.ports import Ports

NOT_CHECKED = "Whether Stripe's webhooks are set up for POM could not be checked: Stripe did not answer."


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What POM shows of a connection.

    `webhook_healthy` is None where it could not be checked; `lag_seconds` is how long ago Stripe was last compared
    with POM.
    """

    connection: Connection
    status: ConnectionStatus
    last_event_at: int | None
    webhook_healthy: bool | None
    webhook_problem: str | None
    webhook_checked_at: int | None = None
    lag_seconds: int | None = None


def report(organization_id: OrganizationId, ports: Ports) -> ConnectionReport:
    """What is known; Stripe is not asked."""
    connection = ports.connections.get(organization_id)
    now = ports.clock.now()
    account_id = connection.account_id
    last_event_at = ports.events.last_received_at(account_id) if account_id else None
    status = connection.status(now)
    if not connection.active:
        return ConnectionReport(connection, status, last_event_at, webhook_healthy=False, webhook_problem=None)
    check = ports.connections.webhook_check()
    healthy, problem = _webhook_health(connection, check, now)
    return ConnectionReport(
        connection,
        status,
        last_event_at,
        webhook_healthy=healthy,
        webhook_problem=problem,
        webhook_checked_at=check.at if check else None,
        lag_seconds=max(0, now - connection.sweep.swept_until),
    )


def _webhook_health(connection: Connection, check: WebhookCheck | None, now: int) -> tuple[bool | None, str | None]:
    unchecked = check is not None and not check.usable(now)
    if check is not None and check.problem and not unchecked:
        return False, check.problem
    if problem := _sweeping_problem(connection, now):
        return False, problem
    return (None, NOT_CHECKED) if unchecked else (True, None)


def _sweeping_problem(connection: Connection, now: int) -> str | None:
    sweep = connection.sweep
    if sweep.recovered:
        return f"The latest check found {sweep.recovered} events that Stripe's webhooks had not brought."
    if sweep.late(now):
        return "Stripe has not been checked for missed events for more than an hour."
    return None
