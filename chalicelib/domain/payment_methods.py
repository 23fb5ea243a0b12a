"""The payment methods that POM treats specially, by the types that Stripe gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.domain.error_collector import raise_all
from chalicelib.domain.errors import Refused

BANK_DEBITS = frozenset(
    {
        "us_bank_account",
        "acss_debit",
        "sepa_debit",
        "bacs_debit",
        "au_becs_debit",
        "nz_bank_account",
        "ach_debit",
    }
)
"""Methods whose charges stay pending for days (https://docs.stripe.com/payments/bank-debits)."""
METHOD_NAMES = {"card": "card", "link": "Link", **dict.fromkeys(BANK_DEBITS, "bank debit")}
"""The name of a method for payers, by its type."""

OFFERED_NAMES = {
    "card": "Card",
    "us_bank_account": "US bank account",
    "link": "Link",
    "acss_debit": "Canadian pre-authorized debit",
    "sepa_debit": "SEPA direct debit",
    "bacs_debit": "Bacs direct debit",
    "au_becs_debit": "BECS direct debit",
}
"""The name of a method in Stripe's checkout, by its type
(https://docs.stripe.com/payments/payment-methods/overview).
"""

CURRENCIES: Mapping[str, Sequence[str]] = {
    "us_bank_account": ("usd",),
    "acss_debit": ("cad", "usd"),
    "sepa_debit": ("eur",),
    "bacs_debit": ("gbp",),
    "au_becs_debit": ("aud",),
}
"""The currencies of the methods that accept only some (https://docs.stripe.com/invoicing/payment-methods). Cards and
Link accept the account's currencies.
"""


def require_currency(methods: Sequence[str], currency: str, *, field: str = "paymentMethods") -> None:
    """Refuses methods that do not accept this currency.

    Stripe checks this too when it finalizes the invoice, and also whether the account may use the method.

    Raises:
        Refused: some methods do not accept the currency. The first error carries the others.
    """
    raise_all(
        Refused(
            "payment_method_currency",
            f"{OFFERED_NAMES[method]} takes {' or '.join(each.upper() for each in CURRENCIES[method])}, "
            f"and this invoice is in {currency.upper()}.",
            field=f"{field}[{position}]",
            next_step=f"Leave {method} out of the payment methods of this invoice. If the request names no methods, "
            "those of the settings apply.",
        )
        for position, method in enumerate(methods)
        if currency not in CURRENCIES.get(method, (currency,))
    )
