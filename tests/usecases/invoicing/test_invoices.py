"""Tests acts on an invoice: send after a review, void and refresh, only on own invoices of the connected account."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, IntegrationError, NotFound, Refused, StripeUnavailable
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.invoice_lists import list_invoices
from chalicelib.usecases.invoicing.invoices import get_invoice, refresh_invoice, send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import count_calls
from tests.oracle import differences
from tests.timelines import kinds
from tests.world import ADMIN, OFFICE, ORGANIZATION, World, order

OTHER = OrganizationId("org_green")


def send_as_office(world: World, invoice: Invoice) -> Invoice:
    return send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


def void_as_office(world: World, invoice: Invoice) -> Invoice:
    return void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


def refresh_as_office(world: World, invoice: Invoice) -> Invoice:
    return refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


def as_owner(account: str) -> Any:
    return {"stripe_account": account}


def mails(world: World) -> int:
    return len(world.double.mails())


# Ownership


@pytest.mark.parametrize("act", [send_invoice, void_invoice, refresh_invoice])
def test_an_invoice_of_another_organization_cannot_be_sent_voided_or_refreshed(
    act: Any, world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    world.connect(OTHER)
    world.double.api.log.reset()
    before = world.now(draft)
    for organization, invoice_id in ((OTHER, draft.id), (ORGANIZATION, InvoiceId("inv_unknown"))):
        with pytest.raises(NotFound) as refusal:
            act(organization, invoice_id, OFFICE, world.ports)
        assert refusal.value.code == "invoice_not_found"
        assert draft.id not in str(refusal.value)
    assert world.stripe_calls() == {}
    assert world.now(draft) == before


def test_invoices_of_another_organization_cannot_be_read(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    with pytest.raises(NotFound):
        get_invoice(OTHER, invoice.id, world.ports)
    assert list_invoices(OTHER, InvoiceFilter(), 10, None, world.ports).items == ()
    assert [each.id for each in list_invoices(ORGANIZATION, InvoiceFilter(), 10, None, world.ports).items] == [
        invoice.id
    ]


@pytest.mark.parametrize("act", [send_invoice, void_invoice, refresh_invoice])
def test_an_invoice_of_a_former_account_cannot_be_sent_voided_or_refreshed(
    act: Any, world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    with pytest.raises(Conflict, match="stripe_not_connected"):
        act(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.advance(60)
    world.connect()
    with pytest.raises(Conflict) as refusal:
        act(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert refusal.value.code == "invoice_of_other_account"
    assert refusal.value.next_step
    assert world.now(draft).status is InvoiceStatus.DRAFT


# Send


def test_sending_twice_mails_once(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    first = send_as_office(world, draft)
    assert send_as_office(world, draft) == first
    world.deliver()
    assert send_as_office(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_two_simultaneous_sends_mail_once(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    real = world.ports.stripe

    class RacingStripe:
        def __init__(self) -> None:
            self.raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def send(self, *args: Any) -> Any:
            if not self.raced:
                self.raced = True
                world.ports.stripe = real
                with pytest.raises(Conflict, match="invoice_creating"):
                    send_as_office(world, draft)
            return real.send(*args)

    world.ports.stripe = RacingStripe()  # type: ignore[assignment]
    assert send_as_office(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_a_send_that_stripe_refuses_keeps_the_draft_and_can_be_repeated(
    world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    world.double.set_delivery(paused=True)
    world.double.update_account(account, charges_enabled=False)
    with pytest.raises(Refused) as refusal:
        send_as_office(world, draft)
    assert "cannot currently make charges" in refusal.value.message
    assert world.now(draft).status is InvoiceStatus.DRAFT
    assert len(world.in_stripe(account)) == 1
    # Stripe repeats a stored refusal for the same key. The next order to send has its own key.
    world.double.update_account(account, charges_enabled=True)
    assert send_as_office(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_a_send_whose_response_is_lost_is_finished_by_the_schedule(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.double.order_fault("close_after", method="POST", path="/v1/invoices/*/send")
    assert send_as_office(world, draft).status is InvoiceStatus.CREATING
    world.advance(31)
    world.resume()
    assert world.now(draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_an_unverified_business_cannot_send_a_draft(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False))
    world.customer()
    draft = world.invoice(send=False)
    with pytest.raises(Refused, match="stripe_account_not_ready"):
        send_as_office(world, draft)
    world.advance(1)
    world.double.update_account(account, charges_enabled=True)
    world.deliver()
    assert send_as_office(world, draft).status is InvoiceStatus.PENDING


def test_a_draft_sent_from_stripes_dashboard_is_sent(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.client.v1.invoices.send_invoice(str(draft.stripe_invoice_id), None, as_owner(account))
    world.deliver()
    assert send_as_office(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_a_draft_finalized_in_stripes_dashboard_and_not_sent_can_be_sent(
    world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    world.client.v1.invoices.finalize_invoice(str(draft.stripe_invoice_id), None, as_owner(account))
    world.deliver()
    assert world.now(draft).status is InvoiceStatus.PENDING
    assert mails(world) == 0
    assert send_as_office(world, draft).sent_at is not None
    assert send_as_office(world, draft).sent_at is not None
    assert mails(world) == 1


@pytest.mark.parametrize("word", ["paid", "void", "uncollectible"])
def test_sending_a_paid_void_or_uncollectible_invoice_is_refused_with_a_reason(
    word: str, world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    stripe_id = str(draft.stripe_invoice_id)
    world.client.v1.invoices.finalize_invoice(stripe_id, None, as_owner(account))
    if word == "paid":
        world.client.v1.invoices.pay(stripe_id, {"paid_out_of_band": True}, as_owner(account))
    elif word == "void":
        world.client.v1.invoices.void_invoice(stripe_id, None, as_owner(account))
    else:
        world.client.v1.invoices.mark_uncollectible(stripe_id, None, as_owner(account))
    world.deliver()
    with pytest.raises(Conflict) as refusal:
        send_as_office(world, draft)
    assert refusal.value.code == "invoice_not_sendable"
    assert word in refusal.value.message
    assert refusal.value.next_step


# Void


@pytest.mark.parametrize("send", [True, False], ids=["sent", "draft"])
def test_voiding_an_invoice_voids_or_deletes_it_in_stripe(send: bool, world: World, account: StripeAccountId) -> None:
    invoice = world.invoice(send=send)
    world.deliver()
    assert void_as_office(world, invoice).status is InvoiceStatus.VOID
    assert [each["status"] for each in world.in_stripe(account)] == (["void"] if send else [])
    assert void_as_office(world, invoice).status is InvoiceStatus.VOID
    assert world.now(invoice).balance == 0
    world.deliver()
    assert differences(world.double.ledger(account), [world.now(invoice)]) == []


def test_a_failed_or_uncollectible_invoice_can_be_voided(world: World, account: StripeAccountId) -> None:
    failed_invoice, uncollectible = world.invoice("svc_1"), world.invoice("svc_2")
    world.double.pay(account, str(failed_invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    world.client.v1.invoices.mark_uncollectible(str(uncollectible.stripe_invoice_id), None, as_owner(account))
    world.deliver()
    assert world.now(failed_invoice).status is InvoiceStatus.FAILED
    assert world.now(uncollectible).status is InvoiceStatus.UNCOLLECTIBLE
    assert void_as_office(world, failed_invoice).status is InvoiceStatus.VOID
    assert void_as_office(world, uncollectible).status is InvoiceStatus.VOID


def test_voiding_a_paid_invoice_is_refused_and_the_next_step_is_a_refund(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    with pytest.raises(Conflict) as refusal:
        void_as_office(world, invoice)
    assert refusal.value.code == "invoice_not_voidable"
    assert "Refund" in str(refusal.value.next_step)


def test_an_invoice_whose_payment_event_is_pending_is_not_voided(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))  # the event has not arrived yet
    with pytest.raises(Conflict, match="invoice_not_voidable"):
        void_as_office(world, invoice)
    assert world.now(invoice).status is InvoiceStatus.PAID
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_a_refused_void_can_be_repeated_once_the_payment_has_failed(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    intent = world.double.pay(account, str(invoice.stripe_invoice_id), "pm_usBankAccount")["payment_intent"]
    world.deliver()
    with pytest.raises(IntegrationError):
        void_as_office(world, invoice)  # a payment is under way
    world.double.settle_debit(account, intent, fail="insufficient_funds")
    world.deliver()
    assert void_as_office(world, invoice).status is InvoiceStatus.VOID


def test_voiding_an_invoice_that_was_just_voided_in_stripe_succeeds(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.client.v1.invoices.void_invoice(str(invoice.stripe_invoice_id), None, as_owner(account))
    assert void_as_office(world, invoice).status is InvoiceStatus.VOID


def test_voiding_a_draft_that_was_just_finalized_in_stripe_voids_it(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.client.v1.invoices.finalize_invoice(str(draft.stripe_invoice_id), None, as_owner(account))
    assert void_as_office(world, draft).status is InvoiceStatus.VOID
    assert [each["status"] for each in world.in_stripe(account)] == ["void"]


@pytest.mark.parametrize("kind", ["close_before", "close_after", "error_before", "error_after"])
def test_a_void_whose_outcome_is_unknown_can_be_repeated(kind: str, world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.order_fault(kind, method="POST", path="/v1/invoices/*/void", stored=True)
    with pytest.raises(StripeUnavailable):
        void_as_office(world, invoice)
    assert void_as_office(world, invoice).status is InvoiceStatus.VOID
    assert [each["status"] for each in world.in_stripe(account)] == ["void"]


def test_an_invoice_in_creation_can_be_neither_sent_nor_voided(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices/*/send")
    invoice = world.invoice()
    for act in (send_as_office, void_as_office):
        with pytest.raises(Conflict) as refusal:
            act(world, invoice)
        assert refusal.value.code == "invoice_creating"
        assert refusal.value.next_step


# Refresh


def test_a_refresh_stores_changes_without_events(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.set_delivery(paused=True)
    intent = world.double.pay(account, str(invoice.stripe_invoice_id))["payment_intent"]
    assert refresh_as_office(world, invoice).status is InvoiceStatus.PAID
    world.client.v1.refunds.create({"payment_intent": intent}, as_owner(account))
    assert refresh_as_office(world, invoice).status is InvoiceStatus.REFUNDED
    assert kinds(world.now(invoice)) == ["created", "sent", "paid", "refunded"]


def test_a_refresh_without_news_writes_nothing(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    world.deliver()
    boundaries = count_calls(world)
    refresh_as_office(world, invoice)
    assert boundaries.writes == []


def test_events_that_arrive_after_a_refresh_change_no_facts(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.set_delivery(paused=True)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    refresh_as_office(world, invoice)
    facts = world.now(invoice).facts.without_times
    world.double.set_delivery(paused=False)
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert world.now(invoice).facts.without_times == facts


def test_a_refresh_overtaken_by_an_event_keeps_the_newer_facts(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.deliver()
    real = world.ports.stripe

    class SlowStripe:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def everything(self, *args: Any) -> Any:
            facts = real.everything(*args)
            world.ports.stripe = real
            world.advance(5)
            world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
            world.deliver()
            return facts

    world.ports.stripe = SlowStripe()  # type: ignore[assignment]
    refresh_as_office(world, invoice)
    assert world.now(invoice).status is InvoiceStatus.FAILED


def test_a_refresh_with_news_overtaken_by_an_event_keeps_the_newer_facts(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    world.advance(5)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclinedInsufficientFunds")
    real = world.ports.stripe

    class SlowStripe:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def everything(self, *args: Any) -> Any:
            facts = real.everything(*args)
            world.ports.stripe = real
            world.double.set_delivery(lose_rate=0.0)
            world.advance(5)
            world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclinedExpiredCard")
            world.deliver()
            return facts

    world.ports.stripe = SlowStripe()  # type: ignore[assignment]
    refresh_as_office(world, invoice)
    failure = world.now(invoice).failure
    assert failure is not None
    assert failure.reason == "expired_card"


def test_a_refresh_marks_a_draft_deleted_in_stripe_as_void(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.double.set_delivery(paused=True)
    world.client.v1.invoices.delete(str(draft.stripe_invoice_id), None, as_owner(account))
    assert refresh_as_office(world, draft).status is InvoiceStatus.VOID
    world.double.set_delivery(paused=False)
    world.deliver()
    boundaries = count_calls(world)
    assert refresh_as_office(world, draft).status is InvoiceStatus.VOID
    assert boundaries.writes == []


def test_refreshing_an_invoice_without_a_draft_returns_it_unchanged(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices")
    invoice = create_invoice(order(), world.ports)
    assert refresh_as_office(world, invoice).status is InvoiceStatus.CREATING
