"""The totals, lines and table of any payout add up to its amount, and agree."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.models.payout_lines import PayoutDetail, payout_detail
from chalicelib.api.models.payouts_csv import payout_lines_csv
from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.payout_lines import Owner, PayoutLine, sum_lines
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.ports.storage import Page

PAGE = 3
KINDS = ("payment", "refund", "dispute", "fee", "other")
AMOUNTS = st.integers(-(10**9), 10**9)
CURRENCIES = st.sampled_from(["usd", "jpy", "kwd", "eur", "xxx"])
CATEGORIES = st.sampled_from(
    """
    charge charge_failure refund refund_failure dispute dispute_reversal fee network_cost other_adjustment
    payout_minimum_balance_hold payout_minimum_balance_release payout_reversal tax invented_tomorrow
    """.split()
)
OWNERS = st.none() | st.integers(1, 3).map(
    lambda number: Owner(InvoiceId(f"inv_{number}"), CustomerId("cust_1"), f"A1-{number}")
)
SOURCES = st.sampled_from([None, "charge", "refund", "dispute", "transfer"])


@st.composite
def lines(draw: st.DrawFn, currency: str, number: int) -> PayoutLine:
    amount, fee, source = draw(AMOUNTS), draw(st.integers(-10_000, 10_000)), draw(SOURCES)
    transaction = BalanceTransaction(
        id=f"txn_{number}",
        type="any",
        category=draw(CATEGORIES),
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency=currency,
        created=1_800_000_000,
        available_on=1_800_000_000,
        source_type=source,
        source_id=source,
        payment_id=source,
    )
    return PayoutLine(transaction, draw(OWNERS))


@st.composite
def payouts(draw: st.DrawFn) -> tuple[Payout, list[PayoutLine]]:
    """Draws a payout with its lines, with or without a remainder; or a payout whose lines are unknown."""
    currency = draw(CURRENCIES)
    payout_lines = [draw(lines(currency, number)) for number in range(draw(st.integers(0, 8)))]
    remainder = draw(st.just(0) | AMOUNTS)
    amount = sum(line.transaction.net for line in payout_lines) + remainder
    fact = PayoutFact("po_1", 0, draw(st.sampled_from(["paid", "failed"])), amount, currency, 0, 1_800_000_000)
    payout = Payout(OrganizationId("org_1"), StripeAccountId("acct_1"), fact)
    if draw(st.booleans()):
        return payout, []
    return Payout(
        payout.organization_id, payout.account_id, fact, itemized=sum_lines(fact, payout_lines, 0)
    ), payout_lines


def pages(payout_lines: list[PayoutLine]) -> Iterator[Page[PayoutLine]]:
    for start in range(0, max(len(payout_lines), 1), PAGE):
        yield Page(tuple(payout_lines[start : start + PAGE]), "cursor", start + PAGE < len(payout_lines))


def total(values: Any) -> Decimal:
    return sum((Decimal(value) for value in values), Decimal())


@given(payouts())
def test_the_totals_lines_and_table_of_any_payout_add_up_to_its_amount(
    example: tuple[Payout, list[PayoutLine]],
) -> None:
    payout, payout_lines = example
    details = [payout_detail(payout, page, RelatedPayouts(), {}) for page in pages(payout_lines)]
    rows = [
        row
        for page in pages(payout_lines)
        for row in csv.DictReader(
            StringIO(payout_lines_csv(payout, page, "America/Phoenix", RelatedPayouts(), {}), newline="")
        )
    ]
    amount = Decimal(details[0].amount)
    assert total(row["Net"] for row in rows) == amount
    assert all(Decimal(row["Gross"]) - Decimal(row["Fee"]) == Decimal(row["Net"]) for row in rows)
    remainders = [row for row in rows if row["Kind"] in ("unexplained", "not itemized")]
    views = [line for detail in details for line in detail.lines]
    assert [row["ID"] for row in rows if row not in remainders] == [line.id for line in views]
    if details[0].totals is None:
        assert [row["Net"] for row in remainders] == ([details[0].amount] if amount else [])
        return
    _agrees(details[0], total(line.net for line in views), [Decimal(row["Net"]) for row in remainders])
    _columns_are_totals(details[0], [row for row in rows if row not in remainders])


def _columns_are_totals(detail: PayoutDetail, rows: list[dict[str, str]]) -> None:
    """Asserts that the sums of the table's columns are the totals."""
    assert detail.totals is not None
    ours = [row for row in rows if row["Outside POM"] == "no"]
    gross = {kind: total(row["Gross"] for row in ours if row["Kind"] == kind) for kind in KINDS}
    totals = detail.totals
    assert gross == {
        "payment": Decimal(totals.payments),
        "refund": Decimal(totals.refunds),
        "dispute": Decimal(totals.disputes),
        "fee": 0,
        "other": Decimal(totals.other),
    }
    assert total(row["Fee"] for row in ours) == -Decimal(totals.fees)
    assert total(row["Net"] for row in rows if row not in ours) == Decimal(totals.outside_pom)


def _agrees(detail: PayoutDetail, of_lines: Decimal, remainders: list[Decimal]) -> None:
    """Asserts that the totals add up to the amount, and that no line contains the unexplained remainder of the
    table.
    """
    assert detail.totals is not None
    totals = {name: Decimal(getattr(detail.totals, name)) for name in detail.totals.__struct_fields__}
    assert sum(totals.values()) == Decimal(detail.amount)
    assert of_lines + totals["unexplained"] == Decimal(detail.amount)
    assert remainders == ([totals["unexplained"]] if totals["unexplained"] else [])
    assert detail.tied_out is (totals["unexplained"] == 0)
