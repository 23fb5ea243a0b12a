"""Payouts: daily ones, what their lines are, and what becomes of them at the bank."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY, Clock, Config, InProcessClient, StripeDouble, StripeFault
from infra.stripe_double.http.messages import Request

HOUR = 3_600


@pytest.fixture
def daily(company: Any) -> Any:
    """A company whose money is paid out every day, at the beginning of a day of the double's clock."""
    double = company.double
    double.advance(DAY - double.clock.now() % DAY)
    double.update_account(company.account, payout_schedule="daily")
    return company


def pay(company: Any, amount: int = 10_000, **params: Any) -> Any:
    """Returns the charge of a paid invoice."""
    invoice = company.open(amount, **params)
    company.pay(invoice)
    return company.charge(invoice)


def payouts(company: Any, **filters: Any) -> list[Any]:
    """Oldest first."""
    return list(reversed(company.v1.payouts.list({"limit": 100, **filters}, company.opts).data))


def lines(company: Any, payout: Any, **params: Any) -> list[Any]:
    """Returns the lines of a payout but its own, oldest first."""
    listed = company.v1.balance_transactions.list({"payout": payout.id, "limit": 100, **params}, company.opts)
    return [
        each for each in reversed(list(listed.auto_paging_iter())) if each.source != payout.id or "hold" in each.type
    ]


def reconciled(company: Any, made: Any) -> Any:
    company.double.advance(HOUR)
    return company.v1.payouts.retrieve(made["id"], None, company.opts)


def test_what_is_available_at_midnight_is_paid_out_and_arrives_two_days_later(daily: Any) -> None:
    charge = pay(daily)
    began = int(daily.double.clock.now())

    daily.double.advance(2 * DAY - 1)
    assert payouts(daily) == []
    daily.double.advance(1)

    [payout] = payouts(daily)
    assert (payout.amount, payout.currency, payout.automatic, payout.method) == (9_680, "usd", True, "standard")
    assert (payout.status, payout.reconciliation_status) == ("pending", "in_progress")
    assert (payout.created, payout.arrival_date) == (began + 2 * DAY, began + 4 * DAY)
    daily.double.advance(DAY)
    assert payouts(daily)[0].status == "in_transit"
    daily.double.advance(DAY)
    [payout] = payouts(daily)
    assert (payout.status, payout.reconciliation_status) == ("paid", "completed")
    assert [each.source for each in lines(daily, payout)] == [charge.id]
    assert [each.type for each in daily.events("payout.*")] == [
        "payout.created", "payout.updated", "payout.reconciliation_completed", "payout.paid",
    ]  # fmt: skip


def test_the_lines_of_a_payout_sum_to_its_amount_whatever_they_are(daily: Any) -> None:
    first, second = pay(daily, 10_000), pay(daily, 20_000)
    daily.double.advance(DAY)
    daily.v1.refunds.create({"charge": first.id, "amount": 2_500}, daily.opts)
    daily.double.open_dispute(daily.account, second.id)
    other = daily.double.outside_charge(daily.account, 5_000)
    daily.double.account_fee(daily.account, 1_000)
    daily.double.adjust(daily.account, -300, "tax_fee", "tax")
    daily.double.adjust(daily.account, 17, "moon_tax", "lunar_funds")
    daily.double.advance(5 * DAY)

    made = payouts(daily)

    for payout in made:
        assert sum(each.net for each in lines(daily, payout)) == payout.amount
    found = [each for payout in made for each in lines(daily, payout)]
    assert {each.reporting_category for each in found} == {"charge", "refund", "dispute", "fee", "tax", "lunar_funds"}
    assert other["id"] in {each.source for each in found}
    assert len({each.id for each in found}) == len(found)


def test_the_list_holds_the_own_line_of_the_payout_too(daily: Any) -> None:
    pay(daily)
    daily.double.advance(3 * DAY)
    [payout] = payouts(daily)

    listed = daily.v1.balance_transactions.list({"payout": payout.id}, daily.opts).data

    assert (listed[0].id, listed[0].net) == (payout.balance_transaction, -9_680)
    assert (listed[0].type, listed[0].reporting_category, listed[0].source) == ("payout", "payout", payout.id)
    assert sum(each.net for each in listed) == 0


