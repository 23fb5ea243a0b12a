"""Connections, the authorizations that lead to them, and which account is bound to which organization."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.tables.acts import put_acts, put_with_acts
from chalicelib.adapters.tables.codec import decode_item, encode
from chalicelib.adapters.tables.database import Cancelled, Transaction, read_item, translating_errors
from chalicelib.adapters.tables.markers import expiry, put_marker
from chalicelib.adapters.tables.models import ClaimItem, ConnectionItem, OAuthStateItem
from chalicelib.adapters.tables.versions import commit, has_version, put
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.acts import Act
from chalicelib.domain.attention import UnknownInvoices
from chalicelib.domain.canary import CanaryRun
from chalicelib.domain.connection import Authorization, Connection, Freeze
from chalicelib.domain.errors import Conflict, StaleWrite
from chalicelib.domain.events import EventMarker
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.retention import ATTEMPTS_TO_CONNECT, TRIALS, UNKNOWN_INVOICES_KEPT, UNUSED_GRANTS
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck

ACTIVE = "active"
"""The one partition of the index `active`."""

KIND = "connection"

UNUSED = "unused"
"""The one partition of the index `unused_grants`."""

PLATFORM = "platform"
WEBHOOK = "webhook"
"""The kind of the item with the latest check of the webhook endpoints. No organization has an item of this kind."""
CANARY = "canary"
"""The kind of the item with the latest run of the canaries. Its version, like that of the check, is its second."""
FREEZE = "freeze"
"""The kind of the item that exists while all organizations are frozen. Its version is the second of the freeze."""
UNKNOWN_INVOICES = "unknown_invoices"
"""The kind of an organization's item with the unknown invoices. Its version is the second of the comparison."""
TRIAL = "trial"
"""The kind of an organization's item with the latest test of its connection. Its version is the test's second."""

_BINDING = "binding"
_OBJECT_NAME = "The connection"


