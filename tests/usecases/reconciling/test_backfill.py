"""Tests the backfill: it makes POM equal to Stripe for any past period, recreates lost records, and bills no customer
twice.
"""

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
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.timelines import kinds
from tests.usecases.invoicing.editing import edit_of
from tests.usecases.reconciling.test_reconcile import assert_equal, varied_invoices
from tests.world import OFFICE, ORGANIZATION, World, line

DAY = 86400
HOUR = 3600


def run_backfill(world: World, *, days: int = 90, dry_run: bool = False) -> list[BackfillResult]:
    """Runs a whole backfill and returns its results."""
    stripe_invoices = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - days * DAY, world.ports)
    return [backfill(each, ORGANIZATION, world.ports, dry_run=dry_run) for each in stripe_invoices]


def outcomes_of(results: Sequence[BackfillResult]) -> list[BackfillOutcome]:
    return [each.did for each in results]


def lose_records(world: World, *invoices: Invoice) -> None:
    """Removes the records of these invoices, as if the tables had been restored to an earlier time."""
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


def pay_new_invoice(world: World, account: str, *services: str, **changes: Any) -> Invoice:
    invoice = world.invoice(*services, **changes)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    world.deliver()
    return world.now(invoice)


def writes_of_second_run(world: World) -> list[str]:
    """Runs a second backfill and returns its writes."""
    boundaries = count_calls(world)
    again = run_backfill(world)
    stop_counting(world)
    assert set(outcomes_of(again)) <= {
        BackfillOutcome.UNCHANGED,
        BackfillOutcome.NOT_OURS,
        BackfillOutcome.NOT_RECREATED,
    }
    return boundaries.writes


# Records that POM has


def test_a_backfill_stores_changes_without_events_and_a_second_run_writes_nothing(
    world: World, account: StripeAccountId
) -> None:
    world.double.set_delivery(lose_rate=1.0)
    varied_invoices(world, account)
    world.advance(60 * DAY)
    results = run_backfill(world)
    assert_equal(world, account)
    assert len(results) == 8
    assert BackfillOutcome.UPDATED in outcomes_of(results)
    assert writes_of_second_run(world) == []


def test_a_backfill_finds_a_recent_refund_of_an_older_invoice(world: World, account: StripeAccountId) -> None:
    invoice = pay_new_invoice(world, account, "svc_1")
    world.advance(100 * DAY)
    world.double.set_delivery(lose_rate=1.0)
    [intent] = invoice.facts.payment_intents
    world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    [result] = run_backfill(world, days=1)
    assert (result.did, result.listed.invoice_id) == (BackfillOutcome.UPDATED, invoice.id)
    assert world.now(invoice).status is InvoiceStatus.REFUNDED


