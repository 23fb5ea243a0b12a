"""Stripe's events: each is applied once, by what it says, to whom it belongs, at a fixed price."""

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
    """Sent; all about it has been delivered, and from now on nothing is."""
    sent = world.invoice()
    world.deliver()
    world.receipts.clear()
    world.double.set_delivery(paused=True)
    world.advance(60)
    return world.now(sent)


def listed(world: World, account: str, *types: str) -> list[StripeEvent]:
    """Events of these types as webhooks bring them, oldest first."""
    return [
        read_event(json.dumps(event).encode(), StripeAccountId(account))
        for event in world.double.events(account, version=API_VERSION)
        if event["type"] in (types or SUBSCRIPTION)
    ]


def latest(world: World, account: str, type_: str) -> StripeEvent:
    return listed(world, account, type_)[-1]


def applied(world: World, event: StripeEvent) -> EventOutcome:
    return receive_event(event, Source.WEBHOOK, world.ports).outcome


def paid(world: World, invoice: Invoice, method: str = "pm_card_visa") -> str:
    return str(world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), method)["payment_intent"])


# What they cost


def test_an_invoice_event_costs_one_read_and_one_transaction(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    applied(world, latest(world, invoice.stripe_account_id, "invoice_payment.paid"))
    boundaries = count_calls(world)
    assert applied(world, latest(world, invoice.stripe_account_id, "invoice.paid")) is EventOutcome.APPLIED
    assert [call for call in boundaries.calls if call != "stripe.events"] == ["invoices.get", "invoices.apply"]


@pytest.mark.parametrize(("tells", "calls"), [(False, ["fetch"]), (True, [])])
def test_an_invoice_paid_by_an_unknown_payment_costs_a_call_if_it_does_not_tell_what_was_paid_outside(
    world: World, invoice: Invoice, tells: bool, calls: list[str]
) -> None:
    world.double.update_account(str(invoice.stripe_account_id), tells_paid_outside=tells)
    paid(world, invoice)
    boundaries = count_calls(world)
    assert applied(world, latest(world, invoice.stripe_account_id, "invoice.paid")) is EventOutcome.APPLIED
    assert [call for call in boundaries.stripe if call != "events"] == calls
    fact = world.now(invoice).facts.invoice
    assert fact is not None
    assert (fact.amount_paid, fact.amount_paid_off_stripe) == (fact.total, 0)


@pytest.mark.parametrize("type_", ["payment_intent.succeeded", "invoice_payment.paid", "refund.created"])
def test_a_payment_event_costs_one_key_more(type_: str, world: World, invoice: Invoice) -> None:
    intent = paid(world, invoice)
    refund(world, invoice, intent)
    event = latest(world, invoice.stripe_account_id, type_)
    boundaries = count_calls(world)
    assert applied(world, event) is EventOutcome.APPLIED
    assert boundaries.calls == ["invoices.find_by_reference", "invoices.get", "invoices.apply"]


def test_a_refunded_charge_costs_a_call_of_stripe_only_if_its_refund_is_unknown(
    world: World, invoice: Invoice
) -> None:
    refund(world, invoice, paid(world, invoice))
    first, made = (latest(world, invoice.stripe_account_id, each) for each in ("charge.refunded", "refund.created"))
    boundaries = count_calls(world)
    assert applied(world, first) is EventOutcome.APPLIED
    assert boundaries.stripe == ["refunds_of"]
    again = replace(first, id="evt_of_the_same_change")
    boundaries = count_calls(world)
    assert applied(world, made) is EventOutcome.NO_CHANGE
    assert applied(world, again) is EventOutcome.NO_CHANGE
    assert boundaries.stripe == []


@pytest.mark.parametrize("type_", ["invoice.paid", "payment_intent.succeeded"])
def test_a_duplicate_is_stopped_by_its_marker_and_changes_nothing_of_the_invoice(
    type_: str, world: World, invoice: Invoice
) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, type_)
    applied(world, event)
    before, marked = world.now(invoice), markers(world.ports)
    boundaries = count_calls(world)
    assert applied(world, event) is EventOutcome.DUPLICATE
    assert boundaries.writes == ["events.mark", "events.repeated"]
    assert boundaries.stripe == []
    assert world.now(invoice) is before
    assert markers(world.ports) == marked


