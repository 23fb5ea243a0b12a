"""The events that are published on the bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.api.models.change_events import CHANGE_EVENTS
from chalicelib.api.models.changes import change_fields
from chalicelib.api.models.connection import connection_view
from chalicelib.api.models.customers import customer_view
from chalicelib.api.models.invoices import invoice_view
from chalicelib.api.models.payouts import payout_view
from chalicelib.domain.changes import Change, ChangeType
from chalicelib.domain.customer import Customer
from chalicelib.ports.changes import BusEvent, StoredChange
from chalicelib.usecases.connecting.connection_report import ConnectionReport
from chalicelib.usecases.publishing.published_objects import PublishedInvoice, PublishedObject, PublishedPayout

MAX_DETAIL = 250_000
"""The largest `detail` of an event, in bytes. A larger event is published without its object."""


def bus_events(
    stored_change: StoredChange, snapshot: PublishedObject | None, dashboard_base: str
) -> Sequence[BusEvent]:
    """Returns the events of a change, one for each of its types. Without `snapshot` they leave the object out.

    `dashboard_base` is the URL of the Stripe dashboard.
    """
    change = stored_change.change
    view = None if change.deleted or snapshot is None else _view(snapshot, change.at, dashboard_base)
    return [_event(change, each, view) for each in change.difference.types]


def _event(change: Change, change_type: ChangeType, view: Any) -> BusEvent:
    detail = _detail(change, change_type, view, omitted=view is None and not change.deleted)
    if len(detail) > MAX_DETAIL:
        detail = _detail(change, change_type, None, omitted=True)
    return BusEvent(change.id_of(change_type), change_type, change.at, detail)


def _detail(change: Change, change_type: ChangeType, view: Any, *, omitted: bool) -> bytes:
    model: Any = CHANGE_EVENTS[change.object_kind]
    return msgspec.json.encode(
        model(
            **change_fields(change, change_type),
            organization_id=change.organization_id,
            object_omitted=omitted,
            object=view,
        )
    )


def _view(snapshot: PublishedObject, at: int, dashboard_base: str) -> msgspec.Struct:
    match snapshot:
        case PublishedInvoice(invoice, name):
            return invoice_view(invoice, customer_name=name, now=at, dashboard_base=dashboard_base)
        case Customer() as customer:
            return customer_view(customer)
        case ConnectionReport() as report:
            return connection_view(report)
        case PublishedPayout(payout, known):
            return payout_view(payout, known)
