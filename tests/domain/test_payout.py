"""A payout follows Stripe's latest snapshot, and is explained in sentences."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Itemization, Payout, PayoutFact, Totals, new_payout
from chalicelib.domain.payout_wording import FAILURES, story_of
from chalicelib.domain.related_payouts import RelatedPayouts

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
TIED_OUT = Itemization(1_796_100_000, 3, 2, Totals(payments=9_700, fees=-310))


SEVENTH = FACT.arrival_date + 4 * 86_400
REVERSAL: dict[str, object] = {
    "id": "po_2", "amount": -9_390, "original_payout_id": "po_1", "automatic": False, "arrival_date": SEVENTH,
}  # fmt: skip


def explain(subject: Payout, related: RelatedPayouts | None = None) -> str:
    """Returns the sentences that users read about a payout."""
    return story_of(subject, related).message


def payout(**changes: object) -> Payout:
    """Returns the payout as Stripe shows it, with these changes."""
    return new_payout(replace(FACT, **changes), OrganizationId("org_1"), StripeAccountId("acct_1"))  # type: ignore[arg-type]


def test_the_latest_snapshot_of_a_payout_counts() -> None:
    later = payout().knowing(replace(FACT, as_of=FACT.as_of + 60, status="paid"))

    assert (later.fact.status, later.paid_seen_at) == ("paid", FACT.as_of + 60)


def test_a_payout_was_returned_when_stripe_first_showed_it_as_failed() -> None:
    failed = replace(FACT, as_of=FACT.as_of + 86_400, status="failed", failure_code="account_closed")
    failed_payout = payout(status="paid").knowing(failed)
    updated = failed_payout.knowing(replace(failed, as_of=failed.as_of + 600, failure_balance_transaction_id="txn_1"))

    assert (failed_payout.came_back_at, updated.came_back_at) == (failed.as_of, failed.as_of)
    assert payout(status="paid").returned_seen_at is None


def test_an_earlier_snapshot_that_arrives_late_changes_nothing() -> None:
    paid = payout(status="paid")

    assert paid.knowing(replace(FACT, as_of=FACT.as_of - 60)) == paid


def test_of_two_snapshots_of_one_second_the_later_status_counts() -> None:
    paid, on_its_way = replace(FACT, status="paid"), FACT

    assert payout().knowing(paid).fact == payout(status="paid").knowing(on_its_way).fact == paid


def test_a_snapshot_without_a_change_is_not_stored() -> None:
    stored = payout()

    assert stored.knowing(replace(FACT, as_of=FACT.as_of + 600)) == stored


def test_a_payout_that_was_paid_may_still_fail() -> None:
    failed = payout(status="paid").knowing(
        replace(FACT, as_of=FACT.as_of + 86_400, status="failed", failure_code="account_closed")
    )

    explanation = story_of(failed)
    assert explanation.message == (
        "The bank sent it back after it had been paid. The bank account has been closed. "
        "Its money came back to the Stripe balance."
    )
    assert "Enter another bank account" in (explanation.next_step or "")


def test_a_payout_that_failed_before_its_arrival_was_not_accepted() -> None:
    explanation = story_of(payout(status="failed", failure_code="no_account"))

    assert explanation.message.startswith("The bank did not accept it. The bank has no such account.")


def test_a_failed_payout_names_the_payout_with_its_money() -> None:
    failed = replace(payout(status="failed", failure_code="declined"), returned_in="po_2")

    assert "It went out again with the payout po_2." in story_of(failed).message


def test_an_unknown_failure_is_shown_in_stripes_words() -> None:
    explanation = story_of(
        payout(status="failed", failure_code="bank_on_the_moon", failure_message="The bank is on the moon.")
    )

    assert "The bank is on the moon." in explanation.message
    assert explanation.next_step


def test_every_failure_has_a_next_step() -> None:
    assert all(failure.why and failure.next_step for failure in FAILURES.values())


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
        ({"status": "canceled"}, "It was canceled. Its money came back to the Stripe balance."),
        ({"status": "teleported"}, "Stripe says 'teleported', which POM does not know."),
    ],
)
def test_each_status_is_explained_with_its_day(changes: dict[str, object], message: str) -> None:
    assert story_of(payout(**changes)).message.startswith(message)


@pytest.mark.parametrize(
    ("changes", "expected_text"),
    [
        ({"automatic": False, "reconciliation_status": "not_applicable"}, "It was made by hand."),
        ({"automatic": False, "method": "instant"}, "It is an instant payout."),
    ],
)
def test_a_manual_or_instant_payout_has_no_lines(changes: dict[str, object], expected_text: str) -> None:
    explanation = payout(status="paid", **changes)

    assert not explanation.fact.can_be_itemized
    assert f"{expected_text} Stripe cannot tell which payments are in such a payout." in story_of(explanation).message


def test_a_payout_that_ties_out_has_no_sentence_about_its_lines() -> None:
    explanation = story_of(replace(payout(status="paid"), itemized=TIED_OUT))

    assert (explanation.message, explanation.next_step) == ("Arrived at the bank on 3 December 2026.", None)


def test_a_remainder_is_explained_to_the_cent() -> None:
    with_remainder = Itemization(1_796_100_000, 2, 1, Totals(payments=9_400, fees=-310, unexplained=300))
    explanation = story_of(replace(payout(status="paid"), itemized=with_remainder))

    assert "3.00 USD of it is not explained by the lines that Stripe lists." in explanation.message
    assert explanation.next_step is not None


def test_a_reversed_payout_names_its_reversal_and_the_reversal_its_payout() -> None:
    original, reversal = payout(status="paid", reversed_by_id="po_2"), payout(**REVERSAL, status="paid")
    related = RelatedPayouts({"po_1": original, "po_2": reversal})

    assert "It was reversed: the payout po_2 took its money back from the bank account." in explain(original, related)
    assert explain(reversal, related) == (
        "Stripe took this amount from the bank account on 7 December 2026. It reverses the payout po_1, the deposit "
        "of 3 December 2026: its amount is that payout's."
    )


@pytest.mark.parametrize(
    ("status", "expected_text"),
    [
        ("pending", "It is being reversed: the payout po_2 takes its money back from the bank account, which is "
                    "expected on 7 December 2026."),
        ("failed", "The payout po_2 was to take its money back and failed, so the money stays at the bank."),
        ("canceled", "The payout po_2 was to take its money back and was canceled, so the money stays at the bank."),
    ],
)  # fmt: skip
def test_an_unfinished_reversal_is_explained_with_its_status(status: str, expected_text: str) -> None:
    original, reversal = payout(status="paid", reversed_by_id="po_2"), payout(**REVERSAL, status=status)

    assert expected_text in explain(original, RelatedPayouts({"po_1": original, "po_2": reversal}))


def test_nothing_is_stated_about_an_unknown_reversal() -> None:
    assert "POM has not read yet whether its money has been taken back" in explain(
        payout(status="paid", reversed_by_id="po_2")
    )


def test_a_failed_payout_whose_money_arrived_with_another_needs_nobody() -> None:
    failed = replace(payout(status="failed", failure_code="account_closed"), returned_in="po_2")
    again = payout(id="po_2", status="paid", arrival_date=SEVENTH)
    story = story_of(failed, RelatedPayouts({"po_1": failed, "po_2": again}))

    assert story.message == (
        "The bank did not accept it. The bank account has been closed. Its money came back to the Stripe balance. It "
        "went out again with the payout po_2, which arrived at the bank on 7 December 2026."
    )
    assert story.next_step is None


def test_a_failed_payout_whose_money_came_back_twice_still_needs_a_person() -> None:
    failed = replace(payout(status="failed", failure_code="no_account"), returned_in="po_2")
    again = payout(id="po_2", status="failed", failure_code="no_account")
    story = story_of(failed, RelatedPayouts({"po_1": failed, "po_2": again}))

    assert "It went out again with the payout po_2, and came back once more." in story.message
    assert story.next_step is not None


def test_a_payout_names_the_failed_payouts_whose_money_it_contains() -> None:
    failed = replace(payout(status="failed"), returned_in="po_2")
    again = replace(payout(id="po_2", status="paid"), itemized=replace(TIED_OUT, pays_again=("po_1",)))

    assert "It has what the deposit of 3 December 2026 gave back, the payout po_1." in explain(
        again, RelatedPayouts({"po_1": failed, "po_2": again})
    )


def test_a_failed_manual_payout_has_to_be_repeated_manually() -> None:
    automatic = story_of(payout(status="failed", failure_code="no_account"))
    by_hand = story_of(payout(status="failed", failure_code="no_account", automatic=False))

    assert (automatic.next_step or "").endswith("Stripe then tries again.")
    assert (by_hand.next_step or "").endswith("Then make the payout again.")


def test_a_payout_whose_day_has_passed_is_not_called_expected() -> None:
    fourth = RelatedPayouts(today=dt.date(2026, 12, 4))

    assert explain(payout(), fourth).startswith("It was expected at the bank on 3 December 2026; Stripe has not said")
    assert explain(payout(amount=-500), fourth).startswith(
        "Stripe was to take this amount from the bank account on 3 December 2026, and has not said that it did."
    )
    assert story_of(payout(), fourth).next_step is None


@pytest.mark.parametrize(("day", "asks"), [(17, False), (18, True)])
def test_after_ten_business_days_the_bank_can_look_for_a_payout(day: int, asks: bool) -> None:
    step = story_of(payout(trace_id="T-1"), RelatedPayouts(today=dt.date(2026, 12, day))).next_step

    assert (step is not None and "ask the bank to look for it by the trace ID T-1" in step) is asks


def test_a_payout_of_a_disconnected_account_states_the_disconnection() -> None:
    remark = "Its Stripe account acct_1 is no longer connected"

    assert remark in explain(payout(), RelatedPayouts(accounts=[StripeAccountId("acct_2")]))
    assert remark in explain(payout(), RelatedPayouts(accounts=[]))
    assert remark not in explain(payout(), RelatedPayouts(accounts=[StripeAccountId("acct_1")]))


def test_the_banks_day_is_stripes_date_in_no_time_zone() -> None:
    assert payout().fact.arrives_on.isoformat() == "2026-12-03"
