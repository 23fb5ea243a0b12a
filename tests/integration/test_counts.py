"""The request budgets, counted through the real stores: requests to DynamoDB, and calls to Stripe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payout import PayoutFilter
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.customers.customers import sync_again
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.invoicing.invoice_lists import list_invoices
from chalicelib.usecases.invoicing.invoices import get_invoice
from chalicelib.usecases.invoicing.records import list_movements
from chalicelib.usecases.payouts.show_deposits import deposited, deposits_of_invoice
from chalicelib.usecases.payouts.show_payouts import list_payouts, show_payout
from tests.backends import requests_to_dynamodb
from tests.world import ORGANIZATION, World

GET, QUERY, BATCH, TRANSACTION = "GetItem", "Query", "BatchGetItem", "TransactWriteItems"
PUT, UPDATE_ITEM, BATCH_WRITE = "PutItem", "UpdateItem", "BatchWriteItem"
READS = {GET, QUERY, BATCH}


def account_of(world: World) -> str:
    return str(world.account_id)  # type: ignore[attr-defined]


def result_and_counts(world: World, do: Callable[[], Any]) -> tuple[Any, list[str], dict[str, int]]:
    """Returns the result of a function, its requests to DynamoDB and its calls to Stripe."""
    world.double.api.log.reset()
    with requests_to_dynamodb() as requests:
        result = do()
    return result, list(requests), world.stripe_calls()


def webhooks(world: World) -> list[tuple[str, EventOutcome, list[str]]]:
    """Delivers the pending webhooks one by one, and returns the type, the outcome and the DynamoDB requests of each.

    Fails if one of them calls Stripe.
    """
    deliveries = []
    while True:
        entry, requests, calls = result_and_counts(world, world.double.step)
        if entry is None:
            return deliveries
        assert (entry["outcome"], calls) == ("delivered", {})
        deliveries.append((entry["type"], world.receipts[-1].outcome, requests))


def pay(world: World, invoice: Invoice, method: str = "pm_card_visa") -> None:
    world.double.pay(account_of(world), invoice.stripe_invoice_id, method)


def reads(event_type: str) -> list[str]:
    """Returns the reads of an event. An invoice's event has our ids, so it takes fewer reads than a payment's."""
    return [GET] if event_type.startswith("invoice.") else [BATCH, GET]


def test_a_webhook_with_news_is_one_transaction_and_any_other_is_one_put(world: World) -> None:
    invoice = world.invoice("svc_1")
    pay(world, invoice, "pm_card_chargeDeclinedInsufficientFunds")
    pay(world, invoice)
    charge = next(each for each in world.in_stripe(account_of(world), "charge") if each["paid"])
    world.client.v1.refunds.create({"charge": charge["id"]}, {"stripe_account": account_of(world)})
    world.double.open_dispute(account_of(world), charge["id"])

    deliveries = webhooks(world)

    nothing = (EventOutcome.IGNORED, EventOutcome.FOREIGN)
    ours = [each for each in deliveries if each[1] not in nothing and not each[0].startswith("customer.")]
    kinds = {kind.split(".")[0] for kind, _, _ in ours}
    assert {"invoice", "invoice_payment", "payment_intent", "charge", "refund"} <= kinds
    assert {outcome for _, outcome, _ in ours} == {EventOutcome.APPLIED, EventOutcome.NO_CHANGE}
    for kind, outcome, requests in ours:
        write = TRANSACTION if outcome is EventOutcome.APPLIED else PUT
        assert requests == [*reads(kind), write], (kind, outcome)


def test_a_duplicate_is_counted_on_its_marker_and_writes_nothing_else(world: World) -> None:
    invoice = world.invoice("svc_1")
    pay(world, invoice)
    first = webhooks(world)
    for event in world.double.events(account_of(world)):
        world.double.resend(account_of(world), event["id"])

    again = [each for each in webhooks(world) if each[1] is not EventOutcome.IGNORED]

    changing_kinds = {kind for kind, outcome, _ in first if outcome in (EventOutcome.APPLIED, EventOutcome.NO_CHANGE)}
    assert changing_kinds <= {kind for kind, _, _ in again}
    for kind, outcome, requests in again:
        if kind in changing_kinds:
            assert outcome is EventOutcome.DUPLICATE, kind
            # The put is refused by the marker that is there.
            assert requests[-2:] == [PUT, UPDATE_ITEM], kind
            assert kind.startswith("customer.") or requests[:-2] == reads(kind), kind
        else:
            assert set(requests) <= READS, (kind, outcome)


def test_unmatched_events_take_at_most_one_read(world: World) -> None:
    account = account_of(world)
    options: Any = {"stripe_account": account}
    v1 = world.client.v1
    customer = v1.customers.create({"email": "elsewhere@example.com"}, options).id
    theirs = v1.invoices.create(
        {"customer": customer, "collection_method": "send_invoice", "days_until_due": 5, "currency": "usd"}, options
    ).id
    v1.invoices.add_lines(theirs, {"lines": [{"amount": 5000, "description": "Lessons"}]}, options)
    v1.invoices.send_invoice(theirs, None, options)
    world.double.pay(account, theirs, "pm_card_visa")

    deliveries = webhooks(world)

    assert {outcome for _, outcome, _ in deliveries} <= {EventOutcome.FOREIGN, EventOutcome.IGNORED}
    for kind, _, requests in deliveries:
        assert len(requests) <= 1, kind
        assert set(requests) <= READS, kind


def test_a_repeated_create_is_one_read(world: World) -> None:
    invoice = world.invoice("svc_1", idempotency_key="key")

    again, requests, calls = result_and_counts(world, lambda: world.invoice("svc_1", idempotency_key="key"))

    assert again.id == invoice.id
    assert (requests, calls) == ([GET], {})


def test_reading_an_invoice_and_a_page_takes_the_expected_requests(world: World) -> None:
    invoices = [world.invoice(f"svc_{n}") for n in range(7)]

    _, requests, calls = result_and_counts(world, lambda: get_invoice(ORGANIZATION, invoices[0].id, world.ports))
    assert (requests, calls) == ([GET], {})

    page, requests, calls = result_and_counts(
        world, lambda: list_invoices(ORGANIZATION, InvoiceFilter(), 5, None, world.ports)
    )
    assert (len(page.items), requests, calls) == (5, [QUERY, BATCH], {})

    page, requests, calls = result_and_counts(
        world, lambda: list_invoices(ORGANIZATION, InvoiceFilter(), 5, page.end_cursor, world.ports)
    )
    assert (len(page.items), requests, calls) == (2, [QUERY, BATCH], {})


STEPS = {"POST /v1/invoices": 1, "POST /v1/invoices/{id}/add_lines": 1, "POST /v1/invoices/{id}/send": 1}


@pytest.mark.parametrize("lines", [1, 90])
def test_creating_for_a_synced_customer_takes_the_expected_requests(world: World, lines: int) -> None:
    services = [f"svc_{n}" for n in range(lines)]

    invoice, requests, calls = result_and_counts(world, lambda: world.invoice(*services))

    assert invoice.sent_at is not None
    assert calls == STEPS
    assert sum(request in READS for request in requests) <= 5, (
        "the invoice, connection, customer and settings, and the customer again right before sending"
    )
    assert sum(request not in READS for request in requests) <= 4, "the intent and a checkpoint after each step"


def test_creating_for_a_new_customer_takes_five_stripe_calls_for_any_number_of_lines(world: World) -> None:
    costs = []
    for count in (1, 250):
        world.customer(f"cust_new_{count}", email=f"new{count}@example.test")
        services = world.double.api.log.reset() or [f"svc_{count}_{n}" for n in range(count)]
        invoice, requests, calls = result_and_counts(world, lambda services=services, count=count: world.invoice(  # type: ignore[misc]
            *services, customer_id=f"cust_new_{count}"))  # fmt: skip
        assert invoice.sent_at is not None
        costs.append((len(requests), sum(calls.values())))

    assert [calls for _, calls in costs] == [5, 5]
    (cost_of_one, _), (cost_of_many, _) = costs
    assert cost_of_many <= cost_of_one + 3, "the claims exceed one transaction, and need a checkpoint"


FIND, READ, UPDATE = "GET /v1/customers", "GET /v1/customers/{id}", "POST /v1/customers/{id}"


def test_syncing_an_already_linked_customer_takes_the_expected_requests(world: World) -> None:
    _, _, calls = result_and_counts(
        world, lambda: sync_again(ORGANIZATION, CustomerId("cust_1"), world.ports) and world.work()
    )
    assert calls == {READ: 1}, "Stripe's customer is read first, and updated only if a field differs"

    world.customer(phone="+1 602 555 0100")
    _, requests, calls = result_and_counts(world, world.work)
    assert calls == {READ: 1, UPDATE: 1}
    assert [request for request in requests if request not in READS] == ["PutItem"]


@pytest.mark.parametrize(("email", "lists"), [("new@example.test", 1), ("New@example.test", 2)])
def test_an_email_with_capitals_is_searched_as_typed_and_in_lower_case(world: World, email: str, lists: int) -> None:
    world.customer("cust_2", email=email)
    _, requests, calls = result_and_counts(world, world.work)
    assert calls == {FIND: lists, "POST /v1/customers": 1}
    assert [request for request in requests if request not in READS] == [TRANSACTION], "the customer and its claim"


def test_linking_a_stripe_customer_takes_the_expected_requests(world: World) -> None:
    options: Any = {"stripe_account": account_of(world)}
    world.client.v1.customers.create({"email": "new@example.test"}, options)
    world.customer("cust_2", email="new@example.test")
    _, requests, calls = result_and_counts(world, world.work)
    assert calls == {FIND: 1, UPDATE: 1}
    writes = [request for request in requests if request not in READS]
    assert writes == [TRANSACTION, "PutItem"], "the claim is written first, then the customer"


def test_a_sweep_reads_one_page_of_events_at_a_time_and_writes_only_missed_ones(world: World) -> None:
    invoices = [world.invoice(f"svc_{n}") for n in range(3)]
    world.deliver()
    world.advance(60)
    world.sweep()
    world.double.set_delivery(lose=["*"])
    pay(world, invoices[0])
    world.deliver()
    world.advance(120)

    first, requests, calls = result_and_counts(world, lambda: world.sweep(objects=False))
    _, again, _ = result_and_counts(world, lambda: world.sweep(objects=False))

    assert first.recovered > 0
    assert calls.pop("GET /v1/events") == 1
    assert set(calls.values()) == {1}, "objects listed in an older API version are fetched, each once"
    assert requests.count(BATCH) >= 1
    writes = [request for request in again if request not in READS]
    assert writes == ["PutItem"], "only the sweep's progress"


DAY = 86_400
HUNDRED, TWENTY_FIVE = 100, 25
"""The number of balance transactions on a page of Stripe's list, and of items in a batch write."""


