"""Pause an organization's invoicing, or everybody's, while operations look into something, and let it go on.

Nothing is made or sent meanwhile: requests are refused, batches rest, and half-made invoices stay where they are.
Payments, refunds and reconciliation go on.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.connection import Freeze
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.usecases.ports import Ports


def freeze(organization_id: OrganizationId, by: str, reason: str, ports: Ports) -> bool:
    """Pause an organization's invoicing; answers whether that changed anything."""
    return _set_frozen(organization_id, Freeze(ports.clock.now(), by, reason), ports)


def unfreeze(organization_id: OrganizationId, ports: Ports) -> bool:
    """Let an organization make and send invoices again; answers whether that changed anything."""
    return _set_frozen(organization_id, None, ports)


def freeze_newcomers(by: str, reason: str, ports: Ports) -> None:
    """Pause the invoicing of whoever connects from now on: `complete` copies this into the connection it makes.

    To pause everybody's, do this first and then freeze each; whoever connects in between is met by one or the other.
    """
    ports.connections.keep_platform_freeze(Freeze(ports.clock.now(), by, reason))


def unfreeze_newcomers(ports: Ports) -> None:
    """Whoever connects from now on makes and sends invoices at once."""
    ports.connections.keep_platform_freeze(None)


def _set_frozen(organization_id: OrganizationId, wanted: Freeze | None, ports: Ports) -> bool:
    while True:
        connection = ports.connections.get(organization_id)
        if (connection.frozen is None) == (wanted is None):
            return False
        try:
            ports.connections.save(replace(connection, frozen=wanted))
        except StaleWrite:
            continue
        return True
