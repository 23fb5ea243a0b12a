"""Changes a stored connection while other workers change it too: reads it again and repeats the change."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.acts import Act
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts

ATTEMPTS = 8


def change_connection(
    organization_id: OrganizationId, change: Callable[[Connection], Connection], ports: Ports, *acts: Act
) -> Connection:
    """Stores the result of `change`, which is called again with the newest connection if another write came first.

    The acts are stored with the connection, unless `change` changes nothing.

    Raises:
        StaleWrite: other writes came first in every attempt.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        connection = ports.connections.get(organization_id)
        updated = change(connection)
        if updated == connection:
            return connection
        try:
            return ports.connections.save(updated, *acts)
        except StaleWrite:
            continue
    raise StaleWrite("The connection")
