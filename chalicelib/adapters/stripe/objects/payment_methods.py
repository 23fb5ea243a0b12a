"""The details by which people recognize a payment method: a card's brand or a bank's name, and the last four digits.

Nothing else of a card or an account is read: no fingerprint, no issuer's number, no country. Every field is read
leniently, because a payment counts whatever its payment method is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chalicelib.adapters.stripe.objects.fields import mapping_of, text_of

LONGEST_NAME = 80
"""The most characters of a bank's name that are stored."""

BRAND_FIELDS = ("brand", "bank_name", "bank")
"""Cards have a `brand`, bank debits a `bank_name`, and payments that are confirmed on a bank's own site a `bank`."""

LAST4_FIELDS = ("last4", "iban_last4")
LAST4 = re.compile(r"[0-9A-Za-z]{4}")
"""The end of an IBAN may contain letters."""


class Instrument(NamedTuple):
    """A payment method as people recognize it. A part that Stripe leaves out is None."""

    method: str | None = None
    brand: str | None = None
    last4: str | None = None
    expires: str | None = None
    """The last month in which a card is valid, such as `2027-04`."""


def instrument_of(details: object) -> Instrument:
    """Returns the instrument in a charge's `payment_method_details`.

    The details have the method's type, and a hash with that name
    (https://docs.stripe.com/api/charges/object#charge_object-payment_method_details). Apple Pay and Google Pay are
    cards. Another wallet, such as Amazon Pay, has the card that it charges in `funding`.
    """
    all_details = mapping_of(details)
    method = text_of(all_details.get("type"))
    if method is None:
        return Instrument()
    method_details = mapping_of(all_details.get(method))
    card_behind_wallet = mapping_of(mapping_of(method_details.get("funding")).get("card"))
    instrument_details = card_behind_wallet or method_details
    brands = (text_of(instrument_details.get(name)) for name in BRAND_FIELDS)
    brand = next((found for found in brands if found), None)
    last4s = (instrument_details.get(name) for name in LAST4_FIELDS)
    return Instrument(
        method=method,
        brand=brand[:LONGEST_NAME] if brand else None,
        last4=next((found for found in last4s if isinstance(found, str) and LAST4.fullmatch(found)), None),
        expires=_month(instrument_details.get("exp_year"), instrument_details.get("exp_month")),
    )


def _month(year: object, month: object) -> str | None:
    if type(year) is not int or type(month) is not int or not (2000 <= year <= 2199 and 1 <= month <= 12):
        return None
    return f"{year}-{month:02}"