def test_until_its_reconciliation_is_completed_a_payout_lists_only_its_own_line(daily: Any) -> None:
    pay(daily)
    daily.double.advance(2 * DAY + HOUR - 1)
    [payout] = payouts(daily)
    assert [each.type for each in daily.v1.balance_transactions.list({"payout": payout.id}, daily.opts)] == ["payout"]

    daily.double.advance(1)

    assert len(lines(daily, payout)) == 1


def test_a_negative_balance_is_taken_from_the_bank_account(daily: Any) -> None:
    charge = pay(daily)
    daily.double.advance(2 * DAY)
    daily.v1.refunds.create({"charge": charge.id}, daily.opts)

    daily.double.advance(4 * DAY)

    deposit, debit = payouts(daily)
    assert (deposit.amount, debit.amount, debit.status) == (9_680, -10_000, "paid")
    assert [each.type for each in lines(daily, debit)] == ["refund"]


def test_each_currency_has_a_payout_and_a_bank_account_of_its_own(daily: Any) -> None:
    daily.double.update_account(daily.account, settlement_currencies=["usd", "eur"])
    pay(daily)
    pay(daily, 20_000, currency="eur")

    daily.double.advance(2 * DAY)

    listed = daily.v1.payouts.list({"expand": ["data.destination"]}, daily.opts).data
    assert {each.currency: each.amount for each in listed} == {"usd": 9_680, "eur": 19_390}
    assert {each.destination.currency for each in listed} == {"usd", "eur"}


def test_a_minimum_balance_is_held_back_from_a_payout_and_released_after_it(daily: Any) -> None:
    daily.double.update_account(daily.account, minimum_balance={"usd": 1_000})
    pay(daily)
    daily.double.advance(3 * DAY)

    [payout] = payouts(daily)

    assert payout.amount == 8_680
    assert [(each.type, each.reporting_category, each.net) for each in lines(daily, payout)] == [
        ("charge", "charge", 9_680),
        ("payout_minimum_balance_hold", "payout_minimum_balance_hold", -1_000),
    ]
    assert daily.double.balance(daily.account)["available"] == {"usd": 1_000}
    pay(daily)
    daily.double.advance(3 * DAY)
    [_, second] = payouts(daily)
    assert [each.net for each in lines(daily, second)] == [1_000, 9_680, -1_000]
    assert second.amount == 9_680


def test_a_balance_below_the_minimum_is_not_paid_out(daily: Any) -> None:
    daily.double.update_account(daily.account, minimum_balance={"usd": 9_680})
    pay(daily)

    daily.double.advance(5 * DAY)

    assert payouts(daily) == []


@pytest.mark.parametrize("days", [0, 1, 5])
def test_a_payout_may_fail_even_after_it_was_paid_and_its_money_comes_back(daily: Any, days: int) -> None:
    pay(daily)
    daily.double.advance(2 * DAY)
    [payout] = payouts(daily)
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


def test_after_a_failure_payouts_wait_for_another_bank_account_and_then_contain_the_money_of_the_failed_one(
    daily: Any,
) -> None:
    pay(daily)
    daily.double.advance(2 * DAY)
    [payout] = payouts(daily)
    daily.double.fail_payout(daily.account, payout.id)
    daily.double.advance(3 * DAY)
    assert len(payouts(daily)) == 1

    daily.double.update_account(daily.account, bank_last4="4321")
    daily.double.advance(2 * DAY)

    listed = daily.v1.payouts.list({"expand": ["data.destination"]}, daily.opts).data
    assert [(each.destination.last4, each.destination.status) for each in listed] == [
        ("4321", "new"),
        ("6789", "errored"),
    ]
    assert [each.type for each in lines(daily, payouts(daily)[1])] == ["payout_failure"]
    assert [each.id for each in payouts(daily, destination=payout.destination)] == [payout.id]


