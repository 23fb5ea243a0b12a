"""The export of a customer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from chalicelib import bootstrap
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.common import PageInfo, instant
from chalicelib.api.models.customer_export import CustomerExport, ExportedRecord, ExportQuery, exported_record
from chalicelib.domain.export_records import RecordPage
from chalicelib.domain.identifiers import CustomerId
from chalicelib.ports import Clock
from chalicelib.usecases.exporting.export_customer import export_customer

router = Router(__name__, "Customers")

SECONDS = 10
"""Seconds after which a response ends with its current portion. API Gateway waits 29 seconds for a response."""

BYTES = 1_000_000
"""Bytes of records after which a response has no further portion.

Lambda returns 6 MB at most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and one invoice
may be several megabytes.
"""

_encode = msgspec.json.Encoder().encode


@router.route(
    "GET",
    "/customers/{customerId}/export",
    Role.ADMIN,
    takes=ExportQuery,
    responses={200: CustomerExport},
    refuses=("customer_not_found",),
)
def export(call: Call[ExportQuery]) -> Reply:
    """Export everything that POM stores about a customer, to answer the customer's request for it.

    Request the parts one after the other, with `after` set to `endCursor` while `hasNextPage` is true, and join the
    lists. A part ends after some seconds or at about a megabyte, so a large export has several parts. A record that
    changes during the export is returned as it was when its part was read.

    The export has every record of the customer: invoices, payments, refunds, disputes, lines of deposits, events,
    items of batches, and changes. It has nothing of any other customer. The export of an erased customer has the
    records that stay. POM records who began an export in the customer's history.

    Some copies are not in the export, because POM cannot read them by customer: changes on their way to POM's own
    systems, which are gone after a day; log lines, which have ids and no names; and backups, which are gone after 35
    days. Data in Stripe is not in the export either.
    """
    customer_id, ports = CustomerId(call.path["customerId"]), bootstrap.ports()
    caller = call.caller
    portions = export_customer(caller.organization_id, customer_id, call.input.after, ports, actor=caller.user_id)
    records, cursor = _records_that_fit(portions, ports.clock)
    return Reply(
        CustomerExport(
            customer_id=customer_id,
            exported_at=instant(ports.clock.now()),
            data=records,
            page_info=PageInfo(cursor, has_next_page=cursor is not None),
        )
    )


def _records_that_fit(portions: Iterator[RecordPage], clock: Clock) -> tuple[list[ExportedRecord], str | None]:
    """Returns the records of as many portions as fit into a response, and the cursor behind the last portion."""
    deadline, size = clock.milliseconds() + SECONDS * 1000, 0
    records: list[ExportedRecord] = []
    cursor = None
    for portion in portions:
        exported = [exported_record(each) for each in portion.records]
        records += exported
        size += sum(len(_encode(each)) for each in exported)
        cursor = portion.cursor
        if size >= BYTES or clock.milliseconds() >= deadline:
            break
    return records, cursor
