"""Tests the sending of a reviewed batch: each draft is sent once, and a draft that the office must look at is held
back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.identifiers import CustomerId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import LEASE
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import EntryKind
from chalicelib.ports.messages import BatchJob
from chalicelib.usecases.bulk.batch_work import PAUSE, work_on_part
from chalicelib.usecases.bulk.batches import cancel, retry_failures, send_drafts
from chalicelib.usecases.bulk.bill_many import bill_many
from chalicelib.usecases.bulk.lanes import status_of, with_status
from chalicelib.usecases.connecting.freeze import freeze, unfreeze
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.bulk.company import Company, bill_all, stored_batch, world_with
from tests.world import OFFICE, ORGANIZATION, World

BOSS = UserId("user_boss")
DAY = 86_400


@pytest.fixture
def world() -> World:
    return world_with(4)


def drafted_batch(world: World, number: int = 4, **terms: Any) -> Batch:
    """Returns a batch of this many drafts. All drafts are created, and their events are delivered."""
    batch = bill_many(bill_all(number, send=False, **terms), world.ports)
    world.work()
    world.deliver()
    world.work()
    return stored_batch(world, batch)


def order_sending(world: World, batch: Batch, key: str | None = None) -> Batch:
    return send_drafts(ORGANIZATION, batch.id, BOSS, key, world.ports)


def send_batch(world: World, batch: Batch) -> Batch:
    """Orders the sending, runs the workers and returns the batch as it is stored then."""
    order_sending(world, batch)
    world.work()
    return stored_batch(world, batch)


def items(world: World, batch: Batch) -> list[BatchItem]:
    return list(world.ports.batches.items_at(batch, range(batch.total)))


def invoice_of(world: World, batch: Batch, number: int) -> Invoice:
    item = items(world, batch)[number]
    assert item.invoice_id is not None
    return world.ports.database.invoices[ORGANIZATION, item.invoice_id]


def account_of(world: World) -> str:
    return str(world.ports.connections.get(ORGANIZATION).account_id)


def mails(world: World) -> Counter[str]:
    """Returns how often each Stripe invoice was e-mailed."""
    return Counter(str(mail["invoice"]) for mail in world.double.ledger(account_of(world))["mails"])


def change_in_dashboard(world: World, invoice: Invoice, **changes: Any) -> None:
    """Changes these fields of the draft in Stripe's dashboard."""
    account: Any = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.update(invoice.stripe_invoice_id or "", changes, account)  # type: ignore[arg-type]


def move_due_date(world: World, invoice: Invoice) -> None:
    change_in_dashboard(world, invoice, due_date=world.ports.clock.now() + 90 * DAY)


def assert_adds_up(world: World, batch: Batch) -> None:
    """Asserts that the statuses of the items match the counts of the batch, and that the counts add up to the
    total.
    """
    header = stored_batch(world, batch)
    shown_counts = Counter(header.shown(item) for item in items(world, batch))
    header_counts = {status: header.count(status) for status in ItemStatus if header.count(status)}
    assert shown_counts == header_counts
    assert sum(header_counts.values()) == header.total


def assert_all_mailed_once(world: World, batch: Batch) -> None:
    header = stored_batch(world, batch)
    assert (header.status, header.counts) == (BatchStatus.COMPLETED, {ItemStatus.SENT: batch.total})
    stripe_ids = [each["id"] for each in world.in_stripe(account_of(world))]
    assert mails(world) == Counter(stripe_ids)
    assert len(stripe_ids) == batch.total
    assert_adds_up(world, batch)


def test_each_draft_of_a_reviewed_batch_is_sent_once_and_its_timeline_names_the_sender(world: World) -> None:
    batch = drafted_batch(world)
    assert mails(world) == {}
    order = order_sending(world, batch)
    assert (order.status, order.count(ItemStatus.QUEUED)) == (BatchStatus.RUNNING, 4)
    world.work()
    assert_all_mailed_once(world, batch)
    entries = [entry for entry in timeline(invoice_of(world, batch, 0)) if entry.kind is EntryKind.SENT]
    assert [entry.actor for entry in entries] == [BOSS]


def test_payment_terms_count_from_the_day_of_sending(world: World) -> None:
    batch = drafted_batch(world, payment_terms="net_15")
    world.advance(10 * DAY)
    send_batch(world, batch)
    invoice = invoice_of(world, batch, 0)
    assert invoice.due_at is not None
    assert invoice.due_at - world.ports.clock.now() > 14 * DAY


def test_ordering_a_batch_to_be_sent_costs_one_write(world: World) -> None:
    batch = drafted_batch(world)
    calls = count_calls(world)
    order_sending(world, batch)
    assert calls.writes == ["batches.save"]