def test_a_pending_payout_can_be_canceled_and_a_later_one_cannot(daily: Any) -> None:
    pay(daily)
    daily.double.advance(2 * DAY)
    [payout] = payouts(daily)

    canceled = daily.double.cancel_payout(daily.account, payout.id)

    assert canceled["status"] == "canceled"
    assert daily.types()[-1] == "payout.canceled"
    back = daily.v1.balance_transactions.retrieve(canceled["failure_balance_transaction"], None, daily.opts)
    assert (back.type, back.reporting_category, back.net) == ("payout_cancel", "payout_reversal", 9_680)
    daily.double.advance(DAY + HOUR)
    with pytest.raises(StripeFault):
        daily.double.cancel_payout(daily.account, payouts(daily)[1].id)


def test_a_paid_payout_can_be_reversed_once_and_each_names_the_other(daily: Any) -> None:
    pay(daily)
    daily.double.advance(4 * DAY)
    [payout] = payouts(daily)
    daily.double.update_account(daily.account, payout_schedule="manual")

    back = daily.double.reverse_payout(daily.account, payout.id)

    shown = daily.v1.payouts.retrieve(payout.id, {"expand": ["reversed_by.original_payout"]}, daily.opts)
    assert (shown.reversed_by.id, shown.reversed_by.original_payout.id) == (back["id"], payout.id)
    assert (back["amount"], back["automatic"]) == (-9_680, False)
    assert daily.double.balance(daily.account)["available"] == {"usd": 9_680}
    with pytest.raises(StripeFault):
        daily.double.reverse_payout(daily.account, payout.id)


@pytest.mark.parametrize(("method", "fee"), [("standard", 0), ("instant", 75)])
def test_stripe_does_not_say_what_is_in_a_payout_made_by_hand(company: Any, method: str, fee: int) -> None:
    company.double.adjust(company.account, 9_000)

    made = company.double.pay_out(company.account, automatic=False, method=method, amount=5_000)

    assert (made["automatic"], made["method"], made["reconciliation_status"]) == (False, method, "not_applicable")
    with pytest.raises(stripe.InvalidRequestError, match="can only be filtered on automatic transfers, not manual"):
        company.v1.balance_transactions.list({"payout": made["id"]}, company.opts)
    own = company.v1.balance_transactions.retrieve(made["balance_transaction"], None, company.opts)
    assert (own.amount, own.fee, own.net) == (-5_000, fee, -5_000 - fee)
    assert company.double.balance(company.account)["available"] == {"usd": 4_000 - fee}


def test_the_next_automatic_payout_has_the_one_made_by_hand_among_its_lines(company: Any) -> None:
    company.double.adjust(company.account, 9_000)
    by_hand = company.double.pay_out(company.account, automatic=False, amount=5_000)

    payout = reconciled(company, company.double.pay_out(company.account))

    assert payout.amount == 4_000
    assert [(each.net, each.source) for each in lines(company, payout)] == [(9_000, None), (-5_000, by_hand["id"])]


def test_a_payout_by_hand_cannot_exceed_what_is_available(company: Any) -> None:
    company.double.adjust(company.account, 9_000)

    for refused in ({"amount": 9_001}, {"amount": 9_000, "method": "instant"}, {"currency": "eur"}):
        with pytest.raises(StripeFault) as error:
            company.double.pay_out(company.account, automatic=False, **refused)
        assert error.value.error["code"] == "balance_insufficient"
    with pytest.raises(StripeFault):
        company.double.pay_out(company.account, "eur")


def test_a_manual_schedule_pays_nothing_out_by_itself(company: Any) -> None:
    pay(company)

    company.double.advance(30 * DAY)

    assert payouts(company) == []
    assert company.v1.accounts.retrieve(company.account).settings.payouts.schedule.interval == "manual"


def test_payouts_stop_while_they_are_not_enabled(daily: Any) -> None:
    daily.double.update_account(daily.account, payouts_enabled=False)
    pay(daily)
    daily.double.advance(5 * DAY)
    assert payouts(daily) == []

    daily.double.update_account(daily.account, payouts_enabled=True)
    daily.double.advance(DAY)

    assert len(payouts(daily)) == 1


