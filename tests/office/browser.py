"""The browser of the screens' tests: the machine's own Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.local.real.fetching import Unavailable
from infra.local.wsgi import HOST

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NO_OTHER_HOST = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}"
"""Chromium finds this machine and no other, so that a request to another one fails wherever the tests run."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts the Chromium that CHROMIUM names, or the one on the path; ends it with the block.

    Raises:
        Unavailable: Playwright or Chromium is not installed.
    """
    try:
        # Other targets collect these tests without having installed it.
        from playwright.sync_api import sync_playwright
    except ImportError as missing:
        raise Unavailable("Playwright is not installed; make test-browser installs it") from missing
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise Unavailable("chromium is not installed, and CHROMIUM does not name another browser of its kind")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[NO_OTHER_HOST])
        try:
            yield browser
        finally:
            browser.close()
