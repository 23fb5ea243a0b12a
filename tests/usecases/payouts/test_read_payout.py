"""A deposit explains itself: its lines, the invoices they belong to, and what they come to, to the cent."""

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
from tests.usecases.payouts.company import DAY, HOUR, Company, changed, costlier, without
from tests.world import ADMIN, ORGANIZATION, World


def totals(company: Company) -> Totals:
    """Returns what the only payout consists of."""
    itemized = company.payout().itemized
    assert itemized is not None
    return itemized.totals


# What is in a payout


def test_a_deposit_is_explained_by_its_invoices_and_fees(company: Company) -> None:
    first, second = company.paid("100.00"), company.paid("50.00")
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


def test_refunds_disputes_and_fees_of_the_account_are_lines_of_their_own(company: Company) -> None:
    refunded, disputed = company.paid("100.00"), company.paid("50.00")
    company.wait(60)
    company.refund(refunded, 2_500)
    company.dispute(disputed)
    company.world.double.account_fee(company.account, 200)
    company.world.double.adjust(company.account, -80, "tax_fee", "tax")
    company.days(3)
    found = company.payouts()
    assert all(payout.tied_out for payout in found)
    parts = [payout.itemized.totals for payout in found if payout.itemized]
    assert sum(each.payments for each in parts) == 15_000
    assert sum(each.refunds for each in parts) == -2_500
    assert sum(each.disputes for each in parts) == -5_000
    assert sum(each.fees for each in parts) == -320 - 175 - 1_500 - 200
    assert sum(each.other for each in parts) == -80
    no_owner = {line.transaction.category for each in found for line in company.lines(each) if line.owner is None}
    assert no_owner == {"fee", "tax"}, "fees of the account belong to no invoice"


def test_a_category_that_stripe_invents_is_a_line_by_its_name(company: Company) -> None:
    company.paid("100.00")
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


def test_what_the_lines_leave_of_the_amount_is_unexplained_and_never_hidden(company: Company) -> None:
    company.world.double.account_fee(company.account, 200)
    company.paid("100.00")
    changed(company.world, without("stripe_fee"))
    company.days(4)
    unexplained = [payout for payout in company.payouts() if payout.tied_out is False]
    [payout] = unexplained
    assert payout.itemized is not None
    assert payout.itemized.totals.unexplained == -200
    assert payout.itemized.totals.sum == payout.fact.amount
    assert "-2.00 USD of it is not explained" in story_of(payout).message


def test_the_companys_other_business_is_outside_pom_and_keeps_its_fees(company: Company) -> None:
    company.paid("100.00")
    charge = company.world.double.outside_charge(company.account, 5_000)
    company.wait(60)
    company.world.double.refund_charge(company.account, charge["id"], amount=1_000)
    company.days(3)
    assert totals(company) == Totals(payments=10_000, fees=-320, outside_pom=5_000 - 175 - 1_000)
    outside = [line for line in company.lines(company.payout()) if line.outside_pom]
    assert len(outside) == 2


def test_the_payment_of_an_invoice_of_another_organization_is_outside_pom(company: Company) -> None:
    """Its payment leads to an invoice, and not to one of this organization."""
    other = OrganizationId("org_other")
    company.world.connect(other)
    company.world.customer("cust_2", organization=other)
    company.world.work()
    invoice = company.paid("100.00")
    company.wait(60)
    references = company.world.ports.database.references
    for key, (owner, invoice_id) in list(references.items()):
        if owner == ORGANIZATION and invoice_id == invoice.id:
            references[key] = (other, invoice_id)
    company.world.ports.database.movements.clear()
    company.days(3)
    assert totals(company) == Totals(outside_pom=9_680)


def test_each_currency_has_its_own_payout(world: World) -> None:
    company = Company.connected(world, settlement_currencies=["usd", "eur"])
    company.paid("100.00")
    company.world.double.outside_charge(company.account, 20_000, currency="eur")
    company.days(3)
    found = {each.fact.currency: (each.fact.amount, each.tied_out) for each in company.payouts()}
    assert found == {"usd": (9_680, True), "eur": (19_390, True)}


