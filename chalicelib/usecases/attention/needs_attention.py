"""Gathers the items that need a person from invoices, customers, payouts, the connection and the latest
comparison.
"""

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
MAX_PAYOUT_AGE = 90 * DAY
"""The age in seconds up to which payouts are read, by the day of their expected arrival."""

PAYOUT_PAGES = 5
"""The most pages of payouts that are read. If there are more, the response says that the count is a minimum."""

PAYOUTS_AT_ONCE = 100
COUNTED_UP_TO = 100
"""The number up to which customers without an e-mail address are counted."""


@dataclass(frozen=True, slots=True)
class AttentionFilter:
    """Says which items to gather: those of one kind, or of all kinds, and at most `first` of each kind."""

    kind: AttentionKind | None = None
    overdue_days: int = 14
    first: int = 25


@dataclass(frozen=True, slots=True)
class Count:
    """The number of items of a kind. If `at_least`, there may be more."""

    kind: AttentionKind
    count: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """The items that need a person, newest first, and the number of items of each requested kind."""

    items: Sequence[AttentionItem]
    counts: Sequence[Count]


@dataclass(frozen=True, slots=True)
class _SourceItems:
    """The items of one source. `count` is None if `items` is complete."""

    items: Sequence[AttentionItem] = ()
    count: int | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class _Search:
    """One request for items. `now` is the time of the request (epoch seconds UTC).

    `by_kind` has the invoices by the most urgent kind of item that they have.
    """

    organization_id: OrganizationId
    filter: AttentionFilter
    connection: Connection
    now: int
    ports: Ports
    by_kind: Mapping[AttentionKind, InvoiceList]


def needs_attention(organization_id: OrganizationId, query: AttentionFilter, ports: Ports) -> NeedsAttention:
    """Returns what needs a person in this organization now.

    If there is nothing, this takes nine reads: the connection, seven lists, and the result of the latest comparison.
    Stripe is not called.
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
    """Returns the items of this kind that follow from the facts of invoices.

    An invoice is listed under its most urgent kind only, so the lists of all more urgent kinds are read too.
    """
    more_urgent = INVOICE_KINDS[: INVOICE_KINDS.index(kind)]

    def of_kind(invoice: Invoice) -> list[AttentionItem]:
        return [item for item in invoice_attention(invoice, search.now) if item.kind is kind]

    return _in_lists([search.by_kind[each] for each in (kind, *more_urgent)], of_kind, search.filter.first)


def _overdue(search: _Search) -> _SourceItems:
    """Returns the invoices that are overdue by `overdue_days` or more, earliest due date first."""
    days, now = search.filter.overdue_days, search.now
    # The filter counts seconds and `overdue_item` counts calendar days. So the filter lets in one day more, and
    # `overdue_item` leaves out the surplus.
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
    """Returns the failed payouts of the last 90 days whose money has not been paid out since."""
    recent = PayoutFilter(since=search.now - MAX_PAYOUT_AGE)
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
    """Returns the invoices that the latest comparison found in Stripe only, without those that POM has stored
    since.
    """
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
"""The source of each kind. Only the sources of the requested kinds are read."""
