"""`ChangeFeed` in memory."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from chalicelib.domain.changes import Change
from chalicelib.domain.errors import CursorExpired, Refused
from chalicelib.domain.identifiers import OrganizationId, digest
from chalicelib.domain.retention import FEED
from chalicelib.ports.changes import FeedEntry, FeedPage
from chalicelib.ports.runtime import Clock
from tests.fakes.database import FakeDatabase

DAY = 86400


class FakeChanges:
    """A list of entries for each organization, which only grows. Expired entries are not returned."""

    def __init__(self, database: FakeDatabase, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    def append(self, changes: Sequence[Change]) -> None:
        with self._db.lock:
            now = self._clock.now()
            for change in changes:
                feed = self._db.feeds.setdefault(change.organization_id, [])
                feed.extend((now, FeedEntry(change, each)) for each in change.difference.types)

    def after(self, organization_id: OrganizationId, cursor: str | None, first: int) -> FeedPage:
        with self._db.lock:
            now, feed = self._clock.now(), self._db.feeds.get(organization_id, [])
            if cursor is None:
                start = sum(1 for at, _ in feed if at + FEED.seconds <= now)
            else:
                start, since = _opened(organization_id, cursor)
                if now >= since + FEED.seconds + DAY:
                    raise CursorExpired("cursor_expired", "The cursor is too old.", field="after")
            entries = feed[start : start + first]
            end = start + len(entries)
            has_next = end < len(feed)
            end_cursor = _cursor(organization_id, end, entries[-1][0] if has_next else now)
            return FeedPage(tuple(entry for _, entry in entries), end_cursor, has_next)

    def end(self, organization_id: OrganizationId) -> str:
        with self._db.lock:
            since = self._clock.now() - 60
            feed = self._db.feeds.get(organization_id, [])
            return _cursor(organization_id, sum(1 for at, _ in feed if at <= since), since)


def _cursor(organization_id: OrganizationId, start: int, since: int) -> str:
    return urlsafe_b64encode(json.dumps([digest("changes", organization_id), start, since]).encode()).decode()


def _opened(organization_id: OrganizationId, cursor: str) -> tuple[int, int]:
    try:
        made_for, start, since = json.loads(urlsafe_b64decode(cursor))
    except (ValueError, TypeError) as exc:
        raise _cursor_invalid() from exc
    if made_for != digest("changes", organization_id):
        raise _cursor_invalid()
    return int(start), int(since)


def _cursor_invalid() -> Refused:
    return Refused("cursor_invalid", "This cursor does not belong to this list.", field="after")
