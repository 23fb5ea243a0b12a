"""The gateway refunds a payment once, and raises Stripe's reason if Stripe refuses the refund."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from chalicelib.adapters.stripe.refund_refusals import BY_CODE, refund_refusal
from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.domain.errors import AccountUnreachable, Gone, StripeRefused, StripeUnavailable
from chalicelib.domain.payment_facts import RefundFact
from infra.stripe_double import DAY
from tests.adapters.stripe_company import StripeCompany
from tests.literals import literals

ORDER = "rfd_of_pom"
KEY = "pom-refund-1"


class Company(StripeCompany):
    """An account with one payment of 100.00, whose refunds are ordered here."""

    payment = ""

    def pay(self, method: str = "pm_card_visa") -> Company:
        """Creates and pays an invoice, and returns the company."""
        self.payment = self.paid_invoice(method)
        return self

    def refund(self, amount: int = 10_000, payment: str | None = None, **more: Any) -> RefundFact:
        ordered = {"reason": None, "order_id": ORDER, "key": KEY, **more}
        return self.gateway.refund(self.account, payment or self.payment, amount, **ordered)

    def in_stripe(self, kind: str) -> list[Any]:
        return list(self.double.ledger(self.account)["objects"].get(kind, []))


@pytest.fixture
def company() -> Company:
    return Company()


def test_a_partial_refund_is_found_again_by_its_refund_order(company: Company) -> None:
    company.pay()

    stripe_refund = company.refund(2_500, reason="requested_by_customer")

    assert (stripe_refund.status, stripe_refund.amount, stripe_refund.currency) == ("succeeded", 2_500, "usd")
    assert (stripe_refund.reason, stripe_refund.order_id, stripe_refund.payment_intent_id) == (
        "requested_by_customer",
        ORDER,
        company.payment,
    )
    assert stripe_refund.seen == {"succeeded": company.now()}
    assert list(company.gateway.refunds_of(company.account, company.payment)) == [stripe_refund]


def test_a_payment_without_an_intent_is_refunded_by_its_charge(company: Company) -> None:
    charge = company.pay().in_stripe("charge")[0]["id"]

    stripe_refund = company.refund(payment=charge)

    assert stripe_refund.charge_id == charge
    assert [each.id for each in company.gateway.refunds_of(company.account, charge)] == [stripe_refund.id]


def test_the_same_order_is_refunded_once_and_returns_the_present_status(company: Company) -> None:
    company.pay("pm_card_refundFail")
    first = company.refund()
    company.double.settle_refund(company.account, first.id, outcome="failed", reason="lost_or_stolen_card")

    again = company.refund()

    assert (again.id, again.status, again.failure_reason) == (first.id, "failed", "lost_or_stolen_card")
    assert len(company.in_stripe("refund")) == 1


def test_a_refund_whose_response_is_lost_is_found_by_its_order(company: Company) -> None:
    company.pay()
    company.double.order_fault("close_after", path="/v1/refunds", count=9)

    with pytest.raises(StripeUnavailable):
        company.refund()

    company.double.clear_faults()
    refunds = company.gateway.refunds_of(company.account, company.payment)
    assert [each.order_id for each in refunds] == [ORDER]
    assert company.refund().id == refunds[0].id


def after_a_full_refund(company: Company) -> None:
    company.pay().refund(key="another")


def after_a_part(company: Company) -> None:
    company.pay().refund(1, key="another")


def dispute(company: Company) -> None:
    company.pay("pm_card_createDispute")


def with_an_empty_balance(company: Company) -> None:
    company.pay().double.update_account(company.account, covers_refunds=False)


def refund_under_way(company: Company) -> None:
    company.pay("000123456789")


def half_a_year_ago(company: Company) -> None:
    company.pay("000123456789").double.advance(190 * DAY)


@pytest.mark.parametrize(
    ("prepare", "code", "what_helps"),
    [
        (after_a_full_refund, "refund_already_made", "Nothing is left to do"),
        (after_a_part, "refund_exceeds_payment", "what is left"),
        (dispute, "refund_of_disputed_payment", "dispute"),
        (with_an_empty_balance, "refund_exceeds_balance", "Add money"),
        (refund_under_way, "refund_of_unpaid", "Wait until the payment has arrived"),
        (half_a_year_ago, "refund_not_possible", "another way"),
    ],
)
def test_a_refusal_has_a_reason_and_a_next_step(
    company: Company, prepare: Callable[[Company], None], code: str, what_helps: str
) -> None:
    prepare(company)
    before = company.in_stripe("refund")

    with pytest.raises(StripeRefused) as exc_info:
        company.refund()

    assert exc_info.value.code == code
    assert exc_info.value.message.startswith("Stripe refused: ")
    assert what_helps in (exc_info.value.next_step or "")
    assert code in ERROR_CODES[422]
    assert company.in_stripe("refund") == before


def test_an_unlisted_refusal_has_stripes_own_message(company: Company) -> None:
    with pytest.raises(StripeRefused, match="must be one of") as exc_info:
        company.pay().refund(reason="boredom")
    assert exc_info.value.code == "stripe_refused"


def test_a_refund_of_a_payment_that_stripe_does_not_have_is_refused(company: Company) -> None:
    with pytest.raises(Gone):
        company.refund(payment="pi_unknown")


def test_a_company_that_has_disconnected_cannot_refund_through_pom(company: Company) -> None:
    company.pay().double.revoke(company.account)
    with pytest.raises(AccountUnreachable):
        company.refund()


def test_each_refusal_code_that_is_read_is_listed_by_stripe() -> None:
    documented_codes = set(literals(stripe.PaymentIntent.LastPaymentError.__annotations__["code"]))
    assert set(BY_CODE) <= documented_codes


@pytest.mark.parametrize("stripes_code", BY_CODE)
def test_each_refusal_code_has_a_stable_code_and_a_next_step(stripes_code: str) -> None:
    refusal = refund_refusal(stripe.InvalidRequestError("No.", param=None, code=stripes_code))
    assert refusal is not None
    assert refusal.code in ERROR_CODES[422]
    assert refusal.next_step
