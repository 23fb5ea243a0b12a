"""Reads the fee of a payment from Stripe."""

from __future__ import annotations

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports


def read_payment(organization_id: OrganizationId, payment_id: str, ports: Ports) -> bool:
    """Stores the fee and the net of a payment next to its row. Returns True if Stripe has booked it.

    `payment_id` is that of a payment intent, whose latest charge is meant, or of a charge.

    Raises:
        StripeUnavailable, AccountUnreachable, Retryable: to be done again.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return False
    transaction = ports.stripe.balance_transaction_of(connection.account_id, payment_id)
    if transaction is None or transaction.movement_id is None:
        return False
    ports.payments.settle(organization_id, [(transaction.movement_id, Settlement(transaction))])
    return True
