"""What POM knows of a payout follows Stripe's latest word, and is told in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Itemized, Payout, PayoutFact, Totals, first_known
from chalicelib.domain.payout_wording import FAILURES, story_of

FACT = PayoutFact(
    id="po_1",
    as_of=1_796_000_000,
    status="in_transit",
    amount=9_390,
    currency="usd",
    created=1_795_900_000,
    arrival_date=1_796_256_000,  # 3 December 2026, 00:00 UTC
    reconciliation_status="in_progress",
)
TIED_OUT = Itemized(1_796_100_000, 3, 2, Totals(payments=9_700, fees=-310))


def payout(**changes: object) -> Payout:
    """Returns the payout as Stripe shows it with these changes."""
    return first_known(replace(FACT, **changes), OrganizationId("org_1"), StripeAccountId("acct_1"))  # type: ignore[arg-type]


def test_a_later_reading_counts() -> None:
    later = payout().knowing(replace(FACT, as_of=FACT.as_of + 60, status="paid"))

    assert (later.fact.status, later.paid_seen_at) == ("paid", FACT.as_of + 60)


def test_a_payout_came_back_when_stripe_first_showed_it_as_failed() -> None:
    failed = replace(FACT, as_of=FACT.as_of + 86_400, status="failed", failure_code="account_closed")
    known = payout(status="paid").knowing(failed)
    learned = known.knowing(replace(failed, as_of=failed.as_of + 600, failure_balance_transaction_id="txn_1"))

    assert (known.came_back_at, learned.came_back_at) == (failed.as_of, failed.as_of)
    assert payout(status="paid").returned_seen_at is None


def test_an_earlier_reading_that_comes_late_changes_nothing() -> None:
    paid = payout(status="paid")

    assert paid.knowing(replace(FACT, as_of=FACT.as_of - 60)) == paid


def test_of_two_readings_of_one_second_the_one_further_on_counts_in_any_order() -> None:
    paid, on_its_way = replace(FACT, status="paid"), FACT

    assert payout().knowing(paid).fact == payout(status="paid").knowing(on_its_way).fact == paid


def test_a_reading_that_says_the_same_is_not_stored() -> None:
    known = payout()

    assert known.knowing(replace(FACT, as_of=FACT.as_of + 600)) == known


def test_a_payout_that_was_paid_may_still_fail() -> None:
    failed = payout(status="paid").knowing(
        replace(FACT, as_of=FACT.as_of + 86_400, status="failed", failure_code="account_closed")
    )

    told = story_of(failed)
    assert told.message == (
        "The bank sent it back after it had been paid. The bank account has been closed. "
        "Its money is back in the Stripe balance."
    )
    assert "Enter the bank account again" in (told.next_step or "")


def test_a_payout_that_failed_at_once_was_not_accepted() -> None:
    told = story_of(payout(status="failed", failure_code="no_account"))

    assert told.message.startswith("The bank did not accept it. The bank has no such account.")


def test_a_failed_payout_names_the_one_that_paid_its_money_again() -> None:
    failed = replace(payout(status="failed", failure_code="declined"), returned_in="po_2")

    assert "It went out again with the payout po_2." in story_of(failed).message


def test_a_failure_that_nobody_here_knows_is_told_in_stripes_words() -> None:
    told = story_of(
        payout(status="failed", failure_code="bank_on_the_moon", failure_message="The bank is on the moon.")
    )

    assert "The bank is on the moon." in told.message
    assert told.next_step


def test_every_failure_has_a_next_step() -> None:
    assert all(why and next_step for why, next_step in FAILURES.values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {},
            "On its way to the bank; expected on 3 December 2026. Stripe has not said yet which payments are in it.",
        ),
        ({"status": "pending"}, "On its way to the bank; expected on 3 December 2026."),
        ({"status": "paid"}, "Arrived at the bank on 3 December 2026."),
        ({"amount": -500}, "Stripe takes this amount from the bank account, expected on 3 December 2026."),
        (
            {"amount": -500, "status": "paid"},
            "Stripe took this amount from the bank account on 3 December 2026, because the balance was negative.",
        ),
        ({"status": "canceled"}, "It was canceled, and its money is back in the Stripe balance."),
        ({"status": "teleported"}, "Stripe says 'teleported', which POM does not know."),
    ],
)
def test_each_status_is_told_with_its_day(changes: dict[str, object], message: str) -> None:
    assert story_of(payout(**changes)).message.startswith(message)


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({"automatic": False, "reconciliation_status": "not_applicable"}, "It was made by hand."),
        ({"automatic": False, "method": "instant"}, "It is an instant payout."),
    ],
)
def test_of_a_manual_or_instant_payout_stripe_cannot_say_what_is_in_it(changes: dict[str, object], made: str) -> None:
    told = payout(status="paid", **changes)

    assert not told.fact.can_be_itemized
    assert f"{made} Stripe cannot tell which payments are in such a payout." in story_of(told).message


def test_a_payout_that_ties_out_needs_no_words_about_its_lines() -> None:
    told = story_of(replace(payout(status="paid"), itemized=TIED_OUT))

    assert (told.message, told.next_step) == ("Arrived at the bank on 3 December 2026.", None)


def test_a_remainder_is_told_to_the_cent() -> None:
    rest = Itemized(1_796_100_000, 2, 1, Totals(payments=9_400, fees=-310, unexplained=300))
    told = story_of(replace(payout(status="paid"), itemized=rest))

    assert "3.00 USD of it is not explained by the lines that Stripe lists." in told.message
    assert told.next_step is not None


def test_a_reversed_payout_and_its_reversal_name_each_other() -> None:
    assert "reversed by the payout po_2" in story_of(payout(status="paid", reversed_by_id="po_2")).message
    assert "It reverses the payout po_1." in story_of(payout(amount=-9_390, original_payout_id="po_1")).message


def test_the_banks_day_is_stripes_date_in_no_time_zone() -> None:
    assert payout().fact.arrives_on.isoformat() == "2026-12-03"
