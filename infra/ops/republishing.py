"""Publishes a change from the queue `unpublished-changes`.

The queue does not hold the object. If the object has changed again since, the event leaves the object out and says
so. If the record could not be read, the queue does not hold the difference. Then the present version of the object is
published, as if nothing had been published of the object before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.adapters.tables.connections import KIND
from chalicelib.adapters.tables.database import NAMES
from chalicelib.adapters.tables.keys import parts_of_key
from chalicelib.adapters.tables.models import ConnectionItem, CustomerItem, InvoiceItem, PayoutItem
from chalicelib.adapters.tables.payouts import HEADER
from chalicelib.api.models.bus_events import bus_events
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.other_changes import connection_difference, customer_difference, payout_difference
from chalicelib.ports import Ports
from chalicelib.ports.changes import StoredChange, UnpublishedChange, Versioned
from chalicelib.usecases.publishing.publish_changes import Record, publish_records

KINDS: Mapping[str, ObjectKind] = {
    NAMES[InvoiceItem]: ObjectKind.INVOICE,
    NAMES[CustomerItem]: ObjectKind.CUSTOMER,
    NAMES[ConnectionItem]: ObjectKind.CONNECTION,
    NAMES[PayoutItem]: ObjectKind.PAYOUT,
}
"""The kinds of object whose changes are published, by the name of their table without prefix."""


class Place(NamedTuple):
    kind: ObjectKind
    organization_id: OrganizationId
    object_id: str


def still_to_publish(unpublished: UnpublishedChange, prefix: str, ports: Ports) -> StoredChange | None:
    """Returns the change to publish now, or None if there is nothing left to publish.

    `prefix` is what the names of the stage's tables begin with.

    Raises:
        Exception: any, if the present object cannot be read.
    """
    place = place_of(unpublished, prefix)
    if place is None:
        return None
    present = _READ[place.kind](place, ports)
    change = unpublished.change
    if change is not None:
        return StoredChange(change, present if present is not None and present.version == change.version else None)
    if present is None:
        return _deleted(unpublished, place)
    difference = _difference(present, unpublished.at)
    if not difference.types:
        return None
    change = Change(place.organization_id, place.kind, place.object_id, present.version, unpublished.at, difference)
    return StoredChange(change, present)


PLACE = "queue"
"""Stands for the place in a stream: the change comes from the queue."""


def publish_again(change: StoredChange, ports: Ports, dashboard_base: str) -> str | None:
    """Publishes a change as `publish_changes` does. Returns None, or the reason why it could not be published.

    `ports.unpublished` must not queue it a second time. `dashboard_base` is the URL of Stripe's dashboard.
    """

    def read(_: Mapping[str, Any]) -> StoredChange:
        return change

    outcome = publish_records(
        [Record(PLACE, change.change.at, {})],
        read,
        lambda stored, shown: bus_events(stored, shown, dashboard_base),
        ports,
    )
    if outcome.failure is not None:
        return f"The bus or a table did not take it: {outcome.failure.code}. Try again when the cause is gone."
    return outcome.unpublished.get(PLACE)


def place_of(unpublished: UnpublishedChange, prefix: str) -> Place | None:
    """Returns the object of an item, or None if its changes are not published, such as those of a payout's line."""
    change = unpublished.change
    if change is not None:
        return Place(change.object_kind, change.organization_id, change.object_id)
    match KINDS[unpublished.table.removeprefix(prefix)], unpublished.keys:
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
    """Returns the difference of an object of which nothing was published before."""
    match present:
        case Invoice():
            return invoice_difference(None, present)
        case Customer():
            return customer_difference(None, present)
        case Connection():
            return connection_difference(None, present, at)
        case _:
            return payout_difference(None, present)


def _deleted(unpublished: UnpublishedChange, place: Place) -> StoredChange | None:
    """Returns the deletion of an object, or None if the record was an earlier one. A deletion has its own record."""
    if not unpublished.deleted or unpublished.version is None:
        return None
    difference = Difference((ChangeType(f"{place.kind}.deleted"),))
    return StoredChange(
        Change(
            place.organization_id, place.kind, place.object_id, unpublished.version + 1, unpublished.at, difference
        ),
        None,
    )
