"""Tests the plan of the hourly schedule and the tasks that it queues."""

from __future__ import annotations

import pytest

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.messages import InvoiceJob, InvoiceTask
from chalicelib.usecases.invoicing.plan_day import Planned, mark_overdue, plan_day
from tests.world import ORGANIZATION, World

DAY = 86400


def invoice_due_today(world: World) -> Invoice:
    world.connect()
    world.customer()
    invoice = world.invoice(payment_terms="due_on_receipt")
    world.deliver()
    return world.now(invoice)


@pytest.fixture
def world() -> World:
    return World()


def test_an_invoice_becomes_overdue_once(world: World) -> None:
    invoice = invoice_due_today(world)
    assert plan_day(world.ports) == Planned()
    world.advance(DAY)
    assert plan_day(world.ports) == Planned(overdue=1)
    world.work()
    assert world.now(invoice).overdue
    version = world.now(invoice).version
    assert plan_day(world.ports) == Planned()
    assert not mark_overdue(ORGANIZATION, invoice.id, world.ports)
    assert world.now(invoice).version == version


def test_invoices_of_a_disconnected_company_become_overdue(world: World) -> None:
    invoice = invoice_due_today(world)
    connection = world.ports.connections.get(ORGANIZATION)
    world.ports.connections.save(connection.disconnected("by_admin", world.ports.clock.now()))
    world.advance(DAY)
    world.plan_day()
    assert world.now(invoice).overdue


def test_an_invoice_paid_while_its_task_is_queued_does_not_become_overdue(world: World) -> None:
    invoice = invoice_due_today(world)
    world.advance(DAY)
    assert plan_day(world.ports).overdue == 1
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    world.deliver()
    world.work()
    assert world.now(invoice).overdue_since is None


def test_any_write_after_the_due_day_marks_the_invoice_as_overdue(world: World) -> None:
    invoice = invoice_due_today(world)
    world.advance(DAY)
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_chargeDeclined")
    world.deliver()
    assert world.now(invoice).overdue
    assert plan_day(world.ports).overdue == 0


def test_a_task_for_a_removed_invoice_does_nothing(world: World) -> None:
    world.ports.queues.send(InvoiceJob(ORGANIZATION, InvoiceId("inv_gone"), InvoiceTask.MARK_OVERDUE))
    [task] = world.ports.queues.take()
    assert isinstance(task, InvoiceJob)
    assert not mark_overdue(task.organization_id, task.invoice_id, world.ports)
