"""Tests the itemization of deposits: the lines, the invoices of the lines, and their sums to the cent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Totals
from chalicelib.domain.payout_lines import LineKind
from chalicelib.domain.payout_wording import story_of
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from tests.usecases.payouts.company import DAY, HOUR, Company, change_payout_lines, costlier, without
from tests.world import ADMIN, ORGANIZATION, World


def totals(company: Company) -> Totals:
    """Returns the totals of the only payout."""
    itemized = company.payout().itemized
    assert itemized is not None
    return itemized.totals


# The lines of a payout


def test_the_lines_of_a_deposit_name_its_invoices_and_fees(company: Company) -> None:
    first, second = company.paid_invoice("100.00"), company.paid_invoice("50.00")
    company.days(3)

    payout = company.payout()

    assert payout.itemized is not None
    assert (payout.fact.amount, payout.fact.last4) == (9_680 + 4_825, "6789")
    assert (payout.itemized.lines, payout.itemized.invoices, payout.tied_out) == (2, 2, True)
    assert payout.itemized.totals == Totals(payments=15_000, fees=-495)
    owners = {line.owner.invoice_id: line.owner.number for line in company.lines(payout) if line.owner}
    numbers = {each.id: each.facts.invoice.number for each in (first, second) if each.facts.invoice}
    assert owners == numbers
    assert company.row(first).settlements[0].payout_id == payout.id


def test_refunds_disputes_and_account_fees_have_their_own_lines(company: Company) -> None:
    refunded_invoice, disputed_invoice = company.paid_invoice("100.00"), company.paid_invoice("50.00")
    company.wait(60)
    company.refund(refunded_invoice, 2_500)
    company.dispute(disputed_invoice)
    company.world.double.account_fee(company.account, 200)
    company.world.double.adjust(company.account, -80, "tax_fee", "tax")
    company.days(3)
    payouts = company.payouts()
    assert all(payout.tied_out for payout in payouts)
    parts = [payout.itemized.totals for payout in payouts if payout.itemized]
    assert sum(each.payments for each in parts) == 15_000
    assert sum(each.refunds for each in parts) == -2_500
    assert sum(each.disputes for each in parts) == -5_000
    assert sum(each.fees for each in parts) == -320 - 175 - 1_500 - 200
    assert sum(each.other for each in parts) == -80
    no_owner = {line.transaction.category for each in payouts for line in company.lines(each) if line.owner is None}
    assert no_owner == {"fee", "tax"}, "fees of the account belong to no invoice"


def test_an_unknown_category_of_stripe_is_a_line_of_kind_other(company: Company) -> None:
    company.paid_invoice("100.00")
    company.world.double.adjust(company.account, 17, "moon_tax", "lunar_funds")
    company.days(4)
    [line] = [
        line
        for payout in company.payouts()
        for line in company.lines(payout)
        if line.transaction.category == "lunar_funds"
    ]
    assert (line.kind, line.transaction.net, line.outside_pom) == (LineKind.OTHER, 17, False)
    assert all(payout.tied_out for payout in company.payouts())


def test_an_amount_that_the_lines_do_not_explain_is_reported_as_unexplained(company: Company) -> None:
    company.world.double.account_fee(company.account, 200)
    company.paid_invoice("100.00")
    change_payout_lines(company.world, without("stripe_fee"))
    company.days(4)
    unexplained_payouts = [payout for payout in company.payouts() if payout.tied_out is False]
    [payout] = unexplained_payouts
    assert payout.itemized is not None
    assert payout.itemized.totals.unexplained == -200
    assert payout.itemized.totals.sum == payout.fact.amount
    assert "-2.00 USD of it is not explained" in story_of(payout).message


def test_other_business_of_the_company_is_counted_net_of_fees_as_outside_pom(company: Company) -> None:
    company.paid_invoice("100.00")
    charge = company.world.double.outside_charge(company.account, 5_000)
    company.wait(60)
    company.world.double.refund_charge(company.account, charge["id"], amount=1_000)
    company.days(3)
    assert totals(company) == Totals(payments=10_000, fees=-320, outside_pom=5_000 - 175 - 1_000)
    outside = [line for line in company.lines(company.payout()) if line.outside_pom]
    assert len(outside) == 2


def test_a_payment_of_another_organizations_invoice_is_outside_pom(company: Company) -> None:
    """The payment's reference leads to an invoice of another organization."""
    other_organization = OrganizationId("org_other")
    company.world.connect(other_organization)
    company.world.customer("cust_2", organization=other_organization)
    company.world.work()
    invoice = company.paid_invoice("100.00")
    company.wait(60)
    references = company.world.ports.database.references
    for key, (owner, invoice_id) in list(references.items()):
        if owner == ORGANIZATION and invoice_id == invoice.id:
            references[key] = (other_organization, invoice_id)
    company.world.ports.database.movements.clear()
    company.days(3)
    assert totals(company) == Totals(outside_pom=9_680)


