"""Gives up access that was granted in Stripe and whose connection no admin completed in POM."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.acts import Act, ConnectionAct
from chalicelib.domain.connection import Authorization
from chalicelib.domain.errors import AccountUnreachable, Refused, Retryable
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import connection_act

AT_ONCE = 200
ENOUGH = 30
"""Seconds after which a run begins no further account, because each call may take long if Stripe does not respond."""


def give_up_abandoned(ports: Ports) -> int:
    """Deauthorizes each account once, unless it is connected by now or can still be completed.

    If Stripe does not respond, the next run tries again. Returns the number of accounts whose access was given up.
    """
    now = ports.clock.now()
    unused = [grant for state in ports.connections.unused_grants(AT_ONCE) if (grant := _unused_grant(state, ports))]
    under_way = {each.account_id for each in unused if not each.abandoned(now)}
    by_account: dict[StripeAccountId, list[Authorization]] = {}
    for each in unused:
        if each.account_id is not None and each.account_id not in under_way:
            by_account.setdefault(each.account_id, []).append(each)
    given_up = 0
    for account_id, authorizations in by_account.items():
        if ports.clock.now() - now > ENOUGH:
            break
        try:
            was_given_up = _deauthorize_unless_connected(account_id, ports)
            given_up += was_given_up
            for authorization in authorizations:
                acts = [_act(authorization, ports)] if was_given_up else []
                ports.connections.save_authorization(replace(authorization, settled_at=now), *acts)
        except (Refused, AccountUnreachable, Retryable):
            continue
    return given_up


def _unused_grant(state_hash: str, ports: Ports) -> Authorization | None:
    """Returns the authorization if its grant is unused. It is read from the table, because the index may lag
    behind.
    """
    authorization = ports.connections.authorization(state_hash)
    return authorization if authorization is not None and authorization.unused_grant else None


def _act(authorization: Authorization, ports: Ports) -> Act:
    organization_id, account_id = authorization.organization_id, authorization.account_id
    return connection_act(organization_id, ConnectionAct.ACCESS_GIVEN_UP, ports, stripe_id=account_id)


def _deauthorize_unless_connected(account_id: StripeAccountId, ports: Ports) -> bool:
    if _is_connected(account_id, ports):
        return False
    ports.stripe.deauthorize(account_id)
    return True


def _is_connected(account_id: StripeAccountId, ports: Ports) -> bool:
    organization_id = ports.connections.organization_of(account_id)
    if organization_id is None:
        return False
    connection = ports.connections.get(organization_id)
    return connection.active and connection.account_id == account_id