def test_a_backfill_finds_a_recent_credit_note_on_an_older_invoice(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    world.advance(100 * DAY)
    world.double.set_delivery(lose_rate=1.0)
    credit_note: Any = {"invoice": str(invoice.stripe_invoice_id), "amount": 500}
    world.client.v1.credit_notes.create(credit_note, {"stripe_account": account})
    [result] = run_backfill(world, days=1)
    assert (result.did, world.now(invoice).credited_amount) == (BackfillOutcome.UPDATED, 500)
    assert run_backfill(world, days=1)[0].did is BackfillOutcome.UNCHANGED


def test_a_payment_found_by_a_backfill_is_on_the_timeline(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    run_backfill(world)
    assert kinds(world.now(invoice)) == ["created", "sent", "paid"]


def test_invoices_of_other_systems_are_ignored(world: World, account: StripeAccountId) -> None:
    customer = world.in_stripe(account, "customer")[0]["id"]
    options: Any = {"stripe_account": account}
    world.client.v1.invoices.create({"customer": customer}, options)
    assert run_backfill(world) == []


def test_a_copy_made_in_stripe_is_reported_and_not_stored(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    customer = world.in_stripe(account, "customer")[0]["id"]
    metadata = next(iter(world.in_stripe(account)))["metadata"]
    options: Any = {"stripe_account": account}
    copy = world.client.v1.invoices.create({"customer": customer, "metadata": metadata}, options)
    before = world.now(invoice)
    copies = [each for each in run_backfill(world) if each.did is BackfillOutcome.NOT_OURS]
    assert [each.listed.stripe_id for each in copies] == [copy.id]
    assert world.now(invoice) == before


# Records that POM has lost


def test_a_lost_record_is_recreated_with_claims_on_its_services(world: World, account: StripeAccountId) -> None:
    invoice = pay_new_invoice(world, account, "svc_1", "svc_2", tax=None, memo="Thank you", footer="See you")
    before = tallies(world)
    lose_records(world, invoice)
    assert claims(world) == {}
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED]
    recreated = world.now(invoice)
    assert (recreated.status, recreated.total, recreated.paid_amount) == (InvoiceStatus.PAID, 15000, 15000)
    assert [each.service_id for each in recreated.order.line_items] == ["svc_1", "svc_2"]
    assert (recreated.order.customer_id, recreated.order.memo, recreated.order.footer) == (
        "cust_1",
        "Thank you",
        "See you",
    )
    assert (recreated.created_at, recreated.sent_at) == (invoice.created_at, invoice.sent_at)
    assert kinds(recreated) == ["recreated", "sent", "paid"]
    with pytest.raises(Conflict, match="service_already_billed"):
        world.invoice("svc_2")
    assert tallies(world) == before
    assert_equal(world, account)
    assert writes_of_second_run(world) == []


def test_later_events_reach_a_recreated_record(world: World, account: StripeAccountId) -> None:
    invoice = pay_new_invoice(world, account, "svc_1")
    [intent] = invoice.facts.payment_intents
    lose_records(world, invoice)
    run_backfill(world)
    world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.deliver()
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
    world.advance(2 * HOUR)
    assert tie_out(ORGANIZATION, world.ports).differences == ()


def test_lost_records_in_every_status_are_recreated(world: World, account: StripeAccountId) -> None:
    invoices = varied_invoices(world, account)
    world.deliver()
    world.sweep()
    before = {invoice.id: world.now(invoice) for invoice in invoices}
    tallies_before = tallies(world)
    lose_records(world, *invoices)
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED] * 8
    assert_equal(world, account)
    for invoice in invoices:
        assert world.now(invoice).status is before[invoice.id].status
        assert world.now(invoice).refunded_amount == before[invoice.id].refunded_amount
    assert tallies(world) == tallies_before
    assert writes_of_second_run(world) == []


def test_tax_is_recreated_as_tax_and_a_quantity_as_text_of_the_description(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice(line_items=(line("svc_1", "12.50", "3"),), tax=Decimal("4.00"))
    world.deliver()
    lose_records(world, invoice)
    run_backfill(world)
    recreated_order = world.now(invoice).order
    assert (recreated_order.tax, recreated_order.subtotal, recreated_order.total) == (400, 3750, 4150)
    assert recreated_order.line_items[0].description == "Cleaning svc_1 (3 x 12.50)"


def test_a_lost_draft_is_recreated_as_a_draft_and_can_be_sent(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1", send=False)
    world.deliver()
    lose_records(world, invoice)
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED]
    assert world.now(invoice).status is InvoiceStatus.DRAFT
    sent_invoice = send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert sent_invoice.status is InvoiceStatus.PENDING
    assert len(world.in_stripe(account)) == 1


def test_a_lost_void_invoice_is_recreated_without_claims(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    world.deliver()
    lose_records(world, invoice)
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED]
    assert world.now(invoice).status is InvoiceStatus.VOID
    assert world.invoice("svc_1").status is InvoiceStatus.PENDING


def test_a_lost_invoice_is_not_recreated_if_its_service_was_billed_again(
    world: World, account: StripeAccountId
) -> None:
    lost_invoice = world.invoice("svc_1", "svc_2")
    lose_records(world, lost_invoice)
    again = world.invoice("svc_2")
    world.deliver()
    first, _ = run_backfill(world)
    assert (first.did, first.listed.invoice_id) == (BackfillOutcome.NOT_RECREATED, lost_invoice.id)
    number = world.now(again).facts.invoice.number  # type: ignore[union-attr]
    assert first.remark == f"The service svc_2 is on the invoice {number} already."
    assert claims(world) == {"svc_2": again.id}
    assert world.ports.invoices.get(ORGANIZATION, lost_invoice.id) is None


def test_deductions_and_service_dates_are_recreated(world: World, account: StripeAccountId) -> None:
    credit = RequestedDeduction(DeductionKind.CREDIT, "Visit that was missed", Decimal("20.00"))
    service = replace(line("svc_1", "50.00", "1.5"), service_date=dt.date(2027, 1, 10))
    draft = world.invoice(line_items=(service,), deductions=(credit,), tax=Decimal("3.00"), send=False)
    lose_records(world, draft)
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED]
    recreated = world.now(draft)
    assert recreated.order.deductions == draft.order.deductions
    assert (recreated.order.tax, recreated.total, recreated.total_difference) == (300, 5800, 0)
    assert recreated.order.line_items[0].text("usd") == "Cleaning svc_1 (10 January 2027; 1.5 x 50.00)"
    assert_equal(world, account)
    world.customer()
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_repeating_the_request_of_a_recreated_invoice_is_refused(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1", idempotency_key="monday")
    world.deliver()
    lose_records(world, invoice)
    run_backfill(world)
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        world.invoice("svc_1", idempotency_key="monday")
    assert len(world.in_stripe(account)) == 1


def test_a_recreated_invoice_claims_more_services_than_one_transaction_takes(
    world: World, account: StripeAccountId
) -> None:
    services = [f"svc_{number}" for number in range(200)]
    invoice = world.invoice(*services)
    world.deliver()
    lose_records(world, invoice)
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED]
    assert set(claims(world)) == set(services)


@pytest.mark.parametrize("after", [False, True])
def test_a_backfill_stopped_at_any_call_is_finished_by_the_next_run(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.usecases.reconciling.backfill.MAX_CLAIMS_AT_ONCE", 4)
    number = 0
    while True:
        world = World()
        account = world.connect()
        world.customer()
        world.work()
        services = [f"svc_{each}" for each in range(6)]  # more services than one transaction claims
        invoice = pay_new_invoice(world, account, *services)
        lose_records(world, invoice)
        boundaries = count_calls(world, fatal=number, after=after)
        try:
            run_backfill(world)
            crashed = False
        except ProcessKilled:
            crashed = True
        stop_counting(world)
        assert set(outcomes_of(run_backfill(world))) <= {BackfillOutcome.RECREATED, BackfillOutcome.UNCHANGED}
        assert world.now(invoice).status is InvoiceStatus.PAID, boundaries.calls[number:]
        assert set(claims(world)) == set(services), boundaries.calls[number:]
        assert_equal(world, account)
        assert writes_of_second_run(world) == []
        if not crashed:
            return
        number += 1


def test_a_conflict_in_a_later_transaction_releases_all_claims_of_the_backfill(
    world: World, account: StripeAccountId
) -> None:
    lost_invoice = world.invoice(*(f"svc_{number}" for number in range(100)))
    lose_records(world, lost_invoice)
    again = world.invoice("svc_99")
    first, _ = run_backfill(world)
    assert first.did is BackfillOutcome.NOT_RECREATED
    assert world.ports.invoices.get(ORGANIZATION, lost_invoice.id) is None
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
def test_an_invoice_that_cannot_be_recreated_is_reported_and_not_stored(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], why: str
) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    lose_records(world, invoice)
    gateway = world.ports.stripe
    recorded = gateway.recorded

    def changed_record(*ids: Any) -> Any:
        record = recorded(*ids)
        fields = {
            "metadata": {"organization_id": OrganizationId("org_other")},
            "livemode": {"livemode": True},
            "customer": {"stripe_customer_id": bare},
            "lines": {"lines": ()},
        }
        return replace(record, **fields[next(iter(changes))])

    options: Any = {"stripe_account": account}
    bare = world.client.v1.customers.create({"email": "nobody@example.test"}, options).id
    monkeypatch.setattr(gateway, "recorded", changed_record)
    [result] = run_backfill(world)
    assert result.did is BackfillOutcome.NOT_RECREATED
    assert why in result.remark
    assert (claims(world), world.ports.invoices.get(ORGANIZATION, invoice.id)) == ({}, None)


def test_a_backfill_of_a_revoked_account_fails(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    lose_records(world, invoice)
    [stripe_invoice] = invoices_to_backfill(ORGANIZATION, 0, world.ports)
    world.double.revoke(account)
    with pytest.raises(AccountUnreachable):
        backfill(stripe_invoice, ORGANIZATION, world.ports)
    assert world.ports.invoices.get(ORGANIZATION, invoice.id) is None


def test_the_result_names_a_lost_customer_that_pom_must_save_again(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    lose_records(world, invoice)
    world.ports.database.customers.clear()
    [result] = run_backfill(world)
    assert (result.did, result.remark) == (BackfillOutcome.RECREATED, "POM has to save its customer cust_1 again.")
    assert world.now(invoice).order.customer_id == "cust_1"


def test_an_invoice_in_creation_is_left_unchanged(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    unfinished = replace(world.now(invoice), saga=invoice.saga.advanced(Step.DRAFT, 1))
    world.ports.database.invoices[ORGANIZATION, invoice.id] = replace(unfinished, stripe_invoice_id=None)
    [result] = run_backfill(world)
    assert (result.did, result.remark) == (BackfillOutcome.UNCHANGED, "It is being made.")


# Dry runs


def test_an_invoice_that_was_just_voided_needs_no_update(world: World, account: StripeAccountId) -> None:
    """Voiding cancels the unpaid payment, and Stripe creates no event for that."""
    invoice = world.invoice()
    world.deliver()
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert [each.did for each in run_backfill(world, dry_run=True)] == [BackfillOutcome.UNCHANGED]
    world.deliver()
    assert [each.did for each in run_backfill(world, dry_run=True)] == [BackfillOutcome.UNCHANGED]
    assert [each.did for each in run_backfill(world)] == [BackfillOutcome.UNCHANGED]


def test_a_dry_run_returns_the_outcomes_and_writes_nothing(world: World, account: StripeAccountId) -> None:
    lost_invoice, outdated, current = world.invoice("svc_1"), world.invoice("svc_2"), world.invoice("svc_3")
    world.deliver()
    lose_records(world, lost_invoice)
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(outdated.stripe_invoice_id), "pm_card_visa")
    boundaries = count_calls(world)
    outcomes = {each.listed.invoice_id: each.did for each in run_backfill(world, dry_run=True)}
    stop_counting(world)
    assert outcomes == {
        lost_invoice.id: BackfillOutcome.RECREATED,
        outdated.id: BackfillOutcome.UPDATED,
        current.id: BackfillOutcome.UNCHANGED,
    }
    assert boundaries.writes == []
    assert {each.listed.invoice_id: each.did for each in run_backfill(world)} == outcomes


def test_the_oldest_invoices_are_backfilled_first(world: World, account: StripeAccountId) -> None:
    ids = []
    for number in range(3):
        ids.append(world.invoice(f"svc_{number}").id)
        world.advance(HOUR)
    all_invoices = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - DAY, world.ports)
    assert [each.invoice_id for each in all_invoices] == ids
    later_invoices = invoices_to_backfill(ORGANIZATION, world.ports.clock.now() - 2 * HOUR, world.ports)
    assert [each.invoice_id for each in later_invoices] == ids[1:]


def test_a_backfill_without_a_connection_is_refused(world: World) -> None:
    with pytest.raises(Conflict, match="stripe_not_connected"):
        invoices_to_backfill(ORGANIZATION, 0, world.ports)


def test_a_backfill_lists_the_payments_of_an_invoice_of_an_earlier_release(world: World) -> None:
    account = str(world.connect())
    world.customer()
    invoice = pay_new_invoice(world, account, "svc_1")
    world.deliver()
    database = world.ports.database
    former = replace(world.now(invoice), payments_listed=False)
    database.invoices[ORGANIZATION, invoice.id] = former
    database.movements.clear()
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.UPDATED]
    [row] = world.ports.payments.page(ORGANIZATION, MovementFilter(), 10, None).items
    assert row.movement.amount == 7500
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.UNCHANGED]


