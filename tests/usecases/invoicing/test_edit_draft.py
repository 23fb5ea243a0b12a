"""Tests edits of drafts: what the payer reads, which invoice claims which service, and where a refusal is
reported.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.billing import RequestedDeduction, Service
from chalicelib.domain.connection import Freeze
from chalicelib.domain.errors import (
    Conflict,
    NotFound,
    PreconditionFailed,
    Refused,
    ServiceAlreadyBilled,
)
from chalicelib.domain.explanation import explain
from chalicelib.domain.identifiers import InvoiceId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import DeductionKind
from chalicelib.domain.preconditions import Precondition
from chalicelib.domain.saga import LEASE, Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import EntryKind
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.edit_draft import edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.invoicing.editing import (
    claim_holders,
    create_draft,
    edit_of,
    lines_in_stripe,
    ready_world,
    require_stripe_has_the_order,
    stripe_invoice,
    stripe_refusing_to_undo,
)
from tests.world import OFFICE, ORGANIZATION, World, line, order

DAY = 86_400


@pytest.fixture
def world() -> World:
    return ready_world()


def options_of(invoice: Invoice) -> Any:
    return {"stripe_account": invoice.stripe_account_id}


def kinds(world: World, invoice: Invoice) -> list[str]:
    return [entry.kind for entry in timeline(world.now(invoice))]


def resume_edit(world: World) -> None:
    """Runs the schedule, which resumes the edit. The worker logs a refusal because nobody waits for it."""
    world.advance(LEASE + 1)
    with suppress(Conflict, Refused):
        world.resume()


# The draft in Stripe


def test_an_edit_replaces_the_whole_draft_and_keeps_the_order_of_the_lines(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2", memo="Thank you", footer="Terms apply")
    credit = RequestedDeduction(DeductionKind.CREDIT, "Visit that was missed", Decimal("20.00"))
    new = (line("svc_3", "10.00", "1.5"), Service(ServiceId("svc_1"), "Repair", Decimal(1), Decimal("99.00")))
    edited = edit_draft(edit_of(draft, line_items=new, deductions=(credit,), tax=Decimal("5.00")), world.ports)
    assert lines_in_stripe(world, edited) == [
        ("Cleaning svc_3 (1.5 x 10.00)", 1500),
        ("Repair", 9900),
        ("Visit that was missed", -2000),
        ("Tax", 500),
    ]
    invoice_in_stripe = stripe_invoice(world, edited)
    assert (invoice_in_stripe["total"], invoice_in_stripe["description"], invoice_in_stripe["footer"]) == (
        9900,
        None,
        None,
    )
    assert (edited.total, edited.total_difference, edited.status) == (9900, 0, InvoiceStatus.DRAFT)
    require_stripe_has_the_order(world, edited)
    world.deliver()
    assert (world.now(edited).total, world.now(edited).total_difference) == (9900, 0)


def test_unchanged_lines_at_the_beginning_are_kept_in_stripe(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2")
    before = world.double.world.ledgers[draft.stripe_account_id].lines[draft.stripe_invoice_id or ""]
    first = before[0]["id"]
    edited = edit_draft(edit_of(draft, "svc_1", "svc_2", "svc_3"), world.ports)
    after = world.double.world.ledgers[draft.stripe_account_id].lines[edited.stripe_invoice_id or ""]
    assert (after[0]["id"], len(after)) == (first, 3)
    edited = edit_draft(edit_of(draft, "svc_3", "svc_2", "svc_1"), world.ports)
    assert [text for text, _ in lines_in_stripe(world, edited)] == [f"Cleaning svc_{n}" for n in (3, 2, 1)]


def test_a_draft_of_250_lines_is_replaced_by_250_others(world: World) -> None:
    draft = create_draft(world, *(f"old_{n}" for n in range(250)))
    edited = edit_draft(edit_of(draft, *(f"new_{n}" for n in range(250))), world.ports)
    require_stripe_has_the_order(world, edited)
    assert set(claim_holders(world)) == {f"new_{n}" for n in range(250)}


def test_saving_an_unchanged_draft_costs_no_write_in_stripe(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2", memo="Thank you", footer="Bank One\nIBAN 1")
    world.double.api.log.reset()
    edit_draft(edit_of(draft, "svc_1", "svc_2", memo="Thank you", footer="Bank One\nIBAN 1"), world.ports)
    assert not [name for name in world.stripe_calls() if name.startswith("POST")]


def test_saving_an_unchanged_draft_adds_no_timeline_entry(world: World) -> None:
    draft = create_draft(world, "svc_1", memo="Thank you")
    for _ in range(3):
        edit_draft(edit_of(draft, "svc_1", memo="Thank you"), world.ports)
    assert kinds(world, draft) == [EntryKind.CREATED]


def test_an_edit_that_undoes_a_change_in_stripe_is_on_the_timeline(world: World) -> None:
    draft = create_draft(world, "svc_1", memo="Thank you")
    world.client.v1.invoices.update(draft.stripe_invoice_id or "", {"description": "Pay at once"}, options_of(draft))
    world.deliver()
    edit_draft(edit_of(draft, "svc_1", memo="Thank you"), world.ports)
    assert kinds(world, draft) == [EntryKind.CREATED, EntryKind.EDITED]


def test_changed_line_breaks_of_memo_and_footer_reach_stripe(world: World) -> None:
    draft = create_draft(world, "svc_1", memo="Pay to: Bank One IBAN 1", footer="A B")
    edit_draft(edit_of(draft, "svc_1", memo="Pay to:\nBank One\nIBAN 1", footer="A\nB"), world.ports)
    invoice_in_stripe = stripe_invoice(world, draft)
    assert (invoice_in_stripe["description"], invoice_in_stripe["footer"]) == ("Pay to:\nBank One\nIBAN 1", "A\nB")
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_a_draft_whose_white_space_changed_in_stripe_can_be_sent(world: World) -> None:
    draft = create_draft(world, "svc_1", memo="Pay to: Bank One")
    world.client.v1.invoices.update(
        draft.stripe_invoice_id or "", {"description": "Pay to:\nBank One"}, options_of(draft)
    )
    world.deliver()
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_an_edit_clears_the_fields_that_its_order_no_longer_has(world: World) -> None:
    world.double.update_account(str(world.ports.connections.get(ORGANIZATION).account_id))
    draft = create_draft(world, "svc_1", memo="Thank you", payment_methods=("card",))
    edited = edit_draft(edit_of(draft, "svc_1", footer="Terms apply"), world.ports)
    invoice_in_stripe = stripe_invoice(world, edited)
    assert (invoice_in_stripe["description"], invoice_in_stripe["footer"]) == (None, "Terms apply")
    assert invoice_in_stripe["payment_settings"]["payment_method_types"] is None
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert world.now(draft).status is InvoiceStatus.PENDING


def test_an_edit_overwrites_changes_made_in_stripe_so_that_the_draft_can_be_sent(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2", memo="Thank you")
    invoices, stripe_id = world.client.v1.invoices, draft.stripe_invoice_id or ""
    coupon = world.client.v1.coupons.create({"percent_off": 10}, options_of(draft))
    invoices.add_lines(stripe_id, {"lines": [{"amount": 900, "description": "Filter"}]}, options_of(draft))
    changes: Any = {
        "description": "Pay at the office",
        "custom_fields": [{"name": "PO", "value": "7"}],
        "discounts": [{"coupon": coupon.id}],
    }
    invoices.update(stripe_id, changes, options_of(draft))
    world.deliver()
    with pytest.raises(Refused) as refusal:
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert refusal.value.code == "total_differs"
    assert "Save the draft again in POM" in str(refusal.value.next_step)
    edit_draft(edit_of(draft, "svc_1", "svc_2", memo="Thank you"), world.ports)
    invoice_in_stripe = stripe_invoice(world, draft)
    assert (invoice_in_stripe["total"], invoice_in_stripe["description"], invoice_in_stripe["custom_fields"]) == (
        15000,
        "Thank you",
        None,
    )
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_an_edit_sets_a_draft_with_automatic_charging_back_to_mailing(world: World) -> None:
    draft = create_draft(world, "svc_1")
    automatic: Any = {"collection_method": "charge_automatically"}
    world.client.v1.invoices.update(draft.stripe_invoice_id or "", automatic, options_of(draft))
    edited = edit_draft(edit_of(draft, "svc_1"), world.ports)
    assert stripe_invoice(world, edited)["collection_method"] == "send_invoice"
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).sent_at is not None


# Due dates


def test_terms_of_an_edited_draft_count_from_the_day_of_sending(world: World) -> None:
    draft = create_draft(world, "svc_1", payment_terms="net_30")
    world.advance(3 * DAY)
    edited = edit_draft(edit_of(draft, "svc_1", payment_terms="net_7"), world.ports)
    assert (edited.due_by_terms, edited.order.days_until_due) == (True, 7)
    world.advance(5 * DAY)
    world.deliver()
    sent_invoice = send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    today = dt.datetime.fromtimestamp(world.ports.clock.now(), tz=dt.UTC).date()
    assert sent_invoice.due_day == today + dt.timedelta(days=7)


def test_an_edit_can_replace_a_due_date_that_has_passed(world: World) -> None:
    today = dt.datetime.fromtimestamp(world.ports.clock.now(), tz=dt.UTC).date()
    draft = create_draft(world, "svc_1", due_date=today + dt.timedelta(days=2))
    world.advance(5 * DAY)
    with pytest.raises(Refused, match="has passed"):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    edit_draft(edit_of(draft, "svc_1", due_date=today + dt.timedelta(days=9)), world.ports)
    sent_invoice = send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert (sent_invoice.due_day, sent_invoice.status) == (today + dt.timedelta(days=9), InvoiceStatus.PENDING)


# Claims on services


def test_a_removed_service_can_be_billed_elsewhere_and_an_added_service_cannot(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2")
    edit_draft(edit_of(draft, "svc_1", "svc_3"), world.ports)
    assert create_invoice(order("svc_2"), world.ports).status is InvoiceStatus.PENDING
    with pytest.raises(ServiceAlreadyBilled) as refusal:
        create_invoice(order("svc_4", "svc_3"), world.ports)
    assert refusal.value.invoice_id == draft.id


def test_an_edit_with_a_service_billed_elsewhere_is_refused_and_stores_nothing(world: World) -> None:
    draft, other_invoice = create_draft(world, "svc_1"), create_invoice(order("svc_2"), world.ports)
    before, calls_before = world.now(draft), world.stripe_calls()
    with pytest.raises(ServiceAlreadyBilled) as refusal:
        edit_draft(edit_of(draft, "svc_1", "svc_3", "svc_2"), world.ports)
    number = other_invoice.facts.invoice.number if other_invoice.facts.invoice else None
    assert (refusal.value.invoice_id, refusal.value.number) == (other_invoice.id, number)
    assert refusal.value.field == "lineItems[2].serviceId"
    assert (world.now(draft), world.stripe_calls()) == (before, calls_before)
    assert "svc_3" not in claim_holders(world)


def test_a_conflict_in_the_second_transaction_keeps_the_former_draft(world: World) -> None:
    draft = create_draft(world, "svc_1")
    create_invoice(order("new_99"), world.ports)
    with pytest.raises(Conflict, match="new_99"):
        edit_draft(edit_of(draft, *(f"new_{n}" for n in range(100))), world.ports)
    now = world.now(draft)
    assert (now.order, now.status) == (draft.order, InvoiceStatus.DRAFT)
    require_stripe_has_the_order(world, now)


def test_an_edit_can_add_a_service_of_a_void_invoice(world: World) -> None:
    draft, other_invoice = create_draft(world, "svc_1"), create_invoice(order("svc_2"), world.ports)
    void_invoice(ORGANIZATION, other_invoice.id, OFFICE, world.ports)
    edited = edit_draft(edit_of(draft, "svc_2"), world.ports)
    require_stripe_has_the_order(world, edited)


# Refused edits


def test_only_a_finished_draft_can_be_edited(world: World) -> None:
    sent_invoice = create_invoice(order("svc_1"), world.ports)
    with pytest.raises(Conflict) as refusal:
        edit_draft(edit_of(sent_invoice, "svc_2"), world.ports)
    assert (refusal.value.code, "svc_2" in claim_holders(world)) == ("invoice_not_editable", False)
    world.double.order_fault("error_before", method="POST", path="/v1/invoices")
    unfinished = world.invoice("svc_5", send=False)
    with pytest.raises(Conflict) as refusal:
        edit_draft(edit_of(unfinished, "svc_6"), world.ports)
    assert refusal.value.code == "invoice_creating"


def test_a_draft_cannot_be_sent_voided_or_edited_during_an_edit(world: World) -> None:
    draft = create_draft(world, "svc_1")
    world.double.order_fault("close_before", count=9, path="/v1/invoices/*")
    unfinished = edit_draft(edit_of(draft, "svc_2"), world.ports)
    assert (unfinished.status, unfinished.total, unfinished.order) == (
        InvoiceStatus.CREATING,
        draft.total,
        draft.order,
    )
    assert explain(unfinished, world.ports.clock.now()).startswith("It is being changed in Stripe.")
    for act in (send_invoice, void_invoice):
        with pytest.raises(Conflict) as refusal:
            act(ORGANIZATION, draft.id, OFFICE, world.ports)
        assert refusal.value.code == "invoice_creating"
    with pytest.raises(Conflict) as refusal:
        edit_draft(edit_of(draft, "svc_3"), world.ports)
    assert refusal.value.code == "invoice_creating"


def test_no_draft_can_be_edited_while_invoicing_is_paused(world: World) -> None:
    draft = create_draft(world, "svc_1")
    connection = world.ports.connections.get(ORGANIZATION)
    world.ports.connections.save(replace(connection, frozen=Freeze(1, "ops", "a wrong price list")))
    with pytest.raises(Conflict) as refusal:
        edit_draft(edit_of(draft, "svc_2"), world.ports)
    assert (refusal.value.code, world.now(draft)) == ("invoicing_frozen", draft)


def test_editing_an_unknown_invoice_is_refused_as_not_found(world: World) -> None:
    draft = create_draft(world, "svc_1")
    with pytest.raises(NotFound):
        edit_draft(replace(edit_of(draft, "svc_2"), invoice_id=InvoiceId("inv_other")), world.ports)


def test_a_line_in_another_currency_and_an_order_below_the_minimum_are_refused(world: World) -> None:
    draft = create_draft(world, "svc_1")
    with pytest.raises(Refused) as refusal:
        edit_draft(edit_of(draft, "svc_1", line_currencies={0: "eur"}), world.ports)
    assert (refusal.value.code, refusal.value.field) == ("currency_mixed", "lineItems[0].currency")
    with pytest.raises(Refused) as refusal:
        edit_draft(edit_of(draft, line_items=(line("svc_1", "0.20"),)), world.ports)
    assert refusal.value.code == "amount_below_minimum"
    assert world.now(draft) == draft


def test_an_edit_of_an_outdated_draft_is_refused(world: World) -> None:
    loaded_draft = create_draft(world, "svc_1")
    precondition = Precondition(frozenset({loaded_draft.edit_tag}))
    edited = edit_draft(edit_of(loaded_draft, "svc_2"), world.ports, precondition)
    with pytest.raises(PreconditionFailed) as refusal:
        edit_draft(edit_of(loaded_draft, "svc_3"), world.ports, precondition)
    assert (refusal.value.stored, claim_holders(world)) == (edited, {"svc_2": loaded_draft.id})


def test_an_edit_can_be_repeated_after_a_lost_response(world: World) -> None:
    loaded_draft = create_draft(world, "svc_1")
    precondition = Precondition(frozenset({loaded_draft.edit_tag}))
    edited = edit_draft(edit_of(loaded_draft, "svc_2"), world.ports, precondition)
    again = edit_draft(edit_of(loaded_draft, "svc_2"), world.ports, precondition)
    assert (again.order, claim_holders(world)) == (edited.order, {"svc_2": loaded_draft.id})


def test_the_explanation_names_a_due_date_changed_in_stripe_until_the_draft_is_saved_again(
    world: World,
) -> None:
    draft = create_draft(world, "svc_1", payment_terms="net_30")
    new_due_date: Any = {"due_date": world.ports.clock.now() + 90 * DAY}
    world.client.v1.invoices.update(draft.stripe_invoice_id or "", new_due_date, options_of(draft))
    world.deliver()
    stored = world.now(draft)
    assert "Review and send it." in explain(stored, world.ports.clock.now())
    remark = "Its due date was changed in Stripe: it is due on"
    assert remark in explain(stored, world.ports.clock.now())
    assert "and not 30 days after it is sent as POM ordered." in explain(stored, world.ports.clock.now())
    again = edit_draft(edit_of(draft, "svc_1", payment_terms="net_30"), world.ports)
    assert remark not in explain(again, world.ports.clock.now())
    assert kinds(world, draft) == [EntryKind.CREATED, EntryKind.EDITED]


def test_the_explanation_names_the_ordered_due_date_if_stripe_has_another(world: World) -> None:
    draft = create_draft(world, "svc_1", due_date=dt.date(2027, 2, 1))
    new_due_date: Any = {"due_date": world.ports.clock.now() + 90 * DAY}
    assert "changed in Stripe" not in explain(draft, world.ports.clock.now())
    world.client.v1.invoices.update(draft.stripe_invoice_id or "", new_due_date, options_of(draft))
    world.deliver()
    assert "and not on 1 February 2027 as POM ordered." in explain(world.now(draft), world.ports.clock.now())
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).sent_at is not None


# Refusals of Stripe


def test_an_edit_that_stripe_refuses_keeps_the_former_draft(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2", memo="Thank you")
    before = lines_in_stripe(world, draft)
    with pytest.raises(Refused) as refusal:
        edit_draft(edit_of(draft, "svc_3", memo="x" * 1501), world.ports)
    assert refusal.value.code == "stripe_refused"
    now = world.now(draft)
    assert (now.order, now.status, lines_in_stripe(world, now)) == (draft.order, InvoiceStatus.DRAFT, before)
    require_stripe_has_the_order(world, now)
    assert kinds(world, draft) == [EntryKind.CREATED]
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_an_edit_that_stripe_refuses_keeps_the_line_breaks_of_the_former_memo(world: World) -> None:
    draft = create_draft(world, "svc_1", memo="Pay to:\nBank One")
    real = world.ports.stripe

    class WrongTotalStripe:
        """A gateway that sends the new texts to Stripe and then returns another total than the ordered one."""

        def __init__(self) -> None:
            self.update_calls = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def update_draft(self, *args: Any) -> Any:
            self.update_calls += 1
            fact = real.update_draft(*args)
            return replace(fact, total=1) if self.update_calls == 1 else fact

    world.ports.stripe = WrongTotalStripe()  # type: ignore[assignment]
    with pytest.raises(Refused):
        edit_draft(edit_of(draft, "svc_1", memo="Pay to: Bank One"), world.ports)
    assert stripe_invoice(world, draft)["description"] == "Pay to:\nBank One"


def test_an_edit_with_taxes_added_by_stripe_keeps_the_former_draft(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2")
    real = world.ports.stripe

    class TaxingStripe:
        """A gateway on which Stripe adds a tax to each line of the new service."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def add_lines(self, *args: Any) -> Any:
            fact = real.add_lines(*args)
            return replace(fact, total=fact.total + 100) if args[2][-1].service_id == "svc_3" else fact

    world.ports = replace(world.ports, stripe=TaxingStripe())  # type: ignore[type-var]
    with pytest.raises(Refused, match=r"1\.00 USD more than POM ordered") as refusal:
        edit_draft(edit_of(draft, "svc_1", "svc_3"), world.ports)
    world.ports = replace(world.ports, stripe=real)  # type: ignore[type-var]
    now = world.now(draft)
    assert (refusal.value.code, now.order, now.total_difference) == ("total_differs", draft.order, 0)
    require_stripe_has_the_order(world, now)


