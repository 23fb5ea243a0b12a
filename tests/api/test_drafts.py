"""Previewing a draft, and correcting an issued invoice by a new draft."""

from __future__ import annotations

import datetime as dt
import re
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from html import unescape
from typing import Any

import pytest

from chalicelib.domain.billing import RequestedDeduction
from chalicelib.domain.customer_fields import Address
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import DeductionKind
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.usecases.connecting.freeze import freeze
from chalicelib.usecases.invoicing.invoicing_settings import change
from tests.api.client import OTHER_ORGANIZATION, ApiClient, Response
from tests.world import ORGANIZATION, World, line

HOME = Address(street="12 Palm Drive", city="Phoenix", state="AZ", zip_code="85001", country="US")
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
HOSTILE = "<script>alert('x')</script>\"&<img src=x onerror=alert(1)>"
DAY = 86_400


@pytest.fixture
def account(world: World) -> str:
    account_id = world.connect(account=world.account(email="help@bluepools.test"))
    world.customer(address=HOME)
    world.deliver()
    return account_id


def draft(world: World, **changes: Any) -> Invoice:
    cleaning = replace(line("svc_1", "75.00", "1.5"), service_date=dt.date(2027, 1, 13))
    discount = RequestedDeduction(DeductionKind.DISCOUNT, "Winter discount", Decimal("10.00"))
    order: dict[str, Any] = {"line_items": (cleaning,), "deductions": (discount,), "tax": Decimal("9.00"), **changes}
    return world.invoice(send=False, **order)


def preview(api: ApiClient, invoice: Invoice, **options: Any) -> Response:
    return api.get(f"/invoices/{invoice.id}/preview", **options)


def page(api: ApiClient, invoice: Invoice) -> str:
    response = preview(api, invoice, headers=BROWSER)
    assert (response.status, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return response.text


def visible_text(html: str) -> str:
    """Returns the visible text of an HTML page."""
    body = html[html.index("<body>") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def warnings(response: Response) -> list[str]:
    return [each["code"] for each in response.json["warnings"]]


# The preview


def test_a_member_reads_a_draft_as_the_payer_will(api: ApiClient, world: World, account: str) -> None:
    invoice = draft(world, memo="Thank you.", payment_methods=("card", "us_bank_account"))
    world.double.api.log.reset()
    response = preview(api.acting(), invoice)
    assert response.status == 200
    preview_json = response.json
    assert "draft" in preview_json.pop("notice")
    assert preview_json == {
        "invoiceId": invoice.id,
        "number": None,
        "company": {"name": "Blue Pools", "supportEmail": "help@bluepools.test", "supportPhone": None},
        "billTo": {
            "customerId": "cust_1",
            "name": "Ann Lee",
            "email": "ann@example.test",
            "address": ["12 Palm Drive", "Phoenix, AZ 85001", "US"],
        },
        "date": "2027-01-15",
        "dueDate": "2027-02-14",
        "dueInWords": "Due 30 days after it is sent.",
        "currency": "usd",
        "lineItems": [
            {
                "text": "Cleaning svc_1 (13 January 2027; 1.5 x 75.00)",
                "quantity": "1.5",
                "unitPrice": "75.00",
                "amount": "112.50",
                "serviceDate": "2027-01-13",
            }
        ],
        "deductions": [{"kind": "discount", "text": "Winter discount", "amount": "10.00"}],
        "subtotal": "112.50",
        "tax": "9.00",
        "total": "111.50",
        "memo": "Thank you.",
        "footer": None,
        "customFields": [],
        "paymentMethods": ["Card", "US bank account"],
        "warnings": [],
    }
    assert world.stripe_calls() == {}  # The preview uses only stored data.


def test_the_preview_has_the_lines_that_stripe_has(api: ApiClient, world: World, account: str) -> None:
    invoice = draft(world)
    preview_json = preview(api, invoice).json
    lines = world.double.world.ledgers[account].lines[str(invoice.stripe_invoice_id)]
    texts = [each["text"] for each in (*preview_json["lineItems"], *preview_json["deductions"])]
    assert [each["description"] for each in lines][:-1] == texts
    assert sum(each["amount"] for each in lines) == int(Decimal(preview_json["total"]) * 100)


def test_the_preview_has_the_customers_present_details(api: ApiClient, world: World, account: str) -> None:
    invoice = draft(world)
    world.customer(email="new@example.test", company_name="Lee Motel", address=Address(city="Tempe"))
    bill_to = preview(api, invoice).json["billTo"]
    assert (bill_to["name"], bill_to["email"], bill_to["address"]) == ("Lee Motel", "new@example.test", ["Tempe"])


def test_the_previews_days_are_in_the_organizations_time_zone_and_count_from_today(
    api: ApiClient, world: World, account: str
) -> None:
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, time_zone="Pacific/Auckland"), world.ports)
    invoice = draft(world, payment_terms="due_on_receipt")
    world.advance(3 * DAY)
    preview_json = preview(api, invoice).json
    assert (preview_json["date"], preview_json["dueDate"]) == ("2027-01-18", "2027-01-18")
    assert preview_json["dueInWords"] == "Due on the day on which it is sent."


