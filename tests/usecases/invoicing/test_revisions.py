"""Tests revisions: Stripe replaces an edited invoice by a revision, and POM continues with the revision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import ServiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.tie_out import Kind
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.invoicing.invoices import refresh_invoice, send_invoice
from chalicelib.usecases.invoicing.invoicing_settings import change
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.settle_outside import Settlement, give_up_if_due, mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.reconciling.backfill import BackfillOutcome, backfill, invoices_to_backfill
from chalicelib.usecases.reconciling.tie_out import tie_out
from tests.timelines import entries
from tests.usecases.reconciling.test_backfill import lose_records
from tests.world import OFFICE, ORGANIZATION, World, line

HOUR, DAY = 3600, 86400

copied_or_not = pytest.mark.parametrize("metadata", [True, False], ids=["metadata_copied", "metadata_not_copied"])


def revise(
    world: World, invoice: Invoice, *, metadata: bool = True, extra_cents: int = 2500, send: bool = True
) -> str:
    """Edits the invoice in Stripe's dashboard. Returns the id of the revision."""
    world.double.config.revisions_copy_metadata = metadata
    world.advance(60)
    service, options = world.client.v1.invoices, options_of(invoice)
    latest = world.in_stripe(invoice.stripe_account_id)[-1]["id"]
    params: Any = {"from_invoice": {"action": "revision", "invoice": latest}}
    draft = service.create(params, options)
    if extra_cents:
        service.add_lines(draft.id, {"lines": [{"amount": extra_cents, "description": "Filter"}]}, options)
    if send:
        service.send_invoice(draft.id, None, options)
    return str(draft.id)


def copy_in_dashboard(world: World, invoice: Invoice) -> None:
    """Creates a copy of the invoice in Stripe's dashboard, including its metadata."""
    [ours] = world.in_stripe(invoice.stripe_account_id)
    copied = world.client.v1.invoices.create(
        {
            "customer": ours["customer"], "currency": "usd", "metadata": ours["metadata"],
            "collection_method": "send_invoice", "days_until_due": 5,
        },
        options_of(invoice),
    )  # fmt: skip
    world.client.v1.invoices.add_lines(copied.id, {"lines": [{"amount": 900}]}, options_of(invoice))
    world.client.v1.invoices.send_invoice(copied.id, None, options_of(invoice))


def options_of(invoice: Invoice) -> Any:
    return {"stripe_account": invoice.stripe_account_id}


def send_and_deliver(world: World) -> Invoice:
    invoice = world.invoice()
    world.deliver()
    return world.now(invoice)


