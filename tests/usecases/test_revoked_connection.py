"""Tests revoked connections without a webhook: the next call of POM notices that the company has revoked its
access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.errors import AccountUnreachable
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import Reminders
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.connecting.webhook_health import check_webhooks
from chalicelib.usecases.customers.customers import get_customer
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from chalicelib.usecases.invoicing import invoicing_settings
from chalicelib.usecases.invoicing.remind import remind, remind_if_due
from chalicelib.usecases.invoicing.settle_outside import Settlement, give_up_if_due, mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.reconciling.search_spellings import INDEXED_AFTER, search_spellings
from tests.world import OFFICE, ORGANIZATION, WEBHOOK_URL, World

DAY, MORNING = 86400, 8 * 3600
Act = Callable[[Invoice, World], object]


def remind_by_hand(invoice: Invoice, world: World) -> object:
    return remind(ORGANIZATION, invoice.id, OFFICE, world.ports)


def remind_by_plan(invoice: Invoice, world: World) -> object:
    return remind_if_due(ORGANIZATION, invoice.id, world.ports)


def mark_as_paid(invoice: Invoice, world: World) -> object:
    return mark_paid(ORGANIZATION, invoice.id, OFFICE, Settlement("cash"), world.ports)


def give_up(invoice: Invoice, world: World) -> object:
    return give_up_if_due(ORGANIZATION, invoice.id, world.ports)


def void(invoice: Invoice, world: World) -> object:
    return void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


@pytest.fixture
def account(world: World) -> StripeAccountId:
    return StripeAccountId(world.connect())


@pytest.fixture
def invoice(world: World, account: StripeAccountId) -> Invoice:
    """Returns an invoice due after 30 days. A reminder follows two days after that, and the window ends after ten
    days.
    """
    reminders = Reminders(enabled=True, days_after_due=(2,))
    settings = InvoicingSettings(ORGANIZATION, time_zone="America/New_York", reminders=reminders, payment_window=10)
    invoicing_settings.change(ORGANIZATION, settings, world.ports)
    world.customer()
    sent_invoice = world.invoice(payment_terms="net_30")
    world.deliver()
    return sent_invoice


ACTS = [
    pytest.param(remind_by_hand, 1, id="remind"),
    pytest.param(remind_by_plan, 32, id="planned reminder"),
    pytest.param(mark_as_paid, 1, id="mark paid"),
    pytest.param(give_up, 45, id="give up"),
    pytest.param(void, 1, id="void"),
]


@pytest.mark.parametrize(("act", "after"), ACTS)
def test_any_act_on_an_invoice_fails_and_marks_the_connection_as_disconnected(
    act: Act, after: int, world: World, invoice: Invoice
) -> None:
    world.advance(after * DAY + MORNING)
    world.double.set_delivery(paused=True)
    world.double.revoke(invoice.stripe_account_id)
    with pytest.raises(AccountUnreachable):
        act(invoice, world)
    assert not world.ports.connections.get(ORGANIZATION).active
    assert world.now(invoice).status is InvoiceStatus.PENDING


@pytest.mark.parametrize(
    ("act", "after", "call"),
    [
        pytest.param(remind_by_hand, 1, "send", id="remind"),
        pytest.param(mark_as_paid, 1, "pay_outside", id="mark paid"),
        pytest.param(give_up, 45, "mark_uncollectible", id="give up"),
        pytest.param(void, 1, "void", id="void"),
    ],
)
def test_an_act_that_stripe_refuses_is_not_stored_as_intended(
    act: Act, after: int, call: str, world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe_call = getattr(world.ports.stripe, call)

    def revoke_and_call(*request: Any) -> Any:
        world.double.revoke(invoice.stripe_account_id)
        return stripe_call(*request)

    world.advance(after * DAY + MORNING)
    world.double.set_delivery(paused=True)
    monkeypatch.setattr(world.ports.stripe, call, revoke_and_call)
    with pytest.raises(AccountUnreachable):
        act(invoice, world)
    stored = world.now(invoice)
    assert not world.ports.connections.get(ORGANIZATION).active
    assert (stored.intended, stored.reminder_asked_at) == ((), None)
    assert stored.status is InvoiceStatus.PENDING


def test_a_chosen_stripe_customer_is_stored_until_a_reconnect(world: World, account: StripeAccountId) -> None:
    chosen_id = str(world.client.v1.customers.create({"name": "Ann"}, {"stripe_account": account}).id)
    world.double.set_delivery(paused=True)
    world.double.revoke(account)
    world.customer(stripe_customer_id=chosen_id)
    world.work()
    customer = get_customer(ORGANIZATION, CustomerId("cust_1"), world.ports)
    assert (customer.chosen_stripe_customer_id, customer.sync_status) == (chosen_id, SyncStatus.NOT_CONNECTED)
    assert not world.ports.connections.get(ORGANIZATION).active


def test_an_interrupted_search_for_other_spellings_is_left_to_a_later_run(
    world: World, account: StripeAccountId
) -> None:
    world.customer()
    world.work()
    world.advance(INDEXED_AFTER + 1)
    world.double.revoke(account)
    with pytest.raises(AccountUnreachable):
        search_spellings(ORGANIZATION, account, world.ports.clock.now() + 60, world.ports)
    assert get_customer(ORGANIZATION, CustomerId("cust_1"), world.ports).search_spellings


def test_an_event_that_needs_stripe_is_parked_and_applied_after_a_reconnect(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.set_delivery(paused=True)
    world.client.v1.invoices.void_invoice(str(invoice.stripe_invoice_id), None, {"stripe_account": account})
    [page] = world.ports.stripe.events(account, 0, world.ports.clock.now())
    event = next(each for each in page if each.type == "invoice.voided")
    world.double.revoke(account)
    receipt = receive_event(event, Source.WEBHOOK, world.ports)
    assert (receipt.outcome, receipt.error) == (EventOutcome.PARKED, "stripe_account_unreachable")
    assert world.now(invoice).status is InvoiceStatus.PENDING
    world.connect(account=account)
    world.sweep()
    assert world.now(invoice).status is InvoiceStatus.VOID


def test_a_check_of_the_endpoints_that_stripe_refuses_is_stored_as_unanswered(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Any:
        raise AccountUnreachable("stripe_account_unreachable", "The connection was revoked in Stripe.")

    monkeypatch.setattr(world.ports.stripe, "webhook_endpoints", refuse)
    assert not check_webhooks(WEBHOOK_URL, world.ports).answered
