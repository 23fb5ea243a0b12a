"""Tests bulk billing: each customer is billed once in every failure, and the counts match the items."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from chalicelib.domain.batch import Batch, BatchStatus, ItemStatus
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.pacing import full_rate
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports import Ports
from chalicelib.ports.messages import BatchJob
from chalicelib.usecases.bulk.batch_work import CHUNK_ITEMS, LEASE, PAUSE, work_on_part
from chalicelib.usecases.bulk.batches import cancel, retry_failures
from chalicelib.usecases.bulk.bill_many import MAX_SERVICES, bill_many
from chalicelib.usecases.bulk.lanes import with_status
from tests.usecases.bulk.company import Company, bill_all, stored_batch, world_with
from tests.world import ORGANIZATION, World, line


@pytest.fixture
def company() -> World:
    return world_with(12)


def assert_billed_once(world: World, batch: Batch, *, invoices: int) -> None:
    """Asserts that each item has its own invoice, that each invoice was e-mailed once, and that the counts add up."""
    items = [item for (_, of, _), item in world.ports.database.batch_items.items() if of == batch.id]
    header = stored_batch(world, batch)
    assert Counter(item.status for item in items) == header.counts
    assert sum(header.counts.values()) == header.total == len(items)
    stored_invoices = world.ports.database.invoices.values()
    assert len(stored_invoices) == invoices
    assert {item.invoice_id for item in items if item.status is ItemStatus.SENT} == {
        each.id for each in stored_invoices
    }
    account = world.ports.connections.get(ORGANIZATION).account_id
    in_stripe = world.in_stripe(str(account))
    assert Counter(each["metadata"]["pom_invoice_id"] for each in in_stripe) == Counter(
        each.id for each in stored_invoices
    )
    mails = Counter(mail["invoice"] for mail in world.double.ledger(str(account))["mails"])
    assert mails == Counter(each["id"] for each in in_stripe)


@pytest.mark.parametrize("seed", range(6))
def test_each_customer_is_billed_once_although_workers_die_and_messages_repeat(seed: int) -> None:
    company = Company(seed, latency=0.1)
    company.customers(20)
    batch = bill_many(bill_all(20, services=2), company.ports)
    company.play(lambda: company.is_completed(batch), risk=0.02, repeats=0.3, idle=10)
    assert company.deaths > 2
    assert company.batch(batch).counts == {ItemStatus.SENT: 20}
    assert_billed_once(company, batch, invoices=20)


def test_hours_without_stripe_delay_the_batch_and_fail_no_item() -> None:
    company = Company(latency=0.1)
    company.customers(20)
    company.double.order_fault("error_before", count=80, path="/v1/*", stored=True)
    batch = bill_many(bill_all(20), company.ports)
    company.play(lambda: company.is_completed(batch), hours=48, idle=30)
    assert company.batch(batch).counts == {ItemStatus.SENT: 20}
    assert_billed_once(company, batch, invoices=20)


def test_a_customer_with_more_services_than_one_invoice_takes_gets_several_invoices(company: World) -> None:
    command = bill_all(1, services=501)
    batch = bill_many(command, company.ports)
    assert batch.total == 3
    company.work()
    items = company.ports.batches.items_at(batch, range(3))
    lines = [len(company.ports.database.invoices[ORGANIZATION, item.invoice_id].order.line_items) for item in items]  # type: ignore[index]
    assert lines == [250, 250, 1]
    assert_billed_once(company, batch, invoices=3)
    assert bill_many(command, company.ports).id == batch.id
    company.work()
    assert len(company.ports.database.invoices) == 3


def test_an_already_billed_service_fails_only_its_customer_and_the_error_names_the_invoice(company: World) -> None:
    before = company.invoice("monthly_1_0", customer_id="cust_1")
    batch = bill_many(bill_all(3), company.ports)
    company.work()
    [failed_item] = [item for item in company.ports.batches.items_at(batch, range(3)) if item.error]
    assert (failed_item.customer_id, failed_item.error and failed_item.error.code) == (
        "cust_1",
        "service_already_billed",
    )
    assert before.id in str(failed_item.error)
    assert stored_batch(company, batch).counts == {ItemStatus.SENT: 2, ItemStatus.FAILED: 1}


def test_customers_that_cannot_be_billed_fail_alone_and_are_billed_by_a_retry(company: World) -> None:
    company.customer("cust_1", None)
    batch = bill_many(bill_all(13), company.ports)
    company.work()
    items = company.ports.batches.items_at(batch, range(13))
    errors = {item.customer_id: item.error.code for item in items if item.error}
    assert errors == {"cust_1": "customer_email_missing", "cust_12": "customer_not_found"}
    company.customer("cust_1", "found@example.test")
    again = retry_failures(ORGANIZATION, batch.id, company.ports)
    assert (again.status, again.count(ItemStatus.QUEUED), again.count(ItemStatus.SENT)) == (
        BatchStatus.RUNNING,
        2,
        11,
    )
    company.work()
    assert stored_batch(company, batch).counts == {ItemStatus.SENT: 12, ItemStatus.FAILED: 1}
    company.customer("cust_12", "new@example.test")
    retry_failures(ORGANIZATION, batch.id, company.ports)
    company.work()
    assert_billed_once(company, batch, invoices=13)


def test_a_retry_during_a_running_batch_bills_no_customer_twice(company: World) -> None:
    company.customer("cust_0", None)
    batch = bill_many(bill_all(12), company.ports)
    messages = [each for each in company.ports.queues.take() if isinstance(each, BatchJob)]
    for message in messages[:6]:
        work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, company.ports)
    company.customer("cust_0", "found@example.test")
    retry_failures(ORGANIZATION, batch.id, company.ports)
    company.work()
    for message in messages:  # messages of finished turns
        work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, company.ports)
    assert company.ports.queues.sent == []
    assert_billed_once(company, batch, invoices=12)


def test_a_cancelled_batch_stops_between_two_invoices(company: World) -> None:
    batch = bill_many(bill_all(12), company.ports)
    [first, *_] = [each for each in company.ports.queues.take() if isinstance(each, BatchJob)]
    settings_reads: list[str] = []

    statuses: list[tuple[BatchStatus, int]] = []

    class CancellingPorts:
        """Ports that cancel the batch while the first invoice is being created."""

        def __getattr__(self, name: str) -> object:
            if name == "settings" and not settings_reads:
                settings_reads.append("one")
                header_after_cancel, status = with_status(
                    cancel(ORGANIZATION, batch.id, company.ports), company.ports
                )
                statuses.append((status, header_after_cancel.count(ItemStatus.CANCELLED)))
            return getattr(company.ports, name)

    work_on_part(first.organization_id, first.batch_id, first.lane, first.turn, CancellingPorts())  # type: ignore[arg-type]
    company.work()
    company.advance(LEASE + 1)
    company.resume()
    header = stored_batch(company, batch)
    assert statuses == [(BatchStatus.CANCELLING, 12)], "the counts still change"
    assert with_status(header, company.ports) == (header, BatchStatus.CANCELLED)
    assert (header.count(ItemStatus.SENT), header.count(ItemStatus.CANCELLED)) == (1, 11)
    assert header.count(ItemStatus.QUEUED) == 0
    assert len(company.ports.database.invoices) == 1
    with pytest.raises(Conflict, match="batch_cancelled"):
        retry_failures(ORGANIZATION, batch.id, company.ports)
    assert cancel(ORGANIZATION, batch.id, company.ports) == header


def test_a_batch_that_does_not_send_leaves_drafts_for_review(company: World) -> None:
    batch = bill_many(bill_all(3, send=False), company.ports)
    company.work()
    assert stored_batch(company, batch).counts == {ItemStatus.CREATED: 3}
    assert {each.status for each in company.ports.database.invoices.values()} == {InvoiceStatus.DRAFT}


def test_a_job_that_ends_early_queues_the_remaining_items(company: World) -> None:
    lanes = 10
    count = lanes * CHUNK_ITEMS + 1
    for number in range(12, count):
        company.customer(f"cust_{number}", None)
    batch = bill_many(bill_all(count), company.ports)
    messages = company.ports.queues.take()
    for message in messages:
        if isinstance(message, BatchJob):
            work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, company.ports)
    assert stored_batch(company, batch).open >= 1
    next_messages = [each for each in company.ports.queues.sent if isinstance(each, BatchJob)]
    assert next_messages
    assert {each.turn for each in next_messages} == {2}
    company.work()
    assert stored_batch(company, batch).status is BatchStatus.COMPLETED


def test_a_throttled_request_is_repeated_and_fails_no_item(company: World) -> None:
    company.double.order_fault("rate_limit", count=3, method="POST", path="/v1/invoices")
    batch = bill_many(bill_all(1), company.ports)
    company.work()
    assert stored_batch(company, batch).counts == {ItemStatus.SENT: 1}
    pace = company.ports.batches.pace(ORGANIZATION, 0)
    assert pace is not None
    assert pace.rate == int(full_rate(livemode=False) * 0.8**3)  # stored for the next batch


def test_a_lost_message_is_sent_again(company: World) -> None:
    batch = bill_many(bill_all(12), company.ports)
    company.ports.queues.take()
    company.resume()
    assert stored_batch(company, batch).open == 12  # the message may still arrive
    company.advance(LEASE + PAUSE)
    company.resume()
    assert_billed_once(company, batch, invoices=12)
    assert company.ports.batches.due_parts(company.ports.clock.now() + 10**6, 10) == []


def test_an_interrupted_request_starts_no_work_until_it_is_repeated(company: World) -> None:
    command = bill_all(12)
    failing: Ports = _FailingPorts(company.ports)  # type: ignore[assignment]
    with pytest.raises(RuntimeError):
        bill_many(command, failing)
    [storing] = company.ports.database.batches.values()
    assert storing.status is BatchStatus.STORING
    company.advance(10_000)
    company.resume()
    assert company.ports.database.invoices == {}
    batch = bill_many(command, company.ports)
    company.work()
    assert_billed_once(company, batch, invoices=12)


class _FailingPorts:
    """Ports whose database fails after the first five items have been stored."""

    def __init__(self, ports: Ports) -> None:
        self._ports, self.batches = ports, self
        self._real = ports.batches

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name) if hasattr(self._real, name) else getattr(self._ports, name)

    def add_items(self, batch: Batch, items: list[object]) -> None:
        self._real.add_items(batch, items[:5])  # type: ignore[arg-type]
        raise RuntimeError("gone")


def test_a_disconnection_fails_the_remaining_items_and_a_retry_after_reconnecting_bills_them(company: World) -> None:
    account = str(company.ports.connections.get(ORGANIZATION).account_id)
    batch = bill_many(bill_all(12), company.ports)
    company.double.revoke(account)
    company.work()
    codes = {item.error.code for item in company.ports.batches.items_at(batch, range(12)) if item.error}
    assert codes <= {"stripe_account_unreachable", "stripe_not_connected"}
    assert stored_batch(company, batch).counts == {ItemStatus.FAILED: 12}
    company.connect(account=account)
    retry_failures(ORGANIZATION, batch.id, company.ports)
    company.work()
    assert_billed_once(company, batch, invoices=12)


def test_a_batch_with_more_services_than_the_documented_limit_is_refused(company: World) -> None:
    services = tuple((CustomerId("cust_0"), line(f"svc_{n}", "0.01")) for n in range(MAX_SERVICES + 1))
    with pytest.raises(Refused, match="services_too_many"):
        bill_many(replace(bill_all(1), services=services), company.ports)
