"""Acts: records of who did what, stored next to an organization's connection and settings. No index contains them.

    kind                                holds
    act#settings#<id>                   a change of the settings
    act#connection#<id>                 an act on the connection
    act#customer#<customer>#<id>        an act on a customer

The id begins with the milliseconds and ends with a nonce. It has no version, because after a table has been restored
from a backup, versions begin again where they were, and a new act must not collide with an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.adapters.tables.codec import decode_item, encode
from chalicelib.adapters.tables.database import Transaction, connection, translating_errors
from chalicelib.adapters.tables.keys import HIGHEST, LOWEST, key, position_of
from chalicelib.adapters.tables.models import ConnectionItem
from chalicelib.adapters.tables.pages import page_of
from chalicelib.adapters.tables.queries import read_newest_between
from chalicelib.adapters.tables.versions import commit, put
from chalicelib.adapters.tables.writes import Values, attributes
from chalicelib.domain.acts import Act, Subject
from chalicelib.ports.storage import Page

KIND = "act"
_FORM = r"[0-9]{13}-[A-Za-z0-9_-]+"


class TableActs:
    """Implements `ActStore`."""

    def add(self, act: Act) -> None:
        values = _values(act)
        with translating_errors():
            connection().put_item(
                ConnectionItem.Meta.table_name, values["organization_id"], attributes=attributes(values)
            )

    def page(self, subject: Subject, first: int, after: str | None) -> Page[Act]:
        partition = _partition(subject)
        listing = key(subject.organization_id, partition)
        position = position_of(listing, after, _FORM) if after is not None else HIGHEST
        low, high = f"{partition}#{LOWEST}", f"{partition}#{position}"
        # One more row shows whether there is a next page, and BETWEEN includes the position itself.
        items = read_newest_between(ConnectionItem, subject.organization_id, low, high, first + 2)
        acts = (decode_item(Act, item) for item in items if item["kind"]["S"] != high)
        return page_of(((act.id, act) for act in acts), listing, first)


def put_with_acts(model: type[Model], values: Values, condition: Condition, acts: Sequence[Act], what: str) -> None:
    """Writes one item, and the acts that changed it, in one request.

    Raises:
        StaleWrite: the condition does not hold.
    """
    if not acts:
        put(model, values, condition, what)
        return
    transaction = Transaction()
    transaction.put(what, model, values, condition)
    put_acts(transaction, acts)
    commit(transaction, what)


def put_acts(transaction: Transaction, acts: Sequence[Act]) -> None:
    """Adds the acts to the transaction."""
    for act in acts:
        transaction.put(act.id, ConnectionItem, _values(act))


def _values(act: Act) -> Values:
    return {
        "organization_id": act.subject.organization_id,
        "kind": f"{_partition(act.subject)}#{act.id}",
        "version": 1,
        **encode(act),
    }


def _partition(subject: Subject) -> str:
    parts = () if subject.customer_id is None else (subject.customer_id,)
    return key(KIND, subject.about, *parts)
