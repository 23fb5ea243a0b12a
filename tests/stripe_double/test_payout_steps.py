"""The steps of a payout at the bank, and manual payouts."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY, StripeFault

HOUR = 3_600


@pytest.mark.parametrize("days", [0, 1, 5])
def test_a_payout_may_fail_even_after_it_was_paid_and_its_money_returns(daily: Any, days: int) -> None:
    daily.paid()
    daily.double.advance(2 * DAY)
    [payout] = daily.payouts()
    daily.double.advance(days * DAY)

    failed = daily.double.fail_payout(daily.account, payout.id, failure_code="account_closed")

    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    assert failed["failure_message"] == "The bank account has been closed."
    back = daily.v1.balance_transactions.retrieve(failed["failure_balance_transaction"], None, daily.opts)
    assert (back.type, back.reporting_category, back.net) == ("payout_failure", "payout_reversal", 9_680)
    assert back.source == payout.id
    assert daily.double.balance(daily.account)["available"] == {"usd": 9_680}
    assert daily.types()[-1] == "payout.failed"
    daily.double.advance(9 * DAY)
    assert daily.v1.payouts.retrieve(payout.id, None, daily.opts).status == "failed"


def test_payouts_stop_after_a_failure_and_then_include_the_failed_payouts_money(
    daily: Any,
) -> None:
    daily.paid()
    daily.double.advance(2 * DAY)
    [payout] = daily.payouts()
    daily.double.fail_payout(daily.account, payout.id)
    daily.double.advance(3 * DAY)
    assert len(daily.payouts()) == 1

    daily.double.update_account(daily.account, bank_last4="4321")
    daily.double.advance(2 * DAY)

    payouts = daily.v1.payouts.list({"expand": ["data.destination"]}, daily.opts).data
    assert [(each.destination.last4, each.destination.status) for each in payouts] == [
        ("4321", "new"),
        ("6789", "errored"),
    ]
    assert [each.type for each in daily.lines(daily.payouts()[1])] == ["payout_failure"]
    assert [each.id for each in daily.payouts(destination=payout.destination)] == [payout.id]


def test_a_pending_payout_can_be_canceled_and_a_later_one_cannot(daily: Any) -> None:
    daily.paid()
    daily.double.advance(2 * DAY)
    [payout] = daily.payouts()

    canceled = daily.double.cancel_payout(daily.account, payout.id)

    assert canceled["status"] == "canceled"
    assert daily.types()[-1] == "payout.canceled"
    back = daily.v1.balance_transactions.retrieve(canceled["failure_balance_transaction"], None, daily.opts)
    assert (back.type, back.reporting_category, back.net) == ("payout_cancel", "payout_reversal", 9_680)
    daily.double.advance(DAY + HOUR)
    with pytest.raises(StripeFault):
        daily.double.cancel_payout(daily.account, daily.payouts()[1].id)


def test_a_paid_payout_can_be_reversed_once_and_each_names_the_other(daily: Any) -> None:
    daily.paid()
    daily.double.advance(4 * DAY)
    [payout] = daily.payouts()
    daily.double.update_account(daily.account, payout_schedule="manual")

    back = daily.double.reverse_payout(daily.account, payout.id)

    payout_object = daily.v1.payouts.retrieve(payout.id, {"expand": ["reversed_by.original_payout"]}, daily.opts)
    assert (payout_object.reversed_by.id, payout_object.reversed_by.original_payout.id) == (back["id"], payout.id)
    assert (back["amount"], back["automatic"]) == (-9_680, False)
    assert daily.double.balance(daily.account)["available"] == {"usd": 9_680}
    with pytest.raises(StripeFault):
        daily.double.reverse_payout(daily.account, payout.id)


def test_an_instant_payout_its_fee_and_the_tax_use_up_the_available_balance(company: Any) -> None:
    company.double.update_account(company.account, fee_tax_rate=10)
    company.double.adjust(company.account, 10_000)

    payout = company.double.pay_out(company.account, method="instant")

    own = company.v1.balance_transactions.retrieve(payout["balance_transaction"], None, company.opts)
    assert (payout["amount"], [part.amount for part in own.fee_details]) == (9_835, [148, 15])
    assert company.double.balance(company.account)["available"] == {"usd": 2}


@pytest.mark.parametrize(("method", "fee"), [("standard", 0), ("instant", 75)])
def test_the_lines_of_a_manual_payout_cannot_be_listed(company: Any, method: str, fee: int) -> None:
    company.double.adjust(company.account, 9_000)

    payout = company.double.pay_out(company.account, automatic=False, method=method, amount=5_000)

    assert (payout["automatic"], payout["method"], payout["reconciliation_status"]) == (
        False,
        method,
        "not_applicable",
    )
    with pytest.raises(stripe.InvalidRequestError, match="can only be filtered on automatic transfers, not manual"):
        company.v1.balance_transactions.list({"payout": payout["id"]}, company.opts)
    own = company.v1.balance_transactions.retrieve(payout["balance_transaction"], None, company.opts)
    assert (own.amount, own.fee, own.net) == (-5_000, fee, -5_000 - fee)
    assert company.double.balance(company.account)["available"] == {"usd": 4_000 - fee}


def test_a_manual_payout_is_a_line_of_the_next_automatic_payout(company: Any) -> None:
    company.double.adjust(company.account, 9_000)
    by_hand = company.double.pay_out(company.account, automatic=False, amount=5_000)

    company.double.pay_out(company.account)
    company.double.advance(HOUR)
    payout = company.payouts()[-1]

    assert payout.amount == 4_000
    assert [(each.net, each.source) for each in company.lines(payout)] == [(9_000, None), (-5_000, by_hand["id"])]


def test_a_manual_payout_cannot_exceed_the_available_balance(company: Any) -> None:
    company.double.adjust(company.account, 9_000)

    for refused in ({"amount": 9_001}, {"amount": 9_000, "method": "instant"}, {"currency": "eur"}):
        with pytest.raises(StripeFault) as error:
            company.double.pay_out(company.account, automatic=False, **refused)
        assert error.value.error["code"] == "balance_insufficient"
    with pytest.raises(StripeFault):
        company.double.pay_out(company.account, "eur")


def test_a_payout_shows_its_bank_account_and_its_transactions(daily: Any) -> None:
    daily.double.update_account(daily.account, bank_name="FIRST POOL BANK", bank_last4="1234")
    daily.paid()
    daily.double.advance(2 * DAY)
    daily.double.fail_payout(daily.account, daily.payouts()[0].id)

    paths = ["destination", "balance_transaction", "failure_balance_transaction"]
    payout_object = daily.v1.payouts.retrieve(daily.payouts()[0].id, {"expand": paths}, daily.opts)

    assert (
        payout_object.destination.object,
        payout_object.destination.bank_name,
        payout_object.destination.last4,
    ) == (
        "bank_account",
        "FIRST POOL BANK",
        "1234",
    )
    assert payout_object.balance_transaction.net + payout_object.failure_balance_transaction.net == 0
