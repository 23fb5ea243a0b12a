"""Currencies and their limits (https://docs.stripe.com/currencies)."""

from __future__ import annotations

from ..errors import InvalidParams, InvalidState

SUPPORTED = frozenset(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils
    inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk
    mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp
    sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw
    """.split()
)
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS_ONLY = frozenset(("isk", "ugx"))
MINIMUM = {"usd": 50, "eur": 50, "cad": 50, "aud": 50, "nzd": 50, "gbp": 30, "mxn": 1000, "jpy": 50, "dkk": 250}
MINIMUM |= {"nok": 300, "sek": 300, "chf": 50, "sgd": 50, "hkd": 400, "brl": 50, "inr": 50, "aed": 200, "bgn": 100}
MINIMUM |= {"czk": 1500, "huf": 17_500, "myr": 200, "pln": 200, "ron": 200, "thb": 1000}
MAX_CARD = 999_999_999_999
MAX_OTHER = 99_999_999


def currency(code: str, param: str = "currency") -> str:
    """Returns the code in lower case. Raises InvalidParams if Stripe does not support it."""
    lower_code = code.lower()
    if lower_code not in SUPPORTED:
        raise InvalidParams(
            f"Invalid currency: {code}. Stripe currently supports these currencies: usd, eur, …", param=param
        )
    return lower_code


def decimals(code: str) -> int:
    """Returns the number of decimals that a currency has."""
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def minimum(code: str) -> int:
    """Returns the smallest amount that can be charged, in minor units."""
    return MINIMUM.get(code, 50 if code not in ZERO_DECIMAL else 1)


def require_chargeable(amount: int, code: str) -> None:
    """Raises InvalidState for an amount that a payment in this currency cannot have."""
    if amount > MAX_CARD:
        raise InvalidState(f"Amount must be no more than {MAX_CARD} {code}", code="amount_too_large", param="amount")
    step = 100 if code in WHOLE_UNITS_ONLY else 10 if code in THREE_DECIMAL else 1
    if amount % step:
        raise InvalidState(f"Invalid amount for {code}: must be a multiple of {step}", param="amount")


def format_amount(amount: int, code: str) -> str:
    """Returns an amount of minor units as pages and mails print it, such as `$75.00`."""
    digits = decimals(code)
    sign = "-" if amount < 0 else ""
    units, fraction = divmod(abs(amount), 10**digits)
    number = f"{units:,}" + (f".{fraction:0{digits}d}" if digits else "")
    symbol = {"usd": "$", "eur": "€", "gbp": "£"}.get(code)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {code.upper()}"
