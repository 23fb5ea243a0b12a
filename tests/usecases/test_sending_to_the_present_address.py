"""An invoice is mailed to the customer's present address, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.customers import get_customer
from chalicelib.usecases.invoices import send_invoice, void_invoice
from tests.world import OFFICE, ORGANIZATION, World


@pytest.fixture
def account(world: World) -> str:
    return world.connect()


def test_a_draft_of_a_stripe_customer_that_was_given_up_is_not_sent(world: World, account: str) -> None:
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


def test_a_draft_of_a_customer_that_stayed_linked_is_sent(world: World, account: str) -> None:
    world.customer()
    draft = world.invoice(send=False)
    world.customer(phone="2", stripe_customer_id=known_link(world, account))
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_what_was_finalized_in_stripe_is_not_sent_to_a_former_address(world: World, account: str) -> None:
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


def known_link(world: World, account: str) -> str:
    return str(get_customer(ORGANIZATION, CustomerId("cust_1"), world.ports).linked_to(account))  # type: ignore[arg-type]
