"""The published changes of customers, connections and payouts: the differences between two stored versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.changes import NOTHING, ChangeType, Difference
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.payout import Payout

_PAYOUT_TYPES = {
    "paid": ChangeType.PAYOUT_PAID,
    "failed": ChangeType.PAYOUT_FAILED,
    "canceled": ChangeType.PAYOUT_CANCELED,
}


def customer_difference(before: Customer | None, after: Customer | None) -> Difference:
    """Returns the published difference of a customer. POM's own edits are published once Stripe accepts or refuses
    them.

    An erasure is published once, alone, and nothing is published of the customer afterwards. While the erasure waits
    for something, nothing is published either, because the customer is closed and consumers keep their data.
    """
    previous_status = before.sync_status if before is not None else None
    if _tombstone(before):
        return NOTHING
    if _tombstone(after):
        return Difference((ChangeType.CUSTOMER_ERASED,), previous_status)
    if after is None:
        return Difference((ChangeType.CUSTOMER_DELETED,), previous_status) if before is not None else NOTHING
    types = tuple(_customer_types(before, after))
    return Difference(types, previous_status, after.sync_status) if types else NOTHING


def _tombstone(customer: Customer | None) -> bool:
    """Returns True if the person was taken out of the customer's record."""
    return customer is not None and customer.erasure is not None and customer.erasure.erased_at is not None


def _customer_types(before: Customer | None, after: Customer) -> Iterator[ChangeType]:
    entered = before is None or before.sync_status is not after.sync_status
    failed_otherwise = before is not None and before.sync_error != after.sync_error
    if after.sync_status is SyncStatus.FAILED and (entered or failed_otherwise):
        yield ChangeType.CUSTOMER_SYNC_FAILED
    if after.sync_status is SyncStatus.SYNCED and (entered or _link_of(before) != _link_of(after)):
        yield ChangeType.CUSTOMER_SYNCED
    former_entries = Counter(before.history if before is not None else ())
    # Two entries of the same second about the same fields are equal, so entries are counted.
    if any(each.kind is CustomerEvent.TAKEN_OVER for each in Counter(after.history) - former_entries):
        yield ChangeType.CUSTOMER_UPDATED_IN_STRIPE
    if after.sync_status is SyncStatus.DELETED_IN_STRIPE and entered:
        yield ChangeType.CUSTOMER_DELETED_IN_STRIPE


def _link_of(customer: Customer | None) -> tuple[str, str] | None:
    """Returns the account and the Stripe customer of the link. An invoice on another account replaces both."""
    link = customer.link if customer is not None else None
    return (link.account_id, link.stripe_customer_id) if link is not None else None


def connection_difference(before: Connection | None, after: Connection | None, at: int) -> Difference:
    """Returns the published difference of a connection that was stored at `at` (epoch seconds UTC).

    Sweeps, tests and attempts to connect also store it, and are not published. An attempt that expires ends `pending`
    without a write.
    """
    previous_status = before.status(at) if before is not None else None
    if after is None:
        return Difference((ChangeType.CONNECTION_DELETED,), previous_status) if before is not None else NOTHING
    unconnected = Connection(after.organization_id)
    if _visible_part(before or unconnected) == _visible_part(after):
        return NOTHING
    return Difference((ChangeType.CONNECTION_CHANGED,), previous_status, after.status(at))


def _visible_part(connection: Connection) -> tuple[object, ...]:
    """Returns the part of a connection that users see and that only a write can change."""
    account = connection.account
    return (
        connection.account_id,
        connection.livemode,
        connection.connected_at,
        connection.disconnected_at,
        connection.disconnect_reason,
        connection.frozen,
        replace(account, as_of=0) if account is not None else None,
    )


def payout_difference(before: Payout | None, after: Payout | None) -> Difference:
    """Returns the published difference of a payout: Stripe shows it as paid, failed or canceled."""
    previous_status = before.fact.status if before is not None else None
    if after is None:
        return Difference((ChangeType.PAYOUT_DELETED,), previous_status) if before is not None else NOTHING
    status = after.fact.status
    if status == previous_status or status not in _PAYOUT_TYPES:
        return NOTHING
    return Difference((_PAYOUT_TYPES[status],), previous_status, status)
