"""Tests reminders and the payment window: at most once a day, after reading Stripe, in the organization's time
zone.
"""

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
    """A company that reminds three days before, on, and two days after the due date. One invoice is due in seven
    days.
    """

    def __init__(self) -> None:
        self.world = World()
        self.account = self.world.connect()
        self.world.customer()
        reminders = Reminders(enabled=True, days_before_due=(3,), on_due_date=True, days_after_due=(2,))
        self.settings = InvoicingSettings(ORGANIZATION, time_zone=ZONE, reminders=reminders)
        self.save(self.settings)
        self.invoice = self.world.invoice(due_date=self.today + dt.timedelta(days=DUE_IN))
        self.world.deliver()

    def save(self, settings: InvoicingSettings) -> None:
        invoicing_settings.change(ORGANIZATION, settings, self.world.ports)

    @property
    def today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.world.ports.clock.now(), ZoneInfo(ZONE)).date()

    @property
    def now(self) -> Invoice:
        return self.world.now(self.invoice)

    def advance_to(self, day: int, hour: int = 10) -> None:
        """Advances to this many days after the invoice was created, at an hour in New York."""
        date = dt.datetime.combine(self._created_on + dt.timedelta(days=day), dt.time(hour), ZoneInfo(ZONE))
        self.world.advance(int(date.timestamp()) - self.world.ports.clock.now())

    @property
    def _created_on(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.invoice.created_at, ZoneInfo(ZONE)).date()

    def run_schedule(self) -> None:
        """Runs the hourly schedule and the work that it queues."""
        self.world.plan_day()
        self.world.deliver()

    def reminder_count(self) -> int:
        """Returns the number of e-mails after the first, which sent the invoice."""
        return len(self.world.double.mails(self.account)) - 1


@pytest.fixture
def company() -> Company:
    return Company()


def test_reminders_are_sent_only_on_the_days_of_the_settings(company: Company) -> None:
    reminded_on = []
    for day in range(1, 13):
        before = company.reminder_count()
        company.advance_to(day)
        company.run_schedule()
        if company.reminder_count() > before:
            reminded_on.append(day)
    assert reminded_on == [DUE_IN - 3, DUE_IN, DUE_IN + 2]


def test_an_hourly_schedule_sends_one_reminder_a_day(company: Company) -> None:
    for hour in range(8, 20):
        company.advance_to(DUE_IN, hour)
        company.run_schedule()
    assert company.reminder_count() == 1


def test_no_reminder_is_sent_before_nine_in_the_organizations_time_zone(company: Company) -> None:
    company.advance_to(DUE_IN, 8)
    company.run_schedule()
    assert company.reminder_count() == 0


def test_a_reminder_whose_response_was_lost_is_mailed_once(company: Company) -> None:
    company.advance_to(DUE_IN)
    company.world.double.order_fault("close_after", method="POST", path="/v1/invoices/*/send")
    with pytest.raises(StripeUnavailable):
        company.run_schedule()
    company.run_schedule()
    assert company.reminder_count() == 1


@pytest.mark.parametrize("event", ["paid", "paid_by_check", "voided", "disputed", "debit_under_way"])
def test_a_change_in_stripe_without_an_event_stops_the_reminder(company: Company, event: str) -> None:
    company.advance_to(DUE_IN)
    company.world.double.set_delivery(paused=True)
    _happen_in_stripe(company, event)
    company.run_schedule()
    assert company.reminder_count() == 0


def _happen_in_stripe(company: Company, event: str) -> None:
    double, account = company.world.double, company.account
    stripe_id = company.invoice.stripe_invoice_id or ""
    options: Any = {"stripe_account": account}
    match event:
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
    company.advance_to(1)
    invoice = remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert kinds(invoice)[-1] == "reminded"
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refusal.value.code == "reminded_today"
    assert company.reminder_count() == 1


def test_no_reminder_is_sent_on_the_day_of_sending(company: Company) -> None:
    company.save(replace(company.settings, payment_terms="due_on_receipt"))
    company.invoice = company.world.invoice("svc_2")
    company.run_schedule()
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refusal.value.code == "sent_today"
    assert company.reminder_count() == 1, "the first mail of the second invoice"


def test_reminders_without_days_are_sent_on_the_default_days(company: Company) -> None:
    company.save(replace(company.settings, reminders=Reminders(enabled=True)))
    reminded_on = []
    for day in range(1, DUE_IN + 20):
        before = company.reminder_count()
        company.advance_to(day)
        company.run_schedule()
        if company.reminder_count() > before:
            reminded_on.append(day - DUE_IN)
    assert reminded_on == [-3, 0, 3, 7, 14]


