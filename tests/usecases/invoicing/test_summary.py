"""Tests the summary against the invoices: after every event, its sums equal the sums over the invoices."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import CurrencySummary, contribution
from chalicelib.domain.tallies import Bucket, Tally, added_up
from chalicelib.usecases.invoicing.summary import Summary, get_summary
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.world import OFFICE, ORGANIZATION, World, line

DAY = 86400


def summary(world: World, first: dt.date | None = None, last: dt.date | None = None) -> Summary:
    return get_summary(ORGANIZATION, first, last, world.ports)


def summary_of(world: World, currency: str = "usd") -> CurrencySummary:
    """Returns one currency's summary after comparing all sums with the invoices themselves."""
    stored_invoices = [
        invoice for invoice in world.ports.database.invoices.values() if invoice.organization_id == ORGANIZATION
    ]
    assert world.ports.database.tallies[ORGANIZATION] == added_up(
        *(contribution(invoice).items() for invoice in stored_invoices)
    )
    [currency_summary] = [each for each in summary(world).currencies if each.currency == currency]
    return currency_summary


def connected_world() -> World:
    world = World()
    world.connect()
    world.customer()
    return world


def test_an_invoice_moves_between_sums_as_its_status_changes() -> None:
    world = connected_world()
    invoice = world.invoice()
    account, stripe_id = invoice.stripe_account_id, invoice.stripe_invoice_id or ""
    assert summary_of(world).by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}

    world.double.pay(account, stripe_id, "pm_card_chargeDeclinedInsufficientFunds")
    world.deliver()
    assert summary_of(world).by_status == {InvoiceStatus.FAILED: Tally(1, 7500, 7500)}

    world.advance(40 * DAY)
    world.plan_day()
    assert summary_of(world).overdue == Tally(1, 7500)
    payment = world.double.pay(account, stripe_id, "pm_card_visa")
    world.deliver()
    now = summary_of(world)
    assert now.by_status == {InvoiceStatus.PAID: Tally(1, 7500, 0)}
    assert (now.paid, now.overdue) == (Tally(1, 7500), Tally(0, 0))

    intent = str(payment["payment_intent"])
    refund = {"payment_intent": intent, "amount": 2500}
    world.client.v1.refunds.create(refund, {"stripe_account": account})  # type: ignore[arg-type]
    world.deliver()
    assert summary_of(world).refunded == Tally(1, 2500)
    world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.deliver()
    assert summary_of(world).refunded == Tally(1, 7500)
    assert summary_of(world).by_status == {InvoiceStatus.REFUNDED: Tally(1, 7500, 0)}
    assert summary_of(world).paid == Tally(1, 7500)


def test_a_dispute_counts_while_it_is_open() -> None:
    world = connected_world()
    invoice = world.invoice()
    account = invoice.stripe_account_id
    payment = world.double.pay(account, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    charge = world.in_stripe(account, "charge")[0]
    assert charge["payment_intent"] == payment["payment_intent"]
    dispute = world.double.open_dispute(account, charge["id"])
    world.deliver()
    assert summary_of(world).disputed == Tally(1, 7500)
    world.double.move_dispute(account, dispute["id"], "won")
    world.deliver()
    assert summary_of(world).disputed == Tally(0, 0)


def test_each_currency_has_its_own_sums_in_its_minor_units() -> None:
    world = connected_world()
    world.invoice("svc_usd")
    for currency, price in (("jpy", "500"), ("kwd", "1.250")):
        invoice = world.invoice(currency=currency, line_items=(line(f"svc_{currency}", price),))
        world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    assert (summary_of(world, "jpy").paid, summary_of(world, "kwd").paid) == (Tally(1, 500), Tally(1, 1250))
    assert summary_of(world).by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}


def test_a_sweep_adds_payments_without_events_to_the_summary() -> None:
    world = connected_world()
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(drop=1.0)
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    world.advance(3600)
    assert summary_of(world).by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}
    world.sweep()
    assert summary_of(world).by_status == {InvoiceStatus.PAID: Tally(1, 7500, 0)}
    before = world.ports.database.tallies[ORGANIZATION]
    world.sweep()
    assert world.ports.database.tallies[ORGANIZATION] == before


def test_voiding_with_duplicate_events_counts_each_invoice_once() -> None:
    world = connected_world()
    world.double.set_delivery(duplicate=1.0)
    draft, sent_invoice = world.invoice("svc_1", send=False), world.invoice("svc_2")
    world.deliver()
    assert summary_of(world).by_status == {
        InvoiceStatus.DRAFT: Tally(1, 7500, 7500),
        InvoiceStatus.PENDING: Tally(1, 7500, 7500),
    }
    for each in (draft, sent_invoice):
        void_invoice(ORGANIZATION, each.id, OFFICE, world.ports)
    world.deliver()
    assert summary_of(world).by_status == {InvoiceStatus.VOID: Tally(2, 15000, 0)}


def test_days_are_in_the_time_zone_of_the_settings_or_of_the_stripe_account() -> None:
    world = World()
    assert summary(world).time_zone == "UTC"
    world.connect(account=world.account(time_zone="Pacific/Auckland"))
    world.advance(5 * 3600)  # 13:00 in UTC, and past midnight in Auckland
    assert (summary(world).today, summary(world).time_zone) == (dt.date(2027, 1, 16), "Pacific/Auckland")
    world.ports.settings.save(InvoicingSettings(ORGANIZATION, time_zone="UTC"))
    assert (summary(world).today, summary(world).time_zone) == (dt.date(2027, 1, 15), "UTC")


def test_days_begin_at_midnight_in_the_organizations_time_zone() -> None:
    world = connected_world()
    world.ports.settings.save(InvoicingSettings(ORGANIZATION, time_zone="Pacific/Auckland"))
    world.advance(5 * 3600)  # 13:00 in UTC, and past midnight in Auckland
    invoice = world.invoice(due_date=dt.date(2027, 1, 16))
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    summary_now = summary(world)
    assert (summary_now.today, summary_now.time_zone) == (dt.date(2027, 1, 16), "Pacific/Auckland")
    day = dt.date(2027, 1, 16)
    assert summary(world, day, day).currencies[0].paid == Tally(1, 7500)
    yesterday = dt.date(2027, 1, 15)
    assert summary(world, yesterday, yesterday).currencies[0].paid == Tally(0, 0)

    world.invoice("svc_2", due_date=day)
    assert summary_of(world).overdue == Tally(0, 0)
    world.advance(20 * 3600)  # still 16 January in Auckland
    world.plan_day()
    assert summary_of(world).overdue == Tally(0, 0)
    world.advance(3 * 3600)
    world.plan_day()
    assert summary_of(world).overdue == Tally(1, 7500)


def test_the_summary_adds_up_the_invoices_of_several_days() -> None:
    world = connected_world()
    for number in range(12):
        invoice = world.invoice(f"svc_{number}", line_items=(line(f"svc_{number}", str(Decimal(10) + number)),))
        if number % 3:
            world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
        world.advance(DAY)
        world.deliver()
    usd = summary_of(world)
    assert usd.by_status[InvoiceStatus.PAID].invoices == usd.paid.invoices == 8
    assert usd.by_status[InvoiceStatus.PENDING] == Tally(4, 1000 + 1300 + 1600 + 1900, 1000 + 1300 + 1600 + 1900)


def test_the_summary_holds_no_invoices_of_another_organization() -> None:
    world = connected_world()
    world.invoice()
    assert get_summary(OrganizationId("org_green"), None, None, world.ports).currencies == []
    assert Bucket("usd", "status", "pending") in world.ports.database.tallies[ORGANIZATION]
