"""Paying, refunding, disputing and reminding over HTTP: the API returns what happened in Stripe."""

from __future__ import annotations

import csv
import datetime as dt
from io import StringIO
from itertools import count
from typing import Any

import pytest

from infra.demo.people import Payer
from infra.local.stack import LocalStack
from tests.e2e.company import Company, eventually, header, refused
from tests.e2e.passing_time import was_sent_yesterday

_services = (f"svc_pay_{number}" for number in count())


@pytest.fixture(scope="module")
def company(stack: LocalStack) -> Company:
    """Returns a connected company that accepts cards and bank debits."""
    created = Company(stack).connect()
    created.customer()
    stack.wait_until_idle()
    return created


def bill(company: Company, **changes: Any) -> Any:
    """Returns a sent invoice of 75.00 that can be paid by card or bank debit."""
    created = company.bill(next(_services), paymentMethods=["card", "us_bank_account"], **changes)
    assert created.status == 201, created.text
    return created.json


def stripe_id(invoice: Any) -> str:
    return str(invoice["dashboardUrl"].rsplit("/", 1)[1])


def pay(company: Company, invoice: Any, method: str, **params: Any) -> Any:
    path = f"invoices/{company.account_id}/{stripe_id(invoice)}/pay"
    return company.double("POST", path, method=method, **params)


def kinds(company: Company, invoice: Any) -> list[str]:
    return [entry["kind"] for entry in company.member.get(f"/invoices/{invoice['id']}/history")["data"]]


def test_an_invoice_paid_by_bank_debit_is_pending_until_the_debit_succeeds(company: Company) -> None:
    invoice = bill(company)
    intent = pay(company, invoice, "000123456789")["payment_intent"]
    company.all_delivered()
    assert company.invoice(invoice["id"])["status"] == "pending"
    company.double("POST", f"debits/{company.account_id}/{intent}/settle")
    company.becomes(invoice["id"], status="paid", balance="0.00")


def test_an_invoice_whose_bank_debit_failed_has_the_reason_and_can_be_paid_by_card(company: Company) -> None:
    invoice = bill(company)
    intent = pay(company, invoice, "000123456789")["payment_intent"]
    company.double("POST", f"debits/{company.account_id}/{intent}/settle", fail="insufficient_funds")
    failure = eventually(
        lambda: company.invoice(invoice["id"])["failure"],
        lambda seen: seen is not None and seen["reason"] == "insufficient_funds",
        "a failure with its reason",
    )
    assert "same invoice link" in failure["nextStep"]
    Payer(invoice["paymentUrl"]).pays_by_card("4242 4242 4242 4242")
    company.becomes(invoice["id"], status="paid")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("4000 0000 0000 9995", "insufficient_funds"),
        ("4000 0000 0000 0002", "card_declined"),
        ("4000 0000 0000 0069", "expired_card"),
        ("4000 0000 0000 0127", "incorrect_details"),
        ("4000 0000 0000 9987", "card_declined"),
        ("4000 0000 0000 0119", "other"),
    ],
)
def test_each_decline_has_its_reason_and_a_next_step(company: Company, card: str, reason: str) -> None:
    invoice = bill(company)
    Payer(invoice["paymentUrl"]).pays_by_card(card)
    failure = eventually(
        lambda: company.invoice(invoice["id"])["failure"],
        lambda seen: seen is not None and seen["reason"] == reason,
        f"a failure because of {reason}",
    )
    assert failure["nextStep"]


def test_no_response_says_that_a_card_was_reported_lost(company: Company) -> None:
    invoice = bill(company)
    Payer(invoice["paymentUrl"]).pays_by_card("4000 0000 0000 9987")
    failed_invoice = company.becomes(invoice["id"], status="failed")
    text = str(failed_invoice) + str(company.member.get(f"/invoices/{invoice['id']}/history"))
    assert "lost" not in text.replace("'lostAmount': '0.00'", ""), "only the name of a figure may have this word"


def test_an_invoice_can_be_paid_in_two_payments(company: Company) -> None:
    invoice = bill(company)
    pay(company, invoice, "pm_card_visa", amount=2500)
    company.becomes(invoice["id"], status="pending", paidAmount="25.00", balance="50.00")
    pay(company, invoice, "pm_card_visa")
    company.becomes(invoice["id"], status="paid", paidAmount="75.00", balance="0.00")


