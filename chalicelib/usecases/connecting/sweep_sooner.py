"""Have an account compared with Stripe sooner than its schedule has it."""

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
"""Seconds in which a second request adds nothing: the comparison it asks for is queued or at work."""


def refresh_all(organization_id: OrganizationId, ports: Ports, *, by: UserId | None = None) -> Connection:
    """Queue a comparison of events and objects, for the user `by`.

    Returns the connection with when that was asked for.

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
    # Where others keep being faster, the next request is queued a second time: that does no harm.
    act = connection_act(organization_id, ConnectionAct.REFRESH_REQUESTED, ports, actor=by)
    with suppress(StaleWrite):
        change_connection(organization_id, lambda current: replace(current, refresh_asked_at=now), ports, act)
    return replace(connection, refresh_asked_at=now)


def wake(connection: Connection, ports: Ports) -> None:
    """Have the account swept within ten minutes, and as often from then on: a quiet organization begins something.

    Mostly it is so already.

    Raises:
        Retryable: the database does not answer.
    """
    now = ports.clock.now()
    if connection.sweep.is_due_soon(now):
        return
    # Where others keep being faster, they are at work on it: a run will see what has begun.
    with suppress(StaleWrite):
        change_connection(
            connection.organization_id, lambda current: replace(current, sweep=current.sweep.due_soon(now)), ports
        )
