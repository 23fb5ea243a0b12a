"""Balance transactions, payouts and balances are read as Stripe writes them, and with unexpected fields too."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import stripe
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.adapters.stripe.objects import balance, balance_transactions, payouts
from chalicelib.adapters.stripe.objects.balance_transactions import source_of
from chalicelib.adapters.stripe.objects.fields import LONGEST_TEXT
from chalicelib.domain.balance_transactions import BalanceTransaction, FeePart
from chalicelib.domain.payout import PayoutFact

NOW = 1_796_000_000
CHARGE = {"id": "ch_1", "object": "charge", "amount": 10_000, "currency": "usd", "payment_intent": "pi_1"}
TRANSACTION = {
    "id": "txn_1", "object": "balance_transaction", "amount": 10_000, "available_on": NOW + 172_800, "created": NOW,
    "currency": "usd", "description": "Pool cleaning for Ann Lee", "exchange_rate": None, "fee": 320,
    "fee_details": [{"amount": 320, "application": None, "currency": "usd", "description": "Stripe processing fees",
                     "type": "stripe_fee"}],
    "net": 9_680, "reporting_category": "charge", "source": CHARGE, "status": "pending", "type": "charge",
}  # fmt: skip
PAYOUT = {
    "id": "po_1", "object": "payout", "amount": 9_680, "arrival_date": NOW, "automatic": True, "created": NOW,
    "balance_transaction": "txn_2", "currency": "usd", "status": "paid", "method": "standard",
    "destination": {"id": "ba_1", "object": "bank_account", "bank_name": "STRIPE TEST BANK", "last4": "6789"},
    "reconciliation_status": "completed", "trace_id": {"status": "supported", "value": "081000098765432"},
}  # fmt: skip


def line(**changes: Any) -> BalanceTransaction:
    """Returns a card payment's balance transaction as it is read, with some fields replaced."""
    written = json.dumps({**TRANSACTION, **changes})
    return msgspec.json.decode(written, type=balance_transactions.BalanceTransaction).fact()


def payout(**changes: Any) -> PayoutFact:
    """Returns a payout as it is read, with some fields replaced."""
    return msgspec.json.decode(json.dumps({**PAYOUT, **changes}), type=payouts.Payout).fact(NOW)


# Amounts are read only in the form that Stripe documents.


@pytest.mark.parametrize("field", ["amount", "fee", "net"])
@pytest.mark.parametrize("wrong", [None, "100", 1.5, True, 10**18, [], {}])
def test_a_line_whose_amounts_cannot_be_read_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        line(**{field: wrong})


@pytest.mark.parametrize("field", ["amount", "currency", "status", "arrival_date"])
@pytest.mark.parametrize("wrong", [None, 1.5, [], {}])
def test_a_payout_whose_amount_or_status_cannot_be_read_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        payout(**{field: wrong})


def test_the_balance_changes_by_the_net_amount_whatever_the_fee_field_says() -> None:
    without_fee = line(fee=0)

    assert (without_fee.amount, without_fee.fee, without_fee.net) == (10_000, 320, 9_680)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
SOURCE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "object", "amount", "currency", "payment_intent", "charge"), JSON)
)
FEES = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("amount", "type", "description"), JSON)), max_size=3
)


@given(
    type_=JSON, category=JSON, description=JSON, rate=JSON, available_on=JSON, source=JSON | SOURCE, fees=JSON | FEES
)
@example(
    type_="new_in_2027",
    category="new_in_2027",
    description=None,
    rate=None,
    available_on=None,
    source="new_1",
    fees=None,
)
def test_a_line_counts_even_if_its_other_fields_are_unreadable(
    type_: Any, category: Any, description: Any, rate: Any, available_on: Any, source: Any, fees: Any
) -> None:
    transaction = line(
        type=type_, reporting_category=category, description=description, exchange_rate=rate,
        available_on=available_on, source=source, fee_details=fees,
    )  # fmt: skip

    assert (transaction.amount, transaction.fee, transaction.net) == (10_000, 320, 9_680)
    assert transaction.type
    assert transaction.category
    assert max(map(len, (transaction.type, transaction.category, transaction.description or ""))) <= LONGEST_TEXT


@given(st.fixed_dictionaries({}, optional={name: JSON for name in PAYOUT if name not in (
    "id", "amount", "currency", "status", "created", "arrival_date", "automatic")}))  # fmt: skip
def test_a_payouts_amount_and_status_are_read_even_if_its_other_fields_are_unreadable(
    changes: dict[str, Any],
) -> None:
    payout_fact = payout(**changes)

    assert (payout_fact.amount, payout_fact.currency, payout_fact.status) == (9_680, "usd", "paid")
    assert payout_fact.last4 is None or len(payout_fact.last4) == 4