def test_a_refusal_in_the_background_is_on_the_timeline_and_in_the_explanation(world: World) -> None:
    draft = create_draft(world, "svc_1")
    world.double.order_fault("close_before", count=9, method="POST", path="/v1/invoices/*/remove_lines")
    edit_draft(edit_of(draft, "svc_2", memo="x" * 1501), world.ports)
    world.double.clear_faults()
    resume_edit(world)
    now = world.now(draft)
    [_, entry] = timeline(now)
    assert (entry.kind, entry.reason, entry.actor) == (EntryKind.EDIT_REFUSED, "stripe_refused", None)
    assert "It was to be changed on" in explain(now, world.ports.clock.now())
    require_stripe_has_the_order(world, now)
    edited = edit_draft(edit_of(draft, "svc_2"), world.ports)
    assert "It was to be changed on" not in explain(edited, world.ports.clock.now())


def test_the_timeline_names_the_editor_and_the_new_total(world: World) -> None:
    draft = create_draft(world, "svc_1")
    world.advance(60)
    edit_draft(edit_of(draft, "svc_1", "svc_2"), world.ports)
    [_, entry] = timeline(world.now(draft))
    assert (entry.kind, entry.actor, entry.amount, entry.currency) == (EntryKind.EDITED, OFFICE, 15000, "usd")


