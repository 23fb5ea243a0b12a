"""Writing an aggregate only if it is still the one that was read."""

from __future__ import annotations

from typing import Any

from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.adapters.tables.database import Cancelled, Transaction, answering, condition_failed, met_transaction
from chalicelib.adapters.tables.markers import MARKER, put_marker
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.events import EventMarker


def unchanged(model: Any, version: int) -> Condition:
    """The item still has the version that was read; 0 means that it does not exist."""
    condition: Condition = model.version == version if version else model.version.does_not_exist()
    return condition


def put(item: Model, condition: Condition, what: str) -> None:
    """Write one item.

    Raises:
        StaleWrite: the condition does not hold, or a transaction is under way on the item.
    """
    try:
        with answering():
            item.save(condition)
    except PutError as exc:
        if condition_failed(exc) or met_transaction(exc):
            raise StaleWrite(what) from exc
        raise


def put_marked(item: Model, condition: Condition, marker: EventMarker, what: str) -> None:
    """Write one item and mark the event that changed it, in one request.

    Raises:
        StaleWrite: the condition does not hold.
        DuplicateEvent: the event has been dealt with before.
    """
    transaction = Transaction()
    transaction.put(what, item, condition)
    put_marker(transaction, marker)
    commit(transaction, what)


def commit(transaction: Transaction, what: str) -> None:
    """Make a transaction in which nothing but a version or a marker can be in the way.

    Raises:
        StaleWrite: a version does not match.
        DuplicateEvent: the event has been dealt with before; this goes first.
    """
    try:
        transaction.commit()
    except Cancelled as exc:
        if MARKER in exc.met:
            raise DuplicateEvent from exc
        raise StaleWrite(what) from exc