def test_a_deduction_or_a_service_named_tax_is_not_recreated_as_tax(world: World, account: StripeAccountId) -> None:
    credit = RequestedDeduction(DeductionKind.CREDIT, "Tax", Decimal("10.00"))
    service = replace(line("svc_1", "50.00"), description="Tax")
    draft = world.invoice(line_items=(service,), deductions=(credit,), tax=Decimal("5.00"), send=False)
    lose_records(world, draft)
    assert outcomes_of(run_backfill(world)) == [BackfillOutcome.RECREATED]
    recreated = world.now(draft)
    assert (recreated.order.subtotal, recreated.order.deductions, recreated.order.tax) == (
        5000,
        draft.order.deductions,
        500,
    )
    assert (recreated.total, recreated.total_difference) == (4500, 0)
    world.customer()
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING


def test_a_line_named_tax_that_was_added_in_stripe_is_not_recreated_as_tax(
    world: World, account: StripeAccountId
) -> None:
    draft = world.invoice("svc_1", tax=Decimal("5.00"), send=False)
    theirs: Any = {"lines": [{"amount": 200, "description": "Tax"}]}
    world.client.v1.invoices.add_lines(str(draft.stripe_invoice_id), theirs, {"stripe_account": account})
    lose_records(world, draft)
    [result] = run_backfill(world)
    assert result.remark == "1 of its lines were added in Stripe and name no service."
    assert world.now(draft).order.tax == 500


def test_an_edited_kind_of_deduction_is_recreated_as_it_was_saved_last(
    world: World, account: StripeAccountId
) -> None:
    discount = RequestedDeduction(DeductionKind.DISCOUNT, "Rebate", Decimal("10.00"))
    draft = world.invoice("svc_1", deductions=(discount,), send=False)
    credit = replace(discount, kind=DeductionKind.CREDIT)
    edit_draft(edit_of(draft, "svc_1", deductions=(credit,)), world.ports)
    lose_records(world, draft)
    run_backfill(world)
    assert [each.kind for each in world.now(draft).order.deductions] == [DeductionKind.CREDIT]


# Corrections


def corrected_invoice_and_copy(world: World) -> tuple[Invoice, Invoice]:
    """Returns a void original and the draft copy that corrects it."""
    original = world.invoice("svc_1")
    world.deliver()
    copy = correct_invoice(ORGANIZATION, original.id, OFFICE, world.ports, confirmed=True)
    world.deliver()
    return world.now(original), world.now(copy)


@pytest.mark.parametrize("lost_names", [("copy",), ("original",), ("copy", "original")])
def test_a_recreated_correction_names_its_original_and_the_original_names_its_correction(
    world: World, account: StripeAccountId, lost_names: tuple[str, ...]
) -> None:
    original, copy = corrected_invoice_and_copy(world)
    lose_records(
        world, *[invoice for name, invoice in (("copy", copy), ("original", original)) if name in lost_names]
    )
    assert outcomes_of(run_backfill(world)).count(BackfillOutcome.RECREATED) == len(lost_names)
    assert world.now(copy).corrects == original.id
    assert world.now(original).corrected_by == copy.id
    assert kinds(world.now(original)).count("corrected") == 1
    assert claims(world) == {"svc_1": copy.id}
    assert writes_of_second_run(world) == []


