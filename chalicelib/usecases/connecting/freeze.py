"""Pauses the invoicing of one organization or of all, while operators look into a problem, and ends the pause.

During a pause no invoice is created or sent: requests are refused, batches wait, and unfinished invoices stay as they
are. Payments, refunds and reconciliation continue.
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
    """Pauses an organization's invoicing. If it is paused already, replaces the reason and the operator of the pause.

    The pause keeps the time of its beginning. Returns True if anything changed.
    """
    now = ports.clock.now()

    def paused(was: Freeze | None) -> Freeze:
        return was.reworded(by, reason) if was else Freeze(now, by, reason)

    return _set_frozen(organization_id, paused, by, ports)


def freeze_unless_frozen(organization_id: OrganizationId, by: str, reason: str, ports: Ports) -> bool:
    """Pauses an organization's invoicing, unless it is paused already. Returns True if it was not.

    Schedules use this function, because they run again and again and must not replace a reason that an operator gave.
    """
    now = ports.clock.now()
    return _set_frozen(organization_id, lambda was: Freeze(now, by, reason) if was is None else was, by, ports)


def unfreeze(organization_id: OrganizationId, by: str, ports: Ports) -> bool:
    """Ends the pause of an organization's invoicing. Returns True if it was paused."""
    return _set_frozen(organization_id, lambda was: None, by, ports)


def freeze_new_connections(by: str, reason: str, ports: Ports) -> None:
    """Pauses the invoicing of organizations that connect from now on. `complete` copies the pause into the
    connection.

    If there is a pause already, its reason and its operator are replaced, and its time stays. To pause all
    organizations, call this first and then `freeze` for each: an organization that connects in between gets one pause
    or the other.
    """
    was = ports.connections.platform_freeze()
    ports.connections.save_platform_freeze(was.reworded(by, reason) if was else Freeze(ports.clock.now(), by, reason))


def unfreeze_new_connections(ports: Ports) -> None:
    """Ends the pause for organizations that connect from now on."""
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