def test_a_duplicate_is_stopped_by_its_marker_even_if_the_invoice_has_lost_what_it_told(
    world: World, invoice: Invoice
) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    applied(world, event)
    key = (ORGANIZATION, invoice.id)
    world.ports.database.invoices[key] = forgetful = replace(invoice, version=world.now(invoice).version)
    assert applied(world, event) is EventOutcome.DUPLICATE
    assert world.now(invoice) == forgetful


def test_an_event_that_tells_nothing_new_costs_one_read_and_one_marker(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    paid(world, invoice)
    applied(world, latest(world, account, "invoice.paid"))
    before = world.now(invoice)
    boundaries = count_calls(world)
    assert applied(world, latest(world, account, "invoice.updated")) is EventOutcome.NO_CHANGE
    assert [call for call in boundaries.calls if call != "stripe.events"] == ["invoices.get", "events.mark"]
    assert world.now(invoice) is before


def test_the_event_log_tells_how_often_an_event_was_repeated_and_the_timeline_does_not(
    world: World, invoice: Invoice
) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    for _ in range(3):
        applied(world, event)
    assert event_log(invoice, world.ports)[event.id].repeated == 2
    assert kinds(world.now(invoice)) == ["created", "sent", "paid"]


def refund(world: World, invoice: Invoice, intent: str, **more: Any) -> str:
    options: Any = {"stripe_account": invoice.stripe_account_id}
    params: Any = {"payment_intent": intent, **more}
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
    refund(world, invoice, intent, amount=100)
    world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"], amount=100)
    world.client.v1.customers.update(str(customer.id), {"name": "Else"}, options)
    before = (dict(world.ports.database.invoices), dict(world.ports.database.events))
    events = listed(world, account)[-20:]
    kinds = {event.object_type for event in events if event.object_id != invoice.stripe_invoice_id}
    assert {"invoice", "payment_intent", "charge", "refund", "dispute", "customer", "invoice_payment"} <= kinds
    for event in events:
        if event.created < world.ports.clock.now():
            continue
        boundaries = count_calls(world)
        assert applied(world, event) is EventOutcome.FOREIGN, event.type
        assert len(boundaries.calls) <= 1
        assert boundaries.writes == []
    assert before == (world.ports.database.invoices, world.ports.database.events)


# To whom they belong


def test_a_copy_of_our_invoice_made_in_stripe_changes_nothing(world: World, invoice: Invoice) -> None:
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
    for event in listed(world, invoice.stripe_account_id):
        if event.created == world.ports.clock.now():
            assert applied(world, event) in {EventOutcome.FOREIGN, EventOutcome.NO_CHANGE}, event.type
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert world.now(invoice) == invoice


def test_another_accounts_event_that_names_our_ids_changes_nothing(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    stranger = StripeAccountId(world.connect(OrganizationId("org_green")))
    before = world.now(invoice)
    for event in listed(world, invoice.stripe_account_id):
        if event.created == world.ports.clock.now() and event.object_type != "customer":
            boundaries = count_calls(world)
            assert applied(world, replace(event, account_id=stranger)) is EventOutcome.FOREIGN, event.type
            assert boundaries.writes == []
            stop_counting(world)
    assert world.now(invoice) == before


def test_another_accounts_customer_event_changes_nothing(world: World, invoice: Invoice) -> None:
    options: Any = {"stripe_account": invoice.stripe_account_id}
    [customer] = world.in_stripe(invoice.stripe_account_id, "customer")
    world.client.v1.customers.update(customer["id"], {"email": "thief@example.test"}, options)
    stranger = StripeAccountId(world.connect(OrganizationId("org_green")))
    event = replace(latest(world, invoice.stripe_account_id, "customer.updated"), account_id=stranger)
    assert applied(world, event) is EventOutcome.FOREIGN


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
    paid(world, invoice)
    [customer] = world.in_stripe(account, "customer")
    world.client.v1.customers.update(customer["id"], {"email": "new@example.test"}, options)
    world.double.update_account(account, business_name="Red Pools")
    before = (
        dict(world.ports.database.invoices),
        dict(world.ports.database.customers),
        dict(world.ports.database.connections),
    )
    event = replace(latest(world, account, "account.updated"), type=type_, object_type="application", fact=None)
    if not type_.startswith("account.application"):
        event = latest(world, account, type_)
    assert applied(world, replace(event, livemode=True)) is EventOutcome.WRONG_MODE
    assert before == (world.ports.database.invoices, world.ports.database.customers, world.ports.database.connections)
    assert applied(world, event) in {EventOutcome.APPLIED, EventOutcome.NO_CHANGE}


def test_an_event_of_no_account_is_ignored(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = replace(latest(world, invoice.stripe_account_id, "invoice.paid"), account_id=None)
    boundaries = count_calls(world)
    assert applied(world, event) is EventOutcome.IGNORED
    assert boundaries.calls == []


def test_an_event_of_an_unknown_type_is_ignored(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = replace(latest(world, invoice.stripe_account_id, "invoice.paid"), type="invoice.sang")
    boundaries = count_calls(world)
    assert applied(world, event) is EventOutcome.IGNORED
    assert boundaries.calls == []


@pytest.mark.parametrize(
    "type_", ["invoice.overdue", "invoice.finalization_failed", "invoice.payment_action_required", "charge.pending"]
)
def test_an_event_that_an_earlier_endpoint_still_sends_is_ignored(type_: str, world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = replace(latest(world, invoice.stripe_account_id, "invoice.paid"), type=type_)
    boundaries = count_calls(world)
    assert applied(world, event) is EventOutcome.IGNORED
    assert boundaries.calls == []


def test_a_payment_that_waits_for_the_payers_bank_is_known_from_its_event(world: World, invoice: Invoice) -> None:
    paid(world, invoice, "pm_card_threeDSecure2Required")
    event = latest(world, invoice.stripe_account_id, "payment_intent.requires_action")
    assert applied(world, event) is EventOutcome.APPLIED
    assert world.now(invoice).facts.waits_for_confirmation


def test_invoice_created_is_not_subscribed_to() -> None:
    # Stripe holds back other invoices of the company until every subscriber has answered it.
    assert "invoice.created" not in SUBSCRIPTION


def test_every_kind_of_object_we_subscribe_to_has_who_applies_it() -> None:
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


# What they do


STORIES = [
    ("pm_card_visa", InvoiceStatus.PAID, None),
    ("pm_card_chargeDeclinedInsufficientFunds", InvoiceStatus.FAILED, "insufficient_funds"),
    ("pm_card_chargeDeclined", InvoiceStatus.FAILED, "card_declined"),
    ("pm_card_chargeDeclinedExpiredCard", InvoiceStatus.FAILED, "expired_card"),
    ("pm_card_chargeDeclinedIncorrectCvc", InvoiceStatus.FAILED, "incorrect_details"),
    ("pm_card_chargeDeclinedLostCard", InvoiceStatus.FAILED, "card_declined"),
    ("pm_card_chargeDeclinedProcessingError", InvoiceStatus.FAILED, "other"),
    ("pm_usBankAccount", InvoiceStatus.PENDING, None),
]


@pytest.mark.parametrize(("method", "status", "reason"), STORIES, ids=[story[0] for story in STORIES])
def test_what_the_payer_did_is_shown(
    method: str, status: InvoiceStatus, reason: str | None, world: World, invoice: Invoice
) -> None:
    world.double.set_delivery(paused=False)
    paid(world, invoice, method)
    world.deliver()
    shown = world.now(invoice)
    assert shown.status is status
    assert (shown.failure.reason if shown.failure else None) == reason
    assert differences(world.double.ledger(invoice.stripe_account_id), [shown]) == []


@pytest.mark.parametrize("authenticate", [True, False])
def test_an_authentication_that_the_payer_refuses_is_a_failure(
    authenticate: bool, world: World, invoice: Invoice
) -> None:
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
    refund_id = refund(world, invoice, paid(world, invoice))
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
    world.advance(25 * 86400)
    world.double.settle_refund(invoice.stripe_account_id, refund_id, outcome="failed")
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert world.now(invoice).refunded_amount == 0
    [failed] = entries(world.now(invoice), "refund_failed")
    assert (failed.reason, failed.amount) == ("expired_or_canceled_card", 7500)
    assert kinds(world.now(invoice))[-2:] == ["refunded", "refund_failed"]


def test_the_timeline_tells_what_happened_once(world: World, invoice: Invoice) -> None:
    world.double.set_delivery(paused=False, duplicate=1.0)
    paid(world, invoice)
    world.deliver()
    assert kinds(world.now(invoice)) == ["created", "sent", "paid"]
    [payment] = entries(world.now(invoice), "paid")
    assert (payment.at, payment.amount, payment.currency) == (world.ports.clock.now(), 7500, "usd")
    assert payment.method is not None
    assert (payment.method.type, payment.method.brand, payment.method.last4) == ("card", "visa", "4242")


def test_the_event_log_tells_each_event_of_a_payment_with_its_outcome(world: World, invoice: Invoice) -> None:
    world.double.set_delivery(paused=False, duplicate=1.0)
    before = event_log(invoice, world.ports)
    paid(world, invoice)
    world.deliver()
    logged = [each for event_id, each in event_log(invoice, world.ports).items() if event_id not in before]
    types = [
        "charge.succeeded",
        "invoice.paid",
        "invoice.updated",
        "invoice_payment.paid",
        "payment_intent.succeeded",
    ]
    assert sorted(each.type for each in logged) == types
    assert {each.source for each in logged} == {Source.WEBHOOK}
    assert {each.outcome for each in logged} == {EventOutcome.APPLIED, EventOutcome.NO_CHANGE}
    assert {each.repeated for each in logged} == {1}


def test_two_events_of_one_change_are_told_as_such(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    account = invoice.stripe_account_id
    assert applied(world, latest(world, account, "invoice.paid")) is EventOutcome.APPLIED
    assert applied(world, latest(world, account, "invoice.updated")) is EventOutcome.NO_CHANGE
    told = {each.type: each.outcome for each in event_log(invoice, world.ports).values()}
    assert (told["invoice.paid"], told["invoice.updated"]) == (EventOutcome.APPLIED, EventOutcome.NO_CHANGE)


def test_an_event_that_newer_ones_have_outdated_tells_nothing_new(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    paid(world, invoice, "pm_card_chargeDeclined")
    paid(world, invoice)
    applied(world, latest(world, account, "payment_intent.succeeded"))
    declined = latest(world, account, "payment_intent.payment_failed")
    assert applied(world, declined) is EventOutcome.NO_CHANGE
    assert event_log(invoice, world.ports)[declined.id].outcome == EventOutcome.NO_CHANGE


def test_an_older_event_that_comes_late_does_not_set_the_status_back(world: World, invoice: Invoice) -> None:
    paid(world, invoice, "pm_card_chargeDeclined")
    world.advance(60)
    paid(world, invoice)
    events = listed(world, invoice.stripe_account_id)
    world.double.set_delivery(paused=False)
    for event in reversed([each for each in events if each.created > invoice.created_at + 59]):
        applied(world, event)
        assert world.now(invoice).status is not InvoiceStatus.FAILED
    assert world.now(invoice).status is InvoiceStatus.PAID


# When an event alone does not say enough


def test_an_event_in_an_old_version_is_only_a_hint(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    assert event.current
    assert isinstance(event.fact, InvoiceFact)
    misread = replace(event.fact, status="uncollectible")
    boundaries = count_calls(world)
    assert applied(world, replace(event, api_version="2020-08-27", fact=misread)) is EventOutcome.APPLIED
    assert boundaries.stripe == ["fetch"]
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_snapshots_of_one_second_that_differ_are_settled_by_stripe(world: World, invoice: Invoice) -> None:
    paid(world, invoice, "pm_card_chargeDeclined")
    paid(world, invoice, "pm_card_chargeDeclinedExpiredCard")
    account = invoice.stripe_account_id
    older, newer = listed(world, account, "payment_intent.payment_failed")
    for first, second in ((newer, older), (older, newer)):
        applied(world, first)
        boundaries = count_calls(world)
        applied(world, second)
        stop_counting(world)
        assert boundaries.stripe == ["fetch"]
        failure = world.now(invoice).failure
        assert failure is not None
        assert failure.reason == "expired_card"
        world.ports.database.invoices[ORGANIZATION, invoice.id] = replace(invoice, version=world.now(invoice).version)
        world.ports.database.events.clear()


def test_an_event_that_needs_stripe_while_it_is_down_is_parked_and_healed_by_the_sweep(
    world: World, invoice: Invoice
) -> None:
    paid(world, invoice)
    event = replace(latest(world, invoice.stripe_account_id, "invoice.paid"), api_version="2020-08-27", fact=None)
    world.double.order_fault("error_before", count=100)
    receipt = receive_event(event, Source.WEBHOOK, world.ports)
    assert (receipt.outcome, receipt.error) == (EventOutcome.PARKED, "stripe_failed")
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert [each.body for each in world.ports.events.parked(invoice.stripe_account_id, 10)] == [event.body]
    world.double.clear_faults()
    world.advance(40 * 86400)  # Stripe lists it no more
    world.sweep(objects=False)
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert world.ports.events.parked(invoice.stripe_account_id, 10) == []


def test_a_broken_applier_parks_the_event_too(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    plain = world.ports.invoices

    class Broken:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def apply(self, *_: Any) -> Any:
            raise ZeroDivisionError

    world.ports.invoices = Broken()  # type: ignore[assignment]
    receipt = receive_event(event, Source.WEBHOOK, world.ports)
    assert (receipt.outcome, receipt.error) == (EventOutcome.PARKED, "ZeroDivisionError")
    world.ports.invoices = plain
    assert applied(world, event) is EventOutcome.APPLIED


def test_only_an_event_that_cannot_even_be_parked_is_refused(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    failing = StripeUnavailable("database_unavailable", "No.", answered=False)

    class Down:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any) -> Any:
                raise failing

            return fail

    world.ports.invoices = Down()  # type: ignore[assignment]
    world.ports.events = Down()  # type: ignore[assignment]
    with pytest.raises(StripeUnavailable):
        receive_event(event, Source.WEBHOOK, world.ports)


def test_an_applied_event_is_never_parked_afterwards(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    applied(world, event)
    world.ports.events.park(event, world.ports.clock.now(), "late")
    assert world.ports.events.parked(invoice.stripe_account_id, 10) == []


def test_writers_at_the_same_moment_both_get_through(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    account = invoice.stripe_account_id
    event, rival = latest(world, account, "invoice.paid"), latest(world, account, "payment_intent.succeeded")
    plain = world.ports.invoices

    class Racing:
        raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def apply(self, *args: Any) -> Any:
            if not Racing.raced:
                Racing.raced = True
                world.ports.invoices = plain
                applied(world, rival)
            return plain.apply(*args)

    world.ports.invoices = Racing()  # type: ignore[assignment]
    assert applied(world, event) is EventOutcome.APPLIED
    told = world.now(invoice)
    assert told.status is InvoiceStatus.PAID
    assert [intent.status for intent in told.facts.payment_intents.values()] == ["succeeded"]


def test_an_event_that_loses_to_all_others_of_its_payment_is_applied_and_not_parked(
    world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(world, invoice)
    store = world.ports.invoices
    others = iter(range(8))
    apply = store.apply

    def apply_after_the_others(*given: object) -> object:
        if next(others, None) is not None:
            raise StaleWrite("The invoice")
        return apply(*given)

    monkeypatch.setattr(store, "apply", apply_after_the_others)
    assert applied(world, latest(world, invoice.stripe_account_id, "invoice.paid")) is EventOutcome.APPLIED


def test_a_writer_who_always_loses_gives_up(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    plain = world.ports.invoices

    class Losing:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def apply(self, *_: Any) -> Any:
            raise StaleWrite("The invoice")

    world.ports.invoices = Losing()  # type: ignore[assignment]
    with pytest.raises(StaleWrite):
        apply_event(latest(world, invoice.stripe_account_id, "invoice.paid"), Source.WEBHOOK, world.ports)


# Before the invoice's own making has been noted


def test_events_that_come_before_the_draft_was_noted_are_kept(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_after", method="POST", path="/v1/invoices")
    made = world.invoice()
    assert made.stripe_invoice_id is None
    options: Any = {"stripe_account": account}
    [draft] = world.in_stripe(account)
    world.client.v1.invoices.update(draft["id"], {"footer": "Thanks"}, options)
    world.deliver()
    assert world.now(made).stripe_invoice_id == draft["id"]
    assert world.now(made).status is InvoiceStatus.CREATING
    world.advance(200)
    world.resume()
    assert world.now(made).status is InvoiceStatus.PENDING


def test_a_draft_deleted_in_stripe_is_void_and_frees_its_services(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    options: Any = {"stripe_account": account}
    world.client.v1.invoices.delete(str(draft.stripe_invoice_id), None, options)
    world.deliver()
    assert world.now(draft).status is InvoiceStatus.VOID
    [told] = entries(world.now(draft), "draft_deleted")
    assert (told.amount, told.currency, told.by_pom) == (None, None, False)
    assert world.invoice().status is InvoiceStatus.PENDING


# The account


def test_a_capability_event_brings_the_account_from_stripe(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.update_account(account, charges_enabled=False, currently_due=["external_account"])
    event = latest(world, account, "account.updated")
    capability = replace(
        event, id="evt_2", type="capability.updated", object_type="capability", object_id="card_payments", fact=None
    )
    boundaries = count_calls(world)
    assert applied(world, capability) is EventOutcome.APPLIED
    assert boundaries.stripe == ["account"]
    assert not world.ports.connections.get(ORGANIZATION).ready_to_send
    assert applied(world, event) is EventOutcome.NO_CHANGE


def test_an_older_account_event_does_not_undo_a_newer(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.update_account(account, charges_enabled=False)
    world.advance(5)
    world.double.update_account(account, charges_enabled=True)
    older, newer = listed(world, account, "account.updated")
    applied(world, newer)
    assert applied(world, older) is EventOutcome.NO_CHANGE
    assert world.ports.connections.get(ORGANIZATION).ready_to_send
    assert isinstance(older.fact, AccountFact)


def test_a_restriction_is_lifted_although_stripes_clock_is_far_ahead(world: World, account: StripeAccountId) -> None:
    """Stripe's answers are dated by its clock, and an event that is dated far ahead by ours."""
    world.double.advance(3 * 86400)
    for enabled in (False, True):
        world.double.update_account(account, charges_enabled=enabled)
        assert applied(world, latest(world, account, "account.updated")) is EventOutcome.APPLIED
        assert world.ports.connections.get(ORGANIZATION).ready_to_send is enabled


def test_a_customer_event_that_is_dated_far_ahead_makes_pom_ask_stripe(world: World, invoice: Invoice) -> None:
    event = latest(world, invoice.stripe_account_id, "customer.created")
    customer = world.ports.customers.get(ORGANIZATION, invoice.order.customer_id)
    assert customer is not None
    world.ports.customers.save(replace(customer, stripe_as_of=event.created + 3 * 86400))
    boundaries = count_calls(world)
    applied(world, replace(event, id="evt_2", type="customer.updated", created=event.created + 4 * 86400))
    assert "fetch" in boundaries.stripe


def test_an_account_nobody_connected_is_foreign(world: World, invoice: Invoice) -> None:
    account = invoice.stripe_account_id
    world.double.update_account(account, business_name="Red Pools")
    event = replace(latest(world, account, "account.updated"), account_id=StripeAccountId("acct_unknown"))
    assert applied(world, event) is EventOutcome.FOREIGN


def test_customer_facts_never_reach_an_invoice(world: World, invoice: Invoice) -> None:
    paid(world, invoice)
    event = latest(world, invoice.stripe_account_id, "invoice.paid")
    stray = replace(event, fact=CustomerFact("cus_1", event.created, None))
    assert applied(world, stray) is EventOutcome.APPLIED
    assert world.now(invoice).status is InvoiceStatus.PAID, "Stripe was asked instead"
