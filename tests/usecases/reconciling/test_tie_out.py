"""Stripe's books against ours: equal after everything was heard, and what is missing is named."""

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
from tests.boundaries import unwatched, watched
from tests.usecases.reconciling.test_reconcile import lively
from tests.world import ADMIN, OFFICE, ORGANIZATION, World, line, order

HOUR, DAY = 3600, 86400


def kinds(world: World, days: int = 10) -> list[str]:
    return sorted(each.kind for each in tie_out(ORGANIZATION, world.ports, days=days).differences)


def test_books_are_equal_once_everything_was_heard(world: World, account: StripeAccountId) -> None:
    lively(world, account)
    world.deliver()
    world.sweep()
    world.advance(2 * HOUR)
    found = tie_out(ORGANIZATION, world.ports, days=10)
    assert found.differences == ()
    assert sum(day.stripe.paid for day in found.days) == 4 * 7500
    assert sum(day.stripe.refunded for day in found.days) == 7500 + 500
    assert sum(day.stripe.disputed for day in found.days) == 7500
    assert [day.stripe for day in found.days] == [day.ours for day in found.days]


def test_it_reads_and_writes_nothing(world: World, account: StripeAccountId) -> None:
    lively(world, account)
    world.advance(2 * HOUR)
    boundaries = watched(world)
    assert tie_out(ORGANIZATION, world.ports, days=10).differences
    unwatched(world)
    assert boundaries.writes == []