def test_forged_metadata_does_not_make_a_draft_a_correction(world: World, account: StripeAccountId) -> None:
    original = world.invoice("svc_1")
    other_draft = world.invoice("svc_2", send=False)
    metadata: Any = {"metadata": {"pom_corrects": original.id}}
    world.client.v1.invoices.update(str(other_draft.stripe_invoice_id), metadata, {"stripe_account": account})
    lose_records(world, other_draft)
    run_backfill(world)
    assert world.now(other_draft).corrects is None
    assert world.now(original).corrected_by is None


def test_events_of_a_correction_do_not_reach_its_original(world: World, account: StripeAccountId) -> None:
    original, copy = corrected_invoice_and_copy(world)
    send_invoice(ORGANIZATION, copy.id, OFFICE, world.ports)
    world.double.pay(account, str(world.now(copy).stripe_invoice_id), "pm_card_visa")
    world.deliver()
    assert world.now(copy).status is InvoiceStatus.PAID
    assert world.now(original) == original


# Lost edits of drafts: the tables were restored to a time before the edit


def draft_with_lost_edit(world: World, *services: str) -> Invoice:
    """Returns a draft of `svc_a` and `svc_b` that POM edited to other services, and whose record is restored to
    before the edit.
    """
    draft = world.invoice("svc_a", "svc_b", send=False)
    before = world.now(draft)
    edit_draft(edit_of(draft, *services), world.ports)
    database = world.ports.database
    for service in services:
        database.claims.pop((ORGANIZATION, ServiceId(service)), None)
    database.claims |= {(ORGANIZATION, ServiceId(each)): draft.id for each in ("svc_a", "svc_b")}
    database.invoices[ORGANIZATION, draft.id] = before
    return draft


