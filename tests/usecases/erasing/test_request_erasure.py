"""An erasure is taken once nothing of the customer is open. From then on nothing new is taken for the customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import ErasureStatus, InStripe
from chalicelib.domain.errors import Conflict, CustomerErased, NotFound, Retryable
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.payments import payments_of
from chalicelib.ports.messages import ErasureJob
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.invoicing.invoice_saga import known_to_stripe
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.usecases.erasing.person import ANN, PROFILE, Company
from tests.world import ADMIN, OFFICE, ORGANIZATION


def open_invoice(company: Company) -> None:
    company.bill()


def draft(company: Company) -> None:
    company.bill(send=False)


def declined(company: Company) -> None:
    invoice = company.bill()
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    company.settle()


def debit_under_way(company: Company) -> None:
    invoice = company.bill(payment_methods=("us_bank_account",))
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_usBankAccount")
    company.settle()


def open_dispute(company: Company) -> None:
    [charge] = company.paid().facts.charges.values()
    company.world.double.open_dispute(company.account, charge.id)
    company.settle()


def refund_under_way(company: Company) -> None:
    invoice = company.bill(payment_methods=("us_bank_account",))
    paid = company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_usBankAccount")
    company.world.double.settle_debit(company.account, paid["payment_intent"])
    company.settle()
    company.stripe("refunds", "create", {"payment_intent": paid["payment_intent"]})


def queued_import(company: Company) -> None:
    rows = (Row(ANN, Save(PROFILE)),)
    import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", rows), company.world.ports)


REASONS: dict[str, Callable[[Company], None]] = {
    "customer_has_open_invoice": open_invoice,
    "customer_has_payment_under_way": debit_under_way,
    "customer_has_open_dispute": open_dispute,
    "customer_has_refund_under_way": refund_under_way,
    "customer_in_batch": queued_import,
}


@pytest.mark.parametrize("code", REASONS)
def test_an_erasure_is_refused_while_something_is_open_and_the_refusal_says_what(code: str, company: Company) -> None:
    REASONS[code](company)
    before = company.ann
    with pytest.raises(Conflict) as refused:
        company.ask()
    assert (refused.value.code, refused.value.others) == (code, ())
    assert company.ann == before
    named = [*(str(invoice) for _, invoice in company.world.ports.database.invoices), "bat_"]
    assert any(each in refused.value.message for each in named)


@pytest.mark.parametrize("story", [draft, declined])
def test_a_draft_and_an_invoice_whose_payment_failed_are_open(story: Any, company: Company) -> None:
    story(company)
    with pytest.raises(Conflict, match="customer_has_open_invoice"):
        company.ask()


def test_all_reasons_are_told_at_once(company: Company) -> None:
    open_dispute(company)
    open_invoice(company)
    queued_import(company)
    with pytest.raises(Conflict) as refused:
        company.ask()
    codes = [each.code for each in (refused.value, *refused.value.others)]
    assert codes == ["customer_has_open_invoice", "customer_has_open_dispute", "customer_in_batch"]


def test_an_invoice_that_is_voided_first_is_no_reason_any_more(company: Company) -> None:
    invoice = company.bill()
    void_invoice(ORGANIZATION, invoice.id, OFFICE, company.world.ports)
    assert company.ask().erased


def test_what_is_settled_is_no_reason(company: Company) -> None:
    company.paid()
    [charge] = company.paid().facts.charges.values()
    dispute = company.world.double.open_dispute(company.account, charge.id)
    company.world.double.move_dispute(company.account, dispute["id"], "lost")
    refunded = company.paid()
    company.stripe("refunds", "create", {"payment_intent": payments_of(refunded)[0].id})
    given_up = company.bill()
    company.stripe("invoices", "mark_uncollectible", str(given_up.stripe_invoice_id), None)
    assert company.ask().erased


def test_another_customers_open_invoice_is_no_reason(company: Company) -> None:
    company.bill(CustomerId("cust_2"))
    assert company.ask().erased


def test_the_erasure_says_who_asked_for_it_and_when_and_is_queued(company: Company) -> None:
    company.paid()
    company.world.ports.queues.take()
    closed = company.ask(InStripe.DELETE)
    assert closed == company.ann
    assert closed.erasure is not None
    now = company.world.ports.clock.now()
    asked = (closed.erasure.requested_by, closed.erasure.requested_at, closed.erasure.in_stripe)
    assert asked == (ADMIN, now, InStripe.DELETE)
    assert closed.erasure.status is ErasureStatus.WAITING
    assert company.world.ports.queues.take() == [ErasureJob(ORGANIZATION, ANN)]


def test_asking_again_answers_the_erasure_that_there_is(company: Company) -> None:
    first = company.ask(InStripe.KEEP)
    company.world.advance(60)
    company.world.ports.queues.take()
    again = request_erasure(ORGANIZATION, ANN, InStripe.KEEP, OFFICE, company.world.ports)
    assert (again, company.world.ports.queues.take()) == (first, [])


def test_asking_again_with_another_choice_is_refused_and_changes_nothing(company: Company) -> None:
    first = company.ask(InStripe.KEEP)
    with pytest.raises(Conflict, match="inStripe=keep"):
        company.ask(InStripe.DELETE)
    assert company.ann == first


def test_of_two_who_ask_at_once_one_is_the_first(company: Company) -> None:
    plain = company.world.ports.customers.save
    others: list[Any] = []

    def meanwhile(customer: Any, *given: Any) -> Any:
        company.world.ports.customers.save = plain  # type: ignore[method-assign]
        others.append(company.ask(InStripe.KEEP))
        return plain(customer, *given)

    company.world.ports.customers.save = meanwhile  # type: ignore[method-assign]
    assert company.ask(InStripe.KEEP) == others[0] == company.ann


def test_a_lost_message_delays_the_erasure_and_refuses_nothing(company: Company) -> None:
    company.world.ports.queues.failure = Retryable("queue_unavailable", "No queue.")
    assert company.ask().erased
    company.world.ports.queues.failure = None
    company.wait()
    assert company.status is ErasureStatus.ERASING


def test_deleting_in_stripe_needs_a_connection_and_keeping_does_not(company: Company) -> None:
    company.world.double.revoke(company.account)
    company.settle()
    with pytest.raises(Conflict, match="stripe_not_connected"):
        company.ask(InStripe.DELETE)
    assert not company.ann.erased
    assert company.ask(InStripe.KEEP).erased


def test_a_customer_that_is_not_there_cannot_be_erased(company: Company) -> None:
    with pytest.raises(NotFound, match="customer_not_found"):
        company.ask(customer_id=CustomerId("cust_9"))


def test_stripe_is_given_nothing_more_of_a_customer_that_is_to_be_erased(company: Company) -> None:
    invoice = company.paid()
    company.ask()
    company.world.double.api.log.reset()
    with pytest.raises(CustomerErased):
        known_to_stripe(None, invoice, company.world.ports)
    assert company.world.stripe_calls() == {}
