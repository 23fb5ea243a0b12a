"""Each organization's feed: its changes in the order in which they were appended, without gaps.

A cursor never skips a change, because row n + 1 is only written while row n exists. A writer reads the newest row
and puts the next one on the condition that its place is free. If a faster writer has taken the place, the writer
reads again. So a reader who has read row n will read every later row, and no row is inserted before row n.

Rows expire, and DynamoDB deletes expired rows in any order. So rows behind a row that expires soon may have been
deleted, and their places would be used a second time. A writer that reads such a row, or no row, begins a new epoch
in a transaction with the feed's `head`, which never expires. Of two writers that do so at once, one is refused.
Shortly before that time, a row is put in a transaction which checks that no other writer has begun a new epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeGuard

from chalicelib.adapters.tables.change_rows import (
    CURSOR_GOOD_FOR,
    HEAD,
    LAST,
    MARGIN,
    NOWHERE,
    Place,
    Position,
    Row,
    cursor_at,
    position_in,
    row_of,
    values_of,
)
from chalicelib.adapters.tables.database import Transaction, read_item
from chalicelib.adapters.tables.models import ChangeItem
from chalicelib.adapters.tables.queries import read_between, read_newest_between
from chalicelib.adapters.tables.versions import commit, put
from chalicelib.adapters.tables.writes import PreparedCondition
from chalicelib.domain.changes import Change
from chalicelib.domain.errors import CursorExpired, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.retention import FEED
from chalicelib.ports.changes import FeedEntry, FeedPage
from chalicelib.ports.contention import attempts
from chalicelib.ports.runtime import Clock

ATTEMPTS = 12
"""The most attempts to append a row. Each refusal means that another writer has appended one."""
OVERLAP = 60
"""Seconds before now at which `end` is. A list lags behind its objects, so the last minute is listed again."""
_OBJECT_NAME = "The feed"
_ABSENT = PreparedCondition(ChangeItem.place.does_not_exist())


class TableChanges:
    """Implements `ChangeFeed`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def append(self, changes: Sequence[Change]) -> None:
        organization = attrgetter("organization_id")
        for _, of_organization in groupby(sorted(changes, key=organization), organization):
            newest: Row | None = None
            for change in of_organization:
                newest = self._append(change, newest)

    def after(self, organization_id: OrganizationId, cursor: str | None, first: int) -> FeedPage:
        now = self._clock.now()
        if cursor is None:
            reader = _FeedReader(None, now)
            reader.collect(_rows(organization_id, NOWHERE, first), first)
            return reader.page(organization_id)
        position = position_in(organization_id, cursor)
        if now >= position.since + CURSOR_GOOD_FOR:
            raise _expired()
        for _ in attempts(ATTEMPTS, self._clock):
            reader = _FeedReader(position, now)
            reader.collect(_rows(organization_id, position.place, first), first)
            if reader.entries or not reader.gap:
                return reader.page(organization_id)
        raise _expired()

    def end(self, organization_id: OrganizationId) -> str:
        since = self._clock.now() - OVERLAP
        place, types_read = NOWHERE, 0
        for row in _newest_first(organization_id, 100):
            if row.appended_at <= since:
                place, types_read = row.place, len(row.types)
                break
            place = Place(row.place.epoch, row.place.number - 1)
        return cursor_at(organization_id, Position(place, types_read, _hour_of(since)))

    def _append(self, change: Change, newest: Row | None) -> Row:
        """Appends a row behind `newest`, or behind the newest stored row if `newest` is None.

        Raises:
            StaleWrite: other writers were faster at each attempt.
        """
        for _ in attempts(ATTEMPTS, self._clock):
            newest = newest or _newest(change.organization_id)
            try:
                if self._continues_after(newest):
                    return self._put_after(newest, change)
                return self._begin_epoch(change)
            except _PlaceTaken as taken:
                if taken.by_same_change:
                    return taken.row
                newest = None
        raise StaleWrite(_OBJECT_NAME)

    def _continues_after(self, newest: Row | None) -> TypeGuard[Row]:
        """Returns True if the next row continues the epoch, because `newest` exists and does not expire soon."""
        return newest is not None and self._clock.now() + MARGIN // 2 < newest.expires_at

    def _put_after(self, newest: Row, change: Change) -> Row:
        now = self._clock.now()
        row = Row(newest.place.next, change, max(now, newest.appended_at))
        try:
            if now + MARGIN < newest.expires_at:
                put(ChangeItem, values_of(row), _ABSENT, _OBJECT_NAME)
            else:
                transaction = Transaction()
                head = {"organization_id": change.organization_id, "place": HEAD}
                transaction.check("head", ChangeItem, head, ChangeItem.epoch == newest.place.epoch)
                transaction.put("row", ChangeItem, values_of(row), _ABSENT)
                commit(transaction, _OBJECT_NAME)
        except StaleWrite as exc:
            raise _PlaceTaken(row) from exc
        return row

    def _begin_epoch(self, change: Change) -> Row:
        """Writes the first row of the next epoch.

        The head is read before the newest row. In the opposite order, another writer could begin an epoch between the
        two reads.
        """
        head = read_item(ChangeItem, change.organization_id, HEAD)
        newest = _newest(change.organization_id)
        if self._continues_after(newest):
            return self._put_after(newest, change)
        epoch = int(head["epoch"]["N"]) if head else 0
        at = max(self._clock.now(), newest.appended_at if newest is not None else 0)
        row = Row(Place(epoch + 1, 1), change, at)
        transaction = Transaction()
        transaction.put(
            "head",
            ChangeItem,
            {"organization_id": change.organization_id, "place": HEAD, "epoch": epoch + 1},
            ChangeItem.epoch == epoch if head else _ABSENT,
        )
        transaction.put("row", ChangeItem, values_of(row), _ABSENT)
        try:
            commit(transaction, _OBJECT_NAME)
        except StaleWrite as exc:
            raise _PlaceTaken(row) from exc
        return row


