"""Paying, failing, bank debits, partial payments: through the API and as the payer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import stripe

from infra.stripe_double import API_VERSION, DAY


def test_a_card_payment_emits_exactly_stripes_events_and_its_balance_transaction_follows_seconds_later(
    company: Any,
) -> None:
    invoice = company.open()
    event_count = len(company.events())

    paid = company.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"}, company.opts)

    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 10_000, 0)
    assert sorted(company.types(event_count)) == [
        "charge.succeeded", "invoice.paid", "invoice.payment_succeeded", "invoice.updated",
        "invoice_payment.paid", "payment_intent.succeeded",
    ]  # fmt: skip
    company.double.advance(company.double.config.capture_seconds)
    assert company.types(event_count)[6:] == ["charge.updated"]
    intent, charge = company.intent(invoice), company.charge(invoice)
    assert (intent.status, intent.amount_received, intent.latest_charge) == ("succeeded", 10_000, charge.id)
    assert (charge.status, charge.paid, charge.payment_method_details.card.last4) == ("succeeded", True, "4242")


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedFraudulent", "card_declined", "fraudulent"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
def test_a_declined_card_is_a_402_and_the_invoice_stays_open(
    company: Any, token: str, code: str, decline_code: str | None
) -> None:
    invoice = company.open()

    with pytest.raises(stripe.CardError) as declined:
        company.v1.invoices.pay(invoice.id, {"payment_method": token}, company.opts)

    intent, charge = company.intent(invoice), company.charge(invoice)
    error = intent.last_payment_error
    assert (declined.value.http_status, declined.value.code) == (402, code)
    assert (error.code, error.charge) == (code, charge.id)
    expected = {} if decline_code is None else {"decline_code": decline_code}
    assert {k: v for k, v in error.to_dict().items() if k == "decline_code"} == expected
    blocked = decline_code == "fraudulent"
    assert charge.outcome.reason == ("highest_risk_level" if blocked else decline_code or code)
    assert (error.type, error.payment_method.type) == ("card_error", "card")
    assert error.doc_url.endswith(code.replace("_", "-"))
    assert (charge.status, charge.failure_code, intent.status) == ("failed", code, "requires_payment_method")
    assert company.get(invoice).status == "open"
    for type_ in ("charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"):
        assert type_ in company.types()


def test_a_wrong_card_number_fails_without_a_charge(company: Any) -> None:
    invoice = company.open()

    outcome = company.pay(invoice, "4242424242424241")

    assert (outcome["status"], outcome["error"]["code"]) == ("failed", "incorrect_number")
    assert company.intent(invoice).latest_charge is None
    assert {"charge", "decline_code", "advice_code"}.isdisjoint(outcome["error"])
    assert "charge.failed" not in company.types()


def test_the_same_intent_is_retried_and_attempts_are_counted_once(company: Any) -> None:
    invoice = company.open()
    first = company.pay(invoice, "4000000000009995")["payment_intent"]
    second = company.pay(invoice, "4000000000000002")["payment_intent"]
    third = company.pay(invoice, "4242424242424242")["payment_intent"]

    assert first == second == third
    after = company.get(invoice)
    assert (after.status, after.attempt_count) == ("paid", 1)
    assert company.intent(invoice).last_payment_error is None
    assert len(company.v1.charges.list({"payment_intent": first}, company.opts).data) == 3


def test_three_d_secure_waits_for_the_payer_who_may_fail_or_complete_it(company: Any) -> None:
    invoice = company.open()

    assert company.pay(invoice, "4000002760003184")["status"] == "requires_action"
    assert company.pay(invoice, "4000002760003184", authenticate=False)["error"]["code"] == (
        "payment_intent_authentication_failure"
    )
    assert company.pay(invoice, "4000008400001629", authenticate=True)["error"]["decline_code"] == "generic_decline"
    assert company.pay(invoice, "4000002500003155", authenticate=True)["status"] == "succeeded"
    assert "invoice.payment_action_required" in company.types()


def test_a_card_on_session_through_the_api_requires_action(company: Any) -> None:
    invoice = company.open()

    with pytest.raises(stripe.CardError) as asked:
        company.v1.invoices.pay(
            invoice.id, {"payment_method": "pm_card_authenticationRequired", "off_session": False}, company.opts
        )

    assert asked.value.code == "invoice_payment_intent_requires_action"
    assert company.intent(invoice).status == "requires_action"


def test_a_bank_debit_is_pending_for_days_and_then_pays(company: Any) -> None:
    invoice = company.open()

    company.v1.invoices.pay(invoice.id, {"payment_method": "pm_usBankAccount_success"}, company.opts)
    waiting = (company.get(invoice).status, company.intent(invoice).status, company.charge(invoice).status)
    company.double.advance(3 * DAY)
    early = company.get(invoice).status
    started = company.double.clock.seconds()
    company.double.advance(30 * DAY)

    assert waiting == ("open", "processing", "pending")
    assert early == "open"
    paid = company.get(invoice)
    assert (paid.status, paid.status_transitions.paid_at) == ("paid", started + DAY)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_usBankAccount_insufficientFunds", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "account_closed"),
        ("pm_usBankAccount_debitNotAuthorized", "debit_not_authorized"),
        ("pm_usBankAccount_noAccount", "no_account"),
    ],
)
def test_a_bank_debit_fails_late_on_the_same_charge(company: Any, token: str, code: str) -> None:
    invoice = company.open()
    company.v1.invoices.pay(invoice.id, {"payment_method": token}, company.opts)
    pending = company.charge(invoice)

    company.double.advance(4 * DAY + 1)

    charge, intent = company.charge(invoice), company.intent(invoice)
    assert (charge.id, charge.status, charge.failure_code) == (pending.id, "failed", code)
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", code)
    assert "decline_code" not in intent.last_payment_error
    assert company.get(invoice).status == "open"
    assert company.pay(invoice)["status"] == "succeeded"


def test_while_a_debit_is_processing_the_invoice_cannot_be_paid_or_voided(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "000000000009")

    for call, params in (
        (company.v1.invoices.pay, {"payment_method": "pm_card_visa"}),
        (company.v1.invoices.pay, {"paid_out_of_band": True}),
        (company.v1.invoices.void_invoice, None),
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            call(invoice.id, params, company.opts)
        assert error.value.code == "payment_intent_unexpected_state"
    company.double.settle_debit(company.account, company.intent(invoice).id, fail="insufficient_funds")
    assert company.intent(invoice).last_payment_error.code == "insufficient_funds"


@pytest.mark.parametrize("tells", [True, False])
def test_invoices_have_amount_paid_off_stripe_only_if_the_account_setting_says_so(company: Any, tells: bool) -> None:
    account = company.double.create_account(tells_paid_outside=tells)["id"]
    other = replace(company, account=account)

    paid = other.v1.invoices.pay(other.open().id, {"paid_out_of_band": True}, other.opts)

    shown = [paid.to_dict(), *(e["data"]["object"] for e in company.double.events(account, version=API_VERSION))]
    invoices = [each for each in shown if each["object"] == "invoice"]
    assert {"amount_paid_off_stripe" in each for each in invoices} == {tells}
    assert paid.to_dict().get("amount_paid_off_stripe") == (10_000 if tells else None)
    old = company.double.events(account, version="2020-08-27")[-2]["data"]["object"]
    assert old["paid_out_of_band"] is True


def test_a_payment_in_cash_marks_the_invoice_as_paid_without_a_charge(company: Any) -> None:
    invoice = company.open()
    event_count = len(company.events())

    paid = company.v1.invoices.pay(invoice.id, {"paid_out_of_band": True}, company.opts)

    assert (paid.status, paid.amount_paid) == ("paid", 10_000)
    assert sorted(company.types(event_count)) == ["invoice.paid", "invoice.updated", "payment_intent.canceled"]
    assert [t for t in company.types(event_count) if t.startswith("invoice")] == ["invoice.updated", "invoice.paid"]
    assert company.v1.charges.list(None, company.opts).data == []


def test_partial_payments_add_up_and_the_default_payment_has_the_remaining_amount(company: Any) -> None:
    invoice = company.open()

    company.pay(invoice, amount=4_000)
    partly = company.get(invoice)
    default = company.v1.invoice_payments.list({"invoice": invoice.id, "status": "open"}, company.opts).data
    company.pay(invoice)
    whole = company.get(invoice)

    assert (partly.status, partly.amount_paid, partly.amount_remaining) == ("open", 4_000, 6_000)
    assert [(p.is_default, p.amount_requested) for p in default] == [(True, 6_000)]
    assert (whole.status, whole.amount_paid, whole.amount_remaining) == ("paid", 10_000, 0)
    paid = [e.data.object.amount_paid for e in company.events("invoice_payment.paid")]
    assert paid == [4_000, 6_000]


def test_voiding_cancels_the_payment(company: Any) -> None:
    invoice = company.open()

    company.v1.invoices.void_invoice(invoice.id, None, company.opts)

    intent = company.intent(invoice)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "void_invoice")
    with pytest.raises(stripe.InvalidRequestError):
        company.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"}, company.opts)


def test_an_invoice_is_found_by_its_payment(company: Any) -> None:
    invoice, other = company.open(), company.open()
    company.pay(invoice)
    intent = company.intent(invoice)

    payments = company.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}, company.opts
    )

    assert [p.invoice for p in payments.data] == [invoice.id] != [other.id]
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.invoice_payments.list({"payment": {"payment_intent": intent.id}}, company.opts)
    assert (error.value.code, error.value.param) == ("parameter_missing", "payment[type]")


def test_payment_methods_can_be_limited_on_the_invoice(company: Any) -> None:
    invoice = company.open(payment_settings={"payment_method_types": ["card"]})

    with pytest.raises(stripe.InvalidRequestError):
        company.v1.invoices.pay(invoice.id, {"payment_method": "pm_usBankAccount_success"}, company.opts)


def test_the_company_itself_can_act_with_its_own_key(company: Any, server: Any) -> None:
    invoice = company.open()
    own = stripe.StripeClient(f"sk_test_{company.account}", base_addresses={"api": server.url})

    own.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})

    assert company.get(invoice).status == "paid"


@pytest.mark.parametrize("otherwise", [4_000, 10_000])
def test_a_debit_that_arrives_after_other_payments_overpays_the_invoice(company: Any, otherwise: int) -> None:
    invoice = company.open()
    debit = company.pay(invoice, "000123456789")["payment_intent"]
    company.pay(invoice, amount=otherwise)

    company.double.settle_debit(company.account, debit)

    after = company.get(invoice)
    assert (after.status, after.amount_paid, after.amount_remaining) == ("paid", 10_000 + otherwise, 0)
    assert after.amount_overpaid == otherwise
    assert len(company.events("invoice.paid")) == 1


def test_an_application_fee_is_on_the_charge(company: Any) -> None:
    invoice = company.open(application_fee_amount=100)
    company.pay(invoice)

    assert company.charge(invoice).application_fee_amount == 100


@pytest.mark.parametrize("decline", [("card_declined", "do_not_honor"), ("card_declined", "pickup_card")])
def test_a_test_can_decline_a_card_with_any_code(company: Any, decline: tuple[str, str]) -> None:
    invoice = company.open()

    error = company.pay(invoice, "pm_card_visa", decline=decline)["error"]

    assert (error["code"], error["decline_code"]) == decline
    assert company.charge(invoice).failure_code == decline[0]
    assert company.pay(invoice)["status"] == "succeeded"


def test_a_decline_with_one_code_has_no_decline_code_and_a_wrong_number_no_charge(company: Any) -> None:
    expired, wrong = company.open(), company.open()

    assert "decline_code" not in company.pay(expired, decline=["expired_card"])["error"]
    assert "charge" not in company.pay(wrong, decline=["incorrect_number"])["error"]
    with pytest.raises(ValueError, match="decline"):
        company.pay(expired, decline=["card_declined", "do_not_honor", "now"])


def test_a_bank_debit_can_fail_with_any_code(company: Any) -> None:
    invoice = company.open()
    company.pay(invoice, "000123456789", decline=["bank_ownership_changed"])

    company.double.advance(5 * DAY)

    error = company.intent(invoice).last_payment_error
    assert (error.code, error.charge) == ("bank_ownership_changed", company.charge(invoice).id)
    assert "decline_code" not in error
