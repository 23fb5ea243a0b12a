"""Change a stored connection although others change it too: read again and repeat the change."""

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
    """Store `change` of the connection; it may be made several times, each time to what is stored then.

    The acts are stored with it, unless it changes nothing.

    Raises:
        StaleWrite: others kept being faster.
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
