"""Tests the application of Stripe's events: each event is applied once, to the right object, at a fixed cost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.stripe.events import read_event
from chalicelib.domain.errors import StaleWrite, StripeUnavailable
from chalicelib.domain.events import API_VERSION, DEAUTHORIZED, SUBSCRIPTION, StripeEvent
from chalicelib.domain.facts import AccountFact, CustomerFact, InvoiceFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.events.apply_event import APPLIERS, apply_event
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from tests.boundaries import count_calls, stop_counting
from tests.oracle import differences
from tests.timelines import entries, event_log, kinds, markers
from tests.world import ORGANIZATION, World


@pytest.fixture
def invoice(world: World, account: StripeAccountId) -> Invoice:
    """Returns a sent invoice whose events are delivered. From now on no event is delivered."""
    sent_invoice = world.invoice()
    world.deliver()
    world.receipts.clear()
    world.double.set_delivery(paused=True)
    world.advance(60)
    return world.now(sent_invoice)


def webhook_events(world: World, account: str, *types: str) -> list[StripeEvent]:
    """Returns the events of these types as webhooks deliver them, oldest first."""
    return [
        read_event(json.dumps(event).encode(), StripeAccountId(account))
        for event in world.double.events(account, version=API_VERSION)
        if event["type"] in (types or SUBSCRIPTION)
    ]


def latest_event(world: World, account: str, type_: str) -> StripeEvent:
    return webhook_events(world, account, type_)[-1]


def receive(world: World, event: StripeEvent) -> EventOutcome:
    return receive_event(event, Source.WEBHOOK, world.ports).outcome


def pay(world: World, invoice: Invoice, method: str = "pm_card_visa") -> str:
    return str(world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), method)["payment_intent"])


# Costs


def test_an_invoice_event_costs_one_read_and_one_transaction(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    receive(world, latest_event(world, invoice.stripe_account_id, "invoice_payment.paid"))
    boundaries = count_calls(world)
    assert receive(world, latest_event(world, invoice.stripe_account_id, "invoice.paid")) is EventOutcome.APPLIED
    assert [call for call in boundaries.calls if call != "stripe.events"] == ["invoices.get", "invoices.apply"]


@pytest.mark.parametrize(("tells", "calls"), [(False, ["fetch"]), (True, [])])
def test_a_paid_invoice_with_an_unknown_payment_costs_a_call_only_if_it_lacks_the_amount_paid_outside(
    world: World, invoice: Invoice, tells: bool, calls: list[str]
) -> None:
    world.double.update_account(str(invoice.stripe_account_id), tells_paid_outside=tells)
    pay(world, invoice)
    boundaries = count_calls(world)
    assert receive(world, latest_event(world, invoice.stripe_account_id, "invoice.paid")) is EventOutcome.APPLIED
    assert [call for call in boundaries.stripe if call != "events"] == calls
    fact = world.now(invoice).facts.invoice
    assert fact is not None
    assert (fact.amount_paid, fact.amount_paid_off_stripe) == (fact.total, 0)


@pytest.mark.parametrize("type_", ["payment_intent.succeeded", "invoice_payment.paid", "refund.created"])
def test_a_payment_event_costs_one_more_read_for_its_reference(type_: str, world: World, invoice: Invoice) -> None:
    intent = pay(world, invoice)
    create_refund(world, invoice, intent)
    event = latest_event(world, invoice.stripe_account_id, type_)
    boundaries = count_calls(world)
    assert receive(world, event) is EventOutcome.APPLIED
    assert boundaries.calls == ["invoices.find_by_reference", "invoices.get", "invoices.apply"]


def test_a_refunded_charge_costs_a_call_of_stripe_only_if_its_refund_is_unknown(
    world: World, invoice: Invoice
) -> None:
    create_refund(world, invoice, pay(world, invoice))
    charge_event, refund_event = (
        latest_event(world, invoice.stripe_account_id, each) for each in ("charge.refunded", "refund.created")
    )
    boundaries = count_calls(world)
    assert receive(world, charge_event) is EventOutcome.APPLIED
    assert boundaries.stripe == ["refunds_of"]
    second_charge_event = replace(charge_event, id="evt_of_the_same_change")
    boundaries = count_calls(world)
    assert receive(world, refund_event) is EventOutcome.NO_CHANGE
    assert receive(world, second_charge_event) is EventOutcome.NO_CHANGE
    assert boundaries.stripe == []


@pytest.mark.parametrize("type_", ["invoice.paid", "payment_intent.succeeded"])
def test_a_duplicate_event_is_stopped_by_its_marker(type_: str, world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, type_)
    receive(world, event)
    before, markers_before = world.now(invoice), markers(world.ports)
    boundaries = count_calls(world)
    assert receive(world, event) is EventOutcome.DUPLICATE
    assert boundaries.writes == ["events.mark", "events.repeated"]
    assert boundaries.stripe == []
    assert world.now(invoice) is before
    assert markers(world.ports) == markers_before


def test_a_duplicate_event_is_stopped_by_its_marker_even_if_the_invoice_lost_its_facts(
    world: World, invoice: Invoice
) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    receive(world, event)
    key = (ORGANIZATION, invoice.id)
    world.ports.database.invoices[key] = without_facts = replace(invoice, version=world.now(invoice).version)
    assert receive(world, event) is EventOutcome.DUPLICATE
    assert world.now(invoice) == without_facts


def test_an_event_without_news_costs_one_read_and_one_marker(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    pay(world, invoice)
    receive(world, latest_event(world, account, "invoice.paid"))
    before = world.now(invoice)
    boundaries = count_calls(world)
    assert receive(world, latest_event(world, account, "invoice.updated")) is EventOutcome.NO_CHANGE
    assert [call for call in boundaries.calls if call != "stripe.events"] == ["invoices.get", "events.mark"]
    assert world.now(invoice) is before


def test_repeated_events_are_counted_in_the_event_log_and_not_on_the_timeline(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    for _ in range(3):
        receive(world, event)
    assert event_log(invoice, world.ports)[event.id].repeated == 2
    assert kinds(world.now(invoice)) == ["created", "sent", "paid"]


def create_refund(world: World, invoice: Invoice, intent: str, **fields: Any) -> str:
    options: Any = {"stripe_account": invoice.stripe_account_id}
    params: Any = {"payment_intent": intent, **fields}
    return str(world.client.v1.refunds.create(params, options).id)


def test_foreign_objects_cost_at_most_one_read_and_change_nothing(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    options: Any = {"stripe_account": account}
    customer = world.client.v1.customers.create({"email": "else@example.test"}, options)
    foreign = world.client.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 3}, options
    )
    lines: Any = {"lines": [{"amount": 900, "description": "Chlorine"}]}
    world.client.v1.invoices.add_lines(str(foreign.id), lines, options)
    world.client.v1.invoices.send_invoice(str(foreign.id), None, options)
    intent = world.double.pay(account, str(foreign.id))["payment_intent"]
    create_refund(world, invoice, intent, amount=100)
    world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"], amount=100)
    world.client.v1.customers.update(str(customer.id), {"name": "Else"}, options)
    before = (dict(world.ports.database.invoices), dict(world.ports.database.events))
    events = webhook_events(world, account)[-20:]
    kinds = {event.object_type for event in events if event.object_id != invoice.stripe_invoice_id}
    assert {"invoice", "payment_intent", "charge", "refund", "dispute", "customer", "invoice_payment"} <= kinds
    for event in events:
        if event.created < world.ports.clock.now():
            continue
        boundaries = count_calls(world)
        assert receive(world, event) is EventOutcome.FOREIGN, event.type
        assert len(boundaries.calls) <= 1
        assert boundaries.writes == []
    assert before == (world.ports.database.invoices, world.ports.database.events)


# Ownership


def test_events_of_a_copy_made_in_stripe_do_not_change_the_original(world: World, invoice: Invoice) -> None:
    options: Any = {"stripe_account": invoice.stripe_account_id}
    [original] = world.in_stripe(invoice.stripe_account_id)
    copy = world.client.v1.invoices.create(
        {
            "customer": original["customer"],
            "metadata": original["metadata"],
            "collection_method": "send_invoice",
            "days_until_due": 3,
        },
        options,
    )
    lines: Any = {"lines": [{"amount": 900, "description": "Copy"}]}
    world.client.v1.invoices.add_lines(str(copy.id), lines, options)
    world.client.v1.invoices.send_invoice(str(copy.id), None, options)
    world.double.pay(invoice.stripe_account_id, str(copy.id))
    for event in webhook_events(world, invoice.stripe_account_id):
        if event.created == world.ports.clock.now():
            assert receive(world, event) in {EventOutcome.FOREIGN, EventOutcome.NO_CHANGE}, event.type
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert world.now(invoice) == invoice


def test_an_event_of_another_account_with_ids_of_ours_changes_nothing(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    other_account_id = StripeAccountId(world.connect(OrganizationId("org_green")))
    before = world.now(invoice)
    for event in webhook_events(world, invoice.stripe_account_id):
        if event.created == world.ports.clock.now() and event.object_type != "customer":
            boundaries = count_calls(world)
            assert receive(world, replace(event, account_id=other_account_id)) is EventOutcome.FOREIGN, event.type
            assert boundaries.writes == []
            stop_counting(world)
    assert world.now(invoice) == before


def test_another_accounts_customer_event_changes_nothing(world: World, invoice: Invoice) -> None:
    options: Any = {"stripe_account": invoice.stripe_account_id}
    [customer] = world.in_stripe(invoice.stripe_account_id, "customer")
    world.client.v1.customers.update(customer["id"], {"email": "thief@example.test"}, options)
    other_account_id = StripeAccountId(world.connect(OrganizationId("org_green")))
    event = replace(latest_event(world, invoice.stripe_account_id, "customer.updated"), account_id=other_account_id)
    assert receive(world, event) is EventOutcome.FOREIGN


@pytest.mark.parametrize(
    "type_",
    [
        "invoice.paid",
        "payment_intent.succeeded",
        "customer.updated",
        "account.updated",
        "account.application.deauthorized",
    ],
)
def test_an_event_of_the_wrong_mode_changes_nothing(type_: str, world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    options: Any = {"stripe_account": account}
    pay(world, invoice)
    [customer] = world.in_stripe(account, "customer")
    world.client.v1.customers.update(customer["id"], {"email": "new@example.test"}, options)
    world.double.update_account(account, business_name="Red Pools")
    before = (
        dict(world.ports.database.invoices),
        dict(world.ports.database.customers),
        dict(world.ports.database.connections),
    )
    event = replace(latest_event(world, account, "account.updated"), type=type_, object_type="application", fact=None)
    if not type_.startswith("account.application"):
        event = latest_event(world, account, type_)
    assert receive(world, replace(event, livemode=True)) is EventOutcome.WRONG_MODE
    assert before == (world.ports.database.invoices, world.ports.database.customers, world.ports.database.connections)
    assert receive(world, event) in {EventOutcome.APPLIED, EventOutcome.NO_CHANGE}


def test_an_event_without_an_account_is_ignored(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = replace(latest_event(world, invoice.stripe_account_id, "invoice.paid"), account_id=None)
    boundaries = count_calls(world)
    assert receive(world, event) is EventOutcome.IGNORED
    assert boundaries.calls == []


def test_an_event_of_an_unknown_type_is_ignored(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = replace(latest_event(world, invoice.stripe_account_id, "invoice.paid"), type="invoice.sang")
    boundaries = count_calls(world)
    assert receive(world, event) is EventOutcome.IGNORED
    assert boundaries.calls == []


@pytest.mark.parametrize(
    "type_", ["invoice.overdue", "invoice.finalization_failed", "invoice.payment_action_required", "charge.pending"]
)
def test_an_event_of_a_formerly_subscribed_type_is_ignored(type_: str, world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = replace(latest_event(world, invoice.stripe_account_id, "invoice.paid"), type=type_)
    boundaries = count_calls(world)
    assert receive(world, event) is EventOutcome.IGNORED
    assert boundaries.calls == []


def test_an_event_says_that_a_payment_waits_for_the_payers_confirmation(world: World, invoice: Invoice) -> None:
    pay(world, invoice, "pm_card_threeDSecure2Required")
    event = latest_event(world, invoice.stripe_account_id, "payment_intent.requires_action")
    assert receive(world, event) is EventOutcome.APPLIED
    assert world.now(invoice).facts.waits_for_confirmation


def test_invoice_created_is_not_subscribed_to() -> None:
    # Stripe delays the company's other invoices until every subscriber has responded to this event.
    assert "invoice.created" not in SUBSCRIPTION


def test_every_subscribed_kind_of_object_has_an_applier() -> None:
    objects = {
        "invoice": "invoice",
        "invoice_payment": "invoice_payment",
        "payment_intent": "payment_intent",
        "charge": "charge",
        "refund": "refund",
        "customer": "customer",
        "account": "account",
        "capability": "capability",
        "credit_note": "credit_note",
        "payout": "payout",
    }
    for type_ in SUBSCRIPTION:
        family = type_.split(".")[0]
        kind = "dispute" if type_.startswith("charge.dispute") else objects[family]
        assert type_ == DEAUTHORIZED or kind in APPLIERS, type_


# Effects


PAYMENTS = [
    ("pm_card_visa", InvoiceStatus.PAID, None),
    ("pm_card_chargeDeclinedInsufficientFunds", InvoiceStatus.FAILED, "insufficient_funds"),
    ("pm_card_chargeDeclined", InvoiceStatus.FAILED, "card_declined"),
    ("pm_card_chargeDeclinedExpiredCard", InvoiceStatus.FAILED, "expired_card"),
    ("pm_card_chargeDeclinedIncorrectCvc", InvoiceStatus.FAILED, "incorrect_details"),
    ("pm_card_chargeDeclinedLostCard", InvoiceStatus.FAILED, "card_declined"),
    ("pm_card_chargeDeclinedProcessingError", InvoiceStatus.FAILED, "other"),
    ("pm_usBankAccount", InvoiceStatus.PENDING, None),
]


@pytest.mark.parametrize(("method", "status", "reason"), PAYMENTS, ids=[payment[0] for payment in PAYMENTS])
def test_the_status_and_failure_follow_the_payers_payment(
    method: str, status: InvoiceStatus, reason: str | None, world: World, invoice: Invoice
) -> None:
    world.double.set_delivery(paused=False)
    pay(world, invoice, method)
    world.deliver()
    stored = world.now(invoice)
    assert stored.status is status
    assert (stored.failure.reason if stored.failure else None) == reason
    assert differences(world.double.ledger(invoice.stripe_account_id), [stored]) == []


@pytest.mark.parametrize("authenticate", [True, False])
def test_a_refused_authentication_is_a_failed_payment(authenticate: bool, world: World, invoice: Invoice) -> None:
    world.double.set_delivery(paused=False)
    account, stripe_id = invoice.stripe_account_id, str(invoice.stripe_invoice_id)
    world.double.pay(account, stripe_id, "pm_card_threeDSecure2Required")
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PENDING
    world.advance(60)
    world.double.pay(account, stripe_id, "pm_card_threeDSecure2Required", authenticate=authenticate)
    world.deliver()
    assert world.now(invoice).status is (InvoiceStatus.PAID if authenticate else InvoiceStatus.FAILED)
    failure = world.now(invoice).failure
    assert (failure.reason if failure else None) == (None if authenticate else "authentication_required")


def test_a_refund_that_fails_weeks_later_makes_the_invoice_paid_again(world: World, invoice: Invoice) -> None:
    world.double.set_delivery(paused=False)
    refund_id = create_refund(world, invoice, pay(world, invoice))
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
    world.advance(25 * 86400)
    world.double.settle_refund(invoice.stripe_account_id, refund_id, outcome="failed")
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert world.now(invoice).refunded_amount == 0
    [failed_entry] = entries(world.now(invoice), "refund_failed")
    assert (failed_entry.reason, failed_entry.amount) == ("expired_or_canceled_card", 7500)
    assert kinds(world.now(invoice))[-2:] == ["refunded", "refund_failed"]


def test_a_payment_is_on_the_timeline_once_although_its_events_repeat(world: World, invoice: Invoice) -> None:
    world.double.set_delivery(paused=False, duplicate=1.0)
    pay(world, invoice)
    world.deliver()
    assert kinds(world.now(invoice)) == ["created", "sent", "paid"]
    [payment] = entries(world.now(invoice), "paid")
    assert (payment.at, payment.amount, payment.currency) == (world.ports.clock.now(), 7500, "usd")
    assert payment.method is not None
    assert (payment.method.type, payment.method.brand, payment.method.last4) == ("card", "visa", "4242")


def test_the_event_log_holds_each_event_of_a_payment_with_its_outcome(world: World, invoice: Invoice) -> None:
    world.double.set_delivery(paused=False, duplicate=1.0)
    before = event_log(invoice, world.ports)
    pay(world, invoice)
    world.deliver()
    new_entries = [each for event_id, each in event_log(invoice, world.ports).items() if event_id not in before]
    types = [
        "charge.succeeded",
        "invoice.paid",
        "invoice.updated",
        "invoice_payment.paid",
        "payment_intent.succeeded",
    ]
    assert sorted(each.type for each in new_entries) == types
    assert {each.source for each in new_entries} == {Source.WEBHOOK}
    assert {each.outcome for each in new_entries} == {EventOutcome.APPLIED, EventOutcome.NO_CHANGE}
    assert {each.repeated for each in new_entries} == {1}


def test_the_second_event_of_one_change_is_logged_as_no_change(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    account = invoice.stripe_account_id
    assert receive(world, latest_event(world, account, "invoice.paid")) is EventOutcome.APPLIED
    assert receive(world, latest_event(world, account, "invoice.updated")) is EventOutcome.NO_CHANGE
    outcomes = {each.type: each.outcome for each in event_log(invoice, world.ports).values()}
    assert (outcomes["invoice.paid"], outcomes["invoice.updated"]) == (EventOutcome.APPLIED, EventOutcome.NO_CHANGE)


def test_an_event_older_than_the_stored_facts_is_logged_as_no_change(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    pay(world, invoice, "pm_card_chargeDeclined")
    pay(world, invoice)
    receive(world, latest_event(world, account, "payment_intent.succeeded"))
    declined_event = latest_event(world, account, "payment_intent.payment_failed")
    assert receive(world, declined_event) is EventOutcome.NO_CHANGE
    assert event_log(invoice, world.ports)[declined_event.id].outcome == EventOutcome.NO_CHANGE


def test_a_late_older_event_does_not_set_the_status_back(world: World, invoice: Invoice) -> None:
    pay(world, invoice, "pm_card_chargeDeclined")
    world.advance(60)
    pay(world, invoice)
    events = webhook_events(world, invoice.stripe_account_id)
    world.double.set_delivery(paused=False)
    for event in reversed([each for each in events if each.created > invoice.created_at + 59]):
        receive(world, event)
        assert world.now(invoice).status is not InvoiceStatus.FAILED
    assert world.now(invoice).status is InvoiceStatus.PAID


# Events that need a call of Stripe


def test_an_event_in_an_old_api_version_makes_pom_read_the_object_from_stripe(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    assert event.current
    assert isinstance(event.fact, InvoiceFact)
    misread = replace(event.fact, status="uncollectible")
    boundaries = count_calls(world)
    assert receive(world, replace(event, api_version="2020-08-27", fact=misread)) is EventOutcome.APPLIED
    assert boundaries.stripe == ["fetch"]
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_two_different_snapshots_of_one_second_are_settled_by_reading_stripe(world: World, invoice: Invoice) -> None:
    pay(world, invoice, "pm_card_chargeDeclined")
    pay(world, invoice, "pm_card_chargeDeclinedExpiredCard")
    account = invoice.stripe_account_id
    older, newer = webhook_events(world, account, "payment_intent.payment_failed")
    for first, second in ((newer, older), (older, newer)):
        receive(world, first)
        boundaries = count_calls(world)
        receive(world, second)
        stop_counting(world)
        assert boundaries.stripe == ["fetch"]
        failure = world.now(invoice).failure
        assert failure is not None
        assert failure.reason == "expired_card"
        world.ports.database.invoices[ORGANIZATION, invoice.id] = replace(invoice, version=world.now(invoice).version)
        world.ports.database.events.clear()


def test_an_event_that_needs_stripe_while_it_is_down_is_parked_and_applied_by_the_sweep(
    world: World, invoice: Invoice
) -> None:
    pay(world, invoice)
    event = replace(
        latest_event(world, invoice.stripe_account_id, "invoice.paid"), api_version="2020-08-27", fact=None
    )
    world.double.order_fault("error_before", count=100)
    receipt = receive_event(event, Source.WEBHOOK, world.ports)
    assert (receipt.outcome, receipt.error) == (EventOutcome.PARKED, "stripe_failed")
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert [each.body for each in world.ports.events.parked(invoice.stripe_account_id, 10)] == [event.body]
    world.double.clear_faults()
    world.advance(40 * 86400)  # longer than Stripe lists events
    world.sweep(objects=False)
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert world.ports.events.parked(invoice.stripe_account_id, 10) == []


def test_an_event_whose_applier_fails_is_parked(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    real = world.ports.invoices

    class BrokenStore:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def apply(self, *_: Any) -> Any:
            raise ZeroDivisionError

    world.ports.invoices = BrokenStore()  # type: ignore[assignment]
    receipt = receive_event(event, Source.WEBHOOK, world.ports)
    assert (receipt.outcome, receipt.error) == (EventOutcome.PARKED, "ZeroDivisionError")
    world.ports.invoices = real
    assert receive(world, event) is EventOutcome.APPLIED


def test_only_an_event_that_cannot_be_parked_is_refused(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    failing = StripeUnavailable("database_unavailable", "No.", answered=False)

    class UnavailableStore:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any) -> Any:
                raise failing

            return fail

    world.ports.invoices = UnavailableStore()  # type: ignore[assignment]
    world.ports.events = UnavailableStore()  # type: ignore[assignment]
    with pytest.raises(StripeUnavailable):
        receive_event(event, Source.WEBHOOK, world.ports)


def test_an_applied_event_is_never_parked_afterwards(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    receive(world, event)
    world.ports.events.park(event, world.ports.clock.now(), "late")
    assert world.ports.events.parked(invoice.stripe_account_id, 10) == []


def test_two_simultaneous_events_of_one_invoice_are_both_applied(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    account = invoice.stripe_account_id
    event, rival = (
        latest_event(world, account, "invoice.paid"),
        latest_event(world, account, "payment_intent.succeeded"),
    )
    real = world.ports.invoices

    class RacingStore:
        raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def apply(self, *args: Any) -> Any:
            if not RacingStore.raced:
                RacingStore.raced = True
                world.ports.invoices = real
                receive(world, rival)
            return real.apply(*args)

    world.ports.invoices = RacingStore()  # type: ignore[assignment]
    assert receive(world, event) is EventOutcome.APPLIED
    stored = world.now(invoice)
    assert stored.status is InvoiceStatus.PAID
    assert [intent.status for intent in stored.facts.payment_intents.values()] == ["succeeded"]


def test_an_event_that_loses_to_eight_other_writes_is_still_applied(
    world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(world, invoice)
    store = world.ports.invoices
    conflicts = iter(range(8))
    apply = store.apply

    def apply_after_the_others(*arguments: object) -> object:
        if next(conflicts, None) is not None:
            raise StaleWrite("The invoice")
        return apply(*arguments)

    monkeypatch.setattr(store, "apply", apply_after_the_others)
    assert receive(world, latest_event(world, invoice.stripe_account_id, "invoice.paid")) is EventOutcome.APPLIED


def test_an_event_that_always_loses_to_other_writes_fails(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    real = world.ports.invoices

    class ConflictingStore:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def apply(self, *_: Any) -> Any:
            raise StaleWrite("The invoice")

    world.ports.invoices = ConflictingStore()  # type: ignore[assignment]
    with pytest.raises(StaleWrite):
        apply_event(latest_event(world, invoice.stripe_account_id, "invoice.paid"), Source.WEBHOOK, world.ports)


# Events that arrive before the draft is stored


def test_events_that_arrive_before_the_draft_is_stored_are_applied(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_after", method="POST", path="/v1/invoices")
    invoice = world.invoice()
    assert invoice.stripe_invoice_id is None
    options: Any = {"stripe_account": account}
    [draft] = world.in_stripe(account)
    world.client.v1.invoices.update(draft["id"], {"footer": "Thanks"}, options)
    world.deliver()
    assert world.now(invoice).stripe_invoice_id == draft["id"]
    assert world.now(invoice).status is InvoiceStatus.CREATING
    world.advance(200)
    world.resume()
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_a_draft_deleted_in_stripe_is_void_and_frees_its_services(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    options: Any = {"stripe_account": account}
    world.client.v1.invoices.delete(str(draft.stripe_invoice_id), None, options)
    world.deliver()
    assert world.now(draft).status is InvoiceStatus.VOID
    [entry] = entries(world.now(draft), "draft_deleted")
    assert (entry.amount, entry.currency, entry.by_pom) == (None, None, False)
    assert world.invoice().status is InvoiceStatus.PENDING


# The account


def test_a_capability_event_makes_pom_read_the_account(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.update_account(account, charges_enabled=False, currently_due=["external_account"])
    event = latest_event(world, account, "account.updated")
    capability = replace(
        event, id="evt_2", type="capability.updated", object_type="capability", object_id="card_payments", fact=None
    )
    boundaries = count_calls(world)
    assert receive(world, capability) is EventOutcome.APPLIED
    assert boundaries.stripe == ["account"]
    assert not world.ports.connections.get(ORGANIZATION).ready_to_send
    assert receive(world, event) is EventOutcome.NO_CHANGE


def test_an_older_account_event_does_not_overwrite_a_newer_one(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.update_account(account, charges_enabled=False)
    world.advance(5)
    world.double.update_account(account, charges_enabled=True)
    older, newer = webhook_events(world, account, "account.updated")
    receive(world, newer)
    assert receive(world, older) is EventOutcome.NO_CHANGE
    assert world.ports.connections.get(ORGANIZATION).ready_to_send
    assert isinstance(older.fact, AccountFact)


def test_a_restriction_is_lifted_although_stripes_clock_is_far_ahead(world: World, account: StripeAccountId) -> None:
    """Stripe's responses are dated by Stripe's clock. POM dates an event that lies far in the future by its own
    clock.
    """
    world.double.advance(3 * 86400)
    for enabled in (False, True):
        world.double.update_account(account, charges_enabled=enabled)
        assert receive(world, latest_event(world, account, "account.updated")) is EventOutcome.APPLIED
        assert world.ports.connections.get(ORGANIZATION).ready_to_send is enabled


def test_a_customer_event_dated_in_the_future_makes_pom_read_the_customer(world: World, invoice: Invoice) -> None:
    event = latest_event(world, invoice.stripe_account_id, "customer.created")
    customer = world.ports.customers.get(ORGANIZATION, invoice.order.customer_id)
    assert customer is not None
    world.ports.customers.save(replace(customer, stripe_as_of=event.created + 3 * 86400))
    boundaries = count_calls(world)
    receive(world, replace(event, id="evt_2", type="customer.updated", created=event.created + 4 * 86400))
    assert "fetch" in boundaries.stripe


def test_an_event_of_an_unconnected_account_is_foreign(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.update_account(account, business_name="Red Pools")
    event = replace(latest_event(world, account, "account.updated"), account_id=StripeAccountId("acct_unknown"))
    assert receive(world, event) is EventOutcome.FOREIGN


def test_an_invoice_event_with_facts_of_a_customer_makes_pom_read_the_invoice(world: World, invoice: Invoice) -> None:
    pay(world, invoice)
    event = latest_event(world, invoice.stripe_account_id, "invoice.paid")
    stray = replace(event, fact=CustomerFact("cus_1", event.created, None))
    assert receive(world, stray) is EventOutcome.APPLIED
    assert world.now(invoice).status is InvoiceStatus.PAID, "the invoice was read from Stripe instead"
