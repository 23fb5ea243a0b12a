"""The ports that publish changes: the event bus in AWS, the feed, and the queue of changes that could not be
published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from chalicelib.domain.changes import Change, ChangeType
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout

Versioned: TypeAlias = Invoice | Customer | Connection | Payout
"""An object whose changes are published."""


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change, and the object after it (or before it, if it was deleted).

    `shown` is None if that version of the object no longer exists. Then the change is published without the object.
    """

    change: Change
    shown: Versioned | None


SOURCE = "pom-stripe"
"""The source of all events on the bus. Consumers' rules match on it."""


@dataclass(frozen=True, slots=True)
class BusEvent:
    """An event for the bus. `detail` is JSON; `at` is epoch seconds UTC."""

    id: str
    detail_type: str
    at: int
    detail: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the bus refused an event: EventBridge's code and message.

    The message about an entry names the problem and repeats nothing of the event. The message about a whole request
    may repeat it, so it is never stored here.
    """

    code: str
    message: str
    transient: bool
    """True if the bus may accept the same event later."""


class EventBus(Protocol):
    """The stack's event bus."""

    def put(self, events: Sequence[BusEvent]) -> Mapping[str, Refusal]:
        """Puts events on the bus, and returns the refusals by the ids of the events.

        Each entry of each response is checked. Entries that may be accepted later are put again a few times.

        Raises:
            Retryable: the bus does not respond.
            DeploymentFault: the bus refuses all events.
        """


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of an organization's feed: a change has an entry for each of its types."""

    change: Change
    type: ChangeType


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A part of the feed, the oldest change first. `cursor` continues after it, now or later."""

    entries: Sequence[FeedEntry]
    cursor: str
    has_more: bool


class ChangeFeed(Protocol):
    """The changes of each organization. A client that reads page after page gets each change, always in the same
    order.
    """

    def append(self, changes: Sequence[Change]) -> None:
        """Adds changes at the end of their organizations' feeds.

        Raises:
            Retryable: the feed does not respond; some changes may have been added.
            DeploymentFault: the feed refuses all changes.
        """

    def after(self, organization_id: OrganizationId, cursor: str | None, first: int) -> FeedPage:
        """Returns at most `first` entries after the cursor, or after the beginning of the feed if it is None.

        Raises:
            Refused: the cursor is not from this organization's feed.
            CursorExpired: changes after the cursor may have been deleted.
        """

    def end(self, organization_id: OrganizationId) -> str:
        """Returns a cursor for the changes from now on. The changes of the last minute are repeated after it."""


@dataclass(frozen=True, slots=True)
class UnpublishedChange:
    """A change that could not be published: ids, versions and statuses, and nothing else of the object."""

    reason: str
    table: str
    """The full name of the table."""
    keys: Mapping[str, str]
    """The keys of the item, by their names."""
    version: int | None
    """The object's version after the change, or before it if it was deleted. None if the record has none."""
    deleted: bool
    at: int
    """When it was stored (epoch seconds UTC)."""
    change: Change | None = None
    """None if the record could not be read."""


class UnpublishedChanges(Protocol):
    """The queue of changes that could not be published."""

    def keep(self, record: Mapping[str, Any], reason: str, change: Change | None) -> None:
        """Queues the `UnpublishedChange` of a record of the stream. `change` is None if the record cannot be read.

        The stored object is not queued, because the queue retains messages for two weeks and a person may be erased
        in that time.

        Raises: Retryable.
        """
