"""Fees to the cent, and the balance transactions of payments, refunds and disputes with their times."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stripe_double import DAY


def of_dispute(company: Any, dispute: str) -> list[Any]:
    """Returns the transactions that a dispute names. A list by the dispute's id is empty."""
    assert transactions(company, source=dispute) == []
    return list(company.v1.disputes.retrieve(dispute, None, company.opts).balance_transactions)


def transactions(company: Any, **filters: Any) -> list[Any]:
    """Returns the balance transactions, oldest first."""
    listing = company.v1.balance_transactions.list({"limit": 100, **filters}, company.opts)
    return list(reversed(listing.data))


def pay(company: Any, amount: int, method: str = "pm_card_visa", **params: Any) -> Any:
    """Returns the charge of a paid invoice, after its money was captured or its debit settled."""
    invoice = company.open(amount, **params)
    company.pay(invoice, method)
    company.double.advance(5 * DAY if "Bank" in method else 3)
    return company.charge(invoice)


def of(company: Any, charge: Any) -> Any:
    return company.v1.balance_transactions.retrieve(charge.balance_transaction, None, company.opts)


@pytest.mark.parametrize(
    ("amount", "fee"),
    [(50, 31), (100, 33), (500, 45), (7_500, 248), (10_000, 320), (17_241, 530), (17_242, 530), (99_999, 2_930)],
)
def test_a_card_payment_costs_2_9_percent_and_30_cents_rounded_half_up(company: Any, amount: int, fee: int) -> None:
    transaction = of(company, pay(company, amount))

    assert (transaction.amount, transaction.fee, transaction.net) == (amount, fee, amount - fee)
    assert (transaction.type, transaction.reporting_category) == ("charge", "charge")
    [part] = transaction.fee_details
    assert (part.amount, part.type, part.currency) == (fee, "stripe_fee", "usd")


@pytest.mark.parametrize(
    ("amount", "fee"), [(100, 1), (187, 1), (188, 2), (7_500, 60), (62_500, 500), (900_000, 500)]
)
def test_a_bank_debit_costs_0_8_percent_and_at_most_5_dollars(company: Any, amount: int, fee: int) -> None:
    transaction = of(company, pay(company, amount, "pm_usBankAccount"))

    assert (transaction.amount, transaction.fee, transaction.net) == (amount, fee, amount - fee)
    assert (transaction.type, transaction.reporting_category) == ("payment", "charge")


def test_the_tax_on_a_fee_is_a_part_of_the_fee(company: Any) -> None:
    company.double.update_account(company.account, fee_tax_rate=8.25)

    transaction = of(company, pay(company, 10_000))

    assert [(part.type, part.amount) for part in transaction.fee_details] == [("stripe_fee", 320), ("tax", 26)]
    assert (transaction.fee, transaction.net) == (346, 9_654)


def test_the_tax_on_a_disputes_fee_comes_back_with_the_fee(company: Any) -> None:
    company.double.update_account(company.account, fee_tax_rate=8.25)
    dispute = company.double.open_dispute(company.account, pay(company, 10_000).id)["id"]

    company.double.move_dispute(company.account, dispute, "won")

    taken, back = of_dispute(company, dispute)
    assert ([part.amount for part in taken.fee_details], taken.net) == ([1_500, 124], -11_624)
    assert ([part.amount for part in back.fee_details], back.net) == ([-1_500, -124], 11_624)


def test_stripe_keeps_the_fee_of_a_won_dispute_if_the_account_setting_says_so(company: Any) -> None:
    company.double.update_account(company.account, returns_dispute_fees=False)
    dispute = company.double.open_dispute(company.account, pay(company, 10_000).id)["id"]

    company.double.move_dispute(company.account, dispute, "won")

    taken, back = of_dispute(company, dispute)
    assert (taken.fee, taken.net) == (1_500, -11_500)
    assert (back.fee, back.fee_details, back.net, back.status) == (0, [], 10_000, "pending")


def test_a_refund_returns_the_amount_and_stripe_keeps_the_fee(company: Any) -> None:
    charge = pay(company, 10_000)

    refund = company.v1.refunds.create({"charge": charge.id, "amount": 4_000}, company.opts)

    [transaction] = transactions(company, source=refund.id)
    assert (transaction.amount, transaction.fee, transaction.net) == (-4_000, 0, -4_000)
    assert (transaction.type, transaction.reporting_category) == ("refund", "refund")
    assert refund.balance_transaction == transaction.id


