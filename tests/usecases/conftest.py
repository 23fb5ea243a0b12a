"""Worlds to begin with."""

from __future__ import annotations

import pytest

from chalicelib.domain.identifiers import StripeAccountId
from tests.world import ORGANIZATION, World


@pytest.fixture
def world() -> World:
    """Nobody is connected yet."""
    return World()


@pytest.fixture
def account(world: World) -> StripeAccountId:
    """The organization is connected, and its customer cust_1 is known to Stripe; nothing is left to deliver."""
    account_id = StripeAccountId(world.connect())
    world.customer()
    world.work()
    world.deliver()
    world.receipts.clear()
    world.double.api.log.reset()
    assert world.ports.connections.get(ORGANIZATION).account_id == account_id
    return account_id
