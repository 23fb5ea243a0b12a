"""Applies events about the connected account itself: what Stripe requires of it, and the end of the connection."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chalicelib.correlation import note
from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.connection import Connection
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.merging import CannotOrder, newer, prefer_fetched
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.connecting.revocation import REVOKED, reachable
from chalicelib.usecases.events.event_outcome import EventOutcome, marker_of, outcome_of

CLOCKS_DIFFER_BY = 10
"""Seconds by which POM's clock and Stripe's may differ, including the time that a response needs."""


def apply_to_account(event: StripeEvent, account_id: StripeAccountId, source: Source, ports: Ports) -> EventOutcome:
    """Applies `account.updated` and `capability.updated`, which say what Stripe still requires of the business."""
    connection = connection_of(account_id, ports)
    if connection is None:
        return EventOutcome.FOREIGN
    if connection.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    stored, account = connection.account, _account_now(event, connection, account_id, ports)
    changed = account is not None and (stored is None or account != replace(stored, as_of=account.as_of))
    outcome = outcome_of(source, changed=changed)
    marker = marker_of(event, account_id, outcome, source, ports)
    if account == stored:
        ports.events.mark(marker)
    else:
        ports.connections.apply(replace(connection, account=account), marker)
    return outcome


def apply_deauthorization(
    event: StripeEvent, account_id: StripeAccountId, source: Source, ports: Ports
) -> EventOutcome:
    """Applies `account.application.deauthorized`: the company revoked the connection in Stripe.

    An event about an earlier connection does not end the present one.
    """
    connection = connection_of(account_id, ports)
    if connection is None:
        return EventOutcome.FOREIGN
    if connection.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    is_earlier = _is_about_earlier_connection(connection, event, account_id, ports)
    ended = connection if is_earlier else connection.disconnected(REVOKED, event.created)
    outcome = outcome_of(source, changed=ended != connection)
    marker = marker_of(event, account_id, outcome, source, ports)
    if ended == connection:
        ports.events.mark(marker)
    else:
        act = connection_act(ended.organization_id, ConnectionAct.REVOKED, ports, stripe_id=account_id)
        ports.connections.apply(ended, marker, act)
    return outcome


def _is_about_earlier_connection(
    connection: Connection, event: StripeEvent, account_id: StripeAccountId, ports: Ports
) -> bool:
    """Returns True if the event is about an earlier connection.

    The connection is dated by POM's clock and the event by Stripe's. So if the two times are close, Stripe is asked
    whether it still accepts calls for the account.
    """
    if not connection.active or connection.connected_at is None:
        return False
    if not event.dated:
        return reachable(account_id, ports)
    later_by = event.created - connection.connected_at
    if abs(later_by) > CLOCKS_DIFFER_BY:
        return later_by < 0
    return reachable(account_id, ports)


def connection_of(account_id: StripeAccountId, ports: Ports) -> Connection | None:
    """Returns the connection of the organization with this account, active or ended, or None."""
    organization_id = ports.connections.organization_of(account_id)
    if organization_id is None:
        return None
    note(organization_id=organization_id)
    connection = ports.connections.get(organization_id)
    return connection if connection.account_id == account_id else None


def _account_now(
    event: StripeEvent, connection: Connection, account_id: StripeAccountId, ports: Ports
) -> AccountFact | None:
    """Returns the account after the event. A fetch begins after the connection was read.

    An event without a date of its own cannot be ordered, so the account is fetched.
    """
    stored = connection.account
    if event.dated and stored is not None and stored.as_of > event.created:
        return stored
    if event.current and isinstance(event.fact, AccountFact) and event.fact.id == account_id:
        with suppress(CannotOrder):
            return newer(stored, event.fact)
    return prefer_fetched(stored, ports.stripe.account(account_id)) if connection.active else stored