def test_a_payment_in_another_currency_is_a_line_in_the_currency_that_is_paid_out(company: Company) -> None:
    company.world.double.outside_charge(company.account, 10_000, currency="eur")
    company.days(3)
    [line] = company.lines(company.payout())
    assert (line.transaction.currency, line.transaction.source_currency) == ("usd", "eur")
    assert line.transaction.exchange_rate is not None
    assert company.payout().tied_out


def test_a_negative_balance_is_a_debit_that_names_the_refund(company: Company) -> None:
    invoice = company.paid("100.00")
    company.days(3)
    company.refund(invoice)
    company.days(4)
    deposit, debit = company.payouts()
    assert (debit.fact.amount, debit.tied_out) == (-10_000, True)
    assert debit.itemized is not None
    assert debit.itemized.totals == Totals(refunds=-10_000)
    assert company.deposits(invoice) == [("arrived", deposit.id), ("arrived", debit.id)]


def test_money_that_stripe_holds_back_is_a_line_and_so_is_its_release(world: World) -> None:
    company = Company.connected(world, minimum_balance={"usd": 1_000})
    company.paid("100.00")
    company.days(3)
    company.paid("100.00")
    company.days(3)
    first, second = company.payouts()
    assert company.kinds(first)["payout_minimum_balance_hold"] == -1_000
    assert first.itemized is not None
    assert second.itemized is not None
    assert first.itemized.totals == Totals(payments=10_000, fees=-320, other=-1_000)
    assert second.itemized.totals == Totals(payments=10_000, fees=-320, other=0)


# How it stands


def test_a_payout_that_failed_after_it_was_paid_says_so_on_the_payout_and_on_its_invoice(company: Company) -> None:
    invoice = company.paid("100.00")
    company.days(5)
    payout = company.payout()
    assert company.deposits(invoice) == [("arrived", payout.id)]

    company.world.double.fail_payout(company.account, payout.id, failure_code="account_closed")
    company.wait(60)

    failed = company.payout()
    assert (failed.fact.status, failed.tied_out) == ("failed", True)
    assert "The bank sent it back after it had been paid." in story_of(failed).message
    assert company.deposits(invoice) == [("returned", payout.id)]


def test_a_failed_payout_that_goes_out_again_names_the_one_it_is_in(company: Company) -> None:
    invoice = company.paid("100.00")
    company.days(3)
    company.world.double.fail_payout(company.account, company.payout().id, failure_code="account_closed")
    company.wait(60)
    company.world.double.update_account(company.account, bank_last4="4321")
    company.days(4)
    first, second = company.payouts()
    assert (first.returned_in, second.fact.last4, second.tied_out) == (second.id, "4321", True)
    assert company.kinds(second) == {"payout_reversal": 9_680}
    assert company.deposits(invoice) == [("arrived", second.id)]


def test_a_payout_that_failed_before_it_was_paid_was_not_accepted_by_the_bank(company: Company) -> None:
    company.paid("100.00")
    company.wait(2 * DAY + HOUR)
    company.world.double.fail_payout(company.account, company.payout().id, failure_code="no_account")
    company.wait(60)
    told = story_of(company.payout())
    assert "The bank did not accept it. The bank has no such account." in told.message
    assert told.next_step is not None


def test_a_canceled_payout_has_given_its_money_back(company: Company) -> None:
    company.paid("100.00")
    company.wait(2 * DAY)
    company.world.double.cancel_payout(company.account, company.payout().id)
    company.wait(60)
    assert company.payout().fact.status == "canceled"
    assert "It was canceled" in story_of(company.payout()).message
    company.days(4)
    first, second = company.payouts()
    assert first.returned_in == second.id
    assert second.tied_out


