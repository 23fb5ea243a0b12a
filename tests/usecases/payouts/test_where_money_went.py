"""Tests what people read about their money: it follows Stripe's data, in whatever order POM reads the payouts."""

from __future__ import annotations

import pytest

from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_wording import PayoutStory, story_of
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.payouts.related import related_payouts
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from chalicelib.usecases.payouts.show_payouts import show_balance
from tests.usecases.payouts.company import DAY, HOUR, Company
from tests.world import ADMIN


def story(company: Company, payout: Payout) -> PayoutStory:
    """Returns the story of a payout as people read it now."""
    return story_of(payout, related_payouts([payout], company.organization, company.world.ports))


def message(company: Company, invoice: object) -> str:
    """Returns the message that says where the money of an invoice's only payment is."""
    [row] = deposits_of_invoice(company.world.now(invoice), company.world.ports).values()  # type: ignore[arg-type]
    [deposit] = row.deposits
    return deposit.message


def test_money_paid_out_manually_is_not_reported_as_in_the_balance(company: Company) -> None:
    company.world.double.update_account(company.account, payout_schedule="manual")
    invoice = company.paid_invoice("100.00")
    company.days(3)
    company.world.double.pay_out(company.account, automatic=False)
    company.days(4)

    assert company.world.double.balance(company.account)["available"] == {"usd": 0}
    assert company.deposits(invoice) == [("deposit_unknown", None)]
    assert "For deposits that are made by hand, Stripe never says it." in message(company, invoice)


def test_before_a_payout_is_itemized_the_deposit_of_its_payments_is_unknown(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(1)
    company.wait(DAY + 60)

    assert (company.payout().itemized, company.deposits(invoice)) == (None, [("deposit_unknown", None)])

    company.wait(2 * HOUR)
    assert company.deposits(invoice) == [("on_its_way", company.payout().id)]


def test_the_money_of_a_reversed_payout_counts_as_arrived_until_the_reversal_is_paid(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(5)
    original = company.payout()
    company.world.double.reverse_payout(company.account, original.id)
    company.wait(60)

    assert company.deposits(invoice) == [("arrived", original.id)]
    assert "It is being reversed" in message(company, invoice)

    company.days(4)
    _, reversal, again = company.payouts()
    assert reversal.fact.status == "paid"
    assert company.deposits(invoice) == [("arrived", again.id)]


def test_the_money_of_a_failed_reversal_stays_at_the_bank(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(5)
    original = company.payout()
    reversal = company.world.double.reverse_payout(company.account, original.id)
    company.world.double.fail_payout(company.account, reversal["id"], failure_code="insufficient_funds")
    company.wait(60)

    assert company.deposits(invoice) == [("arrived", original.id)]
    assert "so the money stays at the bank" in message(company, invoice)
    assert "so the money stays at the bank" in story(company, company.payouts()[0]).message


def second_payout_after_unreported_failure(company: Company) -> Payout:
    """Returns the later payout after the only payout failed and was paid again. POM receives events of the later
    payout alone.
    """
    company.world.sweep()
    company.world.work()
    company.paid_invoice("100.00")
    company.wait(60)
    company.stop_events()
    company.days(2)
    [first] = company.in_stripe()
    company.world.double.fail_payout(company.account, first["id"])
    company.wait(3 * HOUR)
    company.world.double.update_account(company.account, bank_last4="4242")
    company.world.double.set_delivery(never_generate_rate=0.0)
    company.wait(DAY)
    company.wait(2 * HOUR)
    return company.payout()


def test_a_failed_payout_read_after_its_later_payout_names_that_payout(company: Company) -> None:
    second = second_payout_after_unreported_failure(company)
    assert second.itemized is not None

    first = company.in_stripe()[0]["id"]
    company.read(first)

    [first_payout] = [each for each in company.payouts() if each.id == first]
    assert (first_payout.fact.status, first_payout.returned_in) == ("failed", second.id)
    assert f"the payout {first}" in story(company, second).message, (
        "the later payout names the earlier payout as well"
    )
    company.days(3)
    [first_payout] = [each for each in company.payouts() if each.id == first]
    assert story(company, first_payout).next_step is None


@pytest.mark.parametrize("first_read", ["original", "reversal"])
def test_a_reversed_payout_read_after_its_later_payout_names_that_payout(first_read: str, company: Company) -> None:
    company.paid_invoice("100.00")
    company.days(5)
    original = company.payout()
    company.stop_events()
    company.world.double.reverse_payout(company.account, original.id)
    company.days(6)
    _, reversal, again = (each["id"] for each in company.in_stripe())
    company.read(again)
    assert company.payouts()[0].returned_in is None

    ids_in_order = {"original": [original.id, reversal], "reversal": [reversal, original.id]}
    for payout_id in ids_in_order[first_read]:
        company.read(payout_id)

    assert company.payouts()[0].returned_in == again
    assert f"the payout {original.id}" in story(company, company.payouts()[2]).message


def test_a_link_to_a_later_payout_that_a_killed_worker_omitted_is_stored_by_the_next_job(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.paid_invoice("100.00")
    company.days(3)
    company.world.double.fail_payout(company.account, company.payout().id)
    company.wait(60)
    company.world.double.update_account(company.account, bank_last4="4321")
    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.usecases.payouts.read_payout.link_payouts_paid_again", lambda *_: None)
        company.wait(DAY)
        company.wait(2 * HOUR)
    first, second = company.payouts()
    assert (first.returned_in, second.tied_out) == (None, True)

    company.read(second.id)

    assert company.payouts()[0].returned_in == second.id


def test_payouts_of_a_former_account_are_not_in_the_balance_and_say_that_pom_receives_no_news(
    company: Company,
) -> None:
    invoice = company.paid_invoice("100.00")
    company.days(2)
    company.wait(2 * HOUR)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.connect(account=company.world.account(payout_schedule="daily"))
    company.days(5)

    payout = company.payout()
    text = story(company, payout).message
    assert payout.fact.status == "in_transit"
    assert "Stripe has not said that it arrived." in text
    assert "is no longer connected, so POM receives no news of it." in text
    assert "was expected on" in message(company, invoice)
    assert show_balance(company.organization, company.world.ports).under_way == []