def invoice_with_transaction(world: World, *services: str) -> Invoice:
    """Returns an invoice paid by card that has a balance transaction, whose event was not delivered yet."""
    invoice = world.invoice(*services)
    pay(world, invoice)
    world.deliver()
    world.advance(5)
    return invoice


def payout_of_everything(world: World) -> str:
    """Pays everything out in one payout that Stripe can list, and finishes the payout's events and jobs."""
    world.advance(3 * DAY)
    world.double.pay_out(account_of(world))
    for _ in range(3):
        world.advance(DAY)
        world.deliver()
        world.work()
    page = list_payouts(ORGANIZATION, PayoutFilter(), 25, None, world.ports)
    return str(page.items[0].id)


def test_a_fee_takes_no_stripe_call_in_its_webhook_and_one_in_its_worker(world: World) -> None:
    invoice_with_transaction(world, "svc_1")

    [(kind, outcome, webhook_requests)] = webhooks(world)
    _, requests, calls = result_and_counts(world, world.work)

    assert (kind, outcome, webhook_requests) == ("charge.updated", EventOutcome.APPLIED, [BATCH, GET, PUT])
    assert calls == {"GET /v1/payment_intents/{id}": 1}
    assert requests == [GET, GET, UPDATE_ITEM], "the connection, and the payment's row"


