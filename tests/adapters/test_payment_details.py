"""The details of payments, refunds and disputes that POM reads from Stripe's objects, and those it does not store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.stripe.objects import OBJECTS, Charge, CreditNote, Dispute, Invoice, PaymentIntent, Refund
from chalicelib.adapters.stripe.objects.invoices import missing_invoice
from chalicelib.adapters.stripe.objects.payment_methods import Instrument, instrument_of
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.merging import newer, same_content
from chalicelib.domain.payment_facts import ChargeFact

NOW = 1_790_000_000
CARD = {
    "brand": "visa", "country": "US", "exp_month": 4, "exp_year": 2027, "fingerprint": "Xt5EWLLDS7FJjR1c",
    "funding": "credit", "iin": "424242", "last4": "4242", "network": "visa", "wallet": {"type": "apple_pay"},
}  # fmt: skip
CHARGE = {"id": "ch_1", "status": "succeeded", "amount": 7500, "currency": "usd", "created": NOW}
REFUND = {"id": "re_1", "status": "succeeded", "amount": 7500, "currency": "usd", "created": NOW}
DISPUTE = {"id": "du_1", "status": "needs_response", "amount": 7500, "currency": "usd", "created": NOW}
NOTE = {"id": "cn_1", "status": "issued", "amount": 500, "currency": "usd", "invoice": "in_1", "created": NOW}
INTENT = {"id": "pi_1", "status": "processing", "amount": 7500, "currency": "usd"}
EXAMPLES = {"charge": CHARGE, "refund": REFUND, "dispute": DISPUTE, "credit_note": NOTE, "payment_intent": INTENT}


def fact_of(model: Any, stripe_json: dict[str, Any], as_of: int = NOW) -> Any:
    """Returns the fact that is read from an object of Stripe as of that second."""
    return msgspec.json.decode(msgspec.json.encode(stripe_json), type=model).fact(as_of)


def paid_by(method: str, **details: Any) -> dict[str, Any]:
    return {**CHARGE, "payment_method_details": {"type": method, method: details}}


@pytest.mark.parametrize(
    ("method", "details", "brand", "last4", "expires"),
    [
        ("card", CARD, "visa", "4242", "2027-04"),
        ("card_present", CARD, "visa", "4242", "2027-04"),
        ("us_bank_account", {"bank_name": "STRIPE TEST BANK", "last4": "6789"}, "STRIPE TEST BANK", "6789", None),
        ("acss_debit", {"bank_name": "STRIPE TEST BANK", "last4": "6789"}, "STRIPE TEST BANK", "6789", None),
        ("sepa_debit", {"bank_code": "37040044", "last4": "3000"}, None, "3000", None),
        ("bacs_debit", {"last4": "2345", "sort_code": "108800"}, None, "2345", None),
        ("au_becs_debit", {"bsb_number": "000000", "last4": "3456"}, None, "3456", None),
        ("ideal", {"bank": "ing", "iban_last4": "4300"}, "ing", "4300", None),
        ("link", {"country": "US"}, None, None, None),
        ("amazon_pay", {"funding": {"type": "card", "card": CARD}}, "visa", "4242", "2027-04"),
        ("cashapp", {"cashtag": "$ann", "buyer_id": "x"}, None, None, None),
    ],
)
def test_a_charge_has_the_card_or_bank_account_that_paid(
    method: str, details: dict[str, Any], brand: str | None, last4: str | None, expires: str | None
) -> None:
    charge = fact_of(Charge, paid_by(method, **details))
    assert (charge.method, charge.brand, charge.last4, charge.expires) == (method, brand, last4, expires)


def test_no_other_card_data_is_stored() -> None:
    stored_text = repr(asdict(fact_of(Charge, paid_by("card", **CARD))))
    assert not [
        secret for secret in ("Xt5EWLLDS7FJjR1c", "424242'", "credit", "'US'", "apple_pay") if secret in stored_text
    ]


@pytest.mark.parametrize("field", ["brand", "bank_name", "bank", "last4", "iban_last4", "exp_month", "exp_year"])
def test_stripes_types_have_the_fields_of_a_card_or_a_bank(field: str) -> None:
    hashes = vars(stripe.Charge.PaymentMethodDetails).values()
    assert any(field in getattr(each, "__annotations__", {}) for each in hashes)


@pytest.mark.parametrize(
    ("sdk_type", "fields"),
    [
        (stripe.Charge, {"receipt_url", "payment_method_details"}),
        (stripe.Refund, {"reason", "metadata"}),
        (stripe.Dispute, {"created"}),
        (stripe.CreditNote, {"created", "voided_at"}),
        (stripe.PaymentIntent.LastPaymentError, {"charge", "payment_method"}),
    ],
)
def test_stripes_types_have_the_other_fields(sdk_type: Any, fields: set[str]) -> None:
    assert fields <= set(sdk_type.__annotations__)


def test_only_the_link_of_a_receipt_is_stored() -> None:
    link = "https://pay.stripe.com/receipts/payment/CAcaFw"
    assert fact_of(Charge, {**CHARGE, "receipt_url": link}).receipt_url == link
    for strange in ("javascript:alert(1)", "pay.stripe.com", "https://" + "x" * 5000, 5, None, {}):
        assert fact_of(Charge, {**CHARGE, "receipt_url": strange}).receipt_url is None


def test_another_link_to_the_same_receipt_is_no_change() -> None:
    first = fact_of(Charge, {**CHARGE, "receipt_url": "https://pay.stripe.com/receipts/1"})
    second = fact_of(Charge, {**CHARGE, "receipt_url": "https://pay.stripe.com/receipts/2"}, NOW + 5)
    assert same_content(first, second)
    merged: tuple[ChargeFact, ...] = (newer(first, second), newer(second, first))
    assert [each.receipt_url for each in merged] == [second.receipt_url] * 2


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("us_bank_account", "succeeded", {"succeeded": NOW}),
        ("sepa_debit", "failed", {"failed": NOW}),
        ("us_bank_account", "pending", {}),
        ("card", "succeeded", {}),
    ],
)
def test_only_a_bank_debit_stores_when_it_ended(method: str, status: str, expected: dict[str, int]) -> None:
    assert fact_of(Charge, {**paid_by(method), "status": status}).seen == expected


def test_an_intent_has_its_processing_time_and_its_failed_charge() -> None:
    error = {
        "code": "account_closed",
        "charge": "py_1",
        "payment_method": {"id": "pm_1", "type": "us_bank_account"},
    }
    intent = fact_of(PaymentIntent, {**INTENT, "status": "requires_payment_method", "last_payment_error": error})
    assert fact_of(PaymentIntent, INTENT).seen == {"processing": NOW}
    assert (intent.failure.reason, intent.failed_charge_id, intent.failed_method, intent.seen) == (
        FailureReason.BANK_DECLINED, "py_1", "us_bank_account", {},
    )  # fmt: skip


def test_a_refund_has_its_reason_and_its_refund_order() -> None:
    refund = fact_of(Refund, {**REFUND, "reason": "duplicate", "metadata": {"pom_refund_id": "rfd_1", "note": "x"}})
    assert (refund.reason, refund.order_id, refund.seen) == ("duplicate", "rfd_1", {"succeeded": NOW})
    in_stripe = fact_of(Refund, {**REFUND, "status": None, "metadata": {}})
    assert (in_stripe.reason, in_stripe.order_id, in_stripe.seen) == (None, None, {"pending": NOW})


def test_a_dispute_has_its_opening_time_and_stores_when_it_ended() -> None:
    assert fact_of(Dispute, DISPUTE).seen == {}
    lost_dispute = fact_of(Dispute, {**DISPUTE, "status": "lost"}, NOW + 60)
    assert (lost_dispute.created, lost_dispute.seen) == (NOW, {"lost": NOW + 60})


def test_a_credit_note_has_its_times_of_issue_and_of_voiding() -> None:
    voided_note = fact_of(CreditNote, {**NOTE, "status": "void", "voided_at": NOW + 60})
    assert (voided_note.created, voided_note.voided_at, fact_of(CreditNote, NOTE).voided_at) == (NOW, NOW + 60, None)


def test_a_deleted_draft_has_the_time_of_the_event_even_if_a_read_found_it_missing_first() -> None:
    by_event = fact_of(Invoice, {"id": "in_1", "deleted": True}, NOW)
    by_request = missing_invoice("in_1", NOW + 3600)
    assert newer(by_event, by_request) == newer(by_request, by_event)
    assert newer(by_request, by_event).seen == {"deleted": NOW}
    assert (newer(by_request, by_event).as_of, by_request.as_of) == (NOW, 0), (
        "a read does not say when the draft was deleted"
    )


@pytest.mark.parametrize(
    ("kind", "fields"), [*EXAMPLES.items(), ("invoice", {"id": "in_1", "deleted": True})], ids=str
)
def test_a_snapshot_without_a_timestamp_has_no_times_of_reading(kind: str, fields: dict[str, Any]) -> None:
    assert getattr(fact_of(OBJECTS[kind], {**fields, "status": "succeeded"}, as_of=0), "seen", {}) == {}


ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=300), st.just("x" * 10_000), st.just([]), st.just({}), st.just([{"type": "card"}]),
    st.just({"type": 5}), st.just({"type": "card", "card": []}), st.just({"id": {"id": 5}}),
    st.just({"pom_refund_id": ["x"]}), st.just({"pom_refund_id": "x" * 500}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("charge", "payment_method_details"),
        ("charge", "receipt_url"),
        ("refund", "reason"),
        ("refund", "metadata"),
        ("dispute", "created"),
        ("credit_note", "created"),
        ("credit_note", "voided_at"),
        ("payment_intent", "last_payment_error.charge"),
        ("payment_intent", "last_payment_error.payment_method"),
    ],
)
@given(value=ODD)
def test_an_unreadable_detail_does_not_hide_the_outcome_of_a_payment(kind: str, field: str, value: Any) -> None:
    outer, _, inner = field.partition(".")
    stripe_json = EXAMPLES[kind]
    strange_fact = fact_of(OBJECTS[kind], {**stripe_json, outer: {inner: value} if inner else value})
    assert (strange_fact.id, strange_fact.status, strange_fact.amount) == (
        stripe_json["id"],
        stripe_json["status"],
        stripe_json["amount"],
    )
    texts = [each for each in asdict(strange_fact).values() if isinstance(each, str)]
    assert all(len(each) <= 2048 for each in texts)


@given(details=st.dictionaries(st.sampled_from(["type", "card", "last4", "us_bank_account"]), ODD))
def test_a_payment_instrument_can_be_displayed_whatever_stripe_sends(details: dict[str, Any]) -> None:
    assert all(part is None or 0 < len(part) <= 255 for part in instrument_of(details))


@pytest.mark.parametrize("strange", [{"exp_month": 13}, {"exp_month": True}, {"exp_year": "2027"}, {"exp_year": 7}])
def test_an_impossible_expiry_month_is_left_out(strange: dict[str, Any]) -> None:
    details = paid_by("card", **{**CARD, **strange})["payment_method_details"]
    assert instrument_of(details) == Instrument("card", "visa", "4242", None)
