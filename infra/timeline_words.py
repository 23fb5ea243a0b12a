"""One line for each event in the life of an invoice. The demo and the operator's commands use the same words."""

from __future__ import annotations

HAPPENED = {
    "reminded": "Reminder sent",
    "edited": "Draft changed",
    "edit_refused": "Change of the draft refused",
    "send_requested": "Sending requested",
    "send_refused": "Sending refused",
    "corrected": "Replaced by a copy to correct it",
}
"""The words for kinds of entries whose names would not be clear."""

METHODS = {"us_bank_account": "US bank account", "outside_stripe": "outside Stripe"}


def sentence(
    kind: str,
    amount: str | None = None,
    method: str | None = None,
    reason: str | None = None,
    to: str | None = None,
) -> str:
    """Returns what happened, such as `Payment failed: 80.00 USD by Visa 9995, insufficient funds`.

    `amount` has its currency, see `money`, and `method` is in words, see `paid_with`.
    """
    words = HAPPENED.get(kind) or _words(kind).capitalize()
    if to:
        words += f" to {to}"
    preposition = "to" if "refund" in kind else "by"
    if method and method != METHODS["outside_stripe"]:
        method = f"{preposition} {method}"
    money_and_method = " ".join(part for part in (amount, method) if part)
    details = [part for part in (money_and_method, _words(reason or "")) if part]
    return f"{words}: {', '.join(details)}" if details else words


def money(amount: str, currency: str) -> str:
    """Returns an amount with its currency, such as `80.00 USD`."""
    return f"{amount} {currency.upper()}"


def paid_with(method_type: str | None, brand: str | None, last4: str | None) -> str:
    """Returns how a payment was made, such as `Visa 4242`, or an empty text if that is unknown."""
    name = brand[:1].upper() + brand[1:] if brand else METHODS.get(method_type or "", method_type or "")
    return " ".join(word for word in (_words(name), last4) if word)


def clock_time(instant: str) -> str:
    """Returns an instant of the API or of a JSON document, such as `2026-11-28 20:31:05`. It stays UTC."""
    return instant.replace("T", " ").removesuffix("Z")


def _words(name: str) -> str:
    return name.replace("_", " ")