@copied_or_not
def test_a_revision_replaces_the_invoice_with_its_total_and_link(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    before = send_and_deliver(world)
    revision = revise(world, before, metadata=metadata)
    world.deliver()
    after = world.now(before)
    assert (after.stripe_invoice_id, after.status, after.total) == (revision, InvoiceStatus.PENDING, 10_000)
    assert before.facts.invoice is not None
    assert after.facts.invoice is not None
    assert after.facts.invoice.hosted_url != before.facts.invoice.hosted_url
    assert [(entry.stripe_id, entry.amount) for entry in entries(after, "revised")] == [(revision, 10_000)]


@copied_or_not
def test_an_event_about_a_declined_payment_reaches_the_revised_invoice(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    """Events about a payment name only the payment, so POM must have stored the payment before."""
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, metadata=metadata)
    world.deliver()
    world.double.pay(account, revision, "pm_card_chargeDeclinedInsufficientFunds")
    world.deliver()
    failure = world.now(invoice).failure
    assert failure is not None
    assert failure.reason == "insufficient_funds"


@copied_or_not
def test_no_event_of_a_revision_makes_the_invoice_void(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    invoice = send_and_deliver(world)
    revise(world, invoice, metadata=metadata)
    while world.double.step() is not None:
        assert world.now(invoice).live


def test_events_of_a_revision_wait_until_stripe_returns_the_revision(world: World, account: StripeAccountId) -> None:
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, metadata=False)
    world.double.order_fault("error_before", path=f"/v1/invoices/{revision}", count=50)
    world.deliver()
    during_outage = world.now(invoice)
    assert (during_outage.stripe_invoice_id, during_outage.live) == (invoice.stripe_invoice_id, True)
    world.double.clear_faults()
    world.sweep(objects=False)
    assert world.now(invoice).stripe_invoice_id == revision


def test_the_revision_of_a_copy_does_not_change_the_original(world: World, account: StripeAccountId) -> None:
    invoice = send_and_deliver(world)
    copy_in_dashboard(world, invoice)
    revise(world, invoice, metadata=True)
    receipts = world.deliver()
    assert world.now(invoice) == invoice
    assert {receipt.outcome for receipt in receipts} <= {EventOutcome.FOREIGN, EventOutcome.NO_CHANGE}


@copied_or_not
def test_a_second_revision_is_followed_although_the_first_had_no_events(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    invoice = send_and_deliver(world)
    world.double.set_delivery(lose=["*"])
    revise(world, invoice, metadata=metadata, extra_cents=100)
    world.double.set_delivery(lose=["invoice.updated", "invoice.voided"])
    second = revise(world, invoice, metadata=metadata, extra_cents=200)
    world.deliver()
    now = world.now(invoice)
    assert (now.stripe_invoice_id, now.total) == (second, 7800)
    assert now.sent_at == world.ports.clock.now(), "Stripe has mailed the second revision"


@copied_or_not
def test_reminders_and_payments_reach_the_revision(world: World, account: StripeAccountId, metadata: bool) -> None:
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, metadata=metadata)
    world.deliver()
    world.advance(DAY)
    remind(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert world.double.mails(account)[-1]["invoice"] == revision
    paid_invoice = mark_paid(ORGANIZATION, invoice.id, OFFICE, Settlement("check"), world.ports)
    assert (paid_invoice.status, paid_invoice.paid_amount) == (InvoiceStatus.PAID, 10_000)
    assert [each["status"] for each in world.in_stripe(account)] == ["void", "paid"]


@copied_or_not
def test_voiding_an_invoice_with_an_unknown_revision_is_refused(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, metadata=metadata)
    with pytest.raises(Conflict) as refusal:
        void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert refusal.value.code == "invoice_revised"
    assert world.now(invoice).live
    refreshed = refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert refreshed.stripe_invoice_id == revision
    assert void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports).status is InvoiceStatus.VOID


def test_billing_a_service_of_a_void_invoice_costs_one_call_of_stripe(world: World, account: StripeAccountId) -> None:
    invoice = send_and_deliver(world)
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    world.deliver()
    world.double.api.log.reset()
    again = world.invoice()
    assert again.status is InvoiceStatus.PENDING
    assert world.stripe_calls()["GET /v1/invoices/{id}"] == 1


def test_services_stay_billed_if_only_the_void_of_the_original_is_stored(
    world: World, account: StripeAccountId
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = send_and_deliver(world)
    revise(world, invoice)
    stored = world.now(invoice)
    assert stored.facts.invoice is not None
    void = replace(stored.facts.invoice, status="void", as_of=world.ports.clock.now())
    assert not world.ports.invoices.save(invoice_write(stored.with_fetched(void))).live
    with pytest.raises(Conflict) as refusal:
        world.invoice()
    assert refusal.value.code == "service_already_billed"
    assert world.now(invoice).live


@copied_or_not
def test_a_tie_out_names_a_revision_without_events(world: World, account: StripeAccountId, metadata: bool) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, metadata=metadata)
    world.advance(2 * HOUR)
    comparison = tie_out(ORGANIZATION, world.ports)
    assert (Kind.UNKNOWN_TO_US, revision) in [(each.kind, each.stripe_id) for each in comparison.differences]
    assert comparison.billed_twice == 0
    world.sweep()
    world.advance(2 * HOUR)
    assert tie_out(ORGANIZATION, world.ports).differences == ()


@copied_or_not
def test_a_lost_record_of_a_revised_invoice_is_recreated_with_its_claims(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, metadata=metadata)
    world.deliver()
    lose_records(world, invoice)
    stripe_invoices = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - DAY, world.ports)
    outcomes = [backfill(each, ORGANIZATION, world.ports).did for each in stripe_invoices]
    assert outcomes == [BackfillOutcome.RECREATED, BackfillOutcome.UNCHANGED]
    assert world.now(invoice).stripe_invoice_id == revision
    assert world.ports.database.claims[ORGANIZATION, ServiceId("svc_1")] == invoice.id
    with pytest.raises(Conflict):
        world.invoice()


@copied_or_not
def test_sweeps_after_a_revision_correct_nothing(world: World, account: StripeAccountId, metadata: bool) -> None:
    invoice = send_and_deliver(world)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    revise(world, invoice, metadata=metadata)
    revise(world, invoice, metadata=metadata, send=False)
    world.deliver()
    world.sweep()
    before = world.now(invoice)
    world.advance(DAY)
    swept = world.sweep()
    assert (swept.corrected, swept.recovered) == (0, 0)
    assert world.now(invoice) == before


