"""A backfill makes POM say what Stripe says, however long ago; lost records come back, and nobody is billed twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.billing import RequestedDeduction
from chalicelib.domain.errors import AccountUnreachable, Conflict
from chalicelib.domain.identifiers import OrganizationId, ServiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.order import DeductionKind
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_removal
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice
from chalicelib.usecases.invoicing.edit_draft import edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.reconciling.backfill import BackfillOutcome, BackfillResult, backfill, invoices_to_backfill
from chalicelib.usecases.reconciling.tie_out import tie_out
from tests.boundaries import Killed, unwatched, watched
from tests.timelines import kinds
from tests.usecases.invoicing.editing import edit_of
from tests.usecases.reconciling.test_reconcile import assert_equal, lively
from tests.world import OFFICE, ORGANIZATION, World, line

DAY = 86400
HOUR = 3600


def filled(world: World, *, days: int = 90, dry_run: bool = False) -> list[BackfillResult]:
    """A whole run."""
    listed = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - days * DAY, world.ports)
    return [backfill(each, ORGANIZATION, world.ports, dry_run=dry_run) for each in listed]


def did(done: Sequence[BackfillResult]) -> list[BackfillOutcome]:
    return [each.did for each in done]


def lose(world: World, *invoices: Invoice) -> None:
    """As if the tables had been set back to before these were made."""
    for invoice in invoices:
        now = world.now(invoice)
        world.ports.invoices.remove(invoice_removal(now), [each.service_id for each in now.order.line_items])
        references = world.ports.database.references
        for key in [key for key, owner in references.items() if owner[1] == invoice.id]:
            del references[key]


def claims(world: World) -> dict[ServiceId, str]:
    return {service: str(holder) for (_, service), holder in world.ports.database.claims.items()}


def tallies(world: World) -> Any:
    return {bucket: tally for bucket, tally in world.ports.database.tallies[ORGANIZATION].items() if tally.count}


def paid(world: World, account: str, *services: str, **changes: Any) -> Invoice:
    invoice = world.invoice(*services, **changes)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    world.deliver()
    return world.now(invoice)


def written(world: World) -> list[str]:
    """What a second run writes."""
    boundaries = watched(world)
    again = filled(world)
    unwatched(world)
    assert set(did(again)) <= {BackfillOutcome.UNCHANGED, BackfillOutcome.NOT_OURS, BackfillOutcome.NOT_RECREATED}
    return boundaries.writes


# What we have


def test_what_no_event_told_is_put_right_and_a_second_run_writes_nothing(
    world: World, account: StripeAccountId
) -> None:
    world.double.set_delivery(lose_rate=1.0)
    lively(world, account)
    world.advance(60 * DAY)
    done = filled(world)
    assert_equal(world, account)
    assert len(done) == 8
    assert BackfillOutcome.UPDATED in did(done)
    assert written(world) == []


def test_a_refund_of_an_invoice_from_before_the_time_is_found(world: World, account: StripeAccountId) -> None:
    invoice = paid(world, account, "svc_1")
    world.advance(100 * DAY)
    world.double.set_delivery(lose_rate=1.0)
    [intent] = invoice.facts.payment_intents
    world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    [done] = filled(world, days=1)
    assert (done.did, done.listed.invoice_id) == (BackfillOutcome.UPDATED, invoice.id)
    assert world.now(invoice).status is InvoiceStatus.REFUNDED


def test_a_credit_note_on_an_invoice_from_before_the_time_is_found(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    world.advance(100 * DAY)
    world.double.set_delivery(lose_rate=1.0)
    noted: Any = {"invoice": str(invoice.stripe_invoice_id), "amount": 500}
    world.client.v1.credit_notes.create(noted, {"stripe_account": account})
    [done] = filled(world, days=1)
    assert (done.did, world.now(invoice).credited_amount) == (BackfillOutcome.UPDATED, 500)
    assert filled(world, days=1)[0].did is BackfillOutcome.UNCHANGED


def test_a_payment_that_an_update_found_is_on_the_timeline_as_if_its_webhooks_had_come(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1")
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    filled(world)
    assert kinds(world.now(invoice)) == ["created", "sent", "paid"]


def test_what_is_none_of_ours_is_left_alone(world: World, account: StripeAccountId) -> None:
    customer = world.in_stripe(account, "customer")[0]["id"]
    options: Any = {"stripe_account": account}
    world.client.v1.invoices.create({"customer": customer}, options)
    assert filled(world) == []


def test_a_copy_that_somebody_made_in_stripe_is_named_and_left_alone(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    customer = world.in_stripe(account, "customer")[0]["id"]
    metadata = next(iter(world.in_stripe(account)))["metadata"]
    options: Any = {"stripe_account": account}
    copy = world.client.v1.invoices.create({"customer": customer, "metadata": metadata}, options)
    before = world.now(invoice)
    copies = [each for each in filled(world) if each.did is BackfillOutcome.NOT_OURS]
    assert [each.listed.stripe_id for each in copies] == [copy.id]
    assert world.now(invoice) == before


# What we have lost


def test_a_lost_record_comes_back_and_its_services_cannot_be_billed_again(
    world: World, account: StripeAccountId
) -> None:
    invoice = paid(world, account, "svc_1", "svc_2", tax=None, memo="Thank you", footer="See you")
    before = tallies(world)
    lose(world, invoice)
    assert claims(world) == {}
    assert did(filled(world)) == [BackfillOutcome.RECREATED]
    found = world.now(invoice)
    assert (found.status, found.total, found.paid_amount) == (InvoiceStatus.PAID, 15000, 15000)
    assert [each.service_id for each in found.order.line_items] == ["svc_1", "svc_2"]
    assert (found.order.customer_id, found.order.memo, found.order.footer) == ("cust_1", "Thank you", "See you")
    assert (found.created_at, found.sent_at) == (invoice.created_at, invoice.sent_at)
    assert kinds(found) == ["recreated", "sent", "paid"]
    with pytest.raises(Conflict, match="service_already_billed"):
        world.invoice("svc_2")
    assert tallies(world) == before
    assert_equal(world, account)
    assert written(world) == []


def test_later_events_find_a_record_that_came_back(world: World, account: StripeAccountId) -> None:
    invoice = paid(world, account, "svc_1")
    [intent] = invoice.facts.payment_intents
    lose(world, invoice)
    filled(world)
    world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
    world.advance(2 * HOUR)
    assert tie_out(ORGANIZATION, world.ports).differences == ()


def test_everything_that_can_happen_comes_back(world: World, account: StripeAccountId) -> None:
    invoices = lively(world, account)
    world.deliver()
    world.sweep()
    before = {invoice.id: world.now(invoice) for invoice in invoices}
    summed = tallies(world)
    lose(world, *invoices)
    assert did(filled(world)) == [BackfillOutcome.RECREATED] * 8
    assert_equal(world, account)
    for invoice in invoices:
        assert world.now(invoice).status is before[invoice.id].status
        assert world.now(invoice).refunded_amount == before[invoice.id].refunded_amount
    assert tallies(world) == summed
    assert written(world) == []


def test_tax_comes_back_as_tax_and_several_of_a_service_as_words(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice(line_items=(line("svc_1", "12.50", "3"),), tax=Decimal("4.00"))
    world.deliver()
    lose(world, invoice)
    filled(world)
    found = world.now(invoice).order
    assert (found.tax, found.subtotal, found.total) == (400, 3750, 4150)
    assert found.line_items[0].description == "Cleaning svc_1 (3 x 12.50)"


def test_a_draft_comes_back_as_a_draft_and_can_be_sent(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1", send=False)
    world.deliver()
    lose(world, invoice)
    assert did(filled(world)) == [BackfillOutcome.RECREATED]
    assert world.now(invoice).status is InvoiceStatus.DRAFT
    sent = send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sent.status is InvoiceStatus.PENDING
    assert len(world.in_stripe(account)) == 1


def test_a_void_one_comes_back_and_claims_nothing(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    world.deliver()
    lose(world, invoice)
    assert did(filled(world)) == [BackfillOutcome.RECREATED]
    assert world.now(invoice).status is InvoiceStatus.VOID
    assert world.invoice("svc_1").status is InvoiceStatus.PENDING


def test_a_service_that_was_billed_again_meanwhile_is_told(world: World, account: StripeAccountId) -> None:
    lost = world.invoice("svc_1", "svc_2")
    lose(world, lost)
    again = world.invoice("svc_2")
    world.deliver()
    first, _ = filled(world)
    assert (first.did, first.listed.invoice_id) == (BackfillOutcome.NOT_RECREATED, lost.id)
    number = world.now(again).facts.invoice.number  # type: ignore[union-attr]
    assert first.remark == f"The service svc_2 is on the invoice {number} already."
    assert claims(world) == {"svc_2": again.id}
    assert world.ports.invoices.get(ORGANIZATION, lost.id) is None


def test_a_lost_record_comes_back_with_what_was_taken_off_and_the_days_in_the_text(
    world: World, account: StripeAccountId
) -> None:
    credit = RequestedDeduction(DeductionKind.CREDIT, "Visit that was missed", Decimal("20.00"))
    done = replace(line("svc_1", "50.00", "1.5"), service_date=dt.date(2027, 1, 10))
    draft = world.invoice(line_items=(done,), deductions=(credit,), tax=Decimal("3.00"), send=False)
    lose(world, draft)
    assert did(filled(world)) == [BackfillOutcome.RECREATED]
    found = world.now(draft)
    assert found.order.deductions == draft.order.deductions
    assert (found.order.tax, found.total, found.total_difference) == (300, 5800, 0)
    assert found.order.line_items[0].text("usd") == "Cleaning svc_1 (10 January 2027; 1.5 x 50.00)"
    assert_equal(world, account)
    world.customer()
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_a_repeated_request_for_a_lost_invoice_is_refused_and_bills_nobody(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1", idempotency_key="monday")
    world.deliver()
    lose(world, invoice)
    filled(world)
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        world.invoice("svc_1", idempotency_key="monday")
    assert len(world.in_stripe(account)) == 1


def test_more_services_than_one_transaction_takes_are_all_claimed(world: World, account: StripeAccountId) -> None:
    services = [f"svc_{number}" for number in range(200)]
    invoice = world.invoice(*services)
    world.deliver()
    lose(world, invoice)
    assert did(filled(world)) == [BackfillOutcome.RECREATED]
    assert set(claims(world)) == set(services)


@pytest.mark.parametrize("after", [False, True])
def test_wherever_it_is_stopped_the_next_run_finishes_it(after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.usecases.reconciling.backfill.MAX_CLAIMS_AT_ONCE", 4)
    number = 0
    while True:
        world = World()
        account = world.connect()
        world.customer()
        world.work()
        services = [f"svc_{each}" for each in range(6)]  # more than are claimed at once
        invoice = paid(world, account, *services)
        lose(world, invoice)
        boundaries = watched(world, fatal=number, after=after)
        try:
            filled(world)
            crashed = False
        except Killed:
            crashed = True
        unwatched(world)
        assert set(did(filled(world))) <= {BackfillOutcome.RECREATED, BackfillOutcome.UNCHANGED}
        assert world.now(invoice).status is InvoiceStatus.PAID, boundaries.calls[number:]
        assert set(claims(world)) == set(services), boundaries.calls[number:]
        assert_equal(world, account)
        assert written(world) == []
        if not crashed:
            return
        number += 1


def test_a_conflict_among_later_services_leaves_nothing_behind(world: World, account: StripeAccountId) -> None:
    lost = world.invoice(*(f"svc_{number}" for number in range(100)))
    lose(world, lost)
    again = world.invoice("svc_99")
    first, _ = filled(world)
    assert first.did is BackfillOutcome.NOT_RECREATED
    assert world.ports.invoices.get(ORGANIZATION, lost.id) is None
    assert claims(world) == {"svc_99": again.id}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"metadata": {"pom_organization_id": "org_other"}}, "It names another organization."),
        ({"livemode": True}, "It is of the other mode than the connection, test or live."),
        ({"customer": "cus_gone"}, "is deleted in Stripe, or carries no id of POM's."),
        ({"lines": []}, "None of its lines names a service of POM's."),
    ],
)
def test_what_cannot_be_made_again_is_named_and_nothing_is_written(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], why: str
) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    lose(world, invoice)
    gateway = world.ports.stripe
    read = gateway.recorded

    def changed(*ids: Any) -> Any:
        found = read(*ids)
        fields = {
            "metadata": {"organization_id": OrganizationId("org_other")},
            "livemode": {"livemode": True},
            "customer": {"stripe_customer_id": bare},
            "lines": {"lines": ()},
        }
        return replace(found, **fields[next(iter(changes))])

    options: Any = {"stripe_account": account}
    bare = world.client.v1.customers.create({"email": "nobody@example.test"}, options).id
    monkeypatch.setattr(gateway, "recorded", changed)
    [done] = filled(world)
    assert done.did is BackfillOutcome.NOT_RECREATED
    assert why in done.remark
    assert (claims(world), world.ports.invoices.get(ORGANIZATION, invoice.id)) == ({}, None)


def test_an_account_that_was_revoked_is_no_verdict_on_an_invoice(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    lose(world, invoice)
    [listed] = invoices_to_backfill(ORGANIZATION, 0, world.ports)
    world.double.revoke(account)
    with pytest.raises(AccountUnreachable):
        backfill(listed, ORGANIZATION, world.ports)
    assert world.ports.invoices.get(ORGANIZATION, invoice.id) is None


def test_a_lost_customer_is_named_so_that_pom_saves_it_again(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    lose(world, invoice)
    world.ports.database.customers.clear()
    [done] = filled(world)
    assert (done.did, done.remark) == (BackfillOutcome.RECREATED, "POM has to save its customer cust_1 again.")
    assert world.now(invoice).order.customer_id == "cust_1"


def test_an_invoice_that_is_being_made_is_left_to_whoever_makes_it(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    making = replace(world.now(invoice), saga=invoice.saga.advanced(Step.DRAFT, 1))
    world.ports.database.invoices[ORGANIZATION, invoice.id] = replace(making, stripe_invoice_id=None)
    [done] = filled(world)
    assert (done.did, done.remark) == (BackfillOutcome.UNCHANGED, "It is being made.")


# Only to look


def test_an_invoice_that_was_just_voided_needs_no_update(world: World, account: StripeAccountId) -> None:
    """Voiding cancels the payment that nobody made, and Stripe makes no event of that."""
    invoice = world.invoice()
    world.deliver()
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert [each.did for each in filled(world, dry_run=True)] == [BackfillOutcome.UNCHANGED]
    world.deliver()
    assert [each.did for each in filled(world, dry_run=True)] == [BackfillOutcome.UNCHANGED]
    assert [each.did for each in filled(world)] == [BackfillOutcome.UNCHANGED]


def test_a_dry_run_tells_what_would_be_done_and_writes_nothing(world: World, account: StripeAccountId) -> None:
    lost, behind, right = world.invoice("svc_1"), world.invoice("svc_2"), world.invoice("svc_3")
    world.deliver()
    lose(world, lost)
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(behind.stripe_invoice_id), "pm_card_visa")
    boundaries = watched(world)
    told = {each.listed.invoice_id: each.did for each in filled(world, dry_run=True)}
    unwatched(world)
    assert told == {
        lost.id: BackfillOutcome.RECREATED,
        behind.id: BackfillOutcome.UPDATED,
        right.id: BackfillOutcome.UNCHANGED,
    }
    assert boundaries.writes == []
    assert {each.listed.invoice_id: each.did for each in filled(world)} == told


def test_the_oldest_come_first_so_that_one_can_go_on_behind_any(world: World, account: StripeAccountId) -> None:
    made = []
    for number in range(3):
        made.append(world.invoice(f"svc_{number}").id)
        world.advance(HOUR)
    listed = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - DAY, world.ports)
    assert [each.invoice_id for each in listed] == made
    later = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - 2 * HOUR, world.ports)
    assert [each.invoice_id for each in later] == made[1:]


def test_without_a_connection_there_is_nothing_to_ask(world: World) -> None:
    with pytest.raises(Conflict, match="stripe_not_connected"):
        invoices_to_backfill(ORGANIZATION, 0, world.ports)


def test_an_invoice_of_an_earlier_release_is_written_so_that_its_payments_are_listed(world: World) -> None:
    account = str(world.connect())
    world.customer()
    invoice = paid(world, account, "svc_1")
    world.deliver()
    database = world.ports.database
    former = replace(world.now(invoice), payments_listed=False)
    database.invoices[ORGANIZATION, invoice.id] = former
    database.movements.clear()
    assert did(filled(world)) == [BackfillOutcome.UPDATED]
    [row] = world.ports.payments.page(ORGANIZATION, MovementFilter(), 10, None).items
    assert row.movement.amount == 7500
    assert did(filled(world)) == [BackfillOutcome.UNCHANGED]


def test_a_deduction_or_a_service_called_tax_is_not_rebuilt_as_tax(world: World, account: StripeAccountId) -> None:
    credit = RequestedDeduction(DeductionKind.CREDIT, "Tax", Decimal("10.00"))
    service = replace(line("svc_1", "50.00"), description="Tax")
    draft = world.invoice(line_items=(service,), deductions=(credit,), tax=Decimal("5.00"), send=False)
    lose(world, draft)
    assert did(filled(world)) == [BackfillOutcome.RECREATED]
    found = world.now(draft)
    assert (found.order.subtotal, found.order.deductions, found.order.tax) == (5000, draft.order.deductions, 500)
    assert (found.total, found.total_difference) == (4500, 0)
    world.customer()
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_a_line_that_somebody_called_tax_in_stripe_is_not_rebuilt_as_poms_tax(
    world: World, account: StripeAccountId
) -> None:
    draft = world.invoice("svc_1", tax=Decimal("5.00"), send=False)
    theirs: Any = {"lines": [{"amount": 200, "description": "Tax"}]}
    world.client.v1.invoices.add_lines(str(draft.stripe_invoice_id), theirs, {"stripe_account": account})
    lose(world, draft)
    [done] = filled(world)
    assert done.remark == "1 of its lines were added in Stripe and name no service."
    assert world.now(draft).order.tax == 500


def test_a_kind_of_deduction_that_was_changed_comes_back_as_it_was_saved_last(
    world: World, account: StripeAccountId
) -> None:
    discount = RequestedDeduction(DeductionKind.DISCOUNT, "Rebate", Decimal("10.00"))
    draft = world.invoice("svc_1", deductions=(discount,), send=False)
    credit = replace(discount, kind=DeductionKind.CREDIT)
    edit_draft(edit_of(draft, "svc_1", deductions=(credit,)), world.ports)
    lose(world, draft)
    filled(world)
    assert [each.kind for each in world.now(draft).order.deductions] == [DeductionKind.CREDIT]


# Corrections


def corrected(world: World) -> tuple[Invoice, Invoice]:
    """Returns an original, which is void, and the draft copy that took its place."""
    original = world.invoice("svc_1")
    world.deliver()
    copy = correct_invoice(ORGANIZATION, original.id, OFFICE, world.ports, confirmed=True)
    world.deliver()
    return world.now(original), world.now(copy)


@pytest.mark.parametrize("lost", [("copy",), ("original",), ("copy", "original")])
def test_a_copy_and_its_original_name_each_other_whichever_record_was_lost(
    world: World, account: StripeAccountId, lost: tuple[str, ...]
) -> None:
    original, copy = corrected(world)
    lose(world, *[invoice for name, invoice in (("copy", copy), ("original", original)) if name in lost])
    assert did(filled(world)).count(BackfillOutcome.RECREATED) == len(lost)
    assert world.now(copy).corrects == original.id
    assert world.now(original).corrected_by == copy.id
    assert kinds(world.now(original)).count("corrected") == 1
    assert claims(world) == {"svc_1": copy.id}
    assert written(world) == []


def test_only_the_true_original_is_believed_of_what_a_copy_names(world: World, account: StripeAccountId) -> None:
    original = world.invoice("svc_1")
    other = world.invoice("svc_2", send=False)
    named: Any = {"metadata": {"pom_corrects": original.id}}
    world.client.v1.invoices.update(str(other.stripe_invoice_id), named, {"stripe_account": account})
    lose(world, other)
    filled(world)
    assert world.now(other).corrects is None
    assert world.now(original).corrected_by is None


def test_events_of_a_copy_reach_the_copy_and_not_the_invoice_that_it_corrects(
    world: World, account: StripeAccountId
) -> None:
    original, copy = corrected(world)
    send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports)
    world.double.pay(account, str(world.now(copy).stripe_invoice_id), "pm_card_visa")
    world.deliver()
    assert world.now(copy).status is InvoiceStatus.PAID
    assert world.now(original) == original


# Changes of drafts that were lost: the tables were set back to before them


def edited_and_set_back(world: World, *services: str) -> Invoice:
    """A draft of `svc_a` and `svc_b` that POM changed to other services, and whose record is as before that."""
    made = world.invoice("svc_a", "svc_b", send=False)
    before = world.now(made)
    edit_draft(edit_of(made, *services), world.ports)
    database = world.ports.database
    for service in services:
        database.claims.pop((ORGANIZATION, ServiceId(service)), None)
    database.claims |= {(ORGANIZATION, ServiceId(each)): made.id for each in ("svc_a", "svc_b")}
    database.invoices[ORGANIZATION, made.id] = before
    return made


def test_a_service_that_a_lost_change_put_on_a_draft_cannot_be_billed_again(lively_world: World) -> None:
    made = edited_and_set_back(lively_world, "svc_a", "svc_new")
    [would] = filled(lively_world, dry_run=True)
    assert (would.did, "svc_new" in lively_world.now(made).order.services) == (BackfillOutcome.UPDATED, False)
    [done] = filled(lively_world)
    assert (done.did, done.remark) == (would.did, would.remark)
    assert lively_world.now(made).order.services == ("svc_a", "svc_new")
    with pytest.raises(Conflict, match="svc_new is on the draft"):
        lively_world.invoice("svc_new")
    lively_world.invoice("svc_b")  # the change had given it up
    assert did(filled(lively_world)) == [BackfillOutcome.UNCHANGED, BackfillOutcome.UNCHANGED]


def test_the_same_holds_when_the_draft_was_sent_after_the_lost_change(lively_world: World) -> None:
    made = edited_and_set_back(lively_world, "svc_new", "svc_b")
    account = lively_world.now(made).stripe_account_id
    lively_world.client.v1.invoices.finalize_invoice(
        lively_world.now(made).stripe_invoice_id, None, {"stripe_account": account}
    )
    [done] = filled(lively_world)
    assert done.did is BackfillOutcome.UPDATED
    now = lively_world.now(made)
    assert (now.status, set(now.order.services)) == (InvoiceStatus.PENDING, {"svc_new", "svc_b"})
    assert claims(lively_world)[ServiceId("svc_new")] == made.id


def test_a_draft_is_looked_at_however_old_it_is(lively_world: World) -> None:
    made = edited_and_set_back(lively_world, "svc_new")
    lively_world.advance(100 * DAY)
    assert did(filled(lively_world, days=35)) == [BackfillOutcome.UPDATED]
    assert lively_world.now(made).order.services == ("svc_new",)


def test_a_lost_change_is_named_if_its_service_was_billed_again_meanwhile(lively_world: World) -> None:
    made = edited_and_set_back(lively_world, "svc_a", "svc_new")
    again = lively_world.invoice("svc_new")
    done = {each.listed.invoice_id: each for each in filled(lively_world)}
    assert done[made.id].did is BackfillOutcome.NOT_RECREATED
    assert f"svc_new is on the invoice {lively_world.now(again).facts.invoice.number} already" in done[made.id].remark
    assert done[again.id].did is BackfillOutcome.UNCHANGED


def test_a_line_that_somebody_added_in_stripe_changes_no_order(lively_world: World) -> None:
    made = edited_and_set_back(lively_world, "svc_a", "svc_new")
    stripe_id = lively_world.now(made).stripe_invoice_id
    account = lively_world.now(made).stripe_account_id
    options: Any = {"stripe_account": account}
    lines: Any = {"lines": [{"description": "Chlorine", "amount": 500}]}
    lively_world.client.v1.invoices.add_lines(stripe_id, lines, options)
    filled(lively_world)
    assert lively_world.now(made).order.services == ("svc_a", "svc_b")


@pytest.fixture
def lively_world() -> World:
    world = World(3)
    world.connect()
    world.customer()
    world.work()
    return world