# Names


@pytest.mark.parametrize("name", ["minimum_reserve_2027", "stripe_balance_payment_debit"])
def test_an_unknown_type_and_category_keep_their_names(name: str) -> None:
    transaction = line(type=name, reporting_category=name)

    assert (transaction.type, transaction.category) == (name, name)


def test_a_line_without_a_category_is_classified_by_its_type() -> None:
    assert line(type="adjustment", reporting_category=None).category == "adjustment"


def test_an_unknown_part_of_a_fee_is_listed_by_its_name() -> None:
    parts = [
        {"amount": 290, "type": "stripe_fee"},
        {"amount": 30, "type": "network_fee", "description": "Interchange"},
    ]

    assert line(fee_details=parts).fee_parts == (
        FeePart("stripe_fee", 290),
        FeePart("network_fee", 30, "Interchange"),
    )


# Exchange rates


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("1.17536", "1.17536"),
        ("0.1", "0.1"),
        ("12.5", "12.5"),
        ("1.234567890123456789", "1.234567890123456789"),
        ("110.0", "110.0"),
        ("6.7e-05", "0.000067"),
        ("25000", "25000"),
        ("null", None),
        ("0", None),
        ("-1.5", None),
        ("1e999", None),
        ('"1.5"', None),
        ("{}", None),
    ],
)
def test_an_exchange_rate_has_the_digits_that_stripe_wrote(written: str, rate: str | None) -> None:
    body = json.dumps(TRANSACTION).replace('"exchange_rate": null', f'"exchange_rate": {written}')

    assert msgspec.json.decode(body, type=balance_transactions.BalanceTransaction).fact().exchange_rate == rate


# Sources of balance transactions


@pytest.mark.parametrize(
    ("source", "kind", "payment"),
    [
        (CHARGE, "charge", "pi_1"),
        ({**CHARGE, "payment_intent": {"id": "pi_1", "object": "payment_intent"}}, "charge", "pi_1"),
        ({**CHARGE, "payment_intent": None}, "charge", "ch_1"),
        ({**CHARGE, "id": "py_1", "payment_intent": None}, "charge", "py_1"),
        ({"id": "re_1", "object": "refund", "payment_intent": "pi_1", "charge": "ch_1"}, "refund", "pi_1"),
        ({"id": "re_1", "object": "refund", "payment_intent": None, "charge": "ch_1"}, "refund", "ch_1"),
        ({"id": "pyr_1", "object": "refund", "charge": CHARGE}, "refund", "ch_1"),
        ({"id": "du_1", "object": "dispute", "payment_intent": "pi_1", "charge": "ch_1"}, "dispute", "pi_1"),
        ({"id": "du_1", "object": "dispute", "payment_intent": None, "charge": "ch_1"}, "dispute", "ch_1"),
        ({"id": "po_1", "object": "payout", "amount": 5}, "payout", None),
        ({"id": "tr_1", "object": "transfer", "payment_intent": "pi_1"}, "transfer", None),
        ({"id": "x_1", "object": "issuing.dispute", "charge": "ch_1"}, "issuing.dispute", None),
        ("ch_1", "charge", "ch_1"),
        ("py_1", "charge", "py_1"),
        ("re_1", "refund", None),
        ("pyr_1", "refund", None),
        ("du_1", "dispute", None),
        ("dp_1", "dispute", None),
        ("po_1", "payout", None),
        ("rsrv_1", None, None),
        (None, None, None),
        (7, None, None),
        ("", None, None),
    ],
)
def test_a_source_says_which_payment_it_is_about(source: Any, kind: str | None, payment: str | None) -> None:
    transaction = line(source=source)

    assert (transaction.source_type, transaction.payment_id) == (kind, payment)


def test_stripes_types_name_every_kind_of_source_of_a_payout() -> None:
    kinds = {stripe.Charge.OBJECT_NAME, stripe.Refund.OBJECT_NAME, stripe.Dispute.OBJECT_NAME}
    assert kinds == balance_transactions.MOVES_A_PAYMENT
    assert {
        "payment_intent",
        "charge",
    } <= stripe.Refund.__annotations__.keys() & stripe.Dispute.__annotations__.keys()
    assert "payment_intent" in stripe.Charge.__annotations__


def test_a_charges_balance_transaction_has_the_charge_as_its_source() -> None:
    charge = {**CHARGE, "balance_transaction": {**TRANSACTION, "source": "ch_1"}}
    intent = {"id": "pi_1", "latest_charge": charge}

    by_charge = msgspec.json.decode(json.dumps(charge), type=balance_transactions.BookedCharge).transaction_fact()
    by_intent = msgspec.json.decode(json.dumps(intent), type=balance_transactions.BookedIntent).transaction_fact()

    assert by_charge == by_intent == line()


