"""The gateway reads the fee of a payment, the lines of a payout, and the balance."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.balance_transactions import BalanceAmount, FeePart
from chalicelib.domain.errors import PayoutNotItemized, StripeRefused, StripeUnavailable
from chalicelib.domain.identifiers import StripeAccountId
from infra.stripe_double import DAY
from tests.adapters.stripe_company import StripeCompany

INTENT, CHARGE = "/v1/payment_intents/{id}", "/v1/charges/{id}"
LINES = "/v1/balance_transactions"


class Company(StripeCompany):
    """An account whose money is paid out."""

    def sale(self, amount: int = 10_000, **more: Any) -> str:
        """Takes a card payment without an invoice, and returns the id of its charge."""
        return str(self.double.outside_charge(self.account, amount, **more)["id"])

    def wait(self, seconds: int) -> None:
        self.double.advance(seconds)

    def requests(self) -> dict[tuple[str, str], int]:
        """Returns the number of requests since the last call, by method and path."""
        counts = self.double.api.log.counts()
        self.double.api.log.reset()
        return counts

    def paid_out(self, **more: Any) -> str:
        """Pays out everything once it is available and listed, and returns the payout's id."""
        self.wait(3 * DAY)
        payout = self.double.pay_out(self.account, **more)["id"]
        self.wait(3 * DAY)
        return str(payout)

    def lines(self, payout: str) -> list[Any]:
        """Returns all balance transactions of a payout as the gateway reads them."""
        pages = self.gateway.balance_transactions(self.account, payout)
        return [each for page in pages for each in page]


@pytest.fixture
def company() -> Company:
    return Company()


# Fees


def test_the_fee_of_a_card_payment_is_unknown_until_stripe_captures_the_payment(company: Company) -> None:
    payment = company.paid_invoice()
    assert company.gateway.balance_transaction_of(company.account, payment) is None

    company.wait(5)
    transaction = company.gateway.balance_transaction_of(company.account, payment)

    assert transaction is not None
    assert (transaction.amount, transaction.fee, transaction.net, transaction.currency) == (10_000, 320, 9_680, "usd")
    assert transaction.fee_parts == (FeePart("stripe_fee", 320, "Stripe processing fees"),)
    assert (transaction.type, transaction.category, transaction.exchange_rate) == ("charge", "charge", None)
    assert (transaction.source_type, transaction.payment_id, transaction.movement_id) == ("charge", payment, payment)
    assert (transaction.source_amount, transaction.source_currency) == (10_000, "usd")
    assert transaction.available_on > company.now()


def test_the_fee_of_a_payment_takes_one_request(company: Company) -> None:
    payment, charge = company.paid_invoice(), company.sale()
    company.wait(5)
    company.requests()

    company.gateway.balance_transaction_of(company.account, payment)
    assert sum(company.requests().values()) == 1
    company.gateway.balance_transaction_of(company.account, charge)
    assert sum(company.requests().values()) == 1


def test_a_charge_and_its_payment_intent_have_the_same_balance_transaction(company: Company) -> None:
    payment = company.paid_invoice()
    company.wait(5)
    [charge] = company.double.ledger(company.account)["objects"]["charge"]

    by_charge = company.gateway.balance_transaction_of(company.account, charge["id"])

    assert by_charge is not None
    assert by_charge == company.gateway.balance_transaction_of(company.account, payment)


def test_the_fee_of_a_bank_debit_is_known_once_the_debit_succeeds(company: Company) -> None:
    payment = company.paid_invoice("pm_usBankAccount")
    assert company.gateway.balance_transaction_of(company.account, payment) is None

    company.double.settle_debit(company.account, payment)
    transaction = company.gateway.balance_transaction_of(company.account, payment)

    assert transaction is not None
    assert (transaction.type, transaction.category, transaction.fee, transaction.net) == (
        "payment",
        "charge",
        80,
        9_920,
    )


def test_a_payment_that_stripe_does_not_have_has_no_balance_transaction(company: Company) -> None:
    assert company.gateway.balance_transaction_of(company.account, "pi_gone") is None
    assert company.gateway.balance_transaction_of(company.account, "ch_gone") is None


