"""Gathers what needs a person from invoices, customers, payouts, the connection and the latest comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chalicelib.domain.attention import INVOICE_KINDS, AttentionKind
from chalicelib.domain.attention_wording import AttentionItem, invoice_attention
from chalicelib.domain.company_attention import (
    account_item,
    customer_item,
    overdue_item,
    payout_item,
    unknown_item,
    unresolved_failures,
)
from chalicelib.domain.connection import Connection
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.ports import Ports
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.attention.invoice_list import InvoiceList

DAY = 86400
PAYOUTS_OF = 90 * DAY
"""Seconds back to which payouts are looked at, by the day on which they were to arrive."""

PAYOUT_PAGES = 5
"""How many pages of payouts are read at most. Of what is behind them, the answer says that there may be more."""

PAYOUTS_AT_ONCE = 100
COUNTED_UP_TO = 100
"""Customers without an e-mail address are counted up to here."""


@dataclass(frozen=True, slots=True)
class AttentionFilter:
    """What to gather: everything or one kind, and at most `first` of each kind."""

    kind: AttentionKind | None = None
    overdue_days: int = 14
    first: int = 25


@dataclass(frozen=True, slots=True)
class Count:
    """How many things of a kind need a person. If `at_least`, there may be more."""

    kind: AttentionKind
    count: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """What needs a person, newest first, and how many there are of each kind that was asked for."""

    items: Sequence[AttentionItem]
    counts: Sequence[Count]


@dataclass(frozen=True, slots=True)
class _SourceItems:
    """What one source has. `count` is None if `items` are all that it found."""

    items: Sequence[AttentionItem] = ()
    count: int | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class _Search:
    """Where to look, for what, and the second at which somebody asked (epoch seconds UTC).

    `by_kind` has the invoices by the most urgent thing that they need a person for.
    """

    organization_id: OrganizationId
    filter: AttentionFilter
    connection: Connection
    now: int
    ports: Ports
    by_kind: Mapping[AttentionKind, InvoiceList]


def needs_attention(organization_id: OrganizationId, query: AttentionFilter, ports: Ports) -> NeedsAttention:
    """Returns what needs a person in this organization now.

    If nothing does, that takes nine reads: the connection, seven lists, and what the latest comparison found. Stripe
    is not asked.
    """
    connection = ports.connections.get(organization_id)
    by_kind = {
        kind: InvoiceList(organization_id, InvoiceFilter(attention=kind), ports.invoices) for kind in INVOICE_KINDS
    }
    search = _Search(organization_id, query, connection, ports.clock.now(), ports, by_kind)
    items: list[AttentionItem] = []
    counts: list[Count] = []
    for kind, source in SOURCES.items():
        if query.kind in (None, kind):
            source_items = source(search)
            items += _newest_first(source_items.items)[: query.first]
            counts.append(
                Count(
                    kind,
                    len(source_items.items) if source_items.count is None else source_items.count,
                    source_items.at_least,
                )
            )
    return NeedsAttention(_newest_first(items), counts)


def _newest_first(items: Iterable[AttentionItem]) -> list[AttentionItem]:
    return sorted(items, key=lambda item: (-item.at, item.id))


def _about_invoices(kind: AttentionKind, search: _Search) -> _SourceItems:
    """Returns what the facts of invoices tell of this kind.

    An invoice that needs a person for something more urgent too is in the list of that, so those lists are read as
    well.
    """
    more_urgent = INVOICE_KINDS[: INVOICE_KINDS.index(kind)]

    def of_kind(invoice: Invoice) -> list[AttentionItem]:
        return [item for item in invoice_attention(invoice, search.now) if item.kind is kind]

    return _in_lists([search.by_kind[each] for each in (kind, *more_urgent)], of_kind, search.filter.first)


def _overdue(search: _Search) -> _SourceItems:
    """Returns invoices that are overdue by so many days, the earliest due first."""
    days, now = search.filter.overdue_days, search.now
    # Days are counted by the calendar, so this lets in invoices of one day more, which are then left out.
    due = InvoiceFilter(due_before=now - (days - 1) * DAY + 3600, overdue=True)

    def overdue(invoice: Invoice) -> list[AttentionItem]:
        item = overdue_item(invoice, days, now)
        return [item] if item is not None else []

    return _in_lists([InvoiceList(search.organization_id, due, search.ports.invoices)], overdue, search.filter.first)


def _in_lists(
    lists: Iterable[InvoiceList], items_of: Callable[[Invoice], Sequence[AttentionItem]], enough: int
) -> _SourceItems:
    """Returns the items of the invoices in these lists. Each list is read until there are enough items."""
    items: list[AttentionItem] = []
    at_least = False
    for invoices in lists:
        for page in invoices.pages():
            items += [item for invoice in page.items for item in items_of(invoice)]
            if len(items) >= enough:
                break
        at_least = at_least or page.has_next
    return _SourceItems(items, at_least=at_least)


def _customers(search: _Search) -> _SourceItems:
    """Returns customers without an e-mail address, in the order of their ids."""
    customers = search.ports.customers
    ids = customers.without_email(search.organization_id, COUNTED_UP_TO + 1)
    customers_read = (customers.get(search.organization_id, each) for each in ids[: search.filter.first])
    items = [
        item for customer in customers_read if customer is not None and (item := customer_item(customer)) is not None
    ]
    solved_count = len(ids[: search.filter.first]) - len(items)
    return _SourceItems(items, min(len(ids) - solved_count, COUNTED_UP_TO), at_least=len(ids) > COUNTED_UP_TO)


def _payouts(search: _Search) -> _SourceItems:
    """Returns payouts of the last 90 days that failed and whose money has not gone out since."""
    recent = PayoutFilter(since=search.now - PAYOUTS_OF)
    payouts: list[Payout] = []
    after: str | None = None
    for _ in range(PAYOUT_PAGES):
        page = search.ports.payouts.page(search.organization_id, recent, PAYOUTS_AT_ONCE, after)
        payouts += page.items
        if not page.has_next:
            break
        after = page.end_cursor
    livemode = search.connection.livemode
    return _SourceItems(
        [payout_item(payout, livemode=livemode) for payout in unresolved_failures(payouts)], at_least=page.has_next
    )


def _unknown(search: _Search) -> _SourceItems:
    """Returns the invoices that the latest comparison did not know, but those that POM knows by now."""
    unknown = search.ports.connections.unknown_invoices(search.organization_id)
    if unknown is None:
        return _SourceItems()
    still = [
        each
        for each in unknown.invoices
        if each.invoice_id is None or not _has_record(each.stripe_id, each.invoice_id, search)
    ]
    items = [unknown_item(each, search.connection) for each in still]
    return _SourceItems(items, unknown.count - (len(unknown.invoices) - len(still)))


def _has_record(stripe_id: str, invoice_id: InvoiceId, search: _Search) -> bool:
    invoice = search.ports.invoices.get(search.organization_id, invoice_id)
    return invoice is not None and stripe_id in invoice.stripe_invoice_ids


def _account(search: _Search) -> _SourceItems:
    item = account_item(search.connection)
    return _SourceItems([item] if item is not None else [])


SOURCES: Mapping[AttentionKind, Callable[[_Search], _SourceItems]] = {
    **{kind: partial(_about_invoices, kind) for kind in INVOICE_KINDS},
    AttentionKind.INVOICE_OVERDUE: _overdue,
    AttentionKind.CUSTOMER_WITHOUT_EMAIL: _customers,
    AttentionKind.PAYOUT_FAILED: _payouts,
    AttentionKind.INVOICE_UNKNOWN: _unknown,
    AttentionKind.ACCOUNT_RESTRICTED: _account,
}
"""Where each kind is found. Only the sources of the kinds that are asked for are read."""
