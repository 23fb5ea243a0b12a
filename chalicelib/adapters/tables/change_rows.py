"""The rows of a feed, their places, and the cursors that lead from one to the next. Times are epoch seconds UTC.

place                     what it is
<epoch>#<number>          one change. Numbers rise by one within an epoch, and begin again with 1 in the next one
head                      the latest epoch; it never expires
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.adapters.tables.database import Item
from chalicelib.adapters.tables.keys import cursor, key, position_of
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.retention import FEED, FEED_ROWS

DAY = 86400
EXPIRES_AFTER = FEED_ROWS.seconds
"""Seconds after which DynamoDB may delete a row. Before, it deletes none."""
CURSOR_GOOD_FOR = FEED.seconds + DAY
"""Seconds for which a cursor is good. One that begins at the oldest change shown is good for a day at least."""
MARGIN = DAY
"""Seconds before a row expires in which it is checked that no epoch has begun. In the second half one is begun.

Each half is far longer than the clocks of two Lambdas may differ by, together with the time from a writer's read to
its write.
"""

HEAD = "head"
_FORM = r"[0-9]{8}#[0-9]{12}#[0-9]{2}#[0-9]{12}"
_LISTING = "changes"


class Place(NamedTuple):
    """Where a row stands. Places are ordered as tuples."""

    epoch: int
    number: int

    @property
    def range_key(self) -> str:
        """Returns the place as a text that sorts as the place does."""
        return f"{self.epoch:08d}#{self.number:012d}"

    @property
    def next(self) -> Place:
        """Returns the place behind this one in the same epoch."""
        return Place(self.epoch, self.number + 1)

    def leads_to(self, later: Place) -> bool:
        """Returns True if no row can have been between the two: `other` is the next row, or begins a later epoch."""
        return later == self.next or (later.epoch > self.epoch and later.number == 1)


NOWHERE = Place(0, 0)
"""Before the first row of any epoch."""
LAST = Place(10**8 - 1, 10**12 - 1)


class Row(NamedTuple):
    """A change at its place. It was appended at `appended_at`, which never decreases from one row to the next."""

    place: Place
    change: Change
    appended_at: int

    @property
    def expires_at(self) -> int:
        """Returns when DynamoDB may delete the row (epoch seconds UTC)."""
        return self.appended_at + EXPIRES_AFTER

    @property
    def types(self) -> tuple[ChangeType, ...]:
        """What the row tells. Each type is an entry of its own."""
        return self.change.difference.types


class Position(NamedTuple):
    """What a cursor holds: the row that was read last, and how many of its types were told.

    Every row behind it was appended at `since` or later, apart from MARGIN.
    """

    place: Place
    types_read: int
    since: int


def row_of(item: Item) -> Row:
    """Returns the row that an item holds."""
    epoch, _, number = item["place"]["S"].partition("#")
    kind = ObjectKind(item["kind"]["S"])
    difference = Difference(
        tuple(ChangeType(f"{kind}.{each}") for each in item["types"]["S"].split()),
        item["previous_status"]["S"] if "previous_status" in item else None,
        item["status"]["S"] if "status" in item else None,
    )
    change = Change(
        OrganizationId(item["organization_id"]["S"]),
        kind,
        item["object_id"]["S"],
        int(item["version"]["N"]),
        int(item["at"]["N"]),
        difference,
    )
    return Row(Place(int(epoch), int(number)), change, int(item["expires_at"]["N"]) - EXPIRES_AFTER)


def values_of(row: Row) -> Values:
    """Returns the attributes of a row. A type is stored without the kind of its object."""
    change, difference = row.change, row.change.difference
    return {
        "organization_id": change.organization_id,
        "place": row.place.range_key,
        "kind": change.object_kind.value,
        "object_id": change.object_id,
        "version": change.version,
        "at": change.at,
        "types": " ".join(each.removeprefix(f"{change.object_kind}.") for each in difference.types),
        "previous_status": difference.previous_status,
        "status": difference.status,
        "expires_at": row.expires_at,
    }


def cursor_at(organization_id: OrganizationId, position: Position) -> str:
    """Returns the cursor of a position in an organization's feed."""
    place, types_read, since = position
    return cursor(key(_LISTING, organization_id), f"{place.range_key}#{types_read:02d}#{since:012d}")


def position_in(organization_id: OrganizationId, after: str) -> Position:
    """Returns the position that a cursor holds.

    Raises:
        Refused: the cursor is not from this organization's feed.
    """
    text = position_of(key(_LISTING, organization_id), after, _FORM)
    epoch, number, types_read, since = map(int, text.split("#"))
    return Position(Place(epoch, number), types_read, since)
