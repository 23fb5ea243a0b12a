"""Queues a comparison of an account with Stripe before the schedule would."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.connection import Connection, usable_account
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import OrganizationId, UserId
from chalicelib.ports import Ports
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.connecting.change_connection import change_connection

NOT_TWICE_WITHIN = 60
"""Seconds within which a second request is ignored, because the first comparison is still queued or running."""


def refresh_all(organization_id: OrganizationId, ports: Ports, *, by: UserId | None = None) -> Connection:
    """Queues a comparison of events and objects, for the user `by`.

    Returns the connection with the time of the request.

    Raises:
        Conflict: the organization is not connected.
        Retryable: it could not be queued.
    """
    connection = ports.connections.get(organization_id)
    usable_account(connection)
    now = ports.clock.now()
    if now - connection.refresh_asked_at < NOT_TWICE_WITHIN:
        return connection
    ports.queues.send(Reconciliation(organization_id, objects=True))
    # If other writes come first in every attempt, the next request is queued again, which does no harm.
    act = connection_act(organization_id, ConnectionAct.REFRESH_REQUESTED, ports, actor=by)
    with suppress(StaleWrite):
        change_connection(organization_id, lambda current: replace(current, refresh_asked_at=now), ports, act)
    return replace(connection, refresh_asked_at=now)


def wake(connection: Connection, ports: Ports) -> None:
    """Has the account swept within ten minutes, and as often from then on, because a quiet organization begins work.

    Usually the account is swept that often already, and nothing is written.

    Raises:
        Retryable: the database does not answer.
    """
    now = ports.clock.now()
    if connection.sweep.is_due_soon(now):
        return
    # If other writes come first in every attempt, the organization is at work already and is swept soon.
    with suppress(StaleWrite):
        change_connection(
            connection.organization_id,
            lambda current: replace(current, sweep=current.sweep.with_run_due_soon(now)),
            ports,
        )
