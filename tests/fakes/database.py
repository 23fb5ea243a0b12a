"""The memory that all fake stores share, with the rules that hold across stores."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from chalicelib.domain.acts import Act, Subject
from chalicelib.domain.attention import UnknownInvoices
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import Batch, BatchItem, Part
from chalicelib.domain.canary import Canary, CanaryRun
from chalicelib.domain.connection import Authorization, Connection, Freeze
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_link import StripeClaim
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.events import EventMarker, StripeEvent
from chalicelib.domain.identifiers import (
    BatchId,
    CustomerId,
    InvoiceId,
    OrganizationId,
    ServiceId,
    StripeAccountId,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement
from chalicelib.domain.pacing import Pace
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.tallies import Bucket, Tally, added_up
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.ports.changes import FeedEntry


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Place: TypeAlias = tuple[int, str]
"""The position of a line in its payout: the time of its balance transaction, and its id."""


MAX_KEY_SIZES = (2048, 1024)
"""The largest partition key and sort key of DynamoDB, in bytes; neither may be empty."""


def require_possible_key(*parts: object) -> None:
    """Raises ValueError for a key that DynamoDB refuses, so that tests in memory find it too."""
    for part, limit in zip(parts, MAX_KEY_SIZES, strict=False):
        if isinstance(part, str) and not 0 < len(part.encode()) <= limit:
            raise ValueError(f"DynamoDB takes no key of {len(part.encode())} bytes")


class Keyed(dict[K, T]):
    """A dictionary with the rules of a table's keys."""

    def __getitem__(self, key: K) -> T:
        require_possible_key(*(key if isinstance(key, tuple) else (key,)))
        return super().__getitem__(key)

    def __setitem__(self, key: K, value: T) -> None:
        require_possible_key(*(key if isinstance(key, tuple) else (key,)))
        super().__setitem__(key, value)

    def __contains__(self, key: object) -> bool:
        require_possible_key(*(key if isinstance(key, tuple) else (key,)))
        return super().__contains__(key)

    def get(self, key: K, default: Any = None) -> Any:
        require_possible_key(*(key if isinstance(key, tuple) else (key,)))
        return super().get(key, default)


@dataclass(frozen=True)
class Parked:
    """An event that could not be applied."""

    event: StripeEvent
    received_at: int
    tried_at: int
    error: str
    aside: bool = False
    invoice: tuple[OrganizationId, InvoiceId] | None = None


@dataclass
class FakeDatabase:
    """Plain dictionaries, which tests may read; stores hold `lock` while they read and write."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    invoices: dict[tuple[OrganizationId, InvoiceId], Invoice] = field(default_factory=Keyed)
    tallies: dict[OrganizationId, Mapping[Bucket, Tally]] = field(default_factory=dict)
    claims: dict[tuple[OrganizationId, ServiceId], InvoiceId] = field(default_factory=Keyed)
    stripe_claims: dict[tuple[OrganizationId, StripeClaim], CustomerId] = field(default_factory=dict)
    references: dict[tuple[StripeAccountId, str], tuple[OrganizationId, InvoiceId]] = field(default_factory=Keyed)
    customers: dict[tuple[OrganizationId, CustomerId], Customer] = field(default_factory=Keyed)
    connections: dict[OrganizationId, Connection] = field(default_factory=Keyed)
    bindings: dict[StripeAccountId, OrganizationId] = field(default_factory=Keyed)
    authorizations: dict[str, Authorization] = field(default_factory=dict)
    webhook_check: WebhookCheck | None = None
    canary_run: CanaryRun | None = None
    platform_freeze: Freeze | None = None
    unknown_invoices: dict[OrganizationId, UnknownInvoices] = field(default_factory=Keyed)
    trials: dict[OrganizationId, Trial] = field(default_factory=Keyed)
    settings: dict[OrganizationId, InvoicingSettings] = field(default_factory=dict)
    acts: dict[Subject, dict[str, Act]] = field(default_factory=dict)
    events: dict[tuple[StripeAccountId, str], EventMarker | Parked] = field(default_factory=Keyed)
    delivered: dict[tuple[StripeAccountId, str], int] = field(default_factory=dict)
    repeated: Counter[tuple[StripeAccountId, str]] = field(default_factory=Counter)
    movements: dict[tuple[OrganizationId, str], Movement] = field(default_factory=Keyed)
    settlements: dict[tuple[OrganizationId, str], dict[str, Settlement]] = field(default_factory=Keyed)
    payouts: dict[tuple[OrganizationId, str], Payout] = field(default_factory=Keyed)
    payout_lines: dict[tuple[OrganizationId, str], Mapping[Place, PayoutLine]] = field(default_factory=Keyed)
    feeds: dict[OrganizationId, list[tuple[int, FeedEntry]]] = field(default_factory=Keyed)
    """Entries with the time at which each was appended."""
    canaries: dict[str, Canary] = field(default_factory=dict)

    batches: dict[tuple[OrganizationId, BatchId], Batch] = field(default_factory=dict)
    batch_items: dict[tuple[OrganizationId, BatchId, int], BatchItem] = field(default_factory=dict)
    parts: dict[tuple[OrganizationId, BatchId, int], Part] = field(default_factory=dict)
    paces: dict[tuple[OrganizationId, int], Pace] = field(default_factory=dict)

    def require_unmarked(self, marker: EventMarker) -> None:
        """Raises DuplicateEvent if the event has been processed."""
        if isinstance(self.events.get((marker.account_id, marker.event_id)), EventMarker):
            raise DuplicateEvent

    def add_tallies(self, organization_id: OrganizationId, difference: Mapping[Bucket, Tally]) -> None:
        tallies = self.tallies.get(organization_id, {})
        self.tallies[organization_id] = added_up(tallies.items(), difference.items())

    def keep_acts(self, *acts: Act) -> None:
        for act in acts:
            self.acts.setdefault(act.subject, {})[act.id] = act

    def mark(self, marker: EventMarker) -> None:
        self.events[marker.account_id, marker.event_id] = marker


def require_unchanged(stored: Mapping[K, V], key: K, read: Versioned, record_name: str) -> None:
    """Raises StaleWrite unless `stored` holds the version that was read. Version 0 means that no record exists."""
    current = stored.get(key)
    if (current.version if current else 0) != read.version:
        raise StaleWrite(record_name)