# Changes in Stripe during an edit


def crash_edit(world: World, draft: Invoice, call: str, *, after: bool, services: tuple[str, ...]) -> None:
    """Kills the edit before or after this call of Stripe."""
    ahead = ["invoices.get", "connections.get", "customers.get", "settings.get", "invoices.save_claiming"]
    ahead += ["stripe.fetch", "stripe.draft_lines", "invoices.get"]
    calls = [*ahead, "stripe.remove_lines", "stripe.add_lines"]
    count_calls(world, fatal=calls.index(call), after=after)
    with pytest.raises(ProcessKilled):
        edit_draft(edit_of(draft, *services), world.ports)
    stop_counting(world)


@pytest.mark.parametrize(
    ("call", "after", "services"),
    [
        ("stripe.fetch", False, ("svc_1", "svc_2")),
        ("stripe.add_lines", False, ("svc_1", "svc_2")),
        ("stripe.add_lines", True, ("svc_1", "svc_3")),
    ],
    ids=["before_anything", "without_a_line", "with_the_new_lines"],
)
def test_a_draft_finalized_during_an_edit_has_the_order_of_its_lines_in_stripe(
    world: World, call: str, after: bool, services: tuple[str, ...]
) -> None:
    draft = create_draft(world, "svc_1", "svc_2")
    crash_edit(world, draft, call, after=after, services=("svc_1", "svc_3"))
    world.client.v1.invoices.finalize_invoice(draft.stripe_invoice_id or "", None, options_of(draft))
    resume_edit(world)
    world.deliver()
    now = world.now(draft)
    assert (now.status, now.saga.step, now.edit) == (InvoiceStatus.PENDING, Step.DONE, None)
    assert tuple(each.service_id for each in now.order.line_items) == services
    assert now.total == stripe_invoice(world, now)["total"]
    assert claim_holders(world) == dict.fromkeys(services, draft.id)
    assert EntryKind.EDIT_REFUSED in kinds(world, draft)
    assert world.double.mails() == []


