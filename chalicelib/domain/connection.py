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
"""Seconds for which an authorization that was begun can be finished."""

ABANDONED_AFTER = 120
"""Seconds after that in which a request to complete it may still be under way."""


class ConnectionStatus(StrEnum):
    """The guide's words for where the connection stands."""

    NOT_CONNECTED = "not_connected"
    PENDING = "pending"
    CONNECTED = "connected"
    ACTION_REQUIRED = "action_required"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Why an operator has paused an organization's invoicing, and since when (epoch seconds UTC).

    The organization is shown `reason`. It is never shown `by`.
    """

    at: int
    by: str
    reason: str

    def reworded(self, by: str, reason: str) -> Freeze:
        """Returns the same pause for another reason: it began when it began."""
        return replace(self, by=by, reason=reason)

    @property
    def in_words(self) -> str:
        """Returns a sentence for the organization about since when and why, without the operator's name."""
        return f"Making and sending invoices has been paused since {minute_in_words(self.at)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Connection:
    """One organization's connection; `account_id` stays after a disconnect, so that the same can be resumed."""

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
    """When a test invoice last went well on this account."""
    refresh_asked_at: int = 0
    frozen: Freeze | None = None
    erased_at: int | None = None
    """When an operator erased the organization (epoch seconds UTC). It cannot be connected since."""
    version: int = 0

    @property
    def active(self) -> bool:
        """Whether calls to Stripe can be made for it."""
        return self.account_id is not None and self.disconnected_at is None

    @property
    def ready_to_send(self) -> bool:
        """Whether Stripe lets this account take payments."""
        return self.active and self.account is not None and self.account.charges_enabled

    def status(self, now: int) -> ConnectionStatus:
        if self.active:
            return ConnectionStatus.CONNECTED if self.ready_to_send else ConnectionStatus.ACTION_REQUIRED
        if self.authorizing_until > now:
            return ConnectionStatus.PENDING
        return ConnectionStatus.DISCONNECTED if self.account_id else ConnectionStatus.NOT_CONNECTED

    def authorizing(self, until: int) -> Self:
        """Somebody has been sent to Stripe to authorize."""
        return replace(self, authorizing_until=until)

    def activated(
        self, account: AccountFact, account_id: StripeAccountId, *, livemode: bool, by: UserId, now: int
    ) -> Self:
        """Connected; the same account goes on where it stopped, another starts fresh from now.

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
        """Returns the tombstone of the organization's connection: its ids and times, without what it is called."""
        account = self.account
        if account is not None:
            account = replace(account, business_name=None, support_email=None, support_phone=None, requirements=())
        return replace(self, account=account, erased_at=self.erased_at or now)

    def disconnected(self, reason: str, now: int) -> Self:
        """No longer usable; nothing is deleted."""
        if self.disconnected_at is not None:
            return self
        return replace(self, disconnected_at=now, disconnect_reason=reason)


def usable_account(connection: Connection) -> StripeAccountId:
    """The account to call Stripe for.

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
        Conflict: an operator has erased everything of the organization that the books do not need.
    """
    if connection.erased_at is not None:
        raise Conflict(
            "organization_erased",
            "This organization was erased from POM's invoicing.",
            next_step="It cannot be used again. Ask support to set up a new organization.",
        )


def require_invoicing(connection: Connection) -> None:
    """Nothing is made or sent while operations look into something.

    Raises:
        InvoicingPaused: the organization's invoicing is paused; says since when and why.
    """
    if connection.frozen is not None:
        raise InvoicingPaused(
            "invoicing_frozen",
            connection.frozen.in_words,
            next_step="Nothing is lost. Repeat the request later. Support can tell when invoicing goes on.",
        )


def require_ready_to_send(connection: Connection) -> None:
    """Sending needs a verified business; drafting does not.

    Raises:
        Refused: Stripe does not let this account take payments; says why, and what to do about it.
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
    """Returns the account to make an invoice on, and to send it from if `send` says so.

    Raises:
        Conflict: the organization is not connected, or its invoicing is paused.
        Refused: it is to be sent, and Stripe does not let this account take payments.
    """
    account_id = usable_account(connection)
    require_invoicing(connection)
    if send:
        require_ready_to_send(connection)
    return account_id


@dataclass(frozen=True, slots=True)
class Authorization:
    """One attempt to connect. The state itself is not stored, only its hash; times are epoch seconds UTC."""

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
    """Of what only the browser was given that came back from Stripe."""
    settled_at: int | None = None
    """When an access that was granted and never used was given up, or found to be in use otherwise."""
    version: int = 0

    @property
    def unused_grant(self) -> bool:
        """Whether it gave access to an account, and nobody has completed it or given the access up."""
        return self.account_id is not None and self.completed_at is None and self.settled_at is None

    def abandoned(self, now: int) -> bool:
        """Whether its access is to be given up: it can no longer be completed, not even by a request under way."""
        return self.unused_grant and self.expires_at + ABANDONED_AFTER <= now
