"""Payments that are attached to an invoice (https://docs.stripe.com/invoicing/partial-payments)."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY

BACK = "https://example.com/back"
MANDATE = {"customer_acceptance": {"type": "offline", "offline": {}}}


def intent(company: Any, invoice: Any, amount: int, **params: Any) -> Any:
    params_sent = {"amount": amount, "currency": "usd", "customer": invoice.customer, **params}
    return company.v1.payment_intents.create(params_sent, company.opts)


def attach(company: Any, invoice: Any, attached: Any) -> Any:
    params_sent = {"payment_intent": attached.id, "expand": ["payments"]}
    return company.v1.invoices.attach_payment(invoice.id, params_sent, company.opts)


def confirm(company: Any, attached: Any, token: str = "pm_card_visa", **params: Any) -> Any:
    params_sent = {"payment_method": token, "return_url": BACK, **params}
    return company.v1.payment_intents.confirm(attached.id, params_sent, company.opts)


def test_an_intent_that_has_succeeded_counts_as_soon_as_it_is_attached(company: Any) -> None:
    invoice = company.open(10_000)
    paid = confirm(company, intent(company, invoice, 4_000))
    event_count = len(company.events())

    after = attach(company, invoice, paid)

    assert (after.status, after.amount_paid, after.amount_remaining) == ("open", 4_000, 6_000)
    default, attached = after.payments.data
    assert (default.is_default, default.status, default.amount_requested) == (True, "open", 6_000)
    assert (attached.is_default, attached.status, attached.amount_paid) == (False, "paid", 4_000)
    assert attached.payment.payment_intent == paid.id
    assert company.types(event_count) == ["invoice_payment.paid", "invoice.updated"]


def test_an_open_intent_counts_when_it_succeeds(company: Any) -> None:
    invoice = company.open(10_000)
    attached = intent(company, invoice, 4_000)
    assert attach(company, invoice, attached).amount_paid == 0

    confirm(company, attached)

    assert company.get(invoice).amount_remaining == 6_000
    assert "invoice_payment.paid" in company.types()


def test_attached_payments_that_sum_to_the_total_make_the_invoice_paid(company: Any) -> None:
    invoice = company.open(10_000)
    default = company.intent(invoice)
    for amount in (4_000, 6_000):
        after = attach(company, invoice, confirm(company, intent(company, invoice, amount)))

    assert (after.status, after.amount_paid, after.amount_overpaid) == ("paid", 10_000, 0)
    assert {"invoice.paid", "payment_intent.canceled"} <= set(company.types())
    assert company.v1.payment_intents.retrieve(default.id, None, company.opts).status == "canceled"


def test_the_remaining_amount_is_paid_by_the_default_payment(company: Any) -> None:
    invoice = company.open(10_000)
    attach(company, invoice, confirm(company, intent(company, invoice, 4_000)))

    company.pay(invoice)

    after = company.get(invoice)
    assert (after.status, after.amount_paid) == ("paid", 10_000)
    amounts = sorted(c.amount for c in company.v1.charges.list(None, company.opts).data)
    assert amounts == [4_000, 6_000]


def test_a_surplus_is_credited_to_the_customer(company: Any) -> None:
    invoice = company.open(10_000)

    after = attach(company, invoice, confirm(company, intent(company, invoice, 12_000)))

    assert (after.status, after.amount_overpaid) == ("paid", 2_000)
    assert "invoice.overpaid" in company.types()
    assert company.v1.customers.retrieve(invoice.customer, None, company.opts).balance == -2_000


def test_an_attached_bank_debit_counts_when_it_settles(company: Any) -> None:
    invoice = company.open(10_000)
    debit = confirm(company, intent(company, invoice, 10_000), "pm_usBankAccount_success", mandate_data=MANDATE)
    assert attach(company, invoice, debit).status == "open"

    company.double.advance(4 * DAY)

    assert company.get(invoice).status == "paid"


def test_an_invoice_with_an_open_attached_payment_cannot_be_voided_or_written_off(
    company: Any,
) -> None:
    invoice = company.open()
    attached = intent(company, invoice, 4_000)
    attach(company, invoice, attached)

    for act in (company.v1.invoices.void_invoice, company.v1.invoices.mark_uncollectible):
        with pytest.raises(stripe.InvalidRequestError, match="cancel its PaymentIntent"):
            act(invoice.id, None, company.opts)

    company.v1.payment_intents.cancel(attached.id, None, company.opts)
    canceled = company.v1.invoice_payments.list({"invoice": invoice.id, "status": "canceled"}, company.opts).data
    assert [each.payment.payment_intent for each in canceled] == [attached.id]
    assert company.v1.invoices.void_invoice(invoice.id, None, company.opts).status == "void"


def test_an_intent_of_another_customer_or_currency_or_a_canceled_one_is_refused(company: Any) -> None:
    invoice = company.open()
    foreign = intent(company, invoice, 4_000, customer=company.customer().id)
    euros = intent(company, invoice, 4_000, currency="eur")
    canceled = intent(company, invoice, 4_000)
    company.v1.payment_intents.cancel(canceled.id, None, company.opts)

    for refused in (foreign, euros, canceled):
        with pytest.raises(stripe.InvalidRequestError) as error:
            attach(company, invoice, refused)
        assert error.value.param == "payment_intent"
    assert company.get(invoice).amount_paid == 0


@pytest.mark.parametrize("state", ["draft", "void", "paid"])
def test_only_an_open_invoice_takes_payments(company: Any, state: str) -> None:
    invoice = company.draft(10_000)
    if state != "draft":
        company.v1.invoices.finalize_invoice(invoice.id, None, company.opts)
    if state == "void":
        company.v1.invoices.void_invoice(invoice.id, None, company.opts)
    if state == "paid":
        company.pay(invoice)

    with pytest.raises(stripe.InvalidRequestError, match=f"This invoice is {state}"):
        attach(company, invoice, intent(company, invoice, 4_000))
