"""Whatever happens to its account or its draft while it is edited, an invoice comes to rest, and people can act."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, IntegrationError, Refused, StripeRefused
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
from tests.usecases.invoicing.editing import change, claimed, drafted, ready, require_stripe_has_the_order
from tests.world import OFFICE, ORGANIZATION, World, order

Edit = Callable[[Invoice], EditDraft]


def swap(draft: Invoice) -> EditDraft:
    return change(draft, "svc_1", "svc_3", memo="Thank you")


def refused(draft: Invoice) -> EditDraft:
    """Stripe refuses the memo, which is too long, once the lines are changed."""
    return change(draft, "svc_1", "svc_3", memo="x" * 1501)


def many(draft: Invoice) -> EditDraft:
    return change(draft, *(f"new_{n}" for n in range(100)))


def on(invoice: Invoice) -> Any:
    return {"stripe_account": invoice.stripe_account_id}


def stopped_after(call: str, edit: Edit, occurrence: int = 1) -> tuple[World, Invoice]:
    """Returns a world in which the process died after this call of an edit, and the draft as it was before."""
    world = ready()
    draft = drafted(world, "svc_1", "svc_2")
    calls = count_calls(world).calls
    with suppress(Refused):
        edit_draft(edit(draft), world.ports)
    positions = [number for number, name in enumerate(calls) if name == call]
    again = ready()
    draft = drafted(again, "svc_1", "svc_2")
    count_calls(again, fatal=positions[occurrence - 1], after=True)
    with pytest.raises(ProcessKilled):
        edit_draft(edit(draft), again.ports)
    stop_counting(again)
    return again, draft


STEPS = {
    "before_its_claims_are_complete": ("invoices.save_claiming", many, 1),
    "when_its_claims_are_complete": ("invoices.claim", many, 1),
    "before_anything_is_changed": ("invoices.save_claiming", swap, 1),
    "when_a_line_is_gone": ("stripe.remove_lines", swap, 1),
    "when_the_new_line_is_there": ("stripe.add_lines", swap, 1),
    "when_all_is_changed": ("stripe.update_draft", swap, 1),
    "when_it_has_the_new_order": ("invoices.save", swap, 1),
    "when_its_former_services_are_free": ("invoices.release", swap, 1),
    "when_stripe_has_refused": ("invoices.save", refused, 1),
    "when_half_is_taken_back": ("stripe.remove_lines", refused, 2),
    "when_all_is_taken_back": ("invoices.save", refused, 2),
}


def the_same_account(world: World, draft: Invoice) -> None:
    """The company takes its access back, and connects the account again after a day."""
    world.double.revoke(draft.stripe_account_id)
    world.deliver()
    later(world)
    world.connect(account=draft.stripe_account_id)


def another_account(world: World, draft: Invoice) -> None:
    """The company takes its access back, and connects another account."""
    world.double.revoke(draft.stripe_account_id)
    world.deliver()
    later(world)
    world.connect()


def finalized(world: World, draft: Invoice) -> None:
    world.client.v1.invoices.finalize_invoice(draft.stripe_invoice_id or "", None, on(draft))


def finalized_and_voided(world: World, draft: Invoice) -> None:
    finalized(world, draft)
    world.client.v1.invoices.void_invoice(draft.stripe_invoice_id or "", None, on(draft))


def deleted(world: World, draft: Invoice) -> None:
    world.client.v1.invoices.delete(draft.stripe_invoice_id or "", None, on(draft))


def frozen(world: World, draft: Invoice) -> None:
    freeze(ORGANIZATION, "ops", "a wrong price list", world.ports)
    later(world)
    unfreeze(ORGANIZATION, "ops", world.ports)


def later(world: World) -> None:
    """The schedule comes round until nothing that can be done is left to do."""
    for gap in (LEASE + 1, 3601, 3601):
        world.advance(gap)
        with suppress(IntegrationError):
            world.resume()
    world.deliver()


EVENTS = [the_same_account, another_account, finalized, finalized_and_voided, deleted, frozen]


@pytest.mark.parametrize("happens", EVENTS, ids=lambda happens: happens.__name__)
@pytest.mark.parametrize("step", STEPS)
def test_an_edit_that_was_stopped_ends_at_rest_and_holds_only_what_its_invoice_bills(
    step: str, happens: Callable[[World, Invoice], None]
) -> None:
    world, draft = stopped_after(*STEPS[step])
    happens(world, draft)
    later(world)
    now = world.now(draft)
    assert (now.saga.running, now.saga.resume_at, now.edit) == (False, None, None)
    billed = {line.service_id for line in now.order.line_items}
    assert {service for service, holder in claimed(world).items() if holder == draft.id} == billed
    require_somebody_can_act(world, now, happens)


def require_somebody_can_act(world: World, now: Invoice, happened: Callable[[World, Invoice], None]) -> None:
    """Requires that the office gets on: with the invoice, and with the services that it does not bill."""
    for service in {"svc_1", "svc_2", "svc_3"} - {line.service_id for line in now.order.line_items}:
        assert create_invoice(order(service, idempotency_key=service), world.ports).total == 7500
    if happened is another_account:
        with pytest.raises(Conflict) as told:
            void_invoice(ORGANIZATION, now.id, OFFICE, world.ports)
        assert (told.value.code, now.status) == ("invoice_of_other_account", InvoiceStatus.DRAFT)
        assert "reconnect that account" in str(told.value.next_step)
        with pytest.raises(Conflict) as told:
            create_invoice(order(now.order.line_items[0].service_id, idempotency_key="again"), world.ports)
        assert f"reconnect the Stripe account on which {now.id} was made" in str(told.value.next_step)
    elif happened in (the_same_account, frozen):
        edit_draft(change(now, "svc_5"), world.ports)
        assert send_invoice(ORGANIZATION, now.id, OFFICE, world.ports).status is InvoiceStatus.PENDING
    else:
        ended = void_invoice(ORGANIZATION, now.id, OFFICE, world.ports)
        service = now.order.line_items[0].service_id
        assert (ended.status, world.invoice(service).status) == (InvoiceStatus.VOID, InvoiceStatus.PENDING)


def test_an_edit_that_another_account_ended_is_told_of_and_goes_on_if_the_account_returns() -> None:
    world, draft = stopped_after("stripe.add_lines", swap)
    another_account(world, draft)
    later(world)
    now = world.now(draft)
    assert "It was to be changed on" in explain(now, world.ports.clock.now())
    world.connect(account=draft.stripe_account_id)
    with pytest.raises(Conflict) as told:
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert told.value.code == "changed_in_stripe"
    edited = edit_draft(change(draft, "svc_1", "svc_2"), world.ports)
    require_stripe_has_the_order(world, edited)
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


# If Stripe takes neither order


def stuck_between(world: World) -> Invoice:
    """Returns a draft whose edit Stripe refused, and would not take back: it bills svc_3 there, and not svc_2."""
    draft, plain = drafted(world, "svc_1", "svc_2"), world.ports.stripe

    class RefusesTheWayBack:
        asked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def remove_lines(self, *args: Any) -> Any:
            self.asked += 1
            if self.asked > 1:
                raise StripeRefused("stripe_refused", "No.")
            return plain.remove_lines(*args)

    world.ports = replace(world.ports, stripe=RefusesTheWayBack())  # type: ignore[type-var]
    with pytest.raises(Refused):
        edit_draft(refused(draft), world.ports)
    world.ports = replace(world.ports, stripe=plain)  # type: ignore[type-var]
    now = world.now(draft)
    assert (now.saga.step, now.edit and now.edit.held) == (Step.REVIEW, ("svc_3",))
    return now


def mend_in_stripe(world: World, draft: Invoice) -> None:
    """Somebody puts the line of svc_2 in the place of that of svc_3, in the dashboard."""
    invoices, stripe_id = world.client.v1.invoices, draft.stripe_invoice_id or ""
    lines = world.double.world.ledgers[draft.stripe_account_id].lines[stripe_id]
    [wrong] = [line["id"] for line in lines if line["metadata"].get("pom_service_id") == "svc_3"]
    invoices.remove_lines(stripe_id, {"lines": [{"id": wrong, "behavior": "delete"}]}, on(draft))
    right: Any = {"amount": 7500, "description": "Cleaning svc_2", "metadata": {"pom_service_id": "svc_2"}}
    invoices.add_lines(stripe_id, {"lines": [right]}, on(draft))
    world.deliver()


def test_a_service_that_is_on_the_draft_in_stripe_alone_cannot_be_billed_elsewhere() -> None:
    world = ready()
    draft = stuck_between(world)
    with pytest.raises(Conflict, match="svc_3 is on the draft"):
        create_invoice(order("svc_3"), world.ports)
    assert world.now(draft) == draft


def test_a_draft_that_was_mended_in_stripe_and_is_sent_holds_only_what_it_bills() -> None:
    world = ready()
    draft = stuck_between(world)
    mend_in_stripe(world, draft)
    sent = send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert (sent.status, len(world.double.mails())) == (InvoiceStatus.PENDING, 1)
    require_stripe_has_the_order(world, sent)
    assert create_invoice(order("svc_3"), world.ports).status is InvoiceStatus.PENDING


@pytest.mark.parametrize("ending", ["mended", "finalized", "paid", "voided"])
def test_a_service_that_no_line_of_the_mended_invoice_has_can_be_billed_elsewhere(ending: str) -> None:
    world = ready()
    draft = stuck_between(world)
    mend_in_stripe(world, draft)
    if ending != "mended":
        finalized(world, draft)
    if ending == "paid":
        world.double.pay(draft.stripe_account_id, draft.stripe_invoice_id or "")
    if ending == "voided":
        world.client.v1.invoices.void_invoice(draft.stripe_invoice_id or "", None, on(draft))
    world.deliver()
    other = create_invoice(order("svc_3"), world.ports)
    assert (other.status, claimed(world)["svc_3"]) == (InvoiceStatus.PENDING, other.id)
    for service in ("svc_1", "svc_2") if ending != "voided" else ():
        with pytest.raises(Conflict, match=f"{service} is on the"):
            create_invoice(order(service, idempotency_key=service), world.ports)


def test_another_draft_takes_what_a_mended_draft_held_over_by_an_edit() -> None:
    world = ready()
    draft = stuck_between(world)
    mend_in_stripe(world, draft)
    other = drafted(world, "svc_8")
    edited = edit_draft(change(other, "svc_8", "svc_3"), world.ports)
    require_stripe_has_the_order(world, edited)
    assert world.now(draft).edit is None
    edit_draft(change(draft, "svc_1", "svc_2", "svc_4"), world.ports)
    assert claimed(world)["svc_3"] == other.id


# A worker that slept past its lease


@pytest.mark.parametrize("call", ["fetch", "draft_lines"])
def test_a_worker_that_outlived_its_lease_leaves_a_later_edit_as_it_is(call: str) -> None:
    world = ready()
    draft, plain = drafted(world, "svc_1", "svc_2"), world.ports.stripe

    class Sleeping:
        """Before it reads the draft, another worker ends the edit, and the office saves another one."""

        slept = False

        def __getattr__(self, name: str) -> Any:
            if name == call and not self.slept:
                self.slept = True
                awake, world.ports = world.ports, replace(world.ports, stripe=plain)
                world.advance(LEASE + 1)
                world.resume()
                edit_draft(change(draft, "svc_1", "svc_4"), world.ports)
                world.ports = awake
            return getattr(plain, name)

    world.ports = replace(world.ports, stripe=Sleeping())  # type: ignore[type-var]
    answered = edit_draft(change(draft, "svc_1", "svc_3"), world.ports)
    world.ports = replace(world.ports, stripe=plain)
    assert [line.service_id for line in answered.order.line_items] == ["svc_1", "svc_4"]
    require_stripe_has_the_order(world, world.now(draft))


# What Stripe has of a line


def test_a_line_with_days_that_no_calendar_of_poms_has_does_not_keep_its_draft_from_being_changed() -> None:
    world = ready()
    draft = drafted(world, "svc_1", "svc_2")
    lines = world.double.world.ledgers[draft.stripe_account_id].lines[draft.stripe_invoice_id or ""]
    for line, start in zip(lines, (-61_000_000_000, 10**15), strict=True):
        line["period"] = {"start": start, "end": start}
    edited = edit_draft(change(draft, "svc_1", "svc_3"), world.ports)
    require_stripe_has_the_order(world, edited)
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING
