"""Reads the fee of a payment from Stripe."""

from __future__ import annotations

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports


def read_payment(organization_id: OrganizationId, payment_id: str, ports: Ports) -> bool:
    """Stores the fee and the net of a payment in its row. Returns True if Stripe has booked the payment.

    `payment_id` is the id of a charge, or of a payment intent. For a payment intent the latest charge is read.

    Raises:
        StripeUnavailable, AccountUnreachable, Retryable: the call can be repeated.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return False
    transaction = ports.stripe.balance_transaction_of(connection.account_id, payment_id)
    if transaction is None or transaction.movement_id is None:
        return False
    ports.payments.settle(organization_id, [(transaction.movement_id, Settlement(transaction))])
    return True
