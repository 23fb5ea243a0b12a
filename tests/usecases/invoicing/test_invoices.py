"""Acting on an invoice: send after a review, void, pull the truth; always one's own, on the right account."""

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


def sent_again(world: World, invoice: Invoice) -> Invoice:
    return send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


def voided(world: World, invoice: Invoice) -> Invoice:
    return void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


def refreshed(world: World, invoice: Invoice) -> Invoice:
    return refresh_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)


def as_owner(account: str) -> Any:
    return {"stripe_account": account}


def mails(world: World) -> int:
    return len(world.double.mails())


# Whose


@pytest.mark.parametrize("act", [send_invoice, void_invoice, refresh_invoice])
def test_nobody_acts_on_another_organizations_invoice(act: Any, world: World, account: StripeAccountId) -> None:
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


def test_nobody_reads_another_organizations_invoices(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    with pytest.raises(NotFound):
        get_invoice(OTHER, invoice.id, world.ports)
    assert list_invoices(OTHER, InvoiceFilter(), 10, None, world.ports).items == ()
    assert [each.id for each in list_invoices(ORGANIZATION, InvoiceFilter(), 10, None, world.ports).items] == [
        invoice.id
    ]


@pytest.mark.parametrize("act", [send_invoice, void_invoice, refresh_invoice])
def test_an_invoice_of_an_account_that_is_no_longer_connected_stays_as_it_is(
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
    first = sent_again(world, draft)
    assert sent_again(world, draft) == first
    world.deliver()
    assert sent_again(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_two_people_who_press_send_at_once_send_once(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    plain = world.ports.stripe

    class Racing:
        def __init__(self) -> None:
            self.raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def send(self, *args: Any) -> Any:
            if not self.raced:
                self.raced = True
                world.ports.stripe = plain
                with pytest.raises(Conflict, match="invoice_creating"):
                    sent_again(world, draft)
            return plain.send(*args)

    world.ports.stripe = Racing()  # type: ignore[assignment]
    assert sent_again(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_a_send_that_stripe_refuses_keeps_the_reviewed_draft_and_can_be_repeated(
    world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    world.double.set_delivery(paused=True)
    world.double.update_account(account, charges_enabled=False)
    with pytest.raises(Refused) as refusal:
        sent_again(world, draft)
    assert "cannot currently make charges" in refusal.value.message
    assert world.now(draft).status is InvoiceStatus.DRAFT
    assert len(world.in_stripe(account)) == 1
    # Stripe repeats a stored refusal to whoever uses the same key: the next order to send has its own.
    world.double.update_account(account, charges_enabled=True)
    assert sent_again(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_a_send_whose_answer_is_lost_is_finished_by_itself(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.double.order_fault("close_after", method="POST", path="/v1/invoices/*/send")
    assert sent_again(world, draft).status is InvoiceStatus.CREATING
    world.advance(31)
    world.resume()
    assert world.now(draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_an_unverified_business_cannot_send_a_draft(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False))
    world.customer()
    draft = world.invoice(send=False)
    with pytest.raises(Refused, match="stripe_account_not_ready"):
        sent_again(world, draft)
    world.advance(1)
    world.double.update_account(account, charges_enabled=True)
    world.deliver()
    assert sent_again(world, draft).status is InvoiceStatus.PENDING


def test_a_draft_sent_from_stripes_dashboard_is_sent(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.client.v1.invoices.send_invoice(str(draft.stripe_invoice_id), None, as_owner(account))
    world.deliver()
    assert sent_again(world, draft).status is InvoiceStatus.PENDING
    assert mails(world) == 1


def test_a_draft_finalized_in_stripes_dashboard_and_not_sent_can_be_sent(
    world: World, account: StripeAccountId
) -> None:
    draft = world.invoice(send=False)
    world.client.v1.invoices.finalize_invoice(str(draft.stripe_invoice_id), None, as_owner(account))
    world.deliver()
    assert world.now(draft).status is InvoiceStatus.PENDING
    assert mails(world) == 0
    assert sent_again(world, draft).sent_at is not None
    assert sent_again(world, draft).sent_at is not None
    assert mails(world) == 1


@pytest.mark.parametrize("word", ["paid", "void", "uncollectible"])
def test_what_can_no_longer_be_sent_says_so(word: str, world: World, account: StripeAccountId) -> None:
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
        sent_again(world, draft)
    assert refusal.value.code == "invoice_not_sendable"
    assert word in refusal.value.message
    assert refusal.value.next_step


# Void


@pytest.mark.parametrize("send", [True, False], ids=["sent", "draft"])
def test_voiding_ends_it_in_stripe_too(send: bool, world: World, account: StripeAccountId) -> None:
    invoice = world.invoice(send=send)
    world.deliver()
    assert voided(world, invoice).status is InvoiceStatus.VOID
    assert [each["status"] for each in world.in_stripe(account)] == (["void"] if send else [])
    assert voided(world, invoice).status is InvoiceStatus.VOID
    assert world.now(invoice).balance == 0
    world.deliver()
    assert differences(world.double.ledger(account), [world.now(invoice)]) == []


def test_a_failed_or_uncollectible_invoice_can_be_voided(world: World, account: StripeAccountId) -> None:
    failed, written_off = world.invoice("svc_1"), world.invoice("svc_2")
    world.double.pay(account, str(failed.stripe_invoice_id), "pm_card_chargeDeclined")
    world.client.v1.invoices.mark_uncollectible(str(written_off.stripe_invoice_id), None, as_owner(account))
    world.deliver()
    assert world.now(failed).status is InvoiceStatus.FAILED
    assert world.now(written_off).status is InvoiceStatus.UNCOLLECTIBLE
    assert voided(world, failed).status is InvoiceStatus.VOID
    assert voided(world, written_off).status is InvoiceStatus.VOID


def test_a_paid_invoice_cannot_be_voided_and_the_answer_names_the_refund(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    with pytest.raises(Conflict) as refusal:
        voided(world, invoice)
    assert refusal.value.code == "invoice_not_voidable"
    assert "Refund" in str(refusal.value.next_step)


def test_an_invoice_paid_a_moment_ago_is_not_voided(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))  # the event is on its way
    with pytest.raises(Conflict, match="invoice_not_voidable"):
        voided(world, invoice)
    assert world.now(invoice).status is InvoiceStatus.PAID
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_a_refused_void_can_be_repeated_once_its_cause_is_gone(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    intent = world.double.pay(account, str(invoice.stripe_invoice_id), "pm_usBankAccount")["payment_intent"]
    world.deliver()
    with pytest.raises(IntegrationError):
        voided(world, invoice)  # a payment is under way
    world.double.settle_debit(account, intent, fail="insufficient_funds")
    world.deliver()
    assert voided(world, invoice).status is InvoiceStatus.VOID


def test_what_was_voided_in_stripe_a_moment_ago_is_void(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.client.v1.invoices.void_invoice(str(invoice.stripe_invoice_id), None, as_owner(account))
    assert voided(world, invoice).status is InvoiceStatus.VOID


def test_a_draft_finalized_in_stripe_a_moment_ago_is_voided(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.client.v1.invoices.finalize_invoice(str(draft.stripe_invoice_id), None, as_owner(account))
    assert voided(world, draft).status is InvoiceStatus.VOID
    assert [each["status"] for each in world.in_stripe(account)] == ["void"]


@pytest.mark.parametrize("kind", ["close_before", "close_after", "error_before", "error_after"])
def test_a_void_whose_outcome_is_unknown_can_be_repeated(kind: str, world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.order_fault(kind, method="POST", path="/v1/invoices/*/void", stored=True)
    with pytest.raises(StripeUnavailable):
        voided(world, invoice)
    assert voided(world, invoice).status is InvoiceStatus.VOID
    assert [each["status"] for each in world.in_stripe(account)] == ["void"]


def test_an_invoice_still_being_made_is_neither_sent_nor_voided(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices/*/send")
    invoice = world.invoice()
    for act in (sent_again, voided):
        with pytest.raises(Conflict) as refusal:
            act(world, invoice)
        assert refusal.value.code == "invoice_creating"
        assert refusal.value.next_step


# Refresh


def test_refreshing_pulls_what_no_event_brought(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.set_delivery(paused=True)
    intent = world.double.pay(account, str(invoice.stripe_invoice_id))["payment_intent"]
    assert refreshed(world, invoice).status is InvoiceStatus.PAID
    world.client.v1.refunds.create({"payment_intent": intent}, as_owner(account))
    assert refreshed(world, invoice).status is InvoiceStatus.REFUNDED
    assert kinds(world.now(invoice)) == ["created", "sent", "paid", "refunded"]


def test_refreshing_what_is_known_writes_nothing(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    world.deliver()
    boundaries = count_calls(world)
    refreshed(world, invoice)
    assert boundaries.writes == []


def test_events_that_come_after_a_refresh_tell_nothing_new(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.double.set_delivery(paused=True)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    refreshed(world, invoice)
    facts = world.now(invoice).facts.without_times
    world.double.set_delivery(paused=False)
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert world.now(invoice).facts.without_times == facts


def test_a_refresh_overtaken_by_an_event_keeps_the_newer(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.deliver()
    plain = world.ports.stripe

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def everything(self, *args: Any) -> Any:
            facts = plain.everything(*args)
            world.ports.stripe = plain
            world.advance(5)
            world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
            world.deliver()
            return facts

    world.ports.stripe = Slow()  # type: ignore[assignment]
    refreshed(world, invoice)
    assert world.now(invoice).status is InvoiceStatus.FAILED


def test_a_refresh_that_brings_news_and_is_overtaken_by_newer_keeps_the_newer(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    world.advance(5)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclinedInsufficientFunds")
    plain = world.ports.stripe

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def everything(self, *args: Any) -> Any:
            facts = plain.everything(*args)
            world.ports.stripe = plain
            world.double.set_delivery(lose_rate=0.0)
            world.advance(5)
            world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclinedExpiredCard")
            world.deliver()
            return facts

    world.ports.stripe = Slow()  # type: ignore[assignment]
    refreshed(world, invoice)
    failure = world.now(invoice).failure
    assert failure is not None
    assert failure.reason == "expired_card"


def test_a_draft_that_is_gone_from_stripe_is_void_after_a_refresh(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    world.double.set_delivery(paused=True)
    world.client.v1.invoices.delete(str(draft.stripe_invoice_id), None, as_owner(account))
    assert refreshed(world, draft).status is InvoiceStatus.VOID
    world.double.set_delivery(paused=False)
    world.deliver()
    boundaries = count_calls(world)
    assert refreshed(world, draft).status is InvoiceStatus.VOID
    assert boundaries.writes == []


def test_an_invoice_without_a_draft_yet_is_answered_as_it_is(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices")
    invoice = create_invoice(order(), world.ports)
    assert refreshed(world, invoice).status is InvoiceStatus.CREATING
