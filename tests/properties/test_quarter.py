"""A small quarter of a pool company, with 200 invoices; `make proofs` plays 2,000 (tests/proofs/quarter.py)."""

from __future__ import annotations

import pytest

from tests.proofs.quarter import Quarter


@pytest.fixture(scope="module")
def quarter() -> Quarter:
    quarter_of_200 = Quarter(200, seed=1)
    quarter_of_200.play()
    return quarter_of_200


def test_every_payout_fee_and_net_of_a_quarter_ties_out_to_the_cent(quarter: Quarter) -> None:
    assert quarter.faults() == []


def test_pom_lists_the_fees_that_stripe_booked(quarter: Quarter) -> None:
    assert quarter.listed() == quarter.booked()
    assert {name for name, amount in quarter.listed().items() if amount > 0} == {
        "fees usd",
        "nets usd",
        "fees eur",
        "nets eur",
    }


@pytest.mark.parametrize(
    "kind",
    [
        "invoices",
        "declined cards",
        "refunds in Stripe",
        "refunds in POM",
        "disputes won",
        "disputes lost",
        "sales of the web shop",
        "monthly fees",
        "failed payouts",
        "payouts failed after they were paid",
        "reversed payouts",
        "instant payouts",
        "debits",
        "lines of a category that nobody knows",
    ],
)
def test_a_quarter_has_payouts_of_every_kind(quarter: Quarter, kind: str) -> None:
    assert quarter.told[kind] > 0


def test_a_missing_line_is_found_by_the_comparison(quarter: Quarter) -> None:
    database = quarter.world.ports.database
    key, lines = next((key, lines) for key, lines in database.payout_lines.items() if lines)
    database.payout_lines[key] = dict(list(lines.items())[1:])
    try:
        assert any(key[1] in fault for fault in quarter.faults())
    finally:
        database.payout_lines[key] = lines


def test_a_fee_that_was_not_stored_is_found_by_the_comparison(quarter: Quarter) -> None:
    database = quarter.world.ports.database
    key, settlements = next(
        (key, settlements) for key, settlements in database.settlements.items() if key[1].startswith("pi_")
    )
    database.settlements[key] = {}
    try:
        assert any(key[1] in fault for fault in quarter.faults())
    finally:
        database.settlements[key] = settlements
