"""`python -m tests.bench.fill ACCOUNT ORGANIZATION COUNT`: writes COUNT events to the tables of a running stack."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from chalicelib.adapters import tables
from chalicelib.adapters.tables.markers import expiry, marker_values
from chalicelib.adapters.tables.models import EventItem
from chalicelib.domain.events import EventMarker
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.usecases.events.event_outcome import EventOutcome

CHUNK = 500
INVOICES = 100
"""The number of invoices that the events are about."""


def main(account_id: str, organization_id: str, count: int) -> None:
    tables.configure(os.environ["POM_TABLE_PREFIX"])
    now = int(time.time())

    def write(start: int) -> None:
        with EventItem.batch_write() as batch:
            for number in range(start, min(start + CHUNK, count)):
                batch.save(_item(StripeAccountId(account_id), OrganizationId(organization_id), number, now))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(0, count, CHUNK)))


def _item(account_id: StripeAccountId, organization_id: OrganizationId, number: int, now: int) -> EventItem:
    values = marker_values(
        EventMarker(
            account_id,
            f"evt_old_{number:08}",
            "invoice.updated",
            now - number,
            now - number,
            Source.WEBHOOK,
            EventOutcome.APPLIED,
            organization_id=organization_id,
            invoice_id=InvoiceId(f"inv_{number % INVOICES}"),
        )
    )
    return EventItem(**{**values, "expires_at": expiry(values["expires_at"])})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
