"""The list, the page, the sentence and the summary agree about overdue invoices in every time zone.

Time passes at random, and payers act at random. After each run of the hourly schedule, POM's views are compared with
the due day that a calendar gives for the invoice in Stripe. Nobody is mailed twice on one of the company's days.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api.models.invoice_details import invoice_detail
from chalicelib.domain.errors import Conflict
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.invoicing.invoice_lists import list_invoices
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.summary import get_summary
from infra.stripe_double import StripeFault
from tests.world import OFFICE, ORGANIZATION, World

HOUR = 3600
ZONES = (
    "Pacific/Kiritimati", "Pacific/Auckland", "Asia/Kolkata", "UTC", "America/St_Johns", "America/New_York",
    "America/Phoenix", "Pacific/Midway",
)  # fmt: skip
BEGINNINGS = st.sampled_from([0, 57, 290])
"""Days to wait first. American clocks go back 290 days after the beginning of the world, and forward after 57."""


class Company:
    """One company with one invoice."""

    def __init__(self, zone: str, days: int, wait: int, *, chosen: bool) -> None:
        self.zone, self.world = ZoneInfo(zone), World(version="2026-10-28.endive")
        account = self.world.account(time_zone="Asia/Tokyo" if chosen else zone)
        self.account = self.world.connect(account=account)
        reminders = Reminders(True, (1,), True, (1, 2))
        self.world.ports.settings.save(
            InvoicingSettings(ORGANIZATION, time_zone=zone if chosen else None, reminders=reminders)
        )
        self.world.advance(wait * 24 * HOUR)
        self.world.customer()
        self.invoice = self.world.invoice(payment_terms=f"days_{days}")
        self.world.deliver()

    def act(self, action: str) -> None:
        stripe_id = str(self.world.now(self.invoice).stripe_invoice_id)
        options: Any = {"stripe_account": self.account}
        with suppress(stripe.StripeError, StripeFault, ValueError, Conflict):
            match action:
                case "paid":
                    self.world.double.pay(self.account, stripe_id)
                case "declined":
                    self.world.double.pay(self.account, stripe_id, "pm_card_chargeDeclined")
                case "written off":
                    self.world.client.v1.invoices.mark_uncollectible(stripe_id, None, options)
                case "reminded":
                    remind(ORGANIZATION, self.invoice.id, OFFICE, self.world.ports)

    def day(self, moment: int) -> dt.date:
        return dt.datetime.fromtimestamp(moment, self.zone).date()

    def check(self) -> None:
        now = self.world.ports.clock.now()
        [theirs] = self.world.in_stripe(self.account, "invoice")
        due = self.day(theirs["due_date"])
        late = theirs["status"] == "open" and self.day(now) > due
        view = invoice_detail(self.world.now(self.invoice), {}, customer_name=None, now=now, dashboard_base="")
        assert view.due_date == due.isoformat()
        assert view.overdue == late
        assert view.overdue_since == ((due + dt.timedelta(days=1)).isoformat() if late else None)
        assert ("It was due" in view.explanation) == late
        assert ("It is due today" in view.explanation) == (theirs["status"] == "open" and self.day(now) == due)
        overdue_filter = InvoiceFilter(due_before=now, overdue=True)
        assert len(list_invoices(ORGANIZATION, overdue_filter, 5, None, self.world.ports).items) == late
        [usd] = get_summary(ORGANIZATION, None, None, self.world.ports).currencies
        assert usd.overdue.invoices == late
        mailed = [self.day(int(mail["at"])) for mail in self.world.double.mails(self.account)]
        assert len(mailed) == len(set(mailed)), f"two mails on one day: {mailed}"


DEEDS = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["", "", "", "declined", "reminded", "paid", "written off"])),
    min_size=2,
    max_size=9,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 3), BEGINNINGS, st.booleans(), DEEDS)
def test_every_view_agrees_about_overdue_invoices(
    zone: str, days: int, wait: int, chosen: bool, hourly_actions: list[tuple[int, str]]
) -> None:
    company = Company(zone, days, wait, chosen=chosen)
    for hours, action in hourly_actions:
        company.world.advance(hours * HOUR + 1)
        company.act(action)
        company.world.deliver()
        company.world.plan_day()
        company.world.deliver()
        company.check()