def test_tax_on_a_fee_is_part_of_the_fee() -> None:
    company = Company(fee_tax_rate=10.0)
    payment = company.paid_invoice()
    company.wait(5)

    transaction = company.gateway.balance_transaction_of(company.account, payment)

    assert transaction is not None
    assert [(part.type, part.amount) for part in transaction.fee_parts] == [("stripe_fee", 320), ("tax", 32)]
    assert transaction.fee == 352


def test_a_payment_in_another_currency_has_the_exchanged_amount_and_the_rate(company: Company) -> None:
    charge = company.sale(10_000, currency="eur")
    company.wait(5)
    [stripe_transaction] = company.double.ledger(company.account)["objects"]["balance_transaction"]

    transaction = company.gateway.balance_transaction_of(company.account, charge)

    assert transaction is not None
    assert (transaction.source_amount, transaction.source_currency, transaction.currency) == (10_000, "eur", "usd")
    assert transaction.exchange_rate == str(stripe_transaction["exchange_rate"])
    assert transaction.amount == stripe_transaction["amount"] != 10_000


# Payouts


def test_a_payout_is_read_with_its_bank(company: Company) -> None:
    company.sale()
    payout = company.gateway.payout(company.account, company.paid_out())

    assert payout is not None
    assert (payout.status, payout.amount, payout.currency) == ("paid", 9_680, "usd")
    assert (payout.destination, payout.last4) == ("STRIPE TEST BANK", "6789")
    assert (payout.automatic, payout.method, payout.reconciled) == (True, "standard", True)
    assert payout.as_of == company.now()
    assert payout.trace_id


def test_a_payout_that_stripe_does_not_have_is_none(company: Company) -> None:
    assert company.gateway.payout(company.account, "po_gone") is None


def test_a_failed_payout_has_its_reason_and_the_transaction_that_returned_its_money(company: Company) -> None:
    company.sale()
    payout_id = company.paid_out()
    company.double.fail_payout(company.account, payout_id, failure_code="account_closed")

    payout = company.gateway.payout(company.account, payout_id)

    assert payout is not None
    assert (payout.status, payout.failure_code, payout.returned) == ("failed", "account_closed", True)
    assert payout.failure_message == "The bank account has been closed."
    assert payout.failure_balance_transaction_id not in (None, payout.balance_transaction_id)


def test_a_payout_and_the_one_that_reverses_it_name_each_other(company: Company) -> None:
    company.sale()
    first = company.paid_out()
    second = str(company.double.reverse_payout(company.account, first)["id"])

    reversed_one, back = (company.gateway.payout(company.account, each) for each in (first, second))

    assert reversed_one is not None
    assert back is not None
    assert (reversed_one.reversed_by_id, back.original_payout_id) == (second, first)
    assert back.amount == -reversed_one.amount


def test_payouts_are_listed_from_a_given_time_with_their_banks(company: Company) -> None:
    company.sale()
    company.paid_out()
    began = company.now()
    company.sale()
    later = company.paid_out()

    payouts = list(company.gateway.payouts(company.account, began))

    assert [each.id for each in payouts] == [later]
    assert payouts == [company.gateway.payout(company.account, later)]


def test_the_lines_of_a_payout_without_the_payouts_own_add_up_to_its_amount(company: Company) -> None:
    refunded_charge = company.sale()
    company.wait(5)
    company.double.refund_charge(company.account, refunded_charge, amount=2_500)
    company.sale(7_500)
    company.double.account_fee(company.account, 290)
    payout_id = company.paid_out()

    lines = company.lines(payout_id)
    payout = company.gateway.payout(company.account, payout_id)

    assert payout is not None
    [own] = [each for each in lines if each.id == payout.balance_transaction_id]
    assert (own.source_type, own.source_id) == ("payout", payout_id)
    assert sum(each.net for each in lines if each is not own) == payout.amount
    assert {each.source_type for each in lines} == {"charge", "refund", "payout", None}
    for each in lines:
        assert each.moves_a_payment is (each.source_type in ("charge", "refund"))


