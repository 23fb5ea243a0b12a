"""A batch of drafts is reviewed and then sent: each draft once, and none that the office has to look at first."""

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
from tests.usecases.bulk.company import Company, bill_all
from tests.world import OFFICE, ORGANIZATION, World

BOSS = UserId("user_boss")
DAY = 86_400


def world_with(customers: int) -> World:
    """Returns a connected company whose customers cust_0, cust_1 and so on are known to POM and to Stripe."""
    world = World()
    world.connect()
    for number in range(customers):
        world.customer(f"cust_{number}", f"owner{number}@example.test")
    world.work()
    return world


@pytest.fixture
def world() -> World:
    return world_with(4)


def drafted(world: World, number: int = 4, **terms: Any) -> Batch:
    """Returns a batch of that many drafts, all of them made and told of by Stripe."""
    batch = bill_many(bill_all(number, send=False, **terms), world.ports)
    world.work()
    world.deliver()
    world.work()
    return now(world, batch)


def ordered(world: World, batch: Batch, key: str | None = None) -> Batch:
    return send_drafts(ORGANIZATION, batch.id, BOSS, key, world.ports)


def sent(world: World, batch: Batch) -> Batch:
    """Has the batch sent, and returns it when the workers have done what they can."""
    ordered(world, batch)
    world.work()
    return now(world, batch)


def now(world: World, batch: Batch) -> Batch:
    found = world.ports.batches.get(ORGANIZATION, batch.id)
    assert found is not None
    return found


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


def in_dashboard(world: World, invoice: Invoice, **changes: Any) -> None:
    """Somebody changes these fields of the draft in Stripe's dashboard."""
    account: Any = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.update(invoice.stripe_invoice_id or "", changes, account)  # type: ignore[arg-type]


def due_later(world: World, invoice: Invoice) -> None:
    in_dashboard(world, invoice, due_date=world.ports.clock.now() + 90 * DAY)


def assert_adds_up(world: World, batch: Batch) -> None:
    """What is shown of the items is what is counted, and together they are all."""
    header = now(world, batch)
    shown = Counter(header.shown(item) for item in items(world, batch))
    counted = {status: header.count(status) for status in ItemStatus if header.count(status)}
    assert shown == counted
    assert sum(counted.values()) == header.total


def assert_all_mailed_once(world: World, batch: Batch) -> None:
    header = now(world, batch)
    assert (header.status, header.counts) == (BatchStatus.COMPLETED, {ItemStatus.SENT: batch.total})
    stripe_ids = [each["id"] for each in world.in_stripe(account_of(world))]
    assert mails(world) == Counter(stripe_ids)
    assert len(stripe_ids) == batch.total
    assert_adds_up(world, batch)


def test_every_draft_of_a_reviewed_batch_is_sent_once_as_the_person_who_ordered_it(world: World) -> None:
    batch = drafted(world)
    assert mails(world) == {}
    order = ordered(world, batch)
    assert (order.status, order.count(ItemStatus.QUEUED)) == (BatchStatus.RUNNING, 4)
    world.work()
    assert_all_mailed_once(world, batch)
    told = [entry for entry in timeline(invoice_of(world, batch, 0)) if entry.kind is EntryKind.SENT]
    assert [entry.actor for entry in told] == [BOSS]


def test_terms_count_from_the_day_on_which_the_batch_is_sent(world: World) -> None:
    batch = drafted(world, payment_terms="net_15")
    world.advance(10 * DAY)
    sent(world, batch)
    invoice = invoice_of(world, batch, 0)
    assert invoice.due_at is not None
    assert invoice.due_at - world.ports.clock.now() > 14 * DAY


def test_an_order_is_one_write_however_many_drafts_there_are(world: World) -> None:
    batch = drafted(world)
    calls = count_calls(world)
    ordered(world, batch)
    assert calls.writes == ["batches.save"]


