"""The stores of the use cases.

Every method works within one organization or one Stripe account. Methods across organizations return keys only and
say so. Stores raise `StaleWrite` when an item's `version` is not the one that was read, and `Retryable` when the
database does not respond.
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

    A claim is the right of an invoice to bill a service. Every write also adds the given difference to the
    organization's tallies, in the same transaction.
    """

    def get(self, organization_id: OrganizationId, invoice_id: InvoiceId) -> Invoice | None:
        """Returns an invoice, or None, in one strongly consistent read."""

    def several(
        self, organization_id: OrganizationId, invoice_ids: Sequence[InvoiceId]
    ) -> Mapping[InvoiceId, Invoice]:
        """Returns the invoices that are stored, by id, in one strongly consistent read. Takes at most 100 ids."""

    def insert(self, write: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        """Stores a new invoice and claims at most MAX_CLAIMS_AT_ONCE services for it, all or nothing.

        `claims` maps each service to the void invoice whose claim is taken over, or to None. Claims that the invoice
        holds already are accepted. Raises: InvoiceExists, ServiceClaimed.
        """

    def holders(
        self, organization_id: OrganizationId, services: Sequence[ServiceId]
    ) -> Mapping[ServiceId, InvoiceId]:
        """Returns the invoices that hold the claims on these services. Services without a claim are left out.

        A void invoice keeps its claims. Each hundred services take one strongly consistent batch read.
        """

    def claim(self, invoice: Invoice, claims: Mapping[ServiceId, InvoiceId | None]) -> None:
        """Claims more services for an invoice of the version that was read. Raises: ServiceClaimed, StaleWrite."""

    def save_claiming(self, write: InvoiceWrite, claims: Mapping[ServiceId, InvoiceId | None]) -> Invoice:
        """Saves like `save`, and claims at most MAX_CLAIMS_AT_ONCE services: all or none.

        Raises: StaleWrite, ServiceClaimed.
        """

    def release(self, invoice: Invoice, services: Sequence[ServiceId]) -> None:
        """Gives up claims of an invoice of the version that was read. Claims of other invoices stay.

        Raises: StaleWrite. Some of the claims may have been given up by then.
        """

    def save(self, write: InvoiceWrite, references: Sequence[Reference] = ()) -> Invoice:
        """Stores a change of the version that was read, with new references, in one transaction.

        Returns the invoice in its new version. Raises: StaleWrite.
        """

    def apply(self, write: InvoiceWrite, marker: EventMarker, references: Sequence[Reference] = ()) -> Invoice:
        """Saves like `save`, and marks the event as processed. Raises: StaleWrite, DuplicateEvent."""

    def remove(self, uncounted: InvoiceWrite, services: Sequence[ServiceId]) -> None:
        """Removes an invoice that was never created in Stripe, with its claims. Raises: StaleWrite."""

    def find_by_reference(
        self, account_id: StripeAccountId, stripe_ids: Sequence[str]
    ) -> Mapping[str, tuple[OrganizationId, InvoiceId]]:
        """Returns the invoices that these Stripe objects belong to (at most 100 ids, one batch read)."""

    def page(
        self, organization_id: OrganizationId, invoice_filter: InvoiceFilter, first: int, after: str | None
    ) -> Page[Invoice]:
        """Returns a page of invoices, newest first; `InvoiceFilter` says which filters change the order.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def due_for_work(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, InvoiceId]]:
        """Returns the keys of invoices of any organization whose saga should be resumed."""

    def turning_overdue(self, now: int) -> Iterator[tuple[OrganizationId, InvoiceId]]:
        """Yields the keys of invoices of any organization whose due day has passed and that are not stored as
        overdue.
        """


class CustomerStore(Protocol):
    """POM's customers."""

    def get(self, organization_id: OrganizationId, customer_id: CustomerId) -> Customer | None: ...

    def several(
        self, organization_id: OrganizationId, customer_ids: Sequence[CustomerId]
    ) -> Mapping[CustomerId, Customer]:
        """Returns the customers that are stored, by id, in one strongly consistent read. Takes at most 100 ids."""

    def save(self, customer: Customer, act: Act | None = None) -> Customer:
        """Inserts a customer (version 0) or changes the version that was read, together with the act of the change.

        A new link claims its Stripe customer and releases the former claim, in the same write. Raises: StaleWrite;
        StripeCustomerClaimed if another customer of the organization holds the claim.
        """

    def apply(self, customer: Customer, marker: EventMarker) -> Customer:
        """Saves like `save`, and marks the event as processed. Raises: StaleWrite, DuplicateEvent."""

    def holder_of(
        self, organization_id: OrganizationId, account_id: StripeAccountId, stripe_customer_id: str
    ) -> CustomerId | None:
        """Returns the customer that holds the claim on a Stripe customer, or None."""

    def find_by_stripe_id(self, account_id: StripeAccountId, stripe_customer_id: str) -> Customer | None: ...

    def page(
        self, organization_id: OrganizationId, customer_filter: CustomerFilter, first: int, after: str | None
    ) -> Page[Customer]:
        """Returns a page of customers, sorted by id, or by displayed name with a filter by name. Erased customers are
        left out.

        With a status, customers of other accounts come last. Raises: Refused if the cursor is not of this list.
        """

    def pending(self, updated_before: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        """Returns the keys of customers of any organization that have been `pending` since before
        `updated_before`.
        """

    def erasures_due(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        """Returns the keys of customers of any organization whose erasure is due at `now`, the longest due first."""

    def to_search(self, organization_id: OrganizationId, updated_before: int, limit: int) -> Sequence[CustomerId]:
        """Returns customers whose address POM still has to search for, the longest unchanged first."""

    def waiting_for(
        self, organization_id: OrganizationId, account_id: StripeAccountId, limit: int
    ) -> Sequence[CustomerId]:
        """Returns customers of the account that were edited while it was not connected, the longest unchanged
        first.
        """

    def without_email(self, organization_id: OrganizationId, limit: int) -> Sequence[CustomerId]:
        """Returns customers without an e-mail address, sorted by id."""


class ConnectionStore(Protocol):
    """Connections, the authorizations that lead to them, and the organization that each account is bound to."""

    def get(self, organization_id: OrganizationId) -> Connection:
        """Returns the connection, or a new one (version 0) if the organization was never connected."""

    def save(self, connection: Connection, *acts: Act) -> Connection:
        """Replaces the version that was read, and stores the acts of the change with it. Raises: StaleWrite."""

    def bind(self, connection: Connection, platform_freeze: Freeze | None = None, *acts: Act) -> Connection:
        """Saves the connection, and binds its account to its organization permanently, if the platform freeze is
        unchanged.

        Raises: StaleWrite; Conflict `account_bound_elsewhere`.
        """

    def apply(self, connection: Connection, marker: EventMarker, *acts: Act) -> Connection:
        """Saves like `save`, and marks the event as processed. Raises: StaleWrite, DuplicateEvent."""

    def organization_of(self, account_id: StripeAccountId) -> OrganizationId | None: ...

    def all_active(self) -> Iterator[OrganizationId]:
        """Yields every organization with a usable connection. Only schedules may call this method."""

    def due_for_sweep(self, by: int) -> Iterator[OrganizationId]:
        """Yields the organizations whose sweep is due at the time `by` or earlier, the longest due first. Only the
        reconciliation plan may call this method.
        """

    def put_authorization(self, authorization: Authorization) -> None:
        """Stores a new authorization."""

    def authorization(self, state_hash: str) -> Authorization | None: ...

    def save_authorization(self, authorization: Authorization, *acts: Act) -> Authorization:
        """Raises: StaleWrite."""

    def unused_grants(self, limit: int) -> Sequence[str]:
        """Returns the state hashes of authorizations that were granted and not completed, of all organizations,
        oldest first.
        """

    def webhook_check(self) -> WebhookCheck | None:
        """Returns the latest check of the platform's webhook endpoints, or None."""

    def save_webhook_check(self, check: WebhookCheck) -> None:
        """Stores the check, unless a later one is stored."""

    def canary_run(self) -> CanaryRun | None:
        """Returns the latest run of the scheduled canaries, or None."""

    def save_canary_run(self, run: CanaryRun) -> None:
        """Stores the run, unless a later one is stored."""

    def platform_freeze(self) -> Freeze | None:
        """Returns the platform freeze, or None. While a platform freeze exists, new connections are frozen.

        This is one strongly consistent read. No request that bills makes it.
        """

    def save_platform_freeze(self, freeze: Freeze | None) -> None:
        """Stores or removes the platform freeze."""

    def unknown_invoices(self, organization_id: OrganizationId) -> UnknownInvoices | None:
        """Returns the invoices in Stripe without a record in POM, as last found, or None if never compared."""

    def save_unknown_invoices(self, organization_id: OrganizationId, found: UnknownInvoices) -> None:
        """Stores the found invoices, unless a later finding is stored."""

    def trial(self, organization_id: OrganizationId) -> Trial | None:
        """Returns the latest test of the connection with its stored steps, in one strongly consistent read."""

    def begin_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        """Stores a test that begins. It replaces the test before it."""

    def save_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        """Stores the progress of a test, unless another one has begun since."""


class SettingsStore(Protocol):
    """Invoicing settings."""

    def get(self, organization_id: OrganizationId) -> InvoicingSettings:
        """Returns the settings, or the defaults if none were saved."""

    def save(self, settings: InvoicingSettings, *acts: Act) -> InvoicingSettings:
        """Changes the version that was read, together with the acts of the change. Raises: StaleWrite."""


class ActStore(Protocol):
    """The audit trail of an organization's settings, its connection and its customers.

    Most acts are written by the store of the changed object, in the same transaction.
    """

    def add(self, act: Act) -> None:
        """Stores an act that changes no stored object. Repeating the call changes nothing."""

    def page(self, subject: Subject, first: int, after: str | None) -> Page[Act]:
        """Returns a page of a history, newest first, by one strongly consistent query.

        Raises: Refused `cursor_invalid`.
        """


class BatchStore(Protocol):
    """Work in bulk: batches, their items, the progress of each lane with them, and each lane's pace."""

    def get(self, organization_id: OrganizationId, batch_id: BatchId) -> Batch | None:
        """Returns a batch, or None, in one strongly consistent read."""

    def save(self, batch: Batch, parts: Sequence[Part] = ()) -> Batch:
        """Inserts a batch (version 0) or changes the version that was read, together with these parts. Raises:
        StaleWrite.
        """

    def add_items(self, batch: Batch, items: Sequence[BatchItem]) -> None:
        """Stores the items that are not stored yet. Stored items stay as they are."""

    def items_at(self, batch: Batch, positions: Sequence[int]) -> Sequence[BatchItem]:
        """Returns the present items at 100 positions at most, in the order of their positions."""

    def items(self, batch: Batch, first: int, after: str | None) -> Page[BatchItem]:
        """Returns a page of items, in the order of their positions."""

    def every_item(
        self, organization_id: OrganizationId, after: str | None = None
    ) -> Iterator[tuple[str, StoredItem]]:
        """Yields the items of all batches, each with the cursor after it, in the order of the batches.

        Reads are strongly consistent, one megabyte per query. Items of deleted batches are included. Raises: Refused
        `cursor_invalid` for a foreign cursor.
        """

    def rewrite(self, organization_id: OrganizationId, batch_id: BatchId, item: BatchItem) -> None:
        """Replaces the content of an item of the version that was read, without deciding or counting it.

        Raises: StaleWrite.
        """

    def decide(self, batch: Batch, item: BatchItem, customer: Customer | None = None, act: Act | None = None) -> None:
        """Stores an item's outcome, the batch's counts, the resulting customer and the act, all or nothing.

        Raises: StaleWrite if the item has been decided, the batch is in another round, or the customer has changed.
        """

    def page(self, organization_id: OrganizationId, kind: BatchKind, first: int, after: str | None) -> Page[Batch]:
        """Returns a page of batches, newest first."""

    def part(self, organization_id: OrganizationId, batch_id: BatchId, lane: int) -> Part | None: ...

    def parts(self, organization_id: OrganizationId, lanes: Sequence[tuple[BatchId, int]]) -> Sequence[Part]:
        """Returns the parts of at most 100 lanes of started batches, in one strongly consistent read."""

    def save_part(self, part: Part) -> Part:
        """Changes the version that was read. Raises: StaleWrite."""

    def due_parts(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, BatchId, int]]:
        """Returns the keys of parts of any organization's batches whose message may be lost."""

    def pace(self, organization_id: OrganizationId, lane: int) -> Pace | None:
        """Returns the lane's pace when a worker last left it, or None."""

    def save_pace(self, organization_id: OrganizationId, lane: int, pace: Pace) -> None:
        """Stores the lane's pace. Only the worker on the lane calls it."""


class EventStore(Protocol):
    """The outcome of each Stripe event."""

    def known(self, account_id: StripeAccountId, event_ids: Sequence[str]) -> frozenset[str]:
        """Returns the ids of the events that have been processed, without parked events. Takes at most 100
        `event_ids` and makes one batch read.
        """

    def park(
        self,
        event: StripeEvent,
        received_at: int,
        error: str,
        invoice: tuple[OrganizationId, InvoiceId] | None = None,
    ) -> None:
        """Stores an event that could not be applied, unless it has been processed in the meantime. See
        `domain.parking`.

        `invoice` is the invoice that the event is about, if that was found before the error.
        """

    def parked(self, account_id: StripeAccountId, limit: int) -> Sequence[ParkedEvent]:
        """Returns parked events, the least recently tried first."""

    def all_parked_events(self, account_id: StripeAccountId) -> Iterator[ParkedEvent]:
        """Yields all parked events, the least recently tried first."""

    def shorten(self, account_id: StripeAccountId, event_id: str, body: str) -> None:
        """Replaces the body of a parked event. An event that was processed or set aside in the meantime stays
        unchanged.
        """

    def set_aside(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        """Sets aside a parked event that is not to be tried again, because it is not POM's or can never be applied.

        Its body is deleted, because it is no longer needed, also if the event was set aside before. The event stays
        counted. An event that was processed in the meantime stays unchanged. A set-aside event does not count as
        processed, so an operator can replay it: POM fetches it from Stripe.
        """

    def last_received_at(self, account_id: StripeAccountId) -> int | None:
        """Returns when the latest event arrived, by webhook or sweep (epoch seconds UTC), or None."""

    def arrivals(self, account_id: StripeAccountId) -> Sequence[Arrival]:
        """Returns how the latest 100 events arrived, newest first, by a query of keys and a batch read.

        Events that brought nothing new are left out, unless they prove that webhooks arrive.
        """

    def mark(self, marker: EventMarker) -> None:
        """Marks an event that changed nothing as processed, by one conditional put. Raises: DuplicateEvent."""

    def repeated(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        """Counts that a webhook brought an event that had been processed before."""

    def of_invoice(
        self, organization_id: OrganizationId, invoice_id: InvoiceId, first: int, after: str | None
    ) -> Page[LoggedEvent]:
        """Returns a page of an invoice's events, latest arrival first, by one query. They are stored for 35 days."""

    def recorded(self, account_id: StripeAccountId, after: str | None) -> Iterator[tuple[str, RecordedEvent]]:
        """Yields every event of an account, sorted by id, each with the cursor after it.

        Reads are strongly consistent, one megabyte per query. Raises: Refused `cursor_invalid` for a cursor of
        another account.
        """

    def save_canary(self, canary: Canary, received_at: int) -> None:
        """Stores a canary for an hour, separately from organizations' events."""

    def canary(self, canary_id: str) -> Canary | None:
        """Returns a canary, or None, in one strongly consistent read."""