@pytest.mark.parametrize("outcome", ["failed", "canceled"])
def test_a_failed_or_canceled_refund_of_a_bank_debit_returns_its_money(company: Any, outcome: str) -> None:
    charge = pay(company, 10_000, "pm_usBankAccount")
    refund = company.v1.refunds.create({"charge": charge.id}, company.opts).id

    ended = company.double.settle_refund(company.account, refund, outcome=outcome)

    taken, back = transactions(company, source=refund)
    assert (taken.type, taken.net, back.type, back.net) == ("payment_refund", -10_000, "refund_failure", 10_000)
    assert back.reporting_category == "refund_failure"
    assert ended["failure_balance_transaction"] == back.id


def test_a_dispute_takes_amount_and_fee_together_and_a_win_returns_both(company: Any) -> None:
    charge = pay(company, 10_000)
    dispute = company.double.open_dispute(company.account, charge.id)["id"]

    won = company.double.move_dispute(company.account, dispute, "won")

    taken, back = of_dispute(company, dispute)
    assert (taken.type, taken.reporting_category) == ("adjustment", "dispute")
    assert (taken.amount, taken.fee, taken.net) == (-10_000, 1_500, -11_500)
    assert (back.type, back.reporting_category) == ("adjustment", "dispute_reversal")
    assert (back.amount, back.fee, back.net) == (10_000, -1_500, 11_500)
    assert [each["id"] for each in won["balance_transactions"]] == [taken.id, back.id]


def test_an_inquiry_and_a_lost_dispute_move_no_more_money(company: Any) -> None:
    charge = pay(company, 10_000)
    inquiry = company.double.open_dispute(company.account, charge.id, reason="inquiry")["id"]
    assert of_dispute(company, inquiry) == []

    company.double.move_dispute(company.account, inquiry, "lost")

    assert [each.net for each in of_dispute(company, inquiry)] == [-11_500]


def test_an_inquiry_that_is_won_returns_nothing_because_it_took_nothing(company: Any) -> None:
    charge = pay(company, 10_000)
    inquiry = company.double.open_dispute(company.account, charge.id, reason="inquiry")["id"]

    company.double.move_dispute(company.account, inquiry, "won")

    assert of_dispute(company, inquiry) == []


def test_the_balance_transaction_of_a_card_charge_comes_seconds_after_its_success(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice)
    assert company.charge(invoice).balance_transaction is None
    [succeeded] = company.events("charge.succeeded")
    assert succeeded.data.object.balance_transaction is None

    company.double.advance(2.9)
    assert company.events("charge.updated") == []
    company.double.advance(0.1)

    [updated] = company.events("charge.updated")
    assert updated.data.previous_attributes.to_dict() == {"balance_transaction": None}
    assert updated.data.object.balance_transaction == company.charge(invoice).balance_transaction is not None


def test_an_account_that_captures_at_once_gets_no_second_event(company: Any) -> None:
    company.double.update_account(company.account, async_capture=False)
    invoice = company.open()
    company.pay(invoice)

    [succeeded] = company.events("charge.succeeded")
    assert succeeded.data.object.balance_transaction == company.charge(invoice).balance_transaction is not None
    company.double.advance(DAY)
    assert company.events("charge.updated") == []


def test_a_bank_debit_has_its_balance_transaction_when_it_settles(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "pm_usBankAccount")
    assert company.charge(invoice).balance_transaction is None

    company.double.advance(4 * DAY)

    [succeeded] = company.events("charge.succeeded")
    assert succeeded.data.object.balance_transaction is not None
    assert company.events("charge.updated") == []


def test_a_refund_and_a_dispute_are_possible_before_the_capture(company: Any) -> None:
    invoice = company.open(10_000)
    company.pay(invoice)
    charge = company.charge(invoice).id
    refund = company.v1.refunds.create({"charge": charge, "amount": 1_000}, company.opts)
    company.double.open_dispute(company.account, charge, amount=9_000)

    company.double.advance(3)

    assert [each.type for each in transactions(company)] == ["refund", "adjustment", "charge"]
    assert refund.balance_transaction is not None
    assert len({each.available_on for each in transactions(company)}) == 1


