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

OFFERED_NAMES = {
    "card": "Card",
    "us_bank_account": "US bank account",
    "link": "Link",
    "acss_debit": "Canadian pre-authorized debit",
    "sepa_debit": "SEPA direct debit",
    "bacs_debit": "Bacs direct debit",
    "au_becs_debit": "BECS direct debit",
}
"""What a payer reads who chooses a method, by its type (https://docs.stripe.com/payments/payment-methods/overview)."""
