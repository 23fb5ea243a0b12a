"""The payer's page after a mistake, without a mouse, in other scripts, and in each state of the invoice."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from infra.stripe_double import DAY
from tests.stripe_double.test_hosted_page import card, said, visit


def inputs(html: str) -> dict[str, str]:
    """Returns the value of each visible input, by its name."""
    figures = re.findall(r"<input id=(\w+)[^>]*? value=\"([^\"]*)\"", html)
    return {name: unescape(value) for name, value in figures}


def rows(html: str) -> dict[str, str]:
    """Returns the amount of each row of the table, by its label."""
    figures = re.findall(r"<tr[^>]*><td>(.*?)</td><td>(.*?)</td></tr>", html, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", what): amount for what, amount in figures}


def test_a_card_that_needs_confirmation_is_not_shown_below_the_decline_of_another(company: Any) -> None:
    invoice = company.open()
    url = invoice.hosted_invoice_url

    card(url, "4000 0000 0000 9995")
    _, html = card(url, "4000002760003184")

    assert "3-D Secure" in html
    assert "insufficient funds" not in html


def test_a_card_that_waits_for_confirmation_clears_the_decline_of_the_card_before(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "pm_card_chargeDeclinedInsufficientFunds")
    company.pay(invoice, "pm_card_authenticationRequired")

    intent = company.intent(invoice)

    assert (intent.status, intent.last_payment_error) == ("requires_action", None)


def test_typed_inputs_remain_after_a_decline_but_only_in_that_response(company: Any) -> None:
    url = company.open().hosted_invoice_url

    _, html = card(url, "4000 0000 0000 9995", exp="11/35", cvc="456")

    assert inputs(html) == {
        "number": "4000 0000 0000 9995", "exp": "11/35", "cvc": "456", "routing": "", "account": "",
    }  # fmt: skip
    assert set(inputs(visit(url)[1]).values()) == {""}, "the next person who opens the link does not see the card"


def test_typed_inputs_remain_after_a_failed_confirmation(company: Any) -> None:
    url = company.open().hosted_invoice_url

    card(url, "4000002760003184", exp="11/35", cvc="456")
    _, html = visit(url, authenticate="fail")

    assert "unable to authenticate" in said(html)
    assert inputs(html)["number"] == "4000002760003184"
    assert (inputs(html)["exp"], inputs(html)["cvc"]) == ("11/35", "456")


def test_typed_bank_account_inputs_remain_after_a_mistake(company: Any) -> None:
    url = company.open().hosted_invoice_url

    _, html = visit(url, method="us_bank_account", routing="123", account='"><b>1')

    assert (inputs(html)["routing"], inputs(html)["account"]) == ("123", '"><b>1')
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("fields", "to_correct"),
    [
        ({"number": "4242424242424241"}, ["number"]),
        ({"number": "4000000000000127"}, ["cvc"]),
        ({"number": "4000000000000069"}, ["exp"]),
        ({"exp": "01/20"}, ["exp"]),
        ({"cvc": "1"}, ["cvc"]),
        ({"number": ""}, ["number"]),
        ({"number": "4000000000009995"}, []),
    ],
)
def test_an_error_is_announced_has_the_focus_and_names_the_input_to_correct(
    company: Any, fields: Any, to_correct: list[str]
) -> None:
    url = company.open().hosted_invoice_url

    _, html = card(url, **{"number": "4242424242424242", **fields})

    [alert] = re.findall(r"<div [^>]*id=outcome>", html)
    assert all(word in alert for word in ("role=alert", "tabindex=-1", "autofocus"))
    assert re.findall(r"<input id=(\w+)[^>]*aria-invalid=true aria-describedby=outcome", html) == to_correct
    assert "<title>Error: " in html


def test_every_input_has_a_label_of_its_own(company: Any) -> None:
    html = visit(company.open().hosted_invoice_url)[1]

    assert re.findall(r"<label for=(\w+)>", html) == list(inputs(html))
    assert len(inputs(html)) == 5
    assert "<script" not in html


def test_the_due_day_is_in_the_companys_time_zone(company: Any) -> None:
    """The Dashboard's time zone is Phoenix, seven hours behind UTC. POM sets due dates to the end of that day."""
    greenwich_midnight = (int(company.double.clock.now()) // DAY + 40) * DAY
    invoice = company.open(due_date=greenwich_midnight + 6 * 3600)

    day_before = datetime.fromtimestamp(greenwich_midnight - 1, UTC)
    assert f"Due {day_before:%B %-d, %Y}" in visit(invoice.hosted_invoice_url)[1]


def test_the_page_of_a_paid_invoice_shows_the_date_and_no_form(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice)

    html = visit(invoice.hosted_invoice_url)[1]

    assert "Paid <" not in html
    assert re.search(r"Paid \w+ \d+, 20\d\d", html)
    assert "Due " not in html
    assert rows(html)["Already paid"] == "-$100.00"
    assert rows(html)["Amount due"] == "$0.00"
    assert "<form" not in html


def test_the_page_of_a_void_invoice_has_no_form(company: Any) -> None:
    invoice = company.open()
    company.v1.invoices.void_invoice(invoice.id, None, company.opts)

    html = visit(invoice.hosted_invoice_url)[1]

    assert "voided" in said(html)
    assert "Amount due" not in html
    assert "Due " not in html
    assert "<form" not in html


def test_the_page_of_a_partly_paid_invoice_asks_for_the_remaining_amount(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, amount=2_500)

    html = visit(invoice.hosted_invoice_url)[1]

    assert (rows(html)["Already paid"], rows(html)["Amount due"]) == ("-$25.00", "$75.00")
    assert "<button>Pay $75.00</button>" in html


def test_the_figures_of_a_page_add_up_when_a_credit_balance_is_applied(company: Any) -> None:
    customer = company.customer(balance=-2_500)
    invoice = company.open(customer=customer.id)

    figures = rows(visit(invoice.hosted_invoice_url)[1])

    assert (figures["Total"], figures["Applied balance"], figures["Amount due"]) == ("$100.00", "-$25.00", "$75.00")


def test_the_figures_of_a_page_add_up_after_a_credit_note(company: Any) -> None:
    invoice = company.open()
    company.v1.credit_notes.create({"invoice": invoice.id, "amount": 4_000}, company.opts)

    figures = rows(visit(invoice.hosted_invoice_url)[1])

    assert (figures["Total"], figures["Credit note"], figures["Amount due"]) == ("$100.00", "-$40.00", "$60.00")


def test_names_in_other_scripts_keep_their_writing_direction(company: Any) -> None:
    customer = company.customer(name="דנה לוי (בריכות)")

    html = visit(company.open(customer=customer.id).hosted_invoice_url)[1]

    assert "<bdi>דנה לוי (בריכות)</bdi><br>From <bdi>Blue Lagoon Pools</bdi>".encode().decode("latin-1") in html


def test_the_page_of_an_expired_link_names_the_company_to_ask(company: Any) -> None:
    invoice = company.open()
    company.double.advance(61 * DAY)

    status, html = visit(invoice.hosted_invoice_url)

    assert status == 410
    assert "Ask Blue Lagoon Pools for a new link" in html