def test_money_is_available_two_days_later_at_midnight_utc(company: Any) -> None:
    now = int(company.double.clock.now())
    transaction = of(company, pay(company, 10_000))
    assert transaction.available_on == (now // DAY + 2) * DAY
    assert transaction.status == "pending"
    assert company.double.balance(company.account) == {"available": {"usd": 0}, "pending": {"usd": 9_680}}

    company.double.advance(transaction.available_on - company.double.clock.now() - 1)
    assert of(company, company.v1.charges.retrieve(transaction.source, None, company.opts)).status == "pending"
    company.double.advance(1)

    assert company.v1.balance_transactions.retrieve(transaction.id, None, company.opts).status == "available"
    balance = company.v1.balance.retrieve(None, company.opts)
    assert [(each.amount, each.currency) for each in balance.available] == [(9_680, "usd")]
    assert [(each.amount, each.currency) for each in balance.pending] == [(0, "usd")]


def test_a_payment_in_another_currency_is_converted_before_its_fee(company: Any) -> None:
    transaction = of(company, pay(company, 10_000, currency="eur"))

    assert (transaction.amount, transaction.currency, transaction.exchange_rate) == (11_000, "usd", 1.1)
    assert (transaction.fee, transaction.net) == (349, 10_651)
    assert transaction.fee_details[0].currency == "usd"


def test_a_currency_without_minor_units_is_converted_into_one_that_has_them(company: Any) -> None:
    transaction = of(company, pay(company, 5_000, currency="jpy"))

    assert (transaction.amount, transaction.currency, transaction.exchange_rate) == (3_350, "usd", 0.67)


def test_an_account_with_a_balance_in_the_currency_converts_nothing(company: Any) -> None:
    company.double.update_account(company.account, settlement_currencies=["usd", "eur"])

    transaction = of(company, pay(company, 10_000, currency="eur"))

    assert (transaction.amount, transaction.currency, transaction.exchange_rate) == (10_000, "eur", None)
    assert transaction.fee == 320
    pending = company.v1.balance.retrieve(None, company.opts).pending
    assert [(each.amount, each.currency) for each in pending] == [(0, "usd"), (9_680, "eur")]


def test_a_transaction_names_its_source(company: Any) -> None:
    charge = pay(company, 10_000)
    refund = company.v1.refunds.create({"charge": charge.id}, company.opts)
    dispute = company.double.open_dispute(company.account, pay(company, 500).id)
    company.double.account_fee(company.account, 1_234)

    listing = company.v1.balance_transactions.list({"limit": 100, "expand": ["data.source.charge"]}, company.opts)

    sources = [each.source and each.source.id for each in reversed(listing.data)]
    assert sources[:2] == [charge.id, refund.id]
    assert sources[3:] == [dispute["id"], None]
    assert (
        next(each.source for each in listing.data if each.source and each.source.id == refund.id).charge.id
        == charge.id
    )


def test_transactions_are_listed_newest_first_in_pages_and_by_type_and_currency(company: Any) -> None:
    transaction_ids = [company.double.adjust(company.account, each, "adjustment")["id"] for each in range(1, 6)]
    company.double.adjust(company.account, 7, "reserved_funds", "risk_reserved_funds", currency="eur")

    def ids(**params: Any) -> list[str]:
        return [each.id for each in company.v1.balance_transactions.list(params, company.opts).data]

    assert ids(type="adjustment", limit=2) == [transaction_ids[4], transaction_ids[3]]
    assert ids(type="adjustment", limit=2, starting_after=transaction_ids[3]) == [
        transaction_ids[2],
        transaction_ids[1],
    ]
    assert ids(type="adjustment", limit=2, ending_before=transaction_ids[3]) == [transaction_ids[4]]
    assert ids(currency="usd") == transaction_ids[::-1]
    assert ids(created={"gt": int(company.double.clock.now())}) == []


def test_a_fee_of_the_account_belongs_to_no_payment(company: Any) -> None:
    fee = company.double.account_fee(company.account, 2_500, "Billing - Usage Fee (November)")

    assert (fee["type"], fee["reporting_category"], fee["source"], fee["net"]) == ("stripe_fee", "fee", None, -2_500)


def test_a_transaction_may_have_an_unknown_type_and_category(company: Any) -> None:
    strange = company.double.adjust(company.account, -77, "moon_tax", "lunar_funds", "Levy")

    transaction = company.v1.balance_transactions.retrieve(strange["id"], None, company.opts)

    assert (transaction.type, transaction.reporting_category, transaction.net, transaction.description) == (
        "moon_tax",
        "lunar_funds",
        -77,
        "Levy",
    )
