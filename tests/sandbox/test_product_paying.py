"""The payer of the product part: by API, and on the hosted page in a browser."""

from __future__ import annotations

import sys

import pytest

from infra.sandbox.product.paying import pays_on_the_hosted_page
from infra.sandbox.product.scene import NotTried
from infra.sandbox.sides import DoubleSide
from infra.sandbox.stories.billing import sent_invoice
from infra.stripe_double.server import Server
from tests.sandbox.product_lab import laboratory


def test_without_playwright_the_hosted_page_is_not_tried_and_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(NotTried, match=r"make \.venv/\.driver"):
        pays_on_the_hosted_page("http://127.0.0.1:9/i/acct_1/token")


@pytest.mark.browser
def test_a_payer_pays_on_the_hosted_page_of_a_double() -> None:
    lab = laboratory()
    assert isinstance(lab.side, DoubleSide)
    with Server(lab.side.double, deliver=False):
        invoice = sent_invoice(lab, 7500).invoice
        read = lab.v1.invoices.retrieve(invoice, {}, lab.on_account())
        pays_on_the_hosted_page(read.hosted_invoice_url)
        assert lab.v1.invoices.retrieve(invoice, {}, lab.on_account()).status == "paid"


@pytest.mark.browser
def test_a_page_without_a_form_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.sandbox.product.paying.LIMIT", 1.0)
    lab = laboratory()
    assert isinstance(lab.side, DoubleSide)
    with Server(lab.side.double, deliver=False) as served, pytest.raises(NotTried, match="shows no field"):
        pays_on_the_hosted_page(f"{served.url}/i/acct_1/nothing")


@pytest.mark.browser
def test_a_browser_that_does_not_start_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/bin/false")
    with pytest.raises(NotTried, match="could not be used"):
        pays_on_the_hosted_page("http://127.0.0.1:9/i/acct_1/token")
