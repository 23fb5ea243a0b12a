"""The table of routes in docs/api.md is the route table of the code."""

from __future__ import annotations

import re

from chalicelib.api.http.route_table import ROUTES
from infra.contract import api_page
from infra.contract.document import DOCS


def test_the_page_lists_every_route_with_its_role_and_summary() -> None:
    page = (DOCS / api_page.NAME).read_text()
    assert len(re.findall(r"^\| `[A-Z]+ /", page, re.MULTILINE)) == len(ROUTES)
    assert api_page.with_routes(page) == page, "`make contract` writes the table"