def test_a_credit_note_reduces_the_balance(company: Company) -> None:
    invoice = bill(company)
    company.owner.does("POST", "/credit_notes", invoice=stripe_id(invoice), amount="1500")
    company.becomes(invoice["id"], creditedAmount="15.00", balance="60.00")
    _await_entries(company, invoice, "credited")


def test_an_invoice_is_refunded_when_its_partial_refunds_add_up_to_it(company: Company) -> None:
    invoice = bill(company)
    pay(company, invoice, "pm_card_visa")
    company.becomes(invoice["id"], status="paid")
    charge = company.owner.does("GET", "/charges?limit=1")["data"][0]["id"]
    company.owner.does("POST", "/refunds", charge=charge, amount="2000")
    company.becomes(invoice["id"], status="paid", partiallyRefunded=True, refundedAmount="20.00")
    company.owner.does("POST", "/refunds", charge=charge)
    company.becomes(invoice["id"], status="refunded", partiallyRefunded=False, refundedAmount="75.00")


def test_a_refund_that_fails_weeks_later_no_longer_counts_as_refunded(company: Company) -> None:
    invoice = bill(company)
    pay(company, invoice, "pm_card_visa")
    company.becomes(invoice["id"], status="paid")
    charge = company.owner.does("GET", "/charges?limit=1")["data"][0]["id"]
    refund = company.owner.does("POST", "/refunds", charge=charge)["id"]
    company.becomes(invoice["id"], status="refunded")
    company.double("POST", f"refunds/{company.account_id}/{refund}/settle", outcome="failed")
    company.becomes(invoice["id"], status="paid", refundedAmount="0.00")
    _await_entries(company, invoice, "refund_failed")


def test_a_dispute_is_flagged_and_each_step_is_on_the_timeline(company: Company) -> None:
    invoice = bill(company)
    pay(company, invoice, "pm_card_visa")
    company.becomes(invoice["id"], status="paid")
    charge = company.owner.does("GET", "/charges?limit=1")["data"][0]["id"]
    dispute = company.double("POST", f"charges/{company.account_id}/{charge}/dispute")["id"]
    company.becomes(invoice["id"], disputed=True, status="paid")
    company.double("POST", f"disputes/{company.account_id}/{dispute}", status="won")
    company.becomes(invoice["id"], disputed=False)
    _await_entries(company, invoice, "dispute_opened", "dispute_won")


def test_a_payment_shows_its_card_and_a_refund_made_in_stripe(company: Company) -> None:
    invoice = bill(company)
    pay(company, invoice, "pm_card_visa")
    company.becomes(invoice["id"], status="paid")
    company.all_delivered()
    [payment] = company.invoice(invoice["id"])["payments"]
    card = {name: payment["method"][name] for name in ("type", "brand", "last4")}
    assert (payment["status"], card) == ("succeeded", {"type": "card", "brand": "visa", "last4": "4242"})
    company.owner.does("POST", "/refunds", payment_intent=payment["id"], amount="2000")
    company.becomes(invoice["id"], refundedAmount="20.00")
    [payment] = company.invoice(invoice["id"])["payments"]
    [refund] = payment["refunds"]
    assert (refund["amount"], refund["source"], payment["refundable"]) == ("20.00", "stripe", "55.00")
    _await_entries(company, invoice, "paid", "refunded")


def test_payments_and_refunds_are_listed_as_json_and_as_csv(stack: LocalStack) -> None:
    company = Company(stack).connect()
    company.customer()
    card, check = bill(company), bill(company)
    intent = pay(company, card, "pm_card_visa")["payment_intent"]
    company.becomes(card["id"], status="paid")
    company.owner.does("POST", "/refunds", payment_intent=intent, amount="1250")
    company.becomes(card["id"], refundedAmount="12.50")
    company.office.call("POST", f"/invoices/{check['id']}/mark-paid", {"method": "check", "reference": "=1042"})
    company.all_delivered()

    rows = company.member.get("/payments")["data"]

    assert {(row["kind"], row["method"]["type"], row["receivedAmount"]) for row in rows} == {
        ("payment", "card", "75.00"),
        ("refund", "card", "-12.50"),
        ("payment", "check", "75.00"),
    }
    assert [row["id"] for row in company.member.get("/payments?kind=refund&method=card")["data"]] == [
        row["id"] for row in rows if row["kind"] == "refund"
    ]
    answer = company.member.call("GET", "/payments?first=2", accept="text/csv")
    following = header(answer, "link") or ""
    assert (header(answer, "content-type") or "").startswith("text/csv")
    second_page = company.member.call(
        "GET", following[following.index("/payments") : following.index(">")], accept="text/csv"
    )
    table = [*csv.DictReader(StringIO(answer.text)), *csv.DictReader(StringIO(second_page.text))]
    assert [row["ID"] for row in table] == [row["id"] for row in rows]
    assert {row["Reason"] for row in table if row["Method"] == "check"} == {"'=1042"}


