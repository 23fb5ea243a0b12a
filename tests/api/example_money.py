"""The money that the examples of the OpenAPI document are about."""

from __future__ import annotations

from chalicelib.api.examples.common import INVOICE_ID
from chalicelib.api.examples.deposits import OF_ACCOUNT, OF_PAYMENT, OF_REFUND, PAYMENT_ID, PAYOUT_ID, REFUND_ID
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import MovementKind
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import Owner, PayoutLine, itemized
from tests.api.money_moved import movement
from tests.api.settled_money import ACCOUNT, account_fee, midnight, moved, payout_fact
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
"""A refund, and the payment before it."""

_REFUNDED = moved(
    str(OF_REFUND["id"]), -2000, type="refund", category="refund", created=REFUNDED_AT, available_on=AVAILABLE_ON,
    source_type="refund", source_id=REFUND_ID, payment_id=PAYMENT_ID, description="REFUND FOR CHARGE",
)  # fmt: skip
_PAID = moved(
    str(OF_PAYMENT["id"]), 12150, 382, created=PAID_AT, available_on=AVAILABLE_ON, payment_id=PAYMENT_ID,
    description="Invoice A1B2C3D4-0001",
)  # fmt: skip
_CHARGED = account_fee(
    str(OF_ACCOUNT["id"]), 200, created=CHARGED_AT, available_on=AVAILABLE_ON, description="Billing - usage fee"
)

SETTLED = (Settlement(_REFUNDED, PAYOUT_ID), Settlement(_PAID, PAYOUT_ID))
LINES = (PayoutLine(_CHARGED), PayoutLine(_REFUNDED, OWNER), PayoutLine(_PAID, OWNER))

_FACT = payout_fact(
    PAYOUT_ID, 9568, created=midnight("2026-11-27") + 600, arrival_date=midnight("2026-12-01"),
    statement_descriptor="BLUE POOLS", trace_id="091000019876543",
)  # fmt: skip
PAYOUT = Payout(ORGANIZATION, ACCOUNT, _FACT, itemized=itemized(_FACT, LINES, CHARGED_AT))
