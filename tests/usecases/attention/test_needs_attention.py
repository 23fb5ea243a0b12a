"""Tests the list of items that need a person: each item appears, says what to do, and disappears once it is
solved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.attention import AttentionKind, UnknownInvoice, UnknownInvoices
from chalicelib.domain.attention_wording import AttentionItem
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import PayoutFact, new_payout
from chalicelib.domain.summary import invoice_write
from chalicelib.usecases.attention.needs_attention import AttentionFilter, Count, needs_attention
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import count_calls, stop_counting
from tests.domain.example_invoices import DISPUTE
from tests.world import OFFICE, ORGANIZATION, World

HOUR, DAY = 3600, 86400
OTHER = OrganizationId("org_green")


def attention_items(world: World, organization: OrganizationId = ORGANIZATION, **filters: Any) -> list[AttentionItem]:
    items = list(needs_attention(organization, AttentionFilter(**filters), world.ports).items)
    assert all(item.message and item.next_step for item in items)
    return items


def attention_kinds(world: World, **filters: Any) -> list[str]:
    return [str(item.kind) for item in attention_items(world, **filters)]


def counts_by_kind(world: World, **filters: Any) -> dict[AttentionKind, Count]:
    return {each.kind: each for each in needs_attention(ORGANIZATION, AttentionFilter(**filters), world.ports).counts}


def pay(world: World, invoice: Invoice, method: str = "pm_card_visa") -> str:
    """Pays the invoice in Stripe, delivers the events and returns the id of the payment intent."""
    intent = world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", method)["payment_intent"]
    world.deliver()
    return str(intent)


def decline(world: World, invoice: Invoice) -> None:
    pay(world, invoice, "pm_card_chargeDeclinedInsufficientFunds")


def test_a_company_with_nothing_to_do_has_an_empty_list(world: World, account: StripeAccountId) -> None:
    world.invoice()
    assert attention_items(world) == []
    assert set(counts_by_kind(world)) == set(AttentionKind)
    assert {(each.count, each.at_least) for each in counts_by_kind(world).values()} == {(0, False)}


def test_a_company_that_was_never_connected_has_an_empty_list(world: World) -> None:
    assert attention_items(world) == []


def test_an_empty_list_costs_nine_reads_and_no_call_of_stripe(world: World, account: StripeAccountId) -> None:
    world.invoice()
    before = sum(world.stripe_calls().values())
    boundaries = count_calls(world)
    needs_attention(ORGANIZATION, AttentionFilter(), world.ports)
    stop_counting(world)
    assert sorted(boundaries.calls) == [
        "connections.get", "connections.unknown_invoices", "customers.without_email", *["invoices.page"] * 5,
        "payouts.page",
    ]  # fmt: skip
    assert sum(world.stripe_calls().values()) == before


@pytest.mark.parametrize(
    ("kind", "lists"),
    [(AttentionKind.DISPUTE_NEEDS_RESPONSE, 1), (AttentionKind.REFUND_FAILED, 2), (AttentionKind.INVOICE_OVERDUE, 1)],
)
def test_a_list_of_one_kind_reads_only_that_kind_and_more_urgent_kinds(
    world: World, account: StripeAccountId, kind: AttentionKind, lists: int
) -> None:
    boundaries = count_calls(world)
    needs_attention(ORGANIZATION, AttentionFilter(kind), world.ports)
    stop_counting(world)
    assert sorted(boundaries.calls) == ["connections.get", *["invoices.page"] * lists]


def by_paying(world: World, invoice: Invoice) -> None:
    pay(world, invoice)


def by_voiding(world: World, invoice: Invoice) -> None:
    void_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    world.deliver()


@pytest.mark.parametrize("solve", [by_paying, by_voiding])
def test_a_failed_payment_is_listed_until_the_invoice_is_paid_or_voided(
    world: World, account: StripeAccountId, solve: Callable[[World, Invoice], None]
) -> None:
    invoice = world.invoice()
    decline(world, invoice)
    [item] = attention_items(world)
    assert (item.id, item.amount) == (f"payment_failed:{invoice.id}", 7500)
    solve(world, invoice)
    assert attention_items(world) == []


@pytest.mark.parametrize("outcome", ["under_review", "won", "lost"])
def test_a_dispute_is_listed_until_evidence_is_sent_or_the_bank_decides(
    world: World, account: StripeAccountId, outcome: str
) -> None:
    pay(world, world.invoice())
    dispute = world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"])["id"]
    world.deliver()
    [item] = attention_items(world)
    assert (item.id, item.amount) == (f"dispute_needs_response:{dispute}", 7500)
    assert item.due_by is not None
    world.double.move_dispute(account, dispute, outcome)
    world.deliver()
    assert attention_items(world) == []


def test_an_invoice_whose_sending_was_refused_in_the_background_is_listed_until_it_is_sent(world: World) -> None:
    world.connect()
    world.customer()
    world.double.order_fault("close_before", method="POST", path="/v1/invoices/*/send", count=10)
    invoice = world.invoice(memo="Gate code on file")
    world.double.clear_faults()
    account: Any = {"stripe_account": invoice.stripe_account_id}
    world.client.v1.invoices.update(world.now(invoice).stripe_invoice_id or "", {"description": "Pay me"}, account)
    world.advance(HOUR)
    with pytest.raises(Exception, match="its memo"):
        world.resume()
    [item] = attention_items(world)
    assert item.id == f"invoice_not_sent:{invoice.id}"
    memo: Any = {"description": "Gate code on file"}
    world.client.v1.invoices.update(world.now(invoice).stripe_invoice_id or "", memo, account)
    send_invoice(ORGANIZATION, invoice.id, OFFICE, world.ports)
    assert attention_items(world) == []


def test_a_failed_refund_is_listed_until_it_is_repeated(world: World, account: StripeAccountId) -> None:
    intent = pay(world, world.invoice())
    options: Any = {"stripe_account": account}
    refund = world.client.v1.refunds.create({"payment_intent": intent, "amount": 2500}, options)
    world.advance(DAY)
    world.double.settle_refund(account, refund.id, outcome="failed", reason="expired_or_canceled_card")
    world.deliver()
    [item] = attention_items(world)
    assert (item.id, item.amount) == (f"refund_failed:{refund.id}", 2500)
    world.advance(60)
    world.client.v1.refunds.create({"payment_intent": intent, "amount": 2500}, options)
    world.deliver()
    assert attention_items(world) == []


def test_an_invoice_is_listed_as_overdue_after_the_requested_days_until_it_is_paid(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice(payment_terms="net_7")
    world.advance(20 * DAY)
    world.plan_day()
    assert attention_kinds(world) == []
    assert attention_kinds(world, overdue_days=7) == ["invoice_overdue"]
    world.advance(2 * DAY)
    [item] = attention_items(world)
    assert item.id == f"invoice_overdue:{invoice.id}"
    pay(world, invoice)
    assert attention_items(world) == []


def test_an_overdue_invoice_whose_payment_failed_is_listed_once(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice(payment_terms="net_7")
    world.advance(30 * DAY)
    world.plan_day()
    decline(world, invoice)
    assert attention_kinds(world) == ["payment_failed"]


def test_an_overdue_invoice_with_a_pending_bank_debit_is_not_listed(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice(payment_terms="net_7")
    world.advance(30 * DAY)
    world.plan_day()
    pay(world, invoice, "pm_usBankAccount")
    assert attention_items(world) == []


def test_a_customer_without_an_address_is_listed_until_one_is_entered(world: World, account: StripeAccountId) -> None:
    world.customer("cust_2", None)
    [item] = attention_items(world)
    assert (item.id, item.customer_id) == ("customer_without_email:cust_2", "cust_2")
    world.customer("cust_2", "bob@example.test")
    assert attention_items(world) == []


def store_payout(world: World, account: str, name: str, status: str, **changes: Any) -> None:
    """Stores a payout of 120.00 USD with this status."""
    now = world.ports.clock.now()
    fact = PayoutFact(f"po_{name}", now, status, 12000, "usd", now, now - now % DAY, **changes)
    stored = world.ports.payouts.get(ORGANIZATION, fact.id)
    updated = stored.knowing(fact) if stored else new_payout(fact, ORGANIZATION, StripeAccountId(account))
    world.ports.payouts.save(updated)


def test_a_payout_that_failed_after_it_was_paid_is_listed_until_a_later_payout_pays_it_again(
    world: World, account: StripeAccountId
) -> None:
    store_payout(world, account, "1", "paid")
    world.advance(DAY)
    store_payout(world, account, "1", "failed", failure_code="account_closed")
    [item] = attention_items(world)
    assert (item.id, item.amount) == ("payout_failed:po_1", 12000)
    assert "The bank sent it back after it had been paid. The bank account has been closed." in item.message
    world.advance(DAY)
    store_payout(world, account, "2", "in_transit")
    assert attention_kinds(world) == ["payout_failed"]
    stored = world.ports.payouts.get(ORGANIZATION, "po_1")
    assert stored is not None
    world.ports.payouts.save(replace(stored, returned_in="po_2"))
    assert attention_items(world) == []


def test_a_failed_payout_is_listed_for_90_days(world: World, account: StripeAccountId) -> None:
    store_payout(world, account, "1", "failed")
    world.advance(89 * DAY)
    assert attention_kinds(world) == ["payout_failed"]
    world.advance(2 * DAY)
    assert attention_items(world) == []


def test_an_invoice_without_a_record_in_pom_is_listed_until_pom_has_the_record(
    world: World, account: StripeAccountId
) -> None:
    now, invoice = world.ports.clock.now(), world.invoice()
    unknown_invoices = (
        UnknownInvoice("in_lost", InvoiceId("inv_lost"), "POM has no record of it.", now),
        UnknownInvoice(str(invoice.stripe_invoice_id), invoice.id, "POM had no record of it.", now),
    )
    world.ports.connections.save_unknown_invoices(ORGANIZATION, UnknownInvoices(now, 30, unknown_invoices))
    assert [item.id for item in attention_items(world)] == ["invoice_unknown:in_lost"]
    assert counts_by_kind(world)[AttentionKind.INVOICE_UNKNOWN] == Count(AttentionKind.INVOICE_UNKNOWN, 29, False)
    world.ports.connections.save_unknown_invoices(ORGANIZATION, UnknownInvoices(now + 1, 0))
    assert attention_items(world) == []


def test_a_restricted_account_is_listed_until_stripe_lifts_the_restriction(
    world: World, account: StripeAccountId
) -> None:
    world.double.update_account(account, payouts_enabled=False)
    world.deliver()
    [item] = attention_items(world)
    assert item.id == f"account_restricted:{account}"
    assert "pays nothing out" in item.message
    world.double.update_account(account, payouts_enabled=True)
    world.deliver()
    assert attention_items(world) == []


def test_items_are_listed_newest_first(world: World, account: StripeAccountId) -> None:
    first = world.invoice("svc_1")
    decline(world, first)
    world.advance(HOUR)
    world.customer("cust_2", None)
    world.advance(HOUR)
    store_payout(world, account, "1", "failed")
    world.advance(HOUR)
    second = world.invoice("svc_2")
    decline(world, second)
    items = attention_items(world)
    assert [item.id for item in items] == [
        f"payment_failed:{second.id}",
        "payout_failed:po_1",
        "customer_without_email:cust_2",
        f"payment_failed:{first.id}",
    ]
    assert [item.at for item in items] == sorted((item.at for item in items), reverse=True)


def test_an_item_has_the_same_id_in_every_response(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    decline(world, invoice)
    [before] = attention_items(world)
    world.advance(DAY)
    decline(world, invoice)
    [after] = attention_items(world)
    assert after.id == before.id
    assert after.at > before.at


def test_a_dispute_is_listed_next_to_any_number_of_newer_failed_payments(
    world: World, account: StripeAccountId
) -> None:
    pay(world, world.invoice("svc_0"))
    world.double.open_dispute(account, world.in_stripe(account, "charge")[-1]["id"])
    for number in range(1, 8):
        world.advance(60)
        decline(world, world.invoice(f"svc_{number}"))
    dispute_kind, failure_kind = AttentionKind.DISPUTE_NEEDS_RESPONSE, AttentionKind.PAYMENT_FAILED
    assert attention_kinds(world, first=2) == ["payment_failed", "payment_failed", "dispute_needs_response"]
    assert attention_kinds(world, kind=dispute_kind, first=1) == ["dispute_needs_response"]
    assert counts_by_kind(world, first=2)[dispute_kind] == Count(dispute_kind, 1, at_least=False)
    assert counts_by_kind(world, first=2)[failure_kind] == Count(failure_kind, 7, at_least=False)


def test_a_failed_payment_is_listed_even_if_its_invoice_also_has_a_dispute(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispute is the more urgent item, so the list of disputes has the invoice as well."""
    monkeypatch.setattr("chalicelib.usecases.attention.invoice_list.AT_ONCE", 2)
    both = world.invoice("svc_0")
    decline(world, both)
    for number in range(1, 7):
        disputed = both if number == 1 else world.invoice(f"svc_{number}")
        dispute = replace(DISPUTE, id=f"du_{number}", created=DISPUTE.created + number)
        world.ports.invoices.save(invoice_write(world.now(disputed).knowing(dispute)))
    kind = AttentionKind.PAYMENT_FAILED
    assert [item.invoice_id for item in attention_items(world, kind=kind, first=1)] == [both.id]
    assert counts_by_kind(world, first=1)[kind] == Count(kind, 1, at_least=False)


