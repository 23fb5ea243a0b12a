"""What is an organization's own and no customer's: taken away, or rewritten without what names somebody.

Sums, amounts, numbers and ids stay, so that the books tie out.
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
class OwnRecords:
    """How many records were taken away or rewritten, by what they are."""

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


def erase_own_records(organization_id: OrganizationId, by: str, ports: Ports) -> OwnRecords:
    """Erases what is the organization's own, and returns what was done. Repeating it is safe. `by` is an operator.

    The connection becomes a tombstone first, so that nobody connects or saves anything meanwhile.

    Raises:
        StaleWrite, Retryable: to be done again; what has been erased stays so.
    """
    done, now = OwnRecords(), ports.clock.now()
    before = ports.connections.get(organization_id)
    act = connection_act(organization_id, ConnectionAct.ERASED, ports, operator=by)
    after = change_connection(organization_id, lambda connection: connection.erased(now), ports, act)
    done.connection = int(after != before)
    settings = ports.settings.get(organization_id)
    if settings.memo is not None or settings.footer is not None:
        ports.settings.save(replace(settings, memo=None, footer=None))
        done.settings = 1
    keys = ["organization_id", "place"]
    done.batches = _delete(BatchItem, list(BatchItem.query(organization_id, attributes_to_get=keys)))
    own = [ConnectionItem(organization_id, kind) for kind in (TRIAL, UNKNOWN_INVOICES)]
    done.tests_and_lists = _delete(ConnectionItem, [each for each in own if _is_there(each)])
    for payout in all_items(partial(ports.payouts.page, organization_id, PayoutFilter(), AT_ONCE)):
        done.payouts += _erase_bank(payout, ports)
        done.payout_lines += _erase_lines(payout, ports)
    if after.account_id is not None:
        done.parked_events = _shorten_events(after.account_id, ports)
    return done


def _delete(model: type[Model], items: list[Any]) -> int:
    with model.batch_write() as batch:
        for item in items:
            batch.delete(item)
    return len(items)


def _is_there(item: Any) -> bool:
    return bool(ConnectionItem.count(item.organization_id, ConnectionItem.kind == item.kind))


def _erase_bank(payout: Payout, ports: Ports) -> int:
    """Takes out of a payout which bank account it went to."""
    fact = replace(payout.fact, destination=None, last4=None, statement_descriptor=None, trace_id=None)
    if fact == payout.fact:
        return 0
    ports.payouts.save(replace(payout, fact=fact))
    return 1


def _erase_lines(payout: Payout, ports: Ports) -> int:
    """Takes the descriptions out of a payout's lines. Payments of other business than POM's name people, too."""
    organization_id, payout_id = payout.organization_id, payout.fact.id
    lines = (each for each in ports.payouts.all_lines(organization_id, payout_id))
    changed = [payout_line_without_person(each) for each in lines if payout_line_without_person(each) != each]
    for some in in_hundreds(changed):
        ports.payouts.put_lines(organization_id, payout_id, some)
    return len(changed)


def _shorten_events(account_id: StripeAccountId, ports: Ports) -> int:
    """Leaves of parked events what is enough to fetch their objects from Stripe."""
    shortened = 0
    for parked in ports.events.all_parked_events(account_id):
        event = ports.stripe.read_event(parked.body, account_id)
        pointer = ports.stripe.pointer_to(event) if event is not None else ""
        if pointer != parked.body:
            ports.events.shorten(account_id, parked.event_id, pointer)
            shortened += 1
    return shortened