def test_drafts_that_the_office_must_review_are_held_back_and_the_other_drafts_are_sent(world: World) -> None:
    batch = drafted_batch(world)
    filter_line: Any = {"lines": [{"amount": 1000, "description": "Filter"}]}
    first = invoice_of(world, batch, 0)
    account: Any = {"stripe_account": first.stripe_account_id}
    world.client.v1.invoices.add_lines(first.stripe_invoice_id or "", filter_line, account)
    void_invoice(ORGANIZATION, invoice_of(world, batch, 1).id, OFFICE, world.ports)
    world.customer("cust_2", None)
    world.work()
    header = send_batch(world, batch)
    assert (header.status, header.counts) == (BatchStatus.COMPLETED, {ItemStatus.SENT: 1, ItemStatus.HELD_BACK: 3})
    held_back = [item.error for item in items(world, batch)[:3]]
    codes = [error and error.code for error in held_back]
    assert codes == ["total_differs", "draft_deleted", "customer_email_missing"]
    assert all(error and error.next_step for error in held_back)
    assert sum(mails(world).values()) == 1
    entries = [entry for entry in timeline(invoice_of(world, batch, 0)) if entry.kind is EntryKind.SEND_REFUSED]
    assert [entry.reason for entry in entries] == ["total_differs"]
    assert_adds_up(world, batch)


