"""The ports: protocols of everything outside that the use cases need, and the values that cross them.

`bootstrap` chooses the adapters that implement them; tests have their own. `contention` and `pacing` call a port more
than once: after another writer was first, and at a pace that Stripe allows.
"""

from __future__ import annotations

from typing import Protocol

from chalicelib.ports.changes import ChangeFeed, EventBus, UnpublishedChanges
from chalicelib.ports.money_stores import PaymentStore, PayoutStore, SummaryStore
from chalicelib.ports.runtime import Clock, OwnWebhook, Queues
from chalicelib.ports.stores import (
    ActStore,
    BatchStore,
    ConnectionStore,
    CustomerStore,
    EventStore,
    InvoiceStore,
    SettingsStore,
)
from chalicelib.ports.stripe_gateway import StripeGateway

__all__ = [
    "ActStore",
    "BatchStore",
    "ChangeFeed",
    "Clock",
    "ConnectionStore",
    "CustomerStore",
    "EventBus",
    "EventStore",
    "InvoiceStore",
    "OwnWebhook",
    "PaymentStore",
    "PayoutStore",
    "Ports",
    "Queues",
    "SettingsStore",
    "StripeGateway",
    "SummaryStore",
    "UnpublishedChanges",
]


class Ports(Protocol):
    """All ports, each built on first use."""

    @property
    def invoices(self) -> InvoiceStore: ...
    @property
    def payments(self) -> PaymentStore: ...
    @property
    def payouts(self) -> PayoutStore: ...
    @property
    def summaries(self) -> SummaryStore: ...
    @property
    def customers(self) -> CustomerStore: ...
    @property
    def connections(self) -> ConnectionStore: ...
    @property
    def settings(self) -> SettingsStore: ...
    @property
    def acts(self) -> ActStore: ...
    @property
    def events(self) -> EventStore: ...
    @property
    def batches(self) -> BatchStore: ...
    @property
    def changes(self) -> ChangeFeed: ...
    @property
    def bus(self) -> EventBus: ...
    @property
    def unpublished(self) -> UnpublishedChanges: ...
    @property
    def stripe(self) -> StripeGateway: ...
    @property
    def queues(self) -> Queues: ...
    @property
    def clock(self) -> Clock: ...
