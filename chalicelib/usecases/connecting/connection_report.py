"""Reports the state of a connection: its status, whether Stripe's events arrive, and what is left to do.

Stripe is not called.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.checklist import COUNTED_UP_TO, ChecklistInput, Item, checklist
from chalicelib.domain.connection import Connection, ConnectionStatus
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.webhook_health import webhook_health


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """The data of a connection that POM shows.

    `webhook_healthy` is None if there is no active connection, or if POM cannot judge the webhook yet. `lag_seconds`
    is the time since the latest comparison with Stripe.
    """

    connection: Connection
    status: ConnectionStatus
    last_event_at: int | None
    webhook_healthy: bool | None
    webhook_problem: str | None
    webhook_checked_at: int | None = None
    lag_seconds: int | None = None


def report(organization_id: OrganizationId, ports: Ports) -> ConnectionReport:
    """Returns the report of the organization's connection."""
    return report_of(ports.connections.get(organization_id), ports)


def report_of(connection: Connection, ports: Ports) -> ConnectionReport:
    """Returns the report of a stored connection."""
    now = ports.clock.now()
    account_id = connection.account_id
    last_event_at = ports.events.last_received_at(account_id) if account_id else None
    status = connection.status(now)
    if not connection.active:
        return ConnectionReport(connection, status, last_event_at, webhook_healthy=None, webhook_problem=None)
    webhook = webhook_health(connection, ports)
    return ConnectionReport(
        connection,
        status,
        last_event_at,
        webhook_healthy=webhook.healthy,
        webhook_problem=webhook.problem,
        webhook_checked_at=webhook.checked_at,
        lag_seconds=max(0, now - connection.sweep.swept_until),
    )


def go_live_checklist(organization_id: OrganizationId, ports: Ports) -> list[Item]:
    """Returns the checklist of what is left to do before going live, in a few reads."""
    current = report(organization_id, ports)
    return checklist(
        ChecklistInput(
            current.connection,
            ports.settings.get(organization_id),
            current.webhook_healthy,
            current.webhook_problem,
            ports.customers.without_email(organization_id, COUNTED_UP_TO + 1),
            has_customers=bool(ports.customers.page(organization_id, CustomerFilter(), 1, None).items),
        )
    )