@pytest.mark.parametrize("charge", [None, {**CHARGE, "balance_transaction": None}, CHARGE])
def test_a_charge_without_a_balance_transaction_has_no_fee(charge: Any) -> None:
    written = json.dumps({"id": "pi_1", "latest_charge": charge})

    assert msgspec.json.decode(written, type=balance_transactions.BookedIntent).transaction_fact() is None


# Descriptions


@pytest.mark.parametrize(
    "source", [CHARGE, {"id": "re_1", "object": "refund"}, {"id": "du_1", "object": "dispute"}, "ch_1"]
)
def test_the_description_of_a_payment_is_not_stored_because_it_may_name_the_payer(source: Any) -> None:
    assert line(source=source, description="REFUND FOR CHARGE (Ann Lee, ann@example.com)").description is None


def test_the_description_of_a_fee_is_stored() -> None:
    assert (
        line(source=None, description="Billing - Usage Fee (2026-11)").description == "Billing - Usage Fee (2026-11)"
    )


def test_a_long_description_is_shortened() -> None:
    assert line(source=None, description="x" * 5_000).description == "x" * LONGEST_TEXT


# Banks


@pytest.mark.parametrize(
    ("destination", "name", "last4"),
    [
        ({"object": "bank_account", "bank_name": "STRIPE TEST BANK", "last4": "6789"}, "STRIPE TEST BANK", "6789"),
        ({"object": "card", "brand": "Visa", "last4": "4242"}, "Visa", "4242"),
        ({"id": "ba_1", "object": "bank_account", "deleted": True}, None, None),
        ({"object": "bank_account", "bank_name": None, "last4": "6789"}, None, "6789"),
        ({"object": "bank_account", "bank_name": "B" * 200, "last4": "67890"}, "B" * 80, None),
        ("ba_1", None, None),
        (None, None, None),
    ],
)
def test_a_payout_names_the_bank_or_the_card_that_it_goes_to(
    destination: Any, name: str | None, last4: str | None
) -> None:
    payout_fact = payout(destination=destination)

    assert (payout_fact.destination, payout_fact.last4) == (name, last4)


@pytest.mark.parametrize("reference", ["txn_9", {"id": "txn_9", "object": "balance_transaction"}])
def test_the_reference_to_the_balance_transaction_of_a_failure_may_be_expanded(reference: Any) -> None:
    assert payout(failure_balance_transaction=reference).failure_balance_transaction_id == "txn_9"


@pytest.mark.parametrize("trace_id", [None, {"status": "pending", "value": None}, {"status": "unsupported"}, "081"])
def test_a_payout_without_a_trace_id_is_read_with_none(trace_id: Any) -> None:
    assert payout(trace_id=trace_id).trace_id is None


def test_a_payout_of_an_api_version_without_these_fields_can_still_be_itemized() -> None:
    stripe_json = {name: value for name, value in PAYOUT.items() if name not in ("reconciliation_status", "trace_id")}
    payout_fact = msgspec.json.decode(json.dumps(stripe_json), type=payouts.Payout).fact(NOW)

    assert (payout_fact.can_be_itemized, payout_fact.reconciled) == (True, False)


# The SDK's types of our version


@pytest.mark.parametrize(
    ("model", "sdk_type"),
    [
        (balance_transactions.BalanceTransaction, stripe.BalanceTransaction),
        (balance_transactions.BookedCharge, stripe.Charge),
        (balance_transactions.BookedIntent, stripe.PaymentIntent),
        (payouts.Payout, stripe.Payout),
        (balance.Balance, stripe.Balance),
        (balance.Funds, stripe.Balance.Available),
    ],
)
def test_every_field_that_is_read_exists_in_our_api_version(model: Any, sdk_type: Any) -> None:
    assert set(model.__struct_fields__) <= sdk_type.__annotations__.keys()


# Balances


def test_amounts_of_one_currency_are_summed() -> None:
    stripe_json = {
        "object": "balance",
        "available": [{"amount": 100, "currency": "usd"}, {"amount": -30, "currency": "usd"}],
        "pending": [{"amount": 7, "currency": "jpy"}],
    }
    amounts = msgspec.json.decode(json.dumps(stripe_json), type=balance.Balance).amounts()

    assert [(each.currency, each.available, each.pending) for each in amounts] == [("jpy", 0, 7), ("usd", 70, 0)]


def test_a_source_of_an_unknown_kind_is_no_payment() -> None:
    assert source_of(["ch_1"]) == (None, None, None, None, None)
