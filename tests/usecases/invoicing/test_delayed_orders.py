"""Tests orders that waited while Stripe was down: they are checked again before anything is mailed, and never
disappear.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.billing import Service
from chalicelib.domain.errors import Refused, StripeRefused
from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.invoices import send_invoice
from tests.timelines import kinds
from tests.world import OFFICE, ORGANIZATION, World, order

TOMORROW = dt.date(2027, 1, 16)
DAY = 86_400


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    world.customer()
    return world


def order_while_stripe_is_down(world: World, path: str, **fields: Any) -> Invoice:
    world.double.order_fault("close_before", method="POST", path=path, count=10)
    invoice = create_invoice(order("svc_1", **fields), world.ports)
    world.double.clear_faults()
    assert invoice.saga.running
    return invoice


def change_in_dashboard(world: World, invoice: Invoice, **changes: Any) -> None:
    account = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.update(world.now(invoice).stripe_invoice_id or "", changes, account)  # type: ignore[arg-type]


def test_an_order_whose_due_date_passed_during_an_outage_is_undone_with_a_reason(world: World) -> None:
    order_while_stripe_is_down(world, "/v1/invoices", due_date=TOMORROW)
    world.advance(3 * DAY)
    with pytest.raises(Refused) as refusal:
        world.resume()
    assert refusal.value.code == "due_date_in_past"
    assert refusal.value.field == "dueDate"
    assert not world.ports.database.invoices
    assert not world.ports.database.claims


def test_a_draft_stays_if_a_line_was_added_in_stripe_during_an_outage(world: World) -> None:
    invoice = order_while_stripe_is_down(world, "/v1/invoices/*/add_lines", send=False)
    account = {"stripe_account": invoice.stripe_account_id}
    filter_line: Any = {"lines": [{"amount": 2500, "description": "Filter"}]}
    world.client.v1.invoices.add_lines(invoice.stripe_invoice_id or "", filter_line, account)  # type: ignore[arg-type]
    world.advance(3600)
    with pytest.raises(StripeRefused):
        world.resume()
    stored = world.now(invoice)
    assert stored.status is InvoiceStatus.DRAFT
    assert stored.total_difference == 2500
    assert "send_refused" not in kinds(stored), "no person ordered the sending"


def test_an_invoice_of_zero_whose_finalization_response_was_lost_is_paid_and_not_mailed(
    world: World,
) -> None:
    free = Service(ServiceId("svc_1"), "Goodwill visit", Decimal(1), Decimal(0))
    world.double.order_fault("close_after", path="/v1/invoices/*/finalize", count=10)
    invoice = create_invoice(order("svc_1", line_items=(free,)), world.ports)
    world.double.clear_faults()
    world.advance(2 * DAY)
    world.resume()
    stored = world.now(invoice)
    assert (stored.status, stored.saga.step, stored.sent_at) == (InvoiceStatus.PAID, Step.DONE, None)
    assert "send_refused" not in kinds(stored)


def test_a_draft_can_be_sent_after_its_memo_was_changed_back_in_stripe(world: World) -> None:
    invoice = order_while_stripe_is_down(world, "/v1/invoices/*/send", memo="Gate code on file")
    change_in_dashboard(world, invoice, description="Pay to IBAN XX")
    world.advance(3600)
    with pytest.raises(Exception, match="its memo"):
        world.resume()
    change_in_dashboard(world, invoice, description="Gate code on file")
    sent_invoice = send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sent_invoice.sent_at is not None