def test_a_payout_webhook_reads_the_connection_and_leaves_the_payout_to_a_worker(world: World) -> None:
    world.double.outside_charge(account_of(world), 7_500)
    world.advance(3 * DAY)
    webhooks(world)
    world.double.pay_out(account_of(world))

    [(kind, outcome, webhook_requests)] = webhooks(world)
    _, requests, calls = result_and_counts(world, world.work)

    assert (kind, outcome, webhook_requests) == ("payout.created", EventOutcome.APPLIED, [GET, GET, PUT])
    assert calls == {"GET /v1/payouts/{id}": 1}
    assert [request for request in requests if request not in READS] == [PUT]


@pytest.mark.parametrize("other_charges", [0, 98, 99, 230])
def test_itemizing_a_payout_takes_a_stripe_call_for_each_hundred_lines_and_a_batch_for_each_twenty_five(
    world: World, other_charges: int
) -> None:
    invoice_with_transaction(world, "svc_1")
    world.double.set_delivery(lose=["*"])
    for _ in range(other_charges):
        world.double.outside_charge(account_of(world), 7_500)
    world.advance(3 * DAY)
    stripe_payout = world.double.pay_out(account_of(world))
    world.advance(DAY)
    world.deliver()
    world.ports.queues.take()
    world.ports.queues.send(BalanceJob(ORGANIZATION, BalanceTask.PAYOUT, stripe_payout["id"]))

    _, requests, calls = result_and_counts(world, world.work)

    lines = other_charges + 1
    pages = -(-(lines + 1) // HUNDRED)  # Stripe lists the payout's own transaction too.
    assert calls == {"GET /v1/payouts/{id}": 1, "GET /v1/balance_transactions": pages}
    assert requests.count(UPDATE_ITEM) == 1, "the row of POM's own payment"
    assert requests.count(BATCH_WRITE) <= -(-lines // TWENTY_FIVE) + pages
    assert requests.count(PUT) == 2, "the payout itself, and the sums of its lines"
    assert len(show_payout(ORGANIZATION, stripe_payout["id"], 300, None, world.ports)[1].items) == lines


def test_reading_payouts_payments_and_deposits_takes_one_query_and_one_batch_read_each(world: World) -> None:
    invoice = invoice_with_transaction(world, "svc_1")
    world.deliver()
    world.work()
    payout_id = payout_of_everything(world)

    page, requests, calls = result_and_counts(
        world, lambda: list_payouts(ORGANIZATION, PayoutFilter(), 25, None, world.ports)
    )
    assert (len(page.items), requests, calls) == (1, [QUERY], {})

    (_, lines), requests, calls = result_and_counts(
        world, lambda: show_payout(ORGANIZATION, payout_id, 25, None, world.ports)
    )
    assert (len(lines.items), requests, calls) == (1, [GET, QUERY], {})

    def payments() -> Any:
        rows = list_movements(ORGANIZATION, MovementFilter(), 25, None, world.ports).items
        return deposited(rows, ORGANIZATION, world.ports)

    rows, requests, calls = result_and_counts(world, payments)
    assert ([each.deposits[0].payout_id for each in rows], requests, calls) == ([payout_id], [QUERY, BATCH], {})

    invoice_now = world.now(invoice)
    deposits, requests, calls = result_and_counts(world, lambda: deposits_of_invoice(invoice_now, world.ports))
    assert (len(deposits), requests, calls) == (1, [BATCH, BATCH], {})


def test_an_invoice_without_payments_reads_no_payouts(world: World) -> None:
    stored_invoice = world.now(world.invoice("svc_1"))

    deposits, requests, calls = result_and_counts(world, lambda: deposits_of_invoice(stored_invoice, world.ports))

    assert (deposits, requests, calls) == ({}, [], {})
