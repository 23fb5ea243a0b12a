"""What the screens do when there is much, when nothing is there, when something fails, and for whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.stack import LocalStack
from tests.office.looking import PATIENCE, reads, sign_in
from tests.office.pages import Pages
from tests.office.story.scene import shown

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

MOST_ROWS = 200
MANY = 10_000


def test_a_list_of_10000_invoices_keeps_few_rows_in_the_page(office: Pages) -> None:
    page = office.new()
    page.route("**/v1/invoices?*", _answer_a_page_of_many)
    page.goto("/invoicing")
    rows = page.locator("tbody tr")
    reads(page, "INV-1")
    for number in range(2, 6):
        page.get_by_role("button", name="Older").click()
        reads(page, f"Page {number}")
        assert 0 < rows.count() <= MOST_ROWS
    reads(page, "INV-201")
    page.get_by_role("button", name="Newer").click()
    reads(page, "INV-151")


def _answer_a_page_of_many(route: Route) -> None:
    """Answers what the API would, if there were ten thousand invoices: its own first page, of other invoices."""
    answer = route.fetch()
    query = dict(pair.split("=") for pair in route.request.url.partition("?")[2].split("&"))
    first, after = int(query.get("first", 25)), int(query.get("after", 0))
    body: dict[str, Any] = answer.json()
    body["data"] = [_invoice(number) for number in range(after + 1, min(after + first, MANY) + 1)]
    body["pageInfo"] = {"endCursor": str(after + first), "hasNextPage": after + first < MANY}
    route.fulfill(response=answer, body=json.dumps(body))


def _invoice(number: int) -> dict[str, Any]:
    document = json.loads((LocalStack.__module__ and DOCUMENT).read_text())
    raise NotImplementedError
