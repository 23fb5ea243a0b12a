"""The invariants that hold at every step, and those that hold when all work has finished."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import stripe

from chalicelib.adapters.stripe.events import read_event
from chalicelib.domain.batch import BatchStatus, ItemStatus
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.errors import DuplicateEvent, IntegrationError
from chalicelib.domain.events import (
    API_VERSION,
    MAY_COME_BEFORE_ITS_PAYMENT,
    SUBSCRIPTION,
    EventMarker,
    StripeEvent,
)
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout
from chalicelib.domain.saga import Step
from chalicelib.domain.summary import contribution
from chalicelib.domain.tallies import added_up
from chalicelib.ports.storage import InvoiceExists, ServiceClaimed
from chalicelib.usecases.events.event_outcome import EventOutcome
from infra.stripe_double.errors import StripeFault
from tests.fakes.database import Parked
from tests.oracle import REASONS, differences, figures_in_pom, figures_in_stripe
from tests.proofs.books import Books, faults_of_money
from tests.proofs.erased import faults_at_rest, faults_of_write, without_texts
from tests.proofs.orders import faults_of_orders, unclaimed_lines
from tests.proofs.records import event_log, faults_of_rows, rows_of
from tests.proofs.stage import Actor

if TYPE_CHECKING:
    from tests.proofs.simulation import Town

KEPT = ("invoices", "customers", "connections", "settings", "payouts")
BILLED = ("open", "paid", "uncollectible")
LOOKED_BACK = 90 * 86_400
"""The seconds for which a sweep finds payouts whose events were lost."""

DEALT_WITH = (
    EventOutcome.APPLIED, EventOutcome.NO_CHANGE, EventOutcome.RECOVERED, EventOutcome.DUPLICATE, EventOutcome.ERASED,
)  # fmt: skip


class Violation(AssertionError):
    """An invariant does not hold."""


def require(holds: bool, message: str) -> None:
    if not holds:
        raise Violation(message)


class Invariants:
    """Checks a town from outside. The numbers in messages are those of the design's list of invariants."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._tenants: dict[int, frozenset[str]] = {}
        self._known_since: dict[tuple[StripeAccountId, str], int] = {}
        """The second at which POM stored the id of each Stripe object of an invoice."""

    def is_expected(self, failure: BaseException) -> bool:
        """Returns True if an action may end with this failure: a refusal by POM, or by the double."""
        kinds = (IntegrationError, StripeFault, stripe.StripeError, DuplicateEvent, InvoiceExists, ServiceClaimed)
        return isinstance(failure, kinds)

    # At every write

    @contextmanager
    def on_behalf_of(self, actor: Actor | None, *tenants: str | None) -> Iterator[None]:
        """In this block the actor may only change data of these organizations."""
        before = self._tenants.get(id(actor))
        self._tenants[id(actor)] = frozenset(tenant for tenant in tenants if tenant)
        try:
            yield
        finally:
            if before is None:
                self._tenants.pop(id(actor), None)
            else:
                self._tenants[id(actor)] = before

    def watch_write(self, actor: Actor, name: str, call: Callable[[], Any]) -> Any:
        """Runs a write, and checks the records before and after it."""
        database = self._town.plain.database
        before = {kind: dict(getattr(database, kind)) for kind in KEPT}
        result = call()
        for reference in database.references.keys() - self._known_since.keys():
            self._known_since[reference] = self._town.plain.clock.now()
        for kind in KEPT:
            self._compare(actor, name, before[kind], getattr(database, kind))
        return result

    def _compare(self, actor: Actor, name: str, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> None:
        for key in before.keys() | after.keys():
            old, new = before.get(key), after.get(key)
            if old is new:
                continue
            self._require_own(actor, name, old or new)
            for fault in faults_of_write(old, new):
                require(False, fault)
            if isinstance(new, Invoice):
                self._require_progress(old, new)
                require_terms(new)
                self._require_one_live_invoice_a_service(new)
            if isinstance(new, Payout):
                require_sums(old, new)

    def _require_own(self, actor: Actor, name: str, item: Any) -> None:
        tenants = self._tenants.get(id(actor))
        if tenants is None:
            return
        link = getattr(item, "link", None)
        owners = {
            item.organization_id,
            getattr(item, "stripe_account_id", None),
            getattr(item, "account_id", None),
            link.account_id if link else None,
        }
        require(
            bool(owners & tenants), f"7: {actor.action} on behalf of {sorted(tenants)} changed {owners} by {name}"
        )

    def _require_progress(self, old: Invoice | None, new: Invoice) -> None:
        if old is None:
            return
        edited = old.edit is not None and new.order == old.edit.order and old.saga.step in (Step.EDIT, Step.RESTORE)
        if new.erased_at is not None:
            require(without_texts(new.order) == without_texts(old.order), f"18: more of {new.id} went than its texts")
        else:
            require(new.order == old.order or edited, f"{new.id}: its order changed")
        require(new.version == old.version + 1, f"{new.id}: version {old.version} became {new.version}")
        revised = {fact.id for fact in new.facts.invoices.values() if fact.from_invoice_id is not None}
        require(old.stripe_invoice_ids <= new.stripe_invoice_ids, f"2: {new.id} changed its Stripe invoice")
        require(
            old.stripe_invoice_id in (None, new.stripe_invoice_id) or new.stripe_invoice_id in revised,
            f"2: {new.id} changed to {new.stripe_invoice_id}, which is no revision",
        )
        same = old.stripe_invoice_id == new.stripe_invoice_id
        require(not same or old.sent_at is None or new.sent_at is not None, f"{new.id} is no longer sent")
        done, before = (
            [replace(act, reason=None) if new.erased_at is not None else act for act in each.actions]
            for each in (new, old)
        )
        require(done[: len(before)] == before, f"{new.id}: what POM did was rewritten")
        require(old.live or not new.live, f"5: {new.id} was void and is {new.status}")
        if new.facts.invoice is not None:
            require(new.facts.invoice.id == new.stripe_invoice_id, f"2: {new.id} holds facts of another invoice")
        for kind in ("payment_intents", "charges", "refunds", "disputes", "payments", "credit_notes"):
            old_facts, new_facts = getattr(old.facts, kind), getattr(new.facts, kind)
            for stripe_id, fact in old_facts.items():
                kept = new_facts.get(stripe_id)
                require(
                    kept is not None and kept.precedence >= fact.precedence, f"5: {new.id} forgot {fact}, has {kept}"
                )
        for stripe_id, fact in old.facts.invoices.items():
            kept = new.facts.invoices.get(stripe_id)
            require(kept is not None and kept.precedence >= fact.precedence, f"5: {new.id} forgot {fact}, has {kept}")

    def _require_one_live_invoice_a_service(self, changed: Invoice) -> None:
        if not _holds_its_services(changed):
            return
        mine = {line.service_id for line in changed.order.line_items}
        for other in self._town.plain.database.invoices.values():
            if other.organization_id != changed.organization_id or other.id == changed.id:
                continue
            if not _holds_its_services(other):
                continue
            both = mine & {line.service_id for line in other.order.line_items}
            require(not both, f"1: {sorted(both)} on {changed.id} and {other.id}, both live")

    # At every request to Stripe

    def after_request(self, name: str) -> None:
        if name.startswith("GET"):
            return
        for ledger in self._town.double.world.ledgers.values():
            invoices = ledger.tables.get("invoice", {}).values()
            created = Counter(
                i["metadata"]["pom_invoice_id"]
                for i in invoices
                if "pom_invoice_id" in i["metadata"] and not i["from_invoice"]
            )
            twice = [ours for ours, count in created.items() if count > 1]
            require(not twice, f"2: several Stripe invoices for {twice}")
            billed = Counter(
                line["metadata"]["pom_service_id"]
                for i in invoices
                if i["status"] in BILLED
                for line in ledger.lines.get(i["id"], ())
                if "pom_service_id" in line.get("metadata", {})
            )
            twice = [service for service, count in billed.items() if count > 1]
            require(not twice, f"1: billed twice in Stripe: {twice}")
            unclaimed = list(unclaimed_lines(self._town.plain.database, ledger.id, ledger))
            require(not unclaimed, f"1: {unclaimed}")
            ordered = Counter(
                refund["metadata"]["pom_refund_id"]
                for refund in ledger.tables.get("refund", {}).values()
                if "pom_refund_id" in refund["metadata"]
            )
            twice = [order_id for order_id, count in ordered.items() if count > 1]
            require(not twice, f"refunded twice with one key: {twice}")
            for invoice_id, count in Counter(mail["invoice"] for mail in ledger.mails).items():
                reminded = self._town.reminded.get(original_of(ledger.tables["invoice"], invoice_id), ())
                allowed = 1 + len(reminded)
                require(count <= allowed, f"one e-mail a send: {count} of {invoice_id}, {allowed} asked for")

    # At every acknowledgement

    def knows(self, event: StripeEvent) -> bool:
        """Returns True if POM has the object of the event, by the ids in the double's ledger, whatever the event
        contains.
        """
        return self._owner(event) is not None

    def _owner(self, event: StripeEvent) -> tuple[OrganizationId, InvoiceId] | None:
        """Returns the invoice that the event is about, if POM has it."""
        database, account = self._town.plain.database, event.account_id or StripeAccountId("")
        reference = database.references.get((account, self._belongs_to(account, event)))
        invoice = database.invoices.get(reference) if reference else None
        replaced = event.object_type == "invoice" and invoice and event.object_id not in invoice.stripe_invoice_ids
        return reference if invoice is not None and not replaced else None

    def _belongs_to(self, account: str, event: StripeEvent) -> str:
        """Returns the id under which POM may have the event's object: that of its payment intent, or of its
        invoice.
        """
        differences = self._town.table(account, event.object_type).get(event.object_id, {})
        return str(differences.get("payment_intent") or differences.get("invoice") or event.object_id)

    def _is_gone(self, account: str, event: StripeEvent) -> bool:
        """Returns True if the event is about an invoice that Stripe no longer has. Only drafts can be deleted."""
        return event.object_type == "invoice" and event.object_id not in self._town.table(account, "invoice")

    def acknowledged(self, event: StripeEvent, outcome: EventOutcome, *, known: bool) -> None:
        """Requires invariant 3: the event was applied, was a duplicate, was parked, or belongs to no object of
        POM.
        """
        stored = self._town.plain.database.events.get((event.account_id or StripeAccountId(""), event.id))
        if outcome in DEALT_WITH:
            require(isinstance(stored, EventMarker), f"3: {event.type} {event.id} answered {outcome}, no marker")
        elif outcome is EventOutcome.PARKED:
            require(isinstance(stored, EventMarker | Parked), f"3: {event.type} {event.id} was not parked")
        else:
            require(not known, f"3: {event.type} {event.id} answered {outcome}, though {event.object_id} is ours")

    # Between deeds

    def between_deeds(self) -> None:
        database = self._town.plain.database
        parts: dict[OrganizationId, list[Any]] = {}
        for invoice in database.invoices.values():
            parts.setdefault(invoice.organization_id, []).append(contribution(invoice).items())
        for organization in parts.keys() | database.tallies.keys():
            summed = added_up(*parts.get(organization, []))
            held = {k: v for k, v in database.tallies.get(organization, {}).items() if any(v)}
            require(summed == held, f"the summary of {organization} holds {held}, invoices make {summed}")
        for invoice in database.invoices.values():
            differences = faults_of_rows(invoice, database)
            require(not differences, f"14: {differences}")
        active = Counter(c.account_id for c in database.connections.values() if c.active)
        require(all(count == 1 for count in active.values()), f"9: an account connected twice: {active}")

    # At rest

    def _drafts_left(self, account: StripeAccountId) -> Iterator[InvoiceId]:
        """Yields invoices that were taken back while POM could not reach this account, which has their drafts.

        Their services can be billed on the account that has replaced it. Nothing sends the drafts by itself.
        """
        drafts = [each for each in self._town.table(account, "invoice").values() if each["status"] == "draft"]
        named = {each["metadata"].get("pom_invoice_id") for each in drafts}
        for before, connected in self._town.ledger.removed():
            if before.stripe_account_id == account != connected and before.id in named:
                yield before.id

    def at_rest(self, *, customers: bool = True) -> None:
        town = self._town
        database = town.plain.database
        for (organization, _), invoice in database.invoices.items():
            require(not invoice.saga.running, f"{invoice.id} of {organization} is still at {invoice.saga}")
            unknown = [order for order in invoice.refund_orders if order.open]
            require(not unknown, f"{invoice.id} of {organization} still waits for {unknown}")
        for account in town.double.world.ledgers:
            ours = [i for i in database.invoices.values() if i.stripe_account_id == account]
            ledger = town.double.ledger(account)
            left = {_unknown_to_pom(invoice_id) for invoice_id in self._drafts_left(account)}
            differences = [line for line in disagreements(ledger, ours) if line not in left]
            require(not differences, f"6: POM and Stripe differ: {differences}")
            differences = list(faults_of_orders(ours, database, town.double.world.ledgers[account]))
            require(not differences, f"1: {differences}")
        for invoice in database.invoices.values():
            if invoice.live:
                for line in invoice.order.line_items:
                    holder = database.claims.get((invoice.organization_id, ServiceId(line.service_id)))
                    require(holder == invoice.id, f"1: {line.service_id} of {invoice.id} is claimed by {holder}")
        for (organization, service), holder in database.claims.items():
            there = (organization, holder) in database.invoices
            require(there, f"1: {service} is claimed by {holder}, which is gone")
        for invoice in database.invoices.values():
            rows = rows_of(database).get((invoice.organization_id, invoice.id), {}).values()
            counted, received = sum(row.counted for row in rows), invoice.amounts.received
            require(counted == received, f"14: {invoice.id} received {received}, its rows add up to {counted}")
        self._batches_done()
        self._money_tied_out()
        self._events_logged()
        parked = [key for key, entry in database.events.items() if isinstance(entry, Parked) and not entry.aside]
        require(not parked, f"3: still parked: {parked}")
        for fault in faults_at_rest(database):
            require(False, fault)
        if customers:
            self._customers_in_step()

    def _batches_done(self) -> None:
        """Requires that no work of a batch is queued, that its counts are those of its items, and that each sent
        invoice was e-mailed.
        """
        database = self._town.plain.database
        mailed = {mail["invoice"] for ledger in self._town.double.world.ledgers.values() for mail in ledger.mails}
        for (organization, batch_id), header in database.batches.items():
            require(header.status is not BatchStatus.RUNNING, f"{batch_id} of {organization} is still at {header}")
            if not header.stored:
                continue
            items = [item for place, item in database.batch_items.items() if place[:2] == (organization, batch_id)]
            shown = Counter(header.shown(item) for item in items)
            counted = {status: header.count(status) for status in ItemStatus if header.count(status)}
            require(shown == counted, f"{batch_id} of {organization} counts {counted}, its items are {shown}")
            for item in items:
                if item.status is ItemStatus.SENT and item.invoice_id is not None:
                    sent = database.invoices[organization, item.invoice_id].stripe_invoice_ids & mailed
                    require(bool(sent), f"{item.invoice_id} counts as sent and was never e-mailed")

    def _money_tied_out(self) -> None:
        """Requires invariant 16: fees and payouts of the last 90 days are those of Stripe's books."""
        town = self._town
        for organization, account in town.accounts.items():
            books = Books(town.double, account, town.plain.database, organization)
            differences = faults_of_money(books, town.plain.clock.now() - LOOKED_BACK)
            require(not differences, f"16: {differences}")

    def _events_logged(self) -> None:
        """Requires invariant 15: each event about an invoice is in that invoice's log once, and nothing else is.

        An event of a payment may arrive before the event that names this payment. POM then responds that the event is
        unmatched. It stays out of the log unless a sweep reads it again.

        A person may delete the draft of an invoice before POM has stored its id, while the account is not connected.
        The event of the deletion is parked, and stays in the log.
        """
        town, database = self._town, self._town.plain.database
        listed: dict[tuple[Any, Any], set[str]] = {key: set() for key in database.invoices}
        early: set[str] = set()
        of_gone_drafts: dict[tuple[Any, Any], set[str]] = {}
        for account in town.double.world.ledgers:
            for each in town.double.events(account, version=API_VERSION):
                event = read_event(json.dumps(each).encode(), StripeAccountId(account))
                owner = self._owner(event) if event.type in SUBSCRIPTION else None
                if owner is None and self._is_gone(account, event):
                    of_gone_drafts.setdefault((event.organization_hint, event.invoice_hint), set()).add(event.id)
                if owner is not None:
                    listed[owner].add(event.id)
                    known_since = self._known_since.get((StripeAccountId(account), self._belongs_to(account, event)))
                    may_be_early = event.type in MAY_COME_BEFORE_ITS_PAYMENT
                    if may_be_early and (known_since is None or event.created <= known_since):
                        early.add(event.id)
        for key, expected_ids in listed.items():
            log = event_log(*key, town.plain)
            names = [row.id for row in log]
            require(len(names) == len(set(names)), f"15: an event is twice in the log of {key}")
            missing = expected_ids - early - set(names)
            strange = set(names) - expected_ids - of_gone_drafts.get(key, set())
            require(not missing, f"15: not in the log of {key}: {missing}")
            require(not strange, f"15: in the log of {key}, and not about it: {strange}")

    def _customers_in_step(self) -> None:
        town = self._town
        links = Counter(
            (customer.organization_id, customer.link.account_id, customer.link.stripe_customer_id)
            for customer in town.plain.database.customers.values()
            if customer.link is not None
        )
        shared = [link for link, count in links.items() if count > 1]
        require(not shared, f"a Stripe customer belongs to two customers: {shared}")
        for customer in town.plain.database.customers.values():
            if customer.erased:
                continue
            account = town.account_of(customer.organization_id)
            customer = customer.on_account(account)
            require(customer.sync_status is not SyncStatus.PENDING, f"{customer.id} was left pending")
            if customer.sync_status is not SyncStatus.SYNCED or account is None:
                continue
            theirs = town.table(account, "customer").get(customer.linked_to(account) or "")
            profile = customer.profile
            ours = (profile.email, profile.display_name, profile.phone, profile.address.street, profile.address.city)
            has = None
            if theirs:
                lives = theirs["address"] or {"line1": None, "city": None}
                has = (theirs["email"], theirs["name"], theirs["phone"], lives["line1"], lives["city"])
            deleted_ids = theirs is None or theirs.get("_deleted", False)
            require(
                not deleted_ids and ours == has,
                f"customer {customer.id}: POM has {ours}, Stripe {has}, gone {deleted_ids}",
            )

    def everything_kept(self) -> dict[str, Any]:
        """Returns the records that a sweep may change."""
        database = self._town.plain.database
        return {
            "invoices": {key: item.version for key, item in database.invoices.items()},
            "customers": {key: item.version for key, item in database.customers.items()},
            "claims": dict(database.claims),
            "events": set(database.events),
            "payouts": {key: item.version for key, item in database.payouts.items()},
            "lines": {key: dict(lines) for key, lines in database.payout_lines.items()},
            "settlements": {key: dict(kept) for key, kept in database.settlements.items()},
        }


def require_terms(invoice: Invoice) -> None:
    """Requires invariant 13: the terms of money add up to the total in Stripe's invoice."""
    fact, amounts = invoice.facts.invoice, invoice.amounts
    if fact is None or fact.deleted or fact.status in ("draft", "void"):
        return
    require(
        amounts.total == amounts.accounted_for,
        f"13: {invoice.id}: {amounts.total} is not {amounts.accounted_for}, the sum of {amounts}",
    )
    # An event of a dispute may arrive before that of its payment; then the invoice is still open.
    paid_is_known = fact.status != "open" or amounts.lost == 0
    require(
        not paid_is_known or (0 <= amounts.lost <= amounts.paid and amounts.received <= amounts.paid - amounts.lost),
        f"13: {invoice.id}: more is lost or received than was paid: {amounts}",
    )


def require_sums(old: Payout | None, new: Payout) -> None:
    """Requires invariant 16: a payout's lines add up to its amount at all times, and a later reading of it is not
    undone.
    """
    if new.itemized is not None:
        come_to, amount = new.itemized.totals.sum, new.fact.amount
        require(come_to == amount, f"16: {new.id} of {amount} comes to {come_to}")
    require(
        old is None or new.fact.precedence >= old.fact.precedence,
        f"16: {new.id} was {old.fact if old else None} and is {new.fact}",
    )


def original_of(invoices: Mapping[str, Any], stripe_id: str) -> str:
    """Returns the id of the first invoice from which this one was made by one or several revisions."""
    while origin := invoices.get(stripe_id, {}).get("from_invoice"):
        stripe_id = origin["invoice"]
    return stripe_id


def _holds_its_services(invoice: Invoice) -> bool:
    """Returns False for an invoice without anything in Stripe that could be sent.

    It is still claiming its services, waits for its original to be void, or is being taken back.
    """
    return invoice.live and invoice.saga.step not in (Step.REPLACE, Step.CLAIM, Step.ABORT)


def disagreements(ledger: dict[str, Any], invoices: list[Invoice]) -> list[str]:
    """Returns the differences between POM and Stripe. If several parts failed, POM may have the reason of any of
    them.
    """
    unclear_invoices = [invoice for invoice in invoices if _differs_in_choice_of_reason(ledger, invoice)]
    all_differences = differences(ledger, [invoice for invoice in invoices if invoice not in unclear_invoices])
    return [
        line for line in all_differences if line not in {_unknown_to_pom(invoice.id) for invoice in unclear_invoices}
    ]


def _unknown_to_pom(invoice_id: InvoiceId) -> str:
    return f"Stripe has an invoice for {invoice_id}, POM has none"


def _differs_in_choice_of_reason(ledger: dict[str, Any], invoice: Invoice) -> bool:
    theirs = next((i for i in ledger["objects"].get("invoice", ()) if i["id"] == invoice.stripe_invoice_id), None)
    if theirs is None:
        return False
    here, there = figures_in_pom(invoice), figures_in_stripe(ledger, theirs)
    parts = {payment["payment"]["payment_intent"] for payment in theirs["payments"]["data"]}
    errors = [
        intent["last_payment_error"]
        for intent in ledger["objects"].get("payment_intent", ())
        if intent["id"] in parts and intent["status"] == "requires_payment_method" and intent["last_payment_error"]
    ]
    reasons = {REASONS[error.get("decline_code") or error["code"]] for error in errors}
    return here != there and here.failure in reasons and replace(here, failure=there.failure) == there