def test_a_held_back_draft_is_sent_with_the_next_order_once_its_problem_is_solved(world: World) -> None:
    batch = drafted_batch(world)
    world.customer("cust_2", None)
    assert send_batch(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    world.customer("cust_2", "found@example.test")
    world.work()
    again = order_sending(world, batch)
    assert (again.count(ItemStatus.QUEUED), again.count(ItemStatus.SENT)) == (1, 3)
    world.work()
    assert_all_mailed_once(world, batch)


def test_a_draft_that_was_sent_by_hand_counts_as_sent_and_is_not_mailed_again(world: World) -> None:
    batch = drafted_batch(world)
    send_invoice(ORGANIZATION, invoice_of(world, batch, 0).id, OFFICE, world.ports)
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_an_invoice_that_was_voided_after_it_was_sent_counts_as_sent(world: World) -> None:
    batch = drafted_batch(world)
    invoice = send_invoice(ORGANIZATION, invoice_of(world, batch, 0).id, OFFICE, world.ports)
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert send_batch(world, batch).counts == {ItemStatus.SENT: 4}


def test_a_finalized_invoice_that_was_voided_is_held_back_as_void(world: World) -> None:
    batch = drafted_batch(world)
    invoice = invoice_of(world, batch, 0)
    account: Any = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.finalize_invoice(invoice.stripe_invoice_id or "", {"auto_advance": False}, account)
    world.client.v1.invoices.void_invoice(invoice.stripe_invoice_id or "", None, account)
    world.deliver()
    assert send_batch(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    error = items(world, batch)[0].error
    assert error is not None
    assert error.code == "invoice_void"


def test_an_invoice_of_zero_is_finished_and_never_mailed(world: World) -> None:
    command = bill_all(1, send=False)
    free = tuple((customer_id, replace(service, unit_price=Decimal(0))) for customer_id, service in command.services)
    batch = bill_many(replace(command, services=free), world.ports)
    world.work()
    for _ in range(2):
        header = send_batch(world, batch)
        assert (header.status, header.counts) == (BatchStatus.COMPLETED, {ItemStatus.CREATED: 1})
    assert invoice_of(world, batch, 0).status is InvoiceStatus.PAID
    assert mails(world) == {}


# Drafts that the office has not reviewed


def test_a_draft_whose_due_date_changed_in_stripe_is_held_back_once_and_sent_with_the_next_order(
    world: World,
) -> None:
    batch = drafted_batch(world)
    move_due_date(world, invoice_of(world, batch, 0))
    assert send_batch(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    error = items(world, batch)[0].error
    assert error is not None
    assert error.code == "changed_in_stripe"
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_draft_that_changed_in_stripe_after_the_order_is_held_back(world: World) -> None:
    batch = drafted_batch(world)
    order_sending(world, batch)
    world.advance(5)
    move_due_date(world, invoice_of(world, batch, 0))
    second = invoice_of(world, batch, 1)
    account: Any = {"stripe_account": second.stripe_account_id}
    world.client.v1.invoices.finalize_invoice(second.stripe_invoice_id or "", {"auto_advance": False}, account)
    world.deliver()
    world.work()
    assert stored_batch(world, batch).counts == {ItemStatus.SENT: 2, ItemStatus.HELD_BACK: 2}
    assert [item.error and item.error.code for item in items(world, batch)[:2]] == ["changed_in_stripe"] * 2
    world.advance(5)
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_worker_killed_after_a_refusal_does_not_send_the_refused_draft(world: World) -> None:
    """Whatever was stored of the refusal, the office learns of the refusal only from the item."""
    batch = drafted_batch(world, 1)
    boundaries = _boundaries_of_a_refusal()
    assert len(boundaries) > 8
    for number in range(len(boundaries)):
        for after in (False, True):
            killed = world_with(1)
            batch = drafted_batch(killed, 1)
            move_due_date(killed, invoice_of(killed, batch, 0))
            order_sending(killed, batch)
            count_calls(killed, fatal=number, after=after)
            with suppress(ProcessKilled):
                killed.work()
            stop_counting(killed)
            _resume_until_completed(killed, batch)
            where = f"{'after' if after else 'before'} {number} {boundaries[number]}"
            assert stored_batch(killed, batch).counts == {ItemStatus.HELD_BACK: 1}, where
            assert mails(killed) == {}, where
            kinds = [entry.kind for entry in timeline(invoice_of(killed, batch, 0))]
            assert kinds.count(EntryKind.SEND_REFUSED) == 1, f"{where}: it was tried again"
            send_batch(killed, batch)
            assert_all_mailed_once(killed, batch)


def _boundaries_of_a_refusal() -> list[str]:
    world = world_with(1)
    batch = drafted_batch(world, 1)
    move_due_date(world, invoice_of(world, batch, 0))
    order_sending(world, batch)
    calls = count_calls(world)
    world.work()
    return calls.calls


def _resume_until_completed(world: World, batch: Batch) -> None:
    """Runs the schedule until the batch is completed. The schedule resumes stopped work, which may be refused, and
    sends lost messages again.
    """
    for _ in range(6):
        world.advance(LEASE + PAUSE + 301)
        for invoice in list(world.ports.database.invoices.values()):
            with suppress(Conflict, Refused):
                resume_invoice(ORGANIZATION, invoice.id, world.ports)
        with suppress(Conflict, Refused):
            world.resume()
        if stored_batch(world, batch).status is BatchStatus.COMPLETED:
            return
    raise AssertionError("the batch is never done")


def test_each_draft_is_mailed_once_wherever_a_worker_is_killed() -> None:
    def begin() -> tuple[World, Batch]:
        world = world_with(2)
        batch = drafted_batch(world, 2)
        order_sending(world, batch)
        return world, batch

    world, batch = begin()
    calls = count_calls(world)
    world.work()
    names = list(calls.calls)
    for number in range(len(names)):
        for after in (False, True):
            world, batch = begin()
            count_calls(world, fatal=number, after=after)
            with suppress(ProcessKilled):
                world.work()
            stop_counting(world)
            _resume_until_completed(world, batch)
            assert_all_mailed_once(world, batch)


@pytest.mark.parametrize("seed", range(4))
def test_each_draft_is_mailed_once_although_workers_die_and_messages_repeat(seed: int) -> None:
    company = Company(seed, latency=0.1)
    company.customers(20)
    batch = bill_many(bill_all(20, send=False), company.ports)
    company.play(lambda: company.is_completed(batch), idle=10)
    company.double.world.events.policy.never_generate = ()  # the events name the request that mailed an invoice
    send_drafts(ORGANIZATION, batch.id, BOSS, None, company.ports)
    company.play(lambda: company.is_completed(batch), risk=0.03, repeats=0.3, idle=10)
    assert company.deaths > 2
    assert_all_mailed_once(company, batch)


# Repeated and refused orders


def test_a_repeated_request_or_key_does_not_order_the_sending_again(world: World) -> None:
    batch = drafted_batch(world)
    world.customer("cust_2", None)
    first = order_sending(world, batch, "once")
    assert order_sending(world, batch) == first
    world.work()
    header = stored_batch(world, batch)
    assert order_sending(world, batch, "once") == header
    assert header.counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    assert order_sending(world, batch, "twice").round == header.round + 1


def test_sending_a_batch_without_drafts_changes_nothing(world: World) -> None:
    batch = bill_many(bill_all(4), world.ports)
    world.work()
    header = stored_batch(world, batch)
    assert header.counts == {ItemStatus.SENT: 4}
    assert order_sending(world, batch) == header
    assert world.ports.queues.sent == []


def test_a_batch_cannot_be_sent_while_its_drafts_are_being_created(world: World) -> None:
    batch = bill_many(bill_all(4, send=False), world.ports)
    with pytest.raises(Conflict, match="batch_running"):
        order_sending(world, batch)
    world.work()
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_an_order_is_refused_while_invoicing_is_paused_or_disconnected(world: World) -> None:
    batch = drafted_batch(world)
    freeze(ORGANIZATION, "kim@operations", "We look into two invoices.", world.ports)
    with pytest.raises(Conflict, match="invoicing_frozen"):
        order_sending(world, batch)
    unfreeze(ORGANIZATION, "ops", world.ports)
    world.double.revoke(account_of(world))
    world.deliver()
    with pytest.raises(Conflict, match="stripe_not_connected"):
        order_sending(world, batch)
    assert stored_batch(world, batch) == batch


def test_a_pause_of_invoicing_delays_the_sending_and_holds_no_draft_back(world: World) -> None:
    batch = drafted_batch(world)
    order_sending(world, batch)
    freeze(ORGANIZATION, "kim@operations", "We look into two invoices.", world.ports)
    world.work()
    resting = stored_batch(world, batch)
    assert (resting.status, resting.count(ItemStatus.QUEUED)) == (BatchStatus.RUNNING, 4)
    unfreeze(ORGANIZATION, "ops", world.ports)
    _resume_until_completed(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_disconnection_holds_back_the_remaining_drafts_until_the_company_reconnects(world: World) -> None:
    batch = drafted_batch(world)
    account = account_of(world)
    order_sending(world, batch)
    world.double.revoke(account)
    world.work()
    codes = {item.error.code for item in items(world, batch) if item.error}
    assert codes <= {"stripe_account_unreachable", "stripe_not_connected"}
    assert stored_batch(world, batch).counts == {ItemStatus.HELD_BACK: 4}
    world.connect(account=account)
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_hours_without_stripe_delay_the_sending_and_hold_no_draft_back() -> None:
    company = Company(latency=0.1)
    company.customers(20)
    batch = bill_many(bill_all(20, send=False), company.ports)
    company.play(lambda: company.is_completed(batch))
    company.double.order_fault("error_before", count=80, path="/v1/*", stored=True)
    send_drafts(ORGANIZATION, batch.id, BOSS, None, company.ports)
    company.play(lambda: company.is_completed(batch), hours=48, idle=30)
    assert_all_mailed_once(company, batch)


# Failures and cancellations


def test_failed_customers_are_retried_as_drafts_and_sent_with_the_next_order(world: World) -> None:
    world.customer("cust_3", None)
    world.work()
    batch = drafted_batch(world)
    assert batch.counts == {ItemStatus.CREATED: 3, ItemStatus.FAILED: 1}
    header = send_batch(world, batch)
    assert header.counts == {ItemStatus.SENT: 3, ItemStatus.FAILED: 1}
    assert_adds_up(world, batch)
    world.customer("cust_3", "found@example.test")
    retry_failures(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert stored_batch(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.CREATED: 1}
    assert sum(mails(world).values()) == 3
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_failures_are_not_retried_while_drafts_are_being_sent(world: World) -> None:
    world.customer("cust_3", None)
    world.work()
    batch = drafted_batch(world)
    order_sending(world, batch)
    with pytest.raises(Conflict, match="batch_running"):
        retry_failures(ORGANIZATION, batch.id, world.ports)


def _cancel_after(number: int, world: World, batch: Batch) -> Callable[[], None]:
    """Has the batch cancelled after this many decided items. Returns a function that removes the hook."""
    decide, batches, decisions = world.ports.batches.decide, world.ports.batches, list[str]()

    def counted_decide(*args: Any) -> Any:
        result = decide(*args)
        decisions.append("one")
        if len(decisions) == number:
            cancel(ORGANIZATION, batch.id, world.ports)
        return result

    batches.decide = counted_decide  # type: ignore[method-assign]

    def restore() -> None:
        batches.decide = decide  # type: ignore[method-assign]

    return restore


def test_cancelling_leaves_queued_items_as_drafts_that_can_be_sent_later(world: World) -> None:
    batch = drafted_batch(world)
    world.customer("cust_0", None)
    order_sending(world, batch)
    restore = _cancel_after(2, world, batch)
    world.work()
    restore()
    header = stored_batch(world, batch)
    assert header.status is BatchStatus.COMPLETED
    assert {status: header.count(status) for status in ItemStatus if header.count(status)} == {
        ItemStatus.HELD_BACK: 1,
        ItemStatus.SENT: 1,
        ItemStatus.CREATED: 2,
    }
    assert header.sending is not None
    assert header.sending.cancelled_at is not None
    assert_adds_up(world, batch)
    assert sum(mails(world).values()) == 1
    world.customer("cust_0", "found@example.test")
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_held_back_item_becomes_a_draft_again_if_its_next_order_is_cancelled(world: World) -> None:
    world.customer("cust_3", "gone@example.test")
    batch = drafted_batch(world)
    world.customer("cust_3", None)
    send_batch(world, batch)
    order_sending(world, batch)
    cancel(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert stored_batch(world, batch).count(ItemStatus.CREATED) == 1
    assert_adds_up(world, batch)


def test_a_batch_cancelled_during_creation_can_send_the_drafts_that_it_has(world: World) -> None:
    batch = bill_many(bill_all(4, send=False), world.ports)
    restore = _cancel_after(2, world, batch)
    world.work()
    restore()
    header = stored_batch(world, batch)
    assert (header.count(ItemStatus.CREATED), header.count(ItemStatus.CANCELLED)) == (2, 2)
    under_way = order_sending(world, batch)
    assert (under_way.status, under_way.count(ItemStatus.QUEUED)) == (BatchStatus.RUNNING, 2)
    assert_adds_up(world, batch)
    world.work()
    header_after = stored_batch(world, batch)
    assert (header_after.status, header_after.count(ItemStatus.SENT), header_after.count(ItemStatus.CANCELLED)) == (
        BatchStatus.CANCELLED,
        2,
        2,
    )
    assert_adds_up(world, batch)
    assert sum(mails(world).values()) == 2
    with pytest.raises(Conflict, match="batch_cancelled"):
        retry_failures(ORGANIZATION, batch.id, world.ports)
    assert cancel(ORGANIZATION, batch.id, world.ports) == header_after


def test_an_item_whose_retry_was_cancelled_stays_cancelled_when_drafts_are_sent(world: World) -> None:
    world.customer("cust_3", None)
    world.work()
    batch = drafted_batch(world)
    retry_failures(ORGANIZATION, batch.id, world.ports)
    cancel(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert stored_batch(world, batch).count(ItemStatus.CANCELLED) == 1
    send_batch(world, batch)
    assert (
        stored_batch(world, batch).count(ItemStatus.SENT),
        stored_batch(world, batch).count(ItemStatus.CANCELLED),
    ) == (3, 1)
    assert_adds_up(world, batch)


def test_a_cancelled_batch_takes_no_new_order_until_its_lanes_are_finished(world: World) -> None:
    batch = drafted_batch(world)
    order_sending(world, batch)
    header = cancel(ORGANIZATION, batch.id, world.ports)
    assert status_of(header, world.ports) is BatchStatus.CANCELLING
    with pytest.raises(Conflict, match="batch_running"):
        order_sending(world, batch)
    world.work()
    assert with_status(header, world.ports) == (stored_batch(world, batch), BatchStatus.COMPLETED)
    send_batch(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_cancellation_finishes_even_while_invoicing_is_paused(world: World) -> None:
    batch = drafted_batch(world)
    order_sending(world, batch)
    freeze(ORGANIZATION, "ops@example.test", "A customer was billed wrongly.", world.ports)
    header = cancel(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert status_of(header, world.ports) is BatchStatus.COMPLETED


def test_a_message_of_an_earlier_round_sends_no_draft(world: World) -> None:
    batch = bill_many(bill_all(4, send=False), world.ports)
    messages = [each for each in world.ports.queues.take() if isinstance(each, BatchJob)]
    for message in messages:
        work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, world.ports)
    world.work()
    order_sending(world, batch)
    world.ports.queues.take()
    for message in messages:
        work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, world.ports)
    assert mails(world) == {}
    assert stored_batch(world, batch).count(ItemStatus.QUEUED) == 4


def test_a_draft_that_another_request_is_sending_stays_queued(world: World) -> None:
    batch = drafted_batch(world, 1)
    world.double.order_fault("close_before", path="/v1/invoices/*/send", count=10)
    invoice = send_invoice(ORGANIZATION, invoice_of(world, batch, 0).id, OFFICE, world.ports)
    assert invoice.saga.running
    world.double.clear_faults()
    send_batch(world, batch)
    assert stored_batch(world, batch).count(ItemStatus.QUEUED) == 1
    _resume_until_completed(world, batch)
    assert_all_mailed_once(world, batch)


def test_the_items_of_a_batch_keep_the_order_of_the_request(world: World) -> None:
    batch = drafted_batch(world)
    send_batch(world, batch)
    assert [item.customer_id for item in items(world, batch)] == [CustomerId(f"cust_{n}") for n in range(4)]
