"""A payout in Stripe's form, with the bank account or the debit card that receives it."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.adapters.stripe.objects.fields import (
    Amount,
    Code,
    StripeId,
    Timestamp,
    cut_text_of,
    id_in,
    mapping_of,
    text_of,
)
from chalicelib.adapters.stripe.objects.payment_methods import LAST4, LONGEST_NAME
from chalicelib.domain.payout import PayoutFact


class Payout(msgspec.Struct):
    """https://docs.stripe.com/api/payouts/object

    `destination` is an id, the bank account or card itself, or the rest of a deleted one.
    """

    id: StripeId
    status: Code
    amount: Amount
    currency: Code
    created: Timestamp
    arrival_date: Timestamp
    automatic: bool = True
    method: Any = None
    reconciliation_status: Any = None
    balance_transaction: Any = None
    failure_balance_transaction: Any = None
    failure_code: Any = None
    failure_message: Any = None
    original_payout: Any = None
    reversed_by: Any = None
    destination: Any = None
    statement_descriptor: Any = None
    trace_id: Any = None

    def fact(self, as_of: int) -> PayoutFact:
        bank = mapping_of(self.destination)
        name = text_of(bank.get("bank_name")) or text_of(bank.get("brand"))
        last4 = bank.get("last4")
        return PayoutFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            arrival_date=self.arrival_date,
            automatic=self.automatic,
            method=text_of(self.method) or "standard",
            reconciliation_status=text_of(self.reconciliation_status),
            balance_transaction_id=id_in(self.balance_transaction),
            failure_balance_transaction_id=id_in(self.failure_balance_transaction),
            failure_code=text_of(self.failure_code),
            failure_message=cut_text_of(self.failure_message),
            original_payout_id=id_in(self.original_payout),
            reversed_by_id=id_in(self.reversed_by),
            destination=name[:LONGEST_NAME] if name else None,
            last4=last4 if isinstance(last4, str) and LAST4.fullmatch(last4) else None,
            statement_descriptor=text_of(self.statement_descriptor),
            trace_id=text_of(mapping_of(self.trace_id).get("value")),
        )
