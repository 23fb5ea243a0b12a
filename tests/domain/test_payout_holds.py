"""The amounts that Stripe holds back explain a payout, whichever source Stripe names for them."""

from __future__ import annotations

import pytest

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.payout import PayoutFact
from chalicelib.domain.payout_lines import line_of, sum_lines

NOW = 1_796_000_000
PAYOUT = PayoutFact("po_1", NOW, "paid", 90_000, "usd", NOW, NOW, balance_transaction_id="txn_payout")


def hold_transaction(type_: str, amount: int, source_id: str | None) -> BalanceTransaction:
    """Returns a balance transaction whose source is this payout or object."""
    source_type = "payout" if source_id else None
    return BalanceTransaction(
        f"txn_{type_}", type_, type_, amount, 0, amount, "usd", NOW, NOW, source_type=source_type, source_id=source_id
    )


@pytest.mark.parametrize("source_id", ["po_1", "po_0", None])
def test_the_minimum_that_stays_in_the_balance_is_a_line_of_the_payout(source_id: str | None) -> None:
    sales = hold_transaction("advance", 100_000, None)
    hold = hold_transaction("payout_minimum_balance_hold", -10_000, source_id)

    lines = [line_of(each, PAYOUT, None) for each in (hold_transaction("payout", -90_000, "po_1"), hold, sales)]
    itemization = sum_lines(PAYOUT, [line for line in lines if line is not None], NOW)

    assert lines[0] is None
    assert (itemization.totals.other, itemization.totals.unexplained) == (90_000, 0)


def test_the_minimum_of_the_payout_before_is_a_line_of_this_one() -> None:
    assert line_of(hold_transaction("payout_minimum_balance_release", 10_000, "po_0"), PAYOUT, None)


@pytest.mark.parametrize("type_", ["payout", "payout_failure", "payout_cancel"])
def test_a_hold_taken_and_released_within_one_payout_is_no_line(type_: str) -> None:
    assert line_of(hold_transaction(type_, -90_000, "po_1"), PAYOUT, None) is None


@pytest.mark.parametrize("type_", ["payout_failure", "payout_cancel"])
def test_a_hold_released_by_another_payout_is_a_line(type_: str) -> None:
    assert line_of(hold_transaction(type_, 90_000, "po_0"), PAYOUT, None)
