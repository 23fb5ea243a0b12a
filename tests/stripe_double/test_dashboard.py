"""The dashboard's addresses, the content of its pages, and its refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.stripe_double import StripeDouble
from tests.stripe_double.browser import Browser
from tests.stripe_double.conftest import Company

TOPICS = ["", "payments", "disputes", "invoices", "customers", "payouts", "mails", "webhooks", "account/status"]
SETTINGS = ["settings/apps", "settings/user", "settings/billing/invoice", "settings/payouts"]


@pytest.mark.parametrize("path", [*TOPICS, *SETTINGS])
def test_every_page_of_a_new_account_says_what_it_is_and_that_no_money_moves(browser: Browser, path: str) -> None:
    browser.open(path)

    assert browser.status == 200
    assert "Stripe double: a local stand-in. No money moves." in browser.text
    assert browser.html.count("<h1>") == 1
    assert 'lang="en"' in browser.html
    assert "<script" not in browser.html


@pytest.mark.parametrize("path", TOPICS)
def test_the_menu_leads_to_every_topic_and_marks_the_one_that_is_open(browser: Browser, path: str) -> None:
    browser.open(path)

    links = re.findall(r'<li><a href="([^"]+)"( aria-current=page)?>', browser.html)
    assert [address.partition("/test")[2].strip("/") for address, _ in links] == TOPICS
    assert [address.partition("/test")[2].strip("/") for address, marked in links if marked] == [path]


def test_each_object_has_its_page_at_stripes_address(alone: Company, browser: Browser) -> None:
    charge = alone.paid()
    payout = alone.double.adjust(alone.account, 500) and alone.double.pay_out(alone.account)
    dispute = alone.double.open_dispute(alone.account, charge.id)
    invoice = alone.v1.invoices.list({}, alone.opts).data[0]

    pages = {
        f"invoices/{invoice.id}": f"Invoice {invoice.number}",
        f"payments/{charge.payment_intent}": "Payment of $100.00",
        f"payments/{charge.id}": "Payment of $100.00",
        f"disputes/{dispute['id']}": "Dispute over $100.00",
        f"payouts/{payout['id']}": "Payout of $5.00",
        f"customers/{invoice.customer}": "Ann Diver",
    }
    for path, heading in pages.items():
        assert heading in browser.open(path)
        assert browser.status == 200


def test_an_account_in_live_mode_has_its_pages_without_the_word_test(alone: Company) -> None:
    account = alone.double.create_account(livemode=True, business_name="Live Pools")["id"]
    browser = Browser(alone.double, account)

    assert "live mode" in browser.open(f"/{account}/payments")
    assert f'href="/{account}/invoices"' in browser.html


@pytest.mark.parametrize(
    "path", ["invoices/in_none", "payments/pi_none", "payouts/po_none", "nothing", "payments/a/b"]
)
def test_an_unknown_page_of_an_account_is_404_and_leads_home(browser: Browser, path: str) -> None:
    browser.open(path)

    assert browser.status == 404
    assert f'href="/{browser.account}/test"' in browser.html


@pytest.mark.parametrize("path", ["/acct_none/test/invoices/in_1", "/nothing", "/invoices/in_1/2/3"])
def test_a_page_of_no_account_is_404_and_leads_to_the_accounts(browser: Browser, path: str) -> None:
    browser.open(path)

    assert browser.status == 404
    assert 'href="/dashboard"' in browser.html


@pytest.mark.parametrize("path", ["/account/status", *(f"/{each}" for each in SETTINGS)])
def test_an_address_without_an_account_leads_to_the_only_account(browser: Browser, path: str) -> None:
    browser.open(path)

    assert (browser.status, browser.address) == (200, f"/{browser.account}/test{path}")


def test_an_address_without_an_account_asks_which_one_if_there_are_two(alone: Company, browser: Browser) -> None:
    other = alone.double.create_account(business_name="Other Pools")["id"]

    assert "Which account? Accounts" in browser.open("/account/status")
    assert f'href="/{other}/test/account/status"' in browser.html


@pytest.mark.parametrize("path", ["/", "/dashboard"])
def test_the_first_page_lists_the_accounts(alone: Company, browser: Browser, path: str) -> None:
    alone.double.create_account(business_name="Other Pools", connected=False)

    text = browser.open(path)

    assert "Blue Lagoon Pools Connected Test mode" in text
    assert "Other Pools Not connected Test mode" in text


def test_a_double_without_an_account_says_so() -> None:
    assert "There is no account yet" in Browser(StripeDouble(), "none").open("/")


HOSTILE = "<script>alert(1)</script>\"'&<b>"


def test_html_that_people_type_is_escaped_on_every_page(alone: Company, browser: Browser) -> None:
    customer = alone.customer(name=HOSTILE)
    alone.double.update_account(alone.account, business_name=HOSTILE, bank_name=HOSTILE)
    draft = alone.draft(7_500, customer=customer.id, description=HOSTILE, footer=HOSTILE)
    invoice = alone.v1.invoices.send_invoice(draft.id, None, alone.opts)
    alone.pay(invoice)
    charge = alone.charge(invoice)
    alone.double.open_dispute(alone.account, charge.id, reason=HOSTILE)
    alone.double.adjust(alone.account, 500, description=HOSTILE)
    payout = alone.double.pay_out(alone.account)

    things = [
        f"invoices/{invoice.id}",
        f"customers/{customer.id}",
        f"payments/{charge.id}",
        f"payouts/{payout['id']}",
    ]
    for path in [*TOPICS, *SETTINGS, *things, "/dashboard"]:
        assert HOSTILE in browser.open(path)
        assert "<script" not in browser.html
        assert "&<b>" not in browser.html


@pytest.mark.parametrize(
    "path", [f"nothing/{HOSTILE}", f"/nothing/{HOSTILE}", f"payments?page={HOSTILE}&done={HOSTILE}"]
)
def test_html_in_an_address_is_escaped(browser: Browser, path: str) -> None:
    browser.open(path)

    assert "<script" not in browser.html
    assert "&<b>" not in browser.html


def test_a_refused_input_is_shown_escaped(browser: Browser) -> None:
    browser.open()
    browser.press("Move the clock", days=HOSTILE)

    assert browser.status == 400
    assert "<script" not in browser.html
    assert 'value="&lt;script&gt;' in browser.html


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_another_site_sends_does_nothing(alone: Company, browser: Browser, site: str) -> None:
    text = browser.send(f"/{alone.account}/test/settings/apps/disconnect", {}, sec_fetch_site=site)

    assert browser.status == 403
    assert "another site" in text
    assert alone.double.ledger(alone.account)["connected"] is True


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}])
def test_a_form_of_the_page_itself_works(alone: Company, browser: Browser, headers: dict[str, str]) -> None:
    browser.send(f"/{alone.account}/test/settings/apps/disconnect", {}, **headers)

    assert alone.double.ledger(alone.account)["connected"] is False


def test_a_form_that_no_page_has_is_404(alone: Company, browser: Browser) -> None:
    browser.send(f"/{alone.account}/test/payments/pi_1/explode", {})

    assert browser.status == 404


def test_lists_are_newest_first_in_pages_of_fifty(alone: Company, browser: Browser) -> None:
    for number in range(120):
        alone.customer(name=f"Customer {number:03}")

    first = re.findall(r"Customer \d{3}", browser.open("customers"))
    assert (first[0], first[-1], len(first)) == ("Customer 119", "Customer 070", 50)
    assert "Page 1 of 3, 120 in all" in browser.text

    last = re.findall(r"Customer \d{3}", browser.open("customers?page=3"))
    assert (last[0], last[-1], len(last)) == ("Customer 019", "Customer 000", 20)


@pytest.mark.parametrize("asked", ["0", "99", "-1", "many", ""])
def test_a_page_number_out_of_range_shows_the_nearest_page(alone: Company, browser: Browser, asked: str) -> None:
    for _ in range(51):
        alone.customer()

    assert f"Page {2 if asked == '99' else 1} of 2" in browser.open(f"customers?page={asked}")


def test_amounts_of_other_currencies_have_their_own_decimals(alone: Company, browser: Browser) -> None:
    yen = alone.paid(50_000, currency="jpy")
    dinars = alone.paid(12_340, currency="kwd")

    assert "Payment of 50,000 JPY" in browser.open(f"payments/{yen.id}")
    assert 'value="50000"' in browser.html
    assert "Payment of 12.340 KWD" in browser.open(f"payments/{dinars.id}")
    assert 'value="12.340"' in browser.html


def test_a_mail_is_read_on_its_page_and_its_link_opens_the_payment_page(alone: Company, browser: Browser) -> None:
    invoice: Any = alone.v1.invoices.send_invoice(alone.draft(7_500).id, None, alone.opts)

    text = browser.open("mails")

    assert "Amount due: $75.00" in text
    assert f'href="{invoice.hosted_invoice_url}"' in browser.html


def test_the_home_page_lists_the_items_that_need_attention(alone: Company, browser: Browser) -> None:
    assert "Needs attention Nothing." in browser.open()

    alone.double.open_dispute(alone.account, alone.paid().id)
    alone.pay(alone.open(20_000), "pm_usBankAccount")
    alone.double.adjust(alone.account, 500)
    alone.double.fail_payout(alone.account, alone.double.pay_out(alone.account)["id"])
    alone.double.update_account(alone.account, currently_due=["company.tax_id"])

    text = browser.open()

    for expected_text in (
        "Needs response: dispute over $100.00",
        "Bank debit of $200.00 is pending",
        "Payout of $5.00 failed",
        "Stripe needs more information about the account",
    ):
        assert expected_text in text