def test_editing_a_draft_that_was_finalized_in_stripe_is_refused(world: World) -> None:
    draft = create_draft(world, "svc_1")
    world.client.v1.invoices.finalize_invoice(draft.stripe_invoice_id or "", None, options_of(draft))
    with pytest.raises(Conflict) as refusal:
        edit_draft(edit_of(draft, "svc_2"), world.ports)
    now = world.now(draft)
    assert (refusal.value.code, now.status, now.order) == ("changed_in_stripe", InvoiceStatus.PENDING, draft.order)
    assert claim_holders(world) == {"svc_1": draft.id}


@pytest.mark.parametrize("call", ["stripe.fetch", "stripe.remove_lines", "stripe.add_lines"])
def test_a_draft_deleted_during_an_edit_is_void_and_releases_its_services(world: World, call: str) -> None:
    draft = create_draft(world, "svc_1", "svc_2")
    crash_edit(world, draft, call, after=False, services=("svc_1", "svc_3"))
    world.client.v1.invoices.delete(draft.stripe_invoice_id or "", None, options_of(draft))
    world.deliver()
    resume_edit(world)
    now = world.now(draft)
    assert (now.status, now.saga.step, now.edit) == (InvoiceStatus.VOID, Step.DONE, None)
    assert create_invoice(order("svc_1", "svc_2", "svc_3"), world.ports).status is InvoiceStatus.PENDING


