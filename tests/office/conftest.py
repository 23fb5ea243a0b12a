"""The local stack, a browser, and pages of the office that must report no error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from infra.local.real.fetching import Unavailable
from infra.local.stack import LocalStack
from tests.clients.npm import OFFICE
from tests.office.browser import chromium
from tests.office.pages import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REQUIRED = "POM_BROWSER"
"""The environment variable that is "required" where a browser must be there: no test is skipped for want of it."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Runs Chromium. A test that needs it is skipped if it cannot be installed."""
    try:
        with chromium() as running:
            yield running
    except Unavailable as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"the browser is {error}")


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Runs the whole stack on free ports, and enforces the deployed policies."""
    with LocalStack(app="infra.local.enforced_policies:app") as running:
        yield running
        assert running.ended() == []


@pytest.fixture
def office(browser: Browser, stack: LocalStack) -> Iterator[Pages]:
    """Opens pages of the office; the test fails if anything went wrong in one of them."""
    with Pages(browser, stack.urls.pom) as pages:
        yield pages
        assert pages.complaints == []


@pytest.fixture(scope="session")
def tools() -> None:
    """Returns the pinned tools. A test that needs them is skipped if they cannot be installed."""
    try:
        OFFICE.install()
    except Unavailable as error:
        pytest.skip(f"the npm tools are {error}")


@pytest.fixture(scope="session")
def axe(tools: None) -> str:
    """Returns the source of axe, which finds faults of a page's accessibility."""
    return (OFFICE.directory / "node_modules/axe-core/axe.min.js").read_text()
