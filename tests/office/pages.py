"""Opens pages of a site in a browser, and collects every error in them."""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import urlsplit

from infra.local.wsgi import HOST

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

WIDE, NARROW = 1440, 375
"""Pixels: the widths in which each screen is looked at."""
HEIGHTS = {WIDE: 900, NARROW: 812}
Scheme = Literal["light", "dark"]


class Pages:
    """Pages of the site at `url`, each with a browser profile of its own; all are closed at the end of the block.

    `complaints` has a line for each error on the console, each uncaught exception, each request that failed
    or that was sent to another machine, and each response with an unexpected status of 400 or more.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for context in self._contexts:
            context.close()

    def new(self, *, width: int = WIDE, scheme: Scheme = "light", expected: Collection[int] = ()) -> Page:
        """Returns an empty page with a profile of its own, without a sign-in and a cache.

        Args:
            expected: the statuses of 400 and more that this page may receive.
        """
        context = self._browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme=scheme,
            locale="en-US",
            timezone_id="America/Chicago",
            reduced_motion="reduce",
            accept_downloads=True,
        )
        self._contexts.append(context)
        self._watch(context, frozenset(expected))
        return context.new_page()

    def open(self, path: str, *, width: int = WIDE, scheme: Scheme = "light", expected: Collection[int] = ()) -> Page:
        """Returns a page that shows `path` of the site."""
        page = self.new(width=width, scheme=scheme, expected=expected)
        page.goto(path)
        return page

    def _watch(self, context: BrowserContext, expected: frozenset[int]) -> None:
        def complain(what: str) -> None:
            self.complaints.append(what)

        def on_console(message: ConsoleMessage) -> None:
            # Chromium logs this for each failed request and each status of 400 and more. Handlers below report both.
            if message.type == "error" and not message.text.startswith("Failed to load resource"):
                complain(f"console: {message.text}")

        def on_request(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != HOST:
                complain(f"sent to another machine: {request.url}")

        def on_failed(request: Request) -> None:
            # A page that is left, and a screen that is left, abort what they wait for.
            if request.failure != "net::ERR_ABORTED":
                complain(f"failed: {request.method} {request.url}: {request.failure}")

        def on_response(response: Response) -> None:
            if response.status >= 400 and response.status not in expected:
                complain(f"answered {response.status}: {response.request.method} {response.url}")

        context.on("console", on_console)
        context.on("weberror", lambda error: complain(f"exception: {error.error}"))
        context.on("request", on_request)
        context.on("requestfailed", on_failed)
        context.on("response", on_response)