def test_what_the_office_has_to_look_at_is_held_back_and_the_rest_is_sent(world: World) -> None:
    batch = drafted(world)
    added: Any = {"lines": [{"amount": 1000, "description": "Filter"}]}
    first = invoice_of(world, batch, 0)
    account: Any = {"stripe_account": first.stripe_account_id}
    world.client.v1.invoices.add_lines(first.stripe_invoice_id or "", added, account)
    void_invoice(ORGANIZATION, invoice_of(world, batch, 1).id, OFFICE, world.ports)
    world.customer("cust_2", None)
    world.work()
    done = sent(world, batch)
    assert (done.status, done.counts) == (BatchStatus.COMPLETED, {ItemStatus.SENT: 1, ItemStatus.HELD_BACK: 3})
    held_back = [item.error for item in items(world, batch)[:3]]
    codes = [error and error.code for error in held_back]
    assert codes == ["total_differs", "draft_deleted", "customer_email_missing"]
    assert all(error and error.next_step for error in held_back)
    assert sum(mails(world).values()) == 1
    told = [entry for entry in timeline(invoice_of(world, batch, 0)) if entry.kind is EntryKind.SEND_REFUSED]
    assert [entry.reason for entry in told] == ["total_differs"]
    assert_adds_up(world, batch)


