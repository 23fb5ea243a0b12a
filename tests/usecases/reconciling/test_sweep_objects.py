"""Tests the comparison of objects: what it costs, and how it continues where a run had to stop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import movements
from chalicelib.domain.payments import PaymentMethod, PaymentStatus, payments_of
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.invoicing.invoices import refresh_invoice
from chalicelib.usecases.reconciling import sweep_objects
from chalicelib.usecases.reconciling.plan_reconciliation import plan_reconciliation
from tests.oracle import differences
from tests.timelines import kinds
from tests.usecases.reconciling.test_reconcile import varied_invoices
from tests.world import OFFICE, ORGANIZATION, World


def single_invoice_reads(world: World) -> int:
    """Returns the number of invoices that were read one by one."""
    return sum(
        count for name, count in world.stripe_calls().items() if name.startswith("GET /v1/invoices/") and count
    )


def unpaid_invoices(world: World, count: int) -> list[Invoice]:
    invoices = [world.invoice(f"svc_{number}") for number in range(count)]
    world.deliver()
    return invoices


@pytest.mark.parametrize("count", [1, 20])
def test_unchanged_invoices_cost_no_request_of_their_own(count: int, world: World, account: StripeAccountId) -> None:
    unpaid_invoices(world, count)
    world.invoice("svc_draft", send=False)
    world.deliver()
    world.sweep()
    world.double.api.log.reset()
    assert world.sweep().corrected == 0
    assert single_invoice_reads(world) == 0
    lists = {name: calls for name, calls in world.stripe_calls().items() if name != "GET /v1/events"}
    assert sum(lists.values()) == 8, (
        "the account, drafts, open invoices, their intents, refunds, disputes, credit notes, payouts"
    )


def test_a_second_comparison_costs_no_request_for_a_single_invoice(world: World, account: StripeAccountId) -> None:
    varied_invoices(world, account)
    world.deliver()
    world.sweep()
    world.double.api.log.reset()
    world.sweep()
    assert single_invoice_reads(world) == 0


def test_only_a_differing_invoice_is_read_from_stripe(world: World, account: StripeAccountId) -> None:
    invoices = unpaid_invoices(world, 10)
    world.double.set_delivery(never_generate_rate=1.0)
    world.double.pay(account, str(invoices[4].stripe_invoice_id))
    world.double.api.log.reset()
    assert world.sweep().corrected == 1
    assert single_invoice_reads(world) == 1
    assert world.now(invoices[4]).status is InvoiceStatus.PAID


@pytest.mark.parametrize(
    ("method", "status"),
    [("pm_card_chargeDeclinedExpiredCard", InvoiceStatus.FAILED), ("pm_usBankAccount", InvoiceStatus.PENDING)],
)
def test_a_payment_attempt_without_an_event_is_found_although_the_invoice_is_unchanged(
    method: str, status: InvoiceStatus, world: World, account: StripeAccountId
) -> None:
    [invoice] = unpaid_invoices(world, 1)
    world.double.set_delivery(never_generate_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id), method)
    assert world.sweep().corrected == 1
    assert world.now(invoice).status is status
    assert world.now(invoice).facts.payment_under_way == (status is InvoiceStatus.PENDING)
    assert world.sweep().corrected == 0


@pytest.mark.parametrize("amount", [None, 2500], ids=["paid", "paid_in_part"])
@pytest.mark.parametrize(
    "never", [("charge.*",), ("charge.*", "payment_intent.*")], ids=["charge", "charge_and_intent"]
)
def test_a_charge_without_an_event_is_found_although_its_payment_is_known(
    never: tuple[str, ...], amount: int | None, world: World, account: StripeAccountId
) -> None:
    [invoice] = unpaid_invoices(world, 1)
    world.double.set_delivery(never_generate=list(never))
    world.double.pay(account, str(invoice.stripe_invoice_id), amount=amount)
    world.deliver()
    assert world.now(invoice).facts.uncharged_payments
    assert world.sweep().corrected == 1
    [payment] = [each for each in payments_of(world.now(invoice)) if each.status is PaymentStatus.SUCCEEDED]
    assert payment.method == PaymentMethod("card", "visa", "4242", "2034-12")
    world.double.api.log.reset()
    assert world.sweep().corrected == 0
    assert single_invoice_reads(world) == 0


def test_a_refunded_payment_without_events_is_found(world: World, account: StripeAccountId) -> None:
    options: Any = {"stripe_account": account}
    [invoice] = unpaid_invoices(world, 1)
    refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    world.double.set_delivery(never_generate=["charge.*", "payment_intent.*", "invoice_payment.*"])
    payment = world.double.pay(account, str(invoice.stripe_invoice_id))
    world.client.v1.refunds.create({"payment_intent": payment["payment_intent"]}, options)
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
    assert not payments_of(world.now(invoice))
    assert world.sweep().corrected == 1
    assert sum(row.counted for row in movements(world.now(invoice))) == 0
    assert world.sweep().corrected == 0


def test_a_credit_note_without_an_event_is_found(world: World, account: StripeAccountId) -> None:
    options: Any = {"stripe_account": account}
    [invoice] = unpaid_invoices(world, 1)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    world.double.set_delivery(never_generate_rate=1.0)
    world.client.v1.credit_notes.create(
        {"invoice": str(invoice.stripe_invoice_id), "amount": 500, "out_of_band_amount": 500}, options
    )
    assert world.sweep().corrected == 1
    assert world.now(invoice).credited_amount == 500
    assert kinds(world.now(invoice)).count("credited") == 1
    assert world.sweep().corrected == 0


def test_a_long_comparison_continues_in_later_runs(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_objects, "WINDOW", 4)
    monkeypatch.setattr(sweep_objects, "RUN_FOR", 2)
    for number in range(15):
        world.invoice(f"svc_{number}")
        world.advance(5)
    world.deliver()
    world.sweep()
    world.ports.queues.take()
    world.double.set_delivery(never_generate_rate=1.0)
    for invoice in world.in_stripe(account):
        world.double.pay(account, invoice["id"])

    first = world.sweep()
    assert first.goes_on
    assert not first.objects
    assert 0 < first.corrected < 15
    runs, corrected = 1, first.corrected
    while messages := world.ports.queues.take():
        assert messages == [Reconciliation(ORGANIZATION, objects=False)]
        report = world.sweep(objects=False)
        runs, corrected = runs + 1, corrected + report.corrected

    assert report.objects
    assert corrected == 15, "each invoice is corrected once"
    assert runs > 2
    assert differences(world.double.ledger(account), list(world.ports.database.invoices.values())) == []


def test_a_comparison_whose_message_is_lost_continues_with_the_next_plan(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_objects, "RUN_FOR", 0)
    unpaid_invoices(world, 1)
    assert world.sweep().goes_on
    world.ports.queues.take()
    monkeypatch.undo()
    assert plan_reconciliation(world.ports) == 1
    assert world.sweep(objects=False).objects


def test_an_outdated_planned_run_is_skipped(world: World, account: StripeAccountId) -> None:
    world.advance(600)
    plan_reconciliation(world.ports)
    world.advance(600)
    assert plan_reconciliation(world.ports) == 1
    world.double.api.log.reset()
    world.work()
    assert world.stripe_calls()["GET /v1/events"] == 1


# Planning


def test_an_idle_organization_is_swept_every_few_hours(world: World, account: StripeAccountId) -> None:
    world.advance(8 * 86400)
    world.sweep()
    world.ports.queues.take()
    gaps, since = [], world.ports.clock.now()
    for _ in range(2 * 144):
        world.advance(600)
        if plan_reconciliation(world.ports):
            gaps.append(world.ports.clock.now() - since)
            since = world.ports.clock.now()
            world.work()
    assert 8 <= len(gaps) <= 12
    assert max(gaps) <= 6 * 3600


def test_an_organization_that_bills_again_is_swept_every_ten_minutes(world: World, account: StripeAccountId) -> None:
    world.advance(8 * 86400)
    world.sweep()
    world.advance(600)
    assert plan_reconciliation(world.ports) == 0
    world.invoice()
    for _ in range(3):
        world.advance(600)
        assert plan_reconciliation(world.ports) == 1
        world.work()


def test_every_connected_organization_is_swept_at_every_plan_while_the_webhook_endpoint_is_broken(
    world: World, account: StripeAccountId
) -> None:
    world.advance(8 * 86400)
    world.sweep()
    world.advance(600)
    assert plan_reconciliation(world.ports) == 0
    world.ports.connections.save_webhook_check(WebhookCheck(world.ports.clock.now(), answered=True, problem="Off."))
    assert plan_reconciliation(world.ports) == 1
    database = world.ports.database
    database.connections[ORGANIZATION] = replace(database.connections[ORGANIZATION], disconnected_at=1)
    assert plan_reconciliation(world.ports) == 0
