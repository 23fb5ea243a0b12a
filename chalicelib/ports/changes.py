"""How POM is told of changes: by a bus in AWS and by a feed. What cannot be told goes to a queue."""

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
"""Whatever POM is told of."""


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change, and the object after it (before it, if it was deleted).

    `shown` is None if nobody has that version of the object any more. Then the change is told without the object.
    """

    change: Change
    shown: Versioned | None


SOURCE = "pom-stripe"
"""The source of all events on the bus, which consumers' rules name."""


@dataclass(frozen=True, slots=True)
class BusEvent:
    """What is put on the bus. `detail` is JSON; `at` is epoch seconds UTC."""

    id: str
    detail_type: str
    at: int
    detail: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the bus did not take an event: EventBridge's code and message.

    A message of an entry names what is wrong, and repeats nothing of the event. That of a whole request may, so it is
    not in here.
    """

    code: str
    message: str
    transient: bool
    """True if the same event may be taken later."""


class EventBus(Protocol):
    """The stack's event bus."""

    def put(self, events: Sequence[BusEvent]) -> Mapping[str, Refusal]:
        """Puts events on the bus, and returns the refusals by the ids of the events.

        Each entry of each answer is checked. Entries that may be taken later are put again a few times.

        Raises:
            Retryable: the bus does not answer.
            DeploymentFault: the bus refuses any event.
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
    """What changed for each organization. A client that reads page after page sees each change, in the same order."""

    def append(self, changes: Sequence[Change]) -> None:
        """Adds changes at the end of their organizations' feeds.

        Raises:
            Retryable: the feed does not answer; some changes may have been added.
            DeploymentFault: the feed refuses any change.
        """

    def after(self, organization_id: OrganizationId, cursor: str | None, first: int) -> FeedPage:
        """Returns at most `first` entries behind the cursor, or from the oldest one that is kept.

        Raises:
            Refused: the cursor is not from this organization's feed.
            CursorExpired: changes behind the cursor may have been deleted.
        """

    def end(self, organization_id: OrganizationId) -> str:
        """Returns a cursor that leads to whatever is appended from now on, and to the changes of the last minute."""


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
