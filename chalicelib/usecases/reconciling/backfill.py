"""Brings POM's records of invoices up to date with Stripe, and recreates those that POM lost.

Backfill lists objects and not events, because Stripe lists events for 30 days only. So it reaches back to any date. A
record that is right already is not written, so a run can be stopped anywhere and repeated. A recreated record claims
its services first. So a request that bills one of them at the same time is refused, and a service that was billed
again is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.actions import CORRECTED, Action
from chalicelib.domain.connection import Connection, usable_account
from chalicelib.domain.errors import Conflict, StaleWrite
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import (
    CustomerId,
    InvoiceId,
    OrganizationId,
    ServiceId,
    StripeAccountId,
    correction_id_for,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_appearance import looks_the_same
from chalicelib.domain.settings import time_zone_of
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_removal
from chalicelib.ports import Ports
from chalicelib.ports.listed_invoices import with_owners
from chalicelib.ports.paging import AT_ONCE, all_items, in_hundreds
from chalicelib.ports.recoverable_invoice import RecoverableInvoice
from chalicelib.ports.storage import MAX_CLAIMS_AT_ONCE, InvoiceExists, InvoiceFilter
from chalicelib.usecases.invoicing.claims import claim_in_portions, insert_claiming
from chalicelib.usecases.invoicing.pull_invoice import pulled
from chalicelib.usecases.invoicing.store_invoice import knowing_also, store
from chalicelib.usecases.reconciling.adopt_order import adopt, lost_change

SENT_IS_LISTED_FOR = 30 * 86400
"""Seconds for which Stripe lists the event that it sent an invoice (https://docs.stripe.com/api/events/list)."""


class BackfillOutcome(StrEnum):
    """The outcome for one invoice. In a dry run, the outcome that it would have."""

    UNCHANGED = "unchanged"
    UPDATED = "updated"
    RECREATED = "recreated"
    NOT_RECREATED = "not_recreated"
    """POM lacks the record, or a change of its order, and cannot recreate it."""
    NOT_OURS = "not_ours"
    """The Stripe invoice has the id of a POM invoice but is a different invoice, because somebody copied it in
    Stripe.
    """


@dataclass(frozen=True, slots=True)
class InvoiceToBackfill:
    """One invoice to check, by its id in Stripe and its id in POM."""

    stripe_id: str
    invoice_id: InvoiceId
    revised_id: str | None = None
    """The id of the Stripe invoice that it revises, if it is a revision."""


@dataclass(frozen=True, slots=True)
class BackfillResult:
    """The outcome for one invoice. `remark` says why it was not recreated, or what is still missing."""

    listed: InvoiceToBackfill
    did: BackfillOutcome
    remark: str = ""


def invoices_to_backfill(organization_id: OrganizationId, since: int, ports: Ports) -> Sequence[InvoiceToBackfill]:
    """Returns the invoices to check: POM's since that time, oldest first, then older ones with later activity.

    Activity is a refund, a dispute or a credit note. Every older draft is checked too, because Stripe does not list
    the time of a draft's changes. An older invoice that was paid since is left to the object sweep.

    Raises:
        Conflict: the organization is not connected.
        StripeUnavailable, AccountUnreachable: Stripe cannot be asked.
    """
    account_id = usable_account(ports.connections.get(organization_id))
    since_then = [(each.invoice, each.invoice_id) for each in ports.stripe.invoices_since(account_id, since)]
    newer = [
        InvoiceToBackfill(fact.id, invoice_id, fact.from_invoice_id)
        for fact, invoice_id in with_owners(since_then, {})
    ]
    newer.reverse()
    newer_ids = {each.invoice_id for each in newer}
    older = [
        *_older_invoices(organization_id, account_id, since, newer_ids, ports),
        *_drafts(organization_id, account_id, ports),
    ]
    return [*newer, *(each for each in dict.fromkeys(older) if each.invoice_id not in newer_ids)]


def _drafts(
    organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports
) -> Iterator[InvoiceToBackfill]:
    drafts_filter = InvoiceFilter(status=InvoiceStatus.DRAFT)
    for draft in all_items(lambda after: ports.invoices.page(organization_id, drafts_filter, AT_ONCE, after)):
        if draft.stripe_invoice_id is not None and draft.stripe_account_id == account_id:
            yield InvoiceToBackfill(draft.stripe_invoice_id, draft.id)


def _older_invoices(
    organization_id: OrganizationId, account_id: StripeAccountId, since: int, newer_ids: set[InvoiceId], ports: Ports
) -> Iterator[InvoiceToBackfill]:
    """Yields older invoices with a refund, a dispute or a credit note since that time."""
    stripe_ids = {each.payment_intent_id for each in ports.stripe.refunds(account_id, since)}
    stripe_ids |= {each.payment_intent_id for each in ports.stripe.disputes(account_id, since)}
    stripe_ids |= {each.stripe_invoice_id for each in ports.stripe.credit_notes(account_id, since)}
    sorted_ids = sorted(stripe_id for stripe_id in stripe_ids if stripe_id)
    owners: set[InvoiceId] = set()
    for some in in_hundreds(sorted_ids):
        references = ports.invoices.find_by_reference(account_id, some)
        owners |= {invoice_id for _, invoice_id in references.values()}
    for invoice_id in sorted(owners - newer_ids):
        invoice = ports.invoices.get(organization_id, invoice_id)
        if invoice is not None and invoice.stripe_invoice_id is not None:
            yield InvoiceToBackfill(invoice.stripe_invoice_id, invoice_id)


def backfill(
    candidate: InvoiceToBackfill, organization_id: OrganizationId, ports: Ports, *, dry_run: bool = False
) -> BackfillResult:
    """Brings one record up to date with Stripe, or recreates it.

    Raises:
        Conflict: the organization is not connected.
        StripeUnavailable, StripeRefused, Retryable: not now; repeating it is safe.
    """
    connection = ports.connections.get(organization_id)
    account_id = usable_account(connection)
    stored = ports.invoices.get(organization_id, candidate.invoice_id)
    if stored is None:
        return _recreate(candidate, connection, account_id, ports, dry_run=dry_run)
    if stored.stripe_account_id != account_id or not stored.is_or_was(candidate.stripe_id, candidate.revised_id):
        return BackfillResult(
            candidate,
            BackfillOutcome.NOT_OURS,
            f"The record is of {stored.stripe_invoice_id or 'another account'}.",
        )
    if stored.stripe_invoice_id is not None:
        return _update(candidate, stored, account_id, ports, dry_run=dry_run)
    if stored.saga.running:
        return BackfillResult(candidate, BackfillOutcome.UNCHANGED, "It is being made.")
    # An earlier run stopped between creating the record and filling it.
    return _recreate(candidate, connection, account_id, ports, dry_run=dry_run, unfilled=stored)


def _update(
    candidate: InvoiceToBackfill, invoice: Invoice, account_id: StripeAccountId, ports: Ports, *, dry_run: bool
) -> BackfillResult:
    if dry_run:
        facts = ports.stripe.everything(account_id, invoice.stripe_invoice_id or "")
        present = invoice.with_fetched(*facts)
        unchanged = looks_the_same(present, invoice) and invoice.payments_listed
    else:
        present = pulled(invoice, account_id, Source.SWEEP, ports)
        unchanged = present.version == invoice.version
    recorded = lost_change(present, ports)
    if recorded is None:
        return BackfillResult(candidate, BackfillOutcome.UNCHANGED if unchanged else BackfillOutcome.UPDATED)
    if not dry_run:
        try:
            adopt(present, recorded, ports)
        except Conflict as refusal:
            return BackfillResult(candidate, BackfillOutcome.NOT_RECREATED, refusal.message)
    return BackfillResult(
        candidate, BackfillOutcome.UPDATED, "Its lines in Stripe name other services than its order did."
    )


def _recreate(
    candidate: InvoiceToBackfill,
    connection: Connection,
    account_id: StripeAccountId,
    ports: Ports,
    *,
    dry_run: bool,
    unfilled: Invoice | None = None,
) -> BackfillResult:
    recorded = ports.stripe.recorded(account_id, candidate.stripe_id)
    if recorded is None:
        return BackfillResult(candidate, BackfillOutcome.UNCHANGED, "It is gone from Stripe.")
    try:
        customer_id = _customer_of(_require_usable(recorded, connection), account_id, ports)
        if not dry_run:
            inserted = unfilled or _insert_rebuilt(recorded, connection, customer_id, account_id, ports)
            invoice = _claim_services(inserted, recorded, ports)
            _link(invoice, ports)
            _fill(invoice, candidate.stripe_id, ports)
    except Conflict as refusal:
        return BackfillResult(candidate, BackfillOutcome.NOT_RECREATED, refusal.message)
    return BackfillResult(
        candidate, BackfillOutcome.RECREATED, " ".join(_remarks(recorded, connection, customer_id, ports))
    )


def _require_usable(recorded: RecoverableInvoice, connection: Connection) -> RecoverableInvoice:
    if recorded.organization_id != connection.organization_id:
        raise _not_recreatable("It names another organization.")
    if recorded.livemode != connection.livemode:
        raise _not_recreatable("It is of the other mode than the connection, test or live.")
    if not recorded.lines:
        raise _not_recreatable("None of its lines names a service of POM's.")
    return recorded


def _customer_of(recorded: RecoverableInvoice, account_id: StripeAccountId, ports: Ports) -> CustomerId:
    customer = ports.customers.find_by_stripe_id(account_id, recorded.stripe_customer_id)
    if customer is not None:
        return customer.id
    customer_id = ports.stripe.customer(account_id, recorded.stripe_customer_id).pom_customer_id
    if customer_id is None:
        raise _not_recreatable(
            f"Its customer {recorded.stripe_customer_id} is deleted in Stripe, or carries no id of POM's."
        )
    return CustomerId(customer_id)


def _not_recreatable(why: str) -> Conflict:
    return Conflict(
        "invoice_not_recreatable", why, next_step="Look at it in Stripe; POM goes on without a record of it."
    )


def _insert_rebuilt(
    recorded: RecoverableInvoice,
    connection: Connection,
    customer_id: CustomerId,
    account_id: StripeAccountId,
    ports: Ports,
) -> Invoice:
    """Returns the recreated record, stored with its first claims in one transaction. A void invoice claims
    nothing.
    """
    zone = time_zone_of(ports.settings.get(connection.organization_id), connection.account)
    customer = ports.customers.get(connection.organization_id, customer_id)
    erased_at = customer.erasure.erased_at if customer is not None and customer.erasure is not None else None
    rebuilt = recorded.rebuilt(account_id, customer_id, zone, ports.clock.nonce(), ports.clock.now())
    invoice = replace(rebuilt, erased_at=erased_at)
    first = _services(recorded)[:MAX_CLAIMS_AT_ONCE]
    try:
        return insert_claiming(invoice, first, ports)
    except InvoiceExists as exists:
        raise StaleWrite("The invoice") from exists


def _claim_services(invoice: Invoice, recorded: RecoverableInvoice, ports: Ports) -> Invoice:
    """Returns the invoice after claiming the services that did not fit into the transaction that created it."""
    services = _services(recorded)
    try:
        claim_in_portions(invoice, services[MAX_CLAIMS_AT_ONCE:], ports)
    except Conflict:
        ports.invoices.remove(invoice_removal(invoice), services)
        raise
    return invoice


def _services(recorded: RecoverableInvoice) -> list[ServiceId]:
    return list(dict.fromkeys(line.service_id for line in recorded.lines)) if recorded.live else []


def _link(invoice: Invoice, ports: Ports) -> None:
    """Links an original to the copy that replaced it, whichever of the two records was lost.

    This comes before the record is filled, so a run that stops here repeats it.
    """
    original_id = invoice.corrects or invoice.id
    original = ports.invoices.get(invoice.organization_id, original_id)
    copy = ports.invoices.get(invoice.organization_id, correction_id_for(invoice.organization_id, original_id))
    if original is None or copy is None or copy.replaces_nothing_yet or original.corrected_by is not None:
        return
    corrected, now = Action(copy.created_at, CORRECTED, copy.created_by), ports.clock.now()
    store(original, lambda current: current.changed(now, corrected), ports)


def _fill(invoice: Invoice, stripe_id: str, ports: Ports) -> Invoice:
    """Returns the invoice, stored with Stripe's present data and with the references from its payments."""
    now = ports.clock.now()
    facts = ports.stripe.everything(invoice.stripe_account_id, stripe_id)
    finalized = next(fact.finalized_at for fact in facts if isinstance(fact, InvoiceFact))
    sent_at = finalized if _was_sent(invoice, stripe_id, finalized, now, ports) else None

    def filled(current: Invoice) -> Invoice:
        updated = knowing_also(current, facts, invoice, ports)
        return replace(updated.changed(now), sent_at=current.sent_at or sent_at, links_read_at=now)

    return store(invoice, filled, ports)


def _was_sent(invoice: Invoice, stripe_id: str, finalized: int | None, now: int, ports: Ports) -> bool:
    """Returns True if Stripe lists that it sent the invoice. Stripe does not list the events of older invoices, so
    these count as unsent.

    If such an invoice is sent again, the customer receives the same invoice once more, and no second one.
    """
    if finalized is None or now - finalized > SENT_IS_LISTED_FOR:
        return False
    return bool(ports.stripe.events_about(invoice.stripe_account_id, stripe_id, "invoice.sent", finalized))


def _remarks(
    recorded: RecoverableInvoice, connection: Connection, customer_id: CustomerId, ports: Ports
) -> Iterator[str]:
    """Yields the remaining problems that Stripe's data could not solve."""
    if ports.customers.get(connection.organization_id, customer_id) is None:
        yield f"POM has to save its customer {customer_id} again."
    if recorded.foreign_lines:
        yield f"{recorded.foreign_lines} of its lines were added in Stripe and name no service."
