"""Amounts are exact in every currency that Stripe supports."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Refused
from chalicelib.domain.money import (
    MAX_AMOUNT,
    THREE_DECIMAL,
    TWO_DECIMAL,
    WHOLE_UNITS_ONLY,
    ZERO_DECIMAL,
    Money,
    decimal_string,
    exponent,
    line_amount,
    minor_units,
)

ALL = sorted(ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("75.00", "usd", 7500),
        ("75", "usd", 7500),
        ("0.01", "usd", 1),
        ("0", "usd", 0),
        ("0E+9000000", "usd", 0),
        ("0E-9000000", "usd", 0),
        ("0.1" + "0" * 400, "usd", 10),
        ("-0", "usd", 0),
        ("7.5E1", "usd", 7500),
        ("75.000", "usd", 7500),
        ("500", "jpy", 500),
        ("500.00", "jpy", 500),
        ("1.250", "kwd", 1250),
        ("1.25", "kwd", 1250),
        ("5", "isk", 500),
        ("5.00", "ugx", 500),
        ("999999.99", "usd", MAX_AMOUNT),
    ],
)
def test_a_decimal_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    assert minor_units(Decimal(text), currency, field="price") == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("0.001", "usd", "amount_too_precise"),
        ("0.5", "jpy", "amount_too_precise"),
        ("1.255", "kwd", "amount_too_precise"),
        ("5.50", "isk", "amount_too_precise"),
        ("0.01", "ugx", "amount_too_precise"),
        ("1E-1000000", "usd", "amount_too_precise"),
        ("1E-9000000", "usd", "amount_too_precise"),
        ("0.1" + "0" * 40 + "1", "usd", "amount_too_precise"),
        ("1000000000000000000000.001", "usd", "amount_too_large"),
        ("-0.01", "usd", "amount_negative"),
        ("1000000.00", "usd", "amount_too_large"),
        ("1E+1000000", "usd", "amount_too_large"),
        ("9" * 400, "usd", "amount_too_large"),
        ("NaN", "usd", "amount_invalid"),
        ("sNaN", "usd", "amount_invalid"),
        ("Infinity", "usd", "amount_invalid"),
        ("-Infinity", "usd", "amount_invalid"),
        ("1", "xxx", "currency_unsupported"),
        ("1", "USD", "currency_unsupported"),
    ],
)
def test_an_amount_that_cannot_be_invoiced_is_refused(text: str, currency: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        minor_units(Decimal(text), currency, field="price")
    assert refusal.value.code == code
    assert refusal.value.field == ("currency" if code == "currency_unsupported" else "price")
    assert refusal.value.next_step


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "amount"),
    [
        ("1.5", 7500, "usd", 11250),
        ("0.5", 1, "usd", 1),
        ("0.3333", 100, "usd", 33),
        ("2.5", 1, "usd", 3),
        ("0.0001", 1, "usd", 0),
        ("0.5", 501, "jpy", 251),
        ("0.5", 1250, "kwd", 630),
        ("0.333", 1250, "kwd", 420),
        ("0.5", 500, "isk", 300),
        ("0.25", 100, "ugx", 0),
    ],
)
def test_a_line_is_rounded_half_up_to_what_its_currency_can_express(
    quantity: str, price: int, currency: str, amount: int
) -> None:
    assert line_amount(Decimal(quantity), price, currency, field="line") == amount


def test_a_line_beyond_what_stripe_takes_is_refused() -> None:
    with pytest.raises(Refused, match="amount_too_large"):
        line_amount(Decimal(100_000), MAX_AMOUNT, "usd", field="line")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(7500, "usd", "75.00"), (0, "usd", "0.00"), (5, "usd", "0.05"), (500, "jpy", "500"), (1250, "kwd", "1.250")],
)
def test_minor_units_are_shown_as_exact_decimals(minor: int, currency: str, text: str) -> None:
    assert decimal_string(minor, currency) == text == str(Money(minor, currency))


def test_no_currency_has_two_numbers_of_decimals() -> None:
    assert not ZERO_DECIMAL & TWO_DECIMAL
    assert not THREE_DECIMAL & TWO_DECIMAL
    assert TWO_DECIMAL >= WHOLE_UNITS_ONLY


@given(st.sampled_from(ALL), st.integers(0, MAX_AMOUNT))
def test_a_displayed_amount_is_read_back_as_the_same_amount(currency: str, amount: int) -> None:
    step = 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_UNITS_ONLY else 1
    amount -= amount % step
    assert minor_units(Decimal(decimal_string(amount, currency)), currency, field="price") == amount


@given(st.sampled_from(ALL), st.decimals(min_value=0, max_value=10**9, allow_nan=False))
def test_an_amount_is_read_exactly_or_refused(currency: str, value: Decimal) -> None:
    try:
        minor = minor_units(value, currency, field="price")
    except Refused:
        return
    assert Decimal(minor).scaleb(-exponent(currency)) == value


@given(st.sampled_from(ALL), st.integers(0, 10_000), st.decimals("0.0001", 100, places=4))
def test_a_line_is_rounded_by_at_most_half_a_unit(currency: str, steps: int, quantity: Decimal) -> None:
    step = 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_UNITS_ONLY else 1
    price = steps * step
    amount = line_amount(quantity, price, currency, field="line")
    assert amount % step == 0
    assert abs(amount - quantity * price) * 2 <= step


@pytest.mark.parametrize("currency", ["xqq", "", "USD", "a currency"])
def test_an_amount_in_an_unknown_currency_is_displayed_with_two_decimals_and_refused_as_input(currency: str) -> None:
    assert decimal_string(7505, currency) == "75.05"
    with pytest.raises(Refused):
        minor_units(Decimal("75.05"), currency, field="price")
