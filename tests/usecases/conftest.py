"""Provides the worlds in which tests of use cases begin."""

from __future__ import annotations

import pytest

from chalicelib.domain.identifiers import StripeAccountId
from tests.world import ORGANIZATION, World


@pytest.fixture
def world() -> World:
    """Returns a world in which no organization is connected."""
    return World()


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """Returns the account of a connected organization whose customer cust_1 is known to Stripe. All events are
    delivered.
    """
    account_id = StripeAccountId(world.connect())
    world.customer()
    world.work()
    world.deliver()
    world.receipts.clear()
    world.double.api.log.reset()
    assert world.ports.connections.get(ORGANIZATION).account_id == account_id
    return account_id
