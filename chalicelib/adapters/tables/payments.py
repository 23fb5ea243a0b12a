"""The rows of `GET /payments`: an organization's payments, refunds and disputes, ordered by time.

Writes of invoices write the rows. Balance jobs write settlements: one attribute for each, named by its balance
transaction. Neither changes the attributes of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.adapters.tables.codec import decode, decode_item, encode
from chalicelib.adapters.tables.database import (
    Item,
    Transaction,
    connection,
    is_condition_failure,
    is_transaction_conflict,
    read_item,
    read_items,
    translating_errors,
)
from chalicelib.adapters.tables.keys import DATED_FORM, HIGHEST, LOWEST, key, moment, position_of
from chalicelib.adapters.tables.models import PaymentItem
from chalicelib.adapters.tables.pages import page_of
from chalicelib.adapters.tables.queries import read_newest_first
from chalicelib.adapters.tables.versions import commit
from chalicelib.adapters.tables.writes import Values, attributes
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import Movement, MovementFilter
from chalicelib.ports.storage import Page

ROWS_AT_ONCE = 40
"""The most rows in the transaction of an invoice, in addition to its references, its tallies and the event."""

SETTLEMENT = "txn_"
"""The prefix of every balance transaction's id, and so of every settlement's attribute."""

_FILTERED_PAGE = 3000
"""Rows in one query if the filter may leave some out. DynamoDB ends the query at 1 MB in any case."""


class TablePayments:
    """Implements `PaymentStore` on the table of payments."""

    def page(
        self, organization_id: OrganizationId, movement_filter: MovementFilter, first: int, after: str | None
    ) -> Page[SettledMovement]:
        listing = key("payments", organization_id)
        position = position_of(listing, after, DATED_FORM) if after is not None else None
        matching = (
            (place, settled)
            for place, settled in _newest_first(organization_id, movement_filter, first, position)
            if _matches(settled.movement, movement_filter)
        )
        return page_of(matching, listing, first)

    def find(self, organization_id: OrganizationId, movement_ids: Sequence[str]) -> Mapping[str, SettledMovement]:
        keys = [_key(organization_id, movement_id) for movement_id in dict.fromkeys(movement_ids)]
        return {item["movement_id"]["S"]: _settled_movement(item) for item in read_items(PaymentItem, keys)}

    def change(
        self,
        organization_id: OrganizationId,
        movement_id: str,
        change: Callable[[SettledMovement], SettledMovement],
    ) -> None:
        item = read_item(PaymentItem, organization_id, movement_id)
        if item is None:
            return
        stored = _settled_movement(item)
        changed = change(stored)
        if changed == stored:
            return
        settlements = {each.transaction.id: encode(each) for each in changed.settlements}
        values = {
            **_document_of(changed.movement),
            **{name: value for name, each in settlements.items() for value in each.values()},
        }
        transaction = Transaction()
        key_of_row, as_read = _key(organization_id, movement_id), (_is_still(item, name) for name in values)
        transaction.set("movement", PaymentItem, key_of_row, values, reduce(and_, as_read))
        commit(transaction, "The payment")

    def settle(self, organization_id: OrganizationId, settlements: Sequence[tuple[str, Settlement]]) -> None:
        """Writes the settlements of each movement in one update of its row.

        The updates go one after the other: 100 take about a second. A transaction of 100 updates would be faster, but
        it costs half as much again, and one row that is not stored would cancel it.
        """
        by_movement: dict[str, list[Settlement]] = defaultdict(list)
        for movement_id, settlement in settlements:
            by_movement[movement_id].append(settlement)
        for movement_id, of_movement in by_movement.items():
            _settle(organization_id, movement_id, of_movement)


def put_movements(transaction: Transaction, organization_id: OrganizationId, movements: Sequence[Movement]) -> None:
    """Adds a write of each row to the transaction. The stored settlements of a row stay unchanged."""
    for movement in movements:
        values = {"time_key": key(moment(movement.at), movement.id), **_document_of(movement)}
        transaction.set(f"movement#{movement.id}", PaymentItem, _key(organization_id, movement.id), values)


def _document_of(movement: Movement) -> Values:
    document = encode(movement)
    return {"document": document.get("document"), "packed": document.get("packed")}


def _is_still(item: Item, name: str) -> Condition:
    """Returns the condition that an attribute has not changed since it was read."""
    value = next(iter(item[name].values())) if name in item else None
    return Path([name]).does_not_exist() if value is None else Path([name]) == value


def _key(organization_id: OrganizationId, movement_id: str) -> Mapping[str, str]:
    return {"organization_id": organization_id, "movement_id": movement_id}


def _settle(organization_id: OrganizationId, movement_id: str, settlements: Sequence[Settlement]) -> None:
    """Stores settlements in the row of their movement. Does nothing if there is no such row.

    Raises:
        StaleWrite: a transaction is writing the row at the same time.
    """
    with_payouts_last = sorted(settlements, key=lambda each: each.payout_id is not None)
    actions = {each.transaction.id: _action(each) for each in with_payouts_last}
    try:
        with translating_errors():
            connection().update_item(
                PaymentItem.Meta.table_name,
                organization_id,
                movement_id,
                actions=list(actions.values()),
                condition=PaymentItem.time_key.exists(),
            )
    except UpdateError as exc:
        if is_transaction_conflict(exc):
            raise StaleWrite("The payment") from exc
        if not is_condition_failure(exc):
            raise


def _action(settlement: Settlement) -> Action:
    """Returns the action that sets the settlement's attribute. A settlement without a payout replaces no other."""
    transaction_id = settlement.transaction.id
    if not transaction_id.startswith(SETTLEMENT):
        raise ValueError(f"{transaction_id} is no id of a balance transaction")
    [value] = attributes(encode(settlement)).values()
    path = Path([transaction_id])
    return path.set(value if settlement.payout_id is not None else path | value)


def _settled_movement(item: Item) -> SettledMovement:
    """Returns the row in an item with its settlements, the earliest first. Rows of former releases have none."""
    settlements = [_settlement(value) for name, value in item.items() if name.startswith(SETTLEMENT)]
    settlements.sort(key=lambda each: (each.transaction.created, each.transaction.id))
    return SettledMovement(decode_item(Movement, item), tuple(settlements))


def _settlement(value: Mapping[str, Any]) -> Settlement:
    return decode(Settlement, value.get("S"), value.get("B"))


def _newest_first(
    organization_id: OrganizationId, movement_filter: MovementFilter, first: int, position: str | None
) -> Iterator[tuple[str, SettledMovement]]:
    """Yields the rows of the period after `position`, newest first, each with its range key.

    It reads one page, and further pages only if the filter leaves out too many rows.
    """
    low = LOWEST if movement_filter.since is None else moment(movement_filter.since)
    high = HIGHEST if movement_filter.before is None else moment(movement_filter.before)
    high = high if position is None else min(high, position)
    if low >= high:
        return
    is_filtered = movement_filter.kind is not None or movement_filter.method is not None
    between = PaymentItem.time_key.between(low, high)
    at_once = _FILTERED_PAGE if is_filtered else first + 2  # BETWEEN includes the position itself
    for item in read_newest_first(PaymentItem, PaymentItem.by_time, organization_id, between, at_once):
        place = item["time_key"]["S"]
        if place != high:
            yield place, _settled_movement(item)


def _matches(movement: Movement, movement_filter: MovementFilter) -> bool:
    return movement_filter.kind in (None, movement.kind) and movement_filter.method in (None, movement.method)