@pytest.mark.parametrize(
    ("made_in", "moved_to", "seconds_waited"),
    [("Pacific/Honolulu", "Pacific/Auckland", 0), ("Pacific/Auckland", "Pacific/Honolulu", DAY)],
)
def test_after_a_change_of_time_zone_a_draft_is_due_when_its_preview_says(
    made_in: str, moved_to: str, seconds_waited: int, api: ApiClient, world: World, account: str
) -> None:
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, time_zone=made_in), world.ports)
    invoice = draft(world)
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, time_zone=moved_to), world.ports)
    world.advance(seconds_waited)
    preview_json = preview(api, invoice).json
    assert api.post(f"/invoices/{invoice.id}/send").json["dueDate"] == preview_json["dueDate"]


@pytest.mark.parametrize("zones", ["Pacific/Honolulu Pacific/Auckland", "Pacific/Auckland Pacific/Honolulu"])
@pytest.mark.parametrize("hour", range(0, 48, 6))
def test_a_draft_made_in_another_time_zone_has_a_warning_when_sending_would_be_refused(
    zones: str, hour: int, api: ApiClient, world: World, account: str
) -> None:
    made_in, moved_to = zones.split()
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, time_zone=made_in), world.ports)
    invoice = draft(world, due_date=dt.date(2027, 1, 16))
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, time_zone=moved_to), world.ports)
    world.advance(hour * 3600)
    warning_codes = warnings(preview(api, invoice))
    refusal = api.post(f"/invoices/{invoice.id}/send")
    assert warning_codes == ([] if refusal.status == 200 else [refusal.code])


