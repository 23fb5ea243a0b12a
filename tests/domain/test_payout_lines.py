"""The lines of a payout explain its amount to the cent, whatever transactions Stripe includes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.payout import PayoutFact, Totals
from chalicelib.domain.payout_lines import LineKind, Owner, PayoutLine, line_of, sum_lines

POOL_OWNER = Owner(InvoiceId("inv_a"), CustomerId("cust_1"), "BLUE-0001")
PAYOUT = PayoutFact(
    id="po_1",
    as_of=1_796_000_000,
    status="paid",
    amount=9_390,
    currency="usd",
    created=1_795_900_000,
    arrival_date=1_796_083_200,
    balance_transaction_id="txn_payout",
)


def transaction(
    stripe_id: str = "txn_1", amount: int = 10_000, fee: int = 320, **changes: object
) -> BalanceTransaction:
    """Returns a card payment of 100.00 with a fee of 3.20, with some changes."""
    example = BalanceTransaction(
        id=stripe_id,
        type="charge",
        category="charge",
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency="usd",
        created=1_795_800_000,
        available_on=1_795_910_400,
        source_type="charge",
        source_id="ch_1",
        payment_id="pi_1",
    )
    return replace(example, **changes)  # type: ignore[arg-type]


def fee_of_the_account(amount: int = 290) -> BalanceTransaction:
    """Returns a monthly fee, which has no source object in Stripe."""
    return transaction(
        "txn_fee",
        -amount,
        0,
        type="stripe_fee",
        category="fee",
        source_type=None,
        source_id=None,
        payment_id=None,
        description="Billing (2026-11)",
    )


def test_a_payment_and_a_monthly_fee_explain_a_payout() -> None:
    lines = [PayoutLine(transaction(), POOL_OWNER), PayoutLine(fee_of_the_account())]

    come_to = sum_lines(PAYOUT, lines, at=1_796_000_100)

    assert come_to.totals == Totals(payments=10_000, fees=-610)
    assert come_to.tied_out
    assert (come_to.lines, come_to.invoices) == (2, 1)


def test_a_monthly_fee_belongs_to_no_invoice() -> None:
    line = PayoutLine(fee_of_the_account())

    assert (line.kind, line.owner, line.outside_pom) == (LineKind.FEE, None, False)
    assert line.totals == Totals(fees=-290)


def test_an_invoice_with_a_payment_and_a_refund_in_it_is_counted_once() -> None:
    refund = transaction("txn_2", -610, 0, type="refund", category="refund", source_type="refund", source_id="re_1")

    come_to = sum_lines(
        replace(PAYOUT, amount=9_070), [PayoutLine(transaction(), POOL_OWNER), PayoutLine(refund, POOL_OWNER)], 0
    )

    assert come_to.totals == Totals(payments=10_000, refunds=-610, fees=-320)
    assert come_to.invoices == 1


def test_a_dispute_takes_its_amount_and_its_fee() -> None:
    lost = transaction(
        "txn_3", -10_000, 1_500, type="adjustment", category="dispute", source_type="dispute", source_id="du_1"
    )

    assert PayoutLine(lost, POOL_OWNER).totals == Totals(disputes=-10_000, fees=-1_500)


def test_a_won_dispute_returns_its_amount_and_its_fee() -> None:
    won = transaction(
        "txn_4",
        10_000,
        -1_500,
        type="adjustment",
        category="dispute_reversal",
        source_type="dispute",
        source_id="du_1",
    )

    assert PayoutLine(won, POOL_OWNER).totals == Totals(disputes=10_000, fees=1_500)


def test_money_of_another_business_is_outside_pom_with_its_fees() -> None:
    line = PayoutLine(transaction())

    assert line.outside_pom
    assert line.totals == Totals(outside_pom=9_680)


def test_an_unknown_category_is_shown_by_its_name() -> None:
    invented = transaction(
        "txn_5", 77, 0, type="moon_fee", category="moon_landing", source_type=None, source_id=None, payment_id=None
    )
    line = PayoutLine(invented)

    assert (line.kind, line.transaction.category) == (LineKind.OTHER, "moon_landing")
    assert line.totals == Totals(other=77)


@pytest.mark.parametrize(
    ("type_", "category", "amount"),
    [
        ("payout_minimum_balance_hold", "payout_minimum_balance_hold", -5_000),
        ("payout_minimum_balance_release", "payout_minimum_balance_release", 5_000),
        ("tax_fee", "tax", -120),
        ("reserve_transaction", "risk_reserved_funds", -1_000),
        ("payout_failure", "payout_reversal", 9_390),
    ],
)
def test_a_transaction_that_is_no_payment_is_a_separate_line(type_: str, category: str, amount: int) -> None:
    other_transaction = transaction(
        "txn_6", amount, 0, type=type_, category=category, source_type="payout", source_id="po_0", payment_id=None
    )

    assert PayoutLine(other_transaction).totals == Totals(other=amount)


def test_the_payout_itself_is_no_line() -> None:
    own = transaction(
        "txn_payout", -9_390, 0, type="payout", category="payout", source_type="payout", source_id="po_1"
    )

    assert line_of(own, PAYOUT, None) is None


def test_the_failure_of_an_earlier_payout_is_a_line_and_of_the_payout_itself_is_not() -> None:
    failed = replace(PAYOUT, failure_balance_transaction_id="txn_back")
    back = transaction("txn_back", 9_390, 0, type="payout_failure", source_type="payout", source_id="po_1")
    earlier = transaction("txn_other", 500, 0, type="payout_failure", source_type="payout", source_id="po_0")

    assert line_of(back, failed, None) is None
    assert line_of(earlier, failed, None) == PayoutLine(earlier)


def test_the_fee_of_a_payout_is_a_line() -> None:
    own = transaction(
        "txn_payout", -9_290, 100, type="payout", category="payout", source_type="payout", source_id="po_1"
    )
    payout = replace(PAYOUT, amount=9_290)

    fee = line_of(own, payout, None)

    assert fee is not None
    come_to = sum_lines(payout, [PayoutLine(transaction(amount=9_710, fee=320), POOL_OWNER), fee], 0)
    assert come_to.totals == Totals(payments=9_710, fees=-420)


def test_an_unexplained_remainder_is_shown() -> None:
    come_to = sum_lines(PAYOUT, [PayoutLine(transaction(), POOL_OWNER)], 0)

    assert come_to.totals.unexplained == 9_390 - 9_680
    assert not come_to.tied_out


def test_a_negative_payout_is_explained_too() -> None:
    refund = transaction("txn_2", -5_000, 0, type="refund", category="refund", source_type="refund", source_id="re_1")

    come_to = sum_lines(replace(PAYOUT, amount=-5_000), [PayoutLine(refund, POOL_OWNER)], 0)

    assert come_to.tied_out
    assert come_to.totals == Totals(refunds=-5_000)


LINES = st.builds(
    PayoutLine,
    st.builds(
        transaction,
        amount=st.integers(-(10**9), 10**9),
        fee=st.integers(-(10**6), 10**6),
        category=st.sampled_from(
            [
                "charge",
                "refund",
                "dispute",
                "dispute_reversal",
                "fee",
                "tax",
                "network_cost",
                "payout_reversal",
                "new",
            ]
        ),
        source_type=st.sampled_from(["charge", "refund", "dispute", "payout", "transfer", None]),
    ),
    st.sampled_from([POOL_OWNER, None]),
)


@given(st.lists(LINES, max_size=30), st.integers(-(10**9), 10**9))
def test_totals_of_any_lines_add_up_to_the_amount(lines: list[PayoutLine], amount: int) -> None:
    come_to = sum_lines(replace(PAYOUT, amount=amount), lines, 0)

    assert come_to.totals.sum == amount
    assert come_to.totals.unexplained == amount - sum(line.transaction.net for line in lines)
