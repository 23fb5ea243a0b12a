"""Reminders and the payment window: after asking Stripe, once a day, in the organization's time zone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import Conflict, StripeUnavailable
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import WITHOUT_A_REMINDER
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.terms import day_of
from chalicelib.usecases.invoicing import invoicing_settings
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.timelines import entries, kinds
from tests.world import OFFICE, ORGANIZATION, World

ZONE = "America/New_York"
DUE_IN = 7


class Company:
    """Reminds three days before, on, and two days after the due date; one invoice is due in seven days."""

    def __init__(self) -> None:
        self.world = World()
        self.account = self.world.connect()
        self.world.customer()
        reminders = Reminders(enabled=True, days_before_due=(3,), on_due_date=True, days_after_due=(2,))
        self.settings = InvoicingSettings(ORGANIZATION, time_zone=ZONE, reminders=reminders)
        self.saves(self.settings)
        self.invoice = self.world.invoice(due_date=self.today + dt.timedelta(days=DUE_IN))
        self.world.deliver()

    def saves(self, settings: InvoicingSettings) -> None:
        invoicing_settings.change(ORGANIZATION, settings, self.world.ports)

    @property
    def today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.world.ports.clock.now(), ZoneInfo(ZONE)).date()

    @property
    def now(self) -> Invoice:
        return self.world.now(self.invoice)

    def at(self, day: int, hour: int = 10) -> None:
        """Time goes by until that many days from the invoice's making, at an hour of New York."""
        date = dt.datetime.combine(self._made + dt.timedelta(days=day), dt.time(hour), ZoneInfo(ZONE))
        self.world.advance(int(date.timestamp()) - self.world.ports.clock.now())

    @property
    def _made(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.invoice.created_at, ZoneInfo(ZONE)).date()

    def tick(self) -> None:
        """The hourly schedule, and the work it queues."""
        self.world.plan_day()
        self.world.deliver()

    def mails(self) -> int:
        """E-mails beyond the first, which sent the invoice."""
        return len(self.world.double.mails(self.account)) - 1


@pytest.fixture
def company() -> Company:
    return Company()


def test_reminders_come_before_on_and_after_the_due_date_and_on_no_other_day(company: Company) -> None:
    reminded_on = []
    for day in range(1, 13):
        before = company.mails()
        company.at(day)
        company.tick()
        if company.mails() > before:
            reminded_on.append(day)
    assert reminded_on == [DUE_IN - 3, DUE_IN, DUE_IN + 2]


def test_the_schedule_may_run_every_hour_and_still_reminds_once_a_day(company: Company) -> None:
    for hour in range(8, 20):
        company.at(DUE_IN, hour)
        company.tick()
    assert company.mails() == 1


def test_nobody_is_reminded_before_nine_in_the_organizations_morning(company: Company) -> None:
    company.at(DUE_IN, 8)
    company.tick()
    assert company.mails() == 0


def test_a_reminder_that_crashed_before_it_was_noted_sends_no_second_mail(company: Company) -> None:
    company.at(DUE_IN)
    company.world.double.order_fault("close_after", method="POST", path="/v1/invoices/*/send")
    with pytest.raises(StripeUnavailable):
        company.tick()
    company.tick()
    assert company.mails() == 1


@pytest.mark.parametrize("happened", ["paid", "paid_by_check", "voided", "disputed", "debit_under_way"])
def test_what_happened_in_stripe_unnoticed_stops_the_reminder(company: Company, happened: str) -> None:
    company.at(DUE_IN)
    company.world.double.set_delivery(paused=True)
    _happens(company, happened)
    company.tick()
    assert company.mails() == 0


def _happens(company: Company, what: str) -> None:
    double, account = company.world.double, company.account
    stripe_id = company.invoice.stripe_invoice_id or ""
    options: Any = {"stripe_account": account}
    match what:
        case "paid":
            double.pay(account, stripe_id)
        case "paid_by_check":
            company.world.client.v1.invoices.pay(stripe_id, {"paid_out_of_band": True}, options)
        case "voided":
            company.world.client.v1.invoices.void_invoice(stripe_id, None, options)
        case "debit_under_way":
            double.pay(account, stripe_id, "pm_usBankAccount_success")
        case "disputed":
            double.pay(account, stripe_id, amount=1000)
            [charge] = company.world.in_stripe(account, "charge")
            double.open_dispute(account, charge["id"])


def test_the_office_can_remind_by_hand_once_a_day(company: Company) -> None:
    company.at(1)
    reminded = remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert kinds(reminded)[-1] == "reminded"
    with pytest.raises(Conflict) as refused:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refused.value.code == "reminded_today"
    assert company.mails() == 1


def test_nobody_is_reminded_on_the_day_of_sending(company: Company) -> None:
    company.saves(replace(company.settings, payment_terms="due_on_receipt"))
    company.invoice = company.world.invoice("svc_2")
    company.tick()
    with pytest.raises(Conflict) as refused:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refused.value.code == "sent_today"
    assert company.mails() == 1, "the first mail of the second invoice"


