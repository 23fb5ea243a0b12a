"""`explain invoice` shows the fees of an invoice's payments, and the deposits that contain their money."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.balance_transactions import BalanceTransaction, FeePart, Settlement
from chalicelib.domain.payout import PayoutFact, new_payout
from infra.ops.explain import explain_invoice
from infra.ops.screen import Screen
from tests.usecases.invoicing.refunding import DAY, Company
from tests.world import BEGAN, ORGANIZATION

TITLE = "Fees and deposits"
TODAY = BEGAN - BEGAN % DAY


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company with a paid invoice of 75.00. The operator's screen has 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return Company()


def explained_payments(company: Company) -> list[dict[str, Any]]:
    screen = Screen(as_json=True)
    _explain(company, screen)
    rows: list[dict[str, Any]] = screen.document["deposits"]
    return rows


def printed_lines(company: Company, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Returns the lines below the title, as far as they are about fees and deposits."""
    _explain(company, Screen())
    below = capsys.readouterr().out.split(f"{TITLE}\n")[1]
    return below.split("\n\n")[0].splitlines()


def _explain(company: Company, screen: Screen) -> None:
    assert explain_invoice.callback is not None
    stage = SimpleNamespace(ports=company.world.ports)
    inspect.unwrap(explain_invoice.callback)(stage, screen, ORGANIZATION, company.invoice.id)


def transaction(**changes: Any) -> BalanceTransaction:
    """A card payment of 75.00 with Stripe's published fee: 2.9 % and 30 cents."""
    values: dict[str, Any] = {
        "id": "txn_1",
        "type": "charge",
        "category": "charge",
        "amount": 7500,
        "fee": 248,
        "net": 7252,
        "currency": "usd",
        "created": BEGAN,
        "available_on": TODAY + 2 * DAY,
        "fee_parts": (FeePart("stripe_fee", 248),),
    }
    return BalanceTransaction(**{**values, **changes})


def settle_movement(company: Company, movement_id: str, payout_id: str | None = None, **changes: Any) -> None:
    settlement = Settlement(transaction(**changes), payout_id)
    company.world.ports.payments.settle(ORGANIZATION, [(movement_id, settlement)])


def has_payout(company: Company, status: str) -> None:
    fact = PayoutFact("po_1", BEGAN, status, 7252, "usd", BEGAN, TODAY + 4 * DAY, reconciliation_status="completed")
    company.world.ports.payouts.save(new_payout(fact, ORGANIZATION, company.now.stripe_account_id))


def test_a_payment_that_stripe_has_not_booked_has_a_pending_fee(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    [row] = explained_payments(company)

    assert (row["id"], row["kind"], row["amount"]) == (company.payment_id, "payment", "75.00")
    assert (row["fee"], row["net"], row["transaction"], row["status"]) == (None, None, None, "not_settled")
    words = " ".join(" ".join(printed_lines(company, capsys)).split())
    assert words == f"Payment 75.00 USD, fee pending. {row['message']}"


def test_a_payment_shows_its_fee_its_net_amount_and_when_it_is_paid_out(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    settle_movement(company, company.payment_id)
    [row] = explained_payments(company)

    assert (row["amount"], row["fee"], row["net"], row["currency"]) == ("75.00", "2.48", "72.52", "usd")
    assert row["fee_parts"] == [{"type": "stripe_fee", "amount": "2.48"}]
    assert (row["status"], row["on"], row["payout"]) == ("expected", "2027-01-17", None)
    assert printed_lines(company, capsys) == [
        "Payment 75.00 USD, fee 2.48, net 72.52. The money can be paid out from 17",
        "    January 2027 on.",
    ]


@pytest.mark.parametrize(
    ("status", "said", "message"),
    [
        ("paid", "arrived", "In the deposit of 19 January 2027."),
        ("in_transit", "on_its_way", "In the deposit that is expected on 19 January 2027."),
        ("failed", "returned", "The deposit of 19 January 2027 failed; its money came back to the Stripe balance."),
    ],
)
def test_a_payment_names_its_deposit(
    company: Company, capsys: pytest.CaptureFixture[str], status: str, said: str, message: str
) -> None:
    has_payout(company, status)
    settle_movement(company, company.payment_id, "po_1")
    [row] = explained_payments(company)

    assert (row["status"], row["on"], row["payout"], row["message"]) == (said, "2027-01-19", "po_1", message)
    words = " ".join(" ".join(printed_lines(company, capsys)).split())
    assert words.startswith(f"Payment 75.00 USD, fee 2.48, net 72.52. {message}")


def test_a_refund_has_a_separate_line_and_does_not_return_the_fee(company: Company) -> None:
    settle_movement(company, company.payment_id)
    company.refunds(amount="20")
    company.world.deliver()
    [refund] = company.now.facts.refunds
    settle_movement(
        company, refund, id="txn_2", type="refund", category="refund", amount=-2000, fee=0, net=-2000, fee_parts=()
    )

    rows = {row["kind"]: (row["amount"], row["fee"], row["net"]) for row in explained_payments(company)}

    assert rows == {"payment": ("75.00", "2.48", "72.52"), "refund": ("-20.00", "0.00", "-20.00")}


def test_a_wider_screen_shows_the_parts_of_a_fee_the_exchange_and_the_payout(
    company: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    has_payout(company, "paid")
    parts = (FeePart("stripe_fee", 248), FeePart("tax", 20))
    settle_movement(company, company.payment_id, "po_1", fee=268, net=7232, fee_parts=parts, exchange_rate="1.0824")

    assert printed_lines(company, capsys) == [
        "Payment 75.00 USD (exchanged at 1.0824), fee 2.68 (stripe fee 2.48, tax 0.20), net 72.32. "
        "In the deposit of 19 January 2027.  po_1"
    ]


def test_a_pending_bank_debit_is_described_as_normal(capsys: pytest.CaptureFixture[str]) -> None:
    company = Company(paid=False)
    company.pays("000123456789")

    [row] = explained_payments(company)

    assert (row["fee"], row["status"]) == (None, "not_settled")
    assert row["message"].endswith("normal.")