def test_a_draft_with_a_due_day_is_due_on_that_day_whenever_it_is_sent(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = draft(world, due_date=dt.date(2027, 1, 20))
    preview_json = preview(api, invoice).json
    assert (preview_json["dueDate"], preview_json["dueInWords"], preview_json["warnings"]) == ("2027-01-20", None, [])
    world.advance(10 * DAY)
    assert warnings(preview(api, invoice)) == ["due_date_in_past"]


def test_lines_changed_in_stripe_cause_a_warning_and_the_preview_has_the_order_of_pom(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = draft(world)
    extra_lines: Any = {"lines": [{"amount": 2500, "description": "Extra"}]}
    owner: Any = {"stripe_account": account}
    world.client.v1.invoices.add_lines(str(invoice.stripe_invoice_id), extra_lines, owner)
    world.client.v1.invoices.update(str(invoice.stripe_invoice_id), {"description": "Call us."}, owner)
    world.deliver()
    response = preview(api, invoice)
    assert (response.json["total"], response.json["memo"]) == ("111.50", None)
    assert warnings(response) == ["total_differs", "changed_in_stripe"]
    refusal = api.post(f"/invoices/{invoice.id}/send")
    assert refusal.code == warnings(response)[0]
    assert refusal.error["message"] == response.json["warnings"][0]["message"]
    assert "25.00 USD more" in visible_text(page(api, invoice))


@pytest.mark.parametrize("against", ["no address", "not ready", "paused", "not connected", "other account"])
def test_a_warning_is_the_error_that_sending_would_return(
    against: str, api: ApiClient, world: World, account: str
) -> None:
    invoice = draft(world)
    if against == "no address":
        world.customer(email=None)
    if against == "not ready":
        world.double.update_account(account, charges_enabled=False)
        world.deliver()
    if against == "paused":
        freeze(ORGANIZATION, "ops@example.test", "A customer was billed wrongly.", world.ports)
    if against == "not connected":
        api.admin.delete("/stripe/connection")
    if against == "other account":
        world.connect(account=world.account())
    response = preview(api, invoice)
    assert len(response.json["warnings"]) >= 1
    refusal = api.post(f"/invoices/{invoice.id}/send")
    assert refusal.code in warnings(response)
    assert (response.json["company"]["name"] is None) == (against == "other account")
    assert world.now(invoice).sent_at is None


def test_only_a_draft_has_a_preview(api: ApiClient, world: World, account: str) -> None:
    sent_invoice = world.invoice("svc_2")
    refusal = preview(api, sent_invoice)
    assert (refusal.status, refusal.code) == (409, "invoice_not_draft")
    assert refusal.error["nextStep"].startswith("Open its payment page or its PDF")
    world.double.order_fault("error_before", method="POST", path="/v1/invoices")
    resting = draft(world)
    refusal = preview(api, resting, headers=BROWSER)
    assert (refusal.status, refusal.code) == (409, "invoice_creating")


def test_an_invoice_without_a_preview_has_no_link_to_one(api: ApiClient, world: World, account: str) -> None:
    deleted_draft, long_sent = draft(world), world.invoice("svc_2")
    api.post(f"/invoices/{deleted_draft.id}/void")
    refusal = preview(api, deleted_draft)
    assert (refusal.code, api.get(f"/invoices/{deleted_draft.id}").json["paymentUrl"]) == ("invoice_not_draft", None)
    assert refusal.error["nextStep"].startswith("The customer never had it")
    world.advance(400 * DAY)
    refusal = preview(api, long_sent)
    assert api.get(f"/invoices/{long_sent.id}").json["paymentUrl"] is None
    assert refusal.error["nextStep"] == "Stripe's link to it has expired. Open it in the Stripe dashboard."


def test_a_draft_of_another_organization_is_not_found(api: ApiClient, world: World, account: str) -> None:
    response = preview(api.acting("admin", organization=OTHER_ORGANIZATION), draft(world))
    assert (response.status, response.code) == (404, "invoice_not_found")


# The page


def test_the_page_is_marked_as_a_draft_in_words(api: ApiClient, world: World, account: str) -> None:
    text = visible_text(page(api, draft(world, memo="Thank you.")))
    for each in (
        "DRAFT This is a draft", "None yet", "15 January 2027, if it is sent today", "Due 30 days after it is sent.",
        "Blue Pools", "Ann Lee", "12 Palm Drive", "Cleaning svc_1 (13 January 2027; 1.5 x 75.00) 112.50",
        "Winter discount \N{MINUS SIGN}10.00", "Tax 9.00", "Total 111.50 USD", "Thank you.",
    ):  # fmt: skip
        assert each in text


def test_the_pages_security_policy_allows_only_its_own_style(api: ApiClient, world: World, account: str) -> None:
    response = preview(api, draft(world), headers=BROWSER)
    [style] = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert f'content="{policy}"' in response.text
    assert not re.search(r"<script|\bstyle=|\bsrc=|\bhref=|\bon\w+=", response.text)


def test_text_that_people_wrote_is_escaped_on_the_page(api: ApiClient, world: World, account: str) -> None:
    """Each free text contains markup; the page must have all of the text and none of the markup."""
    world.double.update_account(account, business_name=f"Pools {HOSTILE}")
    world.customer(
        company_name=f"Motel {HOSTILE}", address=Address(street=f"Street {HOSTILE}", city=f"City {HOSTILE}")
    )
    world.deliver()
    service = replace(line("svc_1"), description=f"Service {HOSTILE}")
    credit = RequestedDeduction(DeductionKind.CREDIT, f"Credit {HOSTILE}", Decimal("1.00"))
    invoice = draft(
        world, line_items=(service,), deductions=(credit,), memo=f"Memo {HOSTILE}", footer=f"Footer {HOSTILE}"
    )
    freeze(ORGANIZATION, "ops@example.test", f"Because {HOSTILE}", world.ports)
    html = page(api, invoice)
    assert "<script" not in html
    assert "<img" not in html
    for each in ("Pools", "Motel", "Street", "City", "Service", "Credit", "Memo", "Footer", "Because"):
        assert f"{each} {HOSTILE}" in unescape(html), each


@pytest.mark.parametrize(("accept", "html"), [
    (None, False), ("*/*", False), ("application/json", False), ("text/html, application/json", False),
    ("text/html;q=0.9, application/json;q=0.8", True), ("text/html", True), (BROWSER["Accept"], True),
])  # fmt: skip
def test_only_a_client_that_prefers_html_gets_a_page(
    accept: str | None, html: bool, api: ApiClient, world: World, account: str
) -> None:
    response = preview(api, draft(world), headers={"Accept": accept} if accept else {})
    assert response.headers["content-type"].startswith("text/html") is html


def test_previews_of_250_lines_and_of_yen_are_complete(api: ApiClient, world: World, account: str) -> None:
    long = world.invoice(*(f"many_{number}" for number in range(250)), send=False)
    assert visible_text(page(api, long)).count("Cleaning many_") == 250
    yen = replace(line("svc_yen"), unit_price=Decimal(1_234_567))
    text = visible_text(page(api, world.invoice(line_items=(yen,), currency="jpy", send=False)))
    assert "Total 1,234,567 JPY" in text


# The correction


def test_a_correction_returns_the_draft_copy_and_both_name_each_other(
    api: ApiClient, world: World, account: str
) -> None:
    original = world.invoice()
    unconfirmed = api.post(f"/invoices/{original.id}/correct", {})
    assert (unconfirmed.status, unconfirmed.code, unconfirmed.error["field"]) == (
        409,
        "confirmation_missing",
        "confirmed",
    )
    correction = api.post(f"/invoices/{original.id}/correct", {"confirmed": True})
    assert (correction.status, correction.json["status"]) == (201, "draft")
    assert correction.json["correctsInvoiceId"] == original.id
    original_json = api.get(f"/invoices/{original.id}").json
    assert (original_json["status"], original_json["correctedByInvoiceId"]) == ("void", correction.json["id"])
    assert [entry["kind"] for entry in original_json["history"]].count("corrected") == 1
    again = api.post(f"/invoices/{original.id}/correct", {"confirmed": True})
    assert (again.status, again.json["id"]) == (201, correction.json["id"])


def test_a_correction_that_stripe_delays_resumes_automatically(api: ApiClient, world: World, account: str) -> None:
    original = world.invoice()
    world.double.order_fault("error_before", method="POST", path=f"/v1/invoices/{original.stripe_invoice_id}/void")
    correction = api.post(f"/invoices/{original.id}/correct", {"confirmed": True})
    assert (correction.status, correction.json["status"]) == (202, "creating")
    world.double.clear_faults()
    world.advance(3601)
    world.resume()
    assert api.get(f"/invoices/{correction.json['id']}").json["status"] == "draft"


def test_an_invoice_that_was_just_paid_is_not_corrected(api: ApiClient, world: World, account: str) -> None:
    original = world.invoice()
    world.double.pay(account, str(original.stripe_invoice_id), "pm_card_visa")
    refusal = api.post(f"/invoices/{original.id}/correct", {"confirmed": True})
    assert (refusal.status, refusal.code) == (409, "invoice_not_voidable")
    assert refusal.error["nextStep"]
    world.deliver()
    invoice_json = api.get(f"/invoices/{original.id}").json
    assert (invoice_json["status"], invoice_json["correctedByInvoiceId"]) == ("paid", None)


def test_an_invoice_of_a_customer_without_an_address_is_not_corrected(
    api: ApiClient, world: World, account: str
) -> None:
    original = world.invoice()
    world.customer(email=None)
    refusal = api.post(f"/invoices/{original.id}/correct", {"confirmed": True})
    assert (refusal.status, refusal.code) == (422, "customer_email_missing")
    assert world.now(original).live


@pytest.mark.parametrize("body", [{"confirmed": "yes"}, {"confirmed": None}, {"sure": True}, []])
def test_a_confirmation_must_be_a_boolean(body: Any, api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    assert api.post(f"/invoices/{invoice.id}/correct", body).code == "invalid_body"
    assert world.now(invoice).live


def test_members_and_other_organizations_cannot_correct_an_invoice(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice()
    path = f"/invoices/{invoice.id}/correct"
    assert api.acting().post(path, {"confirmed": True}).code == "role_missing"
    foreign = api.acting("admin", organization=OTHER_ORGANIZATION)
    assert foreign.post(path, {"confirmed": True}).code == "invoice_not_found"
    assert world.now(invoice).live