class _PlaceTaken(Exception):
    """The place of a row is taken.

    Either another writer was faster, or the response to this writer's own put was lost and botocore repeated the put.
    """

    def __init__(self, row: Row) -> None:
        super().__init__(row.place)
        self.row = row

    @property
    def by_same_change(self) -> bool:
        """Returns True if the same change is stored at the place of the row."""
        item = read_item(ChangeItem, self.row.change.organization_id, self.row.place.range_key)
        return item is not None and row_of(item).change == self.row.change


class _FeedReader:
    """Collects entries from a position on, or from the oldest listed row."""

    def __init__(self, position: Position | None, now: int) -> None:
        self.entries: list[FeedEntry] = []
        self.gap = False
        """True if the reader stopped at a missing row, because the query passed its place before the row was
        written.
        """
        self._now = now
        self._last_read = position
        self._started = position is not None
        self._more = False

    def collect(self, rows: Iterator[Row], first: int) -> None:
        """Reads until there are `first` entries, or a row is missing."""
        for row in rows:
            skipped_count = self._types_to_skip(row)
            if skipped_count is None:
                self.gap = True
                return
            for number, change_type in enumerate(row.types[skipped_count:], start=skipped_count + 1):
                if len(self.entries) == first:
                    self._more = True
                    return
                self.entries.append(FeedEntry(row.change, change_type))
                self._last_read = Position(row.place, number, row.appended_at)
            self._last_read = Position(row.place, len(row.types), row.appended_at)

    def page(self, organization_id: OrganizationId) -> FeedPage:
        """Returns the collected entries as a page. Without further rows, its cursor waits for new changes."""
        position = self._last_read or Position(NOWHERE, 0, self._now)
        has_more = self._more or self.gap
        if not has_more:
            position = position._replace(since=_hour_of(self._now))
        return FeedPage(tuple(self.entries), cursor_at(organization_id, position), has_more)

    def _types_to_skip(self, row: Row) -> int | None:
        """Returns the number of the row's types to skip, or None if a row before it is missing.

        Before the oldest listed row, DynamoDB deletes rows in any order, so missing rows are no gap.
        """
        if not self._started:
            self._started = row.appended_at + FEED.seconds > self._now
            return 0 if self._started else len(row.types)
        if self._last_read is None or self._last_read.place.leads_to(row.place):
            return 0
        return self._last_read.types_read if row.place == self._last_read.place else None


def _rows(organization_id: OrganizationId, place: Place, first: int) -> Iterator[Row]:
    """Yields the rows from this place on, including the place itself."""
    items = read_between(ChangeItem, organization_id, place.range_key, LAST.range_key, first + 2)
    return map(row_of, items)


def _newest_first(organization_id: OrganizationId, at_once: int) -> Iterator[Row]:
    low, high = NOWHERE.range_key, LAST.range_key
    return map(row_of, read_newest_between(ChangeItem, organization_id, low, high, at_once))


def _newest(organization_id: OrganizationId) -> Row | None:
    return next(_newest_first(organization_id, 1), None)


def _hour_of(at: int) -> int:
    """Returns the start of the hour, so that a page has the same cursor and the same ETag for up to an hour."""
    return at - at % 3600


def _expired() -> CursorExpired:
    return CursorExpired(
        "cursor_expired",
        "Changes behind this cursor may have been deleted already.",
        field="after",
        next_step="Request a new cursor with `after=now`, load the lists again, and continue from the new cursor.",
    )
