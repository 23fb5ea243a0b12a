"""The office stays small: a first visit loads little, from this machine only, and its code is short."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.clients.npm import OFFICE
from tests.office.pages import Pages

pytestmark = pytest.mark.browser

MOST_BYTES = 150_000
MOST_LINES = 3_200
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)


def test_a_first_visit_loads_less_than_150_kilobytes(office: Pages) -> None:
    page = office.new()
    requests = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto("/settings/apps", wait_until="networkidle")
    sizes = {request.url: request.sizes()["responseBodySize"] for request in requests}
    assert any(url.endswith(".js") for url in sizes), "the screens' modules are among what was counted"
    assert any("/v1/" in url for url in sizes), "the API's answers are, too"
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_scripts_and_style_sheets_have_less_than_3200_lines_of_code_together() -> None:
    # Also what is not committed yet, but nothing that is generated or installed.
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.js", "*.css"],
        cwd=OFFICE.directory,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = {name: len(list(code((OFFICE.directory / name).read_text()))) for name in listed.stdout.split()}
    assert 0 < sum(lines.values()) < MOST_LINES, lines


def code(text: str) -> Iterator[str]:
    """Yields the lines that are neither empty nor a comment."""
    return (line for line in COMMENT.sub("", text).splitlines() if line.strip())
