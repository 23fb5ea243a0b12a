"""The events of a change contain the object as the API returns it, unless it is too large for the bus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from chalicelib.adapters.event_bus import MAX_REQUEST_BYTES, size_of
from chalicelib.api.models.bus_events import bus_events
from chalicelib.api.models.invoices import invoice_view
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.changes import BusEvent, StoredChange
from chalicelib.usecases.publishing.published_objects import PublishedInvoice
from tests.contracts.examples import NOW, in_status, invoice

DASHBOARD = "https://dashboard.stripe.test"
PAID = Difference((ChangeType.INVOICE_PARTLY_PAID, ChangeType.INVOICE_PAID), "pending", "paid")


def events_of(invoice: Invoice, difference: Difference = PAID) -> list[BusEvent]:
    change = Change(invoice.organization_id, ObjectKind.INVOICE, invoice.id, 7, NOW, difference)
    return list(bus_events(StoredChange(change, invoice), PublishedInvoice(invoice, "Ann Lee"), DASHBOARD))


def detail(event: BusEvent) -> dict[str, Any]:
    return dict(msgspec.json.decode(event.detail))


def paid_invoice() -> Invoice:
    return in_status(invoice(), InvoiceStatus.PAID)


def with_lines(count: int) -> Invoice:
    """Returns an invoice with this many lines. Its JSON grows with the lines."""
    large_invoice = paid_invoice()
    [line] = large_invoice.order.line_items
    return replace(large_invoice, order=replace(large_invoice.order, line_items=(line,) * count))


def test_each_type_of_a_change_is_an_event_with_an_id_of_its_own() -> None:
    partly, fully = events_of(paid_invoice())
    assert (partly.detail_type, fully.detail_type) == ("invoice.partly_paid", "invoice.paid")
    assert (detail(partly)["id"], detail(fully)["id"]) == (partly.id, fully.id)
    assert partly.id != fully.id
    assert [each.id for each in events_of(paid_invoice())] == [partly.id, fully.id]


def test_an_event_has_the_invoice_as_the_api_returns_it() -> None:
    detail_json = detail(events_of(paid_invoice())[0])
    view = invoice_view(paid_invoice(), customer_name="Ann Lee", now=NOW, dashboard_base=DASHBOARD)
    assert detail_json["object"] == msgspec.json.decode(msgspec.json.encode(view))
    assert (detail_json["version"], detail_json["previousStatus"], detail_json["status"]) == (7, "pending", "paid")
    assert (detail_json["deleted"], detail_json["objectOmitted"]) == (False, False)


def test_an_event_of_a_deleted_object_has_no_object() -> None:
    detail_json = detail(events_of(paid_invoice(), Difference((ChangeType.INVOICE_DELETED,), "paid"))[0])
    assert (detail_json["object"], detail_json["deleted"], detail_json["objectOmitted"], detail_json["status"]) == (
        None,
        True,
        False,
        None,
    )


def test_an_object_that_is_too_large_for_the_bus_is_left_out_and_the_event_says_so() -> None:
    large = with_lines(3000)
    assert (
        len(msgspec.json.encode(invoice_view(large, customer_name=None, now=NOW, dashboard_base="")))
        > MAX_REQUEST_BYTES
    )
    for event in events_of(large):
        detail_json = detail(event)
        assert (detail_json["object"], detail_json["objectOmitted"], detail_json["deleted"]) == (None, True, False)
        assert (detail_json["objectId"], detail_json["version"], detail_json["status"]) == (large.id, 7, "paid")
        assert size_of(event) < 2000


def test_an_event_fits_into_one_request_whatever_the_objects_size() -> None:
    for count in range(1, 3000, 100):
        assert all(size_of(event) < MAX_REQUEST_BYTES for event in events_of(with_lines(count)))