def test_a_service_added_by_a_lost_edit_cannot_be_billed_again(lively_world: World) -> None:
    draft = draft_with_lost_edit(lively_world, "svc_a", "svc_new")
    [dry_result] = run_backfill(lively_world, dry_run=True)
    assert (dry_result.did, "svc_new" in lively_world.now(draft).order.services) == (BackfillOutcome.UPDATED, False)
    [result] = run_backfill(lively_world)
    assert (result.did, result.remark) == (dry_result.did, dry_result.remark)
    assert lively_world.now(draft).order.services == ("svc_a", "svc_new")
    with pytest.raises(Conflict, match="svc_new is on the draft"):
        lively_world.invoice("svc_new")
    lively_world.invoice("svc_b")  # the edit had released this service
    assert outcomes_of(run_backfill(lively_world)) == [BackfillOutcome.UNCHANGED, BackfillOutcome.UNCHANGED]


def test_a_service_added_by_a_lost_edit_is_claimed_even_if_the_draft_was_finalized(lively_world: World) -> None:
    draft = draft_with_lost_edit(lively_world, "svc_new", "svc_b")
    account = lively_world.now(draft).stripe_account_id
    lively_world.client.v1.invoices.finalize_invoice(
        lively_world.now(draft).stripe_invoice_id, None, {"stripe_account": account}
    )
    [result] = run_backfill(lively_world)
    assert result.did is BackfillOutcome.UPDATED
    now = lively_world.now(draft)
    assert (now.status, set(now.order.services)) == (InvoiceStatus.PENDING, {"svc_new", "svc_b"})
    assert claims(lively_world)[ServiceId("svc_new")] == draft.id


def test_a_backfill_includes_drafts_of_any_age(lively_world: World) -> None:
    draft = draft_with_lost_edit(lively_world, "svc_new")
    lively_world.advance(100 * DAY)
    assert outcomes_of(run_backfill(lively_world, days=35)) == [BackfillOutcome.UPDATED]
    assert lively_world.now(draft).order.services == ("svc_new",)


def test_the_result_names_a_lost_edit_whose_service_was_billed_again(lively_world: World) -> None:
    draft = draft_with_lost_edit(lively_world, "svc_a", "svc_new")
    again = lively_world.invoice("svc_new")
    results_by_id = {each.listed.invoice_id: each for each in run_backfill(lively_world)}
    assert results_by_id[draft.id].did is BackfillOutcome.NOT_RECREATED
    assert (
        f"svc_new is on the invoice {lively_world.now(again).facts.invoice.number} already"
        in results_by_id[draft.id].remark
    )
    assert results_by_id[again.id].did is BackfillOutcome.UNCHANGED


def test_a_line_added_in_stripe_does_not_change_the_stored_order(lively_world: World) -> None:
    draft = draft_with_lost_edit(lively_world, "svc_a", "svc_new")
    stripe_id = lively_world.now(draft).stripe_invoice_id
    account = lively_world.now(draft).stripe_account_id
    options: Any = {"stripe_account": account}
    lines: Any = {"lines": [{"description": "Chlorine", "amount": 500}]}
    lively_world.client.v1.invoices.add_lines(stripe_id, lines, options)
    run_backfill(lively_world)
    assert lively_world.now(draft).order.services == ("svc_a", "svc_b")


@pytest.fixture
def lively_world() -> World:
    world = World(3)
    world.connect()
    world.customer()
    world.work()
    return world
