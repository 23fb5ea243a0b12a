"""Tests the recipient of an invoice: it is mailed to the customer's present email, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.usecases.customers.customers import get_customer, sync_customer
from chalicelib.usecases.invoicing.invoices import get_invoice, send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.world import OFFICE, ORGANIZATION, World


@pytest.fixture
def account(world: World) -> str:
    return world.connect()


def test_a_draft_of_a_formerly_linked_stripe_customer_is_not_sent(world: World, account: str) -> None:
    options: Any = {"stripe_account": account}
    wrong = world.client.v1.customers.create({"email": "somebody@example.test"}, options).id
    right = world.client.v1.customers.create({"email": "ann@example.test"}, options).id
    world.customer(stripe_customer_id=wrong)
    world.work()
    draft = world.invoice(send=False)
    world.customer(stripe_customer_id=right)
    world.work()
    with pytest.raises(Conflict) as refusal:
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert (refusal.value.code, world.double.mails()) == ("draft_of_other_customer", [])
    assert refusal.value.next_step
    void_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert world.invoice().status is InvoiceStatus.PENDING
    assert [mail["to"] for mail in world.double.mails()] == ["ann@example.test"]


def test_a_draft_of_the_presently_linked_stripe_customer_is_sent(world: World, account: str) -> None:
    world.customer()
    draft = world.invoice(send=False)
    world.customer(phone="2", stripe_customer_id=present_link(world, account))
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_an_invoice_finalized_in_stripe_is_not_sent_to_a_former_email(world: World, account: str) -> None:
    world.customer()
    draft = world.invoice(send=False)
    options: Any = {"stripe_account": account}
    world.client.v1.invoices.finalize_invoice(str(draft.stripe_invoice_id), {"auto_advance": False}, options)
    world.deliver()
    world.customer(email="new@example.test")
    world.work()
    with pytest.raises(Conflict) as refusal:
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert (refusal.value.code, world.double.mails()) == ("customer_email_changed", [])


@pytest.mark.parametrize("step", ["send", "add_lines"])
def test_an_unfinished_invoice_of_a_formerly_linked_stripe_customer_is_undone(
    world: World, account: str, step: str
) -> None:
    wrong = link_wrong_customer(world, account)
    act_with_stripe_down(world, step, world.invoice)
    correct_link(world, account, wrong_id=wrong)
    world.advance(600)
    with pytest.raises(Conflict) as refusal:
        world.resume()
    assert (refusal.value.code, world.double.mails()) == ("draft_of_other_customer", [])
    assert world.in_stripe(account) == []
    assert world.invoice().status is InvoiceStatus.PENDING
    assert [mail["to"] for mail in world.double.mails()] == ["ann@example.test"]


def test_a_draft_whose_link_is_corrected_before_the_send_stays_a_draft(world: World, account: str) -> None:
    wrong = link_wrong_customer(world, account)
    draft = world.invoice(send=False)
    act_with_stripe_down(world, "send", lambda: send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports))
    correct_link(world, account, wrong_id=wrong)
    world.advance(600)
    with pytest.raises(Conflict, match="draft_of_other_customer"):
        world.resume()
    assert (world.now(draft).status, world.double.mails()) == (InvoiceStatus.DRAFT, [])


@pytest.mark.parametrize("fault", ["error_after", "close_after"])
def test_a_draft_recovered_from_stripe_keeps_its_stripe_customer(world: World, account: str, fault: str) -> None:
    wrong = link_wrong_customer(world, account)
    draft = act_with_stripe_down(world, "", lambda: world.invoice(send=False), fault)
    world.advance(600)
    world.resume()
    assert world.now(draft).status is InvoiceStatus.DRAFT
    correct_link(world, account, wrong_id=wrong)
    with pytest.raises(Conflict, match="draft_of_other_customer"):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert world.double.mails() == []


def test_the_stripe_customer_of_a_draft_of_a_former_release_is_read_from_stripe(world: World, account: str) -> None:
    wrong = link_wrong_customer(world, account)
    draft = world.invoice(send=False)
    fact = draft.facts.invoice
    assert fact is not None
    former = replace(draft.facts, invoice=replace(fact, drafted_for=None))
    world.ports.invoices.save(invoice_write(replace(draft, facts=former, stripe_customer_id=None)))
    correct_link(world, account, wrong_id=wrong)
    with pytest.raises(Conflict, match="draft_of_other_customer"):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)


def test_an_invoice_is_mailed_to_an_email_that_was_corrected_during_its_creation(world: World, account: str) -> None:
    world.customer(email="an@example.test")
    invoice = act_with_stripe_down(world, "send", world.invoice)
    world.customer(email="ann@example.test")
    world.ports.queues.take()  # the worker has not run yet
    world.advance(100)
    world.resume()
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert [mail["to"] for mail in world.double.mails()] == ["ann@example.test"]


def test_a_sent_invoice_counts_as_sent_although_its_customer_was_edited_before_the_response(
    world: World, account: str
) -> None:
    world.customer()
    invoice = act_with_stripe_down(world, "send", world.invoice, "close_after")
    world.deliver()
    world.customer(email="new@example.test")
    world.work()
    world.advance(100)
    world.resume()
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert world.now(invoice).sent_at is not None
    assert len(world.double.mails()) == 1


def test_a_draft_is_sent_although_a_worker_stores_its_customer_meanwhile(world: World, account: str) -> None:
    world.customer()
    draft = world.invoice(send=False)
    world.customer(phone="1")
    save = world.ports.customers.save

    def sync_and_save(customer: Customer) -> Customer:
        world.ports.customers.save = save  # type: ignore[method-assign]
        sync_customer(ORGANIZATION, customer.id, world.ports)
        return save(customer)

    world.ports.customers.save = sync_and_save  # type: ignore[method-assign]
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def link_wrong_customer(world: World, account: str) -> str:
    """Links the customer to another person's Stripe customer by mistake, and returns the id of that Stripe
    customer.
    """
    options: Any = {"stripe_account": account}
    wrong = world.client.v1.customers.create({"email": "bob@example.test"}, options).id
    world.customer(stripe_customer_id=wrong)
    world.work()
    return wrong


def correct_link(world: World, account: str, *, wrong_id: str) -> None:
    """Corrects the link, and links the Stripe customer with the wrong id to its own customer Bob."""
    options: Any = {"stripe_account": account}
    right = world.client.v1.customers.create({"email": "ann@example.test"}, options).id
    world.customer(stripe_customer_id=right)
    world.work()
    world.customer("bob", "bob@example.test", stripe_customer_id=wrong_id)
    world.work()


def act_with_stripe_down(world: World, step: str, act: Callable[[], Invoice], fault: str = "close_before") -> Invoice:
    """Returns the invoice after `act`. Stripe does not respond to this step during `act`."""
    path = f"/v1/invoices/*/{step}" if step else "/v1/invoices"
    world.double.order_fault(fault, path=path, method="POST", count=9)
    invoice = act()
    world.double.api.faults.orders.clear()
    assert get_invoice(ORGANIZATION, invoice.id, world.ports).saga.running
    return invoice


def present_link(world: World, account: str) -> str:
    return str(get_customer(ORGANIZATION, CustomerId("cust_1"), world.ports).linked_to(account))  # type: ignore[arg-type]