def test_payouts_are_filtered_by_status_and_arrival(daily: Any) -> None:
    for _ in range(3):
        pay(daily)
        daily.double.advance(DAY)
    daily.double.advance(DAY)
    first, second, third = payouts(daily)
    daily.double.fail_payout(daily.account, second.id)

    assert [each.id for each in payouts(daily, status="failed")] == [second.id]
    assert [each.id for each in payouts(daily, arrival_date=third.arrival_date)] == [third.id]
    assert [each.id for each in payouts(daily, arrival_date={"lt": second.arrival_date})] == [first.id]
    assert [each.id for each in payouts(daily, created={"gt": second.created})] == [third.id]


def test_a_payout_shows_its_bank_account_and_its_transactions(daily: Any) -> None:
    daily.double.update_account(daily.account, bank_name="FIRST POOL BANK", bank_last4="1234")
    pay(daily)
    daily.double.advance(2 * DAY)
    daily.double.fail_payout(daily.account, payouts(daily)[0].id)

    paths = ["destination", "balance_transaction", "failure_balance_transaction"]
    shown = daily.v1.payouts.retrieve(payouts(daily)[0].id, {"expand": paths}, daily.opts)

    assert (shown.destination.object, shown.destination.bank_name, shown.destination.last4) == (
        "bank_account",
        "FIRST POOL BANK",
        "1234",
    )
    assert shown.balance_transaction.net + shown.failure_balance_transaction.net == 0


def test_a_page_of_lines_may_fail_in_the_middle(company: Any) -> None:
    for amount in range(250):
        company.double.adjust(company.account, amount + 1)
    payout = reconciled(company, company.double.pay_out(company.account))
    company.double.order_fault("error_before", path="/v1/balance_transactions", account=company.account, skip=1)

    with pytest.raises(stripe.APIError):
        lines(company, payout)

    assert sum(each.net for each in lines(company, payout)) == payout.amount == 31_375


def test_payouts_can_be_controlled_over_http(company: Any) -> None:
    def control(path: str, **body: Any) -> Any:
        answer = company.double.handle(Request("POST", f"/_double/{path}", "", json.dumps(body).encode(), {}))
        return answer.status, json.loads(answer.body)

    account = company.account
    control(f"accounts/{account}", settlement_days=0, async_capture=False, bank_last4="0042")
    _, charge = control(f"charges/{account}/outside", amount=10_000)
    control(f"charges/{account}/{charge['id']}/refund", amount=1_000)
    control(f"fees/{account}", amount=200)
    control(f"adjustments/{account}", amount=-80, type="tax_fee", reporting_category="tax")

    status, payout = control(f"payouts/{account}")

    assert (status, payout["amount"]) == (200, 10_000 - 320 - 1_000 - 200 - 80)
    assert control(f"payouts/{account}/{payout['id']}/fail", failure_code="no_account")[1]["status"] == "failed"
    assert control(f"payouts/{account}/{payout['id']}/cancel")[0] == 400
    assert control(f"payouts/{account}/{payout['id']}/reverse")[0] == 400
    assert control(f"payouts/{account}", automatic=False, method="pigeon")[0] == 400
    assert control(f"accounts/{account}", payout_schedule="hourly")[0] == 400
    made, error = control("accounts", settlement_moons=1)
    assert made == 400
    assert "`payout_schedule`" in error["error"]


def test_a_quarter_of_2_000_payments_with_daily_payouts_takes_seconds() -> None:
    began = time.monotonic()
    double = StripeDouble(Config(seed=1), clock=Clock.frozen(), transport=lambda *_: 200)
    account = double.create_account(payout_schedule="daily")["id"]
    for _ in range(90):
        for amount in range(22):
            double.outside_charge(account, 5_000 + amount)
        double.advance(DAY)
    double.advance(5 * DAY)

    client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
    options: Any = {"stripe_account": account}
    made = list(client.v1.payouts.list({"limit": 100}, options).auto_paging_iter())
    moved = client.v1.balance_transactions.list({"limit": 100, "type": "charge"}, options).auto_paging_iter()

    assert len(made) == 90
    assert sum(each.amount for each in made) == sum(each.net for each in moved)
    assert double.balance(account) == {"available": {}, "pending": {}}
    assert time.monotonic() - began < 20
