"""A company to begin with."""

from __future__ import annotations

import pytest

from tests.usecases.payouts.company import Company
from tests.world import World


@pytest.fixture
def company(world: World) -> Company:
    """A company whose money is paid out every day; its day has just begun."""
    return Company.connected(world)