def test_reminders_without_days_are_sent_on_the_default_ones(company: Company) -> None:
    company.saves(replace(company.settings, reminders=Reminders(enabled=True)))
    reminded_on = []
    for day in range(1, DUE_IN + 20):
        before = company.mails()
        company.at(day)
        company.tick()
        if company.mails() > before:
            reminded_on.append(day - DUE_IN)
    assert reminded_on == [-3, 0, 3, 7, 14]


def test_an_invoice_keeps_its_days_when_the_company_changes_its_time_zone(company: Company) -> None:
    company.saves(replace(company.settings, time_zone="Pacific/Kiritimati"))
    reminded_on = []
    for day in range(1, 13):
        before = company.mails()
        company.at(day, 18)  # 13:00 on the next day in Kiritimati
        company.tick()
        if company.mails() > before:
            reminded_on.append(day_of(company.world.ports.clock.now(), company.now.order.time_zone))
    due = company.now.due_day
    assert due is not None
    assert reminded_on == [due + dt.timedelta(days=days) for days in (-4, -1, 1)]


def test_reminders_that_are_off_are_not_sent(company: Company) -> None:
    company.saves(
        InvoicingSettings(ORGANIZATION, time_zone=ZONE, reminders=Reminders(enabled=False, on_due_date=True))
    )
    company.at(DUE_IN)
    company.tick()
    assert company.mails() == 0


def test_an_invoice_is_given_up_when_its_payment_window_has_passed(company: Company) -> None:
    company.saves(InvoicingSettings(ORGANIZATION, time_zone=ZONE, payment_window=10))
    company.at(DUE_IN + 10)
    company.tick()
    assert company.now.status is InvoiceStatus.PENDING
    company.at(DUE_IN + 12)
    company.tick()
    assert company.now.status is InvoiceStatus.UNCOLLECTIBLE
    [given_up] = entries(company.now, "given_up")
    assert (given_up.by_pom, given_up.actor, given_up.reason) == (True, None, "10 days")


def test_an_invoice_that_was_given_up_can_still_be_paid(company: Company) -> None:
    company.saves(InvoicingSettings(ORGANIZATION, time_zone=ZONE, payment_window=1))
    company.at(DUE_IN + 3)
    company.tick()
    company.world.double.pay(company.account, company.invoice.stripe_invoice_id or "")
    company.world.deliver()
    assert company.now.status is InvoiceStatus.PAID


def test_a_payment_on_its_way_keeps_the_window_open(company: Company) -> None:
    company.saves(InvoicingSettings(ORGANIZATION, time_zone=ZONE, payment_window=1))
    company.at(DUE_IN + 3)
    company.world.double.pay(company.account, company.invoice.stripe_invoice_id or "", "pm_usBankAccount_success")
    company.tick()
    assert company.now.status is InvoiceStatus.PENDING


@pytest.mark.parametrize("email", ["new@example.test", None])
def test_nobody_is_reminded_at_an_address_that_is_no_longer_the_customers(
    company: Company, email: str | None
) -> None:
    company.at(1)
    company.world.customer(email=email)
    company.world.work()
    with pytest.raises(Conflict) as refused:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refused.value.code == "customer_email_changed"
    assert "example.test" not in f"{refused.value.message} {refused.value.next_step}"
    company.at(DUE_IN)
    company.tick()
    assert (company.mails(), company.now.reminded_at) == (0, None)


def test_the_timeline_tells_once_a_day_why_a_planned_reminder_was_not_sent(company: Company) -> None:
    company.world.customer(email="new@example.test")
    company.world.work()
    for day in (DUE_IN, DUE_IN + 2):
        for hour in (10, 11, 12):
            company.at(day, hour)
            company.tick()
    told = entries(company.now, "reminder_refused")
    assert [entry.reason for entry in told] == ["customer_email_changed"] * 2
    assert company.mails() == 0


def test_the_timeline_does_not_tell_of_reminders_that_are_not_needed(company: Company) -> None:
    _happens(company, "paid")
    company.at(DUE_IN)
    company.tick()
    assert "reminder_refused" not in kinds(company.now)


def test_a_changed_capital_letter_does_not_stop_a_reminder(company: Company) -> None:
    company.world.customer(email="Ann@Example.test")
    company.at(DUE_IN)
    company.tick()
    assert company.mails() == 1


def test_an_address_that_changed_in_stripe_stops_a_reminder_too(company: Company) -> None:
    [theirs] = company.world.in_stripe(company.account, "customer")
    options: Any = {"stripe_account": company.account}
    company.at(1)
    company.world.client.v1.customers.update(theirs["id"], {"email": "new@example.test"}, options)
    company.world.deliver()
    with pytest.raises(Conflict) as refused:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refused.value.code == "customer_email_changed"


def test_who_reminds_of_an_invoice_that_is_not_open_is_told_what_to_do_instead() -> None:
    company = Company()
    void_invoice(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refusal.value.code == "invoice_not_open"
    assert "bill them again" in str(refusal.value.next_step)
    draft = company.world.invoice("svc_of_a_draft", send=False)
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, draft.id, OFFICE, company.world.ports)
    assert refusal.value.next_step == "Send it first."


@pytest.mark.parametrize("status", sorted(set(InvoiceStatus) - set(OPEN_STATUSES)))
def test_each_status_that_needs_no_reminder_has_a_next_step_of_its_own(status: InvoiceStatus) -> None:
    assert WITHOUT_A_REMINDER[status]
