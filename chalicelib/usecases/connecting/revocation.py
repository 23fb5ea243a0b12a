"""Detects that a company revoked POM's access in Stripe, and marks its connection as disconnected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import AccountUnreachable, Retryable
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.connecting.change_connection import change_connection

REVOKED = "revoked in Stripe"


def mark_revoked(organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> None:
    """Marks the connection as disconnected after Stripe refused a call for its account, if Stripe still refuses.

    The company may have connected the account again in the meantime. So Stripe is asked again after the connection is
    read and before it is written. If Stripe does not respond, the connection stays as it is, and the next call
    detects the revocation.
    """

    def ended(connection: Connection) -> Connection:
        if not _still_uses(connection, account_id) or reachable(account_id, ports):
            return connection
        return connection.disconnected(REVOKED, ports.clock.now())

    act = connection_act(organization_id, ConnectionAct.REVOKED, ports, stripe_id=account_id)
    with suppress(Retryable):
        change_connection(organization_id, ended, ports, act)


def _still_uses(connection: Connection, account_id: StripeAccountId) -> bool:
    return connection.active and connection.account_id == account_id


def reachable(account_id: StripeAccountId, ports: Ports) -> bool:
    """Returns True if Stripe accepts calls for the account."""
    try:
        ports.stripe.account(account_id)
    except AccountUnreachable:
        return False
    return True


@contextmanager
def marking_revocation(organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> Iterator[None]:
    """Marks the connection as disconnected if a call of Stripe within this block finds it revoked. The error goes
    on.
    """
    try:
        yield
    except AccountUnreachable:
        mark_revoked(organization_id, account_id, ports)
        raise
