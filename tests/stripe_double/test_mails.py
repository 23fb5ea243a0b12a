"""Stripe's e-mails to a customer show the sender, the invoice, the amount, the due date and the link to pay."""

from __future__ import annotations

import datetime as dt
from email.headerregistry import Address
from typing import Any
from zoneinfo import ZoneInfo

from infra.stripe_double import DAY


def mailed(company: Any, invoice: Any, times: int = 1) -> list[Any]:
    for _ in range(times):
        company.v1.invoices.send_invoice(invoice.id, None, company.opts)
    return [mail for mail in company.double.mails(company.account) if mail["invoice"] == invoice.id]


def due_day(company: Any, days: int) -> str:
    at = dt.datetime.fromtimestamp(company.double.clock.now() + days * DAY, ZoneInfo("America/Phoenix"))
    return f"{at:%B %-d, %Y}"


def test_the_first_mail_has_all_facts_that_a_payer_needs(company: Any) -> None:
    customer = company.customer(email="ann@example.com", name="Ann Diver")
    due = due_day(company, 30)

    [mail] = mailed(company, company.draft(7_500, customer=customer.id, description="Thank you!"))
    invoice = company.v1.invoices.retrieve(mail["invoice"], None, company.opts)

    assert mail["kind"] == "invoice"
    assert mail["from"] == f"Blue Lagoon Pools <invoice+statements+{company.account}@stripe.com>"
    assert mail["to"] == "ann@example.com"
    assert mail["subject"] == f"New invoice from Blue Lagoon Pools #{invoice.number}"
    assert mail["text"] == (
        "Hello Ann Diver,\n\n"
        f"Blue Lagoon Pools sent you invoice #{invoice.number}.\n\n"
        f"Amount due: $75.00\nDue: {due}\n\n"
        f"View and pay: {invoice.hosted_invoice_url}\n\n"
        "Thank you!\n"
    )


def test_a_reminder_differs_from_the_first_mail_and_asks_for_the_remaining_amount(company: Any) -> None:
    due = due_day(company, 30)
    invoice = company.draft(10_000)
    mailed(company, invoice)
    company.pay(invoice, amount=2_500)

    first, reminder = mailed(company, invoice)

    assert (first["kind"], reminder["kind"]) == ("invoice", "reminder")
    number = company.get(invoice).number
    assert reminder["subject"] == f"Reminder: invoice #{number} from Blue Lagoon Pools is due {due}"
    assert f"This is a reminder: invoice #{number} from Blue Lagoon Pools has not been paid" in reminder["text"]
    assert f"Amount due: $75.00\nDue: {due}\n" in reminder["text"]


def test_a_reminder_after_the_due_day_says_so(company: Any) -> None:
    due = due_day(company, 30)
    invoice = company.draft(10_000)
    mailed(company, invoice)
    company.double.advance(31 * DAY)

    *_, reminder = mailed(company, invoice)

    assert reminder["subject"].endswith(f" was due {due}")
    assert f"Due: {due} (overdue)\n" in reminder["text"]


def test_the_first_mail_of_an_invoice_is_no_reminder_of_another(company: Any) -> None:
    customer = company.customer()
    mailed(company, company.draft(7_500, customer=customer.id))

    [mail] = mailed(company, company.draft(7_500, customer=customer.id))

    assert mail["kind"] == "invoice"


def test_names_cannot_add_headers_to_a_mail(company: Any) -> None:
    company.double.update_account(company.account, business_name='Pools, "Blue"\r\nBcc: all@example.com')

    [mail] = mailed(company, company.draft(1_200, currency="jpy"))

    name = 'Pools, "Blue" Bcc: all@example.com'
    assert mail["from"] == str(Address(name, f"invoice+statements+{company.account}", "stripe.com"))
    assert "\n" not in mail["from"] + mail["subject"]
    assert "Amount due: 1,200 JPY" in mail["text"]
