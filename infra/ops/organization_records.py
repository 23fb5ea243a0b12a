"""Erases an organization's own records, or rewrites them without personal data.

Totals, amounts, numbers and ids stay, so that the books still tie out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from pynamodb.models import Model

from chalicelib.adapters.tables.connections import TRIAL, UNKNOWN_INVOICES
from chalicelib.adapters.tables.models import BatchItem, ConnectionItem
from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.erased_records import payout_line_without_person
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.ports import Ports
from chalicelib.ports.paging import AT_ONCE, all_items, in_hundreds
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.connecting.change_connection import change_connection


@dataclass
class ErasedRecords:
    """How many records of each kind were deleted or rewritten."""

    connection: int = 0
    settings: int = 0
    batches: int = 0
    """Batches and imports, with their items, lanes and parts."""
    tests_and_lists: int = 0
    """The latest test of the connection, and the list of unknown invoices."""
    payouts: int = 0
    payout_lines: int = 0
    parked_events: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{"records": name, "erased": count} for name, count in asdict(self).items()]


def erase_organization_records(organization_id: OrganizationId, by: str, ports: Ports) -> ErasedRecords:
    """Erases the organization's own records and returns their counts. It is safe to repeat. `by` is the operator.

    The connection becomes a tombstone first, so that nobody can connect or save anything during the erasure.

    Raises:
        StaleWrite, Retryable: the erasure is incomplete and must be repeated.
    """
    counts, now = ErasedRecords(), ports.clock.now()
    before = ports.connections.get(organization_id)
    act = connection_act(organization_id, ConnectionAct.ERASED, ports, operator=by)
    after = change_connection(organization_id, lambda connection: connection.erased(now), ports, act)
    counts.connection = int(after != before)
    settings = ports.settings.get(organization_id)
    if settings.memo is not None or settings.footer is not None:
        ports.settings.save(replace(settings, memo=None, footer=None))
        counts.settings = 1
    keys = ["organization_id", "place"]
    counts.batches = _delete(BatchItem, list(BatchItem.query(organization_id, attributes_to_get=keys)))
    own = [ConnectionItem(organization_id, kind) for kind in (TRIAL, UNKNOWN_INVOICES)]
    counts.tests_and_lists = _delete(ConnectionItem, [each for each in own if _is_there(each)])
    for payout in all_items(partial(ports.payouts.page, organization_id, PayoutFilter(), AT_ONCE)):
        counts.payouts += _erase_bank(payout, ports)
        counts.payout_lines += _erase_lines(payout, ports)
    if after.account_id is not None:
        counts.parked_events = _shorten_events(after.account_id, ports)
    return counts


def _delete(model: type[Model], items: list[Any]) -> int:
    with model.batch_write() as batch:
        for item in items:
            batch.delete(item)
    return len(items)


def _is_there(item: Any) -> bool:
    return bool(ConnectionItem.count(item.organization_id, ConnectionItem.kind == item.kind))


def _erase_bank(payout: Payout, ports: Ports) -> int:
    """Removes from a payout the bank account that it went to. Returns 1 if the payout changed, else 0."""
    fact = replace(payout.fact, destination=None, last4=None, statement_descriptor=None, trace_id=None)
    if fact == payout.fact:
        return 0
    ports.payouts.save(replace(payout, fact=fact))
    return 1


def _erase_lines(payout: Payout, ports: Ports) -> int:
    """Removes the descriptions from a payout's lines, because lines of payments outside POM may name people, too."""
    organization_id, payout_id = payout.organization_id, payout.fact.id
    lines = (each for each in ports.payouts.all_lines(organization_id, payout_id))
    lines_without_person = [
        payout_line_without_person(each) for each in lines if payout_line_without_person(each) != each
    ]
    for some in in_hundreds(lines_without_person):
        ports.payouts.put_lines(organization_id, payout_id, some)
    return len(lines_without_person)


def _shorten_events(account_id: StripeAccountId, ports: Ports) -> int:
    """Reduces parked events to the pointers that suffice to fetch their objects from Stripe. Returns how many."""
    count = 0
    for parked_event in ports.events.all_parked_events(account_id):
        stripe_event = ports.stripe.read_event(parked_event.body, account_id)
        pointer = ports.stripe.pointer_to(stripe_event) if stripe_event is not None else ""
        if pointer != parked_event.body:
            ports.events.shorten(account_id, parked_event.event_id, pointer)
            count += 1
    return count
