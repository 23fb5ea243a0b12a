"""Tests crashes during the creation of invoices: one Stripe invoice, sent once, whichever worker resumes it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.domain.errors import Conflict, IntegrationError
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice
from tests.boundaries import Boundaries, ProcessKilled, count_calls, stop_counting
from tests.oracle import differences
from tests.usecases.invoicing.crashes import BEFORE_AND_AFTER, EACH_FAULT, GAPS, SOON, at_each_call, crash
from tests.usecases.invoicing.editing import ready_world
from tests.world import ADMIN, OFFICE, ORGANIZATION, World, order

ONCE = order("svc_1", "svc_2", idempotency_key="once")
DAY = 86_400

NEW_CUSTOMER = (
    "invoices.get connections.get customers.get settings.get invoices.insert stripe.find_customers "
    "stripe.create_customer customers.save stripe.create_draft invoices.save stripe.add_lines invoices.save "
    "customers.get stripe.send invoices.save"
).split()
"""Every outward call of creating and sending an invoice for a customer that Stripe does not know."""


def crash_creation(world: World, number: int, *, after: bool) -> None:
    crash(world, number, lambda: create_invoice(ONCE, world.ports), after=after)


def recover(world: World, gap: int) -> None:
    """Runs the schedule until nothing is left to do."""
    world.deliver()
    for _ in range(6):
        world.advance(gap)
        world.resume()
        gap = 3601


def only_invoice(world: World) -> Invoice:
    [invoice] = world.ports.database.invoices.values()
    return invoice


def assert_sent_once(world: World) -> None:
    world.deliver()
    invoice = only_invoice(world)
    ledger = world.double.ledger(invoice.stripe_account_id)
    assert differences(ledger, [invoice]) == []
    assert invoice.status is InvoiceStatus.PENDING
    assert invoice.sent_at is not None
    assert len(ledger["objects"]["invoice"]) == 1
    assert len(ledger["objects"]["customer"]) == 1
    assert [mail["invoice"] for mail in ledger["mails"]] == [invoice.stripe_invoice_id]
    assert len(ledger["objects"]["invoice"][0]["lines"]["data"]) == 2
    assert set(world.ports.database.claims.values()) == {invoice.id}
    assert not world.ports.invoices.due_for_work(world.ports.clock.now() + 10 * DAY, 10)


def test_the_list_of_outward_calls_is_complete() -> None:
    world = ready_world()
    boundaries = count_calls(world)
    create_invoice(ONCE, world.ports)
    assert boundaries.calls == NEW_CUSTOMER


@GAPS
@BEFORE_AND_AFTER
@at_each_call(NEW_CUSTOMER)
def test_a_crash_at_any_call_ends_in_one_invoice_sent_once(number: int, after: bool, gap: int) -> None:
    world = ready_world()
    crash_creation(world, number, after=after)
    recover(world, gap)
    # The office received no response and repeats the request, which creates the invoice or finds it.
    create_invoice(ONCE, world.ports)
    assert_sent_once(world)


@pytest.mark.parametrize("number", range(5, len(NEW_CUSTOMER)))
def test_a_repeated_request_returns_the_unfinished_invoice(number: int) -> None:
    world = ready_world()
    crash_creation(world, number, after=False)
    invoice = create_invoice(ONCE, world.ports)
    assert invoice.status is InvoiceStatus.CREATING
    recover(world, SOON)
    assert_sent_once(world)


@pytest.mark.parametrize("second", range(1, 9))
def test_a_second_crash_while_resuming_still_ends_in_one_refund(second: int) -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.add_lines"), after=True)
    world.advance(SOON)
    count_calls(world, fatal=second, after=True)
    invoice = only_invoice(world)
    with suppress(ProcessKilled):
        resume_invoice(ORGANIZATION, invoice.id, world.ports)
    stop_counting(world)
    recover(world, SOON)
    assert_sent_once(world)


STEPS = ["/v1/customers", "/v1/invoices", "/v1/invoices/*/add_lines", "/v1/invoices/*/send"]


@pytest.mark.parametrize("path", STEPS)
@EACH_FAULT
def test_a_failing_call_of_stripe_still_ends_in_one_sent_invoice(path: str, fault: dict[str, object]) -> None:
    world = ready_world()
    world.double.order_fault(method="POST", path=path, **fault)
    invoice = create_invoice(ONCE, world.ports)
    assert invoice.status in {InvoiceStatus.CREATING, InvoiceStatus.PENDING}
    recover(world, 601)
    assert_sent_once(world)


@pytest.mark.parametrize("path", STEPS)
def test_a_response_lost_for_more_than_a_day_is_looked_up_before_the_request_is_repeated(path: str) -> None:
    world = ready_world()
    world.double.order_fault("close_after", method="POST", path=path)
    create_invoice(ONCE, world.ports)
    recover(world, 30 * 3600)
    assert_sent_once(world)


def test_three_days_without_stripe_only_delay_the_invoice() -> None:
    world = ready_world()
    world.double.order_fault("error_before", count=10_000, path="/v1/*", stored=True)
    create_invoice(ONCE, world.ports)
    for _ in range(40):
        world.advance(7200)
        with suppress(IntegrationError):
            world.resume()
    world.double.clear_faults()
    recover(world, 3601)
    assert_sent_once(world)


def test_a_partial_payment_before_the_resume_is_not_undone_by_stripes_stored_response() -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.send"), after=True)
    world.deliver()
    invoice = only_invoice(world)
    world.advance(10)
    world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), amount=5000)
    world.deliver()
    recover(world, SOON)
    assert world.now(invoice).paid_amount == 5000
    assert world.now(invoice).balance == 10000
    assert differences(world.double.ledger(invoice.stripe_account_id), [world.now(invoice)]) == []


def test_an_invoice_at_a_step_of_another_release_waits_for_that_release() -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.send"), after=False)
    invoice = only_invoice(world)
    at_unknown_step = replace(invoice, saga=replace(invoice.saga, step=Step("translate")))
    world.ports.database.invoices[invoice.organization_id, invoice.id] = at_unknown_step
    world.advance(SOON)
    world.resume()
    assert (world.now(invoice).saga.step, world.now(invoice).status) == ("translate", InvoiceStatus.CREATING)
    assert world.now(invoice).saga.resume_at is not None


def test_an_invoice_paid_before_its_sending_was_stored_is_paid_after_the_resume() -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.send"), after=True)
    invoice = only_invoice(world)
    world.deliver()
    world.double.pay(invoice.stripe_account_id, str(world.now(invoice).stripe_invoice_id))
    recover(world, 26 * 3600)
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert len(world.double.mails()) == 1


def test_two_workers_that_resume_one_invoice_send_it_once() -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.create_draft"), after=True)
    world.advance(SOON)
    invoice_id = only_invoice(world).id
    real = world.ports
    rival = Boundaries()

    class InterferingPorts:
        """Ports on which a second worker resumes the invoice when the first worker is about to add the lines."""

        def __init__(self) -> None:
            self.interfered = False

        def __getattr__(self, name: str) -> object:
            if name == "stripe" and not self.interfered:
                self.interfered = True
                real.clock.advance(SOON)
                resume_invoice(ORGANIZATION, invoice_id, real)
                rival.calls.append("finished")
            return getattr(real, name)

    resume_invoice(ORGANIZATION, invoice_id, InterferingPorts())  # type: ignore[arg-type]
    assert rival.calls == ["finished"]
    assert_sent_once(world)


def test_a_lease_keeps_a_second_worker_away() -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.create_draft"), after=False)
    world.advance(SOON)
    invoice = only_invoice(world)
    count_calls(world, fatal=3)
    with pytest.raises(ProcessKilled):
        resume_invoice(ORGANIZATION, invoice.id, world.ports)
    stop_counting(world)
    boundaries = count_calls(world)
    resume_invoice(ORGANIZATION, invoice.id, world.ports)
    assert boundaries.calls == ["invoices.get"]


REVIEWED_SEND = (
    "invoices.get connections.get invoices.save stripe.fetch connections.get customers.get stripe.send invoices.save"
).split()


@pytest.mark.parametrize("gap", [SOON, 25 * 3600])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(len(REVIEWED_SEND)))
def test_a_crash_while_a_reviewed_draft_is_sent_sends_it_once(number: int, after: bool, gap: int) -> None:
    world = ready_world()
    draft = world.invoice("svc_1", "svc_2", send=False)
    boundaries = count_calls(world, fatal=number, after=after)
    with pytest.raises(ProcessKilled):
        send_invoice(ORGANIZATION, InvoiceId(draft.id), OFFICE, world.ports)
    assert boundaries.calls == REVIEWED_SEND[: number + 1]
    stop_counting(world)
    recover(world, gap)
    if world.now(draft).saga.step is Step.REVIEW:
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert_sent_once(world)


@pytest.mark.parametrize("step", ["stripe.find_customers", "stripe.create_draft", "stripe.add_lines"])
def test_an_unfinished_invoice_of_a_replaced_account_can_be_billed_on_the_new_account(step: str) -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index(step), after=True)
    unfinished = only_invoice(world)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect()
    world.advance(SOON)
    with pytest.raises(Conflict, match="no longer connected"):
        resume_invoice(ORGANIZATION, unfinished.id, world.ports)
    assert not world.ports.database.invoices
    again = create_invoice(ONCE, world.ports)
    assert (again.status, again.stripe_account_id) == (
        InvoiceStatus.PENDING,
        world.ports.connections.get(ORGANIZATION).account_id,
    )
    assert len(world.double.mails()) == 1


@pytest.mark.parametrize("after", [False, True])
def test_an_invoice_that_a_replaced_account_may_have_sent_keeps_its_services(after: bool) -> None:
    world = ready_world()
    crash_creation(world, NEW_CUSTOMER.index("stripe.send"), after=after)
    unfinished = only_invoice(world)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect()
    world.advance(SOON)
    with suppress(IntegrationError):
        resume_invoice(ORGANIZATION, unfinished.id, world.ports)
    assert only_invoice(world).id == unfinished.id
    with pytest.raises(Conflict, match="svc_1 is on the invoice"):
        create_invoice(order("svc_1"), world.ports)
