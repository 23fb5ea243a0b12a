"""The screens with much data, without data, after errors, and for each role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.local.stack import ROOT, LocalStack
from tests.office.pages import Pages
from tests.office.screen import PATIENCE, reads, sign_in
from tests.office.story.scene import shown, status

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, Route

pytestmark = pytest.mark.browser

ROUTES = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
LISTED = ROUTES["/v1/invoices"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
MANY = 10_000
MOST_ROWS = 200


@pytest.fixture(scope="module")
def untouched(browser: Browser) -> Iterator[LocalStack]:
    """Runs a separate stack in which no company has connected Stripe yet."""
    with LocalStack(app="infra.local.enforced_policies:app") as stack:
        yield stack


def test_a_list_of_10000_invoices_has_few_rows_in_the_document(office: Pages) -> None:
    page = office.new()
    page.route("**/v1/invoices?*", _answer_a_page_of_many)
    page.goto("/invoicing")
    rows = page.locator("tbody tr")
    reads(page, "MANY-1")
    for number in range(2, 6):
        page.get_by_role("button", name="Next").click()
        reads(page, f"Page {number}")
        assert 0 < rows.count() <= MOST_ROWS
    reads(page, f"MANY-{4 * rows.count() + 1}")
    page.get_by_role("button", name="Previous").click()
    reads(page, f"MANY-{3 * rows.count() + 1}")


def _answer_a_page_of_many(route: Route) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
    first, after = int(query.get("first", 25)), int(query.get("after", 0))
    [example, *_] = LISTED["data"]
    rows = [
        {**example, "id": f"inv_{n}", "number": f"MANY-{n}"} for n in range(after + 1, min(after + first, MANY) + 1)
    ]
    position = {"endCursor": str(after + first), "hasNextPage": after + first < MANY}
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
    route.fulfill(status=200, headers=headers, body=json.dumps({**LISTED, "data": rows, "pageInfo": position}))


def test_a_screen_that_cannot_load_shows_what_to_do_and_loads_on_retry(office: Pages) -> None:
    page = office.new(expected=(500,))
    answers: list[Any] = [{"status": 500, "json": _refusal()}]
    page.route("**/v1/invoices?*", lambda route: route.fulfill(**answers[0]) if answers else route.continue_())
    page.goto("/invoicing")
    reads(page, "Something went wrong on our side.")
    reads(page, "Try again in a moment.")
    reads(page, "request 7f3c")
    answers.clear()
    page.reload()
    reads(page, "Create invoices")
    assert page.get_by_text("Something went wrong on our side.").count() == 0


def _refusal() -> dict[str, Any]:
    error = {"code": "internal_error", "message": "Something went wrong on our side.", "field": None}
    more = {"nextStep": "Try again in a moment.", "requestId": "7f3c", "details": [], "moreDetails": False}
    return {"error": {**error, **more}}


def test_a_page_without_updates_says_so_until_updates_arrive(office: Pages) -> None:
    from playwright.sync_api import expect  # only `make test-browser` installs it

    page = office.open("/invoicing")
    reads(page, "Create invoices")
    page.route("**/v1/**", lambda route: route.abort("connectionaborted"))
    reads(page, "This page may be out of date")
    page.unroute_all()
    # Two lists follow their data here, so there may be two notices.
    expect(page.get_by_text("This page may be out of date")).to_have_count(0, timeout=PATIENCE)
    office.complaints[:] = [each for each in office.complaints if "ERR_CONNECTION_ABORTED" not in each]


def test_unchanged_data_is_fetched_without_a_body(office: Pages) -> None:
    page = office.open("/invoicing")
    reads(page, "Create invoices")
    lists: list[Response] = []
    page.on("response", lambda answer: lists.append(answer) if "/v1/invoices" in answer.url else None)
    with page.expect_response(lambda answer: "/v1/invoices" in answer.url and answer.status == 304):
        pass  # the first answer may have been on its way
    lists.clear()
    with page.expect_response(lambda answer: "/v1/invoices" in answer.url):
        pass
    assert {answer.status for answer in lists if answer.request.method == "GET"} == {304}


def test_a_member_sees_no_button_that_needs_a_role(office: Pages) -> None:
    page = office.open("/billing")
    sign_in(page, "Mel Okafor")
    reads(page, "Creating invoices takes the role billing or admin.")
    assert page.get_by_role("button", name="Create Invoice").count() == 0
    page.goto("/settings/apps")
    reads(page, "Only an admin can install")
    page.goto("/settings/invoicing")
    reads(page, "Only an admin can change these settings.")
    assert page.get_by_role("button", name="Save settings").count() == 0
    page.goto("/customers")
    reads(page, "Customers are shown to people with the role billing or admin.")


def test_the_screens_of_another_organization_show_none_of_the_firsts_data(office: Pages) -> None:
    page = office.open("/billing")
    reads(page, "Ann Lee")
    sign_in(page, "Dana Fields")
    shown(page.get_by_role("heading", name="Completed services"))
    page.locator("tbody tr").first.wait_for()
    assert page.get_by_text("Ann Lee").count() == 0


def test_the_first_click_after_typing_a_filter_works(office: Pages) -> None:
    page = office.open("/billing")
    # Typing, unlike `fill`, sends the change event only when the field loses the focus, which the click causes.
    page.get_by_label("Customer or service").press_sequentially("Ann Lee")
    everything = page.get_by_label("All of Ann Lee")
    everything.click()
    assert everything.is_checked()


def test_a_screen_that_was_left_while_loading_does_not_appear_later(office: Pages) -> None:
    page = office.open("/customers")
    shown(page.get_by_role("heading", name="Customers", exact=True))
    request: list[Route] = []
    page.route("**/v1/settings/invoicing", lambda route: request.append(route))
    with page.expect_request("**/v1/settings/invoicing"):
        page.get_by_role("link", name="Settings: Invoicing").click()
    page.get_by_role("link", name="Attention").click()
    shown(page.get_by_role("heading", name="Attention"))
    with page.expect_response("**/v1/settings/invoicing"):
        request[0].continue_()
    shown(page.get_by_role("heading", name="Attention"))
    assert page.get_by_role("heading", name="Invoicing settings").count() == 0


def test_a_sign_in_in_another_window_does_not_change_the_person_of_a_window(office: Pages) -> None:
    page = office.open("/billing")
    reads(page, "Ann Lee")
    other = page.context.new_page()
    other.goto("/billing")
    sign_in(other, "Dana Fields")
    with page.expect_response("**/company/services"):
        pass
    with page.expect_response("**/company/services"):
        pass  # the answer before it has been drawn by now
    assert page.get_by_text("Ann Lee").count() > 0


def test_an_unknown_address_shows_a_not_found_page(office: Pages) -> None:
    page = office.open("/nowhere", expected=(404,))
    reads(page, "There is no page at this address.")


def test_the_app_can_be_installed_and_an_invoice_sent_by_keyboard_alone(
    browser: Browser, untouched: LocalStack
) -> None:
    with Pages(browser, untouched.urls.pom) as pages:
        page = pages.open("/settings/apps")
        press(page, "button", "Install")
        shown(page.get_by_role("heading", name="Connect your account"))
        press(page, "button", "Connect", exact=True)
        press(page, "button", "Finish set-up")
        press(page, "button", "Give 80 customers to Stripe")
        reads(page, "80 of 80 customers given to Stripe", 4 * PATIENCE)
        press(page, "link", "Billing", exact=True)
        press(page, "checkbox", "All of Ann Lee", key="Space")
        press(page, "button", "Create Invoice")
        press(page, "button", "Create", exact=True)
        press(page, "button", "Send", exact=True)
        page.wait_for_url("**/invoicing/*", timeout=PATIENCE)
        status(page, "Pending")
        press(page, "button", "Void…")
        press(page, "button", "Void the invoice")
        status(page, "Void")
        assert pages.complaints == []


def press(page: Page, role: Any, name: str, *, key: str = "Enter", exact: bool = False) -> None:
    """Goes to a control with the Tab key, and presses a key on it.

    Raises:
        AssertionError: the Tab key does not lead there.
    """
    expected_label = shown(page.get_by_role(role, name=name, exact=exact).first)
    for _ in range(400):
        if expected_label.evaluate("element => element === document.activeElement"):
            page.keyboard.press(key)
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The Tab key does not lead to {role} {name!r} on {page.url}.")