def test_each_currency_has_its_own_payout(world: World) -> None:
    company = Company.connected(world, settlement_currencies=["usd", "eur"])
    company.paid_invoice("100.00")
    company.world.double.outside_charge(company.account, 20_000, currency="eur")
    company.days(3)
    amounts_by_currency = {each.fact.currency: (each.fact.amount, each.tied_out) for each in company.payouts()}
    assert amounts_by_currency == {"usd": (9_680, True), "eur": (19_390, True)}


def test_a_payment_in_another_currency_is_a_line_in_the_payouts_currency(company: Company) -> None:
    company.world.double.outside_charge(company.account, 10_000, currency="eur")
    company.days(3)
    [line] = company.lines(company.payout())
    assert (line.transaction.currency, line.transaction.source_currency) == ("usd", "eur")
    assert line.transaction.exchange_rate is not None
    assert company.payout().tied_out


def test_a_negative_balance_becomes_a_debit_that_includes_the_refund(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(3)
    company.refund(invoice)
    company.days(4)
    deposit, debit = company.payouts()
    assert (debit.fact.amount, debit.tied_out) == (-10_000, True)
    assert debit.itemized is not None
    assert debit.itemized.totals == Totals(refunds=-10_000)
    assert company.deposits(invoice) == [("arrived", deposit.id), ("arrived", debit.id)]


def test_a_balance_hold_and_its_release_are_lines(world: World) -> None:
    company = Company.connected(world, minimum_balance={"usd": 1_000})
    company.paid_invoice("100.00")
    company.days(3)
    company.paid_invoice("100.00")
    company.days(3)
    first, second = company.payouts()
    assert company.kinds(first)["payout_minimum_balance_hold"] == -1_000
    assert first.itemized is not None
    assert second.itemized is not None
    assert first.itemized.totals == Totals(payments=10_000, fees=-320, other=-1_000)
    assert second.itemized.totals == Totals(payments=10_000, fees=-320, other=0)


# The status of a payout


def test_a_payout_that_fails_after_it_was_paid_is_reported_on_the_payout_and_its_invoice(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(5)
    payout = company.payout()
    assert company.deposits(invoice) == [("arrived", payout.id)]

    company.world.double.fail_payout(company.account, payout.id, failure_code="account_closed")
    company.wait(60)

    failed_payout = company.payout()
    assert (failed_payout.fact.status, failed_payout.tied_out) == ("failed", True)
    assert "The bank sent it back after it had been paid." in story_of(failed_payout).message
    assert company.deposits(invoice) == [("returned", payout.id)]


def test_a_failed_payout_names_the_later_payout_that_pays_it_again(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(3)
    company.world.double.fail_payout(company.account, company.payout().id, failure_code="account_closed")
    company.wait(60)
    company.world.double.update_account(company.account, bank_last4="4321")
    company.days(4)
    first, second = company.payouts()
    assert (first.returned_in, second.fact.last4, second.tied_out) == (second.id, "4321", True)
    assert company.kinds(second) == {"payout_reversal": 9_680}
    assert company.deposits(invoice) == [("arrived", second.id)]


def test_a_payout_that_fails_before_it_was_paid_is_reported_as_not_accepted(company: Company) -> None:
    company.paid_invoice("100.00")
    company.wait(2 * DAY + HOUR)
    company.world.double.fail_payout(company.account, company.payout().id, failure_code="no_account")
    company.wait(60)
    story = story_of(company.payout())
    assert "The bank did not accept it. The bank has no such account." in story.message
    assert story.next_step is not None


def test_the_money_of_a_canceled_payout_is_paid_by_a_later_payout(company: Company) -> None:
    company.paid_invoice("100.00")
    company.wait(2 * DAY)
    company.world.double.cancel_payout(company.account, company.payout().id)
    company.wait(60)
    assert company.payout().fact.status == "canceled"
    assert "It was canceled" in story_of(company.payout()).message
    company.days(4)
    first, second = company.payouts()
    assert first.returned_in == second.id
    assert second.tied_out


def test_a_reversed_payout_names_its_reversal_and_the_later_payout_that_pays_it_again(
    company: Company,
) -> None:
    company.paid_invoice("100.00")
    company.days(5)
    reversal = company.world.double.reverse_payout(company.account, company.payout().id)
    company.wait(60)
    original, back = company.payouts()
    assert (original.fact.reversed_by_id, back.fact.original_payout_id) == (reversal["id"], original.id)
    company.days(4)
    original, _, again = company.payouts()
    assert again.tied_out
    assert original.returned_in == again.id


@pytest.mark.parametrize(
    ("method", "expected_text"), [("standard", "made by hand"), ("instant", "an instant payout")]
)
def test_a_manual_payout_is_not_itemized_and_its_story_says_why(
    method: str, expected_text: str, company: Company
) -> None:
    company.world.double.adjust(company.account, 9_000)
    stripe_payout = company.world.double.pay_out(company.account, automatic=False, method=method, amount=5_000)
    company.wait(HOUR)
    payout = company.payout()
    assert (payout.id, payout.itemized, payout.tied_out) == (stripe_payout["id"], None, None)
    assert expected_text in story_of(payout).message
    assert company.calls("GET /v1/balance_transactions") == 0


def test_a_manual_payout_is_a_line_of_the_next_payout_and_does_not_count_as_paid_again(company: Company) -> None:
    company.world.double.adjust(company.account, 9_000)
    company.world.double.pay_out(company.account, automatic=False, amount=5_000)
    company.days(2)
    by_hand, automatic = company.payouts()
    assert automatic.tied_out
    assert company.kinds(automatic) == {"other_adjustment": 9_000, "payout": -5_000}
    assert by_hand.returned_in is None


# Events in any order


def test_repeated_events_of_a_payout_in_any_order_read_its_lines_once(company: Company) -> None:
    company.paid_invoice("100.00")
    company.world.double.set_delivery(lose_rate=1.0)
    company.days(5)
    events = [each for each in company.world.double.events(company.account) if each["type"].startswith("payout.")]
    assert len(events) == 4
    payout_events = [
        event
        for page in company.world.ports.stripe.events(company.account, 0, company.world.ports.clock.now())
        for event in page
        if event.type.startswith("payout.")
    ]
    company.world.double.api.log.reset()
    for event in [*payout_events, *reversed(payout_events)]:
        receive_event(event, Source.WEBHOOK, company.world.ports)
        company.world.work()
    assert company.payout().tied_out
    assert company.calls("GET /v1/balance_transactions") == 1
    assert company.calls("GET /v1/payouts/{id}") == 2 * len(payout_events), "each event reads the payout once"


def test_an_older_fact_of_a_payout_does_not_overwrite_a_newer_fact(company: Company) -> None:
    company.paid_invoice("100.00")
    company.wait(2 * DAY)
    earlier = company.payout()
    company.days(3)
    later = company.payout()
    assert later.knowing(earlier.fact).fact == later.fact


def test_a_payout_event_of_the_other_mode_is_ignored(company: Company) -> None:
    company.paid_invoice("100.00")
    company.lose_webhooks()
    company.days(5)
    [event] = [
        event
        for page in company.world.ports.stripe.events(company.account, 0, company.world.ports.clock.now())
        for event in page
        if event.type == "payout.paid"
    ]
    event_of_other_mode = replace(event, livemode=not event.livemode)
    assert receive_event(event_of_other_mode, Source.WEBHOOK, company.world.ports).outcome is EventOutcome.WRONG_MODE
    assert company.payouts() == []


def test_no_payout_is_read_for_a_disconnected_company(company: Company) -> None:
    company.paid_invoice("100.00")
    company.days(1)
    company.pause(DAY)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.double.api.log.reset()
    company.world.work()
    assert company.world.stripe_calls() == {}


def test_reading_a_payout_again_does_not_replace_its_itemized_totals(company: Company) -> None:
    company.paid_invoice("100.00")
    company.days(3)
    before = company.payout().itemized
    change_payout_lines(company.world, costlier("charge", 5))
    company.read(company.payout().id)
    assert company.payout().itemized == before
