"""Every page of Stripe's Dashboard that POM links to is there in the local stack."""

from __future__ import annotations

import pytest

from chalicelib.domain import stripe_pages
from infra.stripe_double import StripeDouble
from infra.stripe_double.http.messages import Request, Response


def opened(double: StripeDouble, path: str) -> Response:
    answer = double.handle(Request("GET", path))
    return opened(double, answer.headers["Location"]) if answer.status == 303 else answer


@pytest.fixture
def double() -> StripeDouble:
    made = StripeDouble()
    made.create_account(account_id="acct_local")
    return made


def test_every_dashboard_page_without_an_account_exists(double: StripeDouble) -> None:
    pages = [page for name, page in vars(stripe_pages).items() if name.isupper() and str(page).startswith("/")]

    assert len(pages) >= 4
    assert {page: opened(double, page).status for page in pages} == dict.fromkeys(pages, 200)


def test_every_kind_of_object_has_its_page(double: StripeDouble) -> None:
    charge = double.outside_charge("acct_local", 5_000)
    intent = double.ledger("acct_local")["objects"]["payment_intent"][0]
    dispute = double.open_dispute("acct_local", charge["id"])
    double.adjust("acct_local", 50_000)
    payout = double.pay_out("acct_local")
    paths = [f"payments/{charge['id']}", f"payments/{intent['id']}", f"disputes/{dispute['id']}", "invoices"]

    assert {path.partition("/")[0] for path in paths} == set(stripe_pages.PAGES.values())
    for path in (*paths, f"payouts/{payout['id']}"):
        assert opened(double, f"/acct_local/test/{path}").status == 200
