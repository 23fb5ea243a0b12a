"""Payment intents and payment methods by API, with and without an invoice."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY

BACK = "https://example.com/back"
MANDATE = {"customer_acceptance": {"type": "offline", "offline": {}}}


def confirm(company: Any, intent: Any, **params: Any) -> Any:
    return company.v1.payment_intents.confirm(intent.id, {"return_url": BACK, **params}, company.opts)


def create(company: Any, amount: int = 4_000, **params: Any) -> Any:
    return company.v1.payment_intents.create({"amount": amount, "currency": "usd", **params}, company.opts)


# -- of an invoice


def test_confirming_the_intent_of_an_invoice_has_the_same_results_as_paying_on_the_page(company: Any) -> None:
    on_page, by_api = company.open(), company.open()
    event_count = len(company.events())
    company.pay(on_page)
    of_page = company.types(event_count)
    event_count = len(company.events())

    intent = confirm(company, company.intent(by_api), payment_method="pm_card_visa")

    assert sorted(company.types(event_count)) == sorted(of_page)
    assert (intent.status, intent.amount_received) == ("succeeded", 10_000)
    paid = company.get(by_api)
    assert (paid.status, paid.amount_paid) == ("paid", 10_000)


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
def test_a_declined_confirmation_is_a_402_with_the_intent(
    company: Any, token: str, code: str, decline_code: str | None
) -> None:
    invoice = company.open()

    with pytest.raises(stripe.CardError) as declined:
        confirm(company, company.intent(invoice), payment_method=token)

    error = declined.value.json_body["error"]
    assert (declined.value.http_status, error["code"], error.get("decline_code")) == (402, code, decline_code)
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["last_payment_error"]["charge"] == error["charge"]
    assert company.get(invoice).status == "open"


def test_a_confirmed_bank_debit_is_processing_and_settles_days_later(company: Any) -> None:
    invoice = company.open()

    intent = confirm(
        company, company.intent(invoice), payment_method="pm_usBankAccount_success", mandate_data=MANDATE
    )

    assert (intent.status, company.get(invoice).status) == ("processing", "open")
    company.double.advance(4 * DAY)
    assert company.get(invoice).status == "paid"


def test_a_bank_debit_without_a_mandate_is_refused(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        confirm(company, company.intent(company.open()), payment_method="pm_usBankAccount_success")

    assert error.value.param == "mandate_data"


def test_3d_secure_leads_the_payer_to_the_invoices_page_and_back_to_the_return_url(company: Any) -> None:
    invoice = company.open()

    intent = confirm(company, company.intent(invoice), payment_method="pm_card_authenticationRequired")

    assert intent.status == "requires_action"
    to = intent.next_action.redirect_to_url
    assert (to.url, to.return_url) == (invoice.hosted_invoice_url, BACK)
    assert {"payment_intent.requires_action", "invoice.payment_action_required"} <= set(company.types())
    assert company.pay(invoice, "pm_card_authenticationRequired", authenticate=True)["status"] == "succeeded"


def test_3d_secure_off_session_is_declined(company: Any) -> None:
    intent = company.intent(company.open())

    with pytest.raises(stripe.CardError) as declined:
        confirm(company, intent, payment_method="pm_card_authenticationRequired", off_session=True)

    assert declined.value.code == "authentication_required"


def test_an_intent_that_was_paid_is_not_confirmed_again(company: Any) -> None:
    intent = company.intent(company.open())
    confirm(company, intent, payment_method="pm_card_visa")

    with pytest.raises(stripe.InvalidRequestError) as error:
        confirm(company, intent, payment_method="pm_card_visa")

    assert error.value.code == "payment_intent_unexpected_state"
    assert error.value.json_body["error"]["payment_intent"]["id"] == intent.id


def test_the_intent_of_an_invoice_is_not_canceled_by_api(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Void the invoice"):
        company.v1.payment_intents.cancel(company.intent(company.open()).id, None, company.opts)


# -- without an invoice


def test_an_intent_without_an_invoice_is_created_and_paid(company: Any) -> None:
    customer = company.customer()
    event_count = len(company.events())
    created = create(company, customer=customer.id, metadata={"a": "b"})
    assert (created.status, created.amount, created.customer) == ("requires_payment_method", 4_000, customer.id)
    assert created.automatic_payment_methods.to_dict() == {"allow_redirects": "always", "enabled": True}

    paid = confirm(company, created, payment_method="pm_card_visa")

    charge = company.v1.charges.retrieve(paid.latest_charge, None, company.opts)
    assert (charge.status, charge.amount, charge.metadata.to_dict()) == ("succeeded", 4_000, {"a": "b"})
    assert charge.billing_details.email == "ann@example.com"
    expected = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert company.types(event_count) == expected
    company.double.advance(company.double.config.capture_seconds)
    assert company.types(event_count) == [*expected, "charge.updated"]


def test_create_can_confirm_at_once(company: Any) -> None:
    created = create(company, confirm=True, payment_method="pm_card_visa", return_url=BACK)

    assert created.status == "succeeded"


def test_create_stores_a_payment_method_for_a_later_confirmation(company: Any) -> None:
    created = create(company, payment_method="pm_card_visa")
    assert created.status == "requires_confirmation"

    paid = confirm(company, created)

    assert (paid.status, paid.payment_method) == ("succeeded", created.payment_method)


def test_dynamic_payment_methods_need_a_return_url_unless_off_session_or_without_redirects(company: Any) -> None:
    confirming = {"confirm": True, "payment_method": "pm_card_visa"}

    with pytest.raises(stripe.InvalidRequestError) as error:
        create(company, **confirming)

    assert error.value.param == "return_url"
    without = {"enabled": True, "allow_redirects": "never"}
    assert create(company, **confirming, automatic_payment_methods=without).status == "succeeded"
    assert create(company, **confirming, off_session=True, customer=company.customer().id).status == "succeeded"
    assert create(company, **confirming, allowed_payment_method_types=["card"]).status == "succeeded"


def test_allowed_types_that_do_not_fit_are_left_out(company: Any) -> None:
    created = create(company, currency="eur", allowed_payment_method_types=["card", "us_bank_account"])

    assert (created.payment_method_types, created.automatic_payment_methods) == (["card"], None)


def test_an_amount_below_the_minimum_is_refused(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        create(company, 49)

    assert (error.value.code, error.value.param) == ("amount_too_small", "amount")


def test_an_amount_of_zero_is_refused(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        create(company, 0)

    assert (error.value.code, error.value.param) == ("parameter_invalid_integer", "amount")


def test_an_unknown_intent_is_a_404_that_names_it(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent: 'pi_none'") as error:
        company.v1.payment_intents.retrieve("pi_none", None, company.opts)

    assert (error.value.http_status, error.value.param) == (404, "intent")


def test_a_decline_without_an_invoice_emits_no_event_of_an_invoice(company: Any) -> None:
    created = create(company)
    event_count = len(company.events())

    with pytest.raises(stripe.CardError):
        confirm(company, created, payment_method="pm_card_chargeDeclined")

    assert company.types(event_count) == ["charge.failed", "payment_intent.payment_failed"]


def test_a_bank_debit_without_an_invoice_settles(company: Any) -> None:
    created = confirm(company, create(company), payment_method="pm_usBankAccount_success", mandate_data=MANDATE)
    assert created.status == "processing"

    company.double.advance(4 * DAY)

    settled = company.v1.payment_intents.retrieve(created.id, None, company.opts)
    assert (settled.status, settled.amount_received) == ("succeeded", 4_000)


def test_3d_secure_without_an_invoice_leads_to_stripe(company: Any) -> None:
    token = "pm_card_authenticationRequired"
    assert confirm(company, create(company), payment_method=token).next_action.type == "redirect_to_url"
    in_page = {"allow_redirects": "never", "enabled": True}
    asked = create(company, confirm=True, payment_method=token, automatic_payment_methods=in_page)
    assert asked.next_action.type == "use_stripe_sdk"


def test_an_intent_that_waits_for_a_payment_can_be_canceled(company: Any) -> None:
    created = create(company)

    reason = {"cancellation_reason": "requested_by_customer"}
    canceled = company.v1.payment_intents.cancel(created.id, reason, company.opts)

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "requested_by_customer")
    assert company.types()[-1] == "payment_intent.canceled"
    with pytest.raises(stripe.InvalidRequestError) as error:
        confirm(company, created, payment_method="pm_card_visa")
    assert error.value.code == "payment_intent_unexpected_state"


# -- payment methods


def attach(company: Any, token: str, customer: Any) -> Any:
    return company.v1.payment_methods.attach(token, {"customer": customer.id}, company.opts)


def test_an_attached_method_pays_the_customers_invoice_in_both_ways(company: Any) -> None:
    customer = company.customer()
    method = attach(company, "pm_card_visa", customer)
    assert (method.customer, company.types()[-1]) == (customer.id, "payment_method.attached")
    assert attach(company, method.id, customer).id == method.id
    first, second = company.open(customer=customer.id), company.open(customer=customer.id)

    paid = company.v1.invoices.pay(first.id, {"payment_method": method.id}, company.opts)
    intent = confirm(company, company.intent(second), payment_method=method.id)

    assert (paid.status, intent.status, intent.payment_method) == ("paid", "succeeded", method.id)


def test_another_customers_method_is_refused(company: Any) -> None:
    method = attach(company, "pm_card_visa", company.customer())

    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.invoices.pay(company.open().id, {"payment_method": method.id}, company.opts)

    assert error.value.param == "payment_method"


def test_a_method_that_paid_once_without_being_attached_is_not_used_again(company: Any) -> None:
    used = confirm(company, create(company), payment_method="pm_card_visa").payment_method

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        company.v1.payment_methods.attach(used, {"customer": company.customer().id}, company.opts)
    with pytest.raises(stripe.InvalidRequestError):
        confirm(company, create(company), payment_method=used)


def test_a_card_that_its_issuer_declines_cannot_be_attached_but_one_that_fails_later_can(company: Any) -> None:
    customer = company.customer()

    with pytest.raises(stripe.CardError) as declined:
        attach(company, "pm_card_chargeDeclinedInsufficientFunds", customer)

    assert (declined.value.code, declined.value.json_body["error"]["decline_code"]) == (
        "card_declined", "insufficient_funds",
    )  # fmt: skip
    later = attach(company, "pm_card_chargeCustomerFail", customer)
    with pytest.raises(stripe.CardError):
        company.v1.invoices.pay(company.open(customer=customer.id).id, {"payment_method": later.id}, company.opts)
