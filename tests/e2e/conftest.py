"""One local stack for the session, and companies on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.stack import LocalStack
from tests.e2e.company import Company


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Runs the whole stack, each part in its own process, on free ports, with the deployed policies enforced."""
    with LocalStack(app="infra.local.enforced_policies:app") as running:
        yield running
        assert running.ended() == []


@pytest.fixture(scope="module")
def company(stack: LocalStack) -> Company:
    """Returns a connected company with one customer, shared by the tests of a module."""
    made = Company(stack).connect()
    made.customer()
    stack.wait_until_idle()
    return made


@pytest.fixture
def newcomer(stack: LocalStack) -> Company:
    """Returns a company that has not connected Stripe yet."""
    return Company(stack)
