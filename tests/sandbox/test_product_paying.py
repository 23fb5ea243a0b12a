"""The payer of the product part: by API, and on the hosted page in a browser."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.sandbox.product.paying import NoBrowser, pay_on_hosted_page
from infra.sandbox.product.scene import NotTried
from infra.sandbox.stories.invoices import send_invoice
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double.server import Server
from tests.sandbox.product_session import new_session


def opens(url: str) -> None:
    """Pays on a page in a thread of its own: other tests of the process have a browser open, which holds theirs."""
    with ThreadPoolExecutor(1) as one:
        try:
            one.submit(pay_on_hosted_page, url).result()
        except NoBrowser as error:
            if os.environ.get("POM_BROWSER") == "required" or os.environ.get("CHROMIUM"):
                raise
            pytest.skip(str(error))


def test_without_playwright_the_hosted_page_is_not_tried_and_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(NotTried, match=r"make \.venv/\.driver"):
        pay_on_hosted_page("http://127.0.0.1:9/i/acct_1/token")


@pytest.mark.browser
def test_a_payer_pays_on_the_hosted_page_of_a_double() -> None:
    session = new_session()
    assert isinstance(session.target, DoubleTarget)
    with Server(session.target.double, deliver=False):
        invoice = send_invoice(session, 7500).invoice
        read = session.v1.invoices.retrieve(invoice, {}, session.on_account())
        opens(read.hosted_invoice_url)
        assert session.v1.invoices.retrieve(invoice, {}, session.on_account()).status == "paid"


@pytest.mark.browser
def test_a_page_without_a_form_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.sandbox.product.paying.FORM_SECONDS", 1.0)
    session = new_session()
    assert isinstance(session.target, DoubleTarget)
    with Server(session.target.double, deliver=False) as served, pytest.raises(NotTried, match="shows no field"):
        opens(f"{served.url}/i/acct_1/nothing")


@pytest.mark.browser
def test_a_browser_that_does_not_start_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/bin/false")
    with pytest.raises(NotTried, match="could not be used"):
        opens("http://127.0.0.1:9/i/acct_1/token")
