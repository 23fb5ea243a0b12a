"""Tests edits that are interrupted by events in Stripe: the invoice ends in a finished state, and the office can act
on it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, IntegrationError, Refused
from chalicelib.domain.explanation import explain
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import LEASE, Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.connecting.freeze import freeze, unfreeze
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.invoicing.editing import (
    claim_holders,
    create_draft,
    edit_of,
    ready_world,
    require_stripe_has_the_order,
    stripe_refusing_to_undo,
)
from tests.world import OFFICE, ORGANIZATION, World, order

Edit = Callable[[Invoice], EditDraft]


def swapping_edit(draft: Invoice) -> EditDraft:
    return edit_of(draft, "svc_1", "svc_3", memo="Thank you")


def refused_edit(draft: Invoice) -> EditDraft:
    """Returns an edit whose memo is too long, so that Stripe refuses it after the lines are changed."""
    return edit_of(draft, "svc_1", "svc_3", memo="x" * 1501)


def large_edit(draft: Invoice) -> EditDraft:
    return edit_of(draft, *(f"new_{n}" for n in range(100)))


def options_of(invoice: Invoice) -> Any:
    return {"stripe_account": invoice.stripe_account_id}


def world_stopped_after(call: str, edit: Edit, occurrence: int = 1) -> tuple[World, Invoice]:
    """Returns a world in which the process died after this call of an edit, and the draft as it was before the
    edit.
    """
    world = ready_world()
    draft = create_draft(world, "svc_1", "svc_2")
    calls = count_calls(world).calls
    with suppress(Refused):
        edit_draft(edit(draft), world.ports)
    positions = [number for number, name in enumerate(calls) if name == call]
    again = ready_world()
    draft = create_draft(again, "svc_1", "svc_2")
    count_calls(again, fatal=positions[occurrence - 1], after=True)
    with pytest.raises(ProcessKilled):
        edit_draft(edit(draft), again.ports)
    stop_counting(again)
    return again, draft


STEPS = {
    "before_its_claims_are_complete": ("invoices.save_claiming", large_edit, 1),
    "when_its_claims_are_complete": ("invoices.claim", large_edit, 1),
    "before_anything_is_changed": ("invoices.save_claiming", swapping_edit, 1),
    "when_a_line_is_gone": ("stripe.remove_lines", swapping_edit, 1),
    "when_the_new_line_is_there": ("stripe.add_lines", swapping_edit, 1),
    "when_all_is_changed": ("stripe.update_draft", swapping_edit, 1),
    "when_it_has_the_new_order": ("invoices.save", swapping_edit, 1),
    "when_its_former_services_are_free": ("invoices.release", swapping_edit, 1),
    "when_stripe_has_refused": ("invoices.save", refused_edit, 1),
    "when_half_is_taken_back": ("stripe.remove_lines", refused_edit, 2),
    "when_all_is_taken_back": ("invoices.save", refused_edit, 2),
}


def reconnect_same_account(world: World, draft: Invoice) -> None:
    """Revokes the access, and connects the same account again after a day."""
    world.double.revoke(draft.stripe_account_id)
    world.deliver()
    run_schedule(world)
    world.connect(account=draft.stripe_account_id)


def connect_another_account(world: World, draft: Invoice) -> None:
    """Revokes the access, and connects another account."""
    world.double.revoke(draft.stripe_account_id)
    world.deliver()
    run_schedule(world)
    world.connect()


def finalize(world: World, draft: Invoice) -> None:
    world.client.v1.invoices.finalize_invoice(draft.stripe_invoice_id or "", None, options_of(draft))


def finalize_and_void(world: World, draft: Invoice) -> None:
    finalize(world, draft)
    world.client.v1.invoices.void_invoice(draft.stripe_invoice_id or "", None, options_of(draft))


def delete(world: World, draft: Invoice) -> None:
    world.client.v1.invoices.delete(draft.stripe_invoice_id or "", None, options_of(draft))


def pause_and_resume(world: World, draft: Invoice) -> None:
    freeze(ORGANIZATION, "ops", "a wrong price list", world.ports)
    run_schedule(world)
    unfreeze(ORGANIZATION, "ops", world.ports)


def run_schedule(world: World) -> None:
    """Runs the schedule until it can do nothing more, and delivers the events."""
    for gap in (LEASE + 1, 3601, 3601):
        world.advance(gap)
        with suppress(IntegrationError):
            world.resume()
    world.deliver()


EVENTS = [reconnect_same_account, connect_another_account, finalize, finalize_and_void, delete, pause_and_resume]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_edit_finishes_and_claims_only_the_services_of_its_invoice(
    step: str, event: Callable[[World, Invoice], None]
) -> None:
    world, draft = world_stopped_after(*STEPS[step])
    event(world, draft)
    run_schedule(world)
    now = world.now(draft)
    assert (now.saga.running, now.saga.resume_at, now.edit) == (False, None, None)
    billed = {line.service_id for line in now.order.line_items}
    assert {service for service, holder in claim_holders(world).items() if holder == draft.id} == billed
    require_somebody_can_act(world, now, event)


def require_somebody_can_act(world: World, now: Invoice, event: Callable[[World, Invoice], None]) -> None:
    """Asserts that the office can act on the invoice, and can bill the services that the invoice does not bill."""
    for service in {"svc_1", "svc_2", "svc_3"} - {line.service_id for line in now.order.line_items}:
        assert create_invoice(order(service, idempotency_key=service), world.ports).total == 7500
    if event is connect_another_account:
        with pytest.raises(Conflict) as refusal:
            void_invoice(ORGANIZATION, now.id, OFFICE, world.ports)
        assert (refusal.value.code, now.status) == ("invoice_of_other_account", InvoiceStatus.DRAFT)
        assert "reconnect that account" in str(refusal.value.next_step)
        with pytest.raises(Conflict) as refusal:
            create_invoice(order(now.order.line_items[0].service_id, idempotency_key="again"), world.ports)
        assert f"reconnect the Stripe account on which {now.id} was made" in str(refusal.value.next_step)
    elif event in (reconnect_same_account, pause_and_resume):
        edit_draft(edit_of(now, "svc_5"), world.ports)
        assert send_invoice(ORGANIZATION, now.id, OFFICE, world.ports).status is InvoiceStatus.PENDING
    else:
        voided = void_invoice(ORGANIZATION, now.id, OFFICE, world.ports)
        service = now.order.line_items[0].service_id
        assert (voided.status, world.invoice(service).status) == (InvoiceStatus.VOID, InvoiceStatus.PENDING)


def test_an_edit_ended_by_another_account_can_be_repeated_once_the_account_is_reconnected() -> None:
    world, draft = world_stopped_after("stripe.add_lines", swapping_edit)
    connect_another_account(world, draft)
    run_schedule(world)
    now = world.now(draft)
    assert "It was to be changed on" in explain(now, world.ports.clock.now())
    world.connect(account=draft.stripe_account_id)
    with pytest.raises(Conflict) as refusal:
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert refusal.value.code == "changed_in_stripe"
    edited = edit_draft(edit_of(draft, "svc_1", "svc_2"), world.ports)
    require_stripe_has_the_order(world, edited)
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


# Edits that Stripe neither takes nor undoes


def stuck_between(world: World) -> Invoice:
    """Returns a draft whose edit Stripe refused and did not undo: in Stripe it bills svc_3 and not svc_2."""
    draft = create_draft(world, "svc_1", "svc_2")
    with stripe_refusing_to_undo(world), pytest.raises(Refused):
        edit_draft(refused_edit(draft), world.ports)
    now = world.now(draft)
    assert (now.saga.step, now.edit and now.edit.held) == (Step.REVIEW, ("svc_3",))
    return now


def repair_in_stripe(world: World, draft: Invoice) -> None:
    """Replaces the line of svc_3 by a line of svc_2 in Stripe's dashboard."""
    invoices, stripe_id = world.client.v1.invoices, draft.stripe_invoice_id or ""
    lines = world.double.world.ledgers[draft.stripe_account_id].lines[stripe_id]
    [wrong] = [line["id"] for line in lines if line["metadata"].get("pom_service_id") == "svc_3"]
    invoices.remove_lines(stripe_id, {"lines": [{"id": wrong, "behavior": "delete"}]}, options_of(draft))
    right: Any = {"amount": 7500, "description": "Cleaning svc_2", "metadata": {"pom_service_id": "svc_2"}}
    invoices.add_lines(stripe_id, {"lines": [right]}, options_of(draft))
    world.deliver()


