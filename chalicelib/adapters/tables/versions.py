"""Writes an aggregate only if its stored version is the one that was read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.adapters.tables.database import (
    Cancelled,
    Transaction,
    connection,
    is_condition_failure,
    is_transaction_conflict,
    translating_errors,
)
from chalicelib.adapters.tables.markers import MARKER, is_unprocessed, marker_values
from chalicelib.adapters.tables.models import EventItem
from chalicelib.adapters.tables.writes import PreparedCondition, Values, attributes
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.events import EventMarker


@lru_cache(maxsize=128)
def has_version(model: Any, version: int) -> Condition:
    """Returns the condition that the item has this version. 0 means that the item does not exist."""
    return PreparedCondition(model.version == version if version else model.version.does_not_exist())


def put(model: type[Model], values: Values, condition: Condition, object_name: str) -> None:
    """Writes one item.

    Raises:
        StaleWrite: the condition does not hold, or a transaction is under way on the item.
    """
    try:
        _put(model, values, condition)
    except PutError as exc:
        if is_condition_failure(exc) or is_transaction_conflict(exc):
            raise StaleWrite(object_name) from exc
        raise


def put_alone(marker: EventMarker) -> None:
    """Marks an event that changed nothing.

    Raises:
        DuplicateEvent: the event has been processed before.
        StaleWrite: a transaction is under way on the marker, so the event is being processed.
    """
    try:
        _put(EventItem, marker_values(marker), is_unprocessed())
    except PutError as exc:
        if is_condition_failure(exc):
            raise DuplicateEvent from exc
        if is_transaction_conflict(exc):
            raise StaleWrite("The event") from exc
        raise


def _put(model: type[Model], values: Values, condition: Condition) -> None:
    table = model.Meta.table_name
    hash_key = values[connection().get_meta_table(table).hash_keyname]
    with translating_errors():
        connection().put_item(table, hash_key, attributes=attributes(values), condition=condition)


def commit(transaction: Transaction, object_name: str) -> None:
    """Commits a transaction that can only fail on a version or a marker.

    Raises:
        StaleWrite: a version does not match.
        DuplicateEvent: the event has been processed before. This error comes first.
    """
    try:
        transaction.commit()
    except Cancelled as exc:
        if MARKER in exc.failed_on:
            raise DuplicateEvent from exc
        raise StaleWrite(object_name) from exc
