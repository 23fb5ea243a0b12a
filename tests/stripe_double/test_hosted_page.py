"""The hosted invoice page, which pays by plain forms."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.stripe_double import DAY


def visit(url: str, **form: str) -> tuple[int, str]:
    data = urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(url, data) as answer:
            return answer.status, answer.read().decode("latin-1")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode("latin-1")


def card(url: str, number: str, exp: str = "12/34", cvc: str = "123") -> tuple[int, str]:
    return visit(url, method="card", number=number, exp=exp, cvc=cvc)


def said(html: str) -> str:
    match = re.search(r"id=outcome>([^<]*)<", html)
    return match.group(1).replace("&#x27;", "'") if match else ""


def test_the_page_shows_the_amount_the_company_and_the_due_date(company: Any) -> None:
    customer = company.customer(name="Ann <script>alert(1)</script>")
    invoice = company.open(7_500, 2_500, customer=customer.id, description="Thank you & see you")

    status, html = visit(invoice.hosted_invoice_url)

    assert status == 200
    for text in (
        "$100.00",
        "$75.00",
        "Blue Lagoon Pools",
        invoice.number,
        "Due ",
        "Service 1",
        "Thank you &amp; see you",
    ):
        assert text in html
    assert "<script>" not in html


def test_a_declined_card_says_why_and_the_same_link_takes_another(company: Any) -> None:
    invoice = company.open()
    url = invoice.hosted_invoice_url

    status, html = card(url, "4000 0000 0000 9995")
    again = said(visit(url)[1])
    paid_status, paid_html = card(url, "4242 4242 4242 4242")

    assert (status, said(html), again) == (402, *["Your card has insufficient funds."] * 2)
    assert (paid_status, said(paid_html)) == (200, "Paid. Thank you!")
    assert company.get(invoice).status == "paid"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"exp": "01/20"}, "in the past"),
        ({"exp": "soon"}, "incomplete"),
        ({"cvc": "1"}, "security code"),
        ({"number": ""}, "number is incomplete"),
    ],
)
def test_a_mistyped_input_is_not_attempted(company: Any, fields: Any, text: str) -> None:
    invoice = company.open()

    _, html = card(invoice.hosted_invoice_url, **{"number": "4242424242424242", **fields})

    assert text in said(html)
    assert company.get(invoice).attempted is False


def test_three_d_secure_is_a_second_step_on_the_page(company: Any) -> None:
    invoice = company.open()
    url = invoice.hosted_invoice_url

    assert "3-D Secure" in card(url, "4000002760003184")[1]
    failed = visit(url, authenticate="fail")[1]
    card(url, "4000002760003184")
    done = visit(url, authenticate="complete")[1]

    assert "unable to authenticate" in said(failed)
    assert "Paid" in said(done)


def test_a_bank_account_pays_after_days(company: Any) -> None:
    invoice = company.open()
    url = invoice.hosted_invoice_url

    assert "routing number" in visit(url, method="us_bank_account", routing="123", account="000123456789")[1].lower()
    assert "processing" in said(visit(url, method="us_bank_account", routing="110000000", account="000123456789")[1])
    assert "processing" in said(card(url, "4242424242424242")[1])
    company.double.advance(4 * DAY + 1)

    assert "Paid" in said(visit(url)[1])


def test_a_voided_invoice_cannot_be_paid(company: Any) -> None:
    invoice = company.open()
    company.v1.invoices.void_invoice(invoice.id, None, company.opts)

    _, html = card(invoice.hosted_invoice_url, "4242424242424242")

    assert "voided" in said(html)
    assert company.get(invoice).status == "void"


def test_a_wrong_link_is_a_404_and_an_expired_link_a_410(company: Any) -> None:
    invoice = company.open()

    assert visit(invoice.hosted_invoice_url + "x")[0] == 404
    company.double.advance(61 * DAY)
    assert visit(invoice.hosted_invoice_url)[0] == 410


def test_reading_the_invoice_renews_an_expired_link_for_ten_days(company: Any) -> None:
    invoice = company.open()
    company.double.advance(61 * DAY)

    fresh = company.get(invoice).hosted_invoice_url

    assert fresh != invoice.hosted_invoice_url
    assert visit(invoice.hosted_invoice_url)[0] == 410
    assert visit(fresh)[0] == 200
    assert company.get(invoice).hosted_invoice_url == fresh
    company.double.advance(11 * DAY)
    assert visit(fresh)[0] == 410


def test_the_pdf_is_a_pdf_whose_offsets_are_right(company: Any) -> None:
    invoice = company.open(description="Umlaute äöü (and parentheses)")

    with urllib.request.urlopen(invoice.invoice_pdf) as answer:
        body = answer.read()
        kind = answer.headers["Content-Type"]

    assert (kind, body[:8], body.rstrip()[-5:]) == ("application/pdf", b"%PDF-1.4", b"%%EOF")
    start = int(re.search(rb"startxref\n(\d+)", body).group(1))  # type: ignore[union-attr]
    assert body[start : start + 4] == b"xref"
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n", body), 1):
        assert body[int(offset) :].startswith(b"%d 0 obj" % number)


def test_amounts_in_yen_have_no_decimals(company: Any) -> None:
    invoice = company.open(1_200, currency="jpy", customer=company.customer().id)

    assert "1,200 JPY" in visit(invoice.hosted_invoice_url)[1]