def test_a_service_that_only_stripes_draft_has_cannot_be_billed_elsewhere() -> None:
    world = ready_world()
    draft = stuck_between(world)
    with pytest.raises(Conflict, match="svc_3 is on the draft"):
        create_invoice(order("svc_3"), world.ports)
    assert world.now(draft) == draft


def test_a_draft_repaired_in_stripe_and_sent_claims_only_the_services_that_it_bills() -> None:
    world = ready_world()
    draft = stuck_between(world)
    repair_in_stripe(world, draft)
    sent_invoice = send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert (sent_invoice.status, len(world.double.mails())) == (InvoiceStatus.PENDING, 1)
    require_stripe_has_the_order(world, sent_invoice)
    assert create_invoice(order("svc_3"), world.ports).status is InvoiceStatus.PENDING


@pytest.mark.parametrize("ending", ["mended", "finalized", "paid", "voided"])
def test_a_service_without_a_line_on_the_repaired_invoice_can_be_billed_elsewhere(ending: str) -> None:
    world = ready_world()
    draft = stuck_between(world)
    repair_in_stripe(world, draft)
    if ending != "mended":
        finalize(world, draft)
    if ending == "paid":
        world.double.pay(draft.stripe_account_id, draft.stripe_invoice_id or "")
    if ending == "voided":
        world.client.v1.invoices.void_invoice(draft.stripe_invoice_id or "", None, options_of(draft))
    world.deliver()
    other_invoice = create_invoice(order("svc_3"), world.ports)
    assert (other_invoice.status, claim_holders(world)["svc_3"]) == (InvoiceStatus.PENDING, other_invoice.id)
    for service in ("svc_1", "svc_2") if ending != "voided" else ():
        with pytest.raises(Conflict, match=f"{service} is on the"):
            create_invoice(order(service, idempotency_key=service), world.ports)


