"""A change of an account's balance in Stripe's form: the fee of a payment, or a line of a payout.

The amounts are read strictly, because the lines of a payout have to add up to its amount. All other fields are read
leniently, because Stripe adds types, categories and kinds of sources, and a line counts under any name.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from chalicelib.adapters.stripe.objects.fields import (
    Amount,
    Code,
    StripeId,
    Timestamp,
    amount_of,
    cut_text_of,
    id_in,
    mapping_of,
    text_of,
    timestamp_of,
)
from chalicelib.domain.balance_transactions import BalanceTransaction as BalanceTransactionFact
from chalicelib.domain.balance_transactions import FeePart

UNNAMED = "unknown"
"""The name for a type or a category that Stripe leaves out."""

RATE = re.compile(rb"[0-9]{1,12}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
"""An exchange rate as JSON writes it. A yen is about 0.0067 dollars, and a dollar 25,000 dong."""

KINDS_BY_PREFIX = {
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "pyr": "refund",
    "du": "dispute",
    "dp": "dispute",
    "po": "payout",
}
"""The kind of object by the prefix of its id. Bank debits and other payments without a card are charges with
`py_`.
"""

MOVES_A_PAYMENT = frozenset({"charge", "refund", "dispute"})


class Source(NamedTuple):
    """The Stripe object that caused a change of the balance. A part that Stripe leaves out is None."""

    kind: str | None = None
    id: str | None = None
    amount: int | None = None
    currency: str | None = None
    payment_id: str | None = None


def source_of(value: object) -> Source:
    """Returns the source of a balance transaction.

    `value` is the expanded object, its id, or null, as for a monthly fee.

    An expanded refund or dispute names its payment. Of ids, only that of a charge names a payment.
    """
    if isinstance(value, str):
        source_id = id_in(value)
        kind = KINDS_BY_PREFIX.get(source_id.partition("_")[0]) if source_id else None
        return Source(kind, source_id, payment_id=source_id if kind == "charge" else None)
    source = mapping_of(value)
    kind = text_of(source.get("object"))
    return Source(
        kind=kind,
        id=id_in(source),
        amount=amount_of(source.get("amount")),
        currency=text_of(source.get("currency")),
        payment_id=_payment_of(source, kind),
    )


def _payment_of(source: Any, kind: str | None) -> str | None:
    if kind not in MOVES_A_PAYMENT:
        return None
    return id_in(source.get("payment_intent")) or id_in(source if kind == "charge" else source.get("charge"))


class BalanceTransaction(msgspec.Struct):
    """https://docs.stripe.com/api/balance_transactions/object"""

    id: StripeId
    amount: Amount
    fee: Amount
    net: Amount
    currency: Code
    created: Timestamp
    available_on: Any = None
    type: Any = None
    reporting_category: Any = None
    description: Any = None
    fee_details: Any = None
    exchange_rate: msgspec.Raw = msgspec.Raw(b"null")
    source: Any = None

    def fact(self, source: Source | None = None) -> BalanceTransactionFact:
        """Returns the balance transaction as a fact. `source` replaces the source that the object itself names.

        The fee is `amount` minus `net`. Stripe documents that this equals its `fee`. If the two differed, the balance
        would still have changed by `net`.
        """
        cause = source if source is not None else source_of(self.source)
        type_ = text_of(self.type) or UNNAMED
        return BalanceTransactionFact(
            id=self.id,
            type=type_,
            category=text_of(self.reporting_category) or type_,
            amount=self.amount,
            fee=self.amount - self.net,
            net=self.net,
            currency=self.currency,
            created=self.created,
            available_on=timestamp_of(self.available_on) or self.created,
            fee_parts=tuple(_fee_parts(self.fee_details)),
            exchange_rate=rate_in(self.exchange_rate),
            # The description of a payment or a refund often has the payer's name and address.
            description=None if cause.kind in MOVES_A_PAYMENT else cut_text_of(self.description),
            source_type=cause.kind,
            source_id=cause.id,
            source_amount=cause.amount,
            source_currency=cause.currency,
            payment_id=cause.payment_id,
        )


def _fee_parts(details: object) -> list[FeePart]:
    parts = [mapping_of(each) for each in details] if isinstance(details, list) else []
    amounts = [amount_of(part.get("amount")) for part in parts]
    return [
        FeePart(text_of(part.get("type")) or UNNAMED, amount, cut_text_of(part.get("description")))
        for part, amount in zip(parts, amounts, strict=True)
        if amount is not None
    ]


def rate_in(written: msgspec.Raw) -> str | None:
    """Returns an exchange rate with the digits that Stripe wrote and without an exponent, or None."""
    text = bytes(written)
    if not RATE.fullmatch(text):
        return None
    rate = Decimal(text.decode())
    return f"{rate:f}" if rate > 0 else None


class BookedCharge(msgspec.Struct):
    """A charge with its balance transaction expanded. The transaction is null until Stripe has booked the charge.

    https://docs.stripe.com/payments/payment-intents/asynchronous-capture
    """

    id: StripeId
    amount: Any = None
    currency: Any = None
    payment_intent: Any = None
    balance_transaction: BalanceTransaction | None = None

    def transaction_fact(self) -> BalanceTransactionFact | None:
        """Returns the charge's balance transaction with the charge as its source, or None if it is not booked."""
        if self.balance_transaction is None:
            return None
        charge = {
            "object": "charge", "id": self.id, "amount": self.amount, "currency": self.currency,
            "payment_intent": self.payment_intent,
        }  # fmt: skip
        return self.balance_transaction.fact(source_of(charge))


class BookedIntent(msgspec.Struct):
    """A payment intent whose latest charge is expanded, with its balance transaction."""

    id: StripeId
    latest_charge: BookedCharge | None = None

    def transaction_fact(self) -> BalanceTransactionFact | None:
        """Returns the balance transaction of the latest charge, or None if it is not booked."""
        return self.latest_charge.transaction_fact() if self.latest_charge is not None else None
