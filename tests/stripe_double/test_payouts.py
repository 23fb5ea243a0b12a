"""Daily payouts and their lines."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY, Clock, Config, InProcessClient, StripeDouble
from infra.stripe_double.http.messages import Request

HOUR = 3_600


def test_the_balance_available_at_midnight_is_paid_out_and_arrives_two_days_later(daily: Any) -> None:
    charge = daily.paid()
    began = int(daily.double.clock.now())

    daily.double.advance(2 * DAY - 1)
    assert daily.payouts() == []
    daily.double.advance(1)

    [payout] = daily.payouts()
    assert (payout.amount, payout.currency, payout.automatic, payout.method) == (9_680, "usd", True, "standard")
    assert (payout.status, payout.reconciliation_status) == ("pending", "in_progress")
    assert (payout.created, payout.arrival_date) == (began + 2 * DAY, began + 4 * DAY)
    daily.double.advance(DAY)
    assert daily.payouts()[0].status == "in_transit"
    daily.double.advance(DAY)
    [payout] = daily.payouts()
    assert (payout.status, payout.reconciliation_status) == ("paid", "completed")
    assert [each.source for each in daily.lines(payout)] == [charge.id]
    assert [each.type for each in daily.events("payout.*")] == [
        "payout.created", "payout.updated", "payout.reconciliation_completed", "payout.paid",
    ]  # fmt: skip


def test_the_lines_of_a_payout_of_any_type_sum_to_its_amount(daily: Any) -> None:
    first, second = daily.paid(10_000), daily.paid(20_000)
    daily.double.advance(DAY)
    daily.v1.refunds.create({"charge": first.id, "amount": 2_500}, daily.opts)
    daily.double.open_dispute(daily.account, second.id)
    other = daily.double.outside_charge(daily.account, 5_000)
    daily.double.account_fee(daily.account, 1_000)
    daily.double.adjust(daily.account, -300, "tax_fee", "tax")
    daily.double.adjust(daily.account, 17, "moon_tax", "lunar_funds")
    daily.double.advance(5 * DAY)

    payouts = daily.payouts()

    for payout in payouts:
        assert sum(each.net for each in daily.lines(payout)) == payout.amount
    lines = [each for payout in payouts for each in daily.lines(payout)]
    assert {each.reporting_category for each in lines} == {"charge", "refund", "dispute", "fee", "tax", "lunar_funds"}
    assert other["id"] in {each.source for each in lines}
    assert len({each.id for each in lines}) == len(lines)


def test_the_list_includes_the_payouts_own_line(daily: Any) -> None:
    daily.paid()
    daily.double.advance(3 * DAY)
    [payout] = daily.payouts()

    listed_payouts = daily.v1.balance_transactions.list({"payout": payout.id}, daily.opts).data

    assert (listed_payouts[0].id, listed_payouts[0].net) == (payout.balance_transaction, -9_680)
    assert (listed_payouts[0].type, listed_payouts[0].reporting_category, listed_payouts[0].source) == (
        "payout",
        "payout",
        payout.id,
    )
    assert sum(each.net for each in listed_payouts) == 0


def test_until_its_reconciliation_is_completed_a_payout_lists_only_its_own_line(daily: Any) -> None:
    daily.paid()
    daily.double.advance(2 * DAY + HOUR - 1)
    [payout] = daily.payouts()
    assert [each.type for each in daily.v1.balance_transactions.list({"payout": payout.id}, daily.opts)] == ["payout"]

    daily.double.advance(1)

    assert len(daily.lines(payout)) == 1


def test_a_negative_balance_is_taken_from_the_bank_account(daily: Any) -> None:
    charge = daily.paid()
    daily.double.advance(2 * DAY)
    daily.v1.refunds.create({"charge": charge.id}, daily.opts)

    daily.double.advance(4 * DAY)

    deposit, debit = daily.payouts()
    assert (deposit.amount, debit.amount, debit.status) == (9_680, -10_000, "paid")
    assert [each.type for each in daily.lines(debit)] == ["refund"]


def test_each_currency_has_its_own_payout_and_bank_account(daily: Any) -> None:
    daily.double.update_account(daily.account, settlement_currencies=["usd", "eur"])
    daily.paid()
    daily.paid(20_000, currency="eur")

    daily.double.advance(2 * DAY)

    listed_payouts = daily.v1.payouts.list({"expand": ["data.destination"]}, daily.opts).data
    assert {each.currency: each.amount for each in listed_payouts} == {"usd": 9_680, "eur": 19_390}
    assert {each.destination.currency for each in listed_payouts} == {"usd", "eur"}


def test_a_minimum_balance_is_held_back_from_a_payout_and_released_after_it(daily: Any) -> None:
    daily.double.update_account(daily.account, minimum_balance={"usd": 1_000})
    daily.paid()
    daily.double.advance(3 * DAY)

    [payout] = daily.payouts()

    assert payout.amount == 8_680
    assert [(each.type, each.reporting_category, each.net) for each in daily.lines(payout)] == [
        ("charge", "charge", 9_680),
        ("payout_minimum_balance_hold", "payout_minimum_balance_hold", -1_000),
    ]
    assert daily.double.balance(daily.account)["available"] == {"usd": 1_000}
    daily.paid()
    daily.double.advance(3 * DAY)
    [_, second] = daily.payouts()
    assert [each.net for each in daily.lines(second)] == [1_000, 9_680, -1_000]
    assert second.amount == 9_680


def test_a_balance_below_the_minimum_is_not_paid_out(daily: Any) -> None:
    daily.double.update_account(daily.account, minimum_balance={"usd": 9_680})
    daily.paid()

    daily.double.advance(5 * DAY)

    assert daily.payouts() == []


def test_a_manual_schedule_creates_no_payouts(company: Any) -> None:
    company.paid()

    company.double.advance(30 * DAY)

    assert company.payouts() == []
    assert company.v1.accounts.retrieve(company.account).settings.payouts.schedule.interval == "manual"


def test_payouts_stop_while_they_are_not_enabled(daily: Any) -> None:
    daily.double.update_account(daily.account, payouts_enabled=False)
    daily.paid()
    daily.double.advance(5 * DAY)
    assert daily.payouts() == []

    daily.double.update_account(daily.account, payouts_enabled=True)
    daily.double.advance(DAY)

    assert len(daily.payouts()) == 1


def test_payouts_are_filtered_by_status_and_arrival(daily: Any) -> None:
    for _ in range(3):
        daily.paid()
        daily.double.advance(DAY)
    daily.double.advance(DAY)
    first, second, third = daily.payouts()
    daily.double.fail_payout(daily.account, second.id)

    assert [each.id for each in daily.payouts(status="failed")] == [second.id]
    assert [each.id for each in daily.payouts(arrival_date=third.arrival_date)] == [third.id]
    assert [each.id for each in daily.payouts(arrival_date={"lt": second.arrival_date})] == [first.id]
    assert [each.id for each in daily.payouts(created={"gt": second.created})] == [third.id]


def test_a_page_of_lines_may_fail_in_the_middle(company: Any) -> None:
    for amount in range(250):
        company.double.adjust(company.account, amount + 1)
    company.double.pay_out(company.account)
    company.double.advance(HOUR)
    payout = company.payouts()[-1]
    company.double.order_fault("error_before", path="/v1/balance_transactions", account=company.account, skip=1)

    with pytest.raises(stripe.APIError):
        company.lines(payout)

    assert sum(each.net for each in company.lines(payout)) == payout.amount == 31_375


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
    payouts, error = control("accounts", settlement_moons=1)
    assert payouts == 400
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
    payouts = list(client.v1.payouts.list({"limit": 100}, options).auto_paging_iter())
    moved = client.v1.balance_transactions.list({"limit": 100, "type": "charge"}, options).auto_paging_iter()

    assert len(payouts) == 90
    assert sum(each.amount for each in payouts) == sum(each.net for each in moved)
    assert double.balance(account) == {"available": {}, "pending": {}}
    assert time.monotonic() - began < 20


def test_the_owner_pays_out_the_available_balance_by_api(company: Any) -> None:
    company.pay(company.open(10_000), "pm_card_bypassPending")
    company.double.advance(company.double.config.capture_seconds)
    [available] = company.v1.balance.retrieve(None, company.opts).available
    assert available.amount == 10_000 - 320
    given = {"amount": 5_000, "currency": "usd", "description": "Now", "metadata": {"a": "b"}}

    payouts = company.v1.payouts.create(given, company.opts)

    assert (payouts.amount, payouts.automatic, payouts.method, payouts.status) == (
        5_000,
        False,
        "standard",
        "pending",
    )
    assert (payouts.description, payouts.metadata.to_dict()) == ("Now", {"a": "b"})
    [created] = company.events("payout.created")
    assert created.data.object.metadata.to_dict() == {"a": "b"}
    [left] = company.v1.balance.retrieve(None, company.opts).available
    assert left.amount == available.amount - 5_000


def test_a_payout_of_more_than_the_available_balance_is_refused(company: Any) -> None:
    company.pay(company.open(10_000))

    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.payouts.create({"amount": 5_000, "currency": "usd"}, company.opts)

    assert error.value.code == "balance_insufficient"
