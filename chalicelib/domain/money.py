"""Money is an integer of minor units with its currency. Decimals are exact and occur only at the API; no floats.

Minor units of each currency: https://docs.stripe.com/currencies#zero-decimal and #three-decimal. ISK and UGX have no
minor unit in use, but Stripe takes their amounts times 100 for compatibility (#special-cases).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from chalicelib.domain.errors import Refused

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
TWO_DECIMAL = frozenset(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc
    cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr
    kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk
    php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd
    uyu uzs wst xcd yer zar zmw
    """.split()
)
WHOLE_UNITS_ONLY = frozenset({"isk", "ugx"})

DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(ZERO_DECIMAL, 0),
    **dict.fromkeys(TWO_DECIMAL, 2),
    **dict.fromkeys(THREE_DECIMAL, 3),
}
"""The number of decimals of each currency that Stripe accepts."""

STEPS: Mapping[str, int] = {**dict.fromkeys(THREE_DECIMAL, 10), **dict.fromkeys(WHOLE_UNITS_ONLY, 100)}
"""Amounts of these currencies are multiples of this number of minor units. Other currencies can express any amount.

Stripe refuses a non-zero last digit in three-decimal currencies, and fractions of ISK and UGX.
"""

MAX_AMOUNT = 99_999_999
"""The largest amount, in minor units, that every payment method accepts (https://docs.stripe.com/currencies)."""

MINIMUM_CHARGE = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
"""The smallest charges in minor units (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).

Stripe converts the amount and applies the minimum of the currency that the account is paid out in. Only Stripe knows
that currency and the rate, so POM applies the minimum of the invoice's own currency.
"""

MAX_DIGITS = 20
"""Numbers with more digits than this before or after the point are refused without an exact check."""


def exponent(currency: str, *, field: str = "currency") -> int:
    """Returns the number of decimals of the currency's minor unit.

    Raises:
        Refused: Stripe does not accept the currency.
    """
    if currency not in DECIMALS:
        raise Refused(
            "currency_unsupported",
            f"Stripe does not take the currency {currency.upper()}.",
            field=field,
            next_step="Use a three-letter ISO 4217 code such as usd.",
        )
    return DECIMALS[currency]


def minimum_charge(currency: str) -> int:
    """Returns the smallest amount that Stripe charges, in minor units.

    For a currency without a published minimum, returns an amount that is certainly large enough.

    Raises:
        Refused: Stripe does not accept the currency.
    """
    hundred_units: int = 100 * 10 ** exponent(currency)
    return MINIMUM_CHARGE.get(currency, hundred_units)


def require_chargeable(total: int, currency: str, *, field: str) -> None:
    """Refuses a total above zero and below Stripe's minimum, which Stripe would mark as paid without charging the
    customer.

    The account may be paid out in another currency with a higher minimum. Then Stripe may still do this to a total
    that POM accepts, and the explanation of the invoice says so.

    Raises:
        Refused: the total is below the minimum of its currency.
    """
    minimum = MINIMUM_CHARGE.get(currency, 0)
    if not 0 < total < minimum:
        return
    total_text, minimum_text = (
        f"{decimal_string(amount, currency)} {currency.upper()}" for amount in (total, minimum)
    )
    raise Refused(
        "amount_below_minimum",
        f"The total is {total_text}. The smallest amount that Stripe charges is {minimum_text}; zero is allowed.",
        field=field,
        next_step="Bill it together with other services, or raise the price.",
    )


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency (lower-case ISO 4217)."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return decimal_string(self.amount, self.currency)


def minor_units(value: Decimal, currency: str, *, field: str) -> int:
    """Returns an exact decimal such as 75.00 in minor units.

    Raises:
        Refused: the value is not a finite number, is negative, has more decimals than the currency, or is too large.
    """
    if not value.is_finite():
        raise Refused(
            "amount_invalid", "The amount is not a number.", field=field, next_step="Give a number such as 75.00."
        )
    if value < 0:
        raise Refused(
            "amount_negative",
            "An amount cannot be negative.",
            field=field,
            next_step="Give it without a sign. To take money off an order, add a discount or a credit to it.",
        )
    places, step = exponent(currency), STEPS.get(currency, 1)
    if value and value.adjusted() > MAX_DIGITS:
        raise _too_large(currency, field)
    # As precise as the number is written, because the default context silently rounds to 28 digits.
    exact_context = Context(prec=len(value.as_tuple().digits) + MAX_DIGITS)
    exact_units = value.scaleb(places, exact_context) if value.adjusted() > -MAX_DIGITS else value
    whole_units = exact_units.to_integral_value()
    if exact_units != whole_units or int(whole_units) % step:
        places_in_use = {1: places, 10: 2, 100: 0}[step]
        raise Refused(
            "amount_too_precise",
            f"The amount has more decimals than {currency.upper()} has.",
            field=field,
            next_step=f"Round it to {places_in_use} decimals.",
        )
    if whole_units > MAX_AMOUNT:
        raise _too_large(currency, field)
    return int(whole_units)


def line_amount(quantity: Decimal, unit_price: int, currency: str, *, field: str) -> int:
    """Returns quantity times unit price in minor units, rounded half up to a multiple of the currency's step.

    Raises:
        Refused: the product is too large.
    """
    step = STEPS.get(currency, 1)
    exact = quantity * unit_price
    rounded = int((exact / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)) * step
    if rounded > MAX_AMOUNT:
        raise _too_large(currency, field)
    return rounded


def decimal_string(amount: int, currency: str) -> str:
    """Returns `7500, "usd"` as `"75.00"`, `500, "jpy"` as `"500"`, and `1250, "kwd"` as `"1.250"`.

    An unknown currency is shown with two decimals, as most currencies have, because reading must never fail.
    """
    return format(Decimal(amount).scaleb(-DECIMALS.get(currency, 2)), "f")


def _too_large(currency: str, field: str) -> Refused:
    return Refused(
        "amount_too_large",
        f"The amount is larger than {decimal_string(MAX_AMOUNT, currency)} {currency.upper()}, "
        "the most that Stripe takes on an invoice.",
        field=field,
        next_step="Split it over several invoices.",
    )
