"""Tests attempts to connect that Stripe granted and no admin completed: POM gives up the access, once."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from tests.world import ADMIN, ORGANIZATION, World

OTHER = OrganizationId("org_green")
OVER = 600 + 120


def grant_access(world: World, account: str, organization: OrganizationId = ORGANIZATION) -> str:
    """Begins an attempt, grants it in Stripe and returns. Returns the state that the browser brings back from
    Stripe.
    """
    code = world.double.authorization_code(account)
    return connect.receive_callback(world.begin(organization), code, None, world.ports).state


def has_access(world: World, account: str) -> bool:
    return bool(world.double.ledger(account)["connected"])


def deauthorizations(world: World) -> int:
    return world.stripe_calls().get("POST /oauth/deauthorize", 0)


def test_access_that_no_admin_completed_is_given_up_once(world: World) -> None:
    account = world.account()
    grant_access(world, account)
    assert has_access(world, account)
    world.advance(OVER - 1)
    assert resume_stuck(world.ports).abandoned == 0
    assert has_access(world, account)
    world.advance(1)
    assert resume_stuck(world.ports).abandoned == 1
    assert not has_access(world, account)
    assert {receipt.outcome for receipt in world.deliver()} <= {EventOutcome.FOREIGN, EventOutcome.IGNORED}
    world.advance(OVER)
    assert resume_stuck(world.ports).abandoned == 0
    assert deauthorizations(world) == 1


def test_two_abandoned_attempts_on_one_account_deauthorize_it_once(world: World) -> None:
    account = world.account()
    grant_access(world, account)
    grant_access(world, account, OTHER)
    world.advance(OVER)
    assert resume_stuck(world.ports).abandoned == 1
    assert deauthorizations(world) == 1
    assert resume_stuck(world.ports).abandoned == 0


@pytest.mark.parametrize("owner", [ORGANIZATION, OTHER])
def test_an_account_that_was_connected_by_another_attempt_keeps_its_access(
    owner: OrganizationId, world: World
) -> None:
    account = world.account()
    grant_access(world, account)
    world.advance(300)
    world.connect(owner, account)
    world.advance(OVER)
    assert resume_stuck(world.ports).abandoned == 0
    assert has_access(world, account)
    assert world.ports.connections.unused_grants(10) == [], "the grant is not listed again"
    assert world.ports.connections.get(owner).active


def test_an_account_with_a_newer_attempt_keeps_its_access(world: World) -> None:
    account = world.account()
    grant_access(world, account)
    world.advance(OVER - 60)
    second = grant_access(world, account)
    world.advance(60)
    assert resume_stuck(world.ports).abandoned == 0
    assert has_access(world, account)
    connect.complete(ORGANIZATION, ADMIN, second, world.ports)
    world.advance(OVER)
    assert resume_stuck(world.ports).abandoned == 0
    assert world.ports.connections.get(ORGANIZATION).active
    assert has_access(world, account)
    assert deauthorizations(world) == 0


def test_abandoned_access_to_a_formerly_connected_account_is_given_up(world: World) -> None:
    account = world.connect()
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    grant_access(world, account)
    world.advance(OVER)
    assert resume_stuck(world.ports).abandoned == 1
    assert not has_access(world, account)


@pytest.mark.parametrize("kind", ["close_before", "close_after", "error_before"])
def test_giving_up_access_is_tried_again_after_stripe_was_down(kind: str, world: World) -> None:
    first, second = world.account(), world.account()
    for account in (first, second):
        grant_access(world, account)
    world.advance(OVER)
    world.double.order_fault(kind, method="POST", path="/oauth/deauthorize")
    assert resume_stuck(world.ports).abandoned == 1, "one failure does not stop the other account"
    assert resume_stuck(world.ports).abandoned == 1
    assert not has_access(world, first)
    assert not has_access(world, second)
    assert resume_stuck(world.ports).abandoned == 0


def test_a_run_ends_in_time_while_stripe_is_slow(world: World) -> None:
    for _ in range(3):
        grant_access(world, world.account())
    world.advance(OVER)
    real, requested = world.ports.stripe, []

    class SlowStripe:
        def deauthorize(self, account_id: StripeAccountId) -> None:
            requested.append(account_id)
            world.ports.clock.advance(31)
            raise StripeUnavailable("stripe_unreachable", "No answer.", answered=False)

    world.ports.stripe = SlowStripe()  # type: ignore[assignment]
    assert resume_stuck(world.ports).abandoned == 0
    assert len(requested) == 1
    world.ports.stripe = real
    assert resume_stuck(world.ports).abandoned == 3


def test_attempts_without_granted_access_cost_no_call_of_stripe(world: World) -> None:
    world.begin()
    connect.receive_callback(world.begin(), None, "access_denied", world.ports)
    world.advance(OVER)
    assert resume_stuck(world.ports).abandoned == 0
    assert deauthorizations(world) == 0
