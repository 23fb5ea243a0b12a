"""The payment methods that POM treats in a way of their own, by the types that Stripe gives them."""

from __future__ import annotations

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
"""What a payer calls a method, by its type."""