def test_cash_and_checks_can_be_recorded(company: Company) -> None:
    invoice = bill(company)
    body = {"method": "check", "reference": "No. 1042"}
    response = company.office.call("POST", f"/invoices/{invoice['id']}/mark-paid", body)
    assert (response.status, response.json["status"], response.json["balance"]) == (200, "paid", "0.00")
    again = company.office.call("POST", f"/invoices/{invoice['id']}/mark-paid", body)
    refused(again, 409, "invoice_already_paid")
    assert "recorded it on" in again.json["error"]["message"]
    in_stripe = company.owner.does("GET", f"/invoices/{stripe_id(invoice)}")
    assert in_stripe["status"] == "paid"


def test_an_invoice_with_a_debit_under_way_cannot_be_marked_as_paid_or_reminded(company: Company) -> None:
    invoice = bill(company)
    pay(company, invoice, "000123456789")
    response = company.office.call("POST", f"/invoices/{invoice['id']}/mark-paid", {"method": "cash"})
    refused(response, 409, "payment_under_way")
    refused(company.office.call("POST", f"/invoices/{invoice['id']}/remind"), 409, "payment_under_way")


def test_the_office_can_send_one_reminder_a_day(company: Company) -> None:
    invoice = bill(company)
    before = len(company.double("GET", f"mails/{company.account_id}"))
    refused(company.office.call("POST", f"/invoices/{invoice['id']}/remind"), 409, "sent_today")
    was_sent_yesterday(company.stack, company.organization_id, invoice["id"])
    reminded = company.office.call("POST", f"/invoices/{invoice['id']}/remind")
    assert reminded.status == 200, reminded.text
    refused(company.office.call("POST", f"/invoices/{invoice['id']}/remind"), 409, "reminded_today")
    assert len(company.double("GET", f"mails/{company.account_id}")) == before + 1


def test_an_automatic_reminder_is_sent_once_on_the_due_date(stack: LocalStack) -> None:
    company = Company(stack).connect()
    company.customer()
    zone, today = _where_it_is_noon()
    settings = {"timeZone": zone, "reminders": {"enabled": True, "onDueDate": True}}
    assert company.admin.call("PUT", "/settings/invoicing", settings).status == 200
    due_today, due_later = bill(company, dueDate=today.isoformat()), bill(company)
    was_sent_yesterday(stack, company.organization_id, due_today["id"])
    for _ in range(2):
        stack.fire("plan_day")
        stack.wait_until_idle()
    assert kinds(company, due_today).count("reminded") == 1
    assert "reminded" not in kinds(company, due_later)


def test_an_uncollectible_invoice_can_still_be_paid(company: Company) -> None:
    invoice = bill(company)
    company.owner.does("POST", f"/invoices/{stripe_id(invoice)}/mark_uncollectible")
    company.becomes(invoice["id"], status="uncollectible")
    pay(company, invoice, "pm_card_visa")
    company.becomes(invoice["id"], status="paid")


def _await_entries(company: Company, invoice: Any, *expected: str) -> None:
    eventually(
        lambda: kinds(company, invoice),
        lambda entry_kinds: set(expected) <= set(entry_kinds),
        f"{expected} on the timeline",
    )


def _where_it_is_noon() -> tuple[str, dt.date]:
    """Returns a zone in which the time is between noon and one, so that a reminder of today is not too early
    there.
    """
    now = dt.datetime.now(dt.UTC)
    ahead = 12 - now.hour
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
    return zone, (now + dt.timedelta(hours=ahead)).date()
