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
    """Chromium; a test that needs it is skipped where it cannot be had."""
    try:
        with chromium() as running:
            yield running
    except Unavailable as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"the browser is {error}")


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The whole stack on free ports; what the deployed policies deny is denied."""
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
    """The pinned tools; a test that needs them is skipped where they cannot be had."""
    try:
        OFFICE.install()
    except Unavailable as error:
        pytest.skip(f"the npm tools are {error}")


@pytest.fixture(scope="session")
def axe(tools: None) -> str:
    """The source of axe, which finds what keeps people from using a page."""
    return (OFFICE.directory / "node_modules/axe-core/axe.min.js").read_text()