def test_a_long_list_returns_its_newest_items_and_says_that_there_are_more(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.usecases.attention.invoice_list.AT_ONCE", 2)
    invoices = []
    for number in range(3):
        invoices.append(world.invoice(f"svc_{number}"))
        decline(world, invoices[-1])
        world.advance(60)
    assert [item.invoice_id for item in attention_items(world, first=2)] == [invoices[2].id, invoices[1].id]
    kind = AttentionKind.PAYMENT_FAILED
    assert counts_by_kind(world, first=2)[kind] == Count(kind, 2, at_least=True)
    assert counts_by_kind(world, first=3)[kind] == Count(kind, 3, at_least=False)


def test_many_earlier_failed_payments_do_not_hide_an_overdue_invoice(world: World, account: StripeAccountId) -> None:
    for number in range(12):
        decline(world, world.invoice(f"svc_{number}", payment_terms="net_7"))
    world.advance(60)
    unpaid = world.invoice("svc_late", payment_terms="net_7")
    world.advance(40 * DAY)
    world.plan_day()
    kind = AttentionKind.INVOICE_OVERDUE
    assert [item.invoice_id for item in attention_items(world, kind=kind, first=1)] == [unpaid.id]
    assert counts_by_kind(world, first=1)[kind] == Count(kind, 1, at_least=False)


def test_all_customers_without_an_address_are_counted_even_if_few_are_returned(
    world: World, account: StripeAccountId
) -> None:
    for number in range(2, 6):
        world.customer(f"cust_{number}", None)
    assert [item.customer_id for item in attention_items(world, first=2)] == ["cust_2", "cust_3"]
    kind = AttentionKind.CUSTOMER_WITHOUT_EMAIL
    assert counts_by_kind(world, first=2)[kind] == Count(kind, 4, at_least=False)


def test_the_list_holds_no_items_of_another_company(world: World, account: StripeAccountId) -> None:
    other_account = world.connect(OTHER)
    invoice = world.invoice(payment_terms="net_7")
    decline(world, invoice)
    world.advance(30 * DAY)
    world.invoice("svc_2", payment_terms="net_7")
    world.advance(30 * DAY)
    world.plan_day()
    world.customer("cust_2", None)
    store_payout(world, account, "1", "failed")
    now = world.ports.clock.now()
    unknown = UnknownInvoice("in_lost", InvoiceId("inv_lost"), "POM has no record of it.", now)
    world.ports.connections.save_unknown_invoices(ORGANIZATION, UnknownInvoices(now, 1, (unknown,)))
    world.double.update_account(account, payouts_enabled=False)
    world.deliver()
    assert {str(item.kind) for item in attention_items(world)} == {
        "payment_failed", "invoice_overdue", "customer_without_email", "payout_failed", "invoice_unknown",
        "account_restricted",
    }  # fmt: skip
    assert other_account != account
    assert attention_items(world, OTHER) == []
