"""The local stack shows the API's reference as a page that loads everything from the stack itself."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from infra.local.api_server import serve_app
from infra.local.wsgi import RunningServer
from tests.local.sample_app import sample_app


@pytest.fixture(scope="module")
def served() -> Iterator[RunningServer]:
    with serve_app(sample_app(1)) as served:
        yield served


def call(served: RunningServer, method: str, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


class Loads(HTMLParser):
    """The addresses that a page loads, and the scripts and styles that stand in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        address = named.get("src") or named.get("href")
        if address:
            self.addresses.append(address)
        elif tag in ("script", "style"):
            self.inline.append(tag)


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_loads_its_files_from_this_stack_and_each_is_there(served: RunningServer, path: str) -> None:
    status, headers, page = call(served, "GET", path)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    loads = Loads(page.decode())
    assert loads.inline == []
    assert len(loads.addresses) == 5
    for address in loads.addresses:
        status, headers, content = call(served, "GET", address)
        assert status == 200, address
        assert len(content) == int(headers["Content-Length"]) > 100
        assert address.startswith("/docs/"), "nothing comes from elsewhere"


def test_scripts_are_served_as_utf_8(served: RunningServer) -> None:
    for script in ("swagger-ui-bundle.js", "start.js"):
        _, headers, _ = call(served, "GET", f"/docs/{script}")
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_the_page_follows_the_dark_mode_of_the_browser(served: RunningServer) -> None:
    _, _, script = call(served, "GET", "/docs/start.js")
    _, _, style = call(served, "GET", "/docs/swagger-ui.css")
    assert b'matchMedia("(prefers-color-scheme: dark)")' in script
    assert b'classList.toggle("dark-mode", dark.matches)' in script
    assert b"html.dark-mode .swagger-ui{" in style, "the package's own colors"


def test_the_policy_of_the_page_allows_this_stack_alone(served: RunningServer) -> None:
    _, headers, _ = call(served, "GET", "/docs")
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe-eval", headers["Content-Security-Policy"])


@pytest.mark.parametrize("path", ["/docs/../api_server.py", "/docs/swagger-ui.js", "/docsx", "/docs/%2e%2e"])
def test_no_other_file_is_served_next_to_the_page(served: RunningServer, path: str) -> None:
    status, _, _ = call(served, "GET", path)
    assert status == 404


def test_the_page_accepts_only_get_requests(served: RunningServer) -> None:
    status, _, _ = call(served, "POST", "/docs")
    assert status == 404