class TableConnections:
    """Implements `ConnectionStore`."""

    def get(self, organization_id: OrganizationId) -> Connection:
        item = read_item(ConnectionItem, organization_id, KIND)
        return decode_item(Connection, item) if item else Connection(organization_id)

    def save(self, connection: Connection, *acts: Act) -> Connection:
        stored = replace(connection, version=connection.version + 1)
        expected = has_version(ConnectionItem, connection.version)
        put_with_acts(ConnectionItem, connection_values(stored), expected, acts, _OBJECT_NAME)
        return stored

    def bind(self, connection: Connection, platform_freeze: Freeze | None = None, *acts: Act) -> Connection:
        if connection.account_id is None:
            raise ValueError("a connection without an account cannot be bound")
        stored = replace(connection, version=connection.version + 1)
        organization_id = connection.organization_id
        transaction = Transaction()
        freeze_key = {"organization_id": PLATFORM, "kind": FREEZE}
        transaction.check(FREEZE, ConnectionItem, freeze_key, _freeze_is(platform_freeze))
        transaction.put(
            KIND, ConnectionItem, connection_values(stored), has_version(ConnectionItem, connection.version)
        )
        transaction.put(
            _BINDING,
            ClaimItem,
            {"owner": _owner(connection.account_id), "claim": _BINDING, "holder": organization_id},
            ClaimItem.holder.does_not_exist() | (ClaimItem.holder == organization_id),
        )
        put_acts(transaction, acts)
        try:
            transaction.commit()
        except Cancelled as exc:
            if _BINDING in exc.failed_on:
                raise Conflict(
                    "account_bound_elsewhere",
                    "This Stripe account is connected to another organization.",
                    next_step="Connect another Stripe account, or ask for support if this one is yours.",
                ) from exc
            raise StaleWrite(_OBJECT_NAME) from exc
        return stored

    def apply(self, connection: Connection, marker: EventMarker, *acts: Act) -> Connection:
        stored = replace(connection, version=connection.version + 1)
        transaction = Transaction()
        expected = has_version(ConnectionItem, connection.version)
        transaction.put(_OBJECT_NAME, ConnectionItem, connection_values(stored), expected)
        put_marker(transaction, marker)
        put_acts(transaction, acts)
        commit(transaction, _OBJECT_NAME)
        return stored

    def organization_of(self, account_id: StripeAccountId) -> OrganizationId | None:
        item = read_item(ClaimItem, _owner(account_id), _BINDING)
        return OrganizationId(item["holder"]["S"]) if item else None

    def all_active(self) -> Iterator[OrganizationId]:
        with translating_errors():
            for item in ConnectionItem.by_active.query(ACTIVE):
                yield OrganizationId(item.organization_id)

    def due_for_sweep(self, by: int) -> Iterator[OrganizationId]:
        with translating_errors():
            for item in ConnectionItem.by_active.query(ACTIVE, ConnectionItem.sweep_at <= by):
                yield OrganizationId(item.organization_id)

    def put_authorization(self, authorization: Authorization) -> None:
        self.save_authorization(replace(authorization, version=0))

    def authorization(self, state_hash: str) -> Authorization | None:
        item = read_item(OAuthStateItem, state_hash)
        return decode_item(Authorization, item) if item else None

    def save_authorization(self, authorization: Authorization, *acts: Act) -> Authorization:
        stored = replace(authorization, version=authorization.version + 1)
        retention = UNUSED_GRANTS if stored.unused_grant else ATTEMPTS_TO_CONNECT
        values = {
            "state_hash": stored.state_hash,
            "version": stored.version,
            "expires_at": stored.expires_at + retention.seconds,
            "work": UNUSED if stored.unused_grant else None,
            "runs_out_at": stored.expires_at if stored.unused_grant else None,
            **encode(stored),
        }
        expected = has_version(OAuthStateItem, authorization.version)
        put_with_acts(OAuthStateItem, values, expected, acts, "This attempt to connect")
        return stored

    def unused_grants(self, limit: int) -> Sequence[str]:
        with translating_errors():
            return [item.state_hash for item in OAuthStateItem.unused_grants.query(UNUSED, limit=limit)]

    def webhook_check(self) -> WebhookCheck | None:
        item = read_item(ConnectionItem, PLATFORM, WEBHOOK)
        return decode_item(WebhookCheck, item) if item else None

    def save_webhook_check(self, check: WebhookCheck) -> None:
        _keep_latest(PLATFORM, WEBHOOK, check)

    def canary_run(self) -> CanaryRun | None:
        item = read_item(ConnectionItem, PLATFORM, CANARY)
        return decode_item(CanaryRun, item) if item else None

    def save_canary_run(self, run: CanaryRun) -> None:
        _keep_latest(PLATFORM, CANARY, run)

    def platform_freeze(self) -> Freeze | None:
        item = read_item(ConnectionItem, PLATFORM, FREEZE)
        return decode_item(Freeze, item) if item else None

    def save_platform_freeze(self, freeze: Freeze | None) -> None:
        with translating_errors():
            if freeze is None:
                ConnectionItem(PLATFORM, FREEZE).delete()
            else:
                ConnectionItem(PLATFORM, FREEZE, version=freeze.at, **encode(freeze)).save()

    def unknown_invoices(self, organization_id: OrganizationId) -> UnknownInvoices | None:
        item = read_item(ConnectionItem, organization_id, UNKNOWN_INVOICES)
        return decode_item(UnknownInvoices, item) if item else None

    def save_unknown_invoices(self, organization_id: OrganizationId, unknown_invoices: UnknownInvoices) -> None:
        _keep_latest(
            organization_id, UNKNOWN_INVOICES, unknown_invoices, unknown_invoices.at + UNKNOWN_INVOICES_KEPT.seconds
        )

    def trial(self, organization_id: OrganizationId) -> Trial | None:
        item = read_item(ConnectionItem, organization_id, TRIAL)
        return decode_item(Trial, item) if item else None

    def begin_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        with translating_errors():
            values = _trial_values(organization_id, trial)
            ConnectionItem(**{**values, "expires_at": expiry(values["expires_at"])}).save()

    def save_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        with suppress(StaleWrite):
            put(ConnectionItem, _trial_values(organization_id, trial), ConnectionItem.run == trial.run, "The test")


def _keep_latest(
    organization_id: str, kind: str, result: WebhookCheck | CanaryRun | UnknownInvoices, expires_at: int | None = None
) -> None:
    """Writes the result unless a later one is stored. A check may finish after a check that began later."""
    later = ConnectionItem.version.does_not_exist() | (ConnectionItem.version <= result.at)
    values = {
        "organization_id": organization_id,
        "kind": kind,
        "version": result.at,
        "expires_at": expires_at,
        **encode(result),
    }
    with suppress(StaleWrite):
        put(ConnectionItem, values, later, "The latest look")


def connection_values(connection: Connection) -> Values:
    """Returns the attributes of a connection, with the version that it has."""
    return {
        "organization_id": connection.organization_id,
        "kind": KIND,
        "version": connection.version,
        "active": ACTIVE if connection.active else None,
        "sweep_at": connection.sweep.due_at if connection.active else None,
        **encode(connection),
    }


def _trial_values(organization_id: OrganizationId, trial: Trial) -> Values:
    return {
        "organization_id": organization_id,
        "kind": TRIAL,
        "version": trial.started_at,
        "run": trial.run,
        "expires_at": trial.started_at + TRIALS.seconds,
        **encode(trial),
    }


def _freeze_is(freeze: Freeze | None) -> Condition:
    return ConnectionItem.version.does_not_exist() if freeze is None else ConnectionItem.version == freeze.at


def _owner(account_id: StripeAccountId) -> str:
    return f"account#{account_id}"
