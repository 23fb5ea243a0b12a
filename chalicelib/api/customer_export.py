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
"""After so many an answer ends behind the portion that it has come to. API Gateway waits 29 seconds for an answer."""

BYTES = 1_000_000
"""An answer with so many has no further portion. Lambda answers 6 MB at most
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and one invoice may have some of them."""

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
    """Export everything that POM holds of a customer, for somebody who asks what is held of them.

    Take the parts one after another: ask with `after` set to `endCursor` while `hasNextPage` is true, and put the
    lists together. A part ends after some seconds or at about a megabyte, so a large export takes several. Records
    that change meanwhile are shown as they were when their part was read.

    It has every record of the customer, their invoices, payments, refunds, disputes, lines of deposits, events,
    parts of batches and changes, and nothing of any other customer. An erased customer's export shows what stays. Who
    began an export is kept among the acts on the customer.

    Not in it, because POM cannot read it by customer: copies of changes on their way to POM's own systems, which are
    gone after a day; log lines, which have ids and no names; backups, which are gone after 35 days. What Stripe holds
    is in Stripe.
    """
    customer_id, ports = CustomerId(call.path["customerId"]), bootstrap.ports()
    caller = call.caller
    portions = export_customer(caller.organization_id, customer_id, call.input.after, ports, actor=caller.user_id)
    records, cursor = _as_many_as_fit(portions, ports.clock)
    return Reply(
        CustomerExport(
            customer_id=customer_id,
            exported_at=instant(ports.clock.now()),
            data=records,
            page_info=PageInfo(cursor, has_next_page=cursor is not None),
        )
    )


def _as_many_as_fit(portions: Iterator[RecordPage], clock: Clock) -> tuple[list[ExportedRecord], str | None]:
    """Returns the records of as many portions as an answer has time and room for, and the cursor behind them."""
    until, size = clock.milliseconds() + SECONDS * 1000, 0
    records: list[ExportedRecord] = []
    cursor = None
    for portion in portions:
        exported = [exported_record(each) for each in portion.records]
        records += exported
        size += sum(len(_encode(each)) for each in exported)
        cursor = portion.cursor
        if size >= BYTES or clock.milliseconds() >= until:
            break
    return records, cursor
