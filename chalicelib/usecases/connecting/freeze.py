"""Pause an organization's invoicing, or everybody's, while operations look into something, and let it go on.

Nothing is made or sent meanwhile: requests are refused, batches rest, and half-made invoices stay where they are.
Payments, refunds and reconciliation go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.connection import Freeze
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import connection_act


def freeze(organization_id: OrganizationId, by: str, reason: str, ports: Ports) -> bool:
    """Pauses an organization's invoicing, or replaces the reason and the operator of a pause that it has already.

    A pause keeps the moment when it began. Returns True if anything changed.
    """
    now = ports.clock.now()

    def paused(was: Freeze | None) -> Freeze:
        return was.reworded(by, reason) if was else Freeze(now, by, reason)

    return _set_frozen(organization_id, paused, by, ports)


def freeze_unless_frozen(organization_id: OrganizationId, by: str, reason: str, ports: Ports) -> bool:
    """Pauses an organization's invoicing. A pause that it has already keeps its reason. Returns True if it had none.

    Schedules use this: they run again and again, and must not replace the words that an operator chose since.
    """
    now = ports.clock.now()
    return _set_frozen(organization_id, lambda was: Freeze(now, by, reason) if was is None else was, by, ports)


def unfreeze(organization_id: OrganizationId, by: str, ports: Ports) -> bool:
    """Lets an organization make and send invoices again. Returns True if it was paused."""
    return _set_frozen(organization_id, lambda was: None, by, ports)


def freeze_new_connections(by: str, reason: str, ports: Ports) -> None:
    """Pauses the invoicing of organizations that connect from now on: `complete` copies this into the connection.

    If they are paused already, the reason and the operator are replaced and the moment is kept.
    To pause everybody's, do this first and then freeze each; whoever connects in between is met by one or the other.
    """
    was = ports.connections.platform_freeze()
    ports.connections.save_platform_freeze(was.reworded(by, reason) if was else Freeze(ports.clock.now(), by, reason))


def unfreeze_new_connections(ports: Ports) -> None:
    """Whoever connects from now on makes and sends invoices at once."""
    ports.connections.save_platform_freeze(None)


def _set_frozen(
    organization_id: OrganizationId, new_freeze: Callable[[Freeze | None], Freeze | None], by: str, ports: Ports
) -> bool:
    while True:
        connection = ports.connections.get(organization_id)
        frozen = new_freeze(connection.frozen)
        if frozen == connection.frozen:
            return False
        kind = ConnectionAct.INVOICING_PAUSED if frozen is not None else ConnectionAct.INVOICING_RESUMED
        act = connection_act(organization_id, kind, ports, operator=by)
        try:
            ports.connections.save(replace(connection, frozen=frozen), act)
        except StaleWrite:
            continue
        return True
