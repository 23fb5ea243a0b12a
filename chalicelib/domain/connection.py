"""The connection between an organization and its Stripe account."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.errors import AccountNotReady, Conflict, InvoicingPaused
from chalicelib.domain.facts import COMPLETE_VERIFICATION, AccountFact
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId, UserId
from chalicelib.domain.sweep import Sweep
from chalicelib.domain.terms import minute_in_words

STATE_VALID_FOR = 600
"""Seconds within which an authorization can be finished after it began."""

ABANDONED_AFTER = 120
"""Seconds after that during which a request to complete it may still be running."""


class ConnectionStatus(StrEnum):
    """The state of the connection, in the guide's words."""

    NOT_CONNECTED = "not_connected"
    PENDING = "pending"
    CONNECTED = "connected"
    ACTION_REQUIRED = "action_required"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Freeze:
    """An operator's pause of an organization's invoicing, since `at` (epoch seconds UTC).

    The organization sees `reason`. It never sees `by`, the operator.
    """

    at: int
    by: str
    reason: str

    def reworded(self, by: str, reason: str) -> Freeze:
        """Returns the same pause with another reason. It keeps the time at which it began."""
        return replace(self, by=by, reason=reason)

    @property
    def in_words(self) -> str:
        """Returns a sentence for the organization with the time and the reason, without the operator's name."""
        return f"Making and sending invoices has been paused since {minute_in_words(self.at)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Connection:
    """One organization's connection. `account_id` stays after a disconnect, so that the same account can be
    resumed.
    """

    organization_id: OrganizationId
    account_id: StripeAccountId | None = None
    livemode: bool = False
    connected_at: int | None = None
    connected_by: UserId | None = None
    disconnected_at: int | None = None
    disconnect_reason: str | None = None
    authorizing_until: int = 0
    account: AccountFact | None = None
    sweep: Sweep = field(default_factory=lambda: Sweep(swept_until=0))
    tested_at: int | None = None
    """When a test invoice last succeeded on this account."""
    refresh_asked_at: int = 0
    frozen: Freeze | None = None
    erased_at: int | None = None
    """When an operator erased the organization (epoch seconds UTC). It cannot be connected again."""
    version: int = 0

    @property
    def active(self) -> bool:
        """Returns True if POM can call Stripe for it."""
        return self.account_id is not None and self.disconnected_at is None

    @property
    def ready_to_send(self) -> bool:
        """Returns True if Stripe lets this account take payments."""
        return self.active and self.account is not None and self.account.charges_enabled

    def status(self, now: int) -> ConnectionStatus:
        if self.active:
            return ConnectionStatus.CONNECTED if self.ready_to_send else ConnectionStatus.ACTION_REQUIRED
        if self.authorizing_until > now:
            return ConnectionStatus.PENDING
        return ConnectionStatus.DISCONNECTED if self.account_id else ConnectionStatus.NOT_CONNECTED

    def authorizing(self, until: int) -> Self:
        """Returns the connection after a user was sent to Stripe to authorize it."""
        return replace(self, authorizing_until=until)

    def activated(
        self, account: AccountFact, account_id: StripeAccountId, *, livemode: bool, by: UserId, now: int
    ) -> Self:
        """Returns the connection as connected. The same account resumes where it stopped; another one starts from
        `now`.

        Raises:
            Conflict: the organization was erased.
        """
        require_organization(self)
        resumed = account_id == self.account_id
        return replace(
            self,
            account_id=account_id,
            livemode=livemode,
            account=account,
            connected_at=now,
            connected_by=by,
            disconnected_at=None,
            disconnect_reason=None,
            authorizing_until=0,
            sweep=self.sweep.resumed(now) if resumed else Sweep(swept_until=now, happened_at=now),
            tested_at=self.tested_at if resumed else None,
            refresh_asked_at=0,
        )

    def erased(self, now: int) -> Self:
        """Returns the tombstone of the organization's connection, with its ids and times and without its names and
        contacts.
        """
        account = self.account
        if account is not None:
            account = replace(account, business_name=None, support_email=None, support_phone=None, requirements=())
        return replace(self, account=account, erased_at=self.erased_at or now)

    def disconnected(self, reason: str, now: int) -> Self:
        """Returns the connection as no longer usable. Nothing is deleted."""
        if self.disconnected_at is not None:
            return self
        return replace(self, disconnected_at=now, disconnect_reason=reason)


def usable_account(connection: Connection) -> StripeAccountId:
    """Returns the account to call Stripe for.

    Raises:
        Conflict: the organization is not connected.
    """
    if not connection.active or connection.account_id is None:
        raise Conflict(
            "stripe_not_connected",
            "This organization is not connected to Stripe.",
            next_step="An admin can connect it under Settings, Apps, Stripe.",
        )
    return connection.account_id


def require_organization(connection: Connection) -> None:
    """Refuses an organization that was erased.

    Raises:
        Conflict: an operator has erased all data of the organization that its books do not need.
    """
    if connection.erased_at is not None:
        raise Conflict(
            "organization_erased",
            "This organization was erased from POM's invoicing.",
            next_step="It cannot be used again. Ask support to set up a new organization.",
        )


def require_invoicing(connection: Connection) -> None:
    """Refuses to create or send invoices while an operator has paused the organization's invoicing.

    Raises:
        InvoicingPaused: the invoicing is paused. The message has the time and the reason.
    """
    if connection.frozen is not None:
        raise InvoicingPaused(
            "invoicing_frozen",
            connection.frozen.in_words,
            next_step="Nothing is lost. Repeat the request later. Support can say when invoicing continues.",
        )


def require_ready_to_send(connection: Connection) -> None:
    """Refuses to send from an account that cannot take payments. Drafts can still be created on it.

    Raises:
        Refused: Stripe does not let this account take payments. The error has the reasons and the next step.
    """
    if connection.ready_to_send:
        return
    account = connection.account
    reasons = account.reasons if account else ""
    step = account.next_step if account else COMPLETE_VERIFICATION
    raise AccountNotReady(
        "stripe_account_not_ready",
        f"Stripe does not let this account take payments: {reasons or 'its business verification is not complete.'}",
        next_step=f"{step} Drafts can still be made.",
    )


def account_to_invoice_on(connection: Connection, *, send: bool) -> StripeAccountId:
    """Returns the account to create an invoice on, and to send it from if `send` is True.

    Raises:
        Conflict: the organization is not connected, or its invoicing is paused.
        Refused: the invoice is to be sent, and Stripe does not let this account take payments.
    """
    account_id = usable_account(connection)
    require_invoicing(connection)
    if send:
        require_ready_to_send(connection)
    return account_id


@dataclass(frozen=True, slots=True)
class Authorization:
    """One attempt to connect. Only the hash of its state is stored. Times are epoch seconds UTC."""

    state_hash: str
    organization_id: OrganizationId
    user_id: UserId
    created_at: int
    expires_at: int
    returned_at: int | None = None
    completed_at: int | None = None
    error: str | None = None
    account_id: StripeAccountId | None = None
    livemode: bool = False
    proof_hash: str | None = None
    """The hash of the proof that only the browser received that came back from Stripe."""
    settled_at: int | None = None
    """When POM gave up a granted access that was never used, or found it to be in use by a connection."""
    version: int = 0

    @property
    def unused_grant(self) -> bool:
        """Returns True if access was granted, and it was neither completed nor given up."""
        return self.account_id is not None and self.completed_at is None and self.settled_at is None

    def abandoned(self, now: int) -> bool:
        """Returns True if its access is to be given up, because no request can complete it any more."""
        return self.unused_grant and self.expires_at + ABANDONED_AFTER <= now
