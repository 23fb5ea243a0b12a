"""Compares an organization's books with Stripe's, day by day, and reports the differences.

Reconciliation repairs; a tie-out checks the repair. It reads Stripe's lists of objects and not events, so that it
does not repeat the mistakes of the code that it checks, and it changes nothing. `store_unknown_invoices` stores the
invoices that only Stripe has, to be displayed. `freeze_if_billed_twice` pauses the invoicing of an organization if
one of its invoices is in Stripe twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from chalicelib.domain.attention import UnknownInvoice, UnknownInvoices
from chalicelib.domain.errors import AccountUnreachable
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, RefundFact
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.tie_out import Amounts, Books, Day, Difference, Kind, TieOut, differences, disputed_amounts
from chalicelib.ports import Ports
from chalicelib.ports.listed_invoices import with_owners
from chalicelib.ports.paging import all_items, in_hundreds
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.connecting.freeze import freeze_unless_frozen
from chalicelib.usecases.connecting.revocation import mark_revoked

DAY = 86400
UNDER_WAY = 3600
"""Seconds for which an event may still be under way."""

INVOICES_LIVE_FOR = 90 * DAY
"""The age in seconds up to which invoices are listed. Older ones are fetched separately if their money moved
since.
"""

SETTLES_WITHIN = 14 * DAY
"""Seconds for which a bank debit is under way. Its charge is created at the beginning
(https://docs.stripe.com/payments/bank-debits).
"""

CLOCKS_DIFFER = 600

BILLED_TWICE = "In Stripe there are two invoices for one invoice of POM. Support is looking into it."
"""The reason of the pause that the organization is shown."""

DAYS = 3
PAGE = 100

UNKNOWN_STORED_AT_MOST = 20
"""The most unknown invoices that are stored to be displayed."""

OURS = tuple(set(InvoiceStatus) - {InvoiceStatus.CREATING, InvoiceStatus.DRAFT, InvoiceStatus.VOID})


def tie_out(organization_id: OrganizationId, ports: Ports, *, days: int = DAYS) -> TieOut:
    """Compares today and the days before it, `days` in all.

    Raises:
        StripeUnavailable, Retryable: it could not be compared now.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return TieOut(compared=False)
    now = ports.clock.now()
    begins_at = [now - now % DAY - back * DAY for back in reversed(range(days))]
    ours = _stored_invoices(organization_id, connection.account_id, now - INVOICES_LIVE_FOR, ports)
    try:
        books = _books(organization_id, connection.account_id, begins_at, now - INVOICES_LIVE_FOR, ours, ports)
    except AccountUnreachable:
        mark_revoked(organization_id, connection.account_id, ports)
        return TieOut(compared=False)
    found_differences = tuple(differences(books, ours, settled_by=now - UNDER_WAY))
    return TieOut(tuple(_days(books, ours, begins_at)), found_differences)


def freeze_if_billed_twice(organization_id: OrganizationId, result: TieOut, ports: Ports) -> bool:
    """Pauses the organization's invoicing if one of its invoices is in Stripe twice. Returns True if one is."""
    if not (result.billed_twice or result.copied):
        return False
    freeze_unless_frozen(organization_id, "tie-out", BILLED_TWICE, ports)
    return True


def store_unknown_invoices(organization_id: OrganizationId, result: TieOut, ports: Ports) -> None:
    """Stores the invoices that Stripe has and POM lacks, and replaces the invoices of an earlier comparison.

    Each keeps the time of the comparison that found it first. If there are very many, only some are stored, with the
    total number.
    """
    if not result.compared:
        return
    now, earlier = ports.clock.now(), ports.connections.unknown_invoices(organization_id)
    unknown = {each.stripe_id: each for each in result.differences if each.kind is Kind.UNKNOWN_TO_US}
    first_found = {each.stripe_id: each.at for each in earlier.invoices} if earlier is not None else {}
    if not unknown and not first_found:
        return
    stored = tuple(
        UnknownInvoice(stripe_id, each.invoice_id, _description(each), first_found.get(stripe_id, now))
        for stripe_id, each in sorted(unknown.items())[:UNKNOWN_STORED_AT_MOST]
    )
    ports.connections.save_unknown_invoices(organization_id, UnknownInvoices(now, len(unknown), stored))


def _description(difference: Difference) -> str:
    if difference.we_say == "nothing":
        return f"In Stripe there is an invoice of POM's, {difference.stripe_id}, that POM has no record of."
    return f"In Stripe there is a revision of an invoice, {difference.stripe_id}, that POM does not know."


def _stored_invoices(
    organization_id: OrganizationId, account_id: StripeAccountId, since: int, ports: Ports
) -> dict[InvoiceId, Invoice]:
    invoices: dict[InvoiceId, Invoice] = {}
    for status in OURS:
        invoice_filter = InvoiceFilter(status, created_from=since)
        page_items = all_items(partial(ports.invoices.page, organization_id, invoice_filter, PAGE))
        invoices |= {each.id: each for each in page_items if each.stripe_account_id == account_id}
    return invoices


def _books(
    organization_id: OrganizationId,
    account_id: StripeAccountId,
    begins_at: list[int],
    since: int,
    ours: dict[InvoiceId, Invoice],
    ports: Ports,
) -> Books:
    """Returns Stripe's books. POM's invoices that are not in `ours` yet, such as void ones, are added to it."""
    owners_of_invoices = {stripe_id: each.id for each in ours.values() for stripe_id in each.stripe_invoice_ids}
    since_then = list(ports.stripe.invoices_since(account_id, since - CLOCKS_DIFFER))
    invoices = with_owners([(each.invoice, each.invoice_id) for each in since_then], owners_of_invoices)
    for _, invoice_id in invoices:
        if invoice_id not in ours:
            void_invoice = ports.invoices.get(organization_id, invoice_id)
            if void_invoice is not None:
                ours[invoice_id] = void_invoice
    charges = [each for each in ports.stripe.charges(account_id, begins_at[0] - SETTLES_WITHIN) if _succeeded(each)]
    refunds = list(ports.stripe.refunds(account_id, begins_at[0]))
    disputes = _disputes(account_id, begins_at, ports)
    owners = _owners([*charges, *refunds, *(each for each, _ in disputes.values())], account_id, ours, ports)
    listed_ids = {id_ for _, id_ in invoices}
    for invoice in {each.id: each for each in owners.values()}.values():
        if invoice.id not in listed_ids and invoice.stripe_invoice_id is not None:
            ours[invoice.id] = invoice
            invoices += _asked_for(invoice, invoice.stripe_invoice_id, ports)
    return Books(
        invoices,
        {each.id: (each, owners[intent]) for each in refunds if (intent := each.payment_intent_id or "") in owners},
        {
            each.id: (each, owners[intent], began_at)
            for each, began_at in disputes.values()
            if (intent := each.payment_intent_id or "") in owners
        },
        {each.invoice.id: each.application for each in since_then},
    )


def _disputes(account_id: StripeAccountId, begins_at: list[int], ports: Ports) -> dict[str, tuple[DisputeFact, int]]:
    """Returns the disputes, each with the beginning of its day.

    A dispute does not contain the time of its creation, so its day is the last one whose list contains it.
    """
    disputes: dict[str, tuple[DisputeFact, int]] = {}
    for begin in begins_at:
        listed = {each.id: (each, begin) for each in ports.stripe.disputes(account_id, begin)}
        if not listed:
            break
        disputes |= listed
    return disputes


def _succeeded(charge: ChargeFact) -> bool:
    return charge.status == "succeeded"


def _asked_for(invoice: Invoice, stripe_invoice_id: str, ports: Ports) -> Sequence[tuple[InvoiceFact, InvoiceId]]:
    """Returns Stripe's present data of an invoice that is too old for the list."""
    fact = ports.stripe.fetch(invoice.stripe_account_id, "invoice", stripe_invoice_id)
    return [(fact, invoice.id)] if isinstance(fact, InvoiceFact) and not fact.deleted else []


def _owners(
    facts: Iterable[ChargeFact | RefundFact | DisputeFact],
    account_id: StripeAccountId,
    ours: Mapping[InvoiceId, Invoice],
    ports: Ports,
) -> Mapping[str, Invoice]:
    intents = sorted({fact.payment_intent_id for fact in facts if fact.payment_intent_id})
    owners: dict[str, Invoice] = {}
    for some in in_hundreds(intents):
        references = ports.invoices.find_by_reference(account_id, some)
        for intent, (organization_id, invoice_id) in references.items():
            invoice = ours.get(invoice_id) or ports.invoices.get(organization_id, invoice_id)
            if invoice is not None:
                owners[intent] = invoice
    return owners


def _days(books: Books, ours: Mapping[InvoiceId, Invoice], begins_at: list[int]) -> Iterable[Day]:
    stripe_sums, pom_sums = _Sums(begins_at), _Sums(begins_at)
    for fact, _ in books.invoices:
        stripe_sums.add_payment(fact)
    for invoice in ours.values():
        if invoice.facts.invoice is not None:
            pom_sums.add_payment(invoice.facts.invoice)
        for refund in invoice.facts.refunds.values():
            pom_sums.add_refund(refund)
    for refund, _ in books.refunds.values():
        stripe_sums.add_refund(refund)
    began_at = {id_: began for id_, (_, _, began) in books.disputes.items()}
    for invoice in {each.id: each for _, each, _ in books.disputes.values()}.values():
        stripe_sums.add_disputes(_as_stripe_lists(invoice, books), began_at)
        pom_sums.add_disputes(invoice.facts, began_at)
    for key in sorted(stripe_sums.keys | pom_sums.keys):
        yield Day(*key, stripe_sums.of(*key), pom_sums.of(*key))


def _as_stripe_lists(invoice: Invoice, books: Books) -> Snapshots:
    """Returns the invoice's facts with its refunds and disputes as Stripe lists them."""
    refunds = {id_: fact for id_, (fact, owner) in books.refunds.items() if owner.id == invoice.id}
    disputes = {id_: fact for id_, (fact, owner, _) in books.disputes.items() if owner.id == invoice.id}
    facts = invoice.facts
    return replace(facts, refunds={**facts.refunds, **refunds}, disputes={**facts.disputes, **disputes})


class _Sums:
    """The sums of amounts by day and currency."""

    def __init__(self, begins_at: list[int]) -> None:
        self._first = begins_at[0]
        self._sums: Counter[tuple[int, str, str]] = Counter()

    @property
    def keys(self) -> set[tuple[int, str]]:
        return {(day, currency) for day, currency, _ in self._sums}

    def of(self, day: int, currency: str) -> Amounts:
        return Amounts(*(self._sums[day, currency, kind] for kind in ("paid", "refunded", "disputed", "lost")))

    def add_payment(self, fact: InvoiceFact) -> None:
        if fact.paid_at and not fact.deleted:
            self._add(fact.paid_at, fact.currency, "paid", fact.amount_paid)

    def add_refund(self, fact: RefundFact) -> None:
        if fact.status == "succeeded":
            self._add(fact.created, fact.currency, "refunded", fact.amount)

    def add_disputes(self, facts: Snapshots, began_at: Mapping[str, int]) -> None:
        """Adds the disputed and lost amounts of one invoice, each on the day on which its dispute began."""
        for dispute_id, amounts in disputed_amounts(facts):
            if dispute_id in began_at:
                currency = facts.invoice.currency if facts.invoice else facts.disputes[dispute_id].currency
                self._add(began_at[dispute_id], currency, "disputed", amounts.disputed)
                self._add(began_at[dispute_id], currency, "lost", amounts.lost)

    def _add(self, at: int, currency: str, kind: str, amount: int) -> None:
        if at >= self._first and amount:
            self._sums[at - at % DAY, currency, kind] += amount
