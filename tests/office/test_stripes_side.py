"""The Stripe double's pages for owners and payers are accessible in each theme and width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
import stripe

from infra.stripe_double import DAY, Config, InProcessClient, Server, StripeDouble
from tests.office.pages import NARROW, WIDE, Pages, Scheme
from tests.office.screen import overflow, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ACCOUNT = "acct_one_of_each"
LONG_NAME = "Bartholomew-Featherstonehaugh-Cholmondeley-without-a-single-space-in-his-whole-name"
KINDS = 20
"""Pages of different kinds: two of no account, nine of the menu, seven of things, a hosted page and a receipt."""


@pytest.fixture(scope="module")
def side() -> Iterator[Server]:
    """Runs a double whose account has one object of each kind that has a page."""
    double = StripeDouble(Config(webhook_endpoints=({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]},)))
    with Server(double, deliver=False) as server:
        double.create_account(account_id=ACCOUNT)
        client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
        on_account: stripe.RequestOptions = {"stripe_account": ACCOUNT}
        customer = client.v1.customers.create({"email": "b@example.com", "name": LONG_NAME}, on_account)
        for method in ("pm_card_visa", "pm_usBankAccount", "pm_card_chargeDeclined"):
            invoice = client.v1.invoices.create(
                {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 30}, on_account
            )
            client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 7_500}]}, on_account)
            client.v1.invoices.send_invoice(invoice.id, None, on_account)
            double.pay(ACCOUNT, invoice.id, method)
        double.advance(3 * DAY)
        paid = client.v1.charges.list({}, on_account).data[-1]
        double.pay_out(ACCOUNT)
        double.refund_charge(ACCOUNT, paid.id, amount=500)
        double.open_dispute(ACCOUNT, paid.id)
        double.drain()
        yield server


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_every_page_of_the_stripe_double_is_accessible(
    side: Server, browser: Browser, axe: str, width: int, scheme: Scheme
) -> None:
    with Pages(browser, side.url) as pages:
        page = pages.new(width=width, scheme=scheme)
        left, kinds, wrong = ["/dashboard", authorizing()], set[str](), []
        while left:
            path = left.pop(0)
            if kind_of(path) in kinds:
                continue
            kinds.add(kind_of(path))
            page.goto(path)
            wrong += [f"{path}: {violations_found}" for violations_found in violations(page, axe)]
            if (pixels := overflow(page)) > 0:
                wrong.append(f"{path}: {pixels} pixels too wide")
            links = page.eval_on_selector_all("a", "all => all.map((each) => each.getAttribute('href'))")
            left += [each for each in links if not each.endswith("/pdf")]

    assert (wrong, pages.complaints) == ([], [])
    assert len(kinds) == KINDS, sorted(kinds)


def authorizing() -> str:
    return "/oauth/authorize?client_id=ca_test_double&response_type=code&redirect_uri=http://127.0.0.1:9/back"


def kind_of(link: str) -> str:
    """Returns the address without the ids of things, but of payments, because their pages differ by status."""
    path = urlsplit(urljoin("/", link)).path
    path = re.sub(r"/(customers|disputes|invoices|payouts)/.*", r"/\1/*", path)
    return re.sub(r"^/(i|receipts)/.*", r"/\1/*", path)
