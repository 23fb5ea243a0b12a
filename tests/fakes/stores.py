"""The smaller stores in memory: customers, connections, settings, acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.acts import Act, Subject
from chalicelib.domain.attention import UnknownInvoices
from chalicelib.domain.canary import CanaryRun
from chalicelib.domain.connection import Authorization, Connection, Freeze
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_filter import CustomerFilter, comparable_name
from chalicelib.domain.customer_link import StripeClaim
from chalicelib.domain.errors import Conflict, StaleWrite
from chalicelib.domain.events import EventMarker
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.ports.storage import Page, StripeCustomerClaimed
from tests.fakes.database import FakeDatabase, require_possible_key, require_unchanged
from tests.fakes.paging import page_of

PLATFORM = StripeAccountId("platform")


class FakeCustomers:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def get(self, organization_id: OrganizationId, customer_id: CustomerId) -> Customer | None:
        with self._db.lock:
            return self._db.customers.get((organization_id, customer_id))

    def several(
        self, organization_id: OrganizationId, customer_ids: Sequence[CustomerId]
    ) -> Mapping[CustomerId, Customer]:
        if len(set(customer_ids)) > 100:
            raise ValueError(f"{len(customer_ids)} keys are more than one batch read takes")
        with self._db.lock:
            pairs = ((each, self._db.customers.get((organization_id, each))) for each in customer_ids)
            return {each: customer for each, customer in pairs if customer is not None}

    def save(self, customer: Customer, act: Act | None = None) -> Customer:
        with self._db.lock:
            key = (customer.organization_id, customer.id)
            require_unchanged(self._db.customers, key, customer, "The customer")
            claim = customer.claim_of_link
            if claim is not None and claim != customer.claim:
                if self._db.stripe_claims.get((customer.organization_id, claim), customer.id) != customer.id:
                    raise StripeCustomerClaimed(claim.stripe_customer_id)
                self._db.stripe_claims[customer.organization_id, claim] = customer.id
            if customer.claim is not None and claim != customer.claim:
                self._db.stripe_claims.pop((customer.organization_id, customer.claim), None)
            self._db.customers[key] = stored = replace(customer, version=customer.version + 1, claim=claim)
            if act is not None:
                self._db.keep_acts(act)
            return stored

    def apply(self, customer: Customer, marker: EventMarker) -> Customer:
        with self._db.lock:
            self._db.require_unmarked(marker)
            stored = self.save(customer)
            self._db.mark(marker)
            return stored

    def find_by_stripe_id(self, account_id: StripeAccountId, stripe_customer_id: str) -> Customer | None:
        require_possible_key(account_id + stripe_customer_id)
        with self._db.lock:
            candidates = (c for c in self._db.customers.values() if c.linked_to(account_id) == stripe_customer_id)
            return next(candidates, None)

    def holder_of(
        self, organization_id: OrganizationId, account_id: StripeAccountId, stripe_customer_id: str
    ) -> CustomerId | None:
        with self._db.lock:
            holder = self._db.stripe_claims.get((organization_id, StripeClaim(account_id, stripe_customer_id)))
            linked_customer = self.find_by_stripe_id(account_id, stripe_customer_id)
        return holder or (
            linked_customer.id if linked_customer and linked_customer.organization_id == organization_id else None
        )

    def erasures_due(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        with self._db.lock:
            due = sorted(
                (customer.erasure.due_at, customer.organization_id, customer.id)
                for customer in self._db.customers.values()
                if customer.erasure is not None
                and customer.erasure.finished_at is None
                and customer.erasure.due_at <= now
            )
        return [(organization_id, customer_id) for _, organization_id, customer_id in due[:limit]]

    def to_search(self, organization_id: OrganizationId, updated_before: int, limit: int) -> Sequence[CustomerId]:
        with self._db.lock:
            candidates = sorted(
                (customer.updated_at, customer.id)
                for customer in self._db.customers.values()
                if customer.organization_id == organization_id
                and customer.search_spellings
                and not customer.erased
                and customer.sync_status is not SyncStatus.PENDING
                and customer.waits_for is None
                and customer.updated_at < updated_before
            )
        return [customer_id for _, customer_id in candidates[:limit]]

    def waiting_for(
        self, organization_id: OrganizationId, account_id: StripeAccountId, limit: int
    ) -> Sequence[CustomerId]:
        with self._db.lock:
            candidates = sorted(
                (customer.updated_at, customer.id)
                for customer in self._db.customers.values()
                if customer.organization_id == organization_id
                and customer.waits_for == account_id
                and not customer.erased
            )
        return [customer_id for _, customer_id in candidates[:limit]]

    def page(
        self, organization_id: OrganizationId, wanted: CustomerFilter, first: int, after: str | None
    ) -> Page[Customer]:
        with self._db.lock:
            customers = [c for c in self._db.customers.values() if c.organization_id == organization_id]
        rows = [customer for customer in customers if wanted.fits(customer)]
        name = ("customers", organization_id, repr(wanted))
        return page_of(rows, lambda customer: _place(customer, wanted), name, first, after)

    def pending(self, updated_before: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        with self._db.lock:
            candidates = sorted(
                (customer.updated_at, customer.organization_id, customer.id)
                for customer in self._db.customers.values()
                if customer.sync_status is SyncStatus.PENDING
                and not customer.erased
                and customer.updated_at < updated_before
            )
        return [(organization_id, customer_id) for _, organization_id, customer_id in candidates[:limit]]

    def without_email(self, organization_id: OrganizationId, limit: int) -> Sequence[CustomerId]:
        with self._db.lock:
            customers = [c for c in self._db.customers.values() if c.organization_id == organization_id]
        return sorted(each.id for each in customers if each.profile.email is None and not each.erased)[:limit]


def _place(customer: Customer, customer_filter: CustomerFilter) -> tuple[int, str]:
    if customer_filter.name is not None:
        return (0, f"{comparable_name(customer.profile.display_name or '')}\t{customer.id}")
    elsewhere = customer.sync_status != customer.on_account(customer_filter.account_id).sync_status
    return (int(elsewhere and customer_filter.sync_status is not None), customer.id)


class FakeConnections:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def get(self, organization_id: OrganizationId) -> Connection:
        with self._db.lock:
            return self._db.connections.get(organization_id) or Connection(organization_id)

    def save(self, connection: Connection, *acts: Act) -> Connection:
        with self._db.lock:
            require_unchanged(self._db.connections, connection.organization_id, connection, "The connection")
            stored = replace(connection, version=connection.version + 1)
            self._db.connections[connection.organization_id] = stored
            self._db.keep_acts(*acts)
            return stored

    def bind(self, connection: Connection, platform_freeze: Freeze | None = None, *acts: Act) -> Connection:
        if connection.account_id is None:
            raise ValueError("a connection without an account cannot be bound")
        with self._db.lock:
            if platform_freeze != self._db.platform_freeze:
                raise StaleWrite("The connection")
            bound_to = self._db.bindings.get(connection.account_id, connection.organization_id)
            if bound_to != connection.organization_id:
                raise Conflict("account_bound_elsewhere", "This Stripe account is connected to another organization.")
            stored = self.save(connection, *acts)
            self._db.bindings[connection.account_id] = connection.organization_id
            return stored

    def apply(self, connection: Connection, marker: EventMarker, *acts: Act) -> Connection:
        with self._db.lock:
            self._db.require_unmarked(marker)
            stored = self.save(connection, *acts)
            self._db.mark(marker)
            return stored

    def organization_of(self, account_id: StripeAccountId) -> OrganizationId | None:
        with self._db.lock:
            return self._db.bindings.get(account_id)

    def all_active(self) -> Iterator[OrganizationId]:
        with self._db.lock:
            active = sorted(c.organization_id for c in self._db.connections.values() if c.active)
        yield from active

    def due_for_sweep(self, by: int) -> Iterator[OrganizationId]:
        with self._db.lock:
            usable = [c for c in self._db.connections.values() if c.active and c.sweep.due_at <= by]
        yield from (each.organization_id for each in sorted(usable, key=lambda each: each.sweep.due_at))

    def put_authorization(self, authorization: Authorization) -> None:
        self.save_authorization(replace(authorization, version=0))

    def authorization(self, state_hash: str) -> Authorization | None:
        with self._db.lock:
            return self._db.authorizations.get(state_hash)

    def save_authorization(self, authorization: Authorization, *acts: Act) -> Authorization:
        with self._db.lock:
            key = authorization.state_hash
            require_unchanged(self._db.authorizations, key, authorization, "This attempt to connect")
            self._db.authorizations[key] = stored = replace(authorization, version=authorization.version + 1)
            self._db.keep_acts(*acts)
            return stored

    def unused_grants(self, limit: int) -> Sequence[str]:
        with self._db.lock:
            unused = [each for each in self._db.authorizations.values() if each.unused_grant]
        return [each.state_hash for each in sorted(unused, key=lambda each: each.expires_at)[:limit]]

    def webhook_check(self) -> WebhookCheck | None:
        with self._db.lock:
            return self._db.webhook_check

    def save_webhook_check(self, check: WebhookCheck) -> None:
        with self._db.lock:
            if self._db.webhook_check is None or self._db.webhook_check.at <= check.at:
                self._db.webhook_check = check

    def canary_run(self) -> CanaryRun | None:
        with self._db.lock:
            return self._db.canary_run

    def save_canary_run(self, flight: CanaryRun) -> None:
        with self._db.lock:
            if self._db.canary_run is None or self._db.canary_run.at <= flight.at:
                self._db.canary_run = flight

    def platform_freeze(self) -> Freeze | None:
        with self._db.lock:
            return self._db.platform_freeze

    def save_platform_freeze(self, freeze: Freeze | None) -> None:
        with self._db.lock:
            self._db.platform_freeze = freeze

    def unknown_invoices(self, organization_id: OrganizationId) -> UnknownInvoices | None:
        with self._db.lock:
            return self._db.unknown_invoices.get(organization_id)

    def save_unknown_invoices(self, organization_id: OrganizationId, found: UnknownInvoices) -> None:
        with self._db.lock:
            current = self._db.unknown_invoices.get(organization_id)
            if current is None or current.at <= found.at:
                self._db.unknown_invoices[organization_id] = found

    def trial(self, organization_id: OrganizationId) -> Trial | None:
        with self._db.lock:
            return self._db.trials.get(organization_id)

    def begin_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        with self._db.lock:
            self._db.trials[organization_id] = trial

    def save_trial(self, organization_id: OrganizationId, trial: Trial) -> None:
        with self._db.lock:
            current = self._db.trials.get(organization_id)
            if current is not None and current.run == trial.run:
                self._db.trials[organization_id] = trial


class FakeSettings:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def get(self, organization_id: OrganizationId) -> InvoicingSettings:
        with self._db.lock:
            return self._db.settings.get(organization_id) or InvoicingSettings(organization_id)

    def save(self, settings: InvoicingSettings, *acts: Act) -> InvoicingSettings:
        with self._db.lock:
            require_unchanged(self._db.settings, settings.organization_id, settings, "The record of the settings")
            self._db.settings[settings.organization_id] = stored = replace(settings, version=settings.version + 1)
            self._db.keep_acts(*acts)
            return stored


class FakeActs:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def add(self, act: Act) -> None:
        with self._db.lock:
            self._db.keep_acts(act)

    def page(self, subject: Subject, first: int, after: str | None) -> Page[Act]:
        with self._db.lock:
            rows = list(self._db.acts.get(subject, {}).values())
        name = ("acts", repr(subject))
        return page_of(rows, lambda act: (0, act.id), name, first, after, descending=True)
