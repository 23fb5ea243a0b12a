"""Gathers what needs a person from invoices, customers, payouts, the connection and the latest comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.attention import OF_INVOICES, AttentionKind
from chalicelib.domain.attention_wording import AttentionItem, invoice_attention
from chalicelib.domain.company_attention import (
    account_item,
    customer_item,
    overdue_item,
    payout_item,
    unknown_item,
    unsolved,
)
from chalicelib.domain.connection import Connection
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.ports import Ports
from chalicelib.ports.storage import InvoiceFilter

DAY = 86400
PAYOUTS_OF = 90 * DAY
"""Seconds back to which payouts are looked at, by the day on which they were to arrive."""

PAGES = 5
"""How many pages of a list are read at most. Of what is behind them, the answer says that there may be more."""

PAYOUTS_AT_ONCE = 100
COUNTED_UP_TO = 100
"""Customers without an e-mail address are counted up to here."""


@dataclass(frozen=True, slots=True)
class Wanted:
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
class _Found:
    """What one source has. `count` is None if `items` are all that it found."""

    items: Sequence[AttentionItem] = ()
    count: int | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class _Search:
    """Where to look, for what, and the second at which somebody asked (epoch seconds UTC)."""

    organization_id: OrganizationId
    wanted: Wanted
    connection: Connection
    now: int
    ports: Ports


def needs_attention(organization_id: OrganizationId, wanted: Wanted, ports: Ports) -> NeedsAttention:
    """Returns what needs a person in this organization now.

    If nothing does, that takes six reads: the connection, four lists, and what the latest comparison found. Stripe is
    not asked.
    """
    connection = ports.connections.get(organization_id)
    search = _Search(organization_id, wanted, connection, ports.clock.now(), ports)
    items: list[AttentionItem] = []
    counts: list[Count] = []
    for kinds, source in SOURCES.items():
        asked_for = [kind for kind in kinds if wanted.kind in (None, kind)]
        found = source(search) if asked_for else _Found()
        for kind in asked_for:
            of_kind = [item for item in found.items if item.kind is kind]
            items += _newest_first(of_kind)[: wanted.first]
            counts.append(Count(kind, found.count if found.count is not None else len(of_kind), found.at_least))
    return NeedsAttention(_newest_first(items), counts)


def _newest_first(items: Iterable[AttentionItem]) -> list[AttentionItem]:
    return sorted(items, key=lambda item: (-item.at, item.id))


def _about_invoices(search: _Search) -> _Found:
    """Returns what the facts of invoices tell, those first that began to need a person last."""
    kind = search.wanted.kind
    return _of_invoices(
        search,
        InvoiceFilter(attention=True),
        lambda invoice: [item for item in invoice_attention(invoice, search.now) if kind in (None, item.kind)],
    )


def _overdue(search: _Search) -> _Found:
    """Returns invoices that are overdue by so many days, the earliest due first."""
    days, now = search.wanted.overdue_days, search.now
    # Days are counted by the calendar, so this lets in invoices of one day more, which are then left out.
    due = InvoiceFilter(due_before=now - (days - 1) * DAY + 3600, overdue=True)

    def overdue(invoice: Invoice) -> list[AttentionItem]:
        item = overdue_item(invoice, days, now)
        return [item] if item is not None else []

    return _of_invoices(search, due, overdue)


def _of_invoices(
    search: _Search, listed: InvoiceFilter, items_of: Callable[[Invoice], Sequence[AttentionItem]]
) -> _Found:
    """Returns the items of these invoices, until there are enough of them or `PAGES` pages were read."""
    items: list[AttentionItem] = []
    after: str | None = None
    for _ in range(PAGES):
        page = search.ports.invoices.page(search.organization_id, listed, search.wanted.first, after)
        items += [item for invoice in page.items for item in items_of(invoice)]
        if not page.has_next:
            return _Found(items)
        if len(items) >= search.wanted.first:
            break
        after = page.end_cursor
    return _Found(items, at_least=True)


def _customers(search: _Search) -> _Found:
    """Returns customers without an e-mail address, in the order of their ids."""
    customers = search.ports.customers
    ids = customers.without_email(search.organization_id, COUNTED_UP_TO + 1)
    shown = (customers.get(search.organization_id, each) for each in ids[: search.wanted.first])
    items = [item for customer in shown if customer is not None and (item := customer_item(customer)) is not None]
    solved = len(ids[: search.wanted.first]) - len(items)
    return _Found(items, min(len(ids) - solved, COUNTED_UP_TO), at_least=len(ids) > COUNTED_UP_TO)


def _payouts(search: _Search) -> _Found:
    """Returns payouts of the last 90 days that failed and whose money has not gone out since."""
    recent = PayoutFilter(since=search.now - PAYOUTS_OF)
    payouts: list[Payout] = []
    after: str | None = None
    for _ in range(PAGES):
        page = search.ports.payouts.page(search.organization_id, recent, PAYOUTS_AT_ONCE, after)
        payouts += page.items
        if not page.has_next:
            break
        after = page.end_cursor
    livemode = search.connection.livemode
    return _Found([payout_item(payout, livemode=livemode) for payout in unsolved(payouts)], at_least=page.has_next)


def _unknown(search: _Search) -> _Found:
    """Returns the invoices that the latest comparison did not know, but those that POM knows by now."""
    found = search.ports.connections.unknown_invoices(search.organization_id)
    if found is None:
        return _Found()
    still = [
        each
        for each in found.invoices
        if each.invoice_id is None or not _known(each.stripe_id, each.invoice_id, search)
    ]
    items = [unknown_item(each, search.connection) for each in still]
    return _Found(items, found.count - (len(found.invoices) - len(still)))


def _known(stripe_id: str, invoice_id: InvoiceId, search: _Search) -> bool:
    invoice = search.ports.invoices.get(search.organization_id, invoice_id)
    return invoice is not None and stripe_id in invoice.stripe_invoice_ids


def _account(search: _Search) -> _Found:
    item = account_item(search.connection)
    return _Found([item] if item is not None else [])


SOURCES: Mapping[tuple[AttentionKind, ...], Callable[[_Search], _Found]] = {
    OF_INVOICES: _about_invoices,
    (AttentionKind.INVOICE_OVERDUE,): _overdue,
    (AttentionKind.CUSTOMER_WITHOUT_EMAIL,): _customers,
    (AttentionKind.PAYOUT_FAILED,): _payouts,
    (AttentionKind.INVOICE_UNKNOWN,): _unknown,
    (AttentionKind.ACCOUNT_RESTRICTED,): _account,
}
"""Where each kind is found. Only the sources of the kinds that are asked for are read."""