def test_a_refund_and_a_dispute_in_a_payout_name_their_payment(company: Company) -> None:
    payment = company.paid_invoice()
    company.wait(5)
    [charge] = company.double.ledger(company.account)["objects"]["charge"]
    company.double.refund_charge(company.account, charge["id"], amount=1_000)
    company.double.open_dispute(company.account, charge["id"], amount=9_000)
    company.sale(50_000)

    lines = {each.category: each for each in company.lines(company.paid_out())}

    assert (lines["refund"].payment_id, lines["dispute"].payment_id) == (payment, payment)
    assert (lines["refund"].net, lines["refund"].source_amount) == (-1_000, 1_000)
    assert (lines["dispute"].amount, lines["dispute"].fee, lines["dispute"].net) == (-9_000, 1_500, -10_500)
    assert lines["dispute"].movement_id == lines["dispute"].source_id


def test_a_payout_of_250_lines_takes_three_requests_each_sent_when_its_page_is_read(company: Company) -> None:
    for _ in range(249):
        company.sale(1_000)
    payout = company.paid_out()
    company.requests()

    pages = company.gateway.balance_transactions(company.account, payout)
    assert company.requests() == {}
    sizes = []
    for page in pages:
        sizes.append(len(page))
        assert sum(company.requests().values()) == 1

    assert sizes == [100, 100, 50]


def test_reading_lines_continues_after_the_last_stored_one(company: Company) -> None:
    for _ in range(149):
        company.sale(1_000)
    payout = company.paid_out()
    first, second = company.gateway.balance_transactions(company.account, payout)

    [second_page] = company.gateway.balance_transactions(company.account, payout, after=first[-1].id)

    assert second_page == second
    assert not {each.id for each in first} & {each.id for each in second_page}


def test_a_failed_page_raises_an_error_and_can_be_requested_again(company: Company) -> None:
    for _ in range(149):
        company.sale(1_000)
    payout = company.paid_out()
    pages = company.gateway.balance_transactions(company.account, payout)
    first = next(pages)
    company.double.order_fault("error_before", path=LINES, count=9)

    with pytest.raises(StripeUnavailable):
        next(pages)

    company.double.clear_faults()
    [second_page] = company.gateway.balance_transactions(company.account, payout, after=first[-1].id)
    assert len(first) + len(second_page) == 150


@pytest.mark.parametrize("how", [{"automatic": False}, {"method": "instant"}], ids=["manual", "instant"])
def test_lines_of_a_payout_that_is_not_automatic_cannot_be_listed(company: Company, how: dict[str, Any]) -> None:
    company.sale()
    payout = company.paid_out(**how)

    with pytest.raises(PayoutNotItemized) as exc_info:
        company.lines(payout)

    assert "automatic" in exc_info.value.message
    assert exc_info.value.next_step


def test_an_unknown_position_in_the_list_raises_another_error(company: Company) -> None:
    company.sale()
    payout = company.paid_out()

    with pytest.raises(StripeRefused) as exc_info:
        list(company.gateway.balance_transactions(company.account, payout, after="txn_gone"))

    assert not isinstance(exc_info.value, PayoutNotItemized)


def test_another_companys_payout_is_not_returned(company: Company) -> None:
    company.sale()
    payout = company.paid_out()
    other_account = StripeAccountId(company.double.create_account()["id"])

    assert company.gateway.payout(other_account, payout) is None
    assert list(company.gateway.payouts(other_account, 0)) == []


# The balance


def test_the_balance_has_available_and_pending_amounts_in_each_currency() -> None:
    company = Company(settlement_currencies=("usd", "cad"))
    company.sale(10_000)
    company.wait(3 * DAY)
    company.sale(5_000)
    company.sale(2_000, currency="cad")
    company.wait(5)

    balance = company.gateway.balance(company.account)

    assert balance == (BalanceAmount("cad", 0, 1_912), BalanceAmount("usd", 9_680, 4_825))


def test_a_balance_may_be_negative(company: Company) -> None:
    company.double.account_fee(company.account, 290)

    assert company.gateway.balance(company.account) == (BalanceAmount("usd", -290, 0),)