def test_everything_that_was_not_heard_of_is_named_until_a_sweep(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(lose_rate=1.0)
    lively(world, account)
    world.advance(2 * HOUR)
    assert {"paid", "status"} <= set(kinds(world))
    world.sweep()
    world.advance(2 * HOUR)
    assert kinds(world) == []


def test_a_refund_that_was_not_heard_of_is_named_with_its_invoice(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    intent = world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")["payment_intent"]
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    refund = world.client.v1.refunds.create({"payment_intent": intent}, {"stripe_account": account})
    world.advance(2 * HOUR)
    found = tie_out(ORGANIZATION, world.ports)
    [difference] = found.differences
    assert (difference.kind, difference.stripe_id, difference.invoice_id) == (Kind.REFUNDED, refund.id, invoice.id)
    assert (difference.stripe_says, difference.we_say) == ("succeeded 7500 usd", "nothing")
    [day] = found.days
    assert (day.stripe.net, day.ours.net) == (0, 7500)


def test_a_lost_dispute_that_was_not_heard_of_is_named_and_stripes_net_is_less(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1")
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    dispute = world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"], amount=3000)["id"]
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    world.double.move_dispute(account, dispute, "lost")
    world.advance(2 * HOUR)
    found = tie_out(ORGANIZATION, world.ports)
    [difference] = found.differences
    assert (difference.kind, difference.stripe_id) == (Kind.DISPUTED, dispute)
    assert (difference.stripe_says, difference.we_say) == ("lost 3000 usd", "needs_response 3000 usd")
    [day] = found.days
    assert (day.stripe.disputed, day.stripe.lost, day.stripe.net) == (0, 3000, 4500)
    assert (day.ours.disputed, day.ours.lost, day.ours.net) == (3000, 0, 4500)


@pytest.mark.parametrize("ending", ["won", "prevented"])
def test_a_dispute_that_is_over_without_a_loss_is_in_no_sum(
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


def test_money_that_moves_on_an_old_invoice_is_compared_too(world: World, account: StripeAccountId) -> None:
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
    found = tie_out(ORGANIZATION, world.ports)
    assert {(each.kind, each.invoice_id) for each in found.differences} == {
        (Kind.PAID, old["paid"].id),
        (Kind.REFUNDED, old["refunded"].id),
    }
    assert refund.id in {each.stripe_id for each in found.differences}
    [day] = found.days
    assert (day.stripe.paid, day.ours.paid) == (7500, 0)
    assert (day.stripe.refunded, day.ours.refunded) == (7500, 0)
    assert sum(world.stripe_calls().values()) - calls == 4 + 2  # the lists, and each old invoice whose money moved
    world.sweep()
    world.advance(2 * HOUR)
    again = tie_out(ORGANIZATION, world.ports)
    assert again.differences == ()
    assert [day.stripe for day in again.days] == [day.ours for day in again.days]
    assert sum(day.stripe.refunded for day in again.days) == 7500


def test_an_old_invoice_paid_by_a_bank_debit_is_compared_when_the_money_has_come(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1")
    world.advance(200 * DAY)
    world.deliver()
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_usBankAccount_success")
    world.advance(DAY)
    world.deliver()
    assert kinds(world) == []
    world.double.set_delivery(lose_rate=1.0)
    world.advance(8 * DAY)
    assert kinds(world, days=3) == ["paid"]


def test_what_happened_within_the_hour_may_be_under_way(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    world.advance(2 * HOUR)
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    assert kinds(world) == []
    world.advance(HOUR + 1)
    assert kinds(world) == ["paid"]


def test_other_business_of_the_company_is_not_ours(world: World, account: StripeAccountId) -> None:
    options: Any = {"stripe_account": account}
    customer = world.client.v1.customers.create({"email": "other@example.test"}, options)
    world.client.v1.invoices.create({"customer": customer.id}, options)
    world.advance(2 * HOUR)
    assert tie_out(ORGANIZATION, world.ports).days == ()
    assert kinds(world) == []


def test_a_second_live_invoice_for_one_of_ours_stops_the_organization(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice("svc_1")
    [first] = world.in_stripe(account)
    options: Any = {"stripe_account": account}
    second: Any = {
        "customer": first["customer"],
        "metadata": first["metadata"],
        "collection_method": "send_invoice",
        "days_until_due": 30,
    }
    twin = world.client.v1.invoices.create(second, options)
    item: Any = {"lines": [{"description": "Cleaning", "amount": 7500}]}
    world.client.v1.invoices.add_lines(twin.id, item, options)
    world.client.v1.invoices.finalize_invoice(twin.id, None, options)
    found = tie_out(ORGANIZATION, world.ports)
    assert {each.stripe_id for each in found.differences if each.kind is Kind.BILLED_TWICE} == {twin.id, first["id"]}
    assert freeze_if_billed_twice(ORGANIZATION, found, world.ports)
    with pytest.raises(Conflict, match="invoicing_frozen"):
        world.invoice("svc_2")
    world.client.v1.invoices.void_invoice(twin.id, None, options)
    again = tie_out(ORGANIZATION, world.ports)
    assert again.billed_twice == 0
    assert not freeze_if_billed_twice(ORGANIZATION, again, world.ports)
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_a_copy_that_the_company_made_with_its_own_key_stops_it_and_is_no_double_bill_of_poms(
    world: World, account: StripeAccountId
) -> None:
    world.invoice("svc_1")
    [first] = world.in_stripe(account)
    own_key: Any = {"api_key": f"sk_test_{account}"}
    copy: Any = {
        "customer": first["customer"],
        "metadata": first["metadata"],
        "collection_method": "send_invoice",
        "days_until_due": 30,
    }
    twin = world.client.v1.invoices.create(copy, own_key)
    item: Any = {"lines": [{"description": "Cleaning", "amount": 7500}]}
    world.client.v1.invoices.add_lines(twin.id, item, own_key)
    world.client.v1.invoices.finalize_invoice(twin.id, None, own_key)
    found = tie_out(ORGANIZATION, world.ports)
    assert {each.stripe_id for each in found.differences if each.kind is Kind.COPIED} == {twin.id, first["id"]}
    assert found.billed_twice == 0
    assert freeze_if_billed_twice(ORGANIZATION, found, world.ports)
    world.double.world.ledger(account).get("invoice", first["id"])["application"] = None
    assert tie_out(ORGANIZATION, world.ports).billed_twice == 2, "where Stripe names nobody, null proves nothing"


def test_the_daily_tie_out_keeps_the_reason_that_an_operator_gave(world: World, account: StripeAccountId) -> None:
    found = TieOut((), (Difference(Kind.BILLED_TWICE, "in_twin", InvoiceId("inv_1"), "two", "one"),))
    assert freeze_if_billed_twice(ORGANIZATION, found, world.ports)
    began = world.ports.connections.get(ORGANIZATION).frozen
    world.advance(HOUR)
    assert freeze(ORGANIZATION, "kim", "We look into a double bill.", world.ports)
    world.advance(DAY)
    assert freeze_if_billed_twice(ORGANIZATION, found, world.ports)
    frozen = world.ports.connections.get(ORGANIZATION).frozen
    assert began is not None
    assert frozen is not None
    assert (frozen.at, frozen.by, frozen.reason) == (began.at, "kim", "We look into a double bill.")


def test_an_organization_that_is_not_connected_has_no_books(world: World) -> None:
    assert tie_out(ORGANIZATION, world.ports).days == ()


# Freezing


def test_nothing_is_made_or_sent_while_frozen_and_everything_after(world: World, account: StripeAccountId) -> None:
    draft = world.invoice("svc_1", send=False)
    assert freeze(ORGANIZATION, "kim", "drill", world.ports)
    assert not freeze(ORGANIZATION, "kim", "drill", world.ports)
    calls = world.stripe_calls()
    with pytest.raises(Conflict, match="invoicing_frozen"):
        world.invoice("svc_2")
    with pytest.raises(Conflict, match="invoicing_frozen"):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    with pytest.raises(Conflict, match="invoicing_frozen"):
        bill_many(batch(), world.ports)
    assert world.stripe_calls() == calls
    assert unfreeze(ORGANIZATION, "ops", world.ports)
    assert not unfreeze(ORGANIZATION, "ops", world.ports)
    assert send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports).status is InvoiceStatus.PENDING
    assert world.invoice("svc_2").status is InvoiceStatus.PENDING


def test_whoever_connects_while_everybody_is_frozen_is_frozen_too(world: World) -> None:
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
    other = OrganizationId("org_green")
    world.connect(other, world.account())
    assert world.ports.connections.get(other).frozen is None


def test_whoever_connects_just_when_everybody_is_frozen_is_not_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.account()
    asked = world.ports.stripe.account

    def freezing(account_id: StripeAccountId) -> Any:
        freeze_new_connections("kim", "incident", world.ports)
        return asked(account_id)

    monkeypatch.setattr(world.ports.stripe, "account", freezing)
    state = world.begin()
    back = connect.receive_callback(state, world.double.authorization_code(account), None, world.ports)
    connect.complete(ORGANIZATION, ADMIN, back.state, world.ports)
    assert world.ports.connections.get(ORGANIZATION).frozen is not None


def test_a_reconnect_keeps_the_freeze_that_the_organization_has_of_its_own(
    world: World, account: StripeAccountId
) -> None:
    freeze(ORGANIZATION, "tie-out", "an invoice was billed twice", world.ports)
    freeze_new_connections("kim", "incident", world.ports)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect(account=account)
    frozen = world.ports.connections.get(ORGANIZATION).frozen
    assert frozen is not None
    assert frozen.reason == "an invoice was billed twice"


def test_an_invoice_made_before_is_answered_while_frozen(world: World, account: StripeAccountId) -> None:
    made = world.invoice("svc_1", idempotency_key="key")
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    assert world.invoice("svc_1", idempotency_key="key") == made


def test_half_made_invoices_stay_where_they_are_while_frozen(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("error_before", count=100, path="/v1/invoices*")
    made = world.invoice("svc_1")
    assert made.saga.running
    world.double.clear_faults()
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    world.advance(400)
    world.resume()
    assert world.now(made) == made
    assert resume_stuck(world.ports).invoices == 0, "a paused organization keeps no alarm on"
    unfreeze(ORGANIZATION, "ops", world.ports)
    world.resume()
    assert world.now(made).status is InvoiceStatus.PENDING


def test_a_batch_rests_while_frozen_and_ends_after(world: World, account: StripeAccountId) -> None:
    bill_many(batch(), world.ports)
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    world.work()
    world.advance(400)
    world.resume()
    assert world.in_stripe(account) == []
    unfreeze(ORGANIZATION, "ops", world.ports)
    world.advance(400)
    world.resume()
    assert len(world.in_stripe(account)) == 1


def batch() -> BillMany:
    return BillMany(ORGANIZATION, OFFICE, "batch", "body", ((order().customer_id, line("svc_9")),), order().terms)


def unknown(world: World) -> list[UnknownInvoice]:
    """Compares the books as the daily run does; returns the unknown invoices that are kept after that."""
    store_unknown_invoices(ORGANIZATION, tie_out(ORGANIZATION, world.ports), world.ports)
    kept = world.ports.connections.unknown_invoices(ORGANIZATION)
    return list(kept.invoices) if kept is not None else []


def losing_the_record(world: World, invoice: Invoice) -> None:
    del world.ports.database.invoices[invoice.organization_id, invoice.id]


def test_an_invoice_without_a_record_is_kept_to_be_shown_until_it_has_one_again(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    world.advance(2 * HOUR)
    assert unknown(world) == []
    losing_the_record(world, invoice)
    first_found = world.ports.clock.now()
    [kept] = unknown(world)
    assert (kept.stripe_id, kept.invoice_id, kept.at) == (invoice.stripe_invoice_id, invoice.id, first_found)
    assert kept.said == f"In Stripe there is an invoice of POM's, {kept.stripe_id}, that POM has no record of."
    world.advance(DAY)
    assert unknown(world) == [kept], "it is dated by the comparison that found it first"
    world.ports.database.invoices[invoice.organization_id, invoice.id] = invoice
    assert unknown(world) == []


def test_of_many_invoices_without_a_record_only_some_are_kept_with_the_count_of_all(
    world: World, account: StripeAccountId
) -> None:
    for number in range(UNKNOWN_STORED_AT_MOST + 2):
        losing_the_record(world, world.invoice(f"svc_{number}"))
    world.advance(2 * HOUR)
    assert len(unknown(world)) == UNKNOWN_STORED_AT_MOST
    kept = world.ports.connections.unknown_invoices(ORGANIZATION)
    assert kept is not None
    assert kept.count == UNKNOWN_STORED_AT_MOST + 2


def test_a_comparison_that_could_not_be_made_leaves_what_an_earlier_one_found(
    world: World, account: StripeAccountId
) -> None:
    losing_the_record(world, world.invoice("svc_1"))
    world.advance(2 * HOUR)
    [kept] = unknown(world)
    world.double.revoke(account)
    assert unknown(world) == [kept]
    assert unknown(world) == [kept], "the organization is not connected any more"


def test_equal_books_write_nothing(world: World, account: StripeAccountId) -> None:
    boundaries = watched(world)
    assert unknown(world) == []
    unwatched(world)
    assert "connections.save_unknown_invoices" not in boundaries.calls


def test_a_revision_that_pom_does_not_know_is_said_to_be_one(world: World, account: StripeAccountId) -> None:
    revision = Difference(Kind.UNKNOWN_TO_US, "in_2", InvoiceId("inv_1"), "open 0 of 7500 usd", "void in_1")
    store_unknown_invoices(ORGANIZATION, TieOut(differences=(revision,)), world.ports)
    kept = world.ports.connections.unknown_invoices(ORGANIZATION)
    assert kept is not None
    assert [each.said for each in kept.invoices] == [
        "In Stripe there is a revision of an invoice, in_2, that POM does not know."
    ]
