"""The rows of a feed, their places, and the cursors that lead from one to the next. Times are epoch seconds UTC.

place                     holds
<epoch>#<number>          one change; numbers rise by one within an epoch, and begin again with 1 in the next epoch
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
"""Seconds after which DynamoDB may delete a row. It deletes no row earlier."""
CURSOR_GOOD_FOR = FEED.seconds + DAY
"""Seconds for which a cursor is valid. A cursor at the oldest listed change is valid for at least a day."""
MARGIN = DAY
"""Seconds before a row expires in which a writer checks that no new epoch has begun.

In the second half of this time, a writer begins a new epoch. Each half is far longer than the difference between the
clocks of two Lambdas, together with the time between a writer's read and its write.
"""

HEAD = "head"
_FORM = r"[0-9]{8}#[0-9]{12}#[0-9]{2}#[0-9]{12}"
_LISTING = "changes"


class Place(NamedTuple):
    """The place of a row. Places are ordered as tuples."""

    epoch: int
    number: int

    @property
    def range_key(self) -> str:
        """Returns the place as a text that sorts in the same order."""
        return f"{self.epoch:08d}#{self.number:012d}"

    @property
    def next(self) -> Place:
        """Returns the place behind this one in the same epoch."""
        return Place(self.epoch, self.number + 1)

    def leads_to(self, later: Place) -> bool:
        """Returns True if `later` is the next row, or begins a later epoch, so that no row can be between the two."""
        return later == self.next or (later.epoch > self.epoch and later.number == 1)


NOWHERE = Place(0, 0)
"""The place before the first row of any epoch."""
LAST = Place(10**8 - 1, 10**12 - 1)


class Row(NamedTuple):
    """A change at its place. `appended_at` never decreases from one row to the next."""

    place: Place
    change: Change
    appended_at: int

    @property
    def expires_at(self) -> int:
        """Returns when DynamoDB may delete the row (epoch seconds UTC)."""
        return self.appended_at + EXPIRES_AFTER

    @property
    def types(self) -> tuple[ChangeType, ...]:
        """Returns the row's change types. Each type is an entry of its own in the feed."""
        return self.change.difference.types


class Position(NamedTuple):
    """The contents of a cursor: the row that was read last, and how many of its types were read.

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