def test_an_edit_of_another_draft_can_add_a_service_that_a_repaired_draft_gave_up() -> None:
    world = ready_world()
    draft = stuck_between(world)
    repair_in_stripe(world, draft)
    other_draft = create_draft(world, "svc_8")
    edited = edit_draft(edit_of(other_draft, "svc_8", "svc_3"), world.ports)
    require_stripe_has_the_order(world, edited)
    assert world.now(draft).edit is None
    edit_draft(edit_of(draft, "svc_1", "svc_2", "svc_4"), world.ports)
    assert claim_holders(world)["svc_3"] == other_draft.id


# A worker whose lease ended


@pytest.mark.parametrize("call", ["fetch", "draft_lines"])
def test_a_worker_whose_lease_ended_does_not_undo_a_later_edit(call: str) -> None:
    world = ready_world()
    draft, real = create_draft(world, "svc_1", "svc_2"), world.ports.stripe

    class SleepingStripe:
        """A gateway before whose read another worker ends the edit, and the office saves another edit."""

        slept = False

        def __getattr__(self, name: str) -> Any:
            if name == call and not self.slept:
                self.slept = True
                awake, world.ports = world.ports, replace(world.ports, stripe=real)
                world.advance(LEASE + 1)
                world.resume()
                edit_draft(edit_of(draft, "svc_1", "svc_4"), world.ports)
                world.ports = awake
            return getattr(real, name)

    world.ports = replace(world.ports, stripe=SleepingStripe())  # type: ignore[type-var]
    result = edit_draft(edit_of(draft, "svc_1", "svc_3"), world.ports)
    world.ports = replace(world.ports, stripe=real)
    assert [line.service_id for line in result.order.line_items] == ["svc_1", "svc_4"]
    require_stripe_has_the_order(world, world.now(draft))


# Line periods in Stripe


def test_a_draft_with_a_line_period_outside_the_calendar_can_be_edited() -> None:
    world = ready_world()
    draft = create_draft(world, "svc_1", "svc_2")
    lines = world.double.world.ledgers[draft.stripe_account_id].lines[draft.stripe_invoice_id or ""]
    for line, start in zip(lines, (-61_000_000_000, 10**15), strict=True):
        line["period"] = {"start": start, "end": start}
    edited = edit_draft(edit_of(draft, "svc_1", "svc_3"), world.ports)
    require_stripe_has_the_order(world, edited)
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING
