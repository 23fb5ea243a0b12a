"""What the use cases keep.

Every method works within one organization or one Stripe account; the two exceptions answer only keys and say so.
Stores raise `StaleWrite` when an item's `version` is not the one that was read, and `Retryable` when the database
does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from chalicelib.domain.acts import Act, Subject
from chalicelib.domain.attention import UnknownInvoices
from chalicelib.domain.batch import Batch, BatchItem, BatchKind, Part, StoredItem
from chalicelib.domain.canary import Canary, CanaryRun
from chalicelib.domain.connection import Authorization, Connection, Freeze
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.event_arrivals import Arrival
from chalicelib.domain.events import EventMarker, LoggedEvent, RecordedEvent, Reference, StripeEvent
from chalicelib.domain.identifiers import (
    BatchId,
    CustomerId,
    InvoiceId,
    OrganizationId,
    ServiceId,
    StripeAccountId,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.pacing import Pace
from chalicelib.domain.parking import ParkedEvent
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.summary import InvoiceWrite
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.ports.storage import InvoiceFilter, Page


class InvoiceStore(Protocol):
    """Invoices, the claims on services, and the references from Stripe objects to invoices.

    Every write adds the difference that its use case hands over to the organization's tallies, together with the
    invoice or not at all.
    """

    def get(self, organization_id: OrganizationId, invoice_id: InvoiceId) -> Invoice | None:
        """One strongly consistent read."""

    def several(
        self, organization_id: OrganizationId, invoice_ids: Sequence[InvoiceId]
    ) -> Mapping[InvoiceId, Invoice]:
        """Returns those of at most 100 invoices that are stored, by their ids: one strongly consistent read."""

    def insert(self, recounted: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        """Store a new invoice and claim at most MAX_CLAIMS_AT_ONCE services for it: all or nothing.

        A claim maps a service to the dead invoice it is taken over from, or to None. Claims the invoice holds
        already are fine. Raises: InvoiceExists, ServiceClaimed.
        """

    def holders(
        self, organization_id: OrganizationId, services: Sequence[ServiceId]
    ) -> Mapping[ServiceId, InvoiceId]:
        """Returns who holds the claims on these services. A service that nobody has claimed is left out.

        A void invoice keeps its claims. It takes a strongly consistent batch read for each hundred services.
        """

    def claim(self, invoice: Invoice, claims: Mapping[ServiceId, InvoiceId | None]) -> None:
        """Claim more services for an invoice of the version that was read. Raises: ServiceClaimed, StaleWrite."""

    def save_claiming(self, recounted: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        """Like `save`, and claims at most MAX_CLAIMS_AT_ONCE services: all or nothing.

        Raises: StaleWrite, ServiceClaimed.
        """

    def release(self, invoice: Invoice, services: Sequence[ServiceId]) -> None:
        """Give up claims of an invoice of the version that was read. Claims that others hold stay theirs.

        Raises: StaleWrite; some of the claims may be given up by then.
        """

    def save(self, recounted: InvoiceWrite, references: Sequence[Reference] = ()) -> Invoice:
        """Store a change to the version that was read, with new references, in one transaction.

        Answers the invoice in its new version. Raises: StaleWrite.
        """

    def apply(self, recounted: InvoiceWrite, marker: EventMarker, references: Sequence[Reference] = ()) -> Invoice:
        """Like `save`, and marks the event as dealt with. Raises: StaleWrite, DuplicateEvent."""

    def remove(self, uncounted: InvoiceWrite, services: Sequence[ServiceId]) -> None:
        """Take back an invoice that never came to be, with its claims. Raises: StaleWrite."""

    def find_by_reference(
        self, account_id: StripeAccountId, stripe_ids: Sequence[str]
    ) -> Mapping[str, tuple[OrganizationId, InvoiceId]]:
        """Which invoices these Stripe objects belong to (at most 100 ids, one batch read)."""

    def page(
        self, organization_id: OrganizationId, wanted: InvoiceFilter, first: int, after: str | None
    ) -> Page[Invoice]:
        """Returns a page of invoices, newest first; `InvoiceFilter` says which filters change the order.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def due_for_work(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, InvoiceId]]:
        """Invoices of any organization whose saga should be resumed; only their keys."""

    def turning_overdue(self, now: int) -> Iterator[tuple[OrganizationId, InvoiceId]]:
        """Invoices of any organization whose due day is over and which are not stored as overdue; only their keys."""


class CustomerStore(Protocol):
    """POM's customers."""

    def get(self, organization_id: OrganizationId, customer_id: CustomerId) -> Customer | None: ...

    def several(
        self, organization_id: OrganizationId, customer_ids: Sequence[CustomerId]
    ) -> Mapping[CustomerId, Customer]:
        """Returns those of at most 100 customers that are stored, by their ids: one strongly consistent read."""

    def save(self, customer: Customer, act: Act | None = None) -> Customer:
        """Insert (version 0) or change the version that was read, together with the act that changes it.

        A new link claims its Stripe customer and releases the former claim, in the same write.
        Raises: StaleWrite; StripeCustomerClaimed if another customer of the organization holds the claim.
        """

    def apply(self, customer: Customer, marker: EventMarker) -> Customer:
        """Like `save`, and marks the event as dealt with. Raises: StaleWrite, DuplicateEvent."""

    def holder_of(
        self, organization_id: OrganizationId, account_id: StripeAccountId, stripe_customer_id: str
    ) -> CustomerId | None:
        """Returns the customer that holds a Stripe customer, or None."""

    def find_by_stripe_id(self, account_id: StripeAccountId, stripe_customer_id: str) -> Customer | None: ...

    def page(
        self, organization_id: OrganizationId, wanted: CustomerFilter, first: int, after: str | None
    ) -> Page[Customer]:
        """By name in the order of the names that are shown, otherwise in the order of the ids. Without erased ones.

        With a status, customers of other accounts come behind. Raises: Refused if the cursor is not of this list.
        """

    def pending(self, updated_before: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        """Customers of any organization left `pending` since before that moment; only their keys."""

    def erasures_due(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        """Customers of any organization whose erasure is to be gone on with by then, the longest due first.

        Only their keys.
        """

    def to_search(self, organization_id: OrganizationId, updated_before: int, limit: int) -> Sequence[CustomerId]:
        """Returns customers whose address POM still has to search for, the longest unchanged first."""

    def waiting_for(
        self, organization_id: OrganizationId, account_id: StripeAccountId, limit: int
    ) -> Sequence[CustomerId]:
        """Customers of the account that were edited while it was not connected, the longest unchanged first."""

    def without_email(self, organization_id: OrganizationId, limit: int) -> Sequence[CustomerId]:
        """Customers that no invoice can be sent to, in the order of their ids."""


class ConnectionStore(Protocol):
    """Connections, the authorizations that lead to them, and which account is bound to which organization."""

    def get(self, organization_id: OrganizationId) -> Connection:
        """A fresh one (version 0) if the organization was never connected."""

    def save(self, connection: Connection, *acts: Act) -> Connection:
        """Change the version that was read, together with the acts that change it. Raises: StaleWrite."""

    def bind(self, connection: Connection, platform_freeze: Freeze | None = None, *acts: Act) -> Connection:
        """Save it and bind its account to its organization for good, if the platform's freeze still is this one.

        Raises: StaleWrite; Conflict `account_bound_elsewhere`.
        """

    def apply(self, connection: Connection, marker: EventMarker, *acts: Act) -> Connection:
        """Like `save`, and marks the event as dealt with. Raises: StaleWrite, DuplicateEvent."""

    def organization_of(self, account_id: StripeAccountId) -> OrganizationId | None: ...

    def all_active(self) -> Iterator[OrganizationId]:
        """Every organization with a usable connection: for schedules only."""

    def due_for_sweep(self, by: int) -> Iterator[OrganizationId]:
        """Those whose account is to be looked at by then, the longest due first: for the reconciliation plan only."""

    def put_authorization(self, authorization: Authorization) -> None:
        """Store a new one."""

    def authorization(self, state_hash: str) -> Authorization | None: ...

    def save_authorization(self, authorization: Authorization, *acts: Act) -> Authorization:
        """Raises: StaleWrite."""

    def unused_grants(self, limit: int) -> Sequence[str]:
        """State hashes of authorizations of any organization that gave access and are not completed; oldest first."""

    def webhook_check(self) -> WebhookCheck | None:
        """The latest look at the platform's webhook endpoints."""

    def save_webhook_check(self, check: WebhookCheck) -> None:
        """Keeps it, unless a later look is kept."""

    def canary_run(self) -> CanaryRun | None:
        """The latest flight of the schedule's canaries."""

    def save_canary_run(self, flight: CanaryRun) -> None:
        """Keep it, unless a later flight is kept."""

    def platform_freeze(self) -> Freeze | None:
        """Why whoever connects now is frozen: one strongly consistent read, which no request that bills makes."""

    def save_platform_freeze(self, freeze: Freeze | None) -> None:
        """From now on, whoever connects is frozen, or is not."""

    def unknown_invoices(self, organization_id: OrganizationId) -> UnknownInvoices | None:
        """Returns the invoices of POM's in Stripe that POM does not know, as last found; None if never looked for."""

    def save_unknown_invoices(self, organization_id: OrganizationId, found: UnknownInvoices) -> None:
        """Keeps what was found, unless something found later is kept."""

    def trial(self, organization_id: OrganizationId) -> Trial | None:
        """Returns the latest test of the connection, with the steps kept so far: one strongly consistent read."""

    def begin_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        """Keeps a test that begins, in place of the one before it."""

    def save_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        """Keeps how far a test is, unless another one has begun since."""


class SettingsStore(Protocol):
    """Invoicing settings."""

    def get(self, organization_id: OrganizationId) -> InvoicingSettings:
        """The defaults if none were ever set."""

    def save(self, settings: InvoicingSettings, *acts: Act) -> InvoicingSettings:
        """Change the version that was read, together with the acts that change it. Raises: StaleWrite."""


class ActStore(Protocol):
    """Who did what to an organization's settings, its connection and its customers.

    Most acts are written by the store of what they change, in one transaction with it.
    """

    def add(self, act: Act) -> None:
        """Stores an act that changes nothing that POM keeps. Doing it again is fine."""

    def page(self, subject: Subject, first: int, after: str | None) -> Page[Act]:
        """Returns a page of a history, newest first, by one strongly consistent query.

        Raises: Refused `cursor_invalid`.
        """


class BatchStore(Protocol):
    """Work in bulk: batches, their items, how far each lane is with them, and at which pace a lane goes."""

    def get(self, organization_id: OrganizationId, batch_id: BatchId) -> Batch | None:
        """One strongly consistent read."""

    def save(self, batch: Batch, parts: Sequence[Part] = ()) -> Batch:
        """Insert (version 0) or change the version that was read, together with these parts. Raises: StaleWrite."""

    def add_items(self, batch: Batch, items: Sequence[BatchItem]) -> None:
        """Store those that are not stored yet; the others stay as they are."""

    def items_at(self, batch: Batch, positions: Sequence[int]) -> Sequence[BatchItem]:
        """At most 100 items, in the order of their positions, as they are now."""

    def items(self, batch: Batch, first: int, after: str | None) -> Page[BatchItem]:
        """A page in the order of their positions."""

    def every_item(
        self, organization_id: OrganizationId, after: str | None = None
    ) -> Iterator[tuple[str, StoredItem]]:
        """Yields the items of all batches, each with the cursor behind it, in the order of the batches.

        It is strongly consistent, and reads a megabyte a query. Items of a batch that has been deleted are among
        them. Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def rewrite(self, organization_id: OrganizationId, batch_id: BatchId, item: BatchItem) -> None:
        """Replaces what an item of the version that was read holds. It is neither decided nor counted by that.

        Raises: StaleWrite.
        """

    def decide(self, batch: Batch, item: BatchItem, customer: Customer | None = None, act: Act | None = None) -> None:
        """Store what became of an item, count it, store the customer that came of it, and the act: all or nothing.

        Raises: StaleWrite if the item has been decided, the batch is in another round, or the customer changed.
        """

    def page(self, organization_id: OrganizationId, kind: BatchKind, first: int, after: str | None) -> Page[Batch]:
        """Newest first."""

    def part(self, organization_id: OrganizationId, batch_id: BatchId, lane: int) -> Part | None: ...

    def parts(self, organization_id: OrganizationId, lanes: Sequence[tuple[BatchId, int]]) -> Sequence[Part]:
        """Returns the parts of at most 100 lanes of batches that were set going: one strongly consistent read."""

    def save_part(self, part: Part) -> Part:
        """Change the version that was read. Raises: StaleWrite."""

    def due_parts(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, BatchId, int]]:
        """Parts of any organization's batches whose message may be lost; only their keys."""

    def pace(self, organization_id: OrganizationId, lane: int) -> Pace | None:
        """At which pace the lane went when it was last left."""

    def save_pace(self, organization_id: OrganizationId, lane: int, pace: Pace) -> None:
        """Only whoever works on the lane does this."""


class EventStore(Protocol):
    """What became of each Stripe event."""

    def known(self, account_id: StripeAccountId, event_ids: Sequence[str]) -> frozenset[str]:
        """Which of at most 100 events have been dealt with (not: parked); one batch read."""

    def park(
        self,
        event: StripeEvent,
        received_at: int,
        error: str,
        invoice: tuple[OrganizationId, InvoiceId] | None = None,
    ) -> None:
        """Keeps an event that could not be applied, unless it has been dealt with meanwhile. See `domain.parking`.

        `invoice` is what the event turned out to be about before it could not be applied.
        """

    def parked(self, account_id: StripeAccountId, limit: int) -> Sequence[ParkedEvent]:
        """Returns parked events, those not tried for longest first."""

    def all_parked_events(self, account_id: StripeAccountId) -> Iterator[ParkedEvent]:
        """Yields all parked events, those not tried for longest first."""

    def shorten(self, account_id: StripeAccountId, event_id: str, body: str) -> None:
        """Replaces the body of a parked event. One that was dealt with or set aside meanwhile stays as it is."""

    def set_aside(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        """A parked event is not to be tried again: it is none of ours after all, or it never could be applied.

        Its body is deleted, because nobody reads it any more. It stays counted. An event that was set aside before
        loses its body, too. One dealt with meanwhile stays so. It does not count as dealt with, so an operator can
        replay it: POM fetches it from Stripe.
        """

    def last_received_at(self, account_id: StripeAccountId) -> int | None:
        """When the latest event came, by webhook or sweep; epoch seconds."""

    def arrivals(self, account_id: StripeAccountId) -> Sequence[Arrival]:
        """How the latest 100 events came to us, newest first: a query of keys and a batch read.

        Events that told nothing new are left out, unless they show that webhooks arrive.
        """

    def mark(self, marker: EventMarker) -> None:
        """Marks an event that changed nothing as dealt with, by one conditional put. Raises: DuplicateEvent."""

    def repeated(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        """Notes that a webhook brought an event that had been dealt with before, by webhook or by the sweep."""

    def of_invoice(
        self, organization_id: OrganizationId, invoice_id: InvoiceId, first: int, after: str | None
    ) -> Page[LoggedEvent]:
        """Returns a page of an invoice's events, newest arrival first, by one query. They are kept for 35 days."""

    def recorded(self, account_id: StripeAccountId, after: str | None) -> Iterator[tuple[str, RecordedEvent]]:
        """Yields every event of an account in the order of the ids, each with the cursor behind it.

        It is strongly consistent, and reads a megabyte a query. Raises: Refused `cursor_invalid` for a cursor of
        another account.
        """

    def save_canary(self, canary: Canary, received_at: int) -> None:
        """Keep it for an hour, apart from everybody's events."""

    def canary(self, canary_id: str) -> Canary | None:
        """One strongly consistent read."""
