"""The summary tells what the invoices tell, through everything that happens to them."""

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


def of(world: World, currency: str = "usd") -> CurrencySummary:
    """One currency's summary, after comparing every sum with the invoices themselves."""
    stored = [one for one in world.ports.database.invoices.values() if one.organization_id == ORGANIZATION]
    assert world.ports.database.tallies[ORGANIZATION] == added_up(*(contribution(one).items() for one in stored))
    [found] = [each for each in summary(world).currencies if each.currency == currency]
    return found


def company() -> World:
    world = World()
    world.connect()
    world.customer()
    return world


def test_an_invoice_moves_from_sum_to_sum_as_its_life_goes_on() -> None:
    world = company()
    made = world.invoice()
    account, stripe_id = made.stripe_account_id, made.stripe_invoice_id or ""
    assert of(world).by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}

    world.double.pay(account, stripe_id, "pm_card_chargeDeclinedInsufficientFunds")
    world.deliver()
    assert of(world).by_status == {InvoiceStatus.FAILED: Tally(1, 7500, 7500)}

    world.advance(40 * DAY)
    world.plan_day()
    assert of(world).overdue == Tally(1, 7500)
    paid = world.double.pay(account, stripe_id, "pm_card_visa")
    world.deliver()
    now = of(world)
    assert now.by_status == {InvoiceStatus.PAID: Tally(1, 7500, 0)}
    assert (now.paid, now.overdue) == (Tally(1, 7500), Tally(0, 0))

    intent = str(paid["payment_intent"])
    refund = {"payment_intent": intent, "amount": 2500}
    world.client.v1.refunds.create(refund, {"stripe_account": account})  # type: ignore[arg-type]
    world.deliver()
    assert of(world).refunded == Tally(1, 2500)
    world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.deliver()
    assert of(world).refunded == Tally(1, 7500)
    assert of(world).by_status == {InvoiceStatus.REFUNDED: Tally(1, 7500, 0)}
    assert of(world).paid == Tally(1, 7500)


def test_a_dispute_counts_while_it_is_open() -> None:
    world = company()
    made = world.invoice()
    account = made.stripe_account_id
    paid = world.double.pay(account, made.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    charge = world.in_stripe(account, "charge")[0]
    assert charge["payment_intent"] == paid["payment_intent"]
    dispute = world.double.open_dispute(account, charge["id"])
    world.deliver()
    assert of(world).disputed == Tally(1, 7500)
    world.double.move_dispute(account, dispute["id"], "won")
    world.deliver()
    assert of(world).disputed == Tally(0, 0)


def test_currencies_keep_to_themselves_in_their_own_minor_units() -> None:
    world = company()
    world.invoice("svc_usd")
    for currency, price in (("jpy", "500"), ("kwd", "1.250")):
        made = world.invoice(currency=currency, line_items=(line(f"svc_{currency}", price),))
        world.double.pay(made.stripe_account_id, made.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    assert (of(world, "jpy").paid, of(world, "kwd").paid) == (Tally(1, 500), Tally(1, 1250))
    assert of(world).by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}


def test_what_events_did_not_tell_the_sweep_adds() -> None:
    world = company()
    made = world.invoice()
    world.deliver()
    world.double.set_delivery(drop=1.0)
    world.double.pay(made.stripe_account_id, made.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    world.advance(3600)
    assert of(world).by_status == {InvoiceStatus.PENDING: Tally(1, 7500, 7500)}
    world.sweep()
    assert of(world).by_status == {InvoiceStatus.PAID: Tally(1, 7500, 0)}
    before = world.ports.database.tallies[ORGANIZATION]
    world.sweep()
    assert world.ports.database.tallies[ORGANIZATION] == before


def test_void_drafts_and_everything_delivered_twice() -> None:
    world = company()
    world.double.set_delivery(duplicate=1.0)
    draft, sent = world.invoice("svc_1", send=False), world.invoice("svc_2")
    world.deliver()
    assert of(world).by_status == {
        InvoiceStatus.DRAFT: Tally(1, 7500, 7500),
        InvoiceStatus.PENDING: Tally(1, 7500, 7500),
    }
    for each in (draft, sent):
        void_invoice(ORGANIZATION, each.id, OFFICE, world.ports)
    world.deliver()
    assert of(world).by_status == {InvoiceStatus.VOID: Tally(2, 15000, 0)}


def test_days_are_those_of_the_stripe_account_unless_others_are_chosen() -> None:
    world = World()
    assert summary(world).time_zone == "UTC"
    world.connect(account=world.account(time_zone="Pacific/Auckland"))
    world.advance(5 * 3600)  # 13:00 in UTC, and past midnight in Auckland
    assert (summary(world).today, summary(world).time_zone) == (dt.date(2027, 1, 16), "Pacific/Auckland")
    world.ports.settings.save(InvoicingSettings(ORGANIZATION, time_zone="UTC"))
    assert (summary(world).today, summary(world).time_zone) == (dt.date(2027, 1, 15), "UTC")


def test_days_begin_where_the_organization_is() -> None:
    world = company()
    world.ports.settings.save(InvoicingSettings(ORGANIZATION, time_zone="Pacific/Auckland"))
    world.advance(5 * 3600)  # 13:00 in UTC, and past midnight in Auckland
    made = world.invoice(due_date=dt.date(2027, 1, 16))
    world.double.pay(made.stripe_account_id, made.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    told = summary(world)
    assert (told.today, told.time_zone) == (dt.date(2027, 1, 16), "Pacific/Auckland")
    day = dt.date(2027, 1, 16)
    assert summary(world, day, day).currencies[0].paid == Tally(1, 7500)
    yesterday = dt.date(2027, 1, 15)
    assert summary(world, yesterday, yesterday).currencies[0].paid == Tally(0, 0)

    world.invoice("svc_2", due_date=day)
    assert of(world).overdue == Tally(0, 0)
    world.advance(20 * 3600)  # still the 16th there
    world.plan_day()
    assert of(world).overdue == Tally(0, 0)
    world.advance(3 * 3600)
    world.plan_day()
    assert of(world).overdue == Tally(1, 7500)


def test_a_long_month_of_many_invoices() -> None:
    world = company()
    for number in range(12):
        made = world.invoice(f"svc_{number}", line_items=(line(f"svc_{number}", str(Decimal(10) + number)),))
        if number % 3:
            world.double.pay(made.stripe_account_id, made.stripe_invoice_id or "", "pm_card_visa")
        world.advance(DAY)
        world.deliver()
    told = of(world)
    assert told.by_status[InvoiceStatus.PAID].invoices == told.paid.invoices == 8
    assert told.by_status[InvoiceStatus.PENDING] == Tally(4, 1000 + 1300 + 1600 + 1900, 1000 + 1300 + 1600 + 1900)


def test_another_organization_has_nothing() -> None:
    world = company()
    world.invoice()
    assert get_summary(OrganizationId("org_green"), None, None, world.ports).currencies == []
    assert Bucket("usd", "status", "pending") in world.ports.database.tallies[ORGANIZATION]