def test_what_was_held_back_is_sent_with_the_next_order_if_it_can_be_then(world: World) -> None:
    batch = drafted(world)
    world.customer("cust_2", None)
    assert sent(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    world.customer("cust_2", "found@example.test")
    world.work()
    again = ordered(world, batch)
    assert (again.count(ItemStatus.QUEUED), again.count(ItemStatus.SENT)) == (1, 3)
    world.work()
    assert_all_mailed_once(world, batch)


def test_a_draft_that_somebody_sent_by_hand_meanwhile_is_sent_and_not_mailed_again(world: World) -> None:
    batch = drafted(world)
    send_invoice(ORGANIZATION, invoice_of(world, batch, 0).id, OFFICE, world.ports)
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_an_invoice_that_was_voided_after_it_was_sent_counts_as_sent(world: World) -> None:
    batch = drafted(world)
    invoice = send_invoice(ORGANIZATION, invoice_of(world, batch, 0).id, OFFICE, world.ports)
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sent(world, batch).counts == {ItemStatus.SENT: 4}


def test_a_finalized_invoice_that_was_voided_is_held_back_as_void(world: World) -> None:
    batch = drafted(world)
    invoice = invoice_of(world, batch, 0)
    account: Any = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.finalize_invoice(invoice.stripe_invoice_id or "", {"auto_advance": False}, account)
    world.client.v1.invoices.void_invoice(invoice.stripe_invoice_id or "", None, account)
    world.deliver()
    assert sent(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    error = items(world, batch)[0].error
    assert error is not None
    assert error.code == "invoice_void"


def test_an_invoice_over_nothing_is_finished_and_never_mailed(world: World) -> None:
    command = bill_all(1, send=False)
    free = tuple((who, replace(service, unit_price=Decimal(0))) for who, service in command.services)
    batch = bill_many(replace(command, services=free), world.ports)
    world.work()
    for _ in range(2):
        done = sent(world, batch)
        assert (done.status, done.counts) == (BatchStatus.COMPLETED, {ItemStatus.CREATED: 1})
    assert invoice_of(world, batch, 0).status is InvoiceStatus.PAID
    assert mails(world) == {}


# Nothing is sent that nobody has seen


def test_a_due_date_that_was_moved_in_stripe_is_held_back_once_and_sent_when_asked_again(world: World) -> None:
    batch = drafted(world)
    due_later(world, invoice_of(world, batch, 0))
    assert sent(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    error = items(world, batch)[0].error
    assert error is not None
    assert error.code == "changed_in_stripe"
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_change_of_which_pom_hears_between_order_and_turn_is_held_back_too(world: World) -> None:
    batch = drafted(world)
    ordered(world, batch)
    world.advance(5)
    due_later(world, invoice_of(world, batch, 0))
    second = invoice_of(world, batch, 1)
    account: Any = {"stripe_account": second.stripe_account_id}
    world.client.v1.invoices.finalize_invoice(second.stripe_invoice_id or "", {"auto_advance": False}, account)
    world.deliver()
    world.work()
    assert now(world, batch).counts == {ItemStatus.SENT: 2, ItemStatus.HELD_BACK: 2}
    assert [item.error and item.error.code for item in items(world, batch)[:2]] == ["changed_in_stripe"] * 2
    world.advance(5)
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_worker_killed_after_a_refusal_does_not_send_what_was_refused(world: World) -> None:
    """Whatever was stored of the refusal, the office has not heard of it before the item says so."""
    batch = drafted(world, 1)
    boundaries = _boundaries_of_a_refusal()
    assert len(boundaries) > 8
    for number in range(len(boundaries)):
        for after in (False, True):
            killed = world_with(1)
            batch = drafted(killed, 1)
            due_later(killed, invoice_of(killed, batch, 0))
            ordered(killed, batch)
            count_calls(killed, fatal=number, after=after)
            with suppress(ProcessKilled):
                killed.work()
            stop_counting(killed)
            _until_done(killed, batch)
            where = f"{'after' if after else 'before'} {number} {boundaries[number]}"
            assert now(killed, batch).counts == {ItemStatus.HELD_BACK: 1}, where
            assert mails(killed) == {}, where
            told = [entry.kind for entry in timeline(invoice_of(killed, batch, 0))]
            assert told.count(EntryKind.SEND_REFUSED) == 1, f"{where}: it was tried again"
            sent(killed, batch)
            assert_all_mailed_once(killed, batch)


def _boundaries_of_a_refusal() -> list[str]:
    world = world_with(1)
    batch = drafted(world, 1)
    due_later(world, invoice_of(world, batch, 0))
    ordered(world, batch)
    calls = count_calls(world)
    world.work()
    return calls.calls


def _until_done(world: World, batch: Batch) -> None:
    """The schedule takes up what stands still, which may refuse it, and sends lost messages again."""
    for _ in range(6):
        world.advance(LEASE + PAUSE + 301)
        for invoice in list(world.ports.database.invoices.values()):
            with suppress(Conflict, Refused):
                resume_invoice(ORGANIZATION, invoice.id, world.ports)
        with suppress(Conflict, Refused):
            world.resume()
        if now(world, batch).status is BatchStatus.COMPLETED:
            return
    raise AssertionError("the batch is never done")


def test_a_worker_killed_anywhere_mails_each_draft_once() -> None:
    def begun() -> tuple[World, Batch]:
        world = world_with(2)
        batch = drafted(world, 2)
        ordered(world, batch)
        return world, batch

    world, batch = begun()
    calls = count_calls(world)
    world.work()
    names = list(calls.calls)
    for number in range(len(names)):
        for after in (False, True):
            world, batch = begun()
            count_calls(world, fatal=number, after=after)
            with suppress(ProcessKilled):
                world.work()
            stop_counting(world)
            _until_done(world, batch)
            assert_all_mailed_once(world, batch)


@pytest.mark.parametrize("seed", range(4))
def test_workers_that_die_anywhere_and_messages_that_come_twice_mail_each_draft_once(seed: int) -> None:
    company = Company(seed, latency=0.1)
    company.customers(20)
    batch = bill_many(bill_all(20, send=False), company.ports)
    company.play(lambda: company.completed(batch), idle=10)
    company.double.world.events.policy.never_generate = ()  # they tell POM whose request mailed an invoice
    send_drafts(ORGANIZATION, batch.id, BOSS, None, company.ports)
    company.play(lambda: company.completed(batch), risk=0.03, repeats=0.3, idle=10)
    assert company.deaths > 2
    assert_all_mailed_once(company, batch)


# Orders, repeated and refused


def test_asking_again_while_it_is_sent_or_with_the_same_key_orders_nothing_anew(world: World) -> None:
    batch = drafted(world)
    world.customer("cust_2", None)
    first = ordered(world, batch, "once")
    assert ordered(world, batch) == first
    world.work()
    done = now(world, batch)
    assert ordered(world, batch, "once") == done
    assert done.counts == {ItemStatus.SENT: 3, ItemStatus.HELD_BACK: 1}
    assert ordered(world, batch, "twice").round == done.round + 1


def test_a_batch_without_drafts_stays_as_it_is(world: World) -> None:
    batch = bill_many(bill_all(4), world.ports)
    world.work()
    done = now(world, batch)
    assert done.counts == {ItemStatus.SENT: 4}
    assert ordered(world, batch) == done
    assert world.ports.queues.sent == []


def test_a_batch_whose_drafts_are_still_being_made_cannot_be_sent_yet(world: World) -> None:
    batch = bill_many(bill_all(4, send=False), world.ports)
    with pytest.raises(Conflict, match="batch_running"):
        ordered(world, batch)
    world.work()
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_an_order_that_cannot_be_carried_out_now_is_refused_and_changes_nothing(world: World) -> None:
    batch = drafted(world)
    freeze(ORGANIZATION, "kim@operations", "We look into two invoices.", world.ports)
    with pytest.raises(Conflict, match="invoicing_frozen"):
        ordered(world, batch)
    unfreeze(ORGANIZATION, "ops", world.ports)
    world.double.revoke(account_of(world))
    world.deliver()
    with pytest.raises(Conflict, match="stripe_not_connected"):
        ordered(world, batch)
    assert now(world, batch) == batch


def test_a_pause_lets_the_sending_rest_and_holds_nothing_back(world: World) -> None:
    batch = drafted(world)
    ordered(world, batch)
    freeze(ORGANIZATION, "kim@operations", "We look into two invoices.", world.ports)
    world.work()
    resting = now(world, batch)
    assert (resting.status, resting.count(ItemStatus.QUEUED)) == (BatchStatus.RUNNING, 4)
    unfreeze(ORGANIZATION, "ops", world.ports)
    _until_done(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_disconnection_holds_back_what_is_left_and_a_reconnection_lets_it_be_sent(world: World) -> None:
    batch = drafted(world)
    account = account_of(world)
    ordered(world, batch)
    world.double.revoke(account)
    world.work()
    codes = {item.error.code for item in items(world, batch) if item.error}
    assert codes <= {"stripe_account_unreachable", "stripe_not_connected"}
    assert now(world, batch).counts == {ItemStatus.HELD_BACK: 4}
    world.connect(account=account)
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_stripe_down_for_hours_delays_the_sending_and_holds_nothing_back() -> None:
    company = Company(latency=0.1)
    company.customers(20)
    batch = bill_many(bill_all(20, send=False), company.ports)
    company.play(lambda: company.completed(batch))
    company.double.order_fault("error_before", count=80, path="/v1/*", stored=True)
    send_drafts(ORGANIZATION, batch.id, BOSS, None, company.ports)
    company.play(lambda: company.completed(batch), hours=48, idle=30)
    assert_all_mailed_once(company, batch)


# Failures, and what is cancelled


def test_customers_that_failed_are_retried_as_drafts_and_sent_with_the_next_order(world: World) -> None:
    world.customer("cust_3", None)
    world.work()
    batch = drafted(world)
    assert batch.counts == {ItemStatus.CREATED: 3, ItemStatus.FAILED: 1}
    done = sent(world, batch)
    assert done.counts == {ItemStatus.SENT: 3, ItemStatus.FAILED: 1}
    assert_adds_up(world, batch)
    world.customer("cust_3", "found@example.test")
    retry_failures(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert now(world, batch).counts == {ItemStatus.SENT: 3, ItemStatus.CREATED: 1}
    assert sum(mails(world).values()) == 3
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_failures_are_not_retried_while_drafts_are_being_sent(world: World) -> None:
    world.customer("cust_3", None)
    world.work()
    batch = drafted(world)
    ordered(world, batch)
    with pytest.raises(Conflict, match="batch_running"):
        retry_failures(ORGANIZATION, batch.id, world.ports)


def _cancelling_after(number: int, world: World, batch: Batch) -> Callable[[], None]:
    """Lets the workers go on until so many items are decided, and cancels the batch then."""
    decide, batches, decided = world.ports.batches.decide, world.ports.batches, list[str]()

    def decides(*args: Any) -> Any:
        answer = decide(*args)
        decided.append("one")
        if len(decided) == number:
            cancel(ORGANIZATION, batch.id, world.ports)
        return answer

    batches.decide = decides  # type: ignore[method-assign]

    def restored() -> None:
        batches.decide = decide  # type: ignore[method-assign]

    return restored


def test_cancelling_leaves_what_is_queued_as_drafts_that_can_be_sent_later(world: World) -> None:
    batch = drafted(world)
    world.customer("cust_0", None)
    ordered(world, batch)
    restored = _cancelling_after(2, world, batch)
    world.work()
    restored()
    stopped = now(world, batch)
    assert stopped.status is BatchStatus.COMPLETED
    assert {status: stopped.count(status) for status in ItemStatus if stopped.count(status)} == {
        ItemStatus.HELD_BACK: 1,
        ItemStatus.SENT: 1,
        ItemStatus.CREATED: 2,
    }
    assert stopped.sending is not None
    assert stopped.sending.cancelled_at is not None
    assert_adds_up(world, batch)
    assert sum(mails(world).values()) == 1
    world.customer("cust_0", "found@example.test")
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_what_was_held_back_is_a_draft_again_if_its_next_order_is_cancelled(world: World) -> None:
    world.customer("cust_3", "gone@example.test")
    batch = drafted(world)
    world.customer("cust_3", None)
    sent(world, batch)
    ordered(world, batch)
    cancel(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert now(world, batch).count(ItemStatus.CREATED) == 1
    assert_adds_up(world, batch)


def test_a_batch_that_was_cancelled_while_it_was_made_sends_the_drafts_that_it_has(world: World) -> None:
    batch = bill_many(bill_all(4, send=False), world.ports)
    restored = _cancelling_after(2, world, batch)
    world.work()
    restored()
    cancelled = now(world, batch)
    assert (cancelled.count(ItemStatus.CREATED), cancelled.count(ItemStatus.CANCELLED)) == (2, 2)
    under_way = ordered(world, batch)
    assert (under_way.status, under_way.count(ItemStatus.QUEUED)) == (BatchStatus.RUNNING, 2)
    assert_adds_up(world, batch)
    world.work()
    done = now(world, batch)
    assert (done.status, done.count(ItemStatus.SENT), done.count(ItemStatus.CANCELLED)) == (
        BatchStatus.CANCELLED,
        2,
        2,
    )
    assert_adds_up(world, batch)
    assert sum(mails(world).values()) == 2
    with pytest.raises(Conflict, match="batch_cancelled"):
        retry_failures(ORGANIZATION, batch.id, world.ports)
    assert cancel(ORGANIZATION, batch.id, world.ports) == done


def test_a_failure_whose_retry_was_cancelled_stays_cancelled_while_drafts_are_sent(world: World) -> None:
    world.customer("cust_3", None)
    world.work()
    batch = drafted(world)
    retry_failures(ORGANIZATION, batch.id, world.ports)
    cancel(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert now(world, batch).count(ItemStatus.CANCELLED) == 1
    sent(world, batch)
    assert (now(world, batch).count(ItemStatus.SENT), now(world, batch).count(ItemStatus.CANCELLED)) == (3, 1)
    assert_adds_up(world, batch)


def test_after_a_cancellation_nothing_is_ordered_before_the_lanes_are_at_rest(world: World) -> None:
    batch = drafted(world)
    ordered(world, batch)
    cancelled = cancel(ORGANIZATION, batch.id, world.ports)
    assert status_of(cancelled, world.ports) is BatchStatus.CANCELLING
    with pytest.raises(Conflict, match="batch_running"):
        ordered(world, batch)
    world.work()
    assert with_status(cancelled, world.ports) == (now(world, batch), BatchStatus.COMPLETED)
    sent(world, batch)
    assert_all_mailed_once(world, batch)


def test_a_cancellation_is_over_also_while_invoicing_is_paused(world: World) -> None:
    batch = drafted(world)
    ordered(world, batch)
    freeze(ORGANIZATION, "ops@example.test", "A customer was billed wrongly.", world.ports)
    cancelled = cancel(ORGANIZATION, batch.id, world.ports)
    world.work()
    assert status_of(cancelled, world.ports) is BatchStatus.COMPLETED


def test_a_message_of_an_earlier_round_sends_nothing(world: World) -> None:
    batch = bill_many(bill_all(4, send=False), world.ports)
    messages = [each for each in world.ports.queues.take() if isinstance(each, BatchJob)]
    for message in messages:
        work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, world.ports)
    world.work()
    ordered(world, batch)
    world.ports.queues.take()
    for message in messages:
        work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, world.ports)
    assert mails(world) == {}
    assert now(world, batch).count(ItemStatus.QUEUED) == 4


def test_a_draft_that_somebody_is_at_work_on_waits_for_its_turn(world: World) -> None:
    batch = drafted(world, 1)
    world.double.order_fault("close_before", path="/v1/invoices/*/send", count=10)
    invoice = send_invoice(ORGANIZATION, invoice_of(world, batch, 0).id, OFFICE, world.ports)
    assert invoice.saga.running
    world.double.clear_faults()
    sent(world, batch)
    assert now(world, batch).count(ItemStatus.QUEUED) == 1
    _until_done(world, batch)
    assert_all_mailed_once(world, batch)


def test_the_customers_of_a_batch_stay_as_they_were_ordered(world: World) -> None:
    batch = drafted(world)
    sent(world, batch)
    assert [item.customer_id for item in items(world, batch)] == [CustomerId(f"cust_{n}") for n in range(4)]