def test_a_void_event_that_does_not_name_the_revision_does_not_void_the_invoice(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = send_and_deliver(world)
    monkeypatch.setattr(world.double.world.order, "is_usual", lambda: False)
    world.double.set_delivery(lose=["invoice.updated", "invoice.finalized", "invoice.sent"])
    revision = revise(world, invoice, metadata=False)
    [void_event] = [each for each in world.double.events(account) if each["type"] == "invoice.voided"]
    assert void_event["data"]["object"]["latest_revision"] is None
    world.deliver()
    assert (world.now(invoice).stripe_invoice_id, world.now(invoice).live) == (revision, True)


def test_a_reminder_is_refused_if_the_invoice_is_revised_meanwhile(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = send_and_deliver(world)
    send = world.ports.stripe.send

    def revise_and_send(*args: Any) -> Any:
        monkeypatch.undo()
        revise(world, invoice)
        return send(*args)

    monkeypatch.setattr(world.ports.stripe, "send", revise_and_send)
    world.advance(DAY)
    with pytest.raises(Conflict) as refusal:
        remind(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert refusal.value.code == "invoice_revised"
    refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert entries(remind(ORGANIZATION, invoice.id, OFFICE, world.ports), "reminded")


def test_an_unmailed_revision_can_be_sent_from_pom(world: World, account: StripeAccountId) -> None:
    invoice = send_and_deliver(world)
    revision = revise(world, invoice, send=False)
    world.client.v1.invoices.finalize_invoice(revision, {"auto_advance": False}, options_of(invoice))
    world.deliver()
    assert world.now(invoice).sent_at is None
    send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert world.double.mails(account)[-1]["invoice"] == revision
    assert world.now(invoice).sent_at is not None


def test_a_revision_does_not_become_uncollectible_before_it_is_due(world: World, account: StripeAccountId) -> None:
    invoice = send_and_deliver(world)
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, payment_window=10), world.ports)
    world.advance(41 * DAY)
    world.double.set_delivery(lose=["*"])
    revise(world, invoice)
    assert not give_up_if_due(ORGANIZATION, invoice.id, world.ports)
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_the_revision_of_a_copy_costs_at_most_one_call_of_stripe_an_event(
    world: World, account: StripeAccountId
) -> None:
    invoice = send_and_deliver(world)
    copy_in_dashboard(world, invoice)
    world.deliver()
    revise(world, invoice, metadata=True)
    world.double.api.log.reset()
    receipts = world.deliver()
    assert set(world.stripe_calls()) <= {"GET /v1/invoices/{id}"}
    assert sum(world.stripe_calls().values()) <= len(receipts)


def test_a_refresh_reads_all_payments_of_an_invoice_paid_in_many_parts(
    world: World, account: StripeAccountId
) -> None:
    invoice = send_and_deliver(world)
    world.double.set_delivery(lose=["*"])
    for _ in range(14):
        world.double.pay(account, str(invoice.stripe_invoice_id), amount=500)
    refreshed = refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sum(payment.amount_paid for payment in refreshed.facts.payments.values()) == refreshed.paid_amount == 7000
    assert len(refreshed.facts.payments) == 15


def test_an_invoice_of_zero_with_a_customer_balance_is_mailed(world: World, account: StripeAccountId) -> None:
    [customer] = world.in_stripe(account, "customer")
    world.client.v1.customers.update(customer["id"], {"balance": 700}, {"stripe_account": account})
    invoice = world.invoice(line_items=(line("svc_free", "0.00"),))
    world.deliver()
    assert (world.now(invoice).status, world.now(invoice).balance) == (InvoiceStatus.PENDING, 700)
    assert [mail["invoice"] for mail in world.double.mails(account)] == [invoice.stripe_invoice_id]


def test_a_void_event_does_not_void_an_invoice_whose_sending_is_unfinished(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POM died after Stripe had sent the invoice. The invoice is revised before POM resumes the work."""
    world.double.set_delivery(lose=["invoice.updated", "invoice.finalized", "invoice.sent"])
    world.double.order_fault("close_after", path="/v1/invoices/*/send", count=10)
    invoice = world.invoice()
    assert world.now(invoice).saga.running
    world.double.clear_faults()
    monkeypatch.setattr(world.double.world.order, "is_usual", lambda: False)
    revision = revise(world, invoice)
    world.deliver()
    assert (world.now(invoice).stripe_invoice_id, world.now(invoice).live) == (revision, True)


def test_a_revision_that_stripe_already_mailed_is_not_mailed_again(world: World, account: StripeAccountId) -> None:
    invoice = send_and_deliver(world)
    world.double.set_delivery(lose=["invoice.sent"])
    revision = revise(world, invoice)
    world.deliver()
    mails_before = len(world.double.mails(account))
    sent_invoice = send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert (sent_invoice.stripe_invoice_id, sent_invoice.sent_at is not None) == (revision, True)
    assert len(world.double.mails(account)) == mails_before


def test_a_revision_paid_in_parts_is_refunded_although_its_payments_had_no_events() -> None:
    """Events in an old API version name the invoice of an intent, so POM knows the money without
    `invoice_payment`.
    """
    old = "2020-08-27"
    world = World(1, version=old)
    [endpoint] = world.double.world.platform.all("webhook_endpoint")
    endpoint["api_version"] = old
    account = world.connect()
    world.customer()
    invoice = world.invoice()
    world.deliver()
    revision = revise(world, invoice, extra_cents=0)
    world.deliver()
    world.double.set_delivery(never_generate=["invoice_payment.*"])
    for amount in (1000, 1000, None):
        world.advance(10)
        world.double.pay(account, revision, "pm_card_visa", amount=amount)
        world.deliver()
    for charge in world.in_stripe(account, "charge"):
        world.client.v1.refunds.create({"charge": charge["id"]}, options_of(invoice))
    world.advance(10)
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
