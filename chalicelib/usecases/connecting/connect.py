"""Installs, reconnects and disconnects Stripe.

The callback comes from a browser without a token, so it does not prove who uses the browser. Therefore it only stores
that the authorization is ready. The admin who began it activates it with an authenticated request, so nobody can be
made to connect another person's account. That request carries a proof that only the returning browser received. So an
attacker who sends another person to Stripe in the attacker's own name never learns the proof.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.domain.acts import Act, ConnectionAct
from chalicelib.domain.connection import (
    STATE_VALID_FOR,
    Authorization,
    Connection,
    require_organization,
)
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    Forbidden,
    IntegrationError,
    Malformed,
    Refused,
    Retryable,
    StaleWrite,
)
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId, UserId
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.connecting.change_connection import ATTEMPTS, change_connection
from chalicelib.usecases.connecting.connection_report import ConnectionReport, report
from chalicelib.usecases.connecting.revocation import REVOKED

PROOF = "."
"""Separates the state from the proof of the return. Neither of them contains this character."""

OAUTH_DENIED = "oauth_denied"
"""The error code of an attempt to connect if access was denied in Stripe."""

START_AGAIN = "Start again with Install or Reconnect under Settings, Apps, Stripe."


@dataclass(frozen=True, slots=True)
class AuthorizationLink:
    """The URL to which the admin is sent, and the time until which it is valid (epoch seconds UTC)."""

    authorize_url: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class CallbackResult:
    """The result of the callback: `pending`, `denied`, or `error` with its code.

    If the outcome is `pending`, `state` ends with the proof for the returning browser.
    """

    outcome: str
    state: str
    code: str | None = None


def begin(organization_id: OrganizationId, user_id: UserId, ports: Ports, *, redirect_uri: str) -> AuthorizationLink:
    """Begins Install or Reconnect: returns a link that can be used once, within ten minutes.

    Raises:
        Conflict: the organization was erased.
    """
    connection = ports.connections.get(organization_id)
    require_organization(connection)
    now = ports.clock.now()
    state = ports.clock.nonce()
    expires_at = now + STATE_VALID_FOR
    ports.connections.put_authorization(
        Authorization(secret_digest(state), organization_id, user_id, created_at=now, expires_at=expires_at)
    )
    act = connection_act(organization_id, ConnectionAct.CONNECT_BEGUN, ports, actor=user_id)
    ports.connections.save(connection.authorizing(expires_at), act)
    return AuthorizationLink(ports.stripe.authorize_url(state, redirect_uri), expires_at)


def receive_callback(state: str | None, code: str | None, error: str | None, ports: Ports) -> CallbackResult:
    """Handles the browser's return from Stripe. The state is used up before the code is exchanged.

    Exchanging a code twice revokes the access that it gave, so a callback that is loaded twice must stop here.

    Raises:
        Malformed: no state.
        Conflict, Refused: the state is unknown, used up or expired.
    """
    authorization = _open_authorization(state, ports)
    if authorization.returned_at is not None:
        raise _state_used()
    returned = replace(authorization, returned_at=ports.clock.now())
    if error or not code:
        denied = error == "access_denied"
        code_of_error = OAUTH_DENIED if denied else "oauth_failed"
        _consume(
            replace(returned, error=code_of_error),
            ports,
            _connect_failed_act(returned, code_of_error, ports),
        )
        return CallbackResult("denied" if denied else "error", state or "", code_of_error)
    consumed = _consume(returned, ports)
    try:
        grant = ports.stripe.exchange_code(code)
    except (Refused, AccountUnreachable, Retryable) as failure:
        act = _connect_failed_act(returned, failure.code, ports)
        ports.connections.save_authorization(replace(consumed, error=failure.code), act)
        return CallbackResult("error", state or "", failure.code)
    proof = ports.clock.nonce()
    granted = replace(consumed, account_id=grant.account_id, livemode=grant.livemode, proof_hash=secret_digest(proof))
    organization_id, kind = granted.organization_id, ConnectionAct.ACCESS_GRANTED
    act = connection_act(organization_id, kind, ports, stripe_id=grant.account_id)
    ports.connections.save_authorization(granted, act)
    return CallbackResult("pending", f"{state}{PROOF}{proof}")


def complete(organization_id: OrganizationId, user_id: UserId, state: str, ports: Ports) -> ConnectionReport:
    """Activates the connection for the admin who began it. A repeated request changes nothing.

    Raises:
        Malformed, Refused, Conflict: the state is unknown, expired, denied, or not yet back from Stripe.
        Forbidden: somebody else began it.
        Conflict: the Stripe account belongs to another organization, or this one was erased.
    """
    original_state, _, proof = state.partition(PROOF)
    authorization = _authorization(original_state, ports)
    if authorization.organization_id != organization_id or authorization.user_id != user_id:
        raise Forbidden(
            "state_foreign",
            "Somebody else began this connection.",
            field="state",
            next_step="The admin who clicked Install completes it; or start again yourself.",
        )
    if authorization.completed_at is not None:
        return report(organization_id, ports)
    if authorization.expires_at <= ports.clock.now():
        raise _authorization_expired()
    _activate(organization_id, authorization, _granted_account(authorization, proof), ports)
    ports.connections.save_authorization(replace(authorization, completed_at=ports.clock.now()))
    _catch_up(organization_id, ports)
    return report(organization_id, ports)


def disconnect(organization_id: OrganizationId, user_id: UserId, ports: Ports) -> ConnectionReport:
    """Gives up the access to the account. Every record stays. A repeated request changes nothing."""
    connection = ports.connections.get(organization_id)
    if connection.active and connection.account_id is not None:
        ports.stripe.deauthorize(connection.account_id)
        _end(connection, user_id, ports)
    return report(organization_id, ports)


def _end(before: Connection, user_id: UserId, ports: Ports) -> None:
    """Marks the connection as disconnected by this user, unless it has been connected again since.

    Stripe's event about the revoked access often arrives first. It does not say who disconnected.
    """
    reason = f"disconnected by {user_id}"

    def ended(current: Connection) -> Connection:
        if (current.account_id, current.connected_at) != (before.account_id, before.connected_at):
            return current
        if current.disconnect_reason == REVOKED:
            return replace(current, disconnect_reason=reason)
        return current.disconnected(reason, ports.clock.now())

    organization_id, kind = before.organization_id, ConnectionAct.DISCONNECTED
    act = connection_act(organization_id, kind, ports, actor=user_id, stripe_id=before.account_id)
    change_connection(organization_id, ended, ports, act)


def _activate(
    organization_id: OrganizationId, authorization: Authorization, account_id: StripeAccountId, ports: Ports
) -> None:
    """Stores the connection with the account as Stripe has it now.

    The account is read after the stored connection. The write fails if the stored connection has changed since.

    Raises:
        Conflict: the account belongs to another organization, or this organization was erased.
        StaleWrite: other writes came first in every attempt.
    """
    owner = ports.connections.organization_of(account_id)
    if owner is not None and owner != organization_id:
        raise Conflict(
            "account_bound_elsewhere",
            "This Stripe account belongs to another organization in POM.",
            next_step="Connect the Stripe account of this company, or contact support to move it.",
        )
    kind, by = ConnectionAct.CONNECTED, authorization.user_id
    act = connection_act(organization_id, kind, ports, actor=by, stripe_id=account_id)
    for _ in attempts(ATTEMPTS, ports.clock):
        freeze = ports.connections.platform_freeze()
        connection = ports.connections.get(organization_id)
        connected = connection.activated(
            ports.stripe.account(account_id),
            account_id,
            livemode=authorization.livemode,
            by=by,
            now=ports.clock.now(),
        )
        try:
            if freeze is None or connected.frozen is not None:
                ports.connections.bind(connected, freeze, act)
            else:
                pause_act = connection_act(organization_id, ConnectionAct.INVOICING_PAUSED, ports, operator=freeze.by)
                ports.connections.bind(replace(connected, frozen=freeze), freeze, act, pause_act)
        except StaleWrite:
            continue
        return
    raise StaleWrite("The connection")


def _catch_up(organization_id: OrganizationId, ports: Ports) -> None:
    """Queues a reconciliation, because events of the time without a connection are missing. The next plan repeats a
    failure.
    """
    with suppress(Retryable):
        ports.queues.send(Reconciliation(organization_id, objects=True))


def _granted_account(authorization: Authorization, proof: str) -> StripeAccountId:
    if authorization.error is not None:
        raise Refused(
            authorization.error,
            "The connection was not granted in Stripe."
            if authorization.error == OAUTH_DENIED
            else "Stripe did not complete the connection.",
            field="state",
            next_step=START_AGAIN,
        )
    if authorization.account_id is None or not hmac.compare_digest(
        secret_digest(proof), authorization.proof_hash or ""
    ):
        raise Conflict(
            "state_not_returned",
            "Stripe has not sent this browser back yet.",
            field="state",
            next_step="Finish the authorization in Stripe first, and go on in the same browser.",
        )
    return authorization.account_id


def _open_authorization(state: str | None, ports: Ports) -> Authorization:
    authorization = _authorization(state, ports)
    if authorization.expires_at <= ports.clock.now():
        raise _authorization_expired()
    return authorization


def _authorization(state: str | None, ports: Ports) -> Authorization:
    if not state:
        raise Malformed("state_missing", "The state is missing.", field="state", next_step=START_AGAIN)
    authorization = ports.connections.authorization(secret_digest(state))
    if authorization is None:
        raise Refused("state_unknown", "This state was not issued by POM.", field="state", next_step=START_AGAIN)
    return authorization


def _consume(authorization: Authorization, ports: Ports, *acts: Act) -> Authorization:
    try:
        return ports.connections.save_authorization(authorization, *acts)
    except StaleWrite as exc:
        raise _state_used() from exc


def _connect_failed_act(authorization: Authorization, code: str, ports: Ports) -> Act:
    return connection_act(authorization.organization_id, ConnectionAct.CONNECT_FAILED, ports, reason=code)


def _state_used() -> Conflict:
    return Conflict("state_used", "This state was used before.", field="state", next_step=START_AGAIN)


def _authorization_expired() -> IntegrationError:
    return Refused(
        "state_expired", "The authorization took longer than ten minutes.", field="state", next_step=START_AGAIN
    )


def secret_digest(state: str) -> str:
    """Returns the digest under which a state or a proof is stored, so that a stored value gives no access."""
    return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()