def test_an_invoice_keeps_its_due_day_when_the_company_changes_its_time_zone(company: Company) -> None:
    company.save(replace(company.settings, time_zone="Pacific/Kiritimati"))
    reminded_on = []
    for day in range(1, 13):
        before = company.reminder_count()
        company.advance_to(day, 18)  # 13:00 on the next day in Kiritimati
        company.run_schedule()
        if company.reminder_count() > before:
            reminded_on.append(day_of(company.world.ports.clock.now(), company.now.order.time_zone))
    due = company.now.due_day
    assert due is not None
    assert reminded_on == [due + dt.timedelta(days=days) for days in (-4, -1, 1)]


def test_no_reminder_is_sent_while_reminders_are_disabled(company: Company) -> None:
    company.save(
        InvoicingSettings(ORGANIZATION, time_zone=ZONE, reminders=Reminders(enabled=False, on_due_date=True))
    )
    company.advance_to(DUE_IN)
    company.run_schedule()
    assert company.reminder_count() == 0


def test_an_invoice_becomes_uncollectible_after_its_payment_window(company: Company) -> None:
    company.save(InvoicingSettings(ORGANIZATION, time_zone=ZONE, payment_window=10))
    company.advance_to(DUE_IN + 10)
    company.run_schedule()
    assert company.now.status is InvoiceStatus.PENDING
    company.advance_to(DUE_IN + 12)
    company.run_schedule()
    assert company.now.status is InvoiceStatus.UNCOLLECTIBLE
    [entry] = entries(company.now, "given_up")
    assert (entry.by_pom, entry.actor, entry.reason) == (True, None, "10 days")


def test_an_uncollectible_invoice_can_still_be_paid(company: Company) -> None:
    company.save(InvoicingSettings(ORGANIZATION, time_zone=ZONE, payment_window=1))
    company.advance_to(DUE_IN + 3)
    company.run_schedule()
    company.world.double.pay(company.account, company.invoice.stripe_invoice_id or "")
    company.world.deliver()
    assert company.now.status is InvoiceStatus.PAID


def test_an_invoice_with_a_pending_payment_does_not_become_uncollectible(company: Company) -> None:
    company.save(InvoicingSettings(ORGANIZATION, time_zone=ZONE, payment_window=1))
    company.advance_to(DUE_IN + 3)
    company.world.double.pay(company.account, company.invoice.stripe_invoice_id or "", "pm_usBankAccount_success")
    company.run_schedule()
    assert company.now.status is InvoiceStatus.PENDING


@pytest.mark.parametrize("email", ["new@example.test", None])
def test_no_reminder_is_sent_after_the_customers_email_changed(company: Company, email: str | None) -> None:
    company.advance_to(1)
    company.world.customer(email=email)
    company.world.work()
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refusal.value.code == "customer_email_changed"
    assert "example.test" not in f"{refusal.value.message} {refusal.value.next_step}"
    company.advance_to(DUE_IN)
    company.run_schedule()
    assert (company.reminder_count(), company.now.reminded_at) == (0, None)


def test_the_timeline_says_once_a_day_why_a_planned_reminder_was_refused(company: Company) -> None:
    company.world.customer(email="new@example.test")
    company.world.work()
    for day in (DUE_IN, DUE_IN + 2):
        for hour in (10, 11, 12):
            company.advance_to(day, hour)
            company.run_schedule()
    refusals = entries(company.now, "reminder_refused")
    assert [entry.reason for entry in refusals] == ["customer_email_changed"] * 2
    assert company.reminder_count() == 0


def test_the_timeline_omits_reminders_that_are_not_needed(company: Company) -> None:
    _happen_in_stripe(company, "paid")
    company.advance_to(DUE_IN)
    company.run_schedule()
    assert "reminder_refused" not in kinds(company.now)


def test_a_changed_capital_letter_does_not_stop_a_reminder(company: Company) -> None:
    company.world.customer(email="Ann@Example.test")
    company.advance_to(DUE_IN)
    company.run_schedule()
    assert company.reminder_count() == 1


def test_an_email_changed_in_stripe_stops_a_reminder(company: Company) -> None:
    [customer_in_stripe] = company.world.in_stripe(company.account, "customer")
    options: Any = {"stripe_account": company.account}
    company.advance_to(1)
    company.world.client.v1.customers.update(customer_in_stripe["id"], {"email": "new@example.test"}, options)
    company.world.deliver()
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, company.invoice.id, OFFICE, company.world.ports)
    assert refusal.value.code == "customer_email_changed"


def test_a_reminder_of_an_invoice_that_is_not_open_is_refused_with_a_next_step() -> None:
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
def test_each_status_without_reminders_has_its_own_next_step(status: InvoiceStatus) -> None:
    assert WITHOUT_A_REMINDER[status]
