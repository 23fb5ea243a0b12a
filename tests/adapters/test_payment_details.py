"""What POM learns of how money came and went, from Stripe's own objects; and what it does not keep."""

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


def fact(model: Any, shown: dict[str, Any], as_of: int = NOW) -> Any:
    """Returns what is read of an object that Stripe showed at that second."""
    return msgspec.json.decode(msgspec.json.encode(shown), type=model).fact(as_of)


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
def test_a_charge_says_which_card_or_bank_account_paid(
    method: str, details: dict[str, Any], brand: str | None, last4: str | None, expires: str | None
) -> None:
    read = fact(Charge, paid_by(method, **details))
    assert (read.method, read.brand, read.last4, read.expires) == (method, brand, last4, expires)


def test_nothing_else_of_a_card_is_kept() -> None:
    kept = repr(asdict(fact(Charge, paid_by("card", **CARD))))
    assert not [secret for secret in ("Xt5EWLLDS7FJjR1c", "424242'", "credit", "'US'", "apple_pay") if secret in kept]


@pytest.mark.parametrize("field", ["brand", "bank_name", "bank", "last4", "iban_last4", "exp_month", "exp_year"])
def test_stripe_has_the_fields_that_name_a_card_or_a_bank(field: str) -> None:
    hashes = vars(stripe.Charge.PaymentMethodDetails).values()
    assert any(field in getattr(each, "__annotations__", {}) for each in hashes)


@pytest.mark.parametrize(
    ("shown", "fields"),
    [
        (stripe.Charge, {"receipt_url", "payment_method_details"}),
        (stripe.Refund, {"reason", "metadata"}),
        (stripe.Dispute, {"created"}),
        (stripe.CreditNote, {"created", "voided_at"}),
        (stripe.PaymentIntent.LastPaymentError, {"charge", "payment_method"}),
    ],
)
def test_stripe_has_the_other_fields(shown: Any, fields: set[str]) -> None:
    assert fields <= set(shown.__annotations__)


def test_a_receipt_is_a_link_and_nothing_else() -> None:
    link = "https://pay.stripe.com/receipts/payment/CAcaFw"
    assert fact(Charge, {**CHARGE, "receipt_url": link}).receipt_url == link
    for strange in ("javascript:alert(1)", "pay.stripe.com", "https://" + "x" * 5000, 5, None, {}):
        assert fact(Charge, {**CHARGE, "receipt_url": strange}).receipt_url is None


def test_another_link_to_the_receipt_is_no_news() -> None:
    first = fact(Charge, {**CHARGE, "receipt_url": "https://pay.stripe.com/receipts/1"})
    second = fact(Charge, {**CHARGE, "receipt_url": "https://pay.stripe.com/receipts/2"}, NOW + 5)
    assert same_content(first, second)
    kept: tuple[ChargeFact, ...] = (newer(first, second), newer(second, first))
    assert [each.receipt_url for each in kept] == [second.receipt_url] * 2


@pytest.mark.parametrize(
    ("method", "status", "seen"),
    [
        ("us_bank_account", "succeeded", {"succeeded": NOW}),
        ("sepa_debit", "failed", {"failed": NOW}),
        ("us_bank_account", "pending", {}),
        ("card", "succeeded", {}),
    ],
)
def test_only_a_bank_debit_remembers_when_it_ended(method: str, status: str, seen: dict[str, int]) -> None:
    assert fact(Charge, {**paid_by(method), "status": status}).seen == seen


def test_an_intent_says_when_it_was_processing_and_which_charge_failed() -> None:
    error = {
        "code": "account_closed",
        "charge": "py_1",
        "payment_method": {"id": "pm_1", "type": "us_bank_account"},
    }
    failed = fact(PaymentIntent, {**INTENT, "status": "requires_payment_method", "last_payment_error": error})
    assert fact(PaymentIntent, INTENT).seen == {"processing": NOW}
    assert (failed.failure.reason, failed.failed_charge_id, failed.failed_method, failed.seen) == (
        FailureReason.BANK_DECLINED, "py_1", "us_bank_account", {},
    )  # fmt: skip


def test_a_refund_says_why_it_was_made_and_by_which_order() -> None:
    made = fact(Refund, {**REFUND, "reason": "duplicate", "metadata": {"pom_refund_id": "rfd_1", "note": "x"}})
    assert (made.reason, made.order_id, made.seen) == ("duplicate", "rfd_1", {"succeeded": NOW})
    in_stripe = fact(Refund, {**REFUND, "status": None, "metadata": {}})
    assert (in_stripe.reason, in_stripe.order_id, in_stripe.seen) == (None, None, {"pending": NOW})


def test_a_dispute_says_when_it_was_opened_and_remembers_when_it_ended() -> None:
    assert fact(Dispute, DISPUTE).seen == {}
    lost = fact(Dispute, {**DISPUTE, "status": "lost"}, NOW + 60)
    assert (lost.created, lost.seen) == (NOW, {"lost": NOW + 60})


def test_a_credit_note_says_when_it_was_issued_and_voided() -> None:
    voided = fact(CreditNote, {**NOTE, "status": "void", "voided_at": NOW + 60})
    assert (voided.created, voided.voided_at, fact(CreditNote, NOTE).voided_at) == (NOW, NOW + 60, None)


def test_a_deleted_draft_was_deleted_when_an_event_says_so_even_if_a_look_came_first() -> None:
    told = fact(Invoice, {"id": "in_1", "deleted": True}, NOW)
    looked = missing_invoice("in_1", NOW + 3600)
    assert newer(told, looked) == newer(looked, told)
    assert newer(looked, told).seen == {"deleted": NOW}
    assert (newer(looked, told).as_of, looked.as_of) == (NOW, 0), "a look does not tell when it was deleted"


@pytest.mark.parametrize(
    ("kind", "shown"), [*EXAMPLES.items(), ("invoice", {"id": "in_1", "deleted": True})], ids=lambda value: str(value)
)
def test_a_snapshot_without_a_date_does_not_say_when_it_was_seen(kind: str, shown: dict[str, Any]) -> None:
    assert getattr(fact(OBJECTS[kind], {**shown, "status": "succeeded"}, as_of=0), "seen", {}) == {}


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
def test_a_strange_detail_does_not_hide_what_became_of_the_money(kind: str, field: str, value: Any) -> None:
    outer, _, inner = field.partition(".")
    shown = EXAMPLES[kind]
    read = fact(OBJECTS[kind], {**shown, outer: {inner: value} if inner else value})
    assert (read.id, read.status, read.amount) == (shown["id"], shown["status"], shown["amount"])
    texts = [each for each in asdict(read).values() if isinstance(each, str)]
    assert all(len(each) <= 2048 for each in texts)


@given(details=st.dictionaries(st.sampled_from(["type", "card", "last4", "us_bank_account"]), ODD))
def test_an_instrument_can_be_shown_whatever_stripe_sends(details: dict[str, Any]) -> None:
    assert all(part is None or 0 < len(part) <= 255 for part in instrument_of(details))


@pytest.mark.parametrize("strange", [{"exp_month": 13}, {"exp_month": True}, {"exp_year": "2027"}, {"exp_year": 7}])
def test_a_month_that_there_is_not_is_not_shown(strange: dict[str, Any]) -> None:
    shown = paid_by("card", **{**CARD, **strange})["payment_method_details"]
    assert instrument_of(shown) == Instrument("card", "visa", "4242", None)
