"""The payments, fees and payouts that the examples of the OpenAPI document describe."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.adapters.stripe.objects.balance_transactions import BalanceTransaction as StripeBalanceTransaction
from chalicelib.api.examples.common import INVOICE_ID
from chalicelib.api.examples.deposits import OF_ACCOUNT, OF_PAYMENT, OF_REFUND, PAYMENT_ID, PAYOUT_ID, REFUND_ID
from chalicelib.domain.balance_transactions import BalanceTransaction, Settlement
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import MovementKind
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import Owner, PayoutLine, sum_lines
from tests.api.money_moved import movement
from tests.api.settled_money import ACCOUNT, midnight, payout_fact
from tests.world import ORGANIZATION

PAID_AT, REFUNDED_AT, CHARGED_AT = 1795626760, 1795660200, 1795680000
AVAILABLE_ON = midnight("2026-11-27")
OWNER = Owner(InvoiceId(INVOICE_ID), CustomerId("cust_456"), "A1B2C3D4-0001")

_ROW = {
    "invoice_id": OWNER.invoice_id,
    "customer_id": OWNER.customer_id,
    "number": OWNER.number,
    "method": "card",
    "brand": "mastercard",
    "last4": "4444",
}
ROWS = (
    movement(
        id=REFUND_ID,
        kind=MovementKind.REFUND,
        at=REFUNDED_AT,
        amount=2000,
        payment_id=PAYMENT_ID,
        reason="requested_by_customer",
        **_ROW,
    ),
    movement(id=PAYMENT_ID, at=PAID_AT, amount=12150, **_ROW),
)
"""A refund, and the payment that it refunds."""


def _balance_transaction(
    fields: dict[str, Any], type_: str, description: str, created_at: int, source: Any
) -> BalanceTransaction:
    """Returns a balance transaction as POM reads it from Stripe."""
    transaction = {
        "id": fields["id"], "type": type_, "reporting_category": fields["category"], "description": description,
        "amount": amount_in_minor_units(fields["gross"]), "fee": amount_in_minor_units(fields["fee"]),
        "net": amount_in_minor_units(fields["net"]), "currency": fields["currency"], "created": created_at,
        "available_on": AVAILABLE_ON, "source": source,
        "fee_details": [{**part, "amount": amount_in_minor_units(part["amount"])} for part in fields["feeParts"]],
    }  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(transaction), type=StripeBalanceTransaction).fact()


def amount_in_minor_units(amount: str) -> int:
    return int(Decimal(amount) * 100)


_REFUNDED = _balance_transaction(
    OF_REFUND, "refund", "REFUND FOR CHARGE (Ann Lee)", REFUNDED_AT,
    {"object": "refund", "id": REFUND_ID, "amount": 2000, "currency": "usd", "payment_intent": PAYMENT_ID},
)  # fmt: skip
_PAID = _balance_transaction(
    OF_PAYMENT, "charge", "Ann Lee, Invoice A1B2C3D4-0001", PAID_AT,
    {"object": "charge", "id": "ch_1", "amount": 12150, "currency": "usd", "payment_intent": PAYMENT_ID},
)  # fmt: skip
_IN_STRIPE = {**OF_ACCOUNT, "gross": OF_ACCOUNT["net"], "fee": "0.00", "feeParts": []}
"""Stripe books a fee of the account as the transaction's amount, with a fee of zero."""
_CHARGED = _balance_transaction(_IN_STRIPE, "stripe_fee", "Billing - usage fee", CHARGED_AT, None)
"""Stripe describes a payment and its refund by the payer's name, which POM does not store."""

SETTLED = (Settlement(_REFUNDED, PAYOUT_ID), Settlement(_PAID, PAYOUT_ID))
NAMES = {CustomerId("cust_456"): "Dana Reyes"}
"""The names of the customers in the examples."""
LINES = (PayoutLine(_CHARGED), PayoutLine(_REFUNDED, OWNER), PayoutLine(_PAID, OWNER))

_FACT = payout_fact(
    PAYOUT_ID, 9568, created=midnight("2026-11-27") + 600, arrival_date=midnight("2026-12-01"),
    statement_descriptor="BLUE POOLS", trace_id="091000019876543",
)  # fmt: skip
PAYOUT = Payout(ORGANIZATION, ACCOUNT, _FACT, itemized=sum_lines(_FACT, LINES, CHARGED_AT))
