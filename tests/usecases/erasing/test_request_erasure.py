"""Tests requests of erasures: a request is accepted once nothing of the customer is open, and closes the customer."""

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


def declined_payment(company: Company) -> None:
    invoice = company.bill()
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    company.settle()


def debit_under_way(company: Company) -> None:
    invoice = company.bill(payment_methods=("us_bank_account",))
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_usBankAccount")
    company.settle()


def open_dispute(company: Company) -> None:
    [charge] = company.bill_and_pay().facts.charges.values()
    company.world.double.open_dispute(company.account, charge.id)
    company.settle()


def refund_under_way(company: Company) -> None:
    invoice = company.bill(payment_methods=("us_bank_account",))
    payment = company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_usBankAccount")
    company.world.double.settle_debit(company.account, payment["payment_intent"])
    company.settle()
    company.act_in_stripe("refunds", "create", {"payment_intent": payment["payment_intent"]})


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
def test_an_erasure_is_refused_while_something_is_open_and_the_refusal_names_the_reason(
    code: str, company: Company
) -> None:
    REASONS[code](company)
    before = company.ann
    with pytest.raises(Conflict) as refusal:
        company.request()
    assert (refusal.value.code, refusal.value.others) == (code, ())
    assert company.ann == before
    ids = [*(str(invoice) for _, invoice in company.world.ports.database.invoices), "bat_"]
    assert any(each in refusal.value.message for each in ids)


@pytest.mark.parametrize("prepare", [draft, declined_payment])
def test_a_draft_and_an_invoice_with_a_failed_payment_count_as_open(prepare: Any, company: Company) -> None:
    prepare(company)
    with pytest.raises(Conflict, match="customer_has_open_invoice"):
        company.request()


def test_a_refusal_names_all_reasons_together(company: Company) -> None:
    open_dispute(company)
    open_invoice(company)
    queued_import(company)
    with pytest.raises(Conflict) as refusal:
        company.request()
    codes = [each.code for each in (refusal.value, *refusal.value.others)]
    assert codes == ["customer_has_open_invoice", "customer_has_open_dispute", "customer_in_batch"]


def test_a_voided_invoice_does_not_prevent_an_erasure(company: Company) -> None:
    invoice = company.bill()
    void_invoice(ORGANIZATION, invoice.id, OFFICE, company.world.ports)
    assert company.request().erased


def test_settled_invoices_do_not_prevent_an_erasure(company: Company) -> None:
    company.bill_and_pay()
    [charge] = company.bill_and_pay().facts.charges.values()
    dispute = company.world.double.open_dispute(company.account, charge.id)
    company.world.double.move_dispute(company.account, dispute["id"], "lost")
    refunded_invoice = company.bill_and_pay()
    company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(refunded_invoice)[0].id})
    uncollectible = company.bill()
    company.act_in_stripe("invoices", "mark_uncollectible", str(uncollectible.stripe_invoice_id), None)
    assert company.request().erased


def test_an_open_invoice_of_another_customer_does_not_prevent_an_erasure(company: Company) -> None:
    company.bill(CustomerId("cust_2"))
    assert company.request().erased


def test_a_requested_erasure_names_its_requester_and_is_queued(company: Company) -> None:
    company.bill_and_pay()
    company.world.ports.queues.take()
    customer = company.request(InStripe.DELETE)
    assert customer == company.ann
    assert customer.erasure is not None
    now = company.world.ports.clock.now()
    request = (customer.erasure.requested_by, customer.erasure.requested_at, customer.erasure.in_stripe)
    assert request == (ADMIN, now, InStripe.DELETE)
    assert customer.erasure.status is ErasureStatus.WAITING
    assert company.world.ports.queues.take() == [ErasureJob(ORGANIZATION, ANN)]


def test_a_repeated_request_returns_the_present_erasure(company: Company) -> None:
    first = company.request(InStripe.KEEP)
    company.world.advance(60)
    company.world.ports.queues.take()
    again = request_erasure(ORGANIZATION, ANN, InStripe.KEEP, OFFICE, company.world.ports)
    assert (again, company.world.ports.queues.take()) == (first, [])


def test_a_repeated_request_with_another_choice_is_refused(company: Company) -> None:
    first = company.request(InStripe.KEEP)
    with pytest.raises(Conflict, match="inStripe=keep"):
        company.request(InStripe.DELETE)
    assert company.ann == first


def test_two_simultaneous_requests_make_one_erasure(company: Company) -> None:
    save = company.world.ports.customers.save
    other_results: list[Any] = []

    def request_and_save(customer: Any, *arguments: Any) -> Any:
        company.world.ports.customers.save = save  # type: ignore[method-assign]
        other_results.append(company.request(InStripe.KEEP))
        return save(customer, *arguments)

    company.world.ports.customers.save = request_and_save  # type: ignore[method-assign]
    assert company.request(InStripe.KEEP) == other_results[0] == company.ann


def test_a_lost_message_only_delays_the_erasure(company: Company) -> None:
    company.world.ports.queues.failure = Retryable("queue_unavailable", "No queue.")
    assert company.request().erased
    company.world.ports.queues.failure = None
    company.wait()
    assert company.status is ErasureStatus.ERASING


def test_only_deletion_in_stripe_needs_a_connection(company: Company) -> None:
    company.world.double.revoke(company.account)
    company.settle()
    with pytest.raises(Conflict, match="stripe_not_connected"):
        company.request(InStripe.DELETE)
    assert not company.ann.erased
    assert company.request(InStripe.KEEP).erased


def test_an_unknown_customer_cannot_be_erased(company: Company) -> None:
    with pytest.raises(NotFound, match="customer_not_found"):
        company.request(customer_id=CustomerId("cust_9"))


def test_a_closed_customer_is_no_longer_sent_to_stripe(company: Company) -> None:
    invoice = company.bill_and_pay()
    company.request()
    company.world.double.api.log.reset()
    with pytest.raises(CustomerErased):
        known_to_stripe(None, invoice, company.world.ports)
    assert company.world.stripe_calls() == {}