def test_editing_a_draft_that_was_deleted_in_stripe_is_refused(world: World) -> None:
    draft = create_draft(world, "svc_1")
    world.client.v1.invoices.delete(draft.stripe_invoice_id or "", None, options_of(draft))
    with pytest.raises(Refused) as refusal:
        edit_draft(edit_of(draft, "svc_2"), world.ports)
    assert (refusal.value.code, world.now(draft).status) == ("draft_deleted", InvoiceStatus.VOID)


def test_a_draft_that_stripe_neither_edits_nor_restores_has_a_difference_and_keeps_its_claims(world: World) -> None:
    draft = create_draft(world, "svc_1", "svc_2")
    with stripe_refusing_to_undo(world), pytest.raises(Refused):
        edit_draft(edit_of(draft, "svc_1", "svc_3", "svc_4", memo="x" * 1501), world.ports)
    now = world.now(draft)
    assert (now.order, now.status, now.total_difference) == (draft.order, InvoiceStatus.DRAFT, 7500)
    assert set(claim_holders(world)) == {"svc_1", "svc_2", "svc_3", "svc_4"}
    with pytest.raises(Refused, match="more than POM ordered"):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    # Saving the draft again repairs it and releases the extra claims.
    repaired = edit_draft(edit_of(draft, "svc_1", "svc_3"), world.ports)
    require_stripe_has_the_order(world, repaired)
