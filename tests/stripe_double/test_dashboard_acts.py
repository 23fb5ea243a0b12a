"""The actions on the dashboard's pages of invoices, customers, webhooks, the account and the clock."""

from __future__ import annotations

import pytest

from infra.stripe_double import DAY, Clock, StripeDouble
from tests.stripe_double.browser import Browser
from tests.stripe_double.conftest import Company, Inbox


@pytest.mark.parametrize(
    ("button", "status"),
    [
        ("Void", "void"),
        ("Mark as uncollectible", "uncollectible"),
        ("Mark as paid outside Stripe", "paid"),
    ],
)
def test_an_owner_voids_an_open_invoice_or_marks_it_as_uncollectible_or_paid(
    alone: Company, browser: Browser, button: str, status: str
) -> None:
    invoice = alone.open()
    browser.open(f"invoices/{invoice.id}")

    browser.press(button)

    assert browser.status == 200
    assert alone.get(invoice).status == status


def test_an_invoice_is_sent_and_sent_again(alone: Company, browser: Browser) -> None:
    invoice = alone.draft(7_500)
    browser.open(f"invoices/{invoice.id}")

    browser.press("Finalize and send")
    browser.press("Send again")

    assert [mail["kind"] for mail in alone.double.mails(alone.account)] == ["invoice", "reminder"]


def test_a_draft_is_deleted(alone: Company, browser: Browser) -> None:
    browser.open(f"invoices/{alone.draft(7_500).id}")

    assert "The draft was deleted." in browser.press("Delete the draft")
    assert alone.double.ledger(alone.account)["objects"]["invoice"] == []


