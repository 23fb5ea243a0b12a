"""Tests the tie out, which compares Stripe's books with POM's: they are equal after all events, and each difference
is named.
"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.attention import UnknownInvoice
from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.tie_out import Difference, Kind, TieOut
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.connecting.freeze import freeze, freeze_new_connections, unfreeze, unfreeze_new_connections
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from chalicelib.usecases.reconciling.tie_out import (
    UNKNOWN_STORED_AT_MOST,
    freeze_if_billed_twice,
    store_unknown_invoices,
    tie_out,
)
from tests.boundaries import count_calls, stop_counting
from tests.usecases.reconciling.test_reconcile import varied_invoices
from tests.world import ADMIN, OFFICE, ORGANIZATION, World, line, order

HOUR, DAY = 3600, 86400


def difference_kinds(world: World, days: int = 10) -> list[str]:
    return sorted(each.kind for each in tie_out(ORGANIZATION, world.ports, days=days).differences)


def test_a_tie_out_finds_equal_books_after_all_events(world: World, account: StripeAccountId) -> None:
    varied_invoices(world, account)
    world.deliver()
    world.sweep()
    world.advance(2 * HOUR)
    comparison = tie_out(ORGANIZATION, world.ports, days=10)
    assert comparison.differences == ()
    assert sum(day.stripe.paid for day in comparison.days) == 4 * 7500
    assert sum(day.stripe.refunded for day in comparison.days) == 7500 + 500
    assert sum(day.stripe.disputed for day in comparison.days) == 7500
    assert [day.stripe for day in comparison.days] == [day.ours for day in comparison.days]


def test_a_tie_out_writes_nothing(world: World, account: StripeAccountId) -> None:
    varied_invoices(world, account)
    world.advance(2 * HOUR)
    boundaries = count_calls(world)
    assert tie_out(ORGANIZATION, world.ports, days=10).differences
    stop_counting(world)
    assert boundaries.writes == []


def test_a_tie_out_names_unreported_changes_until_a_sweep(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(lose_rate=1.0)
    varied_invoices(world, account)
    world.advance(2 * HOUR)
    assert {"paid", "status"} <= set(difference_kinds(world))
    world.sweep()
    world.advance(2 * HOUR)
    assert difference_kinds(world) == []


def test_a_tie_out_names_an_unreported_refund_with_its_invoice(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    intent = world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")["payment_intent"]
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    refund = world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.advance(2 * HOUR)
    comparison = tie_out(ORGANIZATION, world.ports)
    [difference] = comparison.differences
    assert (difference.kind, difference.stripe_id, difference.invoice_id) == (Kind.REFUNDED, refund.id, invoice.id)
    assert (difference.stripe_says, difference.we_say) == ("succeeded 7500 usd", "nothing")
    [day] = comparison.days
    assert (day.stripe.net, day.ours.net) == (0, 7500)


def test_a_tie_out_names_an_unreported_lost_dispute(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    dispute = world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"], amount=3000)["id"]
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    world.double.move_dispute(account, dispute, "lost")
    world.advance(2 * HOUR)
    comparison = tie_out(ORGANIZATION, world.ports)
    [difference] = comparison.differences
    assert (difference.kind, difference.stripe_id) == (Kind.DISPUTED, dispute)
    assert (difference.stripe_says, difference.we_say) == ("lost 3000 usd", "needs_response 3000 usd")
    [day] = comparison.days
    assert (day.stripe.disputed, day.stripe.lost, day.stripe.net) == (0, 3000, 4500)
    assert (day.ours.disputed, day.ours.lost, day.ours.net) == (3000, 0, 4500)


@pytest.mark.parametrize("ending", ["won", "prevented"])
def test_a_dispute_that_ended_without_a_loss_is_in_no_sum(
    world: World, account: StripeAccountId, ending: str
) -> None:
    invoice = world.invoice("svc_1")
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    dispute = world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"])["id"]
    world.double.move_dispute(account, dispute, ending)
    world.deliver()
    world.advance(2 * HOUR)
    [day] = tie_out(ORGANIZATION, world.ports).days
    assert (day.stripe.disputed, day.stripe.lost, day.stripe.net) == (0, 0, 7500)
    assert day.stripe == day.ours


def test_a_tie_out_includes_payments_and_refunds_of_old_invoices(world: World, account: StripeAccountId) -> None:
    old = {name: world.invoice(f"svc_{name}") for name in ("paid", "refunded", "quiet")}
    intent = world.double.pay(account, str(old["refunded"].stripe_invoice_id), "pm_card_visa")["payment_intent"]
    world.deliver()
    world.advance(200 * DAY)
    world.deliver()
    assert tie_out(ORGANIZATION, world.ports).days == ()
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(old["paid"].stripe_invoice_id), "pm_card_visa")
    refund = world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.advance(2 * HOUR)
    calls = sum(world.stripe_calls().values())
    comparison = tie_out(ORGANIZATION, world.ports)
    assert {(each.kind, each.invoice_id) for each in comparison.differences} == {
        (Kind.PAID, old["paid"].id),
        (Kind.REFUNDED, old["refunded"].id),
    }
    assert refund.id in {each.stripe_id for each in comparison.differences}
    [day] = comparison.days
    assert (day.stripe.paid, day.ours.paid) == (7500, 0)
    assert (day.stripe.refunded, day.ours.refunded) == (7500, 0)
    assert (
        sum(world.stripe_calls().values()) - calls == 4 + 2
    )  # four lists, and two old invoices with payments or refunds
    world.sweep()
    world.advance(2 * HOUR)
    again = tie_out(ORGANIZATION, world.ports)
    assert again.differences == ()
    assert [day.stripe for day in again.days] == [day.ours for day in again.days]
    assert sum(day.stripe.refunded for day in again.days) == 7500


def test_a_tie_out_includes_a_bank_debit_on_an_old_invoice_once_it_has_settled(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1")
    world.advance(200 * DAY)
    world.deliver()
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_usBankAccount_success")
    world.advance(DAY)
    world.deliver()
    assert difference_kinds(world) == []
    world.double.set_delivery(lose_rate=1.0)
    world.advance(8 * DAY)
    assert difference_kinds(world, days=3) == ["paid"]


def test_a_tie_out_ignores_changes_of_the_last_hour(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.advance(2 * HOUR)
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    assert difference_kinds(world) == []
    world.advance(HOUR + 1)
    assert difference_kinds(world) == ["paid"]


def test_a_tie_out_ignores_other_business_of_the_company(world: World, account: StripeAccountId) -> None:
    options: Any = {"stripe_account": account}
    customer = world.client.v1.customers.create({"email": "other@example.test"}, options)
    world.client.v1.invoices.create({"customer": customer.id}, options)
    world.advance(2 * HOUR)
    assert tie_out(ORGANIZATION, world.ports).days == ()
    assert difference_kinds(world) == []


def duplicate_invoice(world: World, original: Any, options: Any) -> str:
    """Creates a finalized invoice in Stripe with the original's customer and metadata, and returns its id."""
    invoices = world.client.v1.invoices
    fields: Any = {
        "customer": original["customer"],
        "metadata": original["metadata"],
        "collection_method": "send_invoice",
        "days_until_due": 30,
    }
    duplicate = invoices.create(fields, options)
    lines: Any = {"lines": [{"description": "Cleaning", "amount": 7500}]}
    invoices.add_lines(duplicate.id, lines, options)
    invoices.finalize_invoice(duplicate.id, None, options)
    return duplicate.id


