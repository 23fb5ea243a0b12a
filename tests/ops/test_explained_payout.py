"""What `explain payout` tells of a payout: how it stands, what it consists of, and its lines."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from chalicelib.domain.errors import NotFound
from infra.ops.explain_payout import LINES_SHOWN
from tests.ops.depositing import Depositing


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Depositing:
    """The operator's screen has 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return Depositing(capsys)


def test_a_payout_shows_its_status_and_parts_that_sum_to_its_amount(company: Depositing) -> None:
    double = company.world.double
    double.update_account(company.account, payout_schedule="manual")
    company.refunds(amount="20")
    double.outside_charge(company.account, 3000)
    double.account_fee(company.account, 500, "Billing, January")
    company.pays_out_once()
    [payout] = company.stored()

    explanation = company.explains(payout.id)

    [row] = explanation.document["payout"]
    totals = {each["what"]: Decimal(each["amount"]) for each in explanation.document["totals"]}
    assert (row["payout"], row["status"], row["bank"]) == (payout.id, "paid", "STRIPE TEST BANK 6789")
    assert (
        sum(totals.values())
        == sum(Decimal(each["net"]) for each in explanation.document["lines"])
        == Decimal(row["amount"])
    )
    assert totals["payments"] == 75
    assert totals["refunds"] == -20
    assert totals["unexplained"] == 0
    assert {each["kind"] for each in explanation.document["lines"]} == {"payment", "refund", "fee", "outside_pom"}
    assert "Arrived at the bank on" in explanation.out
    assert max(map(len, explanation.out.splitlines())) <= 80


def test_a_line_names_its_invoice_or_else_stripes_category(company: Depositing) -> None:
    company.world.double.adjust(
        company.account, -123, type="reserve_transaction", reporting_category="risk_reserved_funds"
    )
    company.pays_out_once()
    [payout] = company.stored()

    explanation = company.explains(payout.id)

    fact = company.now.facts.invoice
    assert fact is not None
    assert re.search(rf"payment +75\.00 +fee 2\.48 +net 72\.52 +{fact.number}", explanation.out)
    assert re.search(r"other +-1\.23 +fee 0\.00 +net -1\.23 +risk_reserved_funds", explanation.out)


def test_a_payout_without_lines_says_why(company: Depositing) -> None:
    company.pays_out_once(automatic=False)

    explanation = company.explains(company.stored()[0].id)

    assert "Stripe cannot tell which payments are in such a payout." in explanation.out
    assert explanation.document["totals"] == explanation.document["lines"] == []


def test_a_long_payout_shows_its_first_lines_and_json_contains_all(company: Depositing) -> None:
    for _ in range(LINES_SHOWN + 5):
        company.world.double.outside_charge(company.account, 1000)
    company.pays_out_once()
    [payout] = company.stored()

    explanation = company.explains(payout.id)

    count = len(explanation.document["lines"])
    assert count > LINES_SHOWN
    assert f"Lines, the first {LINES_SHOWN} of {count}" in explanation.out


def test_an_unknown_payout_is_reported_with_the_places_to_search(company: Depositing) -> None:
    with pytest.raises(NotFound) as error:
        company.explains("po_nothing")

    assert "po_nothing" in error.value.message
    assert "`./ops payouts org_blue`" in str(error.value.next_step)