def test_an_open_invoice_leads_to_its_payment_page_and_a_paid_one_does_not(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    browser.open(f"invoices/{invoice.id}")
    assert f'href="{invoice.hosted_invoice_url}"' in browser.html

    alone.pay(invoice)

    assert "Nothing: the invoice is paid." in browser.open(f"invoices/{invoice.id}")
    assert invoice.hosted_invoice_url not in browser.html


def test_the_page_of_an_invoice_renews_an_expired_link(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    alone.double.advance(200 * DAY)

    assert "Overdue" in browser.open(f"invoices/{invoice.id}")
    assert f'href="{alone.get(invoice).hosted_invoice_url}"' in browser.html


def test_an_invoice_cannot_be_voided_while_a_debit_is_under_way(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    alone.pay(invoice, "pm_usBankAccount")
    browser.open(f"invoices/{invoice.id}")

    assert "This invoice has a payment in progress" in browser.press("Void")
    assert alone.get(invoice).status == "open"


def test_changing_a_customers_name_and_e_mail_emits_customer_updated(alone: Company, browser: Browser) -> None:
    customer = alone.customer()
    browser.open(f"customers/{customer.id}")

    browser.press("Save", name="Ann Swimmer", email="swimmer@example.com")

    changed = alone.v1.customers.retrieve(customer.id, None, alone.opts)
    assert (changed.name, changed.email) == ("Ann Swimmer", "swimmer@example.com")
    assert alone.types()[-1] == "customer.updated"


def test_a_wrong_e_mail_is_refused_beside_its_input(alone: Company, browser: Browser) -> None:
    browser.open(f"customers/{alone.customer().id}")

    assert "Invalid email address: nobody" in browser.press("Save", email="nobody")
    assert 'id="change-email-problem"' in browser.html


@pytest.mark.parametrize(("button", "days"), [("1 day", 1), ("4 days", 4), ("7 days", 7)])
def test_the_clock_moves_by_days(alone: Company, browser: Browser, button: str, days: int) -> None:
    before = alone.double.clock.now()
    browser.open()

    text = browser.press(button)

    assert alone.double.clock.now() == before + days * DAY
    assert f"Ahead by {days} days" in text


def test_the_clock_moves_by_any_number_of_days_and_what_was_planned_happens(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    alone.pay(invoice, "pm_usBankAccount")
    browser.open()

    browser.press("Move the clock", days="5")

    assert alone.get(invoice).status == "paid"


def test_webhooks_are_signed_with_real_time_after_a_clock_without_followers_was_moved(
    alone: Company, browser: Browser
) -> None:
    browser.open()

    assert "A program that does not follow this clock" in browser.press("1 day")
    assert alone.double.set_delivery()["real_time_signatures"] is True


def test_webhooks_are_signed_with_the_clock_that_receivers_follow() -> None:
    offsets: list[float] = []
    double = StripeDouble(clock=Clock(lambda: 1_790_000_000.0, on_move=offsets.append))
    browser = Browser(double, double.create_account()["id"])
    browser.open()

    assert "A program that does not follow this clock" not in browser.press("1 day")
    assert double.set_delivery()["real_time_signatures"] is False
    assert offsets[-1] == DAY


@pytest.mark.parametrize("typed", ["", "0", "-1", "1.5", "367", "soon", "\u0663"])
def test_only_a_whole_number_of_days_moves_the_clock(alone: Company, browser: Browser, typed: str) -> None:
    before = alone.double.clock.now()
    browser.open()

    assert "Enter a whole number from 1 to 366." in browser.press("Move the clock", days=typed)
    assert alone.double.clock.now() == before


def test_webhooks_are_lost_and_sent_again(alone: Company, browser: Browser, inbox: Inbox) -> None:
    alone.double.add_webhook_endpoint("http://example.test/webhooks", enabled_events=["customer.created"])
    browser.open("webhooks")
    browser.press("Lose all webhooks from now on")
    alone.customer()
    alone.double.drain()
    assert inbox.received == []
    assert "Webhooks are being lost" in browser.open()

    text = browser.open("webhooks")
    assert "customer.created Lost Never sent" in text
    assert "1 event was lost or refused." in text
    browser.press("Deliver again")
    browser.press("Send it again")
    alone.double.drain()

    assert len(inbox.received) == 1
    assert "Every event was delivered." in browser.open("webhooks")
    alone.customer()
    alone.double.drain()
    assert len(inbox.received) == 2


def test_one_webhook_is_sent_again(alone: Company, browser: Browser, inbox: Inbox) -> None:
    alone.double.add_webhook_endpoint("http://example.test/webhooks", enabled_events=["customer.created"])
    inbox.answers = [500, 200]
    alone.customer()
    alone.double.drain()
    assert "customer.created Refused HTTP 500" in browser.open("webhooks")

    browser.press("Resend")
    alone.double.drain()

    assert [each["outcome"] for each in alone.double.deliveries()] == ["failed", "delivered"]
    assert browser.open("webhooks").index("Delivered HTTP 200") < browser.text.index("Refused HTTP 500")


def test_an_event_of_another_account_is_not_sent_again(alone: Company, browser: Browser, inbox: Inbox) -> None:
    other = alone.double.create_account()["id"]
    alone.customer()
    [event] = alone.double.events(alone.account)

    browser.account = other
    browser.send(f"/{other}/test/webhooks/resend", {"of": event["id"]})

    assert browser.status == 400


def test_an_owner_disconnects_the_platform(alone: Company, browser: Browser) -> None:
    browser.open()

    text = browser.press("Disconnect Pool Office Manager")

    assert "The account is disconnected." in text
    assert alone.double.ledger(alone.account)["connected"] is False
    assert alone.double.events(alone.account)[-1]["type"] == "account.application.deauthorized"


def test_stripe_needs_more_of_an_account_until_it_is_verified(alone: Company, browser: Browser) -> None:
    browser.open("account/status")
    assert "None. The account is verified." in browser.text

    browser.press("Require more information")
    account = alone.double.ledger(alone.account)["account"]
    assert (account["charges_enabled"], account["payouts_enabled"]) == (False, False)
    assert account["requirements"]["currently_due"]

    browser.press("Verify the account")
    account = alone.double.ledger(alone.account)["account"]
    assert (account["charges_enabled"], account["payouts_enabled"]) == (True, True)
    assert account["requirements"]["currently_due"] == account["requirements"]["past_due"] == []
    assert [event["type"] for event in alone.double.events(alone.account)] == ["account.updated"] * 2