def test_a_reversed_payout_names_the_other_and_later_the_one_that_paid_it_out_again(
    company: Company,
) -> None:
    company.paid("100.00")
    company.days(5)
    reversal = company.world.double.reverse_payout(company.account, company.payout().id)
    company.wait(60)
    original, back = company.payouts()
    assert (original.fact.reversed_by_id, back.fact.original_payout_id) == (reversal["id"], original.id)
    company.days(4)
    original, _, again = company.payouts()
    assert again.tied_out
    assert original.returned_in == again.id


@pytest.mark.parametrize(("method", "said"), [("standard", "made by hand"), ("instant", "an instant payout")])
def test_of_a_payout_by_hand_pom_says_that_stripe_cannot_itemize_it(method: str, said: str, company: Company) -> None:
    company.world.double.adjust(company.account, 9_000)
    made = company.world.double.pay_out(company.account, automatic=False, method=method, amount=5_000)
    company.wait(HOUR)
    payout = company.payout()
    assert (payout.id, payout.itemized, payout.tied_out) == (made["id"], None, None)
    assert said in story_of(payout).message
    assert company.calls("GET /v1/balance_transactions") == 0


def test_a_payout_by_hand_is_a_line_of_the_next_deposit_and_was_not_paid_again(company: Company) -> None:
    company.world.double.adjust(company.account, 9_000)
    company.world.double.pay_out(company.account, automatic=False, amount=5_000)
    company.days(2)
    by_hand, automatic = company.payouts()
    assert automatic.tied_out
    assert company.kinds(automatic) == {"other_adjustment": 9_000, "payout": -5_000}
    assert by_hand.returned_in is None


# Events in any order


def test_events_of_a_payout_in_any_order_and_repeated_read_its_lines_once(company: Company) -> None:
    company.paid("100.00")
    company.world.double.set_delivery(lose_rate=1.0)
    company.days(5)
    events = [each for each in company.world.double.events(company.account) if each["type"].startswith("payout.")]
    assert len(events) == 4
    listed = [
        event
        for page in company.world.ports.stripe.events(company.account, 0, company.world.ports.clock.now())
        for event in page
        if event.type.startswith("payout.")
    ]
    company.world.double.api.log.reset()
    for event in [*listed, *reversed(listed)]:
        receive_event(event, Source.WEBHOOK, company.world.ports)
        company.world.work()
    assert company.payout().tied_out
    assert company.calls("GET /v1/balance_transactions") == 1
    assert company.calls("GET /v1/payouts/{id}") == 2 * len(listed), "each event has the payout read once"


def test_an_old_reading_of_a_payout_does_not_undo_a_newer_one(company: Company) -> None:
    company.paid("100.00")
    company.wait(2 * DAY)
    earlier = company.payout()
    company.days(3)
    later = company.payout()
    assert later.knowing(earlier.fact).fact == later.fact


def test_events_of_a_test_payout_never_touch_a_live_connection(company: Company) -> None:
    company.paid("100.00")
    company.deaf()
    company.days(5)
    [event] = [
        event
        for page in company.world.ports.stripe.events(company.account, 0, company.world.ports.clock.now())
        for event in page
        if event.type == "payout.paid"
    ]
    turned = replace(event, livemode=not event.livemode)
    assert receive_event(turned, Source.WEBHOOK, company.world.ports).outcome is EventOutcome.WRONG_MODE
    assert company.payouts() == []


def test_a_payout_of_a_company_that_has_disconnected_is_not_read(company: Company) -> None:
    company.paid("100.00")
    company.days(1)
    company.pause(DAY)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.double.api.log.reset()
    company.world.work()
    assert company.world.stripe_calls() == {}


def test_a_late_fee_changes_nothing_until_the_lines_are_compared(company: Company) -> None:
    company.paid("100.00")
    company.days(3)
    before = company.payout().itemized
    changed(company.world, costlier("charge", 5))
    company.read(company.payout().id)
    assert company.payout().itemized == before
