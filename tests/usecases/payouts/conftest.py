"""Provides the company in which tests of payouts begin."""

from __future__ import annotations

import pytest

from tests.usecases.payouts.company import Company
from tests.world import World


@pytest.fixture
def company(world: World) -> Company:
    """Returns a company with daily payouts at the beginning of a day."""
    return Company.connected(world)
