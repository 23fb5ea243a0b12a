"""The messages of the payer's page after mistakes, and of unknown pages and controls."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest

from infra.stripe_double.objects.cards import BANKS
from tests.stripe_double.test_controls_and_process import control
from tests.stripe_double.test_hosted_page import card, said, visit

CARD, EXPIRY, CODE = "card number", "expiration date", "security code"


def in_error(html: str) -> list[str]:
    """Returns the names of the inputs that are marked as wrong."""
    return re.findall(r"<input id=(\w+)[^>]*aria-invalid=true", html)


def alerts(html: str) -> list[str]:
    """Returns the heading of the form above each alert; an empty string for an alert above all forms."""
    parts = re.split(r"<form[^>]*><h2>([^<]*)</h2>", html)
    headings = ["", *parts[1::2]]
    return [heading for heading, part in zip(headings, parts[::2], strict=True) if "role=alert" in part]


def test_every_mistake_in_the_card_form_is_named_at_once(company: Any) -> None:
    _, html = card(company.open().hosted_invoice_url, "", exp="13/34", cvc="1")

    assert [each for each in (CARD, "expiration month", CODE) if each in said(html)] == [
        CARD,
        "expiration month",
        CODE,
    ]
    assert in_error(html) == ["number", "exp", "cvc"]


def test_an_empty_form_begins_with_the_card_number(company: Any) -> None:
    _, html = card(company.open().hosted_invoice_url, "", exp="", cvc="")

    outcome = said(html)
    assert -1 < outcome.index(CARD) < outcome.index(EXPIRY) < outcome.index(CODE)


@pytest.mark.parametrize("exp", ["13/34", "00/34", "99/2034"])
def test_a_month_that_does_not_exist_is_invalid_and_not_incomplete(company: Any, exp: str) -> None:
    _, html = card(company.open().hosted_invoice_url, "4242424242424242", exp=exp)

    assert said(html) == "Your card's expiration month is invalid."
    assert in_error(html) == ["exp"]


def test_every_mistake_in_the_bank_form_is_named_at_once(company: Any) -> None:
    _, html = visit(company.open().hosted_invoice_url, method="us_bank_account", routing="1", account="2")

    assert ("routing number" in said(html), "account number" in said(html)) == (True, True)
    assert in_error(html) == ["routing", "account"]


def test_an_empty_bank_form_says_what_is_missing(company: Any) -> None:
    _, html = visit(company.open().hosted_invoice_url, method="us_bank_account", routing="", account="")

    assert said(html) == "The routing number is missing. The account number is missing."


def test_an_error_is_shown_in_the_form_that_it_concerns(company: Any) -> None:
    url = company.open().hosted_invoice_url

    assert alerts(visit(url, method="us_bank_account", routing="1", account="2")[1]) == ["Pay from a US bank account"]
    assert alerts(card(url, "", exp="")[1]) == ["Pay by card"]
    assert alerts(card(url, "4000 0000 0000 9995")[1]) == ["Pay by card"]
    assert alerts(visit(url)[1]) == ["Pay by card"]


@pytest.mark.parametrize(
    "code", [*sorted({each.code for each in BANKS.values() if each.code}), "bank_account_frozen"]
)
def test_a_failed_bank_debit_has_a_message(company: Any, code: str) -> None:
    invoice = company.open()
    paid = company.pay(invoice, "pm_usBankAccount")
    company.double.settle_debit(company.account, paid["payment_intent"], fail=code)

    _, html = visit(invoice.hosted_invoice_url)

    assert code not in said(html)
    assert said(html).endswith(".")
    assert alerts(html) == ["Pay from a US bank account"]
    assert company.intent(invoice).last_payment_error.code == code


def test_an_unknown_path_of_the_api_has_stripes_own_error(server: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/v2/core/accounts", b"", method="POST"))

    assert "Unrecognized request URL" in json.load(refused.value)["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("debits/A/PI/settle", {"outcome": "failed"}),
        ("refunds/A/R/settle", {"fail": "x"}),
        ("invoices/A/I/pay", {"card": "4242424242424242"}),
        ("charges/A/C/dispute", {"why": "fraudulent"}),
        ("disputes/A/D", {}),
        ("accounts", {"colour": "blue"}),
        ("endpoints", {}),
        ("clock/advance", {"days": 1}),
        ("faults", {"sort": "x"}),
        ("faults", {"kind": "delay", "minutes": 1}),
        ("rates", {"global": 1}),
    ],
)
def test_a_wrong_field_is_named_together_with_the_valid_ones(server: Any, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(server, "POST", path, body)

    error = json.load(refused.value)["error"]
    assert refused.value.code == 400
    assert not re.search(r"StripeDouble|argument|__init__|\(\)", error)
    assert all(f"`{name}`" in error for name in body if name != "kind")
    assert re.search(r"Fields?: `\w+`", error)