def test_an_invoice_billed_twice_pauses_the_organization(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    [first] = world.in_stripe(account)
    options: Any = {"stripe_account": account}
    duplicate_id = duplicate_invoice(world, first, options)
    comparison = tie_out(ORGANIZATION, world.ports)
    assert {each.stripe_id for each in comparison.differences if each.kind is Kind.BILLED_TWICE} == {
        duplicate_id,
        first["id"],
    }
    assert freeze_if_billed_twice(ORGANIZATION, comparison, world.ports)
    with pytest.raises(Conflict, match="invoicing_frozen"):
        world.invoice("svc_2")
    world.client.v1.invoices.void_invoice(duplicate_id, None, options)
    again = tie_out(ORGANIZATION, world.ports)
    assert again.billed_twice == 0
    assert not freeze_if_billed_twice(ORGANIZATION, again, world.ports)
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_a_copy_made_with_the_companys_own_key_pauses_it_and_is_not_counted_as_billed_twice(
    world: World, account: StripeAccountId
) -> None:
    world.invoice("svc_1")
    [first] = world.in_stripe(account)
    own_key: Any = {"api_key": f"sk_test_{account}"}
    duplicate_id = duplicate_invoice(world, first, own_key)
    comparison = tie_out(ORGANIZATION, world.ports)
    assert {each.stripe_id for each in comparison.differences if each.kind is Kind.COPIED} == {
        duplicate_id,
        first["id"],
    }
    assert comparison.billed_twice == 0
    assert freeze_if_billed_twice(ORGANIZATION, comparison, world.ports)
    world.double.world.ledger(account).get("invoice", first["id"])["application"] = None
    assert tie_out(ORGANIZATION, world.ports).billed_twice == 2, (
        "an unknown application does not prove that the company made the copy"
    )


def test_a_tie_out_keeps_the_reason_of_an_operators_pause(world: World, account: StripeAccountId) -> None:
    comparison = TieOut((), (Difference(Kind.BILLED_TWICE, "in_twin", InvoiceId("inv_1"), "two", "one"),))
    assert freeze_if_billed_twice(ORGANIZATION, comparison, world.ports)
    began = world.ports.connections.get(ORGANIZATION).frozen
    world.advance(HOUR)
    assert freeze(ORGANIZATION, "kim", "We look into a double bill.", world.ports)
    world.advance(DAY)
    assert freeze_if_billed_twice(ORGANIZATION, comparison, world.ports)
    frozen = world.ports.connections.get(ORGANIZATION).frozen
    assert began is not None
    assert frozen is not None
    assert (frozen.at, frozen.by, frozen.reason) == (began.at, "kim", "We look into a double bill.")


def test_a_tie_out_without_a_connection_is_empty(world: World) -> None:
    assert tie_out(ORGANIZATION, world.ports).days == ()


# Pauses of invoicing


def test_a_pause_refuses_new_invoices_sends_and_batches_until_it_ends(world: World, account: StripeAccountId) -> None:
    draft = world.invoice("svc_1", send=False)
    assert freeze(ORGANIZATION, "kim", "drill", world.ports)
    assert not freeze(ORGANIZATION, "kim", "drill", world.ports)
    calls = world.stripe_calls()
    with pytest.raises(Conflict, match="invoicing_frozen"):
        world.invoice("svc_2")
    with pytest.raises(Conflict, match="invoicing_frozen"):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    with pytest.raises(Conflict, match="invoicing_frozen"):
        bill_many(batch_order(), world.ports)
    assert world.stripe_calls() == calls
    assert unfreeze(ORGANIZATION, "ops", world.ports)
    assert not unfreeze(ORGANIZATION, "ops", world.ports)
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING
    assert world.invoice("svc_2").status is InvoiceStatus.PENDING


def test_a_company_that_connects_during_a_pause_of_all_companies_is_paused_too(world: World) -> None:
    freeze_new_connections("kim", "incident", world.ports)
    world.connect()
    frozen = world.ports.connections.get(ORGANIZATION).frozen
    assert frozen is not None
    assert (frozen.by, frozen.reason) == ("kim", "incident")
    with pytest.raises(Conflict, match="invoicing_frozen"):
        world.invoice("svc_1")
    unfreeze_new_connections(world.ports)
    assert unfreeze(ORGANIZATION, "ops", world.ports)
    world.customer()
    assert world.invoice("svc_1").status is InvoiceStatus.PENDING
    other_organization = OrganizationId("org_green")
    world.connect(other_organization, world.account())
    assert world.ports.connections.get(other_organization).frozen is None


def test_a_company_that_connects_at_the_start_of_a_pause_of_all_companies_is_paused_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.account()
    read_account = world.ports.stripe.account

    def freeze_and_read(account_id: StripeAccountId) -> Any:
        freeze_new_connections("kim", "incident", world.ports)
        return read_account(account_id)

    monkeypatch.setattr(world.ports.stripe, "account", freeze_and_read)
    state = world.begin()
    callback = connect.receive_callback(state, world.double.authorization_code(account), None, world.ports)
    connect.complete(ORGANIZATION, ADMIN, callback.state, world.ports)
    assert world.ports.connections.get(ORGANIZATION).frozen is not None


def test_a_reconnect_keeps_the_organizations_own_pause(world: World, account: StripeAccountId) -> None:
    freeze(ORGANIZATION, "tie-out", "an invoice was billed twice", world.ports)
    freeze_new_connections("kim", "incident", world.ports)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect(account=account)
    frozen = world.ports.connections.get(ORGANIZATION).frozen
    assert frozen is not None
    assert frozen.reason == "an invoice was billed twice"


def test_a_repeated_request_returns_its_invoice_during_a_pause(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1", idempotency_key="key")
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    assert world.invoice("svc_1", idempotency_key="key") == invoice


def test_unfinished_invoices_are_not_resumed_during_a_pause(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("error_before", count=100, path="/v1/invoices*")
    invoice = world.invoice("svc_1")
    assert invoice.saga.running
    world.double.clear_faults()
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    world.advance(400)
    world.resume()
    assert world.now(invoice) == invoice
    assert resume_stuck(world.ports).invoices == 0, "a paused organization keeps no alarm firing"
    unfreeze(ORGANIZATION, "ops", world.ports)
    world.resume()
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_a_batch_waits_during_a_pause_and_finishes_after_it(world: World, account: StripeAccountId) -> None:
    bill_many(batch_order(), world.ports)
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    world.work()
    world.advance(400)
    world.resume()
    assert world.in_stripe(account) == []
    unfreeze(ORGANIZATION, "ops", world.ports)
    world.advance(400)
    world.resume()
    assert len(world.in_stripe(account)) == 1


def batch_order() -> BillMany:
    return BillMany(ORGANIZATION, OFFICE, "batch", "body", ((order().customer_id, line("svc_9")),), order().terms)


def unknown_after_tie_out(world: World) -> list[UnknownInvoice]:
    """Runs the daily tie out and returns the unknown invoices that are stored after it."""
    store_unknown_invoices(ORGANIZATION, tie_out(ORGANIZATION, world.ports), world.ports)
    stored = world.ports.connections.unknown_invoices(ORGANIZATION)
    return list(stored.invoices) if stored is not None else []


def remove_record(world: World, invoice: Invoice) -> None:
    del world.ports.database.invoices[invoice.organization_id, invoice.id]


def test_an_invoice_without_a_record_is_reported_until_it_has_a_record(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    world.advance(2 * HOUR)
    assert unknown_after_tie_out(world) == []
    remove_record(world, invoice)
    found_at = world.ports.clock.now()
    [unknown_invoice] = unknown_after_tie_out(world)
    assert (unknown_invoice.stripe_id, unknown_invoice.invoice_id, unknown_invoice.at) == (
        invoice.stripe_invoice_id,
        invoice.id,
        found_at,
    )
    assert (
        unknown_invoice.said
        == f"In Stripe there is an invoice of POM's, {unknown_invoice.stripe_id}, that POM has no record of."
    )
    world.advance(DAY)
    assert unknown_after_tie_out(world) == [unknown_invoice], "it has the time of the tie out that found it first"
    world.ports.database.invoices[invoice.organization_id, invoice.id] = invoice
    assert unknown_after_tie_out(world) == []


def test_of_many_invoices_without_a_record_some_are_stored_with_the_count_of_all(
    world: World, account: StripeAccountId
) -> None:
    for number in range(UNKNOWN_STORED_AT_MOST + 2):
        remove_record(world, world.invoice(f"svc_{number}"))
    world.advance(2 * HOUR)
    assert len(unknown_after_tie_out(world)) == UNKNOWN_STORED_AT_MOST
    stored = world.ports.connections.unknown_invoices(ORGANIZATION)
    assert stored is not None
    assert stored.count == UNKNOWN_STORED_AT_MOST + 2


def test_a_failed_tie_out_keeps_the_findings_of_an_earlier_tie_out(world: World, account: StripeAccountId) -> None:
    remove_record(world, world.invoice("svc_1"))
    world.advance(2 * HOUR)
    [unknown_invoice] = unknown_after_tie_out(world)
    world.double.revoke(account)
    assert unknown_after_tie_out(world) == [unknown_invoice]
    assert unknown_after_tie_out(world) == [unknown_invoice], "the organization is no longer connected"


def test_equal_books_store_no_unknown_invoices(world: World, account: StripeAccountId) -> None:
    boundaries = count_calls(world)
    assert unknown_after_tie_out(world) == []
    stop_counting(world)
    assert "connections.save_unknown_invoices" not in boundaries.calls


def test_an_unknown_revision_is_reported_as_a_revision(world: World, account: StripeAccountId) -> None:
    revision = Difference(Kind.UNKNOWN_TO_US, "in_2", InvoiceId("inv_1"), "open 0 of 7500 usd", "void in_1")
    store_unknown_invoices(ORGANIZATION, TieOut(differences=(revision,)), world.ports)
    stored = world.ports.connections.unknown_invoices(ORGANIZATION)
    assert stored is not None
    assert [each.said for each in stored.invoices] == [
        "In Stripe there is a revision of an invoice, in_2, that POM does not know."
    ]
