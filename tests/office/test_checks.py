"""The checks of the screens report a faulty page: each test shows them one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from infra.local.wsgi import Environ, StartResponse, serve
from tests.office.pages import NARROW, Pages, Scheme
from tests.office.screen import overflow, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><head><title>A page</title>
<style>
body {{ background: #fff; color: #111 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #eee }} }}
</style></head><body><main><h1>A page</h1>{}</main></body></html>"""
WRONG = {
    "an error on the console": ("<script>console.error('spoilt')</script>", "console: spoilt"),
    "an exception": ("<script>throw new Error('spoilt')</script>", "exception: spoilt"),
    "a promise that failed": ("<script>Promise.reject(new Error('spoilt'))</script>", "exception: spoilt"),
    "a file that is missing": ("<script src='/missing.js'></script>", "answered 404: GET http://127.0.0.1:"),
    "a font of another machine": (
        "<link rel='stylesheet' href='https://fonts.example/a.css'>",
        "sent to another machine: https://fonts.example/a.css",
    ),
    "a server that does not answer": (
        "<img src='http://127.0.0.1:9/a.png' alt=''>",
        "failed: GET http://127.0.0.1:9/a.png",
    ),
}


def site(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answers a page at `/` that has nothing wrong, and 404 elsewhere."""
    page_exists = environ["PATH_INFO"] in ("/", "/favicon.ico")
    start_response("200 OK" if page_exists else "404 Not Found", [("Content-Type", "text/html; charset=utf-8")])
    return [PAGE.format("").encode()]


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    with serve(site) as server, Pages(browser, server.url) as opened:
        yield opened


@pytest.mark.parametrize("wrong", WRONG)
def test_the_checks_report_a_page_with(wrong: str, pages: Pages) -> None:
    html, complaint = WRONG[wrong]
    page = pages.open("/")
    assert pages.complaints == []
    page.set_content(PAGE.format(html), wait_until="networkidle")
    assert [said for said in pages.complaints if said.startswith(complaint)], pages.complaints


def test_an_expected_status_is_not_reported(pages: Pages) -> None:
    pages.open("/missing", expected=[404])
    assert pages.complaints == []


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ("<img src='data:,'>", "image-alt"),
        ("<input>", "label"),
        ("<p style='color: #aaa'>Pale</p>", "color-contrast"),
    ],
)
def test_axe_names_the_rule_that_a_page_breaks(html: str, rule: str, pages: Pages, axe: str) -> None:
    page = pages.open("/")
    assert violations(page, axe) == []
    page.set_content(PAGE.format(html))
    assert [complaint.partition(":")[0] for complaint in violations(page, axe)] == [rule]


@pytest.mark.parametrize(("scheme", "count"), [("light", 0), ("dark", 1)])
def test_axe_checks_the_colours_of_the_colour_scheme(scheme: Scheme, count: int, pages: Pages, axe: str) -> None:
    page = pages.open("/", scheme=scheme)
    page.set_content(PAGE.format("<p style='color: #555'>Readable on white only</p>"))
    assert len(violations(page, axe)) == count


def test_the_overflow_of_a_page_wider_than_its_window_is_measured(pages: Pages) -> None:
    page = pages.open("/", width=NARROW)
    assert overflow(page) == 0
    page.set_content(PAGE.format("<div style='position: absolute; left: 0; width: 400px'>Wide</div>"))
    assert overflow(page) == 400 - NARROW
