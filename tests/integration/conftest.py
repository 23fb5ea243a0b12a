"""Fixtures of the integration tests."""

from __future__ import annotations

import pytest

from tests.backends import STORES, Backend, aws, stores_on_tables
from tests.world import World

__all__ = ["aws", "stores_on_tables"]


@pytest.fixture
def world(stores_on_tables: Backend) -> World:
    """Returns the whole system in one process, connected and with one customer, over the embedded DynamoDB."""
    world = World()
    for name in STORES:
        setattr(world.ports, name, getattr(stores_on_tables, name))
    world.account_id = world.connect()  # type: ignore[attr-defined]
    world.customer()
    world.work()
    world.deliver()
    return world
