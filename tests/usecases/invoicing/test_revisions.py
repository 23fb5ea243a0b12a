"""An invoice that somebody edits in Stripe is replaced there by a revision, and POM goes on with that one."""

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
from tests.usecases.reconciling.test_backfill import lose
from tests.world import OFFICE, ORGANIZATION, World, line

HOUR, DAY = 3600, 86400

copied_or_not = pytest.mark.parametrize("metadata", [True, False], ids=["metadata_copied", "metadata_not_copied"])


def revise(world: World, invoice: Invoice, *, metadata: bool = True, more: int = 2500, send: bool = True) -> str:
    """Somebody edits the invoice in Stripe's dashboard. Returns the id of the revision."""
    world.double.config.revisions_copy_metadata = metadata
    world.advance(60)
    service, options = world.client.v1.invoices, on(invoice)
    latest = world.in_stripe(invoice.stripe_account_id)[-1]["id"]
    wanted: Any = {"from_invoice": {"action": "revision", "invoice": latest}}
    draft = service.create(wanted, options)
    if more:
        service.add_lines(draft.id, {"lines": [{"amount": more, "description": "Filter"}]}, options)
    if send:
        service.send_invoice(draft.id, None, options)
    return str(draft.id)


def copy(world: World, invoice: Invoice) -> None:
    """Somebody makes another invoice like it in Stripe's dashboard, metadata and all."""
    [ours] = world.in_stripe(invoice.stripe_account_id)
    made = world.client.v1.invoices.create(
        {
            "customer": ours["customer"], "currency": "usd", "metadata": ours["metadata"],
            "collection_method": "send_invoice", "days_until_due": 5,
        },
        on(invoice),
    )  # fmt: skip
    world.client.v1.invoices.add_lines(made.id, {"lines": [{"amount": 900}]}, on(invoice))
    world.client.v1.invoices.send_invoice(made.id, None, on(invoice))


def on(invoice: Invoice) -> Any:
    return {"stripe_account": invoice.stripe_account_id}


def sent(world: World) -> Invoice:
    invoice = world.invoice()
    world.deliver()
    return world.now(invoice)


