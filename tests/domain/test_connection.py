"""The uses that a connection allows, and what its account still needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.connection import (
    Connection,
    ConnectionStatus,
    require_ready_to_send,
    usable_account,
)
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.facts import AccountFact, Requirement
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId, UserId
from chalicelib.domain.sweep import Sweep

NOW = 1000
ACCOUNT = StripeAccountId("acct_1")
READY = AccountFact("acct_1", NOW, "Blue Pools", True, True, "usd")
FRESH = Connection(OrganizationId("org"))


def active_connection(account: AccountFact = READY, now: int = NOW, before: Connection = FRESH) -> Connection:
    return before.activated(account, StripeAccountId(account.id), livemode=False, by=UserId("admin"), now=now)


@pytest.mark.parametrize(
    ("connection", "status"),
    [
        (FRESH, ConnectionStatus.NOT_CONNECTED),
        (FRESH.authorizing(NOW + 1), ConnectionStatus.PENDING),
        (FRESH.authorizing(NOW), ConnectionStatus.NOT_CONNECTED),
        (active_connection(), ConnectionStatus.CONNECTED),
        (active_connection(replace(READY, charges_enabled=False)), ConnectionStatus.ACTION_REQUIRED),
        (active_connection().authorizing(NOW + 1), ConnectionStatus.CONNECTED),
        (active_connection().disconnected("revoked", NOW), ConnectionStatus.DISCONNECTED),
        (active_connection().disconnected("revoked", NOW).authorizing(NOW + 1), ConnectionStatus.PENDING),
    ],
)
def test_a_connection_is_described_in_the_guides_words(connection: Connection, status: ConnectionStatus) -> None:
    assert connection.status(NOW) is status


def test_only_an_active_connection_has_an_account_to_call() -> None:
    assert usable_account(active_connection()) == ACCOUNT
    for unusable in (FRESH, active_connection().disconnected("revoked", NOW)):
        with pytest.raises(Conflict) as refusal:
            usable_account(unusable)
        assert refusal.value.code == "stripe_not_connected"
        assert refusal.value.next_step


def test_an_account_that_cannot_take_payments_cannot_send_and_states_the_requirement() -> None:
    require_ready_to_send(active_connection())
    missing = replace(
        READY, charges_enabled=False, requirements=(Requirement("tos_acceptance", "Accept the terms."),)
    )
    with pytest.raises(Refused, match=r"Accept the terms\.") as refusal:
        require_ready_to_send(active_connection(missing))
    assert refusal.value.code == "stripe_account_not_ready"
    with pytest.raises(Refused, match="verification"):
        require_ready_to_send(active_connection(replace(READY, charges_enabled=False)))


def test_the_next_step_for_an_account_follows_its_first_requirement() -> None:
    due = Requirement("tos_acceptance", "Accept the terms.")
    given_up = Requirement("account", "Stripe has rejected this account.", "Ask Stripe support about the account.")
    for requirements, step in [
        ((), "Complete the business"),
        ((due,), "Complete the business"),
        ((given_up,), "Ask"),
    ]:
        account = replace(READY, charges_enabled=False, requirements=requirements)
        with pytest.raises(Refused) as refusal:
            require_ready_to_send(active_connection(account))
        assert (refusal.value.next_step or "").startswith(step)


def test_reconnecting_the_same_account_resumes_where_it_stopped() -> None:
    before = replace(active_connection(), sweep=Sweep(swept_until=500)).disconnected("revoked", 700)
    again = active_connection(now=2000, before=before)
    assert (again.sweep.swept_until, again.sweep.objects_due) == (500, True)
    assert (again.disconnected_at, again.disconnect_reason) == (None, None)


def test_connecting_another_account_starts_from_now() -> None:
    before = replace(active_connection(), sweep=Sweep(swept_until=500)).disconnected("revoked", 700)
    fresh = active_connection(replace(READY, id="acct_2"), 2000, before).sweep
    assert (fresh.swept_until, fresh.objects_swept_at) == (2000, 0)


def test_disconnecting_deletes_nothing_and_keeps_the_first_reason() -> None:
    once = active_connection().disconnected("revoked in Stripe", 1500)
    assert once.account_id == ACCOUNT
    assert once.account == READY
    assert once.disconnected("by admin", 1600) == once
