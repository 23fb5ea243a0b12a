"""Derives the figures of each invoice from the Stripe double's ledger alone, and compares them with POM's.

No rule of the backend is used here, so that the two results are independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.invoice import Invoice

JSON = dict[str, Any]

REASONS = {
    "insufficient_funds": "insufficient_funds",
    "card_velocity_exceeded": "insufficient_funds",
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_details",
    "incorrect_number": "incorrect_details",
    "no_account": "incorrect_details",
    "authentication_required": "authentication_required",
    "payment_intent_authentication_failure": "authentication_required",
    "processing_error": "other",
    "generic_decline": "card_declined",
    "lost_card": "card_declined",
    "stolen_card": "card_declined",
    "fraudulent": "card_declined",
    "account_closed": "bank_declined",
    "debit_not_authorized": "bank_declined",
    "invalid_currency": "bank_declined",
}
"""The double's error codes of test cards and bank accounts, each with POM's reason."""

DISPUTE_ENDED = ("won", "lost", "warning_closed", "prevented")


@dataclass(frozen=True)
class Figures:
    """The figures and flags of one invoice that users see."""

    status: str
    total: int
    paid: int
    refunded: int
    lost: int
    received: int
    overpaid: int
    from_balance: int
    """The amount that the customer's balance in Stripe paid; negative if a debt was added."""
    credited_first: int
    """The amount that credit notes subtracted before the payment."""
    discount: int
    balance: int
    disputed: bool
    failure: str | None


def figures_in_stripe(ledger: JSON, stripe_invoice: JSON) -> Figures:
    """Returns the figures of one invoice according to the ledger."""
    objects = ledger["objects"]
    intents = _intents(objects, stripe_invoice)
    ids = {intent["id"] for intent in intents}
    refunds = [
        refund
        for refund in objects.get("refund", ())
        if refund["payment_intent"] in ids and refund["status"] == "succeeded"
    ]
    notes = [
        note
        for note in objects.get("credit_note", ())
        if note["invoice"] == stripe_invoice["id"] and note["status"] == "issued"
    ]
    refunded = sum(refund["amount"] for refund in refunds) + sum(note["out_of_band_amount"] or 0 for note in notes)
    lost = sum(
        _lost_cents(objects, charge, refunds)
        for charge in objects.get("charge", ())
        if charge["payment_intent"] in ids
    )
    disputed = any(
        dispute["payment_intent"] in ids and dispute["status"] not in DISPUTE_ENDED
        for dispute in objects.get("dispute", ())
    )
    word, paid = stripe_invoice["status"], stripe_invoice["amount_paid"]
    failure = _failure(intents) if word == "open" else None
    if word == "paid" and 0 < paid <= refunded:
        word = "refunded"
    elif word == "open":
        word = "failed" if failure else "pending"
    owed = stripe_invoice["total"] if word == "draft" else stripe_invoice["amount_remaining"]
    return Figures(
        status=word,
        total=stripe_invoice["total"],
        paid=paid,
        refunded=refunded,
        lost=lost,
        received=paid - refunded - lost,
        overpaid=stripe_invoice["amount_overpaid"],
        from_balance=_from_balance(objects, stripe_invoice),
        credited_first=sum(note["pre_payment_amount"] for note in notes),
        discount=stripe_invoice["subtotal"] - stripe_invoice["total"],
        balance=owed if word in ("draft", "pending", "failed", "uncollectible") else 0,
        disputed=disputed,
        failure=failure,
    )


def _lost_cents(objects: JSON, charge: JSON, refunds: list[JSON]) -> int:
    """Returns the amount of one charge lost in disputes, which is at most the amount not refunded."""
    disputes = [
        each for each in objects.get("dispute", ()) if each["charge"] == charge["id"] and each["status"] == "lost"
    ]
    claimed = sum(each["amount"] if each["currency"] == charge["currency"] else charge["amount"] for each in disputes)
    refunded = sum(refund["amount"] for refund in refunds if refund["charge"] == charge["id"])
    return max(0, min(claimed, charge["amount"] - refunded))


def _from_balance(objects: JSON, stripe_invoice: JSON) -> int:
    """Returns the amount by the customer's balance transactions, which are independent of the invoice's own
    figures.
    """
    if stripe_invoice["status"] == "void":
        return 0
    return sum(
        entry["amount"]
        for entry in objects.get("customer_balance_transaction", ())
        if entry["invoice"] == stripe_invoice["id"] and entry["type"] in ("applied_to_invoice", "invoice_too_small")
    )


def _intents(objects: JSON, stripe_invoice: JSON) -> list[JSON]:
    intent_ids = [payment["payment"]["payment_intent"] for payment in stripe_invoice["payments"]["data"]]
    return [intent for intent in objects.get("payment_intent", ()) if intent["id"] in intent_ids]


def _failure(intents: list[JSON]) -> str | None:
    if any(intent["status"] == "processing" for intent in intents):
        return None
    for intent in reversed(intents):
        error = intent["last_payment_error"]
        if intent["status"] == "requires_payment_method" and error:
            return REASONS[error.get("decline_code") or error["code"]]
    return None


def figures_in_pom(invoice: Invoice) -> Figures:
    """Returns the figures that POM shows for one of its invoices."""
    return Figures(
        status=invoice.status.value,
        total=invoice.total,
        paid=invoice.paid_amount,
        refunded=invoice.refunded_amount,
        lost=invoice.amounts.lost,
        received=invoice.amounts.received,
        overpaid=invoice.amounts.overpaid,
        from_balance=invoice.amounts.balance_applied,
        credited_first=invoice.amounts.credited_before_payment,
        discount=invoice.amounts.discount,
        balance=invoice.balance,
        disputed=invoice.disputed,
        failure=invoice.failure.reason.value if invoice.failure else None,
    )


def differences(ledger: JSON, invoices: Iterable[Invoice]) -> list[str]:
    """Returns a sentence for each invoice on which POM and Stripe disagree."""
    invoices = list(invoices)
    in_stripe = {invoice["id"]: invoice for invoice in ledger["objects"].get("invoice", ())}
    sentences = []
    for invoice in invoices:
        theirs = in_stripe.get(invoice.stripe_invoice_id or "")
        if theirs is not None and theirs["latest_revision"]:
            sentences.append(f"{invoice.id} is {invoice.status} here, and Stripe has a revision of it")
        elif theirs is None:
            if invoice.status.value != "void":
                sentences.append(f"{invoice.id} is {invoice.status} here and not in Stripe")
        elif figures_in_pom(invoice) != figures_in_stripe(ledger, theirs):
            sentences.append(
                f"{invoice.id}: POM shows {figures_in_pom(invoice)}, Stripe has {figures_in_stripe(ledger, theirs)}"
            )
    made_for = Counter(
        theirs["metadata"]["pom_invoice_id"]
        for theirs in in_stripe.values()
        if "pom_invoice_id" in theirs["metadata"] and not theirs["from_invoice"]
    )
    sentences += [f"{count} Stripe invoices for {ours}" for ours, count in made_for.items() if count > 1]
    known_ids = {invoice.id for invoice in invoices}
    sentences += [f"Stripe has an invoice for {ours}, POM has none" for ours in made_for if ours not in known_ids]
    return sentences
