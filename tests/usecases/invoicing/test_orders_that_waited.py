"""An order that rests while Stripe is down is checked again before anything is mailed, and never disappears."""

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


def ordered_while_stripe_is_down(world: World, path: str, **wanted: Any) -> Invoice:
    world.double.order_fault("close_before", method="POST", path=path, count=10)
    invoice = create_invoice(order("svc_1", **wanted), world.ports)
    world.double.clear_faults()
    assert invoice.saga.running
    return invoice


def in_dashboard(world: World, invoice: Invoice, **changes: Any) -> None:
    account = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.update(world.now(invoice).stripe_invoice_id or "", changes, account)  # type: ignore[arg-type]


def test_an_order_whose_due_date_passed_before_its_draft_was_made_is_taken_back_and_says_why(world: World) -> None:
    ordered_while_stripe_is_down(world, "/v1/invoices", due_date=TOMORROW)
    world.advance(3 * DAY)
    with pytest.raises(Refused) as refused:
        world.resume()
    assert refused.value.code == "due_date_in_past"
    assert refused.value.field == "dueDate"
    assert not world.ports.database.invoices
    assert not world.ports.database.claims


def test_a_draft_for_review_stays_if_somebody_added_a_line_while_it_waited_for_its_own(world: World) -> None:
    invoice = ordered_while_stripe_is_down(world, "/v1/invoices/*/add_lines", send=False)
    account = {"stripe_account": invoice.stripe_account_id}
    added: Any = {"lines": [{"amount": 2500, "description": "Filter"}]}
    world.client.v1.invoices.add_lines(invoice.stripe_invoice_id or "", added, account)  # type: ignore[arg-type]
    world.advance(3600)
    with pytest.raises(StripeRefused):
        world.resume()
    kept = world.now(invoice)
    assert kept.status is InvoiceStatus.DRAFT
    assert kept.total_difference == 2500
    assert "send_refused" not in kinds(kept), "nobody asked for it to be sent"


def test_an_invoice_over_nothing_that_stripe_finalized_before_the_answer_was_lost_is_paid_and_not_mailed(
    world: World,
) -> None:
    free = Service(ServiceId("svc_1"), "Goodwill visit", Decimal(1), Decimal(0))
    world.double.order_fault("close_after", path="/v1/invoices/*/finalize", count=10)
    invoice = create_invoice(order("svc_1", line_items=(free,)), world.ports)
    world.double.clear_faults()
    world.advance(2 * DAY)
    world.resume()
    done = world.now(invoice)
    assert (done.status, done.saga.step, done.sent_at) == (InvoiceStatus.PAID, Step.DONE, None)
    assert "send_refused" not in kinds(done)


def test_a_draft_is_sent_again_after_its_memo_was_changed_back(world: World) -> None:
    invoice = ordered_while_stripe_is_down(world, "/v1/invoices/*/send", memo="Gate code on file")
    in_dashboard(world, invoice, description="Pay to IBAN XX")
    world.advance(3600)
    with pytest.raises(Exception, match="its memo"):
        world.resume()
    in_dashboard(world, invoice, description="Gate code on file")
    sent = send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sent.sent_at is not None
