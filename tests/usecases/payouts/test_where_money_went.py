"""What is told of money is what Stripe has said, whichever payout POM came to know first."""

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
    """Returns what people are told of a payout now."""
    return story_of(payout, related_payouts([payout], company.organization, company.world.ports))


def message(company: Company, invoice: object) -> str:
    """Returns where the money of an invoice's only payment is, in words."""
    [row] = deposits_of_invoice(company.world.now(invoice), company.world.ports).values()  # type: ignore[arg-type]
    [deposit] = row.deposits
    return deposit.message


def test_money_that_was_paid_out_by_hand_is_not_said_to_be_in_the_balance(company: Company) -> None:
    company.world.double.update_account(company.account, payout_schedule="manual")
    invoice = company.paid("100.00")
    company.days(3)
    company.world.double.pay_out(company.account, automatic=False)
    company.days(4)

    assert company.world.double.balance(company.account)["available"] == {"usd": 0}
    assert company.deposits(invoice) == [("deposit_unknown", None)]
    assert "For deposits that are made by hand, Stripe never says it." in message(company, invoice)


def test_between_a_payout_and_its_reconciliation_nothing_is_said_of_the_balance(company: Company) -> None:
    invoice = company.paid("100.00")
    company.days(1)
    company.wait(DAY + 60)

    assert (company.payout().itemized, company.deposits(invoice)) == (None, [("deposit_unknown", None)])

    company.wait(2 * HOUR)
    assert company.deposits(invoice) == [("on_its_way", company.payout().id)]


def test_a_reversal_gives_nothing_back_before_it_is_paid(company: Company) -> None:
    invoice = company.paid("100.00")
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


def test_a_reversal_that_fails_leaves_the_money_at_the_bank(company: Company) -> None:
    invoice = company.paid("100.00")
    company.days(5)
    original = company.payout()
    reversal = company.world.double.reverse_payout(company.account, original.id)
    company.world.double.fail_payout(company.account, reversal["id"], failure_code="insufficient_funds")
    company.wait(60)

    assert company.deposits(invoice) == [("arrived", original.id)]
    assert "so the money stays at the bank" in message(company, invoice)
    assert "so the money stays at the bank" in story(company, company.payouts()[0]).message


def fails_unheard(company: Company) -> Payout:
    """The only payout fails and goes out again; POM hears of the second one alone. Returns the second one."""
    company.world.sweep()
    company.world.work()
    company.paid("100.00")
    company.wait(60)
    company.silent()
    company.days(2)
    [first] = company.in_stripe()
    company.world.double.fail_payout(company.account, first["id"])
    company.wait(3 * HOUR)
    company.world.double.update_account(company.account, bank_last4="4242")
    company.world.double.set_delivery(never_generate_rate=0.0)
    company.wait(DAY)
    company.wait(2 * HOUR)
    return company.payout()


def test_a_failed_payout_that_pom_finds_after_the_one_that_paid_it_again_names_that_one(company: Company) -> None:
    second = fails_unheard(company)
    assert second.itemized is not None

    first = company.in_stripe()[0]["id"]
    company.read(first)

    [failed] = [each for each in company.payouts() if each.id == first]
    assert (failed.fact.status, failed.returned_in) == ("failed", second.id)
    assert f"the payout {first}" in story(company, second).message, "the later one names the earlier one too"
    company.days(3)
    [failed] = [each for each in company.payouts() if each.id == first]
    assert story(company, failed).next_step is None


@pytest.mark.parametrize("first_read", ["original", "reversal"])
def test_a_reversed_payout_names_the_one_that_paid_it_again_although_pom_knew_that_one_first(
    first_read: str, company: Company
) -> None:
    company.paid("100.00")
    company.days(5)
    original = company.payout()
    company.silent()
    company.world.double.reverse_payout(company.account, original.id)
    company.days(6)
    _, reversal, again = (each["id"] for each in company.in_stripe())
    company.read(again)
    assert company.payouts()[0].returned_in is None

    read = {"original": [original.id, reversal], "reversal": [reversal, original.id]}
    for payout_id in read[first_read]:
        company.read(payout_id)

    assert company.payouts()[0].returned_in == again
    assert f"the payout {original.id}" in story(company, company.payouts()[2]).message


def test_a_note_that_a_killed_worker_did_not_write_is_written_by_the_next_event(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.paid("100.00")
    company.days(3)
    company.world.double.fail_payout(company.account, company.payout().id)
    company.wait(60)
    company.world.double.update_account(company.account, bank_last4="4321")
    with monkeypatch.context() as patched:
        patched.setattr("chalicelib.usecases.payouts.read_payout.link_payouts_paid_again", lambda *_: None)
        company.wait(DAY)
        company.wait(2 * HOUR)
    first, second = company.payouts()
    assert (first.returned_in, second.tied_out) == (None, True)

    company.read(second.id)

    assert company.payouts()[0].returned_in == second.id


def test_payouts_of_the_account_before_are_no_part_of_the_balance_and_say_that_pom_hears_no_more(
    company: Company,
) -> None:
    invoice = company.paid("100.00")
    company.days(2)
    company.wait(2 * HOUR)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.connect(account=company.world.account(payout_schedule="daily"))
    company.days(5)

    payout = company.payout()
    told = story(company, payout).message
    assert payout.fact.status == "in_transit"
    assert "Stripe has not said that it arrived." in told
    assert "is no longer connected, so POM receives no news of it." in told
    assert "was expected on" in message(company, invoice)
    assert show_balance(company.organization, company.world.ports).under_way == []