@copied_or_not
def test_the_revision_takes_the_place_of_the_invoice_with_its_total_number_and_link(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    before = sent(world)
    revision = revise(world, before, metadata=metadata)
    world.deliver()
    after = world.now(before)
    assert (after.stripe_invoice_id, after.status, after.total) == (revision, InvoiceStatus.PENDING, 10_000)
    assert before.facts.invoice is not None
    assert after.facts.invoice is not None
    assert after.facts.invoice.hosted_url != before.facts.invoice.hosted_url
    assert [(entry.stripe_id, entry.amount) for entry in entries(after, "revised")] == [(revision, 10_000)]


@copied_or_not
def test_a_declined_payment_of_the_revision_is_shown_by_its_webhook(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    """Events about a payment name nothing but the payment, so POM must have met it."""
    invoice = sent(world)
    revision = revise(world, invoice, metadata=metadata)
    world.deliver()
    world.double.pay(account, revision, "pm_card_chargeDeclinedInsufficientFunds")
    world.deliver()
    failure = world.now(invoice).failure
    assert failure is not None
    assert failure.reason == "insufficient_funds"


@copied_or_not
def test_no_event_of_an_edit_makes_the_invoice_void_for_a_moment(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    invoice = sent(world)
    revise(world, invoice, metadata=metadata)
    while world.double.step() is not None:
        assert world.now(invoice).live


def test_what_webhooks_tell_of_an_edit_waits_until_stripe_can_tell_of_the_revision(
    world: World, account: StripeAccountId
) -> None:
    invoice = sent(world)
    revision = revise(world, invoice, metadata=False)
    world.double.order_fault("error_before", path=f"/v1/invoices/{revision}", count=50)
    world.deliver()
    meanwhile = world.now(invoice)
    assert (meanwhile.stripe_invoice_id, meanwhile.live) == (invoice.stripe_invoice_id, True)
    world.double.clear_faults()
    world.sweep(objects=False)
    assert world.now(invoice).stripe_invoice_id == revision


def test_a_copy_that_somebody_revises_is_another_invoice(world: World, account: StripeAccountId) -> None:
    invoice = sent(world)
    copy(world, invoice)
    revise(world, invoice, metadata=True)
    receipts = world.deliver()
    assert world.now(invoice) == invoice
    assert {receipt.outcome for receipt in receipts} <= {EventOutcome.FOREIGN, EventOutcome.NO_CHANGE}


@copied_or_not
def test_a_revision_of_a_revision_of_which_nothing_was_heard_is_followed(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    invoice = sent(world)
    world.double.set_delivery(lose=["*"])
    revise(world, invoice, metadata=metadata, more=100)
    world.double.set_delivery(lose=["invoice.updated", "invoice.voided"])
    second = revise(world, invoice, metadata=metadata, more=200)
    world.deliver()
    now = world.now(invoice)
    assert (now.stripe_invoice_id, now.total) == (second, 7800)
    assert now.sent_at == world.ports.clock.now(), "Stripe has mailed the second revision"


@copied_or_not
def test_what_people_do_is_done_to_the_revision(world: World, account: StripeAccountId, metadata: bool) -> None:
    invoice = sent(world)
    revision = revise(world, invoice, metadata=metadata)
    world.deliver()
    world.advance(DAY)
    remind(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert world.double.mails(account)[-1]["invoice"] == revision
    paid = mark_paid(ORGANIZATION, invoice.id, OFFICE, Settlement("check"), world.ports)
    assert (paid.status, paid.paid_amount) == (InvoiceStatus.PAID, 10_000)
    assert [each["status"] for each in world.in_stripe(account)] == ["void", "paid"]


@copied_or_not
def test_an_act_that_meets_a_revision_nobody_knew_of_does_not_touch_it(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = sent(world)
    revision = revise(world, invoice, metadata=metadata)
    with pytest.raises(Conflict) as refused:
        void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert refused.value.code == "invoice_revised"
    assert world.now(invoice).live
    refreshed = refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert refreshed.stripe_invoice_id == revision
    assert void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports).status is InvoiceStatus.VOID


def test_services_of_a_void_invoice_are_billed_again_after_one_question_to_stripe(
    world: World, account: StripeAccountId
) -> None:
    invoice = sent(world)
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    world.deliver()
    world.double.api.log.reset()
    again = world.invoice()
    assert again.status is InvoiceStatus.PENDING
    assert world.stripe_calls()["GET /v1/invoices/{id}"] == 1


def test_services_stay_billed_if_only_the_void_of_the_original_was_heard_of(
    world: World, account: StripeAccountId
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = sent(world)
    revise(world, invoice)
    known = world.now(invoice)
    assert known.facts.invoice is not None
    void = replace(known.facts.invoice, status="void", as_of=world.ports.clock.now())
    assert not world.ports.invoices.save(invoice_write(known.with_fetched(void))).live
    with pytest.raises(Conflict) as refused:
        world.invoice()
    assert refused.value.code == "service_already_billed"
    assert world.now(invoice).live


@copied_or_not
def test_the_comparison_of_books_names_a_revision_that_was_never_heard_of(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = sent(world)
    revision = revise(world, invoice, metadata=metadata)
    world.advance(2 * HOUR)
    found = tie_out(ORGANIZATION, world.ports)
    assert (Kind.UNKNOWN_TO_US, revision) in [(each.kind, each.stripe_id) for each in found.differences]
    assert found.billed_twice == 0
    world.sweep()
    world.advance(2 * HOUR)
    assert tie_out(ORGANIZATION, world.ports).differences == ()


@copied_or_not
def test_a_lost_record_of_a_revised_invoice_comes_back_with_its_services_claimed(
    world: World, account: StripeAccountId, metadata: bool
) -> None:
    invoice = sent(world)
    revision = revise(world, invoice, metadata=metadata)
    world.deliver()
    lose(world, invoice)
    listed = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - DAY, world.ports)
    done = [backfill(each, ORGANIZATION, world.ports).did for each in listed]
    assert done == [BackfillOutcome.RECREATED, BackfillOutcome.UNCHANGED]
    assert world.now(invoice).stripe_invoice_id == revision
    assert world.ports.database.claims[ORGANIZATION, ServiceId("svc_1")] == invoice.id
    with pytest.raises(Conflict):
        world.invoice()


@copied_or_not
def test_sweeps_after_an_edit_find_nothing_more(world: World, account: StripeAccountId, metadata: bool) -> None:
    invoice = sent(world)
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


def test_a_void_that_does_not_name_the_revision_yet_is_not_believed_alone(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = sent(world)
    monkeypatch.setattr(world.double.world.order, "is_usual", lambda: False)
    world.double.set_delivery(lose=["invoice.updated", "invoice.finalized", "invoice.sent"])
    revision = revise(world, invoice, metadata=False)
    [voided] = [each for each in world.double.events(account) if each["type"] == "invoice.voided"]
    assert voided["data"]["object"]["latest_revision"] is None
    world.deliver()
    assert (world.now(invoice).stripe_invoice_id, world.now(invoice).live) == (revision, True)


def test_a_reminder_that_meets_a_revision_on_its_way_is_refused_as_that(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.double.set_delivery(lose=["*"])
    invoice = sent(world)
    send = world.ports.stripe.send

    def revised_first(*args: Any) -> Any:
        monkeypatch.undo()
        revise(world, invoice)
        return send(*args)

    monkeypatch.setattr(world.ports.stripe, "send", revised_first)
    world.advance(DAY)
    with pytest.raises(Conflict) as refused:
        remind(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert refused.value.code == "invoice_revised"
    refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert entries(remind(ORGANIZATION, invoice.id, OFFICE, world.ports), "reminded")


def test_a_revision_that_nobody_mailed_can_be_sent_from_pom(world: World, account: StripeAccountId) -> None:
    invoice = sent(world)
    revision = revise(world, invoice, send=False)
    world.client.v1.invoices.finalize_invoice(revision, {"auto_advance": False}, on(invoice))
    world.deliver()
    assert world.now(invoice).sent_at is None
    send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert world.double.mails(account)[-1]["invoice"] == revision
    assert world.now(invoice).sent_at is not None


def test_a_revision_is_not_given_up_before_it_is_due(world: World, account: StripeAccountId) -> None:
    invoice = sent(world)
    change(ORGANIZATION, InvoicingSettings(ORGANIZATION, payment_window=10), world.ports)
    world.advance(41 * DAY)
    world.double.set_delivery(lose=["*"])
    revise(world, invoice)
    assert not give_up_if_due(ORGANIZATION, invoice.id, world.ports)
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_the_revision_of_a_copy_costs_one_question_an_event(world: World, account: StripeAccountId) -> None:
    invoice = sent(world)
    copy(world, invoice)
    world.deliver()
    revise(world, invoice, metadata=True)
    world.double.api.log.reset()
    told = world.deliver()
    assert set(world.stripe_calls()) <= {"GET /v1/invoices/{id}"}
    assert sum(world.stripe_calls().values()) <= len(told)


def test_all_payments_of_an_invoice_paid_in_many_parts_are_met(world: World, account: StripeAccountId) -> None:
    invoice = sent(world)
    world.double.set_delivery(lose=["*"])
    for _ in range(14):
        world.double.pay(account, str(invoice.stripe_invoice_id), amount=500)
    refreshed = refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sum(payment.amount_paid for payment in refreshed.facts.payments.values()) == refreshed.paid_amount == 7000
    assert len(refreshed.facts.payments) == 15


def test_an_invoice_of_nothing_asks_for_what_the_customer_owed_and_is_mailed(
    world: World, account: StripeAccountId
) -> None:
    [customer] = world.in_stripe(account, "customer")
    world.client.v1.customers.update(customer["id"], {"balance": 700}, {"stripe_account": account})
    invoice = world.invoice(line_items=(line("svc_free", "0.00"),))
    world.deliver()
    assert (world.now(invoice).status, world.now(invoice).balance) == (InvoiceStatus.PENDING, 700)
    assert [mail["invoice"] for mail in world.double.mails(account)] == [invoice.stripe_invoice_id]


def test_a_void_is_not_believed_alone_while_our_own_sending_has_not_ended(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POM died after Stripe had sent the invoice. Somebody revises it before the work is resumed."""
    world.double.set_delivery(lose=["invoice.updated", "invoice.finalized", "invoice.sent"])
    world.double.order_fault("close_after", path="/v1/invoices/*/send", count=10)
    invoice = world.invoice()
    assert world.now(invoice).saga.running
    world.double.clear_faults()
    monkeypatch.setattr(world.double.world.order, "is_usual", lambda: False)
    revision = revise(world, invoice)
    world.deliver()
    assert (world.now(invoice).stripe_invoice_id, world.now(invoice).live) == (revision, True)


def test_a_revision_that_stripe_has_just_mailed_is_not_mailed_again(world: World, account: StripeAccountId) -> None:
    invoice = sent(world)
    world.double.set_delivery(lose=["invoice.sent"])
    revision = revise(world, invoice)
    world.deliver()
    mailed = len(world.double.mails(account))
    answered = send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert (answered.stripe_invoice_id, answered.sent_at is not None) == (revision, True)
    assert len(world.double.mails(account)) == mailed


def test_a_revision_paid_in_parts_is_refunded_although_nobody_told_of_its_payments() -> None:
    """Events in an old version name the invoice of an intent, so POM knows the money without `invoice_payment`."""
    old = "2020-08-27"
    world = World(1, version=old)
    [endpoint] = world.double.world.platform.all("webhook_endpoint")
    endpoint["api_version"] = old
    account = world.connect()
    world.customer()
    invoice = world.invoice()
    world.deliver()
    revision = revise(world, invoice, more=0)
    world.deliver()
    world.double.set_delivery(never_generate=["invoice_payment.*"])
    for amount in (1000, 1000, None):
        world.advance(10)
        world.double.pay(account, revision, "pm_card_visa", amount=amount)
        world.deliver()
    for charge in world.in_stripe(account, "charge"):
        world.client.v1.refunds.create({"charge": charge["id"]}, on(invoice))
    world.advance(10)
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
