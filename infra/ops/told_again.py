"""A change of the queue `untold-changes`, as it can still be told.

The queue holds nothing of the object. So an object that has changed again since is left out of the event, which says
so. A record that no release could read at that time does not say what has changed. Then the object is told in its
present version, as if POM had not told anything of it before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.adapters.tables.connections import KIND
from chalicelib.adapters.tables.database import NAMES
from chalicelib.adapters.tables.keys import parts_of_key
from chalicelib.adapters.tables.models import ConnectionItem, CustomerItem, InvoiceItem, PayoutItem
from chalicelib.adapters.tables.payouts import HEADER
from chalicelib.api.models.told_changes import bus_events
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.other_changes import connection_difference, customer_difference, payout_difference
from chalicelib.ports import Ports
from chalicelib.ports.changes import StoredChange, UntoldChange, Versioned
from chalicelib.usecases.telling.tell_changes import Record, tell_changes

KINDS: Mapping[str, ObjectKind] = {
    NAMES[InvoiceItem]: ObjectKind.INVOICE,
    NAMES[CustomerItem]: ObjectKind.CUSTOMER,
    NAMES[ConnectionItem]: ObjectKind.CONNECTION,
    NAMES[PayoutItem]: ObjectKind.PAYOUT,
}
"""What the tables hold whose changes are told, by their names without prefix."""


class Place(NamedTuple):
    kind: ObjectKind
    organization_id: OrganizationId
    object_id: str


def still_to_tell(untold: UntoldChange, prefix: str, ports: Ports) -> StoredChange | None:
    """Returns what is to be told of a change now, or None if nothing is to be told of it any more.

    `prefix` is what the names of the stage's tables begin with.

    Raises:
        Exception: any, if the present object cannot be read.
    """
    place = place_of(untold, prefix)
    if place is None:
        return None
    present = _READ[place.kind](place, ports)
    change = untold.change
    if change is not None:
        return StoredChange(change, present if present is not None and present.version == change.version else None)
    if present is None:
        return _deleted(untold, place)
    difference = _difference(present, untold.at)
    if not difference.types:
        return None
    told = Change(place.organization_id, place.kind, place.object_id, present.version, untold.at, difference)
    return StoredChange(told, present)


PLACE = "queue"
"""Stands for the place in a stream: the change comes from the queue."""


def tell(change: StoredChange, ports: Ports, dashboard_base: str) -> str | None:
    """Tells a change as `publish_changes` does. Returns why it could not be told, or None.

    `ports.untold` must not queue it a second time. `dashboard_base` is the URL of Stripe's dashboard.
    """

    def read(_: Mapping[str, Any]) -> StoredChange:
        return change

    outcome = tell_changes(
        [Record(PLACE, change.change.at, {})],
        read,
        lambda stored, shown: bus_events(stored, shown, dashboard_base),
        ports,
    )
    if outcome.failure is not None:
        return f"The bus or a table did not take it: {outcome.failure.code}. Try again when the cause is gone."
    return outcome.untold.get(PLACE)


def place_of(untold: UntoldChange, prefix: str) -> Place | None:
    """Returns which object an item is, or None if it is none that is told, such as the line of a payout."""
    change = untold.change
    if change is not None:
        return Place(change.object_kind, change.organization_id, change.object_id)
    match KINDS[untold.table.removeprefix(prefix)], untold.keys:
        case ObjectKind.INVOICE, {"organization_id": organization, "invoice_id": invoice}:
            return Place(ObjectKind.INVOICE, OrganizationId(organization), invoice)
        case ObjectKind.CUSTOMER, {"organization_id": organization, "customer_id": customer}:
            return Place(ObjectKind.CUSTOMER, OrganizationId(organization), customer)
        case ObjectKind.CONNECTION, {"organization_id": organization, "kind": kind} if kind == KIND:
            return Place(ObjectKind.CONNECTION, OrganizationId(organization), organization)
        case ObjectKind.PAYOUT, {"payout_key": both, "place": place} if place == HEADER:
            organization, payout = parts_of_key(both)
            return Place(ObjectKind.PAYOUT, OrganizationId(organization), payout)
    return None


def _connection(place: Place, ports: Ports) -> Versioned | None:
    connection = ports.connections.get(place.organization_id)
    return connection if connection.version else None


_READ: Mapping[ObjectKind, Callable[[Place, Ports], Versioned | None]] = {
    ObjectKind.INVOICE: lambda at, ports: ports.invoices.get(at.organization_id, InvoiceId(at.object_id)),
    ObjectKind.CUSTOMER: lambda at, ports: ports.customers.get(at.organization_id, CustomerId(at.object_id)),
    ObjectKind.CONNECTION: _connection,
    ObjectKind.PAYOUT: lambda at, ports: ports.payouts.get(at.organization_id, at.object_id),
}


def _difference(present: Versioned, at: int) -> Difference:
    """Returns what is told of an object of which nothing was told before."""
    match present:
        case Invoice():
            return invoice_difference(None, present)
        case Customer():
            return customer_difference(None, present)
        case Connection():
            return connection_difference(None, present, at)
        case _:
            return payout_difference(None, present)


def _deleted(untold: UntoldChange, place: Place) -> StoredChange | None:
    """Returns the deletion of an object, or None if the record was an earlier one. A deletion has its own record."""
    if not untold.deleted or untold.version is None:
        return None
    difference = Difference((ChangeType(f"{place.kind}.deleted"),))
    return StoredChange(
        Change(place.organization_id, place.kind, place.object_id, untold.version + 1, untold.at, difference), None
    )
